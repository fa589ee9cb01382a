"""Which leaves are many points in, by blocks of them.

A block goes through the upper cells first, then through the tables, then through the records, so that the processor
waits for many of them at once and not for one after another.
"""

from __future__ import annotations

import numpy as np

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.compiling import kernel
from geo.space.cells.lattices import crosses
from geo.space.cells.layout import EDGE, HEAD, NEAR, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Lattice, Part
from geo.space.cells.orientation import side

_NEAR = np.float32(NEAR)
_BLOCK = 512


@kernel
def _upper_cell(lattice: Lattice, across: float, up: float) -> int:
    """Number of the upper cell at a place in cells; -1 outside and where not finite."""
    if across >= 0 and up >= 0 and across < lattice.columns and up < lattice.rows:
        return int(up) * lattice.columns + int(across)
    return -1


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
def _in_record(part: Part, position_of: Positions, record: int, place: tuple[float, float], x: float, y: float) -> int:
    """Slot at a point of a lower cell; ``place`` counts columns and rows from the cell's centre."""
    column, row = np.float32(place[0]), np.float32(place[1])
    words, floats = part.words, part.floats
    slot = words[record]
    is_doubtful = False
    at = record + HEAD
    for _ in range(words[record + 1]):
        distance = floats[at] * column + floats[at + 1] * row + floats[at + 2]
        above, below = row - floats[at + 3], floats[at + 4] - row
        is_doubtful |= (
            (abs(above) < _NEAR)
            | (abs(below) < _NEAR)
            | ((abs(distance) < _NEAR) & (above > -_NEAR) & (below > -_NEAR))
        )
        if (above >= 0) & (below > 0) & (distance > 0):
            slot += words[at + 5]
        at += EDGE
    return _exact(part, position_of, record, x, y) if is_doubtful else int(slot)


@kernel
def _in_table(part: Part, position_of: Positions, entry: int, place: tuple[float, float], x: float, y: float) -> int:
    """Slot at a point of an upper cell that has a table; ``place`` counts upper cells from the lattice's corner."""
    scale, table = entry & SCALE, entry >> SCALE_BITS
    across, up = (place[0] - int(place[0])) * scale, (place[1] - int(place[1])) * scale
    label = part.words[table + int(up) * scale + int(across)]
    if label >= 0:
        return int(label)
    return _in_record(part, position_of, -1 - label, (across - int(across) - 0.5, up - int(up) - 0.5), x, y)


@kernel
def _slot_at(cells: Cells, x: float, y: float) -> int:
    """Slot at one point, degrees; 0 outside and where not finite."""
    lattice = cells.lattice
    across, up = (x - lattice.west) * lattice.across, (y - lattice.south) * lattice.up
    upper = _upper_cell(lattice, across, up)
    if upper < 0:
        return NOBODY
    entry = cells.entries[upper]
    if entry & SCALE == 0:
        return int(entry >> SCALE_BITS)
    if entry & OVER:
        return _in_table(cells.over, cells.position_of, entry, (across, up), x, y)
    return _in_table(cells.base, cells.position_of, entry, (across, up), x, y)


@kernel
def locate_blocks(cells: Cells, lonlat: Floats, found: Positions) -> None:
    """Positions (n,) of the leaves at points (n, 2) are written to ``found``."""
    entries = np.empty(_BLOCK, dtype=np.int64)
    deep = np.empty(_BLOCK, dtype=np.int32)
    for begin in range(0, len(lonlat), _BLOCK):
        some, answers = lonlat[begin : begin + _BLOCK], found[begin : begin + _BLOCK]
        _upper_entries(cells, some, entries)
        _locate_block(cells, some, entries, deep, answers)


@kernel
def _upper_entries(cells: Cells, lonlat: Floats, entries: Ints) -> None:
    lattice = cells.lattice
    for at in range(len(lonlat)):
        across, up = (lonlat[at, 0] - lattice.west) * lattice.across, (lonlat[at, 1] - lattice.south) * lattice.up
        upper = _upper_cell(lattice, across, up)
        entries[at] = cells.entries[upper] if upper >= 0 else NOBODY


@kernel
def _locate_block(cells: Cells, lonlat: Floats, entries: Ints, deep: Positions, found: Positions) -> None:
    lattice, base, position_of = cells.lattice, cells.base, cells.position_of
    count = 0
    for at in range(len(lonlat)):
        scale, place = entries[at] & SCALE, entries[at] >> SCALE_BITS
        if scale == 0:
            found[at] = position_of[place]
            continue
        if entries[at] & OVER:
            found[at] = position_of[_slot_at(cells, lonlat[at, 0], lonlat[at, 1])]
            continue
        across = (lonlat[at, 0] - lattice.west) * lattice.across
        up = (lonlat[at, 1] - lattice.south) * lattice.up
        across, up = (across - int(across)) * scale, (up - int(up)) * scale
        label = base.words[place + int(up) * scale + int(across)]
        if label >= 0:
            found[at] = position_of[label]
        else:
            found[at] = label
            deep[count] = at
            count += 1
    for which in range(count):
        at = deep[which]
        scale = entries[at] & SCALE
        across = (lonlat[at, 0] - lattice.west) * lattice.across
        up = (lonlat[at, 1] - lattice.south) * lattice.up
        across, up = (across - int(across)) * scale, (up - int(up)) * scale
        place_in_cell = (across - int(across) - 0.5, up - int(up) - 0.5)
        slot = _in_record(base, position_of, -1 - found[at], place_in_cell, lonlat[at, 0], lonlat[at, 1])
        found[at] = position_of[slot]
