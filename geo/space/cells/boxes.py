"""Which leaf holds the whole of each of many boxes, by blocks of them: most footprints are told by theirs.

A block goes through passes as points do (:mod:`~geo.space.cells.asking`): upper cells, then tables, then records.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo.arrays import Bools, Floats, Ints, Positions
from geo.space.cells.asking import fetch
from geo.space.cells.compiling import kernel, lean
from geo.space.cells.covering import Bounds, box_of, edges_at, meets_lattice, slot_near, within
from geo.space.cells.layout import EDGE, HEAD, NEAR, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Lattice, Part

MET = -1
"""In place of a slot: an edge meets the box."""
_UNKNOWN = -2
_BLOCK = 512
_CORNERS = ((0, 1), (2, 3))  # south-west and north-east, as places in the sides
_ROOM = 2_048  # records of the boxes of a block
_MOST = 256  # records of one box; one with more is looked at by itself
_TOO_MANY = 2 * _ROOM
_EDGE = np.uint64(EDGE)
_1, _2, _3, _4, _5 = (np.uint64(at) for at in range(1, 6))


class _Block(NamedTuple):
    """Room for a block of boxes: ``sides`` (n, 4) west, south, east, north in upper cells from the lattice's corner.

    ``is_inside`` where that is all in the lattice. Of one corner ``cells`` are the numbers of the upper cells,
    ``entries`` what those say, ``places`` and ``labels`` are of the lower cells: they are read so that they are near
    when boxes are looked at one by one.
    """

    sides: Floats
    is_inside: Bools
    cells: Ints
    entries: Ints
    places: Ints
    labels: Positions


class _Inner(NamedTuple):
    """Room for what of boxes lies in lower cells with a record: of which box, the record, and how many edges it has.

    ``sides`` (n, 4) count in lower cells from the centre.
    """

    of: Positions
    records: Ints
    places: Ints
    counts: Positions
    sides: Floats


@kernel
def locate_boxes(cells: Cells, bounds: Floats, slots: Positions) -> None:
    """Slot of the leaf that holds each box of ``bounds`` (n, 4) is written: NOBODY outside or not finite, else MET."""
    block, inner, none = _block(), _inner(), (np.empty((0, 4)), np.empty((0, 2), dtype=np.int32))
    for begin in range(0, len(bounds), _BLOCK):
        some, told = bounds[begin : begin + _BLOCK], slots[begin : begin + _BLOCK]
        _find_corners(cells.lattice, some, block)
        for corner in _CORNERS:
            _find_cells(cells.lattice, len(some), corner, block)
            fetch(cells.entries, block.cells, len(some), block.entries)
            _find_places(len(some), corner, block)
            fetch(cells.base.words, block.places, len(some), block.labels)
        at = 0
        while at < len(some):
            at, count = _look_at_tables(cells, block, at, inner, told)
            fetch(cells.base.words, inner.places, count, inner.counts)
            _look_into_records(cells.base, some, inner, count, told)
        _look_at_others(cells, some, told, none)


@kernel
def _block() -> _Block:
    return _Block(
        np.empty((_BLOCK, 4)),
        np.empty(_BLOCK, dtype=np.bool_),
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK, dtype=np.int64),
        np.empty(_BLOCK, dtype=np.int32),
    )


@kernel
def _inner() -> _Inner:
    return _Inner(
        np.empty(_ROOM, dtype=np.int32),
        np.empty(_ROOM, dtype=np.int64),
        np.empty(_ROOM, dtype=np.int64),
        np.empty(_ROOM, dtype=np.int32),
        np.empty((_ROOM, 4)),
    )


@lean
def _find_corners(lattice: Lattice, bounds: Floats, block: _Block) -> None:
    sides, are_inside = block.sides, block.is_inside
    for at in range(len(bounds)):
        left, bottom = (bounds[at, 0] - lattice.west) * lattice.across, (bounds[at, 1] - lattice.south) * lattice.up
        right, top = (bounds[at, 2] - lattice.west) * lattice.across, (bounds[at, 3] - lattice.south) * lattice.up
        is_inside = (left >= 0) & (bottom >= 0) & (right < lattice.columns) & (top < lattice.rows)
        sides[at, 0], sides[at, 1], sides[at, 2], sides[at, 3] = left, bottom, right, top
        are_inside[at] = is_inside


@lean
def _find_cells(lattice: Lattice, count: int, corner: tuple[int, int], block: _Block) -> None:
    sides, cells = block.sides, block.cells
    for at in range(count):
        number = np.floor(sides[at, corner[1]]) * lattice.columns + np.floor(sides[at, corner[0]])
        cells[at] = np.int64(number) if block.is_inside[at] else -1


@lean
def _find_places(count: int, corner: tuple[int, int], block: _Block) -> None:
    sides, entries, places = block.sides, block.entries, block.places
    for at in range(count):
        entry = entries[at]
        scale, x, y = float(entry & SCALE), sides[at, corner[0]], sides[at, corner[1]]
        column, row = np.floor((x - np.floor(x)) * scale), np.floor((y - np.floor(y)) * scale)
        is_here = (block.cells[at] >= 0) & (scale > 0) & (entry & OVER == 0)
        places[at] = (entry >> SCALE_BITS) + np.int64(row * scale + column) if is_here else -1


@lean
def _look_at_tables(cells: Cells, block: _Block, begin: int, inner: _Inner, slots: Positions) -> tuple[int, int]:
    """The first box there was no room for, and how many records there are; slots that tables tell are written."""
    count = 0
    for at in range(begin, len(slots)):
        if count + _MOST > len(inner.of):
            return at, count
        sides = block.sides
        left, bottom, right, top = int(sides[at, 0]), int(sides[at, 1]), int(sides[at, 2]), int(sides[at, 3])
        slots[at], first = _UNKNOWN, count
        if not block.is_inside[at] or right > left + 1 or top > bottom + 1:
            continue
        for cell in range((right - left + 1) * (top - bottom + 1)):
            column, row = left + cell % (right - left + 1), bottom + cell // (right - left + 1)
            entry = cells.entries[row * cells.lattice.columns + column]
            if entry & OVER:
                count = _TOO_MANY
            elif entry & SCALE == 0:
                slots[at] = entry >> SCALE_BITS
            else:
                count = _look_at_table(cells.base.words, (entry, column, row), (block, at), (inner, count), slots)
        if count > first + _MOST:
            slots[at], count = _UNKNOWN, first
    return len(slots), count


@lean
def _look_at_table(
    words: Positions, cell: tuple[int, int, int], box: tuple[_Block, int], room: tuple[_Inner, int], slots: Positions
) -> int:
    """How many records there are with those of one upper cell, given by entry, column and row."""
    (entry, column, row), (block, at), (inner, count) = cell, box, room
    scale, table = entry & SCALE, entry >> SCALE_BITS
    left, right = (block.sides[at, 0] - column) * scale, (block.sides[at, 2] - column) * scale
    bottom, top = (block.sides[at, 1] - row) * scale, (block.sides[at, 3] - row) * scale
    first, last = int(max(left, 0.0)), int(min(right, scale - 1.0))
    low, high = int(max(bottom, 0.0)), int(min(top, scale - 1.0))
    if count + (last - first + 1) * (high - low + 1) > len(inner.of):
        return _TOO_MANY
    for lower_row in range(low, high + 1):
        for lower in range(first, last + 1):
            label = words[np.uint64(table + lower_row * scale + lower)]
            if label >= 0:
                slots[at] = label
            else:
                near = within((left, bottom, right, top), lower, lower_row)
                for which in range(4):
                    inner.sides[count, which] = near[which]
                inner.of[count], inner.records[count], inner.places[count] = at, -1 - label, -label
                count += 1
    return count


@lean
def _look_into_records(part: Part, bounds: Floats, inner: _Inner, count: int, slots: Positions) -> None:
    """Slots of boxes that an edge meets become MET; where no table told one, a record does if it can."""
    for one in range(count):
        at = inner.of[one]
        if slots[at] == MET:
            continue
        record = (inner.records[one], inner.counts[one])
        box = inner.sides[one, 0], inner.sides[one, 1], inner.sides[one, 2], inner.sides[one, 3]
        slot = _slot_in_record(part, record, box, (bounds[at, 0], bounds[at, 2]))
        if slot == MET or slots[at] == _UNKNOWN:
            slots[at] = slot


@lean
def _slot_in_record(part: Part, record: tuple[int, int], box: Bounds, reach: tuple[float, float]) -> int:
    """Slot of what of a box lies in a lower cell, MET where an edge may meet it; _UNKNOWN where it is too near to say.

    ``box`` is given in lower cells from the centre, ``reach`` is the west and east of the whole box in degrees.
    """
    words, floats, ends = part.words, part.floats, part.ends
    begin, count = record
    across, up = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half, high = (box[2] - box[0]) / 2 + NEAR, (box[3] - box[1]) / 2 + NEAR
    slot, doubts = int(words[begin]), False
    at, numbers = np.uint64(begin + HEAD), np.uint64(begin + HEAD + EDGE * count)
    for number in range(count):
        a, b = floats[at], floats[at + _1]
        distance = a * across + b * up + floats[at + _2]
        above, below = up - floats[at + _3], floats[at + _4] - up
        if above > -high and below > -high:
            if abs(distance) <= abs(a) * half + abs(b) * high + NEAR:
                edge = words[numbers + np.uint64(number)] >> 2
                if max(ends[edge, 0], ends[edge, 2]) >= reach[0] and min(ends[edge, 0], ends[edge, 2]) <= reach[1]:
                    return MET
                doubts = True
            # beside the end of an edge the ray from the middle may meet it or not
            doubts |= abs(above) < NEAR or abs(below) < NEAR
            if above > 0 and below > 0 and distance > 0:
                slot += words[at + _5]
        at += _EDGE
    return _UNKNOWN if doubts else slot


@lean
def _look_at_others(cells: Cells, bounds: Floats, slots: Positions, none: tuple[Floats, Positions]) -> None:
    """Slots of boxes that are not known yet are written: the large, those across the rim or in what is laid over."""
    for at in range(len(bounds)):
        if slots[at] == _UNKNOWN:
            box = box_of(cells, bounds[at, 0], bounds[at, 1], bounds[at, 2], bounds[at, 3])
            if not meets_lattice(cells, box):
                slots[at] = NOBODY
            elif edges_at(cells, box, none[0], none[1]):
                slots[at] = MET
            else:
                slots[at] = slot_near(cells, box.west, box.south)
