"""What may not be cut: buildings, those that touch taken together, and compounds with all that stands in them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Ints, Shapes
from geo.space.arrangement import joined
from geo.space.partition import OUTSIDE

GAP_M = 1.0
"""Metres: buildings nearer than this are not parted, since no border fits between them."""

_OVERLAP_M2 = 1.0


def gathered(footprints: Shapes, compounds: Shapes) -> tuple[Shapes, Ints]:
    """Obstacles (k,), and the obstacle of each footprint and then of each compound (n + c,).

    Shapes are in metres, valid. Buildings nearer to each other than :data:`GAP_M` are one; a compound is one with what
    overlaps it by a square metre or more, so compounds side by side stay two.
    """
    things = np.concatenate([np.asarray(footprints, dtype=object), np.asarray(compounds, dtype=object)])
    if not len(things):
        return things, np.zeros(0, dtype=np.int64)
    tree = shapely.STRtree(things)
    a, b = tree.query(things, predicate="dwithin", distance=GAP_M)
    a, b = a[a < b], b[a < b]
    with_compound = b >= len(footprints)
    much = np.ones(len(a), dtype=np.bool_)
    common = shapely.area(shapely.intersection(things[a[with_compound]], things[b[with_compound]]))
    much[with_compound] = common >= _OVERLAP_M2
    mark = joined(len(things), a[much], b[much])
    _, of = np.unique(mark, return_inverse=True)
    order = np.argsort(of, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(of[order])) + 1)
    shapes = [things[group[0]] if len(group) == 1 else shapely.union_all(things[group]) for group in groups]
    return np.asarray(shapes, dtype=object), of.astype(np.int64)


def rerouted(lines: Shapes, obstacles: Shapes) -> list[BaseGeometry]:
    """Lines led around the obstacles they run through: what of them lies inside is left out, and the rim put in."""
    if not len(lines):
        return []
    tree = shapely.STRtree(obstacles)
    line, hit = tree.query(lines, predicate="intersects")
    inner = shapely.length(shapely.intersection(lines[line], obstacles[hit])) > GAP_M
    crossed = obstacles[np.unique(hit[inner])]
    if not len(crossed):
        return [*lines]
    left = shapely.difference(shapely.union_all(lines), shapely.union_all(crossed))
    return [left, *shapely.boundary(crossed)]


def parts_in(obstacles: Shapes, grounds: Shapes) -> tuple[Ints, Ints, np.ndarray]:
    """Pairs of an obstacle and a ground that share area, and the share of the obstacle's area, 0 to 1."""
    obstacle, ground = shapely.STRtree(grounds).query(obstacles, predicate="intersects")
    share = shapely.area(shapely.intersection(obstacles[obstacle], grounds[ground]))
    share = share / np.maximum(shapely.area(obstacles[obstacle]), 1e-9)
    some = share > 0
    return obstacle[some].astype(np.int64), ground[some].astype(np.int64), share[some]


def largest(n: int, owner: Ints, ground: Ints, share: np.ndarray) -> tuple[Ints, np.ndarray]:
    """For each of n owners the ground with its largest share, the lowest among equals, and that share; OUTSIDE, 0."""
    best, much = np.full(n, OUTSIDE, dtype=np.int64), np.zeros(n)
    rising = np.lexsort((-ground, share))
    best[owner[rising]], much[owner[rising]] = ground[rising], share[rising]
    return best, much
