"""Proposals of joint branches for a city, component by component, each told with its reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo.arrays import Bools, Floats, Ints, Positions
from geo.coverage.joint.candidates import (
    BASES,
    Candidates,
    JointRules,
    Members,
    bases,
    candidates,
    sizes,
    spreads,
    totals,
)
from geo.coverage.joint.components import components
from geo.coverage.joint.exact import FEW, best, better
from geo.coverage.joint.mending import mended
from geo.coverage.joint.packing import packed
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
        What tightness is measured by: 0 in one building, else the diameter, and ``unlike_m`` a further industry.
    industries
        Keys of the industries that two or more of its units share, with blanks between; blank for none.
    group
        (n,) position of the group of each unit of the city; -1 for none.
    component
        (n,) lowest unit id of the component each candidate is in; 0 for units that are none.
    """

    units: Positions
    basis: Keys
    place: Ints
    size: Ints
    members: Ints
    diameter_m: Floats
    spread_m: Floats
    industries: Keys
    group: Positions
    component: Ints


def propose(units: Units, chosen_: Ints | Bools, rules: JointRules) -> JointGroups:
    """Joint branches of the chosen units: most members in them, then fewest, then least spread.

    Raises
    ------
    Refused
        When a chosen unit may not join one.
    """
    given = candidates(units, chosen_, rules)
    label = components(given, rules) if len(given) else np.zeros(0, dtype=np.int64)
    return _told(units, given, _grouped(given, label, rules), label, rules)


def _grouped(given: Candidates, label: Ints, rules: JointRules) -> Members:
    found = [np.empty((0, rules.most_units), dtype=np.int64)]
    for one in _each(label):
        if given.members[one].sum() >= rules.least_members and len(one) > 1:
            groups = _of_component(given.taken(one), rules)
            found.append(np.where(groups >= 0, one[groups], -1))
    return np.vstack(found)


def _each(label: Ints) -> Iterator[Ints]:
    order = np.argsort(label, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def _of_component(given: Candidates, rules: JointRules) -> Members:
    if len(given) <= FEW:
        return best(given, rules)
    return better(given, mended(given, packed(given, rules), rules), rules)


def _told(units: Units, given: Candidates, groups: Members, label: Ints, rules: JointRules) -> JointGroups:
    groups = groups[np.argsort(groups[:, 0], kind="stable")]
    basis, diameter = bases(given, groups, rules)
    first = groups[:, 0]
    place = np.choose(basis, [given.building[first], given.park[first], np.zeros(len(first), dtype=np.int64)])
    at = np.where(groups >= 0, given.position[groups], -1).astype(np.int32)
    group = np.full(len(units.id), -1, dtype=np.int32)
    group[at[groups >= 0]] = np.repeat(np.arange(len(groups), dtype=np.int32), sizes(groups))
    lowest = np.full(int(label.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, label, given.id)
    component = np.zeros(len(units.id), dtype=np.int64)
    component[given.position] = lowest[label]
    return JointGroups(
        units=at,
        basis=np.array(BASES)[basis],
        place=place,
        size=sizes(groups),
        members=totals(given, groups),
        diameter_m=diameter,
        spread_m=spreads(given, groups, rules) / 1000,
        industries=_shared_industries(units.industry, at),
        group=group,
        component=component,
    )


def _shared_industries(industry: Keys, at: Positions) -> Keys:
    told = np.where(at >= 0, industry[at], "")
    rows = [[key for key in sorted(set(row)) if key and row.count(key) > 1] for row in told.tolist()]
    return np.array([" ".join(row) for row in rows], dtype=np.str_)
