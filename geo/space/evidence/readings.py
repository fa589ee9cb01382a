"""In which datums two sets of coordinates may be meant, and where points stand when they are read so.

Only the points are moved. A point p lies in ground g read in datum A exactly when A(p) lies in the numbers of g, that
is when D⁻¹(A(p)) lies in g as it stands, D being the datum g was taken off: one ground answers for every reading.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Floats
from geo.crs import Datum, datum_of, from_wgs84, to_wgs84

NAMES = ("wgs84", "gcj02", "bd09")
"""The datums that can be mistaken for each other: all are written as degrees, and files call all of them WGS 84."""

_SAME = 1e-7  # degrees, a centimetre: readings nearer than this are one (the shift of GCJ-02 ends at China's borders)


@dataclass(frozen=True)
class Reading:
    """The datums in which the coordinates of boundaries and of points are read; each one of :data:`NAMES`."""

    boundaries: str
    points: str


def reading_of(datum: str) -> str:
    """What a declared datum is read as: itself when it is shifted, else ``wgs84`` (CGCS2000 and every EPSG code).

    Raises
    ------
    Refused
        When there is no such datum.
    """
    name = datum_of(datum).name
    return name if name in NAMES else NAMES[0]


def other_readings(declared: Reading, *, points_too: bool) -> list[Reading]:
    """The readings with one of the two datums changed: of the boundaries first, then, if asked, of the points."""
    others = [Reading(name, declared.points) for name in NAMES if name != declared.boundaries]
    if points_too:
        others += [Reading(declared.boundaries, name) for name in NAMES if name != declared.points]
    return others


def moved(lonlat: Floats, declared: Reading, reading: Reading) -> Floats:
    """Points (n, 2) where they stand, over the ground as declared, when coordinates are read as ``reading`` says.

    ``lonlat`` are degrees WGS 84 as declared; not finite stays NaN. Nothing moves for ``reading == declared``.
    """
    if reading.points != declared.points:
        lonlat = to_wgs84(from_wgs84(lonlat, Datum(declared.points)), Datum(reading.points))
    if reading.boundaries != declared.boundaries:
        lonlat = to_wgs84(from_wgs84(lonlat, Datum(reading.boundaries)), Datum(declared.boundaries))
    return lonlat


def is_moved(before: Floats, after: Floats) -> bool:
    """Whether any point moved by more than a centimetre."""
    return bool((np.abs(after - before) > _SAME).any())
