"""How each unit of the made city is covered, or is not, so that each business district shows every blind spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.demo.shares import evenly, picked, ranks
from geo.demo.units import Units

NONE, OWN, JOINT, AREA, INDUSTRY, INSTRUCTOR, LIAISON, MASS = range(8)
METHODS = ("", "own", "joint", "area", "industry", "instructor", "liaison", "mass_organisation")
_SHARES = np.array(
    [
        # none  own   joint area industry instructor liaison mass
        [0.38, 0.00, 0.00, 0.00, 0.26, 0.17, 0.11, 0.08],  # no member
        [0.34, 0.00, 0.40, 0.00, 0.10, 0.07, 0.05, 0.04],  # one or two
        [0.18, 0.58, 0.06, 0.00, 0.04, 0.07, 0.04, 0.03],  # three or more: a branch must be formed
    ]
)
_HOUSES = 0.36
"""Share of the houses with several units whose own organisation covers all that are in them."""
_JOINED = 3.8
"""Units in a joint branch, about: three to five."""
_TOO_LARGE = 0.06
"""Share of joint branches that took in a second group and have more than five units."""


@dataclass(frozen=True, eq=False)
class Ways:
    """How each unit (n,) is covered.

    Attributes
    ----------
    way
        NONE … MASS; AREA for every unit of a house with an organisation, whatever else is true of it.
    joint
        Number of its joint branch, -1 for none; numbers follow each other from 0.
    houses
        Positions of the buildings that have an organisation of their own, ascending.
    """

    way: Ints
    joint: Ints
    houses: Ints

    @property
    def branches(self) -> int:
        """Number of joint branches."""
        return int(self.joint.max(initial=-1)) + 1


def decide(units: Units, chance: np.random.Generator) -> Ways:
    """A way for each unit; shares hold in every business district and community, as far as their numbers go."""
    houses = _houses(units, chance)
    size = np.digitize(units.members, (1, 3))
    known = units.operating & (units.survey == 2)
    covered = np.isin(units.site, houses)
    part = ((units.group * 3 + size) * 2 + known) * 2 + covered
    drawn = evenly(part, chance)
    way = np.zeros(len(units), dtype=np.int64)
    for at in range(3):
        way[size == at] = picked(_SHARES[at].tolist(), drawn[size == at])
    _show(way, part, drawn, (size == 2) & known & ~covered & (units.group < units.districts))
    way[covered] = AREA
    joint = _joint(units, way == JOINT, chance)
    way[(way == JOINT) & (joint < 0)] = NONE
    return Ways(way, joint, houses)


def _show(way: Ints, part: Ints, drawn: Floats, able: Bools) -> None:
    """Leave one large unit of every business district without anyone and one with an instructor only."""
    at = np.flatnonzero(able)
    at = at[np.lexsort((drawn[at], part[at]))]
    rank = ranks(part[at])[0]
    way[at[rank == 0]] = NONE
    way[at[rank == 1]] = INSTRUCTOR


def _houses(units: Units, chance: np.random.Generator) -> Ints:
    """Houses with an organisation: of those with three or more units, never the fullest of its group."""
    site, first, count = np.unique(units.site, return_index=True, return_counts=True)
    group = units.group[first]
    several = np.flatnonzero(count >= 3)
    order = several[np.lexsort((-count[several], group[several]))]
    fullest = order[ranks(group[order])[0] == 0]
    rest = np.setdiff1d(several, fullest)
    found: Ints = site[rest[evenly(group[rest], chance) < _HOUSES]]
    return found


def _joint(units: Units, wants: Bools, chance: np.random.Generator) -> Ints:
    """Joint branches of three to five units of one group that stand near each other; -1 where fewer than three are."""
    at = np.flatnonzero(wants)
    at = at[np.lexsort((units.site[at], units.group[at]))]
    rank, size = ranks(units.group[at])
    parts = np.maximum(1, np.rint(size / _JOINED)).astype(np.int64)
    number = units.group[at] * 1_000_000 + rank * parts // np.maximum(size, 1)
    keep = size >= 3
    joint = np.full(len(units), -1, dtype=np.int64)
    joint[at[keep]] = _merged(number[keep], chance)
    return joint


def _merged(number: Ints, chance: np.random.Generator) -> Ints:
    """Numbers from 0 without gaps, a few groups joined with the next of the same neighbourhood."""
    names, at = np.unique(number, return_inverse=True)
    onto = names.copy()
    next_of = np.isin(names + 1, names)
    taken = np.flatnonzero(next_of & (chance.random(len(names)) < _TOO_LARGE))
    onto[taken] = names[taken] + 1
    found: Ints = np.unique(onto[at], return_inverse=True)[1]
    return found


def weights(units: Units, joint: Ints) -> Floats:
    """Members of each joint branch, those of its units."""
    inside = joint >= 0
    return np.bincount(joint[inside], units.members[inside]).astype(np.float64)
