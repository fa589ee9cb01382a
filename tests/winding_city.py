"""A made city of leaves whose borders wind: as many vertices a leaf as real ones have. Seeded; nothing but ground."""

from __future__ import annotations

import numpy as np
import shapely

from geo.arrays import Codes, Floats, Shapes
from geo.crs import snap

ORIGIN = (117.0, 36.6)
STEP = 4e-3
"""Degrees between the corners of leaves, about 400 m."""
_WIGGLE = 0.12


def winding_city(side: int, bends: int = 21, seed: int = 7, step: float = STEP) -> tuple[Codes, Shapes]:
    """Codes, ascending, and shapes of ``side`` squared leaves, each with about four times ``bends`` vertices.

    ``step`` is degrees between their corners.
    """
    random = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0), indexing="ij"), axis=-1)
    corners += random.uniform(-_WIGGLE, _WIGGLE, corners.shape)
    across = [[_border(random, corners[i, j], corners[i + 1, j], bends) for j in range(side + 1)] for i in range(side)]
    up = [[_border(random, corners[i, j], corners[i, j + 1], bends) for j in range(side)] for i in range(side + 1)]
    rings = [
        np.concatenate([across[i][j], up[i + 1][j], across[i][j + 1][::-1], up[i][j][::-1]])
        for i in range(side)
        for j in range(side)
    ]
    shapes = [shapely.Polygon(snap(np.array(ORIGIN) + ring * step)) for ring in rings]
    codes = np.char.zfill(np.arange(len(shapes)).astype(np.str_), 6)
    return codes, np.asarray(shapely.remove_repeated_points(np.asarray(shapes, dtype=object)), dtype=object)


def _border(random: np.random.Generator, a: Floats, b: Floats, bends: int) -> Floats:
    """From a to b in as many edges, by a wave and some noise, never so far that it meets another border."""
    way = np.sort(random.uniform(0.03, 0.97, bends - 1))[:, None]
    wave = 0.6 * np.sin(12 * way + random.uniform(0, 6)) + random.uniform(-0.4, 0.4, (len(way), 1))
    along = b - a
    off = wave * _WIGGLE * np.minimum(way, 1 - way)
    return np.concatenate([a[None], a + along * way + np.array([-along[1], along[0]]) * off, b[None]])
