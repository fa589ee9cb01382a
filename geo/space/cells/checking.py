"""Whether edges are those of a partition: none crosses another, and each has on its sides the leaves it says.

What lies on a side is the sum of the slots of all leaves there. Slots are above 0, so the sum is the one leaf that the
edge names only where no other lies there too. Two leaves that overlap without a crossing edge are seen at the middle
of an edge of the inner one; with one, at the crossing. Leaves that touch along edges of different length are named as
well, and whether they overlap is for the caller to find out.
"""

from __future__ import annotations

import numpy as np

from geo.arrays import Bools, Floats, Positions
from geo.space.cells.building import Window
from geo.space.cells.compiling import kernel
from geo.space.cells.lattices import SLACK, beyond, column_of, crosses, latitude_of, longitude_of, row_of
from geo.space.cells.layout import Edges
from geo.space.cells.orientation import side


def doubtful_edges(edges: Edges, window: Window) -> Positions:
    """Numbers of edges that cross another or do not have on their sides what they say; none in a proved partition."""
    doubtful = np.zeros(len(edges.ends), dtype=np.bool_)
    _check(edges, window, doubtful)
    return np.flatnonzero(doubtful).astype(np.int32)


@kernel
def _check(edges: Edges, window: Window, doubtful: Bools) -> None:
    lattice = window.lattice
    for cell in range(len(window.labels)):
        crossing = window.listed[window.starts[cell] : window.starts[cell + 1]]
        _check_crossings(edges.ends, crossing, doubtful)
        column, row = cell % lattice.columns, cell // lattice.columns
        right = longitude_of(lattice, column + 1.0 + SLACK)
        x, y = longitude_of(lattice, column + 0.5), latitude_of(lattice, row + 0.5)
        label = window.labels[cell] - _crossed(edges, crossing, -1, right, x, y)
        for edge in crossing:
            x = (edges.ends[edge, 0] + edges.ends[edge, 2]) / 2
            y = (edges.ends[edge, 1] + edges.ends[edge, 3]) / 2
            if np.floor(column_of(lattice, x)) != column or np.floor(row_of(lattice, y)) != row:
                continue
            # the ray from the middle of a level edge runs just above it, from any other it begins right of the edge
            is_level = edges.ends[edge, 1] == edges.ends[edge, 3]
            beside = label + _crossed(edges, crossing, -1 if is_level else edge, right, x, y)
            doubtful[edge] |= beside != edges.sides[edge, 0 if is_level else 1]


@kernel
def _crossed(edges: Edges, crossing: Positions, without: int, right: float, x: float, y: float) -> int:
    """What the edges of a cell that are crossed on the way to its right side add up to, one edge left out."""
    total = 0
    for edge in crossing:
        if edge != without and crosses(edges.ends, edge, beyond(edges.ends, edge, right), x, y):
            total += edges.sides[edge, 0] - edges.sides[edge, 1]
    return total


@kernel
def _check_crossings(ends: Floats, crossing: Positions, doubtful: Bools) -> None:
    for first in range(len(crossing)):
        for second in range(first + 1, len(crossing)):
            one, other = crossing[first], crossing[second]
            if _cross(ends, one, other):
                doubtful[one] = True
                doubtful[other] = True


@kernel
def _cross(ends: Floats, one: int, other: int) -> bool:
    """Whether two edges cross between their ends: each has its ends strictly on both sides of the other."""
    if ends[one, 1] >= ends[other, 3] or ends[other, 1] >= ends[one, 3]:
        return False
    if min(ends[one, 0], ends[one, 2]) >= max(ends[other, 0], ends[other, 2]):
        return False
    if min(ends[other, 0], ends[other, 2]) >= max(ends[one, 0], ends[one, 2]):
        return False
    return _splits(ends, one, other) and _splits(ends, other, one)


@kernel
def _splits(ends: Floats, line: int, edge: int) -> bool:
    ax, ay, bx, by = ends[line, 0], ends[line, 1], ends[line, 2], ends[line, 3]
    low = side(ax, ay, bx, by, ends[edge, 0], ends[edge, 1])
    return low != 0 and low == -side(ax, ay, bx, by, ends[edge, 2], ends[edge, 3])
