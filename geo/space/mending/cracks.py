"""Thin ground between shapes: cracks cut off from wide ground, and networks of cracks cut into places.

Where every grid was drawn a little too small, one crack runs around all of them, and where it meets free ground it
becomes an arm of it. Measured whole, neither is within any limit. So free ground is cut where it is narrow: from each
of its corners straight to the nearest other shape within the width of a mend. What lies between two cuts is a piece.
"""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.crs import SNAP, area_m2, snap, snapped
from geo.space.arrangement import NEAR, thickness
from geo.space.mending.ledger import Limits, widths_m

_M_PER_DEGREE = 111_319.49
_TIP_M2 = 1.0


def free_ground(grids: Shapes, whole: BaseGeometry) -> Shapes:
    """Polygons (n,) of a whole that no grid covers, wider than snapping explains."""
    covered = shapely.union_all(grids, grid_size=SNAP)
    left = snapped(np.asarray([shapely.difference(whole, covered, grid_size=SNAP)], dtype=object))[0]
    parts = shapely.get_parts(left)
    parts = parts[shapely.get_type_id(parts) == 3]
    chosen: Shapes = parts[thickness(parts) > NEAR]
    return chosen


def cracks(free: Shapes, grids: Shapes, whole: BaseGeometry, limits: Limits, epsg: int) -> Shapes:
    """Pieces (n,) of free ground that are no wider than the limit, whatever their area; they do not overlap.

    Parameters
    ----------
    free
        Polygons that no grid covers.
    grids, whole
        The shapes beside it; a crack may also run between a grid and the rim of the whole.
    """
    if not len(free):
        return free
    narrow = widths_m(free, epsg, most=limits.width_m) <= limits.width_m
    small = narrow & (area_m2(free) <= limits.area_m2)
    pieces = [*free[small]]
    for ground in free[~small]:
        bridges = _bridges(ground, grids, whole, limits.width_m)
        parts = _cut(ground, bridges)
        thin = widths_m(parts, epsg, most=limits.width_m) <= limits.width_m
        pieces += [*parts[thin & ~_is_tip(parts, bridges)]]
    return np.asarray(pieces, dtype=object) if pieces else np.zeros(0, dtype=object)


def _bridges(ground: BaseGeometry, grids: Shapes, whole: BaseGeometry, width_m: float) -> Shapes:
    """Lines from corners of free ground to the nearest other shape within the width, through the ground alone."""
    south, north = ground.bounds[1], ground.bounds[3]
    squash = np.array([np.cos(np.radians((south + north) / 2)), 1.0])  # affine: straight edges stay straight
    reach = width_m / _M_PER_DEGREE
    near = grids[shapely.STRtree(grids).query(ground, predicate="dwithin", distance=reach)]
    rim = np.asarray([shapely.boundary(whole)], dtype=object)
    beside: Shapes = np.asarray(shapely.transform(np.concatenate([near, rim]), lambda xy: xy * squash))
    flat = shapely.transform(ground, lambda xy: xy * squash)
    corners = np.unique(shapely.get_coordinates(flat), axis=0)
    points = np.asarray(shapely.points(corners))
    corner, shape = shapely.STRtree(beside).query(points, predicate="dwithin", distance=reach)
    away = shapely.distance(points[corner], beside[shape])
    other = away > NEAR
    lines = _nearest(points, beside, corner[other], shape[other], away[other])
    if not len(lines):
        return lines
    shapely.prepare(flat)
    inside: Bools = shapely.contains_properly(flat, shapely.line_interpolate_point(lines, 0.5, normalized=True))
    ends = shapely.get_coordinates(lines[inside]).reshape(-1, 2, 2)
    made: Shapes = np.asarray(shapely.linestrings(snap(ends / squash)), dtype=object)
    return made


def _is_tip(parts: Shapes, bridges: Shapes) -> Bools:
    """Pieces under a square metre that one cut takes off: the sharp corners of wide ground, which are no cracks.

    A node that matching puts on a border near such a corner would else be the place of a cut the next time.
    """
    if not len(bridges):
        return np.zeros(len(parts), dtype=np.bool_)
    middles = shapely.line_interpolate_point(bridges, 0.5, normalized=True)
    part, _ = shapely.STRtree(middles).query(shapely.boundary(parts), predicate="dwithin", distance=NEAR)
    tip: Bools = (np.bincount(part, minlength=len(parts)) == 1) & (area_m2(parts) < _TIP_M2)
    return tip


def _nearest(points: Shapes, shapes: Shapes, point: Ints, shape: Ints, away: Floats) -> Shapes:
    """The shortest line of each point to the nearest of its shapes; the lowest position among equals."""
    rising = np.lexsort((shape, away, point))
    point, shape = point[rising], shape[rising]
    first = np.ones(len(point), dtype=np.bool_)
    first[1:] = point[1:] != point[:-1]
    lines: Shapes = np.asarray(shapely.shortest_line(points[point[first]], shapes[shape[first]]), dtype=object)
    return lines


def _cut(ground: BaseGeometry, lines: Shapes) -> Shapes:
    """Pieces of ground between lines, on the lattice."""
    if not len(lines):
        return np.asarray([ground], dtype=object)
    net = shapely.unary_union([shapely.boundary(ground), *lines], grid_size=SNAP)
    parts = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    shapely.prepare(ground)
    kept: Shapes = parts[shapely.intersects(ground, shapely.point_on_surface(parts))]
    return kept
