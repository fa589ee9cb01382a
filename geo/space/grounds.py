"""Layers of shapes held against each other: what lies twice, beyond its parent, or in no one's hands.

A cancelled sum of edges answers first, exactly and cheaply; only what it leaves open is cut. Ground no wider than a
few steps of the lattice is a difference of nodes and never told.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Ints, Shapes
from geo.crs import SNAP, area_m2, snapped
from geo.space.arrangement import NEAR, thickness
from geo.space.partition import OUTSIDE, Fault, edges_of, mismatch, place_of_defect, whole_of


def fitted(shapes: Shapes, first: int) -> tuple[Shapes, list[Fault]]:
    """Shapes made valid and snapped, so that they can be reckoned with, and what was unfit about them.

    Missing and empty shapes come back as empty polygons. ``first`` is the position of the first in the findings. What
    only snapping makes invalid is set right in silence: it is no defect of the source.
    """
    shapes = np.asarray(shapes, dtype=object)
    shapes = shapes.copy()
    shapes[shapely.is_missing(shapes)] = shapely.Polygon()
    shapes = flat(shapes)
    empty, valid = shapely.is_empty(shapes), shapely.is_valid(shapes)
    found = [Fault("empty", shapely.Point(), 0.0, (first + int(at),)) for at in np.flatnonzero(empty)]
    for at in np.flatnonzero(~valid):
        found.append(Fault("invalid", place_of_defect(shapes[at]), 0.0, (first + int(at),)))
    shapes[~valid] = shapely.make_valid(shapes[~valid], method="structure", keep_collapsed=False)
    on_grid = snapped(shapes)
    bent = ~shapely.is_valid(on_grid)
    on_grid[bent] = snapped(shapely.set_precision(shapes[bent], SNAP))
    return np.asarray(shapely.remove_repeated_points(on_grid), dtype=object), found


def flat(shapes: Shapes) -> Shapes:
    """The shapes without heights; most have none, and are not made anew."""
    has_height = np.asarray(shapely.has_z(shapes), dtype=np.bool_)
    if has_height.any():
        shapes = shapes.copy()
        shapes[has_height] = shapely.force_2d(shapes[has_height])
    return shapes


def closed(children: Shapes, parent: Ints, parents: Shapes) -> Bools:
    """Whether each parent's edges are exactly what its children's edges leave over: then they divide it.

    ``parent`` (n,) is the position of each child's parent, OUTSIDE for none.
    """
    known = parent != OUTSIDE
    shapes = np.concatenate([children[known], parents])
    owner = np.concatenate([parent[known], np.arange(len(parents))])
    edges = edges_of(shapes, np.arange(len(shapes)))
    sign = np.where(edges.owner < int(known.sum()), 1, -1) * np.where(edges.tail < edges.head, 1, -1)
    key = owner[edges.owner] * (int(edges.pair.max(initial=0)) + 1) + edges.pair
    keys, which = np.unique(key, return_inverse=True)
    open_ = keys[np.bincount(which, weights=sign, minlength=len(keys)) != 0] // (int(edges.pair.max(initial=0)) + 1)
    answer = ~shapely.is_empty(parents)
    answer[open_] = False
    return answer


def wide_parts(shape: BaseGeometry) -> Shapes:
    """Polygons of a shape that are wider than snapping explains."""
    parts = shapely.get_parts(shape)
    parts = parts[shapely.get_type_id(parts) == 3]
    chosen: Shapes = parts[thickness(parts) > NEAR]
    return chosen


def _told(kind: str, parts: Shapes, parties: tuple[int, ...]) -> Fault:
    return Fault(kind, one_of(parts), float(area_m2(parts).sum()), parties)


def one_of(parts: Shapes) -> BaseGeometry:
    """Polygons as one shape."""
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))


def overlaps(shapes: Shapes, first: int) -> list[Fault]:
    """One fault for each two shapes that hold the same ground; positions count from ``first``.

    Ground that two shapes share, or leave between them, within the snap is told once for all as ``hair``: matching sets
    it right.
    """
    whole = whole_of(shapes)
    if not len(mismatch(shapes, whole)[0]):
        return []
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    common = shapely.intersection(shapes[a], shapes[b])
    found: list[Fault] = []
    hair: list[BaseGeometry] = [hole for hole in holes_of(whole) if not len(wide_parts(hole))]
    parties: set[int] = set()
    for at in np.flatnonzero(shapely.area(common) > 0):
        pair = (first + int(a[at]), first + int(b[at]))
        if len(parts := wide_parts(common[at])):
            found.append(_told("overlap", parts, pair))
        else:
            hair += [part for part in shapely.get_parts(common[at]) if part.area > 0]
            parties.update(pair)
    if hair:
        found.append(replace(_told("hair", np.asarray(hair, dtype=object), ()), parties=tuple(sorted(parties))))
    return found


def holes_of(whole: BaseGeometry) -> Shapes:
    """The holes of a shape, as polygons."""
    parts = shapely.get_parts(whole)
    rings, of_part = shapely.get_rings(parts[shapely.get_type_id(parts) == 3], return_index=True)
    inner = np.zeros(len(rings), dtype=np.bool_)
    inner[1:] = of_part[1:] == of_part[:-1]
    return np.asarray([shapely.Polygon(ring) for ring in rings[inner]], dtype=object)


def beyond(shapes: Shapes, parent: Ints, parents: Shapes, kind: str, first: tuple[int, int]) -> list[Fault]:
    """One fault for each shape with ground outside its parent: (shape, parent), counted from the two firsts.

    Shapes without a parent, or whose parent has no ground, are not judged.
    """
    judged = np.flatnonzero(parent != OUTSIDE)
    judged = judged[~shapely.is_empty(parents[parent[judged]])]
    over = shapely.difference(shapes[judged], parents[parent[judged]])
    found = []
    for at in np.flatnonzero(shapely.area(over) > 0):
        if len(parts := wide_parts(over[at])):
            child = int(judged[at])
            found.append(_told(kind, parts, (first[0] + child, first[1] + int(parent[child]))))
    return found


def rests(areas: Shapes, taken: Shapes) -> list[Shapes]:
    """For each area the polygons of its ground that no taken shape covers, wider than snapping explains."""
    tree = shapely.STRtree(taken)
    area, other = tree.query(areas, predicate="intersects")
    found = []
    for at, shape in enumerate(areas):
        cover = shapely.union_all(taken[other[area == at]], grid_size=SNAP)
        left = snapped(np.asarray([shapely.difference(shape, cover, grid_size=SNAP)], dtype=object))[0]
        found.append(wide_parts(left))
    return found
