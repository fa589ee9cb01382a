"""Units and who covers them, as arrays: what states, rates and proposals are computed from; no database here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Bools, Floats, Ints

Days = NDArray[np.datetime64]
"""Days (``datetime64[D]``); ``NaT`` where unknown."""

Keys = NDArray[np.str_]
"""Keys of a code list of :mod:`geo.entities`, as ``branch`` or ``manufacturing``; blank where unknown."""

ORGANISATIONAL = ("own", "joint", "area", "industry")
"""Methods by which a unit is covered by an organisation."""

WORK = ("instructor", "liaison", "mass_organisation")
"""Methods by which work is done in a unit that has no organisation."""

METHODS = ORGANISATIONAL + WORK
"""Every method, the first in this order being the best."""


@dataclass(frozen=True, eq=False)
class Units:
    """Firms and social organisations (n,), in ascending order of ``id``.

    Attributes
    ----------
    building, grid
        Ids of the building it is in and of its leaf; 0 where unknown.
    park
        Id of the business district that holds it (the smallest of several), 0 for none.
    xy_m
        (n, 2) metres in the city's one metric CRS; NaN where it has no place.
    industry
        Key of its industry.
    workers, members
        Numbers; NaN where unknown. ``members`` are full Party members.
    operating
        Whether it is in business; what is not counts nowhere.
    surveyed
        Day of its last survey.
    """

    id: Ints
    building: Ints
    grid: Ints
    park: Ints
    xy_m: Floats
    industry: Keys
    workers: Floats
    members: Floats
    operating: Bools
    surveyed: Days


@dataclass(frozen=True, eq=False)
class Coverings:
    """Who covers which unit (m,), one row a unit and record; in ascending order of ``unit``, then ``record``.

    A record of a building or grid stands here once for each unit that lies in it.

    Attributes
    ----------
    unit
        Position in :class:`Units`.
    record, organisation
        Ids of the record of coverage and of the organisation; 0 for a record that names none.
    method
        One of :data:`ORGANISATIONAL` or :data:`WORK`.
    evidence
        Day of the newest proof that it is so.
    since, until
        First day, and first day no longer; ``NaT`` is open.
    branch_members
        Full members of the organisation where it is a branch; NaN where unknown, and for committees and general
        branches, which have no most.
    branch_units
        Units the organisation covers by ``own`` or ``joint`` on the day.
    """

    unit: Ints
    record: Ints
    organisation: Ints
    method: Keys
    evidence: Days
    since: Days
    until: Days
    branch_members: Floats
    branch_units: Ints


@dataclass(frozen=True, eq=False)
class Organisations:
    """Party organisations able to help (k,), in ascending order of ``id``.

    Attributes
    ----------
    xy_m
        (k, 2) metres in the city's one metric CRS; NaN where it has no place.
    kind
        Key of its kind: committee, general_branch, branch, joint_branch, grid_branch, industry_committee.
    industry
        Of the industry it answers for; blank for any.
    free
        How many more units it can help: its capacity less those it helps already; 0 = none, NaN = unknown.
    """

    id: Ints
    xy_m: Floats
    kind: Keys
    industry: Keys
    free: Floats


def picked(units: Units, coverings: Coverings, positions: Ints) -> tuple[Units, Coverings]:
    """The units at ascending ``positions`` and the records that cover them, by the new positions."""
    rows = np.isin(coverings.unit, positions)
    some = Units(**{name: column[positions] for name, column in vars(units).items()})
    records = {name: column[rows] for name, column in vars(coverings).items()}
    return some, Coverings(**records | {"unit": np.searchsorted(positions, records["unit"])})
