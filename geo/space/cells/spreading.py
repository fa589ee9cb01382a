"""Shares of spreads by compiled code: every edge near a point, cell by cell.

A cell counts the part of an edge that lies in it, so that an edge which crosses many is counted once; cells that meet
cut it at the same place, to the last bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.asking import in_table
from geo.space.cells.compiling import kernel
from geo.space.cells.distances import Seen, foot, offset, seen_from, square
from geo.space.cells.layout import EDGE, HEAD, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Part
from geo.space.cells.metres import Projection, narrowing
from geo.space.cells.orientation import side
from geo.space.cells.spreads import INTERVAL, NODES, PIECE_M, STEP, TOUCH_M, TRIES, TURN, WEIGHTS

_ROOM = 1 << 16  # shares


class Spread(NamedTuple):
    """Of one point: metres to its rim, and its standard deviation; 0 for a disc."""

    reach: float
    sigma: float


class Sums(NamedTuple):
    """Shares by position: ``total``, 0 where nothing was added; ``many[0]`` positions were, the first ``touched``."""

    total: Floats
    touched: Positions
    known: Positions
    many: Ints


class Box(NamedTuple):
    """A cell in degrees."""

    west: float
    south: float
    east: float
    north: float


class Told(NamedTuple):
    """Room for shares: leaves and shares, one point after another, and where those of each end."""

    position: Positions
    share: Floats
    ends: Ints


def many_shares(cells: Cells, projection: Projection, spreads: Floats, rows: slice) -> tuple[Ints, Positions, Floats]:
    """Points (k,) of some rows, leaves they may lie in by position, and shares, in no order but that of points."""
    some = np.ascontiguousarray(spreads[rows])
    leaves = len(cells.position_of)
    many = np.zeros(1, dtype=np.int64)
    sums = Sums(np.zeros(leaves), np.zeros(leaves, dtype=np.int32), np.zeros(leaves, dtype=np.int32), many)
    room = max(_ROOM, leaves)
    ends = np.zeros(len(some), dtype=np.int64)
    position, share = np.empty(room, dtype=np.int32), np.empty(room)
    done = 0
    while (done := share_out(cells, projection, some, Told(position, share, ends), sums, done)) < len(some):
        position, share = np.resize(position, 2 * len(position)), np.resize(share, 2 * len(share))
    used = int(ends[-1]) if len(ends) else 0
    of = np.repeat(np.arange(rows.start, rows.start + len(some)), np.diff(ends, prepend=0))
    return of, position[:used].copy(), share[:used].copy()


@kernel
def share_out(cells: Cells, projection: Projection, spreads: Floats, told: Told, sums: Sums, begin: int) -> int:
    """The first point, from ``begin`` on, that there was no room for.

    Parameters
    ----------
    spreads
        (n, 4): x and y in degrees, reach and standard deviation in metres.
    """
    used = told.ends[begin - 1] if begin > 0 else 0
    for at in range(begin, len(spreads)):
        spread = Spread(spreads[at, 2], spreads[at, 3])
        _share_one(cells, projection, spreads[at, 0], spreads[at, 1], spread, sums)
        count = sums.many[0]
        if used + count > len(told.position):
            _forget(sums)
            return at
        for which in range(count):
            position = sums.touched[which]
            told.position[used], told.share[used] = position, sums.total[position]
            used += 1
        _forget(sums)
        told.ends[at] = used
    return len(spreads)


@kernel
def _holding(cells: Cells, x: float, y: float) -> int:
    """Position of the leaf that holds a point, -1 for none."""
    lattice = cells.lattice
    across, up = (x - lattice.west) * lattice.across, (y - lattice.south) * lattice.up
    if not (across >= 0 and up >= 0 and across < lattice.columns and up < lattice.rows):
        return -1
    entry = cells.entries[int(up) * lattice.columns + int(across)]
    if entry & SCALE == 0:
        return int(cells.position_of[entry >> SCALE_BITS])
    part = cells.over if entry & OVER else cells.base
    return int(cells.position_of[in_table(part, cells.position_of, entry, (across - int(across), up - int(up)), x, y)])


@kernel
def _forget(sums: Sums) -> None:
    for which in range(sums.many[0]):
        sums.total[sums.touched[which]] = 0.0
        sums.known[sums.touched[which]] = 0
    sums.many[0] = 0


@kernel
def _add(sums: Sums, position: int, share: float) -> None:
    if position < 0:
        return
    if sums.known[position] == 0:
        sums.known[position] = 1
        sums.touched[sums.many[0]] = position
        sums.many[0] += 1
    sums.total[position] += share


@kernel
def _share_one(cells: Cells, projection: Projection, x: float, y: float, spread: Spread, sums: Sums) -> None:
    """What lies in each leaf; a point on an edge is moved off it, which no share can tell."""
    narrow = narrowing(cells.lattice.columns / cells.lattice.across)
    for again in range(TRIES):
        step = STEP * min(again, 1) * (1 + again / 4)
        there = (x + step * np.cos(TURN * again), y + step * np.sin(TURN * again))
        seen = seen_from(cells.lattice, projection, narrow, there[0], there[1])
        if _spread_over(cells, seen, spread, sums) or again == TRIES - 1:
            _add(sums, _holding(cells, there[0], there[1]), 1.0)
            return
        _forget(sums)


@kernel
def _spread_over(cells: Cells, seen: Seen, spread: Spread, sums: Sums) -> bool:
    """Whether the point lies off all edges; what each adds is added."""
    lattice = cells.lattice
    wide, high = spread.reach / seen.wide * lattice.across, spread.reach / seen.high * lattice.up
    for row in range(_first(seen.row - high), _last(seen.row + high, lattice.rows)):
        for column in range(_first(seen.column - wide), _last(seen.column + wide, lattice.columns)):
            entry = cells.entries[row * lattice.columns + column]
            if entry & SCALE and not _through(cells, seen, spread, (column, row), sums):
                return False
    return True


@kernel
def _first(place: float) -> int:
    return int(max(0.0, place))


@kernel
def _last(place: float, most: int) -> int:
    return int(min(float(most), max(0.0, place + 1.0)))


@kernel
def _through(cells: Cells, seen: Seen, spread: Spread, cell: tuple[int, int], sums: Sums) -> bool:
    lattice = cells.lattice
    column, row = cell
    entry = cells.entries[row * lattice.columns + column]
    scale, table = entry & SCALE, entry >> SCALE_BITS
    part = cells.over if entry & OVER else cells.base
    across, up = (seen.column - column) * scale, (seen.row - row) * scale
    wide = spread.reach / seen.wide * lattice.across * scale
    high = spread.reach / seen.high * lattice.up * scale
    for lower_row in range(_first(up - high), _last(up + high, scale)):
        south = lattice.south + (row + lower_row / scale) / lattice.up
        north = lattice.south + (row + (lower_row + 1) / scale) / lattice.up
        for lower_column in range(_first(across - wide), _last(across + wide, scale)):
            label = part.words[table + lower_row * scale + lower_column]
            if label < 0:
                west = lattice.west + (column + lower_column / scale) / lattice.across
                east = lattice.west + (column + (lower_column + 1) / scale) / lattice.across
                if not _record(cells, part, -1 - label, Box(west, south, east, north), (seen, spread), sums):
                    return False
    return True


@kernel
def _record(cells: Cells, part: Part, record: int, box: Box, asked: tuple[Seen, Spread], sums: Sums) -> bool:
    count = part.words[record + 1]
    numbers = record + HEAD + EDGE * count
    for at in range(numbers, numbers + count):
        edge = part.words[at] >> 2
        low, high = _within(part.ends, edge, box)
        if low < high:
            share, is_off = _of_edge(part.ends, edge, (low, high), asked)
            if not is_off:
                return False
            if share != 0.0:
                _add(sums, _position(cells, part, edge, 0), -share)
                _add(sums, _position(cells, part, edge, 1), share)
    return True


@kernel
def _position(cells: Cells, part: Part, edge: int, which: int) -> int:
    slot = part.sides[edge, which]
    return -1 if slot == NOBODY else int(cells.position_of[slot])


@kernel
def _within(ends: Floats, edge: int, box: Box) -> tuple[float, float]:
    """From where to where along an edge, 0 to 1, it lies in a cell; neighbours take up where the other ends."""
    low, high = _between(ends[edge, 0], ends[edge, 2], box.west, box.east)
    from_row, to_row = _between(ends[edge, 1], ends[edge, 3], box.south, box.north)
    return max(low, from_row), min(high, to_row)


@kernel
def _between(a: float, b: float, least: float, most: float) -> tuple[float, float]:
    if a == b:
        return (0.0, 1.0) if least <= a < most else (1.0, 0.0)
    low, high = (least - a) / (b - a), (most - a) / (b - a)
    return (max(0.0, low), min(1.0, high)) if b > a else (max(0.0, high), min(1.0, low))


@kernel
def _of_edge(ends: Floats, edge: int, part: tuple[float, float], asked: tuple[Seen, Spread]) -> tuple[float, bool]:
    """Share that goes from the left of a part of an edge to its right, and whether the point lies off it."""
    seen, spread = asked
    a, stop = _place(seen, ends, edge, part[0]), _place(seen, ends, edge, part[1])
    pieces = int(np.ceil(np.sqrt(square(stop - a)) / PIECE_M))
    total, low = 0.0, part[0]
    for piece in range(pieces):
        high = part[1] if piece == pieces - 1 else part[0] + (part[1] - part[0]) * (piece + 1) / pieces
        b = stop if piece == pieces - 1 else _place(seen, ends, edge, high)
        begin, end = _inside(a, b, spread.reach)
        if begin < end:
            # cut where the edge is, which is bent in metres, and not where the piece is
            start = a if begin == 0.0 else _place(seen, ends, edge, low + begin * (high - low))
            finish = b if end == 1.0 else _place(seen, ends, edge, low + end * (high - low))
            share, is_off = _of_piece(start, finish, spread, ends[edge], seen)
            if not is_off:
                return 0.0, False
            total += share
        a, low = b, high
    return total / (2 * np.pi), True


@kernel
def _place(seen: Seen, ends: Floats, edge: int, share: float) -> complex:
    if share == 0.0:
        return offset(seen.projection, seen.frame, ends[edge, 0], ends[edge, 1])
    if share == 1.0:
        return offset(seen.projection, seen.frame, ends[edge, 2], ends[edge, 3])
    x = ends[edge, 0] + share * (ends[edge, 2] - ends[edge, 0])
    y = ends[edge, 1] + share * (ends[edge, 3] - ends[edge, 1])
    return offset(seen.projection, seen.frame, x, y)


@kernel
def _of_piece(a: complex, b: complex, spread: Spread, ends: Floats, seen: Seen) -> tuple[float, bool]:
    """What lies beyond, over the angle that a piece subtends, positive to the left; and whether the point is off it."""
    nearest = square(a + foot(a, b) * (b - a))
    if nearest < TOUCH_M * TOUCH_M:
        return 0.0, False
    cross = a.imag * b.real - a.real * b.imag
    dot = a.real * b.real + a.imag * b.imag
    angle = np.arctan2(cross, dot)
    if dot < 0.0:
        # an edge is straight in degrees: between it and its chord in metres the point is on its side
        beside = side(ends[0], ends[1], ends[2], ends[3], seen.frame.x, seen.frame.y)
        if beside == 0:
            return 0.0, False
        if beside * angle < 0.0:
            angle += 2 * np.pi * beside
    if spread.sigma == 0.0:
        return angle - cross / (spread.reach * spread.reach), True
    return angle - cross * _mean(a, b, spread.sigma), True


@kernel
def _inside(a: complex, b: complex, reach: float) -> tuple[float, float]:
    """From where to where along the way from a to b it lies within the reach of the origin."""
    way = b - a
    length = square(way)
    if length == 0.0:
        return 1.0, 0.0
    along = -(a.real * way.real + a.imag * way.imag) / length
    half = along * along - (square(a) - reach * reach) / length
    if half <= 0.0:
        return 1.0, 0.0
    half = np.sqrt(half)
    return max(0.0, along - half), min(1.0, along + half)


@kernel
def _mean(a: complex, b: complex, sigma: float) -> float:
    """Mean of ``(1 - exp(-r² / 2 sigma²)) / r²`` along the way from a to b."""
    way = b - a
    intervals = max(1, int(np.ceil(np.sqrt(square(way)) / (INTERVAL * sigma))))
    total = 0.0
    for interval in range(intervals):
        for node in range(len(NODES)):
            r2 = square(a + (interval + (NODES[node] + 1) / 2) / intervals * way)
            total += WEIGHTS[node] * -np.expm1(-r2 / (2 * sigma * sigma)) / r2
    return total / (2 * intervals)
