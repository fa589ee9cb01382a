"""What a hand drew, made fit to redraw with: on the lattice, near borders on them, and said what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats, Shapes
from geo.crs import SNAP, snap
from geo.errors import Refused
from geo.space.partition import place_of_defect

SNAP_M = 0.5
"""Metres within which a drawing is pulled to a border, where nothing else is said."""
MOST_SNAP_M = 2.0
"""A wider pull folds small drawings."""

_M_PER_DEGREE = 111_319.49
_RING = 4
"""Points of a triangle, the first repeated."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A drawing on the lattice, and a line from each vertex that was pulled to where it is now."""

    shape: BaseGeometry
    pulled: BaseGeometry


def line_drawn(line: BaseGeometry, borders: Shapes, snap_m: float = SNAP_M) -> Drawn:
    """A line pulled to borders nearer than ``snap_m`` metres: to a vertex of theirs where one is that near.

    Raises Refused for what is no line, has no length, or is not on Earth, and for a pull that is too wide.
    """
    if line.geom_type not in ("LineString", "MultiLineString"):
        raise Refused(
            f"a line is wanted, of two points or more; this is a {line.geom_type}",
            zh=f"要一条线，至少两个点；这是 {line.geom_type}",
            where=line,
        )
    drawn = _pulled(_finite(line), borders, snap_m)
    if not shapely.length(drawn.shape):
        raise Refused(
            "a line is wanted, of two points or more; this one has no length",
            zh="要一条线，至少两个点；这条没有长度",
            where=line,
        )
    return drawn


def ground_drawn(ground: BaseGeometry, borders: Shapes, snap_m: float = SNAP_M) -> Drawn:
    """A polygon pulled to borders as :func:`line_drawn` does; one that only touches itself is taken as it is meant.

    Raises
    ------
    Refused
        For what is no polygon or has no ground, and for one that crosses itself so that it cannot be told what is
        inside, with the place.
    """
    if ground.geom_type not in ("Polygon", "MultiPolygon"):
        raise Refused(
            f"a polygon is wanted, of three points or more; this is a {ground.geom_type}",
            zh=f"要一块地，至少三个点；这是 {ground.geom_type}",
            where=ground,
        )
    drawn = _pulled(_finite(ground), borders, snap_m)
    meant = _meant(drawn.shape)
    if not shapely.area(meant):
        raise Refused(
            "a polygon is wanted, of three points or more; this one has no ground",
            zh="要一块地，至少三个点；这块没有面积",
            where=ground,
        )
    return Drawn(meant, drawn.pulled)


def _finite(shape: BaseGeometry) -> BaseGeometry:
    xy = shapely.get_coordinates(shape)
    if not np.isfinite(xy).all() or (np.abs(xy) > [180.0, 90.0]).any():
        raise Refused(
            "a drawing in degrees is wanted, longitude first; this one is not on Earth",
            zh="要以度为单位，经度在前；这不在地球上",
        )
    return shapely.force_2d(shape)


def _meant(shape: BaseGeometry) -> BaseGeometry:
    """The ground of an outline that crosses itself into loops side by side; valid ones as they are."""
    if shapely.is_valid(shape):
        return shape
    loops = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    evenly = shapely.make_valid(shape)
    if abs(shapely.area(loops) - shapely.area(evenly)) > SNAP * shapely.length(shape):
        detail = "the drawn outline crosses itself, and what lies inside cannot be told; draw it without crossing"
        raise Refused(detail, zh="画的外边自己交叉，分不清里外；不要交叉，重画", where=place_of_defect(shape))
    return loops


def _pulled(shape: BaseGeometry, borders: Shapes, snap_m: float) -> Drawn:
    if not 0 <= snap_m <= MOST_SNAP_M:
        raise Refused(
            f"snap_m of {snap_m:g}; 0 to {MOST_SNAP_M:g} metres can be pulled",
            zh=f"snap_m 是 {snap_m:g}；可吸附 0 到 {MOST_SNAP_M:g} 米",
        )
    xy = shapely.get_coordinates(shape)
    reach = snap_m / _M_PER_DEGREE
    to = snap(_near(xy, borders, reach) if reach > SNAP and len(borders) else xy)
    far = np.flatnonzero((np.abs(to - snap(xy)) > SNAP).any(axis=1))
    pulled = shapely.MultiLineString([*np.stack([xy[far], to[far]], axis=1)])
    return Drawn(_each_point_once(shapely.transform(shape, lambda _: to)), pulled)


def _each_point_once(shape: BaseGeometry) -> BaseGeometry:
    """A drawing without the points that a double click or a pull put in one place; what has no extent left is gone."""
    if shape.geom_type.endswith("LineString"):
        lines = [_runs(shapely.get_coordinates(part)) for part in shapely.get_parts(shape)]
        return shapely.MultiLineString([line for line in lines if len(line) > 1])
    parts = []
    for part in shapely.get_parts(shape):
        shell, *holes = (_runs(shapely.get_coordinates(ring)) for ring in shapely.get_rings(part))
        if len(shell) >= _RING:
            parts.append(shapely.Polygon(shell, [hole for hole in holes if len(hole) >= _RING]))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _runs(xy: Floats) -> Floats:
    """Points without those that repeat the one before."""
    new = np.ones(len(xy), dtype=np.bool_)
    new[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    return xy[new]


def _near(xy: Floats, borders: Shapes, reach: float) -> Floats:
    """Points (n, 2), each at the nearest vertex of a border within ``reach`` degrees, else at its nearest point."""
    squeeze = np.array([np.cos(np.radians(xy[:, 1].mean())), 1.0])
    flat = np.asarray(shapely.transform(borders, lambda at: at * squeeze), dtype=object)
    points = np.asarray(shapely.points(xy * squeeze), dtype=object)
    vertices = np.asarray(shapely.points(shapely.get_coordinates(flat)), dtype=object)
    to = xy.copy()
    for targets in (flat, vertices):  # a vertex comes last: it overrules
        which, nearest = shapely.STRtree(targets).query_nearest(points, max_distance=reach, all_matches=False)
        ways = shapely.shortest_line(points[which], targets[nearest])
        to[which] = shapely.get_coordinates(ways).reshape(-1, 2, 2)[:, 1] / squeeze
    return to
