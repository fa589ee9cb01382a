"""Groups made tighter: two units of two groups change places, or one goes over, as long as it shortens the spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Bools, Ints, distinct
from geo.coverage.joint.candidates import (
    Candidates,
    JointRules,
    Members,
    as_ints,
    bases,
    measured,
    sizes,
    spreads,
    totals,
)

_ROUNDS = 30
_NEAR = 8  # units around the one that stretches its group most, whose groups it may change to
_EMPTY = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class _Swaps:
    """Changes of two groups each (s,): their numbers, what becomes of them, and the millimetres won."""

    one: Ints
    other: Ints
    first: Members
    second: Members
    won: Ints

    def taken(self, these: Ints | Bools) -> _Swaps:
        return _Swaps(self.one[these], self.other[these], self.first[these], self.second[these], self.won[these])


def tightened(given: Candidates, groups: Members, near: tuple[Ints, Ints], rules: JointRules) -> Members:
    """The groups with as many members in as many groups, and no more spread than before.

    Parameters
    ----------
    near
        Who each unit could meet, by spread, and where each unit's begin.
    """
    groups, active, spread = groups.copy(), np.arange(len(groups)), spreads(given, groups, rules)
    for _ in range(_ROUNDS):
        swaps = _shorter(given, spread, _swaps(given, groups, (active, spread), near, rules), rules)
        if not len(swaps.one):
            return groups
        made = swaps.taken(_apart(swaps, len(groups)))
        for number, changed in ((made.one, made.first), (made.other, made.second)):
            groups[number], spread[number] = changed, spreads(given, changed, rules)
        active = np.unique(np.concatenate([made.other, swaps.one]))
    return groups


def _swaps(
    given: Candidates, groups: Members, of: tuple[Ints, Ints], near: tuple[Ints, Ints], rules: JointRules
) -> _Swaps:
    """All changes of the unit that stretches each active group most with those of the groups around it.

    ``of`` are the numbers of active groups, and the spread of all.
    """
    active, spread = of
    owner = np.full(len(given), -1, dtype=np.int64)
    owner[groups[groups >= 0]] = np.repeat(np.arange(len(groups)), sizes(groups))
    active = active[spread[active] > 0]  # the others are as tight as can be
    worst = _stretching(given, groups[active], rules)
    unit = groups[active, worst]
    one, other = _pairs(owner, unit, active, near)
    width = groups.shape[1]
    row, place = np.repeat(np.arange(len(one)), width), np.tile(np.arange(width), len(one))
    unit_of = unit[np.searchsorted(active, one[row])]
    first, second = groups[one[row]], groups[other[row]]
    coming = second[np.arange(len(row)), place]
    first[first == unit_of[:, None]] = coming
    second[np.arange(len(row)), place] = unit_of
    kept = (coming >= 0) | (place == sizes(groups)[other[row]])  # the first empty place takes one that goes over
    none = np.zeros(len(row), dtype=np.int64)
    return _Swaps(one[row], other[row], _ascending(first), _ascending(second), none).taken(kept)


def _stretching(given: Candidates, groups: Members, rules: JointRules) -> Ints:
    """Place in each group of the unit without which it is tightest."""
    row, place = np.nonzero(groups >= 0)
    rest = groups[row]
    rest[np.arange(len(row)), place] = -1
    without = np.full(groups.shape, _EMPTY)
    without[row, place] = spreads(given, _ascending(rest), rules)
    return as_ints(without.argmin(axis=1))


def _pairs(owner: Ints, unit: Ints, active: Ints, near: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Each active group with the groups around its unit."""
    who, first = near
    at = first[unit][:, None] + np.arange(_NEAR)[None, :]
    there = at < first[unit + 1][:, None]
    one = np.broadcast_to(active[:, None], at.shape)[there]
    other = owner[who[at[there]]]
    pairs = distinct(np.column_stack([one, other])[(other >= 0) & (other != one)])[0]
    return as_ints(pairs[:, 0]), as_ints(pairs[:, 1])


def _ascending(groups: Members) -> Members:
    ordered = np.sort(np.where(groups < 0, _EMPTY, groups), axis=1)
    return np.where(ordered == _EMPTY, -1, ordered)


def _shorter(given: Candidates, spread: Ints, swaps: _Swaps, rules: JointRules) -> _Swaps:
    """Those that may be and shorten the spread, the most first; ``spread`` is that of all groups."""
    enough = totals(given, swaps.first) >= rules.least_members
    swaps = swaps.taken(enough & (totals(given, swaps.second) >= rules.least_members))
    both, half = np.vstack([swaps.first, swaps.second]), len(swaps.one)
    stands = bases(given, both, rules)
    fit, after = stands[0] >= 0, measured(given, both, stands, rules)
    won = spread[swaps.one] + spread[swaps.other] - after[:half] - after[half:]
    swaps = _Swaps(swaps.one, swaps.other, swaps.first, swaps.second, won)
    swaps = swaps.taken(fit[:half] & fit[half:] & (won > 0))
    return swaps.taken(np.argsort(-swaps.won, kind="stable"))


def _apart(swaps: _Swaps, n: int) -> Ints:
    """Positions of those, the most worth first, that no group is twice in."""
    free, found = [True] * n, []
    for at, (one, other) in enumerate(zip(swaps.one.tolist(), swaps.other.tolist(), strict=True)):
        if free[one] and free[other]:
            free[one] = free[other] = False
            found.append(at)
    return np.array(found, dtype=np.int64)
