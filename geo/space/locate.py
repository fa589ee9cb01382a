"""Which leaf is this point in: containment, and nothing else.

``GridIndex`` stands on the cells of :mod:`geo.space.cells` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from threading import Lock

import numpy as np
import shapely

from geo.arrays import Codes, Floats, Positions, Shapes
from geo.errors import Refused
from geo.space.cells.index import CellIndex
from geo.space.cells.spreads import Kind, Shares, ordered
from geo.space.nearness import Borders
from geo.space.partition import OUTSIDE


@dataclass(frozen=True, eq=False)
class GridIndex:
    """Leaves that can be asked; immutable, and safe to ask from many threads.

    ``codes`` (n,) ascend, so the lowest position is the lowest code.
    """

    codes: Codes
    metric_epsg: int
    cells: CellIndex

    @classmethod
    def build(cls, codes: Codes, shapes: Shapes, metric_epsg: int) -> GridIndex:
        """Index over leaves of a partition.

        Raises
        ------
        Refused
            When codes do not ascend or repeat, are not as many as shapes, a shape is no polygon, or the leaves reach
            across the 180° meridian.
        Broken
            When leaves overlap or are no valid polygons; with the place as ``where``.
        """
        codes, shapes = np.asarray(codes, dtype=np.str_), np.asarray(shapes, dtype=object)
        _refuse_unfit(codes, shapes)
        return cls(codes, metric_epsg, CellIndex.build(codes, shapes))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the city, degrees, a millionth wider than its ground."""
        lattice = self.cells.cells.lattice
        east, north = lattice.west + lattice.columns / lattice.across, lattice.south + lattice.rows / lattice.up
        return (lattice.west, lattice.south, east, north)

    @cached_property
    def borders(self) -> Borders:
        """The borders in metres, made when first asked for."""
        with _building:
            return self.__dict__.get("borders") or Borders.of(self.cells, self.metric_epsg)

    def locate(self, lonlat: Floats) -> Positions:
        """Position (n,) of the leaf that covers each point; on a border the lowest; -1 for none.

        Parameters
        ----------
        lonlat
            (n, 2) degrees WGS 84, longitude first; not finite answers -1. Exact over the stored doubles.
        """
        return self.cells.positions(points_of(lonlat))

    def border_m(self, lonlat: Floats, positions: Positions | None = None, limit_m: float = np.inf) -> Floats:
        """Metres (n,) to the nearest border of the leaf that holds each point; outside, to the city; NaN not finite.

        Parameters
        ----------
        lonlat
            (n, 2) degrees.
        positions
            (n,) what ``locate`` answered, where that is known already.
        limit_m
            Metres from which on a border inside the city is told as infinitely far; a small limit costs a fraction.
        """
        lonlat = points_of(lonlat)
        return self.borders.distance_m(lonlat, self.locate(lonlat) if positions is None else positions, limit_m)

    def nearest(self, lonlat: Floats) -> tuple[Positions, Floats]:
        """Position (n,) of the nearest leaf and metres to it: 0 inside; ties lowest; -1 and NaN where not finite."""
        lonlat = points_of(lonlat)
        position = self.locate(lonlat)
        metres = np.zeros(len(lonlat))
        away = np.flatnonzero(position == OUTSIDE)
        position[away], metres[away] = self.borders.nearest(lonlat[away])
        return position, metres

    def shares(self, lonlat: Floats, accuracy_m: Floats | float, kind: Kind = "disc") -> Shares:
        """The leaves that each point may lie in, and how likely it lies in each.

        Parameters
        ----------
        lonlat
            (n, 2) degrees; not finite: in no leaf.
        accuracy_m
            (n,) or one for all. Not finite or not above 0: the leaf that holds the point, alone.
        kind
            ``disc``: the point lies anywhere within the accuracy, evenly. ``gaussian``: it is normally distributed
            about its position, 68 % within the accuracy.
        """
        lonlat = points_of(lonlat)
        accuracy_m = np.broadcast_to(np.asarray(accuracy_m, dtype=np.float64), len(lonlat))
        position = self.locate(lonlat)
        is_wide = np.isfinite(lonlat).all(axis=1) & np.isfinite(accuracy_m) & (accuracy_m > 0)
        wide, sure = np.flatnonzero(is_wide), np.flatnonzero(~is_wide & (position != OUTSIDE))
        told = self.borders.shares(lonlat[wide], accuracy_m[wide], kind)
        return ordered(
            np.concatenate([np.repeat(wide, np.diff(told.begins)), sure]),
            np.concatenate([told.position, position[sure]]),
            np.concatenate([told.share, np.ones(len(sure))]),
            len(lonlat),
        )

    def candidates(
        self, lonlat: Floats, accuracy_m: Floats | float, kind: Kind = "disc"
    ) -> list[list[tuple[int, float]]]:
        """For each point the leaves it may lie in: (position, probability), descending, ties lowest position.

        As :meth:`shares`. What the probabilities lack to 1 lies outside the city.
        """
        told = self.shares(lonlat, accuracy_m, kind)
        pairs = list(zip(told.position.tolist(), told.share.tolist(), strict=True))
        return [pairs[begin:end] for begin, end in pairwise(told.begins.tolist())]


_building = Lock()


def points_of(lonlat: Floats) -> Floats:
    """The points as (n, 2) float64.

    Raises
    ------
    Refused
        For any other shape.
    """
    points = np.asarray(lonlat, dtype=np.float64)
    if points.size == 0:
        return points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise Refused(f"points must be n rows of longitude and latitude, not an array of shape {points.shape}")
    return points


def _refuse_unfit(codes: Codes, shapes: Shapes) -> None:
    if len(codes) != len(shapes) or not len(codes):
        raise Refused(f"an index needs one shape for each code and at least one; got {len(codes)} and {len(shapes)}")
    if not (codes[:-1] < codes[1:]).all():
        at = int(np.flatnonzero(codes[:-1] >= codes[1:])[0])
        raise Refused(f"codes must ascend and be unique; {codes[at]!r} is followed by {codes[at + 1]!r}")
    wrong = ~np.isin(shapely.get_type_id(shapes), [3, 6]) | shapely.is_empty(shapes)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise Refused(f"the leaf {codes[at]!r} has no polygon; each leaf must be a polygon or multipolygon with ground")
    _refuse_across_180(codes, shapes)


def _refuse_across_180(codes: Codes, shapes: Shapes) -> None:
    west, _, east, _ = shapely.bounds(shapes).T
    if west.min() >= -180 and east.max() <= 180 and east.max() - west.min() <= 180:
        return
    first, last = int(west.argmin()), int(east.argmax())
    raise Refused(
        f"the leaf {str(codes[first])!r} reaches to {west[first]}° and {str(codes[last])!r} to {east[last]}°: a city "
        "across the 180° meridian cannot be indexed; its longitudes must lie between -180 and 180 and span at most 180",
        where=shapely.MultiPoint(shapely.get_coordinates(shapely.point_on_surface(shapes[[first, last]]))),
    )
