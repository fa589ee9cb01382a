"""Proposals of joint branches for a city, component by component, each told with its reasons; anew after a change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Bools, Floats, Ints, Positions
from geo.coverage.joint.candidates import (
    BASES,
    MILLI,
    Candidates,
    JointRules,
    Members,
    bases,
    candidates,
    sizes,
    spreads,
    totals,
)
from geo.coverage.joint.components import SLACK, components
from geo.coverage.joint.exact import FEW, best, better
from geo.coverage.joint.mending import mended
from geo.coverage.joint.packing import full_groups, gathered
from geo.coverage.joint.tightening import tightened
from geo.coverage.units import Keys, Units


@dataclass(frozen=True, eq=False)
class JointGroups:
    """Proposed joint branches (g,), in the order of their lowest unit id.

    Attributes
    ----------
    units
        (g, most_units) positions in :class:`~geo.coverage.units.Units`, by ascending id; -1 behind the last.
    basis
        On what the group stands, a key of :data:`~geo.coverage.joint.candidates.BASES`.
    place
        Id of its building or business district; 0 where it stands on reach.
    size, members
        Number of its units, and of their full members together.
    diameter_m
        Largest distance between two of its units; NaN where one has no place.
    spread_m
        What tightness is measured by (:func:`~geo.coverage.joint.candidates.spreads`): next to 0 in one building, else
        the diameter, and ``unlike_m`` a further industry.
    industries
        Keys of the industries that two or more of its units share, with blanks between; blank for none.
    id, group
        (n,) id of each unit of the city, and the position of its group; -1 for none.
    component
        (n,) lowest id among all that a unit hangs together with, itself included; 0 for units that may not join.
    """

    units: Positions
    basis: Keys
    place: Ints
    size: Ints
    members: Ints
    diameter_m: Floats
    spread_m: Floats
    industries: Keys
    id: Ints
    group: Positions
    component: Ints


def propose(units: Units, chosen: Ints | Bools, rules: JointRules) -> JointGroups:
    """Joint branches of the chosen units: most members in them, then fewest, then least spread.

    Parameters
    ----------
    units
        In any order; the order changes nothing.
    chosen
        Positions, or a mask (n,): those that are surveyed, operate, have no organisation, and some full members but too
        few for a branch of their own.

    Raises
    ------
    Refused
        When a chosen unit may not join one.
    """
    given = candidates(units, chosen, rules)
    component = _components(given, rules)
    return _told(units, given, _grouped(given, component, rules), component, rules)


def update(units: Units, chosen: Ints | Bools, rules: JointRules, before: JointGroups, changed: Ints) -> JointGroups:
    """What :func:`propose` would come to, where only what hangs together with a changed unit is decided anew.

    Parameters
    ----------
    before
        Proposals by the same rules, before the change.
    changed
        Ids of units that moved, or have another building, business district, industry or number of members. Units that
        came, went, or may or may no longer join are found without being named.

    Raises
    ------
    Refused
        When a chosen unit may not join one.
    """
    given = candidates(units, chosen, rules)
    old = _looked_up(before.id, before.component, given.id)
    new = np.isin(given.id, changed) | (old == 0)
    gone = np.isin(before.id, changed) | ~np.isin(before.id, given.id)
    near = old[_near(given, np.flatnonzero(new), rules)]
    touched = np.unique(np.concatenate([before.component[gone], old[new], near]))
    again = np.flatnonzero(new | np.isin(old, touched))
    some = given.taken(again)
    component = old.copy()
    component[again] = _components(some, rules)
    redone = _grouped(some, component[again], rules)
    kept = before.units[~np.isin(before.component[before.units[:, 0]], touched)]
    at = np.where(kept >= 0, np.searchsorted(given.id, before.id[kept]), -1)
    groups = np.vstack([at, np.where(redone >= 0, again[redone], -1)])
    return _told(units, given, groups, component, rules)


def _looked_up(ids: Ints, values: Ints, wanted: Ints) -> Ints:
    """Value of each wanted id; 0 for one that is not there."""
    if not len(ids):
        return np.zeros(len(wanted), dtype=np.int64)
    order = np.argsort(ids, kind="stable")
    at = order[np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)]
    return np.where(ids[at] == wanted, values[at], 0)


def _near(given: Candidates, some: Ints, rules: JointRules) -> Bools:
    """Who (n,) shares a building or business district with one of some, or lies within reach of one."""
    from scipy.spatial import cKDTree

    found = np.asarray(np.isin(given.building, given.building[some]) & (given.building > 0))
    found |= np.isin(given.park, given.park[some]) & (given.park > 0)
    placed = np.flatnonzero(np.isfinite(given.xy_m).all(axis=1))
    around = given.xy_m[np.intersect1d(some, placed)]
    if len(around):
        reach = rules.reach_m * (1 + SLACK)
        found[placed] |= np.isfinite(cKDTree(around).query(given.xy_m[placed], distance_upper_bound=reach)[0])
    return found


def _components(given: Candidates, rules: JointRules) -> Ints:
    """Lowest id (n,) among all that each unit hangs together with."""
    if not len(given):
        return np.zeros(0, dtype=np.int64)
    label = components(given, rules)
    lowest = np.full(label.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, label, given.id)
    return lowest[label]


def _grouped(given: Candidates, component: Ints, rules: JointRules) -> Members:
    found, larger = [np.empty((0, rules.most_units), dtype=np.int64)], []
    order = np.argsort(component, kind="stable")
    for one in np.split(order, np.flatnonzero(np.diff(component[order])) + 1):
        if len(one) < 2 or given.members[one].sum() < rules.least_members:
            continue
        if len(one) > FEW:
            larger.append(one)
        else:
            found.append(_at(one, best(given.taken(one), rules)))
    if larger:
        every = np.concatenate(larger)
        found.append(_at(every, _built(given.taken(every), [len(one) for one in larger], rules)))
    return np.vstack(found)


def _at(position: Ints, groups: Members) -> Members:
    """The groups, each unit told by the position it was taken from."""
    return np.where(groups >= 0, position[groups], -1)


def _built(given: Candidates, lengths: list[int], rules: JointRules) -> Members:
    """Groups of components that stand one behind the other, each as if it stood alone.

    What numpy does is done for all at once; where neighbours are looked for, ties are decided by a tree, so it is done
    for each by itself.
    """
    full = full_groups(given, rules)
    end = np.cumsum(lengths)
    full = full[np.argsort(np.searchsorted(end, full[:, 0], side="right"), kind="stable")]
    first = np.searchsorted(np.searchsorted(end, full[:, 0], side="right"), np.arange(len(end) + 1))
    found, near, begins = [], [], [np.zeros(1, dtype=np.int64)]
    for at, (to, length) in enumerate(zip(end.tolist(), lengths, strict=True)):
        start = to - length
        few, ours = given.taken(slice(start, to)), full[first[at] : first[at + 1]] - start
        rest = np.setdiff1d(np.arange(length), ours)
        groups, (who, begin) = mended(few, np.vstack([ours, gathered(few, rest, rules)]), rules)
        groups = better(few, groups, rules)
        found.append(np.where(groups >= 0, groups + start, -1))
        near.append(who + start)
        begins.append(begin[1:] + begins[-1][-1])
    return tightened(given, np.vstack(found), (np.concatenate(near), np.concatenate(begins)), rules)


def _told(units: Units, given: Candidates, groups: Members, component: Ints, rules: JointRules) -> JointGroups:
    groups = groups[np.argsort(groups[:, 0], kind="stable")]
    basis, diameter = bases(given, groups, rules)
    first = groups[:, 0]
    place = np.choose(basis, [given.building[first], given.park[first], np.zeros(len(first), dtype=np.int64)])
    at = np.where(groups >= 0, given.position[groups], -1).astype(np.int32)
    group = np.full(len(units.id), -1, dtype=np.int32)
    group[at[groups >= 0]] = np.repeat(np.arange(len(groups), dtype=np.int32), sizes(groups))
    hangs = np.zeros(len(units.id), dtype=np.int64)
    hangs[given.position] = component
    return JointGroups(
        units=at,
        basis=np.array(BASES)[basis],
        place=place,
        size=sizes(groups),
        members=totals(given, groups),
        diameter_m=diameter,
        spread_m=spreads(given, groups, rules) / MILLI,
        industries=_shared_industries(units.industry, at),
        id=units.id,
        group=group,
        component=hangs,
    )


def _shared_industries(industry: Keys, at: Positions) -> Keys:
    told = np.where(at >= 0, industry[at], "")
    rows = [[key for key in sorted(set(row)) if key and row.count(key) > 1] for row in told.tolist()]
    return np.array([" ".join(row) for row in rows], dtype=np.str_)
