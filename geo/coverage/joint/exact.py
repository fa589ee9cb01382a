"""The best choice of groups among a few units, exactly: every feasible group is listed, the best set of them found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from geo.arrays import Bools, Floats, Ints, distinct
from geo.coverage.joint.candidates import (
    Candidates,
    JointRules,
    Members,
    bases,
    measured,
    sizes,
    totals,
)

FEW = 11  # units up to which all subsets are gone through; more are left to the solver
MOST_GROUPS = 256  # feasible groups the solver is asked about: two hundredths of a second
_NEVER = -(1 << 60)
_EXACTLY = {"mip_rel_gap": 0, "node_limit": 10}  # a count, so that a busy machine decides nothing


@dataclass(frozen=True, eq=False)
class _Step:
    """For one unit, all subsets of the units below it that hold the others of a set whose highest unit it is.

    Attributes
    ----------
    unit, group, rest
        The unit; of each pair of such a subset and a set: the set's number, and the subset without the others.
    subset, start
        The subsets, ascending, and where the pairs of each begin.
    """

    unit: int
    group: Ints
    rest: Ints
    subset: Ints
    start: Ints


@cache
def _table(n: int, most: int) -> tuple[Members, Ints, tuple[_Step, ...]]:
    """All sets of 2 to ``most`` of n units, smaller ones first, their bits, and the steps of the search."""
    found = [
        np.array(list(combinations(range(n), size)), dtype=np.int64).reshape(-1, size) for size in range(2, most + 1)
    ]
    sets = np.vstack([np.pad(one, ((0, 0), (0, most - one.shape[1])), constant_values=-1) for one in found])
    bits = np.where(sets >= 0, 1 << sets, 0).sum(axis=1)
    steps = []
    for unit in range(1, n):
        ours = np.flatnonzero(sets.max(axis=1) == unit)
        others, below = bits[ours] ^ (1 << unit), np.arange(1 << unit)
        at, which = np.nonzero((below[:, None] & others[None, :]) == others[None, :])
        start = np.flatnonzero(np.diff(at, prepend=-1))
        steps.append(_Step(unit, ours[which], at ^ others[which], at[start], start))
    return sets, bits, tuple(steps)


def best(given: Candidates, rules: JointRules) -> Members:
    """The best groups of at most :data:`FEW` units, by going through all subsets of them in whole numbers.

    Best is: most members in groups, then fewest groups, then least spread (:func:`~.candidates.spreads`); of equal ones
    always the same.
    """
    sets, bits, steps = _table(len(given), rules.most_units)
    worth = _worths(given, sets, rules)
    value = np.zeros(1 << len(given), dtype=np.int64)
    taken = np.full(1 << len(given), -1, dtype=np.int64)  # set taken for the highest unit of a subset; -1 leaves it out
    for step in steps:
        offered = value[step.rest] + worth[step.group]
        most = np.maximum.reduceat(offered, step.start)
        here = 1 << step.unit
        value[here : 2 * here] = value[:here]
        wins = most > value[step.subset]
        value[here + step.subset[wins]] = most[wins]
        equal = np.flatnonzero(offered == np.repeat(most, np.diff(step.start, append=len(offered))))
        first = equal[np.searchsorted(equal, step.start[wins])]
        taken[here + step.subset[wins]] = step.group[first]
    return sets[_walked(taken, bits, len(given))]


def better(given: Candidates, groups: Members, rules: JointRules) -> Members | None:
    """Groups of these units that hold the most members; None where the given ones hold as many as could be.

    None too where more than :data:`MOST_GROUPS` groups may be, or the solver would search too long. They are neither
    few nor tight.
    """
    if (groups >= 0).sum() == len(given) or len(given) > MOST_GROUPS:
        return None
    every = feasible(given, rules, MOST_GROUPS)
    if every is None:
        return None
    could, ours = given.members[np.unique(every[every >= 0])].sum(), totals(given, groups).sum()
    if ours == could:
        return None
    plain = every[~_splits(given, every, rules)]
    most = _solved(given, plain, -totals(given, plain).astype(np.float64))
    return None if most is None or totals(given, most).sum() <= ours else most


def _splits(given: Candidates, groups: Members, rules: JointRules) -> Bools:
    """Whether (m,) each group is two: some of its units have members enough, and the others too."""
    total, least = totals(given, groups), rules.least_members
    sums = np.ones(len(groups), dtype=np.int64)  # bit s: some of the units have s members
    for units in groups.T:
        sums |= sums << np.where((units >= 0) & (total < 62), given.members[units], 0)
    halves = (1 << np.clip(total - 2 * least + 1, 0, 62)) - 1
    split: Bools = (total < 62) & ((sums >> least) & halves != 0)
    return split


def feasible(given: Candidates, rules: JointRules, most: int) -> Members | None:
    """Every group there may be, smaller ones first; None where more than ``most`` have to be looked at."""
    found = []
    for shared in (given.building, given.park):
        known = shared > 0
        listed = _cliques((shared[:, None] == shared[None, :]) & known[:, None], rules.most_units, most)
        if listed is None:
            return None
        found.append(listed)
    apart = given.xy_m[:, None] - given.xy_m[None, :]
    listed = _cliques(np.hypot(apart[..., 0], apart[..., 1]) <= rules.reach_m, rules.most_units, most)
    if listed is None:
        return None
    groups, _ = distinct(np.vstack([*found, listed]))
    groups = groups[totals(given, groups) >= rules.least_members]
    return groups[np.argsort(sizes(groups), kind="stable")] if len(groups) <= most else None


def _cliques(joined: Bools, most_units: int, most: int) -> Members | None:
    """Sets of 2 to ``most_units`` that are joined pair by pair; None where there are more than ``most`` of a size."""
    later = np.triu(joined, 1)
    sets, next_ = np.arange(len(joined))[:, None], later
    found = [np.empty((0, most_units), dtype=np.int64)]
    for size in range(2, most_units + 1):
        if np.count_nonzero(next_) > most:
            return None
        row, column = np.nonzero(next_)
        sets, next_ = np.column_stack([sets[row], column]), next_[row] & later[column]
        found.append(np.pad(sets, ((0, 0), (0, most_units - size)), constant_values=-1))
    return np.vstack(found)


def _walked(taken: Ints, bits: Ints, n: int) -> list[int]:
    """Groups of the best set, read back from what was taken for each subset."""
    left, found = (1 << n) - 1, []
    while left:
        group = int(taken[left])
        if group >= 0:
            found.append(group)
        left ^= int(bits[group]) if group >= 0 else 1 << (left.bit_length() - 1)
    return sorted(found)


def _worths(given: Candidates, sets: Members, rules: JointRules) -> Ints:
    """Worth (m,) of each set as one whole number, members before groups before spread; below 0 where it is no group."""
    stands, total = bases(given, sets, rules), totals(given, sets)
    spread, most = measured(given, sets, stands, rules), len(given) // 2 + 1
    step = (int(spread.max(initial=0)) + 1) * most  # above any sum of spreads
    return np.where((stands[0] >= 0) & (total >= rules.least_members), (total * most - 1) * step - spread, _NEVER)


def _solved(given: Candidates, groups: Members, aim: Floats) -> Members | None:
    """The set whose sum of ``aim`` is least; None where the solver would search too long."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csc_array

    m, size = len(groups), sizes(groups)
    once = csc_array((np.ones(size.sum()), (groups[groups >= 0], np.repeat(np.arange(m), size))), shape=(len(given), m))
    limits = LinearConstraint(once, ub=1)
    done = milp(aim, integrality=np.ones(m), bounds=Bounds(0, 1), constraints=limits, options=_EXACTLY)
    return groups[np.rint(done.x) > 0] if done.status == 0 else None
