"""Metres to the borders, and the shares of a disc: what an accuracy or a tolerance is measured with.

Borders are kept once, in the city's metric CRS, cut into short chains under a tree. The nearest border of all is the
nearest border of the leaf that holds the point, since the way to any other crosses it first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.arrays import Floats, Ints, Shapes
from geo.crs import densified, from_metres, shapes_to_metres, to_metres
from geo.space.partition import OUTSIDE, edges_of

_CHAIN = 16  # edges in one chain
_CHUNK = 1 << 16  # points looked up at once
_DISCS = 1 << 12  # discs measured at once
_QUARTER = 32  # sides of a quarter of a disc; the polygon has 0.04 % less ground, and shares are of the polygon


@dataclass(frozen=True, eq=False)
class Borders:
    """Every border of a partition, in metres. ``lowest[i]`` is the lowest position among chain i's two leaves."""

    tree: shapely.STRtree
    lowest: Ints
    epsg: int

    @classmethod
    def build(cls, shapes: Shapes, epsg: int) -> Borders:
        """Borders of shapes (degrees WGS 84) in a metric CRS; edges that would bend by 1 cm there get more nodes."""
        edges = edges_of(shapes)
        right = edges.right
        once = np.flatnonzero((right == OUTSIDE) | (edges.owner < right))
        chain = _chained(edges.tail[once], edges.head[once], edges.owner[once] * (len(shapes) + 1) + right[once])
        lines = _lines(edges.ends[once], chain)
        metric = shapes_to_metres(densified(lines, lambda xy: to_metres(xy, epsg), 1.0), epsg)
        first = np.flatnonzero(np.diff(chain, prepend=-1))
        tree = shapely.STRtree(metric)
        tree.query(shapely.Point(0, 0))  # builds it now, so that threads only read
        return cls(tree, edges.owner[once][first], epsg)

    def distance_m(self, lonlat: Floats) -> Floats:
        """Metres (n,) to the nearest border; NaN where the point is not finite or the CRS cannot express it."""
        return self.nearest(lonlat)[1]

    def nearest(self, lonlat: Floats) -> tuple[Ints, Floats]:
        """Lowest position (n,) among the leaves whose border is nearest, and metres to it; OUTSIDE and NaN for none."""
        position = np.full(len(lonlat), OUTSIDE, dtype=np.int64)
        metres = np.full(len(lonlat), np.nan)
        for start in range(0, len(lonlat), _CHUNK):
            rows = slice(start, start + _CHUNK)
            position[rows], metres[rows] = self._nearest(lonlat[rows])
        return position, metres

    def _nearest(self, lonlat: Floats) -> tuple[Ints, Floats]:
        xy = to_metres(lonlat, self.epsg)
        good = np.flatnonzero(np.isfinite(xy).all(axis=1))
        (point, chain), distance = self.tree.query_nearest(
            shapely.points(xy[good]), return_distance=True, all_matches=True
        )
        position = np.full(len(xy), np.iinfo(np.int64).max, dtype=np.int64)
        np.minimum.at(position, good[point], self.lowest[chain])
        metres = np.full(len(xy), np.nan)
        metres[good[point]] = distance
        position[np.isnan(metres)] = OUTSIDE
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


def _chained(tail: Ints, head: Ints, sides: Ints) -> Ints:
    """Chain number (ascending) of each edge: runs that join end to end between the same leaves, cut to length."""
    follows = np.zeros(len(tail), dtype=np.bool_)
    follows[1:] = (head[:-1] == tail[1:]) & (sides[:-1] == sides[1:])
    run = np.cumsum(~follows) - 1
    start = np.flatnonzero(~follows)
    within = np.arange(len(tail)) - start[run]
    begins: NDArray[np.bool_] = within % _CHAIN == 0
    return np.cumsum(begins) - 1


def _lines(ends: Floats, chain: Ints) -> Shapes:
    """One line for each chain of edges."""
    last = np.diff(chain, append=-1) != 0
    points = np.arange(len(ends)) + np.cumsum(last) - last  # place of each edge's start among all vertices
    xy = np.empty((len(ends) + int(last.sum()), 2))
    of = np.empty(len(xy), dtype=np.int64)
    xy[points], of[points] = ends[:, :2], chain
    xy[points[last] + 1], of[points[last] + 1] = ends[last, 2:], chain[last]
    return np.asarray(shapely.linestrings(xy, indices=of), dtype=object)
