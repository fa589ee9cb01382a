"""The oracle of joint branches: every group by plain combinations, the best set of them by an integer program."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array

from geo.coverage.joint import JointRules
from geo.coverage.units import Units


def basis(units: Units, group: tuple[int, ...], rules: JointRules) -> str:
    """On what a group stands, by the words of the rule; blank for nothing."""
    if len({int(units.building[one]) for one in group} - {0}) == 1 and all(units.building[one] > 0 for one in group):
        return "building"
    if len({int(units.park[one]) for one in group} - {0}) == 1 and all(units.park[one] > 0 for one in group):
        return "park"
    pairs = itertools.combinations(group, 2)
    near = all(math.dist(units.xy_m[one], units.xy_m[other]) <= rules.reach_m for one, other in pairs)
    return "reach" if near else ""


def spread_m(units: Units, group: tuple[int, ...], rules: JointRules) -> float:
    """Metres a group is spread over, further industries included."""
    apart = [math.dist(units.xy_m[one], units.xy_m[other]) for one, other in itertools.combinations(group, 2)]
    diameter = rules.reach_m if any(math.isnan(one) for one in apart) else max(apart)
    further = len({str(units.industry[one]) for one in group}) - 1
    indoors = basis(units, group, rules) == "building"
    return rules.unlike_m * further / 100 if indoors else diameter + rules.unlike_m * further


def may_join(units: Units, group: tuple[int, ...], rules: JointRules) -> bool:
    """Whether these units may be one branch."""
    return sum(units.members[one] for one in group) >= rules.least_members and bool(basis(units, group, rules))


def groups_of(units: Units, rules: JointRules, most: float = math.inf) -> list[tuple[int, ...]]:
    """Every group that may be, grown unit by unit; more than ``most`` end in an OverflowError."""
    found: set[tuple[int, ...]] = set()

    def grow(group: tuple[int, ...], others: list[int], meet: Callable[[int, int], bool]) -> None:
        if len(group) > 1 and sum(units.members[one] for one in group) >= rules.least_members:
            found.add(group)
            if len(found) > most:
                raise OverflowError(f"more than {most} groups")
        if len(group) < rules.most_units:
            for at, one in enumerate(others):
                grow((*group, one), [other for other in others[at + 1 :] if meet(one, other)], meet)

    for shared in (units.building, units.park):
        grow((), np.flatnonzero(shared > 0).tolist(), lambda one, other, of=shared: of[one] == of[other])
    near = np.hypot(*(units.xy_m[:, None] - units.xy_m[None, :]).transpose(2, 0, 1)) <= rules.reach_m
    grow((), list(range(len(units.id))), lambda one, other: bool(near[one, other]))
    return sorted(found)


def optimum(units: Units, groups: list[tuple[int, ...]], rules: JointRules, aims: int = 3) -> tuple[float, ...]:
    """Most members in groups, fewest groups for that, least metres of spread for both: the first ``aims`` of them."""
    if not groups:
        return (0.0,) * aims
    length = [len(group) for group in groups]
    ones = (np.ones(sum(length)), (np.concatenate(groups), np.repeat(np.arange(len(groups)), length)))
    limits = [LinearConstraint(csc_array(ones, shape=(len(units.id), len(groups))), ub=1)]
    worths = [
        np.array([-units.members[list(group)].sum() for group in groups]),
        np.ones(len(groups)),
        np.array([spread_m(units, group, rules) for group in groups]),
    ]
    found = []
    for worth in worths[:aims]:
        done = milp(
            worth,
            integrality=np.ones(len(groups)),
            bounds=Bounds(0, 1),
            constraints=limits,
            options={"mip_rel_gap": 0},
        )
        assert done.status == 0, done.message
        found.append(float(worth @ np.rint(done.x)))
        limits.append(LinearConstraint(worth[None, :], ub=found[-1] + 0.5))
    return (-found[0], *found[1:])
