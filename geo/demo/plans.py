"""What is ordered: how large a city, from which seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from geo.arrays import Floats, Shapes
from geo.errors import Refused

CITY_ZONE = ZoneInfo("Asia/Shanghai")
GRIDS = 260
GRIDS_MIN, GRIDS_MAX = 60, 100_000

REGISTERS = {
    "units": "units.csv",
    "party_organisations": "party_organisations.csv",
    "business_districts": "business_districts.parquet",
    "estates": "estates.geojson",
    "coverage_records": "coverage_records.csv",
    "alliances": "alliances.csv",
    "alliance_members": "alliance_members.csv",
    "service_points": "service_points.xlsx",
    "staff_slots": "staff_slots.csv",
    "duty_contacts": "duty_contacts.csv",
    "grid_figures": "grid_figures.csv",
    "report_ins": "report_ins.csv",
    "pairings": "pairings.csv",
    "deliberations": "deliberations.csv",
    "incident_categories": "incident_categories.xlsx",
    "incident_stages": "incident_stages.csv",
}
"""File of each entity of a made city, by its key."""


@dataclass(frozen=True)
class Order:
    """Size and seed of a made city.

    Parameters
    ----------
    grids, buildings, incidents
        How many; the numbers of grids and incidents are met exactly, that of buildings within a few per cent.
    seed
        The same seed gives the same bytes.
    until
        The last moment of the year of incidents.

    Raises
    ------
    Refused
        When a number cannot be met.
    """

    grids: int = GRIDS
    buildings: int = 20_000
    incidents: int = 20_000
    seed: int = 2026
    until: datetime = field(default_factory=lambda: datetime(2026, 11, 23, tzinfo=CITY_ZONE))

    def __post_init__(self) -> None:
        if not GRIDS_MIN <= self.grids <= GRIDS_MAX:
            raise Refused(f"a made city has {GRIDS_MIN} to {GRIDS_MAX:,} grids, not {self.grids}")
        for name in ("buildings", "incidents", "seed"):
            if getattr(self, name) < 0:
                raise Refused(f"{name} is {getattr(self, name)}; it must be 0 or more")

    @property
    def scale(self) -> float:
        """Length of this city over that of the city of 260 grids."""
        return float(np.sqrt(self.grids / GRIDS))

    def chance(self, *key: int) -> np.random.Generator:
        """A source of chance of its own for each purpose, so that changing one feature leaves the others."""
        return np.random.default_rng([self.seed, *key])


@dataclass(frozen=True)
class Frame:
    """Plane metres (x east, y north of the centre) and degrees; affine, so that straight stays straight."""

    lon: float = 117.9
    lat: float = 36.6

    @property
    def scale(self) -> Floats:
        """Metres in a degree of longitude and of latitude at the centre."""
        phi = np.radians(self.lat)
        east = 111_412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi)
        north = 111_132.92 - 559.82 * np.cos(2 * phi) + 1.175 * np.cos(4 * phi)
        return np.array([east, north])

    def lonlat(self, xy_m: Floats) -> Floats:
        """Degrees of plane metres, (n, 2), not snapped."""
        degrees: Floats = np.asarray(xy_m) / self.scale + (self.lon, self.lat)
        return degrees

    def xy_m(self, lonlat: Floats) -> Floats:
        """Plane metres of degrees, (n, 2)."""
        metres: Floats = (np.asarray(lonlat) - (self.lon, self.lat)) * self.scale
        return metres

    def shapes_xy_m(self, shapes: Shapes) -> Shapes:
        """Shapes of degrees in plane metres."""
        import shapely

        return shapely.transform(shapes, self.xy_m)

    def shapes_lonlat(self, shapes: Shapes) -> Shapes:
        """Shapes of plane metres in degrees, not snapped."""
        import shapely

        return shapely.transform(shapes, self.lonlat)


FRAME = Frame()
