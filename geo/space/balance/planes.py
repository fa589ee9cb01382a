"""A plane in metres around a place, for widths and middles; what is stored stays in degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Floats, Shapes
from geo.crs import snap

_M_PER_DEGREE = 111_319.49


@dataclass(frozen=True)
class Plane:
    """Degrees WGS 84 as metres east and north of a middle; right to a part in a thousand within 10 km."""

    lon: float
    lat: float

    @classmethod
    def of(cls, shapes: Shapes) -> Plane:
        """The plane around the middle of shapes."""
        west, south, east, north = shapely.total_bounds(shapes).tolist()
        return cls((west + east) / 2, (south + north) / 2)

    @property
    def scale(self) -> Floats:
        """Metres a degree, east and north."""
        return np.array([_M_PER_DEGREE * np.cos(np.radians(self.lat)), _M_PER_DEGREE])

    def metres(self, shapes: Shapes) -> Shapes:
        """Shapes in metres."""
        middle = np.array([self.lon, self.lat])
        return np.asarray(shapely.transform(shapes, lambda xy: (xy - middle) * self.scale), dtype=object)

    def degrees(self, shapes: Shapes) -> Shapes:
        """Shapes in degrees again, each vertex on the lattice."""
        middle = np.array([self.lon, self.lat])
        return np.asarray(shapely.transform(shapes, lambda xy: snap(xy / self.scale + middle)), dtype=object)
