"""Points on which an index goes wrong if it can: on vertices and edges of leaves, a step off, at corners of cells."""

from __future__ import annotations

import numpy as np
import shapely

from geo.arrays import Floats, Positions, Shapes
from geo.space.cells.layout import Lattice


def hard_points(shapes: Shapes, lattice: Lattice, seed: int, n: int) -> Floats:
    """About 9 n points (m, 2): n of each kind, from vertices and edges chosen at random."""
    random = np.random.default_rng(seed)
    xy, ring = shapely.get_coordinates(shapely.boundary(shapes), return_index=True)
    starts = random.choice(np.flatnonzero(ring[1:] == ring[:-1]), n)
    a, b = xy[starts], xy[starts + 1]
    share = random.random((n, 1))
    corners = random.integers(0, [lattice.columns * 8, lattice.rows * 8], (n, 2)) / 8
    low, high = xy.min(axis=0), xy.max(axis=0)
    return np.concatenate(
        [
            a,
            (a + b) / 2,
            a + share * (b - a),
            np.nextafter(a, np.inf),
            np.nextafter(a, -np.inf),
            a + np.stack([random.choice([-1e-8, 0, 1e-8], n), random.choice([-1e-15, 0, 1e-15], n)], axis=1),
            np.stack([random.choice(xy[:, 0], n), random.choice(xy[:, 1], n)], axis=1),
            np.array([lattice.west, lattice.south]) + corners / [lattice.across, lattice.up],
            random.uniform(low - (high - low) / 50, high + (high - low) / 50, (n, 2)),
        ]
    )


def by_shapely(shapes: Shapes, lonlat: Floats) -> Positions:
    """The lowest position (n,) of the shapes that cover each point by GEOS, -1 for none."""
    tree = shapely.STRtree(shapes)
    point, leaf = tree.query(shapely.points(lonlat))
    covers = shapely.intersects_xy(shapes[leaf], lonlat[point, 0], lonlat[point, 1])
    best = np.full(len(lonlat), len(shapes), dtype=np.int64)
    np.minimum.at(best, point[covers], leaf[covers])
    return np.where(best == len(shapes), -1, best).astype(np.int32)
