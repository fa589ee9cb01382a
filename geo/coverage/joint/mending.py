"""Groups made better where they stand, a few units at a time: more members in them, then fewer groups, then tighter."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from geo.arrays import Ints, distinct
from geo.coverage.joint.candidates import Candidates, JointRules, Members, as_ints, spreads, totals
from geo.coverage.joint.components import SLACK
from geo.coverage.joint.exact import FEW, best

_NEAR = 12  # units within reach that are looked at around each
_BESIDE = 4  # units before and behind each in the order of its building, and of its district
_TRIES = 12  # groups around a unit left out that are tried together with it
_PARTNERS = 4  # groups beside one that are tried together with it


class Draft:
    """Groups that change: who is in which, and who could meet whom.

    Attributes
    ----------
    owner
        Number (n,) of the group each unit is in; -1 for none.
    groups
        Units of each group by its number, ascending.
    near
        Some whom each unit could meet, by spread, and where each unit's begin.
    """

    def __init__(self, given: Candidates, groups: Members, rules: JointRules) -> None:
        self.given, self.rules = given, rules
        self.owner = np.full(len(given), -1, dtype=np.int64)
        self.groups: dict[int, Ints] = {}
        self._next = 0
        self._asked: set[tuple[int, ...]] = set()
        for group in groups:
            self._add(group[group >= 0])
        self.near = _neighbours(given, rules)

    def _add(self, units: Ints) -> None:
        self.groups[self._next] = units
        self.owner[units] = self._next
        self._next += 1

    def members(self) -> Members:
        """The groups as they are now."""
        padded = np.full((len(self.groups), self.rules.most_units), -1, dtype=np.int64)
        for row, group in enumerate(self.groups.values()):
            padded[row, : len(group)] = group
        return padded

    def left_out(self) -> list[int]:
        """Units in no group."""
        return np.flatnonzero(self.owner < 0).tolist()

    def around(self, unit: int) -> list[int]:
        """Numbers of the groups around a unit, nearest first; its own is not among them."""
        who, first = self.near
        owners = dict.fromkeys(self.owner[who[first[unit] : first[unit + 1]]].tolist())
        return [one for one in owners if one not in (-1, self.owner[unit])]

    def beside(self, number: int) -> list[int]:
        """Numbers of the groups around the units of a group."""
        return list(dict.fromkeys(one for unit in self.groups[number].tolist() for one in self.around(unit)))

    def is_new(self, numbers: tuple[int, ...]) -> bool:
        """Whether these groups are asked about together for the first time; a group that changes gets a new number."""
        was = numbers in self._asked
        self._asked.add(numbers)
        return not was

    def agree(self, numbers: tuple[int, ...], count: int) -> bool:
        """Whether no more than ``count`` of these groups' units exclude one another, as so many groups may hold."""
        few = np.concatenate([self.groups[number] for number in numbers])
        xy, building, park = self.given.xy_m[few], self.given.building[few], self.given.park[few]
        apart = ~(np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1)) <= self.rules.reach_m)
        apart &= (building[:, None] != building[None, :]) | (building[:, None] == 0)
        apart &= (park[:, None] != park[None, :]) | (park[:, None] == 0)
        np.fill_diagonal(apart, val=False)
        return not (apart if count == 1 else apart & (apart @ apart)).any()

    def choose_again(self, numbers: tuple[int, ...], *units: int) -> bool:
        """Whether these groups' units, and these that are in none, make better groups; they are made then."""
        old = [self.groups[number] for number in numbers]
        window = np.sort(np.concatenate([np.array(units, dtype=np.int64), *old]))
        if len(window) > FEW:
            return False
        few = self.given.taken(window)
        new = best(few, self.rules)
        rows = np.full((len(old), self.rules.most_units), -1, dtype=np.int64)
        for row, group in zip(rows, old, strict=True):
            row[: len(group)] = np.searchsorted(window, group)
        if _worth(few, new, self.rules) <= _worth(few, rows, self.rules):
            return False
        for number in numbers:
            del self.groups[number]
        self.owner[window] = -1
        for group in new:
            self._add(window[group[group >= 0]])
        return True


def _worth(given: Candidates, groups: Members, rules: JointRules) -> tuple[int, int, int]:
    """What groups are measured by, more is better: members in them, then few groups, then little spread."""
    if not len(groups):
        return 0, 0, 0
    return int(totals(given, groups).sum()), -len(groups), -int(spreads(given, groups, rules).sum())


def _neighbours(given: Candidates, rules: JointRules) -> tuple[Ints, Ints]:
    """Some that each unit could meet, by spread, and where each unit's begin."""
    east = given.xy_m[:, 0]
    pairs = [_beside(given.building, given.industry), _beside(given.park, east), _within(given, rules)]
    both, _ = distinct(np.vstack(pairs))
    both = both[both[:, 0] != both[:, 1]]
    order = np.lexsort((spreads(given, both, rules), both[:, 0]))
    return both[order, 1], as_ints(np.searchsorted(both[order, 0], np.arange(len(given) + 1)))


def _beside(value: Ints, rank: np.ndarray) -> Ints:
    """Pairs (m, 2), both ways, of units that have one value and follow each other closely by rank."""
    order = np.lexsort((rank, value))
    order = order[value[order] > 0]
    found = [np.empty((0, 2), dtype=np.int64)]
    for step in range(1, _BESIDE + 1):
        same = value[order[step:]] == value[order[:-step]]
        one, other = order[:-step][same], order[step:][same]
        found += [np.column_stack([one, other]), np.column_stack([other, one])]
    return np.vstack(found)


def _within(given: Candidates, rules: JointRules) -> Ints:
    from scipy.spatial import cKDTree

    placed = np.flatnonzero(np.isfinite(given.xy_m).all(axis=1))
    if not len(placed):
        return np.empty((0, 2), dtype=np.int64)
    tree = cKDTree(given.xy_m[placed])
    _, near = tree.query(given.xy_m[placed], k=_NEAR, distance_upper_bound=rules.reach_m * (1 + SLACK))
    one, other = np.repeat(placed, _NEAR), near.reshape(-1)
    found = other < len(placed)
    return np.column_stack([one[found], placed[other[found]]])


def mended(given: Candidates, groups: Members, rules: JointRules) -> tuple[Members, tuple[Ints, Ints]]:
    """The groups made better where a few of them, chosen anew, are; and whom each unit could meet, as in the draft."""
    draft = Draft(given, groups, rules)
    for unit in draft.left_out():
        if draft.owner[unit] < 0:
            _bring_in(draft, unit)
    _each(draft, _merge)
    return draft.members(), draft.near


def _each(draft: Draft, work: Callable[[Draft, int], bool]) -> None:
    """Work at each group, and at those that come of it, until none is left."""
    waiting = list(draft.groups)
    while waiting:
        number, newest = waiting.pop(), draft._next
        if number in draft.groups and work(draft, number):
            waiting += range(newest, draft._next)


def _bring_in(draft: Draft, unit: int) -> bool:
    """Try for a unit that is left out: with each group around it, then with two."""
    around = draft.around(unit)[:_TRIES]
    for number in around:
        if draft.choose_again((number,), unit):
            return True
    pairs = ((one, other) for one in around[: _TRIES // 2] for other in draft.beside(one)[: _TRIES // 2])
    return any(draft.choose_again(pair, unit) for pair in pairs)


def _merge(draft: Draft, number: int) -> bool:
    """Make one group of two that are not full, or two of three."""
    most = draft.rules.most_units
    size = len(draft.groups[number])
    if size == most:
        return False
    others = [one for one in draft.beside(number) if len(draft.groups[one]) < most][:_PARTNERS]
    for count in (1, 2):
        for some in combinations(others, count):
            numbers = tuple(sorted((number, *some)))
            fits = size + sum(len(draft.groups[one]) for one in some) <= count * most
            if fits and draft.is_new(numbers) and draft.agree(numbers, count) and draft.choose_again(numbers):
                return True
    return False
