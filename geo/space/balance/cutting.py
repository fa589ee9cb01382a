"""A block cut between its buildings: each piece is the ground nearest to some of them, bounded midway."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats, Ints, Shapes

_EVERY_M = 2.0
"""Metres between the points that stand for a rim: twice the narrowest gap, so that no middle enters a building."""
_STRAIGHTER_M = 1.0
_FAR = 4.0
"""Times the block's size at which four points outside keep the cells of the rim finite."""


def parted(xy: Floats, load: Floats, most: float) -> Ints:
    """A piece (n,) for each thing, none of more load than ``most`` unless it is one thing: halved the longest way.

    Points (n, 2) metres. The same things give the same pieces.
    """
    piece = np.zeros(len(xy), dtype=np.int64)
    open_, count = [np.arange(len(xy))], 1
    while open_:
        some = open_.pop()
        if len(some) < 2 or load[some].sum() <= most:
            continue
        around = xy[some] - xy[some].mean(axis=0)
        _, axes = np.linalg.eigh(around.T @ around)
        way = around @ axes[:, -1]
        order = np.lexsort((some, way))
        heavy = np.cumsum(load[some][order]) - load[some][order] / 2
        low = int(np.clip(np.searchsorted(heavy, load[some].sum() / 2), 1, len(some) - 1))
        one, other = np.sort(some[order[:low]]), np.sort(some[order[low:]])
        piece[other] = count
        count += 1
        open_ += [one, other]
    return piece


def between(block: BaseGeometry, obstacles: Shapes, piece: Ints) -> Shapes:
    """The block's ground by piece: what is nearer to its obstacles than to others', the obstacles themselves whole.

    Metres. Pieces number from 0, each with an obstacle or more.
    """
    whole = block.union(shapely.union_all(obstacles))
    xy, of = _rims(obstacles)
    cells = _cells(xy, piece[of], whole)
    straight = np.asarray(shapely.coverage_simplify(cells, _STRAIGHTER_M, simplify_boundary=False), dtype=object)
    chosen = cells if _cuts(straight, obstacles, piece) else straight
    return _whole(chosen, obstacles, piece)


def _rims(obstacles: Shapes) -> tuple[Floats, Ints]:
    dense = shapely.segmentize(shapely.boundary(obstacles), _EVERY_M)
    xy, of = shapely.get_coordinates(dense, return_index=True)
    _, first = np.unique(np.round(xy, 3), axis=0, return_index=True)
    first = np.sort(first)
    return xy[first], of[first].astype(np.int64)


def _cells(xy: Floats, label: Ints, ground: BaseGeometry) -> Shapes:
    """Voronoi cells of points united by label and clipped to a ground."""
    from scipy.spatial import Voronoi

    west, south, east, north = ground.bounds
    wide = _FAR * max(east - west, north - south, 1.0)
    middle = np.array([(west + east) / 2, (south + north) / 2])
    frame = middle + wide * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    made = Voronoi(np.concatenate([xy, frame]))
    rings = [made.vertices[made.regions[made.point_region[at]]] for at in range(len(xy))]
    cells = np.asarray([shapely.Polygon(ring) for ring in rings], dtype=object)
    joined = [shapely.coverage_union_all(cells[label == one]) for one in range(int(label.max()) + 1)]
    return np.asarray(shapely.intersection(np.asarray(joined, dtype=object), ground), dtype=object)


def _cuts(cells: Shapes, obstacles: Shapes, piece: Ints) -> bool:
    outside = shapely.area(shapely.difference(obstacles, cells[piece]))
    return bool((outside > 1e-3).any())


def _whole(cells: Shapes, obstacles: Shapes, piece: Ints) -> Shapes:
    """Cells without what of other pieces' obstacles lies in them, and with all of their own."""
    own = [shapely.union_all(obstacles[piece == one]) for one in range(len(cells))]
    found = []
    for one, cell in enumerate(cells):
        cell_own = shapely.union(cell, own[one])
        others = shapely.union_all(np.asarray([own[at] for at in range(len(cells)) if at != one], dtype=object))
        found.append(shapely.difference(cell_own, others) if shapely.intersects(cell_own, others) else cell_own)
    return np.asarray(found, dtype=object)
