"""Proposals of joint branches for a city, each told with its reasons; anew after a change."""

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
from geo.coverage.joint.settling import settle
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
    """

    units: Positions
    basis: Keys
    place: Ints
    size: Ints
    members: Ints
    diameter_m: Floats
    spread_m: Floats
    industries: Keys


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
    done = settle(given, units.industry[given.position], rules)
    return told(given, done.industry, done.groups(rules), rules)


def told(given: Candidates, industry: Keys, groups: Members, rules: JointRules) -> JointGroups:
    """The groups with their reasons; ``industry`` are the keys (n,) of the units."""
    basis, diameter = bases(given, groups, rules)
    first = groups[:, 0]
    place = np.choose(basis, [given.building[first], given.park[first], np.zeros(len(first), dtype=np.int64)])
    return JointGroups(
        units=np.where(groups >= 0, given.position[groups], -1).astype(np.int32),
        basis=np.array(BASES)[basis],
        place=place,
        size=sizes(groups),
        members=totals(given, groups),
        diameter_m=diameter,
        spread_m=spreads(given, groups, rules) / MILLI,
        industries=_shared(np.where(groups >= 0, industry[groups], "")),
    )


def _shared(industries: Keys) -> Keys:
    """Those that stand twice in a row (m, k), with blanks between."""
    rows = [[key for key in sorted(set(row)) if key and row.count(key) > 1] for row in industries.tolist()]
    return np.array([" ".join(row) for row in rows], dtype=np.str_)
