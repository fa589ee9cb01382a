"""Groups settled anew after a change: only in the parts it touches, and only as long as it changes what they come to.

What is found is what settling everything would find. Rows are asked for by place, a few tiles at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.coverage.joint.candidates import JointRules
from geo.coverage.joint.components import SLACK
from geo.coverage.joint.parts import (
    BLOCKS,
    MOST,
    STEPS,
    WHOLE,
    asked,
    homes,
    numbered,
    parts,
    places,
    tile_numbers,
    tiles_around,
    tiles_of,
)
from geo.coverage.joint.settling import Settled, settled

_TOLD = ("members", "building", "park", "industry")


@dataclass(frozen=True)
class Wanted:
    """Whose rows are asked for: those of any of these units, components, buildings, business districts or tiles.

    Of tiles that are ``larger``, those that hang together with many.
    """

    ids: frozenset[int] = frozenset()
    wholes: frozenset[int] = frozenset()
    buildings: frozenset[int] = frozenset()
    parks: frozenset[int] = frozenset()
    tiles: frozenset[int] = frozenset()
    larger: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(**{name: some | vars(other)[name] for name, some in vars(self).items()})

    def __sub__(self, other: Wanted) -> Wanted:
        return Wanted(**{name: some - vars(other)[name] for name, some in vars(self).items()})


class Ground(Protocol):
    """Where the rows of units that may join are kept, settled as they were before the change."""

    def rows(self, wanted: Wanted) -> Settled:
        """All units that are wanted, in ascending order of id."""

    def counts(self, tiles: frozenset[int]) -> dict[int, int]:
        """Tiles of the first lattice, and how many are looked for there that hang together with many; none for 0."""


@dataclass(frozen=True, eq=False)
class Renewed:
    """What a change came to, told of the rows that were looked at.

    Attributes
    ----------
    before, after
        The rows before and after it, in ascending order of id.
    regrouped
        Ids of units that changed, or are in another group after the last step; ascending.
    written
        Ids of units of which anything is another in either, ascending.
    solved
        Units that were settled anew, each as often as it was.
    """

    before: Settled
    after: Settled
    regrouped: Ints
    written: Ints
    solved: int


def renewed(ground: Ground, ids: Ints, now: Settled, rules: JointRules) -> Renewed | None:
    """What is another, of the units that may have changed and of those around them; None where they did not.

    Parameters
    ----------
    ids
        Units that may have changed, came or went, ascending.
    now
        Those of them that may join a branch now, not settled yet.
    """
    before = ground.rows(Wanted(ids=frozenset(ids.tolist())))
    changed = _differing(before, now)
    if not len(changed):
        return None
    before, now = _of(before, changed), _of(now, changed)
    look = _Look(ground, rules, (before, now), changed)
    look.need(_around(before, rules) | _around(now, rules))
    return look.whole()


class _Look:
    """A look at the rows around units that changed; more are read as they are needed.

    Attributes
    ----------
    before, after
        The rows that are known; those that did not change are in both.
    has
        What is known whole.
    number
        Units of the tiles that were counted.
    solved
        Units that were settled anew.
    """

    def __init__(self, ground: Ground, rules: JointRules, both: tuple[Settled, Settled], changed: Ints) -> None:
        self.ground, self.rules, self.changed = ground, rules, changed
        self.was, self.now = both
        self.before, self.after = both
        self.has = Wanted(ids=frozenset(changed.tolist()))
        self.number: dict[int, int] = {}
        self.solved = 0

    def whole(self) -> Renewed:
        """All steps, one after the other."""
        self.home()
        self.label()
        stirred = moved = self.moved()
        for step in range(STEPS):
            self.step(step, moved, stirred)
            stirred = np.union1d(moved, self.otherwise(step))
        every = [self.otherwise(step) for step in range(STEPS)]
        regrouped, written = np.union1d(self.changed, every[-1]), np.unique(np.concatenate([moved, *every]))
        return Renewed(self.before, self.after, regrouped, written, self.solved)

    def need(self, wanted: Wanted) -> bool:
        """Whether more had to be read for all that is wanted to be known."""
        if not (missing := wanted - replace(self.has, larger=self.has.larger | self.has.tiles)):
            return False
        self.has |= missing
        found = self.ground.rows(missing)
        known = np.union1d(self.before.id, self.changed)
        new = found.taken(~np.isin(found.id, known))
        self.before, self.after = self.before.joined(new), self.after.joined(new)
        return True

    # -- where units are looked for ------------------------------------------------------------------------------------
    def home(self) -> None:
        """Find the homes of those that changed, and of those in their buildings."""
        after, building = self.after, np.concatenate([self.now.building, self.was.building])
        rows = np.flatnonzero(np.isin(after.building, building[building > 0]) | np.isin(after.id, self.changed))
        after.home_m[rows] = homes(after.taken(rows).candidates())

    def label(self) -> None:
        """Find the small components of those that changed or were near one that did."""
        few, many = self.hanging()
        while self.need(self.closing(few, many)):
            few, many = self.hanging()
        whole = self.after.whole
        # of what was small and is not any more, all were known by one label
        whole[np.isin(whole, np.setdiff1d(whole[many], [0]))] = 0
        for rows in few:
            whole[rows] = self.after.id[rows].min()

    def hanging(self) -> tuple[list[Ints], Ints]:
        """Small components and rows of larger ones, as far as is known."""
        return _hanging(self.after, np.flatnonzero(self.touched()), self.rules)

    def closing(self, few: list[Ints], many: Ints) -> Wanted:
        """What must be known for small components to be whole, and larger ones to be told of those they took in."""
        whole = self.after.whole[many]
        wanted = Wanted(wholes=_some(whole[whole > 0]))
        if not few:
            return wanted
        closed = self.after.taken(np.concatenate(few))
        tiles = tiles_around(closed.xy_m, self.rules.reach_m * (1 + SLACK), self.rules)
        return wanted | Wanted(buildings=_some(closed.building), parks=_some(closed.park), tiles=_some(tiles))

    def touched(self) -> Bools:
        """Who (n,) changed, or could stand in one group with one that did, as it was or as it is."""
        found: Bools = np.isin(self.after.id, self.changed)
        for some in (self.now, self.was):
            found |= _compatible(self.after, some, self.rules.reach_m * (1 + SLACK))
        return found

    def moved(self) -> Ints:
        """Ids of those that changed, or are looked for elsewhere."""
        old, new = _shared(self.before, self.after)
        same = self.before.whole[old] == self.after.whole[new]
        same &= _same(self.before.home_m[old], self.after.home_m[new])
        return np.union1d(self.changed, self.after.id[new[~same]])

    # -- step after step -----------------------------------------------------------------------------------------------
    def step(self, step: int, moved: Ints, stirred: Ints) -> None:
        """Settle anew, in one step, the parts that hold one of those stirred, or are others than before."""
        own = [_of(one, stirred) for one in (self.before, self.after)]
        containers = {tuple(one) for some in own for one in self.places(some, step).tolist() if one[0]}
        if step >= BLOCKS:
            containers = self.thin(containers, step, MOST + len(moved))
        self.need(_held(containers, step))
        after = self.after
        if step:
            rows = np.isin(after.id, stirred)
            after.head[rows, step], after.size[rows, step] = after.head[rows, step - 1], after.size[rows, step - 1]
        if containers:
            self.settle(step, stirred, containers)

    def places(self, some: Settled, step: int) -> Ints:
        """What holds the part of each of some units."""
        return places(some.candidates(), some.home_m, some.whole, step, self.rules)

    def thin(self, containers: set[tuple[int, ...]], step: int, most: int) -> set[tuple[int, ...]]:
        """The blocks that may have been a part, or may be one; others hold more units than any change can take."""
        if missing := self.has.tiles - self.number.keys():
            held = Counter(tile_numbers(self.before.home_m, self.rules)[self.before.whole == 0].tolist())
            self.number |= {tile: held[tile] for tile in missing}
        return {one for one in containers if self.count(tiles_of(one, step), most) <= most}

    def count(self, tiles: set[int], most: int) -> int:
        """Units of the tiles before the change; of some of them where these have more than ``most``."""
        known = tiles & self.number.keys()
        number = sum(self.number[tile] for tile in known)
        if number > most or known == tiles:
            return number
        missing = frozenset(tiles - known)
        self.number |= dict.fromkeys(missing, 0) | self.ground.counts(missing)
        return sum(self.number[tile] for tile in tiles)

    def settle(self, step: int, stirred: Ints, containers: set[tuple[int, ...]]) -> None:
        """Settle the parts in these places that hold or held one that is stirred, or one that was in another part."""
        old, _ = before = self.placed(self.before, step, containers)
        rows, _ = now = self.placed(self.after, step, containers)
        number = numbered(np.vstack([before[1], now[1]]))
        part = number[: len(old)], number[len(old) :]
        again = np.isin(part[1], _again((self.before.id[old], self.after.id[rows]), part, stirred))
        rows, after = rows[again], self.after
        nothing = np.zeros(len(rows), dtype=np.int64)
        earlier = (after.head[rows, step - 1], after.size[rows, step - 1]) if step else (nothing, nothing)
        given = after.taken(rows).candidates()
        after.head[rows, step], after.size[rows, step] = settled(given, part[1][again], earlier, (step, self.rules))
        self.solved += len(rows)

    def placed(self, some: Settled, step: int, containers: set[tuple[int, ...]]) -> tuple[Ints, Ints]:
        """Rows of the units in these places, and the part (k, 4) of each."""
        place = self.places(some, step)
        rows = np.flatnonzero([tuple(one) in containers for one in place.tolist()])
        few = some.taken(rows)
        return rows, parts(few.candidates(), few.home_m, place[rows], step, self.rules)

    def otherwise(self, step: int) -> Ints:
        """Ids of units that are there before and after, in another group after a step."""
        old, new = _shared(self.before, self.after)
        same = self.before.head[old, step] == self.after.head[new, step]
        same &= self.before.size[old, step] == self.after.size[new, step]
        ids: Ints = self.after.id[new[~same]]
        return ids


def _around(some: Settled, rules: JointRules) -> Wanted:
    """What is asked for at first around units that changed: who is near, and the parts they may be in."""
    around = Wanted(
        ids=frozenset(some.id.tolist()),
        buildings=_some(some.building),
        parks=_some(some.park),
        tiles=_some(tiles_around(some.xy_m, rules.reach_m * (1 + SLACK), rules)),
    )
    given, large = some.candidates(), np.zeros(len(some), dtype=np.int64)
    for step in range(BLOCKS):
        place = places(given, some.home_m, large, step, rules)
        around |= _held(map(tuple, place.tolist()), step)
    return around


def _held(place: Iterable[tuple[int, ...]], step: int) -> Wanted:
    """What has to be known whole of these places; of components that is known already."""
    buildings, parks, tiles = asked(place, step)
    return Wanted(larger=tiles) if step >= BLOCKS else Wanted(buildings=buildings, parks=parks, tiles=tiles)


def _again(ids: tuple[Ints, Ints], part: tuple[Ints, Ints], stirred: Ints) -> Ints:
    """Numbers of the parts that hold or held one that is stirred, or one that was in another part."""
    own = [number[np.isin(one, stirred)] for one, number in zip(ids, part, strict=True)]
    _, old, new = np.intersect1d(*ids, assume_unique=True, return_indices=True)
    other = part[0][old] != part[1][new]
    return np.unique(np.concatenate([*own, part[0][old[other]], part[1][new[other]]]))


def _differing(before: Settled, now: Settled) -> Ints:
    """Ids of units that came, went, or are told otherwise; ascending."""
    old, new = _shared(before, now)
    same = _same(before.xy_m[old], now.xy_m[new])
    for name in _TOLD:
        same &= getattr(before, name)[old] == getattr(now, name)[new]
    return np.union1d(np.setxor1d(before.id, now.id), now.id[new[~same]])


def _shared(before: Settled, after: Settled) -> tuple[Ints, Ints]:
    """Positions of the units that are in both."""
    _, old, new = np.intersect1d(before.id, after.id, assume_unique=True, return_indices=True)
    return old, new


def _same(old: Floats, new: Floats) -> Bools:
    """Whether (n,) two places (n, 2) are one, or neither is there."""
    same: Bools = ((old == new) | (np.isnan(old) & np.isnan(new))).all(axis=1)
    return same


def _of(some: Settled, ids: Ints) -> Settled:
    """Those of these ids."""
    return some.taken(np.isin(some.id, ids))


def _some(values: Ints) -> frozenset[int]:
    """The numbers that are not 0."""
    return frozenset(values[values != 0].tolist())


def _hanging(some: Settled, seeds: Ints, rules: JointRules) -> tuple[list[Ints], Ints]:
    """Rows of each small component that holds one of the seeds, and rows that hang together in larger ones.

    Of a larger one so many are told as it takes to know that it is larger.
    """
    few: list[Ints] = []
    done, large = np.zeros(len(some), dtype=np.bool_), np.zeros(len(some), dtype=np.bool_)
    for seed in seeds.tolist():
        if done[seed]:
            continue
        grown = np.arange(len(some)) == seed
        rows = np.array([seed])
        while len(rows) and grown.sum() <= WHOLE and not large[grown].any():
            rows = np.flatnonzero(_compatible(some, some.taken(rows), rules.reach_m) & ~grown)
            grown[rows] = True
        if len(rows):
            large |= grown
        else:
            few.append(np.flatnonzero(grown))
        done |= grown
    return few, np.flatnonzero(large)


def _compatible(some: Settled, others: Settled, reach_m: float) -> Bools:
    """Who (n,) could stand in a group with one of others."""
    found: Bools = np.isin(some.building, others.building) & (some.building > 0)
    found |= np.isin(some.park, others.park) & (some.park > 0)
    way = some.xy_m[:, None] - others.xy_m[None, :]
    return found | (np.hypot(way[..., 0], way[..., 1]) <= reach_m).any(axis=1)
