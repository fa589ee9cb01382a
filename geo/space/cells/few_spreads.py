"""Shares of the spreads of a handful of points without compiled code: the same integrals, by numpy, one by one."""

from __future__ import annotations

import numpy as np

from geo.arrays import Bools, Floats, Ints, Positions
from geo.space.cells.few import Handful, side_of
from geo.space.cells.few_metres import along, least_steps
from geo.space.cells.gathering import edges_in, window
from geo.space.cells.layout import NOBODY, Cells, Edges
from geo.space.cells.metres import Projection, forward
from geo.space.cells.outlines import Places, squares, squares_to
from geo.space.cells.spreads import INTERVAL, NODES, PIECE_M, STEP, TOUCH_M, TRIES, TURN, WEIGHTS

_BESIDE_M = 0.05  # far more than a piece of an edge bends


def shares_of(cells: Cells, handful: Handful, projection: Projection, spread: Floats) -> tuple[Positions, Floats]:
    """Positions (k,) of the leaves that a spread lies in, and shares; ``spread`` (4,) as for the kernel."""
    x, y, reach, sigma = spread.tolist()
    for again in range(TRIES):
        step = STEP * min(again, 1) * (1 + again / 4)
        there = (x + step * np.cos(TURN * again), y + step * np.sin(TURN * again))
        found = _beyond(cells, projection, there, reach, sigma)
        if found is not None:
            break
    sides, share = found or (np.zeros((0, 2), dtype=np.int32), np.zeros(0))
    slots = np.concatenate([sides[:, 0], sides[:, 1]])
    known = slots != NOBODY
    holds = handful.position(*there)
    positions = np.append(cells.position_of[slots[known]], [holds] if holds >= 0 else [])
    shares = np.append(np.concatenate([-share, share])[known], [1.0] if holds >= 0 else [])
    unique, which = np.unique(positions, return_inverse=True)
    return unique.astype(np.int32), np.bincount(which, shares, len(unique)).astype(np.float64)


def _beyond(
    cells: Cells, projection: Projection, point: tuple[float, float], reach: float, sigma: float
) -> tuple[Positions, Floats] | None:
    """Sides (m, 2) of edges and the share that goes from their left to their right; None for a point on an edge."""
    edges = _within_reach(cells, projection, point, reach)
    here = forward(projection, *point)
    a, b, of = _pieces(edges, projection, here, reach)
    square = squares_to(a, b)
    if (square < TOUCH_M**2).any():
        return None
    cross = a.imag * b.real - a.real * b.imag
    dot = a.real * b.real + a.imag * b.imag
    angle = np.arctan2(cross, dot)
    for at in np.flatnonzero((dot < 0) & (square < _BESIDE_M**2)).tolist():
        beside = side_of(edges.ends[of[at]].tolist(), *point)
        if beside == 0:
            return None
        if beside * angle[at] < 0:
            angle[at] += 2 * np.pi * beside
    within = cross * _means(a, b, sigma) if sigma else cross / (reach * reach)
    return edges.sides[of], (angle - within) / (2 * np.pi)


def _within_reach(cells: Cells, projection: Projection, point: tuple[float, float], reach: float) -> Edges:
    lattice = cells.lattice
    column, row = (point[0] - lattice.west) * lattice.across, (point[1] - lattice.south) * lattice.up
    wide, high = (reach / step for step in least_steps(cells, projection, *point))
    bounds = np.clip([column - wide, column + wide + 1], 0, lattice.columns).astype(int).tolist()
    bounds += np.clip([row - high, row + high + 1], 0, lattice.rows).astype(int).tolist()
    return edges_in(cells, window(lattice, *bounds))


def _pieces(edges: Edges, projection: Projection, here: complex, reach: float) -> tuple[Places, Places, Ints]:
    """Ends of pieces of edges within reach, short enough to be straight in metres; and the edge each is of."""
    a, b = (forward(projection, edges.ends[:, at], edges.ends[:, at + 1]) - here for at in (0, 2))
    count = np.maximum(1, np.ceil(np.abs(b - a) / PIECE_M)).astype(np.int64)
    of = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    low: Floats = step / count[of]
    high: Floats = (step + 1) / count[of]
    start, stop = a[of], b[of]

    def put(places: Places, which: Bools, share: Floats) -> None:
        places[which] = along(projection, edges.ends[of[which]], share[which]) - here

    put(start, low > 0, low)
    put(stop, high < 1, high)
    begin, end = _inside(start, stop, reach)
    near = np.flatnonzero(begin < end)
    start, stop, of, low, high = start[near], stop[near], of[near], low[near], high[near]
    begin, end = begin[near], end[near]
    # cut where the edge is, which is bent in metres, and not where the piece is
    put(start, begin > 0, low + begin * (high - low))
    put(stop, end < 1, low + end * (high - low))
    return start, stop, of


def _inside(a: Places, b: Places, reach: float) -> tuple[Floats, Floats]:
    """From where to where along each way it lies within the reach of the origin."""
    way = b - a
    length = squares(way)
    length = np.where(length == 0, np.inf, length)
    middle = -(a.real * way.real + a.imag * way.imag) / length
    half = np.sqrt(np.maximum(0, middle * middle - (squares(a) - reach * reach) / length))
    return np.maximum(0, middle - half), np.minimum(1, middle + half)


def _means(a: Places, b: Places, sigma: float) -> Floats:
    """Mean of ``(1 - exp(-r² / 2 sigma²)) / r²`` along each way from a to b."""
    count = np.maximum(1, np.ceil(np.abs(b - a) / (INTERVAL * sigma))).astype(np.int64)
    of = np.repeat(np.arange(len(a)), count)
    step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    share = (step[:, None] + (NODES + 1) / 2) / count[of][:, None]
    r2 = squares(a[of][:, None] + share * (b - a)[of][:, None])
    sums = (WEIGHTS * -np.expm1(-r2 / (2 * sigma * sigma)) / r2).sum(axis=1)
    return np.asarray(np.bincount(of, weights=sums, minlength=len(a)) / (2 * count))
