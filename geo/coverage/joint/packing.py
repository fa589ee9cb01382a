"""Groups of many units: full ones from the narrowest ground that holds enough, then what is left of them."""

from __future__ import annotations

import heapq

import numpy as np

from geo.arrays import Bools, Floats, Ints, distinct
from geo.coverage.joint.candidates import MILLI, Candidates, JointRules, Members
from geo.coverage.joint.components import SLACK, cells

_HALVINGS = range(5, -1, -1)  # of the cells full groups are looked for in: from a 45th of the reach to the reach


def full_groups(given: Candidates, part: Ints, free: Bools, rules: JointRules) -> Members:
    """Groups of as many of the ``free`` units (n,) as a branch may have, each group of one ``part`` (n,).

    Any ``most_units`` units of one building, business district or cell may be a branch, so what is left over of each
    in a part is fewer than that. Nothing depends on what is in another part.
    """
    found = [np.empty((0, rules.most_units), dtype=np.int64)]
    who = np.flatnonzero(free)
    if len(who) < rules.most_units:
        return found[0]
    few, free = given.taken(who), np.ones(len(who), dtype=np.bool_)
    for place in _places(few, rules):
        in_part = np.where(place > 0, _paired(place, part[who]), 0)
        for like in (True, False):
            found.append(_chunks(few, in_part, free, rules, like=like))
            free[found[-1]] = False
    groups: Members = who[np.vstack(found)]
    return groups


def _places(given: Candidates, rules: JointRules) -> list[Ints]:
    """Numbers (n,) of the places each unit is in, the narrowest first; 0 for none."""
    placed = np.isfinite(given.xy_m).all(axis=1)
    cell = []
    for halvings in _HALVINGS if placed.any() else ():
        number = np.zeros(len(given), dtype=np.int64)
        number[placed] = cells(given.xy_m[placed], rules.reach_m, halvings)[1] + 1
        cell.append(number)
    in_park = [np.where(given.park > 0, _paired(given.park, number) * (number > 0), 0) for number in cell]
    return [given.building, *in_park, given.park, *cell]


def _paired(one: Ints, other: Ints) -> Ints:
    """Numbers (n,) from 1 up, one for each pair of values."""
    return distinct(np.column_stack([one, other]))[1] + 1


def _chunks(given: Candidates, place: Ints, free: Bools, rules: JointRules, *, like: bool) -> Members:
    """Full groups of the free units of each place, in the order of industry, building and id."""
    who = np.flatnonzero(free & (place > 0))
    who = who[np.lexsort((given.building[who], given.industry[who], place[who]))]
    new = np.diff(place[who], prepend=-1) != 0
    if like:
        new |= np.diff(given.industry[who], prepend=-1) != 0
    start = np.flatnonzero(new)
    length = np.diff(start, append=len(who))
    nth = np.arange(len(who)) - np.repeat(start, length)
    kept = nth < np.repeat(length - length % rules.most_units, length)
    return np.sort(who[kept].reshape(-1, rules.most_units), axis=1)


def gathered(given: Candidates, who: Ints, rules: JointRules) -> Members:
    """Groups of these units: one after the other, who has fewest free neighbours gathers the nearest of them."""
    rest = given.taken(who)
    near, spread, kind, first = _neighbours(rest, rules)
    free = np.ones(len(rest), dtype=np.bool_)
    degree = np.diff(first)
    queue = [(int(degree[unit]), unit) for unit in range(len(rest))]
    heapq.heapify(queue)
    found = []
    while queue:
        told, unit = heapq.heappop(queue)
        if not free[unit] or told != degree[unit]:
            continue
        at = slice(first[unit], first[unit + 1])
        open_ = free[near[at]]
        group = _nearest(rest, unit, (near[at][open_], spread[at][open_], kind[at][open_]), rules)
        free[group] = False
        if len(group) > 1:
            found.append(group)
        touched = np.concatenate([near[first[one] : first[one + 1]] for one in group])
        np.subtract.at(degree, touched, 1)
        for one in np.unique(touched[free[touched]]).tolist():
            heapq.heappush(queue, (int(degree[one]), one))
    return _padded([who[group] for group in found], rules)


def _padded(groups: list[Ints], rules: JointRules) -> Members:
    padded = np.full((len(groups), rules.most_units), -1, dtype=np.int64)
    for row, group in enumerate(groups):
        padded[row, : len(group)] = np.sort(group)
    return padded


def _neighbours(given: Candidates, rules: JointRules) -> tuple[Ints, Ints, Ints, Ints]:
    """Who could meet whom: neighbour, spread in millimetres and basis of each pair, and where each unit's pairs begin.

    Of each unit ordered by spread, then neighbour. The basis is the first that holds; pairs on another one stand again.
    """
    pairs, kind = [], []
    for basis, shared in enumerate((given.building, given.park)):
        pairs.append(_sharing(shared))
        kind.append(np.full(len(pairs[-1]), basis))
    pairs.append(_within(given.xy_m, rules.reach_m))
    kind.append(np.full(len(pairs[-1]), 2))
    both = np.vstack([np.vstack(pairs), np.vstack(pairs)[:, ::-1]])
    of = np.tile(np.concatenate(kind), 2)
    way = given.xy_m[both[:, 0]] - given.xy_m[both[:, 1]]
    metres = np.nan_to_num(np.hypot(way[:, 0], way[:, 1]), nan=rules.reach_m) * (of > 0)
    metres += rules.unlike_m * (given.industry[both[:, 0]] != given.industry[both[:, 1]])
    spread = np.rint(metres * MILLI).astype(np.int64)
    order = np.lexsort((both[:, 1], spread, of, both[:, 0]))
    first = np.searchsorted(both[order, 0], np.arange(len(given) + 1))
    return both[order, 1], spread[order], of[order], first


def _sharing(value: Ints) -> Ints:
    """Pairs (m, 2) of units that have one value; at most a handful share one, or there were more full groups."""
    order = np.flatnonzero(value > 0)
    order = order[np.argsort(value[order], kind="stable")]
    found = [np.empty((0, 2), dtype=np.int64)]
    step = 1
    while True:
        same = value[order[step:]] == value[order[:-step]]
        if not same.any():
            return np.vstack(found)
        found.append(np.column_stack([order[:-step][same], order[step:][same]]))
        step += 1


def _within(xy_m: Floats, reach_m: float) -> Ints:
    from scipy.spatial import cKDTree

    placed = np.flatnonzero(np.isfinite(xy_m).all(axis=1))
    if not len(placed):
        return np.empty((0, 2), dtype=np.int64)
    found = cKDTree(xy_m[placed]).query_pairs(reach_m * (1 + SLACK), output_type="ndarray")
    pairs: Ints = placed[found.astype(np.int64)].reshape(-1, 2)
    way = xy_m[pairs[:, 0]] - xy_m[pairs[:, 1]]
    return pairs[np.hypot(way[:, 0], way[:, 1]) <= reach_m]


def _nearest(given: Candidates, unit: int, near: tuple[Ints, Ints, Ints], rules: JointRules) -> Ints:
    """The unit with the nearest free neighbours that may be a branch with it; itself alone where there are too few."""
    best, rank = np.array([unit], dtype=np.int64), (0, 0)
    for basis in range(3):
        ours = near[2] == basis
        group = _grown(given, unit, near[0][ours], basis, rules)
        if given.members[group].sum() < rules.least_members:
            continue
        worth = (len(group), -basis)
        if worth > rank or len(best) == 1:
            best, rank = group, worth
    return best


def _grown(given: Candidates, unit: int, near: Ints, basis: int, rules: JointRules) -> Ints:
    """The unit and as many of ``near``, in their order, as agree with all before them."""
    group = [unit]
    for other in near.tolist():
        if basis < 2 or (np.hypot(*(given.xy_m[group] - given.xy_m[other]).T) <= rules.reach_m).all():
            group.append(other)
            if len(group) == rules.most_units:
                break
    return np.array(group, dtype=np.int64)
