"""Lattices of cells: where a degree lies in them, which of their cells an edge crosses, what lies at their centres."""

from __future__ import annotations

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.compiling import kernel
from geo.space.cells.layout import Lattice
from geo.space.cells.orientation import side

SLACK = 1e-7
"""Cells by which a cell is taken wider: far above any rounding of a place, far below any cell."""
WHOLLY = 3
"""Of an edge: both its ends lie right of the cell."""


@kernel
def column_of(lattice: Lattice, x: float) -> float:
    """Columns from the left edge of the lattice to a longitude."""
    return ((x - lattice.west) * lattice.across - lattice.left) * lattice.scale


@kernel
def row_of(lattice: Lattice, y: float) -> float:
    """Rows from the bottom of the lattice to a latitude."""
    return ((y - lattice.south) * lattice.up - lattice.bottom) * lattice.scale


@kernel
def longitude_of(lattice: Lattice, column: float) -> float:
    """Longitude of a place counted in columns; a whole number is a cell's left edge."""
    return lattice.west + (lattice.left + column / lattice.scale) / lattice.across


@kernel
def latitude_of(lattice: Lattice, row: float) -> float:
    """Latitude of a place counted in rows."""
    return lattice.south + (lattice.bottom + row / lattice.scale) / lattice.up


# -- which edges cross a cell ----------------------------------------------------------------------------------------
@kernel
def _meets(ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether the line through a and b meets the square of side 1 around the origin, taken wider by the slack.

    The extent of the square along the line's normal is the sum of both (separating axis).
    """
    dx, dy = bx - ax, by - ay
    half = 0.5 + SLACK
    return abs(ay * dx - ax * dy) <= half * (abs(dx) + abs(dy)) * (1 + 1e-9)


@kernel
def list_crossing(ends: Floats, edges: Positions, lattice: Lattice, starts: Ints, listed: Positions) -> None:
    """Each edge is listed at every cell it crosses; cells are counted row by row.

    With an empty ``listed`` they are only counted, in ``starts`` (cells + 1,), each one place further on. Else
    ``starts`` (cells,) says where the edges of each cell go, and moves to behind them.
    """
    for edge in edges:
        ax, ay = column_of(lattice, ends[edge, 0]), row_of(lattice, ends[edge, 1])
        bx, by = column_of(lattice, ends[edge, 2]), row_of(lattice, ends[edge, 3])
        for row in range(int(max(0.0, ay - SLACK)), int(min(lattice.rows - 1.0, by + SLACK)) + 1):
            first = int(max(0.0, min(ax, bx) - SLACK))
            last = int(min(lattice.columns - 1.0, max(ax, bx) + SLACK))
            for column in range(first, last + 1):
                if not _meets(ax - column - 0.5, ay - row - 0.5, bx - column - 0.5, by - row - 0.5):
                    continue
                cell = row * lattice.columns + column
                if len(listed) == 0:
                    starts[cell + 1] += 1
                else:
                    listed[starts[cell]] = edge
                    starts[cell] += 1


# -- crossings of a ray ------------------------------------------------------------------------------------------------
@kernel
def beyond(ends: Floats, edge: int, right: float) -> int:
    """Which ends of an edge lie right of a cell: 1 the lower, 2 the upper.

    A ray ends where its cell does. An edge that leaves through the right side is walked on along its line, so that what
    is counted below and above the place where it leaves differs by it.
    """
    return int(ends[edge, 0] > right) | (int(ends[edge, 2] > right) << 1)


@kernel
def crosses(ends: Floats, edge: int, is_beyond: int, x: float, y: float) -> bool:
    """Whether the ray from a point to the right crosses an edge: its lower end counts, its upper does not.

    A level edge is crossed only where it leaves its cell. One that lies wholly beyond the cell is none of its edges.

    References
    ----------
    M. Shimrat, Algorithm 112: Position of point relative to polygon, Communications of the ACM 5 (1962).
    """
    below, above = ends[edge, 1], ends[edge, 3]
    if not _reaches(is_beyond, below, above, y):
        return False
    where = side(ends[edge, 0], below, ends[edge, 2], above, x, y)
    return where > 0 or (where == 0 and below == above)


@kernel
def _reaches(is_beyond: int, below: float, above: float, y: float) -> bool:
    """Whether an edge, walked on where it leaves its cell, has a place at a latitude."""
    return is_beyond != WHOLLY and (is_beyond & 1 != 0 or y >= below) and (is_beyond & 2 != 0 or y < above)


@kernel
def step_rows(
    ends: Floats, sides: Positions, edges: Positions, are_beyond: Positions, lattice: Lattice, steps: Ints
) -> None:
    """What each edge adds from right to left is added to ``steps`` (rows, columns), at the last centre left of it.

    Sums from the right of ``steps`` are then what lies at each centre less what lies beyond the last.
    """
    for at in range(len(edges)):
        edge, is_beyond = edges[at], are_beyond[at]
        ay, by = ends[edge, 1], ends[edge, 3]
        first = 0 if is_beyond & 1 else int(max(0.0, row_of(lattice, ay) - 1.5))
        last = lattice.rows - 1 if is_beyond & 2 else int(min(lattice.rows - 1.0, row_of(lattice, by) + 0.5))
        for row in range(first, last + 1):
            y = latitude_of(lattice, row + 0.5)
            left = _centres_left(ends, edge, lattice, y) if _reaches(is_beyond, ay, by, y) else 0
            if left > 0:
                steps[row, left - 1] += sides[edge, 0] - sides[edge, 1]


@kernel
def _centres_left(ends: Floats, edge: int, lattice: Lattice, y: float) -> int:
    """How many centres of a row lie left of an edge: first by rounding, then exactly."""
    ax, ay, bx, by = ends[edge, 0], ends[edge, 1], ends[edge, 2], ends[edge, 3]
    if ay == by:
        return lattice.columns
    near = column_of(lattice, ax + (y - ay) * (bx - ax) / (by - ay)) + 0.5
    left = int(max(0.0, min(float(lattice.columns), near)))
    while left > 0 and side(ax, ay, bx, by, longitude_of(lattice, left - 0.5), y) <= 0:
        left -= 1
    while left < lattice.columns and side(ax, ay, bx, by, longitude_of(lattice, left + 0.5), y) > 0:
        left += 1
    return left
