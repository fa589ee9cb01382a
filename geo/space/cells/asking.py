"""Which leaves are many points in, by blocks of them.

A block goes through the upper cells first, then through the tables, then through the records, so that the processor
waits for many of them at once and not for one after another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.compiling import kernel
from geo.space.cells.lattices import crosses
from geo.space.cells.layout import EDGE, HEAD, NEAR, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Part
from geo.space.cells.orientation import side

_NEAR = np.float32(NEAR)
_BLOCK = 512
# numbers without a sign: an index that may be below 0 would be looked at twice
_EDGE = np.uint64(EDGE)
_1, _2, _3, _4, _5 = (np.uint64(at) for at in range(1, 6))


@kernel
def label_in(part: Part, record: int, x: float, y: float) -> int:
    """Label at a point of a lower cell, by exact orientations: what lies just right of it where it is on an edge."""
    label, count = part.words[record], part.words[record + 1]
    numbers = record + HEAD + EDGE * count
    for at in range(numbers, numbers + count):
        edge, is_beyond = part.words[at] >> 2, part.words[at] & 3
        if crosses(part.ends, edge, is_beyond, x, y):
            label += part.sides[edge, 0] - part.sides[edge, 1]
    return int(label)


@kernel
def _touched(part: Part, position_of: Positions, record: int, x: float, y: float) -> int:
    """Slot with the lowest position among the leaves whose edges a point lies on; NOBODY on none."""
    count = part.words[record + 1]
    numbers = record + HEAD + EDGE * count
    lowest = np.int32(2147483647)
    touched = NOBODY
    for at in range(numbers, numbers + count):
        edge = part.words[at] >> 2
        if _is_on(part.ends, edge, x, y):
            for which in range(2):
                beside = part.sides[edge, which]
                if beside != NOBODY and position_of[beside] < lowest:
                    lowest, touched = position_of[beside], int(beside)
    return touched


@kernel
def _exact(part: Part, position_of: Positions, record: int, x: float, y: float) -> int:
    touched = _touched(part, position_of, record, x, y)
    return label_in(part, record, x, y) if touched == NOBODY else touched


@kernel
def _is_on(ends: Floats, edge: int, x: float, y: float) -> bool:
    ax, ay, bx, by = ends[edge, 0], ends[edge, 1], ends[edge, 2], ends[edge, 3]
    if y < ay or y > by or x < min(ax, bx) or x > max(ax, bx):
        return False
    return side(ax, ay, bx, by, x, y) == 0


@kernel
def _in_record(words: Positions, floats: NDArray[np.float32], record: int, column: float, row: float) -> int:
    """Slot at a place of a lower cell, counted from its centre; -1 where it is too near to an edge to say."""
    x, y = np.float32(column), np.float32(row)
    slot = words[record]
    is_doubtful = False
    at = np.uint64(record + HEAD)
    for _ in range(words[record + 1]):
        distance = floats[at] * x + floats[at + _1] * y + floats[at + _2]
        above, below = y - floats[at + _3], floats[at + _4] - y
        is_doubtful |= (abs(above) < _NEAR) | (abs(below) < _NEAR)
        is_doubtful |= (abs(distance) < _NEAR) & (above > -_NEAR) & (below > -_NEAR)
        slot += words[at + _5] if (above >= 0) & (below > 0) & (distance > 0) else 0
        at += _EDGE
    return -1 if is_doubtful else int(slot)


@kernel
def in_table(part: Part, position_of: Positions, entry: int, place: tuple[float, float], x: float, y: float) -> int:
    """Slot at a point of an upper cell that has a table; ``place`` counts from the cell's south-west corner."""
    scale, table = entry & SCALE, entry >> SCALE_BITS
    across, up = place[0] * scale, place[1] * scale
    label = part.words[table + int(up) * scale + int(across)]
    if label >= 0:
        return int(label)
    slot = _in_record(part.words, part.floats, -1 - label, across - int(across) - 0.5, up - int(up) - 0.5)
    return slot if slot >= 0 else _exact(part, position_of, -1 - label, x, y)


class _Block(NamedTuple):
    """Room for a block of points.

    ``entries`` are of their upper cells, and ``across`` and ``up`` places there. Of the points that lie in a record
    ``deep`` says which they are, ``labels`` is what the table has, and their places count from the lower cell's centre.
    """

    entries: Ints
    across: Floats
    up: Floats
    deep: Positions
    labels: Positions


@kernel
def locate_blocks(cells: Cells, lonlat: Floats, found: Positions) -> None:
    """Positions (n,) of the leaves at points (n, 2) are written to ``found``."""
    block = _Block(
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK),
        np.empty(_BLOCK),
        np.empty(_BLOCK, dtype=np.int32),
        np.empty(_BLOCK, dtype=np.int32),
    )
    for begin in range(0, len(lonlat), _BLOCK):
        some, answers = lonlat[begin : begin + _BLOCK], found[begin : begin + _BLOCK]
        _look_at_entries(cells, some, block)
        count = _look_at_tables(cells, some, block, answers)
        _look_at_records(cells, some, block, count, answers)


@kernel
def _look_at_entries(cells: Cells, lonlat: Floats, block: _Block) -> None:
    lattice, entries = cells.lattice, cells.entries
    columns, rows, width = float(lattice.columns), float(lattice.rows), np.uint64(lattice.columns)
    for at in range(len(lonlat)):
        across = (lonlat[at, 0] - lattice.west) * lattice.across
        up = (lonlat[at, 1] - lattice.south) * lattice.up
        is_inside = (across >= 0) & (up >= 0) & (across < columns) & (up < rows)
        across, up = (across if is_inside else 0.0), (up if is_inside else 0.0)
        column, row = np.uint64(across), np.uint64(up)
        entry = entries[row * width + column]
        block.entries[at] = entry if is_inside else NOBODY
        block.across[at], block.up[at] = across - float(column), up - float(row)


@kernel
def _look_at_tables(cells: Cells, lonlat: Floats, block: _Block, found: Positions) -> int:
    """How many points lie in a record, which is for later; the others are answered."""
    words, position_of = cells.base.words, cells.position_of
    count = 0
    for at in range(len(lonlat)):
        entry = block.entries[at]
        scale, place = entry & SCALE, np.uint64(entry >> SCALE_BITS)
        if scale == 0:
            found[at] = position_of[place]
            continue
        if entry & OVER:
            place_in_cell = (block.across[at], block.up[at])
            slot = in_table(cells.over, position_of, entry, place_in_cell, lonlat[at, 0], lonlat[at, 1])
            found[at] = position_of[slot]
            continue
        across, up = block.across[at] * scale, block.up[at] * scale
        column, row = np.uint64(across), np.uint64(up)
        label = words[place + row * np.uint64(scale) + column]
        if label >= 0:
            found[at] = position_of[np.uint64(label)]
        else:
            block.across[count], block.up[count] = across - float(column) - 0.5, up - float(row) - 0.5
            block.deep[count], block.labels[count] = at, label
            count += 1
    return count


@kernel
def _look_at_records(cells: Cells, lonlat: Floats, block: _Block, count: int, found: Positions) -> None:
    part, position_of = cells.base, cells.position_of
    for which in range(count):
        at, record = block.deep[which], -1 - block.labels[which]
        slot = _in_record(part.words, part.floats, record, block.across[which], block.up[which])
        if slot < 0:
            slot = _exact(part, position_of, record, lonlat[at, 0], lonlat[at, 1])
        found[at] = position_of[np.uint64(slot)]
