"""Metres to the borders: what an accuracy or a tolerance is measured with, from the cells of an index alone.

The nearest border of all is the nearest border of the leaf that holds the point, since the way to any other crosses it
first. From outside it is the nearest piece of the outline.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from geo.arrays import Floats, Positions
from geo.crs import from_metres, shapes_to_metres, to_metres
from geo.space.cells.few_metres import border_m
from geo.space.cells.index import FEW, CellIndex, shared_out
from geo.space.cells.metres import EXPRESSIBLE, Projection, forward, projection_of
from geo.space.cells.outlines import Outline
from geo.space.partition import OUTSIDE

_DISCS = 1 << 12  # discs measured at once
_QUARTER = 32  # sides of a quarter of a disc; the polygon has 0.04 % less ground, and shares are of the polygon


@dataclass(frozen=True, eq=False)
class Borders:
    """Every border of a partition, measured in a metric CRS; safe to ask from many threads."""

    index: CellIndex
    projection: Projection

    @classmethod
    def of(cls, index: CellIndex, epsg: int) -> Borders:
        """Borders in the metric CRS ``epsg``. Raises Refused where that is no transverse Mercator projection."""
        return cls(index, projection_of(epsg))

    @cached_property
    def outline(self) -> Outline:
        """The outline of the city, made when first asked for; made twice by two threads it is the same."""
        return Outline.of(self.index.cells, self.projection)

    def distance_m(self, lonlat: Floats, positions: Positions) -> Floats:
        """Metres (n,) to the nearest border; NaN where the point is not finite or the CRS cannot express it.

        Parameters
        ----------
        positions
            (n,) of the leaves that hold the points.
        """
        metres = np.full(len(lonlat), np.nan)
        inside = positions != OUTSIDE
        metres[inside] = self._inside(lonlat[inside])
        metres[~inside] = self.nearest(lonlat[~inside])[1]
        return metres

    def _inside(self, lonlat: Floats) -> Floats:
        cells = self.index.cells
        if len(lonlat) <= FEW:
            return np.array([border_m(cells, self.projection, x, y) for x, y in lonlat.tolist()], dtype=np.float64)
        from geo.space.cells import distances

        metres = np.empty(len(lonlat))
        shared_out(
            len(lonlat), lambda rows: distances.border_distances(cells, self.projection, lonlat[rows], metres[rows])
        )
        return metres

    def nearest(self, lonlat: Floats) -> tuple[Positions, Floats]:
        """Lowest position (n,) among the leaves whose ground is nearest to points outside, and metres to it.

        OUTSIDE and NaN where the point is not finite or the CRS cannot express it.
        """
        position, metres = np.full(len(lonlat), OUTSIDE, dtype=np.int32), np.full(len(lonlat), np.nan)
        finite = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        places = forward(self.projection, *lonlat[finite].T)
        good = np.abs(places.imag) <= EXPRESSIBLE * self.projection.radius
        known, places = finite[good], places[good]
        if len(known) <= FEW:
            for at, place in zip(known.tolist(), places.tolist(), strict=True):
                position[at], metres[at] = self.outline.nearest(place)
            return position, metres
        from geo.space.cells import distances

        outline, lowest, nearest_m = self.outline, np.empty(len(known), dtype=np.int32), np.empty(len(known))
        shared_out(
            len(known), lambda rows: distances.outline_distances(outline, places[rows], lowest[rows], nearest_m[rows])
        )
        position[known], metres[known] = lowest, nearest_m
        return position, metres


def shares(tree: shapely.STRtree, lonlat: Floats, radius_m: Floats, epsg: int) -> list[list[tuple[int, float]]]:
    """Share of a disc around each point that lies in each leaf: (position, share), descending, ties lowest position.

    Parameters
    ----------
    tree
        Over the leaves, degrees WGS 84.
    lonlat
        (n, 2) finite degrees.
    radius_m
        (n,) above 0. What the shares of a point lack to 1 lies outside the city.
    """
    found: list[list[tuple[int, float]]] = []
    for start in range(0, len(lonlat), _DISCS):
        rows = slice(start, start + _DISCS)
        found += _shares(tree, lonlat[rows], radius_m[rows], epsg)
    return found


def _shares(tree: shapely.STRtree, lonlat: Floats, radius_m: Floats, epsg: int) -> list[list[tuple[int, float]]]:
    discs = shapely.buffer(shapely.points(to_metres(lonlat, epsg)), radius_m, quad_segs=_QUARTER)
    there = shapely.transform(discs, lambda xy: from_metres(xy, epsg))
    row, near = tree.query(there, predicate="intersects")
    pieces = shapes_to_metres(shapely.intersection(tree.geometries[near], there[row]), epsg)
    share = np.round(shapely.area(pieces) / shapely.area(discs)[row], 9)
    order = np.lexsort((near, -share, row))
    order = order[share[order] > 0]
    found: list[list[tuple[int, float]]] = [[] for _ in discs]
    for at, position, one in zip(row[order].tolist(), near[order].tolist(), share[order].tolist(), strict=True):
        found[at].append((position, one))
    return found
