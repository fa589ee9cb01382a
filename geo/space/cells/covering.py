"""Which edges meet a box, and what lies at its corner."""

from __future__ import annotations

from typing import NamedTuple

from geo.arrays import Floats, Positions
from geo.space.cells.asking import label_in
from geo.space.cells.compiling import lean
from geo.space.cells.layout import EDGE, HEAD, NEAR, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Part

_SLACK = 1e-12  # degrees by which a box is taken wider, far above any rounding of its middle

Bounds = tuple[float, float, float, float]


class Box(NamedTuple):
    """Bounds in degrees, and the same in upper cells from the lattice's corner."""

    west: float
    south: float
    east: float
    north: float
    left: float
    bottom: float
    right: float
    top: float


@lean
def box_of(cells: Cells, west: float, south: float, east: float, north: float) -> Box:
    """The box with these bounds."""
    lattice = cells.lattice
    return Box(
        west,
        south,
        east,
        north,
        (west - lattice.west) * lattice.across,
        (south - lattice.south) * lattice.up,
        (east - lattice.west) * lattice.across,
        (north - lattice.south) * lattice.up,
    )


@lean
def within(box: Bounds, column: int, row: int) -> Bounds:
    """What of a box lies in a lower cell, in such cells from its centre."""
    x, y = column + 0.5, row + 0.5
    return max(box[0] - x, -0.5), max(box[1] - y, -0.5), min(box[2] - x, 0.5), min(box[3] - y, 0.5)


@lean
def meets_lattice(cells: Cells, box: Box) -> bool:
    """Whether the box has any place in the lattice; none where it is not finite."""
    return bool(
        box.right >= 0 and box.top >= 0 and box.left < cells.lattice.columns and box.bottom < cells.lattice.rows
    )


@lean
def slot_near(cells: Cells, x: float, y: float) -> int:
    """Slot of the ground just right of a point, or just above it where that is a level edge; NOBODY outside."""
    lattice = cells.lattice
    across, up = (x - lattice.west) * lattice.across, (y - lattice.south) * lattice.up
    if across < 0 or up < 0 or across >= lattice.columns or up >= lattice.rows:
        return NOBODY
    entry = cells.entries[int(up) * lattice.columns + int(across)]
    scale, place = entry & SCALE, entry >> SCALE_BITS
    if scale == 0:
        return int(place)
    part = cells.over if entry & OVER else cells.base
    column, row = int((across - int(across)) * scale), int((up - int(up)) * scale)
    label = part.words[place + row * scale + column]
    return int(label) if label >= 0 else label_in(part, -1 - label, x, y)


@lean
def edges_at(cells: Cells, box: Box, ends: Floats, sides: Positions) -> int:
    """How many edges meet a box are written, some twice; one more than there is room for where there is not enough."""
    lattice, count = cells.lattice, 0
    for row in range(int(max(0.0, box.bottom)), int(min(lattice.rows - 1.0, box.top)) + 1):
        for column in range(int(max(0.0, box.left)), int(min(lattice.columns - 1.0, box.right)) + 1):
            entry = cells.entries[row * lattice.columns + column]
            if entry & SCALE:
                part = cells.over if entry & OVER else cells.base
                count = _edges_in(part, (entry, column, row), box, (ends, sides), count)
                if count > len(ends):
                    return count
    return count


@lean
def _edges_in(part: Part, cell: tuple[int, int, int], box: Box, room: tuple[Floats, Positions], count: int) -> int:
    """``edges_at`` for one upper cell: its entry, column and row."""
    entry, column, row = cell
    scale, table = entry & SCALE, entry >> SCALE_BITS
    left, right = (box.left - column) * scale, (box.right - column) * scale
    bottom, top = (box.bottom - row) * scale, (box.top - row) * scale
    for lower_row in range(int(max(0.0, bottom)), int(min(scale - 1.0, top)) + 1):
        for lower in range(int(max(0.0, left)), int(min(scale - 1.0, right)) + 1):
            label = part.words[table + lower_row * scale + lower]
            if label < 0:
                near = within((left, bottom, right, top), lower, lower_row)
                count = _edges_of(part, -1 - label, (box, near), room, count)
                if count > len(room[0]):
                    return count
    return count


@lean
def _edges_of(part: Part, record: int, about: tuple[Box, Bounds], room: tuple[Floats, Positions], count: int) -> int:
    """``edges_at`` for one lower cell; what of the box lies in it is given in cells from its centre as well."""
    box, (left, bottom, right, top) = about
    across, up, half, high = (
        (left + right) / 2,
        (bottom + top) / 2,
        (right - left) / 2 + NEAR,
        (top - bottom) / 2 + NEAR,
    )
    ends, sides = room
    at, numbers = record + HEAD, record + HEAD + EDGE * part.words[record + 1]
    for number in range(numbers, numbers + part.words[record + 1]):
        a, b, c = part.floats[at], part.floats[at + 1], part.floats[at + 2]
        is_beside = bottom > part.floats[at + 4] + NEAR or top < part.floats[at + 3] - NEAR
        at += EDGE
        # single precision first: the words lie side by side, while the edge itself must be fetched from elsewhere
        if is_beside or abs(a * across + b * up + c) > abs(a) * half + abs(b) * high + NEAR:
            continue
        edge = part.words[number] >> 2
        if meets(part.ends[edge, 0], part.ends[edge, 1], part.ends[edge, 2], part.ends[edge, 3], box):
            if count == len(ends):
                return count + 1
            for which in range(4):
                ends[count, which] = part.ends[edge, which]
            sides[count, 0], sides[count, 1] = part.sides[edge, 0], part.sides[edge, 1]
            count += 1
    return count


@lean
def meets(ax: float, ay: float, bx: float, by: float, box: Box) -> bool:
    """Whether an edge, its lower end first, may meet a box: never no where it does (separating axes)."""
    if by < box.south or ay > box.north or max(ax, bx) < box.west or min(ax, bx) > box.east:
        return False
    x, y = (box.west + box.east) / 2, (box.south + box.north) / 2
    dx, dy = bx - ax, by - ay
    half = (box.east - box.west) / 2 + _SLACK, (box.north - box.south) / 2 + _SLACK
    return bool(abs((ay - y) * dx - (ax - x) * dy) <= (half[0] * abs(dy) + half[1] * abs(dx)) * (1 + 1e-9))
