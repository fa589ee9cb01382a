"""Units that a joint branch may gather, when a group of them may be one, and how wide a group is spread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Bools, Floats, Ints
from geo.coverage.rulebooks import Thresholds
from geo.coverage.units import Units
from geo.errors import Refused

MILLI = 1000  # of a metre: spreads are added up in whole millimetres, so that equal ones are equal
_INDOORS = 0.01  # of what a further industry counts, in one building
BASES = ("building", "park", "reach")
"""On what a group stands, the first that holds: one building, one business district, all pairs within reach."""

Members = NDArray[np.int64]
"""(m, k) positions of the units of m groups, ascending in each row, -1 behind the last."""


@dataclass(frozen=True)
class JointRules:
    """What a joint branch may be.

    Attributes
    ----------
    least_members
        Full members that its units must have together.
    most_units
        Units that it may have; at least ``least_members``.
    reach_m
        Metres that two of its units may lie apart where they share neither building nor business district.
    unlike_m
        Metres of spread that one further industry in a group counts as; a hundredth of it in one building.

    Raises
    ------
    Refused
        When no such branch is thinkable, or a distance is not finite and above 0 (``unlike_m``: 0 or above).
    """

    least_members: int = 3
    most_units: int = 5
    reach_m: float = 500.0
    unlike_m: float = 100.0

    @classmethod
    def of(cls, limits: Thresholds) -> JointRules:
        """The rules of a rule book."""
        return cls(limits.joint_min_members, limits.joint_max_units, limits.reach_m, limits.unlike_m)

    def __post_init__(self) -> None:
        if not 2 <= self.least_members <= self.most_units:
            told = f"{self.least_members} members of at most {self.most_units} units"
            raise Refused(
                f"a joint branch of at least {told}: it takes 2 or more, and as many units as members or more"
            )
        if not (0 < self.reach_m < np.inf and 0 <= self.unlike_m < np.inf):
            raise Refused(
                f"reach {self.reach_m} m, unlike {self.unlike_m} m: metres above 0, and from 0 on, are wanted"
            )


@dataclass(frozen=True, eq=False)
class Candidates:
    """Units that a joint branch may gather (n,), in ascending order of id.

    Attributes
    ----------
    position
        Where the unit stands in the :class:`~geo.coverage.units.Units` it was taken from.
    members
        Full members, 1 and up and below what one branch needs.
    industry
        Numbers of industries, in the order of their keys.
    """

    position: Ints
    id: Ints
    members: Ints
    building: Ints
    park: Ints
    xy_m: Floats
    industry: Ints

    def __len__(self) -> int:
        return len(self.id)

    def taken(self, chosen: Ints | Bools | slice) -> Candidates:
        """Those chosen, in the order they are chosen in."""
        return Candidates(
            self.position[chosen],
            self.id[chosen],
            self.members[chosen],
            self.building[chosen],
            self.park[chosen],
            self.xy_m[chosen],
            self.industry[chosen],
        )


def candidates(units: Units, chosen: Ints | Bools, rules: JointRules) -> Candidates:
    """The chosen units, in ascending order of id.

    Parameters
    ----------
    chosen
        Positions, or a mask (n,): those that are surveyed, operate, have no organisation and too few members for one.

    Raises
    ------
    Refused
        When one has no members, a number that is not known or not whole, or enough for a branch of its own; or an
        id stands twice.
    """
    position = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else np.asarray(chosen, dtype=np.int64)
    position = position[np.argsort(units.id[position], kind="stable")]
    members, ids = units.members[position], units.id[position]
    fit = (members >= 1) & (members < rules.least_members) & (members % 1 == 0)
    if not fit.all():
        first = position[np.argmin(fit)]
        told = f"unit {units.id[first]} has {units.members[first]:g} full members"
        raise Refused(f"{told}; a joint branch gathers units with 1 to {rules.least_members - 1}")
    if (np.diff(ids) == 0).any():
        raise Refused(f"unit {ids[np.argmin(np.diff(ids) != 0)]} is chosen twice; each unit joins one branch")
    industry: Ints = np.unique(units.industry, return_inverse=True)[1][position].astype(np.int64)
    return Candidates(
        position,
        ids,
        members.astype(np.int64),
        units.building[position],
        units.park[position],
        units.xy_m[position],
        industry,
    )


def bases(given: Candidates, groups: Members, rules: JointRules) -> tuple[Ints, Floats]:
    """On what each of m groups stands, as a position in :data:`BASES` or -1 for nothing, and its diameter in metres.

    The diameter (m,) is the largest distance between two of its units; NaN where one of them has no place.
    """
    diameter = diameters(given, groups)
    basis = np.where(diameter <= rules.reach_m, 2, -1)
    basis = np.where(_shared(given.park, groups), 1, basis)
    return np.where(_shared(given.building, groups), 0, basis), diameter


def diameters(given: Candidates, groups: Members) -> Floats:
    """Largest distance in metres between two units of each of m groups; NaN where one has no place, 0 for one unit."""
    xy = given.xy_m[np.where(groups >= 0, groups, groups[:, :1])]  # an empty place repeats the first unit
    one, other = _pairs(groups.shape[1])
    apart = xy[:, one] - xy[:, other]
    found: Floats = np.hypot(apart[..., 0], apart[..., 1]).max(axis=1, initial=0.0)
    return found


@cache
def _pairs(size: int) -> tuple[Ints, Ints]:
    """Places of all pairs in a group of so many."""
    one, other = np.triu_indices(size, 1)
    return as_ints(one), as_ints(other)


def spreads(given: Candidates, groups: Members, rules: JointRules) -> Ints:
    """How wide each of m groups is spread, in whole millimetres: its diameter, and ``unlike_m`` a further industry.

    In one building both are next to nothing: the diameter is 0, and a further industry counts a hundredth, so that like
    joins like among equals and no building is left for it. A diameter that is not known counts as the reach.
    """
    return measured(given, groups, bases(given, groups, rules), rules)


def measured(given: Candidates, groups: Members, stands: tuple[Ints, Floats], rules: JointRules) -> Ints:
    """The same as :func:`spreads`, from what :func:`bases` has found."""
    basis, diameter = stands
    further = rules.unlike_m * (kinds(given.industry, groups) - 1)
    apart = np.where(np.isnan(diameter), rules.reach_m, diameter) + further
    return as_ints(np.rint(np.where(basis == 0, further * _INDOORS, apart) * MILLI))


def kinds(values: Ints, groups: Members) -> Ints:
    """How many different values the units of each of m groups have."""
    sorted_ = np.sort(np.where(groups >= 0, values[groups], values[groups[:, :1]]), axis=1)
    return as_ints(1 + (np.diff(sorted_, axis=1) != 0).sum(axis=1))


def totals(given: Candidates, groups: Members) -> Ints:
    """Full members of each of m groups."""
    return as_ints(np.where(groups >= 0, given.members[groups], 0).sum(axis=1))


def sizes(groups: Members) -> Ints:
    """Units of each of m groups."""
    return as_ints((groups >= 0).sum(axis=1))


def as_ints(values: np.ndarray[Any, Any]) -> Ints:
    """Whole numbers of 64 bits."""
    return values.astype(np.int64, copy=False)


def _shared(values: Ints, groups: Members) -> Bools:
    same = (values[groups] == values[groups[:, :1]]) | (groups < 0)
    shared: Bools = same.all(axis=1) & (values[groups[:, 0]] > 0)
    return shared
