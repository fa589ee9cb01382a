"""Which leaves are many points in, by blocks of them.

A block goes through short passes, of which each either counts or fetches: numbers of upper cells, their entries, places
in the tables, labels, heads of records, edges. What fetches does hardly anything else and branches nowhere, so that the
processor has dozens of reads on their way at once; what counts is done for several points in one instruction. Edges are
looked at first for all records, then second for all that have so many.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.compiling import kernel
from geo.space.cells.lattices import crosses
from geo.space.cells.layout import EDGE, HEAD, NEAR, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Lattice, Part
from geo.space.cells.orientation import side

_NEAR = np.float32(NEAR)
_BLOCK = 512
# numbers without a sign: an index that may be below 0 would be looked at twice
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
def _step(words: Positions, floats: NDArray[np.float32], at: int, x: np.float32, y: np.float32) -> tuple[int, bool]:
    """What one edge of a record, at ``at``, changes of the slot, and whether the place is too near to it to say.

    The place counts from the centre of the lower cell.
    """
    edge = np.uint64(at)
    distance = floats[edge] * x + floats[edge + _1] * y + floats[edge + _2]
    above, below = y - floats[edge + _3], floats[edge + _4] - y
    is_near = (abs(distance) < _NEAR) & (above > -_NEAR) & (below > -_NEAR)
    doubts = (abs(above) < _NEAR) | (abs(below) < _NEAR) | is_near
    step = words[edge + _5] if (above >= 0) & (below > 0) & (distance > 0) else np.int32(0)
    return int(step), bool(doubts)


@kernel
def _in_record(words: Positions, floats: NDArray[np.float32], record: int, column: float, row: float) -> int:
    """Slot at a place of a lower cell, counted from its centre; -1 where it is too near to an edge to say."""
    x, y = np.float32(column), np.float32(row)
    slot, is_doubtful = int(words[record]), False
    begin = record + HEAD
    for at in range(begin, begin + EDGE * words[record + 1], EDGE):
        step, doubts = _step(words, floats, at, x, y)
        slot += step
        is_doubtful |= doubts
    return -1 if is_doubtful else slot


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

    ``cells`` are the numbers of their upper cells, -1 outside, ``entries`` what those say; ``places`` and ``labels``
    are where the words have the labels of their lower cells, and those. ``across`` and ``up`` count from the
    south-west corner of the upper cell, then from the centre of the lower one. ``deep`` says which points lie in a
    record.
    """

    cells: Ints
    entries: Ints
    places: Ints
    labels: Positions
    across: Floats
    up: Floats
    deep: Positions


class _Deep(NamedTuple):
    """Room for the points of a block that lie in records: where those begin, and how many edges they have.

    ``slots`` is what edges have made of the slot so far, and ``doubts`` whether one was too near to say; ``left`` says
    whose records have more edges.
    """

    records: Ints
    counts: Positions
    across: NDArray[np.float32]
    up: NDArray[np.float32]
    slots: Positions
    doubts: NDArray[np.bool_]
    left: Positions


@kernel
def locate_blocks(cells: Cells, lonlat: Floats, found: Positions) -> None:
    """Positions (n,) of the leaves at points (n, 2) are written to ``found``."""
    block, deep = _block(), _deep()
    for begin in range(0, len(lonlat), _BLOCK):
        some, answers = lonlat[begin : begin + _BLOCK], found[begin : begin + _BLOCK]
        _find_cells(cells.lattice, some, block)
        fetch(cells.entries, block.cells, len(some), block.entries)
        _find_places(len(some), block)
        fetch(cells.base.words, block.places, len(some), block.labels)
        count = _tell_labels(cells.position_of, block, answers)
        _look_into_records(cells, some, (block, deep), count, answers)
        if len(cells.over.words) > 0:
            _look_over(cells, some, block, answers)


@kernel
def _block() -> _Block:
    return _Block(
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK, dtype=np.int32),
        np.empty(_BLOCK),
        np.empty(_BLOCK),
        np.empty(_BLOCK + 1, dtype=np.int32),
    )


@kernel
def _deep() -> _Deep:
    return _Deep(
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK, dtype=np.int32),
        np.empty(_BLOCK, dtype=np.float32),
        np.empty(_BLOCK, dtype=np.float32),
        np.empty(_BLOCK, dtype=np.int32),
        np.empty(_BLOCK, dtype=np.bool_),
        np.empty(_BLOCK + 1, dtype=np.int32),
    )


@kernel
def fetch(table: NDArray[Any], places: Ints, count: int, fetched: NDArray[Any]) -> None:
    """What a table has at each place is written, the first for a place below 0; nothing waits for anything else."""
    for at in range(count):
        fetched[at] = table[np.uint64(max(places[at], 0))]


@kernel
def _find_cells(lattice: Lattice, lonlat: Floats, block: _Block) -> None:
    cells, acrosses, ups = block.cells, block.across, block.up
    columns, rows = float(lattice.columns), float(lattice.rows)
    for at in range(len(lonlat)):
        across = (lonlat[at, 0] - lattice.west) * lattice.across
        up = (lonlat[at, 1] - lattice.south) * lattice.up
        is_inside = (across >= 0) & (up >= 0) & (across < columns) & (up < rows)
        across, up = (across if is_inside else 0.0), (up if is_inside else 0.0)
        column, row = np.floor(across), np.floor(up)
        acrosses[at], ups[at] = across - column, up - row
        cells[at] = np.int64(row * columns + column) if is_inside else -1


@kernel
def _find_places(count: int, block: _Block) -> None:
    """Entries of points that lie outside become ``NOBODY``, places of those that are told without a table -1."""
    cells, entries, places, acrosses, ups = block.cells, block.entries, block.places, block.across, block.up
    for at in range(count):
        entry = entries[at] if cells[at] >= 0 else NOBODY
        scale = float(entry & SCALE)
        across, up = acrosses[at] * scale, ups[at] * scale
        column, row = np.floor(across), np.floor(up)
        acrosses[at], ups[at] = across - column - 0.5, up - row - 0.5
        place = (entry >> SCALE_BITS) + np.int64(row * scale + column)
        places[at] = place if (scale > 0) & (entry & OVER == 0) else -1
        entries[at] = entry


@kernel
def _tell_labels(position_of: Positions, block: _Block, found: Positions) -> int:
    """How many points lie in a record, which is for later; the others are answered."""
    entries, places, labels, deep = block.entries, block.places, block.labels, block.deep
    for at in range(len(found)):
        slot = entries[at] >> SCALE_BITS if entries[at] & OVER == 0 else NOBODY
        labels[at] = labels[at] if places[at] >= 0 else np.int32(slot)
    count = 0
    for at in range(len(found)):
        found[at] = position_of[np.uint64(max(labels[at], NOBODY))]
        # written each time, and kept where there is a record: a branch would be guessed wrong for one point in ten
        deep[count] = at
        count += labels[at] < 0
    return count


@kernel
def _look_into_records(cells: Cells, lonlat: Floats, room: tuple[_Block, _Deep], count: int, found: Positions) -> None:
    block, deep = room
    part, position_of = cells.base, cells.position_of
    left = _begin_records(part.words, block, deep, count)
    edge = 0
    while left > 0:
        left = _cross_next(part.words, part.floats, deep, left, edge)
        edge += 1
    for which in range(count):
        at, slot = block.deep[which], int(deep.slots[which])
        if deep.doubts[which]:
            slot = _exact(part, position_of, deep.records[which], lonlat[at, 0], lonlat[at, 1])
        found[at] = position_of[np.uint64(slot)]


@kernel
def _begin_records(words: Positions, block: _Block, deep: _Deep, count: int) -> int:
    """How many records have an edge; their heads are read."""
    for which in range(count):
        at = block.deep[which]
        deep.records[which] = -1 - np.int64(block.labels[at])
        deep.across[which], deep.up[which] = block.across[at], block.up[at]
    for which in range(count):
        record = np.uint64(deep.records[which])
        deep.slots[which], deep.counts[which], deep.doubts[which] = words[record], words[record + _1], False
    left = 0
    for which in range(count):
        deep.left[left] = which
        left += deep.counts[which] > 0
    return left


@kernel
def _cross_next(words: Positions, floats: NDArray[np.float32], deep: _Deep, left: int, edge: int) -> int:
    """One more edge of each record that has it is looked at; how many have yet another."""
    more = 0
    for one in range(left):
        which = deep.left[one]
        step, doubts = _step(
            words, floats, deep.records[which] + HEAD + EDGE * edge, deep.across[which], deep.up[which]
        )
        deep.slots[which] += step
        deep.doubts[which] |= doubts
        deep.left[more] = which
        more += deep.counts[which] > edge + 1
    return more


@kernel
def _look_over(cells: Cells, lonlat: Floats, block: _Block, found: Positions) -> None:
    """Points in what is laid over the base are answered."""
    lattice = cells.lattice
    for at in range(len(lonlat)):
        entry = block.entries[at]
        if entry & OVER:
            x, y = lonlat[at, 0], lonlat[at, 1]
            across, up = (x - lattice.west) * lattice.across, (y - lattice.south) * lattice.up
            place = (across - np.floor(across), up - np.floor(up))
            found[at] = cells.position_of[np.uint64(in_table(cells.over, cells.position_of, entry, place, x, y))]
