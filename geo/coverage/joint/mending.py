"""Groups made better where they stand, a few units at a time: what is left out is brought in."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from geo.arrays import Ints
from geo.coverage.joint.candidates import Candidates, JointRules, Members, as_ints, spreads, totals
from geo.coverage.joint.components import SLACK
from geo.coverage.joint.exact import FEW, best

_NEAR = 24  # units looked at around one
_TRIES = 12  # groups around a unit whose units are chosen anew together with it


class Draft:
    """Groups that change: who is in which, and who could meet whom.

    Attributes
    ----------
    owner
        Number (n,) of the group each unit is in; -1 for none.
    """

    def __init__(self, given: Candidates, groups: Members, rules: JointRules) -> None:
        self.given, self.rules = given, rules
        self.owner = np.full(len(given), -1, dtype=np.int64)
        self.groups: dict[int, Ints] = {}
        for group in groups:
            self._add(group[group >= 0])
        self._shared = [_Sharing(given.building), _Sharing(given.park)]
        self._placed = np.flatnonzero(np.isfinite(given.xy_m).all(axis=1))
        self._tree = cKDTree(given.xy_m[self._placed]) if len(self._placed) else None

    def _add(self, units: Ints) -> None:
        number = max(self.groups, default=-1) + 1 if not self.groups else next(reversed(self.groups)) + 1
        self.groups[number] = units
        self.owner[units] = number

    def members(self) -> Members:
        """The groups as they are now."""
        padded = np.full((len(self.groups), self.rules.most_units), -1, dtype=np.int64)
        for row, group in enumerate(self.groups.values()):
            padded[row, : len(group)] = np.sort(group)
        return padded

    def left_out(self) -> Ints:
        """Units in no group."""
        return as_ints(np.flatnonzero(self.owner < 0))

    def around(self, unit: int) -> Ints:
        """Units that could meet this one, nearest first: some of its building, of its district, and within reach."""
        found = [shared.of(unit) for shared in self._shared]
        if self._tree is not None and np.isfinite(self.given.xy_m[unit]).all():
            reach = self.rules.reach_m * (1 + SLACK)
            _, near = self._tree.query(self.given.xy_m[unit], k=_NEAR, distance_upper_bound=reach)
            found.append(self._placed[near[near < len(self._placed)]])
        units = np.unique(np.concatenate(found))
        units = units[units != unit]
        pairs = np.column_stack([np.full(len(units), unit), units])
        return as_ints(units[np.argsort(spreads(self.given, pairs, self.rules), kind="stable")])

    def groups_around(self, unit: int) -> list[int]:
        """Numbers of the groups of those around a unit, nearest first; its own is not among them."""
        owners = self.owner[self.around(unit)]
        return [one for one in dict.fromkeys(owners.tolist()) if one not in (-1, int(self.owner[unit]))]

    def choose_again(self, units: Ints, numbers: list[int]) -> bool:
        """Whether these free units and the units of these groups make better groups; they are made then."""
        old = [self.groups[number] for number in numbers]
        window = np.sort(np.concatenate([units, *old]))
        if len(window) > FEW:
            return False
        few = self.given.taken(window)
        new = best(few, self.rules)
        row = np.full((len(old), self.rules.most_units), -1, dtype=np.int64)
        for at, group in enumerate(old):
            row[at, : len(group)] = np.searchsorted(window, np.sort(group))
        if worth(few, new, self.rules) <= worth(few, row, self.rules):
            return False
        for number in numbers:
            del self.groups[number]
        self.owner[window] = -1
        for group in new:
            self._add(window[group[group >= 0]])
        return True


def worth(given: Candidates, groups: Members, rules: JointRules) -> tuple[int, int, int]:
    """What groups are measured by, more is better: members in them, then few groups, then little spread."""
    if not len(groups):
        return 0, 0, 0
    return int(totals(given, groups).sum()), -len(groups), -int(spreads(given, groups, rules).sum())


def mended(given: Candidates, groups: Members, rules: JointRules) -> Members:
    """The groups with more members in them, or fewer of them, where a few units chosen anew bring it."""
    draft = Draft(given, groups, rules)
    for unit in draft.left_out().tolist():
        if draft.owner[unit] < 0:
            _bring_in(draft, unit)
    return draft.members()


def _bring_in(draft: Draft, unit: int) -> None:
    """Try for a unit that is left out: with each group around it, then with two."""
    around = draft.groups_around(unit)
    alone = np.array([unit])
    for number in around[:_TRIES]:
        if draft.choose_again(alone, [number]):
            return
    for first in around[: _TRIES // 2]:
        for second in _next_to(draft, first)[: _TRIES // 2]:
            if draft.choose_again(alone, [first, second]):
                return


def _next_to(draft: Draft, number: int) -> list[int]:
    found = dict.fromkeys(one for unit in draft.groups[number].tolist() for one in draft.groups_around(unit))
    return list(found)


class _Sharing:
    """Units that have one value, some around each in the order of its value and place."""

    def __init__(self, value: Ints) -> None:
        self._value = value
        self._order = np.argsort(value, kind="stable")
        self._rank = np.empty(len(value), dtype=np.int64)
        self._rank[self._order] = np.arange(len(value))

    def of(self, unit: int) -> Ints:
        if self._value[unit] <= 0:
            return np.empty(0, dtype=np.int64)
        at = self._rank[unit]
        some = self._order[max(0, at - _NEAR) : at + _NEAR + 1]
        return as_ints(some[self._value[some] == self._value[unit]])
