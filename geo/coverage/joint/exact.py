"""The best choice of groups among a few units, exactly: every feasible group is listed, the best set of them found."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array

from geo.arrays import Bools, Ints
from geo.coverage.joint.candidates import MILLI, Candidates, JointRules, Members, bases, sizes, spreads, totals

FEW = 11  # units up to which all subsets are gone through; more are left to the solver
MOST_GROUPS = 1000  # feasible groups the solver is asked about: a second or so at most
_EXACTLY = {"mip_rel_gap": 0, "node_limit": 1000}  # a count, so that a busy machine decides nothing


def best(given: Candidates, rules: JointRules) -> Members:
    """The best groups of at most :data:`FEW` units.

    Best is: most members in groups, then fewest groups, then least spread (:func:`~.candidates.spreads`); of equal ones
    the first by id.
    """
    sets = _subsets(len(given), rules.most_units)
    groups = sets[totals(given, sets) >= rules.least_members]
    groups = groups[bases(given, groups, rules)[0] >= 0]
    return _searched(given, groups, rules) if len(groups) else groups


@cache
def _subsets(n: int, most: int) -> Members:
    """All sets of 2 to ``most`` of n units, smaller ones first."""
    found = [
        np.array(list(combinations(range(n), size)), dtype=np.int64).reshape(-1, size) for size in range(2, most + 1)
    ]
    return np.vstack([np.pad(one, ((0, 0), (0, most - one.shape[1])), constant_values=-1) for one in found])


def better(given: Candidates, groups: Members, rules: JointRules) -> Members:
    """The best groups of these units where the given ones hold fewer members than could be; else the given ones.

    They are kept too where more than :data:`MOST_GROUPS` units or groups may be, or the solver would search too long.
    """
    if (groups >= 0).sum() == len(given) or len(given) > MOST_GROUPS:
        return groups
    every = feasible(given, rules, MOST_GROUPS)
    if every is None:
        return groups
    could = given.members[np.unique(every[every >= 0])].sum()
    ours = totals(given, groups).sum()
    if ours == could:
        return groups
    solved = _solved(given, every, rules, int(ours))
    return groups if solved is None else solved


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
    groups = np.unique(np.vstack([*found, listed]), axis=0)
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


def _searched(given: Candidates, groups: Members, rules: JointRules) -> Members:
    """The best set by going through all subsets of the units, the highest unit decided last; whole numbers only."""
    n = len(given)
    worth = _worths(given, groups, rules)
    bits = np.where(groups >= 0, 1 << groups, 0).sum(axis=1)
    highest = groups.max(axis=1)
    best = np.zeros(1 << n, dtype=np.int64)
    taken = np.full(1 << n, -1, dtype=np.int64)  # group taken for the highest unit of a subset; -1 leaves it out
    for unit in range(n):
        below = np.arange(1 << unit)
        best[1 << unit : 2 << unit] = best[: 1 << unit]
        ours = np.flatnonzero(highest == unit)
        if not len(ours):
            continue
        others = bits[ours] ^ (1 << unit)
        fits = (below[:, None] & others[None, :]) == others[None, :]
        value = np.where(fits, best[below[:, None] & ~others[None, :]] + worth[ours][None, :], -1)
        pick = value.argmax(axis=1)
        better = value[below, pick] > best[1 << unit : 2 << unit]
        best[1 << unit : 2 << unit] = np.where(better, value[below, pick], best[1 << unit : 2 << unit])
        taken[1 << unit : 2 << unit] = np.where(better, ours[pick], -1)
    return groups[_walked(taken, bits, n)]


def _walked(taken: Ints, bits: Ints, n: int) -> list[int]:
    """Groups of the best set, read back from what was taken for each subset."""
    left, found = (1 << n) - 1, []
    while left:
        group = int(taken[left])
        if group >= 0:
            found.append(group)
        left ^= int(bits[group]) if group >= 0 else 1 << (left.bit_length() - 1)
    return sorted(found)


def _worths(given: Candidates, groups: Members, rules: JointRules) -> Ints:
    """Worth (m,) of each group as one whole number: members before groups before spread."""
    spread = spreads(given, groups, rules)
    step = (int(spread.max()) + 1) * (len(given) // 2 + 1)  # above any sum of spreads
    return (totals(given, groups) * (len(given) // 2 + 1) - 1) * step - spread


def _solved(given: Candidates, groups: Members, rules: JointRules, beaten: int) -> Members | None:
    """The best set by an integer program, one aim after the other.

    None where it holds no more members than ``beaten``, or the solver would search too long.
    """
    m, size = len(groups), sizes(groups)
    once = csc_array((np.ones(size.sum()), (groups[groups >= 0], np.repeat(np.arange(m), size))), shape=(len(given), m))
    limits = [LinearConstraint(once, ub=1)]
    aims = [-totals(given, groups).astype(np.float64), np.ones(m), spreads(given, groups, rules) / MILLI]
    taken = np.zeros(m)
    for aim in aims:
        done = milp(aim, integrality=np.ones(m), bounds=Bounds(0, 1), constraints=limits, options=_EXACTLY)
        if done.status != 0 or aims[0] @ np.rint(done.x) >= -beaten:
            return None
        taken = np.rint(done.x)
        limits.append(LinearConstraint(aim[None, :], ub=float(aim @ taken) + 0.5))
    return groups[taken > 0]
