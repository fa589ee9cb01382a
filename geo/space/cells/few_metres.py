"""Metres of a handful of points without compiled code: the same cells, by numpy, one point after another."""

from __future__ import annotations

import numpy as np

from geo.arrays import Floats
from geo.space.cells.gathering import edges_in, window
from geo.space.cells.layout import Cells
from geo.space.cells.metres import LONG, Projection, forward, frame_at, narrowing
from geo.space.cells.outlines import Places, feet, squares, squares_to

_TRIES = 8


def border_m(cells: Cells, projection: Projection, x: float, y: float) -> float:
    """Metres to the nearest border from a point on the lattice, degrees."""
    lattice = cells.lattice
    column, row = int((x - lattice.west) * lattice.across), int((y - lattice.south) * lattice.up)
    wide, high = least_steps(cells, projection, x, y)
    across = up = 1
    while True:
        upper = window(lattice, column - across, column + across + 1, row - up, row + up + 1)
        ends = edges_in(cells, upper).ends
        if len(ends):
            metres = float(np.sqrt(_squares_to_edges(projection, x, y, ends).min()))
            needed = int(metres / wide) + 1, int(metres / high) + 1
            if needed[0] <= across and needed[1] <= up:
                return metres
            across, up = max(across, needed[0]), max(up, needed[1])
        else:
            across, up = 3 * across, 3 * up


def least_steps(cells: Cells, projection: Projection, x: float, y: float) -> tuple[float, float]:
    """The least metres across an upper cell and up, seen from a point."""
    lattice = cells.lattice
    narrow = narrowing(lattice.columns / lattice.across)
    across = float(frame_at(projection, x, y).across)
    return across * narrow / lattice.across, float(np.radians(projection.least)) * narrow / lattice.up


def _squares_to_edges(projection: Projection, x: float, y: float, ends: Floats) -> Floats:
    """Squares (m,) of the metres from a point to edges; a long one is taken about its foot, where it is straight."""
    here = forward(projection, x, y)
    a, b = (forward(projection, ends[:, at], ends[:, at + 1]) - here for at in (0, 2))
    found = squares_to(a, b)
    length = np.sqrt(squares(b - a))
    bent = np.flatnonzero(length > LONG)
    if len(bent):
        share, half = feet(a, b)[bent], LONG / 2 / length[bent]
        found[bent] = _about_feet(projection, here, ends[bent], share, half)
    return found


def _about_feet(projection: Projection, here: complex, ends: Floats, share: Floats, half: Floats) -> Floats:
    a: Places
    b: Places
    for _ in range(_TRIES):
        low, high = np.maximum(0, share - half), np.minimum(1, share + half)
        a, b = (along(projection, ends, at) - here for at in (low, high))
        step = feet(a, b)
        share = low + step * (high - low)
        if (((step > 0) | (low == 0)) & ((step < 1) | (high == 1))).all():
            break
    return squares_to(a, b)


def along(projection: Projection, ends: Floats, share: Floats) -> Places:
    """Places (m,) so far along edges, 0 to 1."""
    xy = ends[:, :2] + share[:, None] * (ends[:, 2:] - ends[:, :2])
    return np.asarray(forward(projection, xy[:, 0], xy[:, 1]))
