"""Cells over the edges of a partition, as :mod:`~geo.space.cells.layout` has them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Ints, Positions
from geo.space.cells.compiling import kernel
from geo.space.cells.lattices import (
    SLACK,
    WHOLLY,
    beyond,
    column_of,
    crosses,
    latitude_of,
    list_crossing,
    longitude_of,
    row_of,
    step_rows,
)
from geo.space.cells.layout import EDGE, HEAD, SCALE_BITS, Edges, Lattice

_FAR = 9.0  # cells; what is farther from a centre is outside its cell
_WIDEST = 64
_FILL = 6.0  # lower cells for each edge of an upper cell
_ROOM = 1 << 20  # words added when they run out


class Window(NamedTuple):
    """Upper cells of one build: the label of each centre; ``starts`` says where its edges begin in ``listed``."""

    lattice: Lattice
    labels: Ints
    starts: Ints
    listed: Positions


def window_of(edges: Edges, lattice: Lattice, right: Positions) -> Window:
    """The upper cells of a lattice.

    Parameters
    ----------
    edges
        All that cross the lattice or the column right of it.
    lattice
        Of scale 1.
    right
        (rows,) label at the centres of the column right of the lattice; 0 where that lies beyond the city.
    """
    every = np.arange(len(edges.ends), dtype=np.int32)
    starts = np.zeros(lattice.rows * lattice.columns + 1, dtype=np.int64)
    list_crossing(edges.ends, every, lattice, starts, every[:0])
    np.cumsum(starts, out=starts)
    listed = np.empty(starts[-1], dtype=np.int32)
    list_crossing(edges.ends, every, lattice, starts[:-1].copy(), listed)
    wider = lattice._replace(columns=lattice.columns + 1)
    steps = np.zeros((lattice.rows, wider.columns), dtype=np.int64)
    step_rows(edges.ends, edges.sides, every, np.zeros_like(every), wider, steps)
    steps[:, -1] = right
    return Window(lattice, np.cumsum(steps[:, ::-1], axis=1)[:, :0:-1].ravel(), starts, listed)


class _Room(NamedTuple):
    """Words to write; the place the first has in its part, and the number the first edge has there."""

    words: Positions
    floats: NDArray[np.float32]
    begin: int
    first_edge: int


def built(edges: Edges, window: Window, begin: int = 0, first_edge: int = 0) -> tuple[Ints, Positions]:
    """Entries (rows × columns,) of upper cells, and the words they point into.

    Parameters
    ----------
    begin, first_edge
        Place of the first word, and number of the first edge, in the part they are for.
    """
    entries = np.empty(len(window.labels), dtype=np.int64)
    words = np.empty(_ROOM, dtype=np.int32)
    cell, used = 0, 0
    while True:
        cell, used = _build(edges, window, _Room(words, words.view(np.float32), begin, first_edge), entries, cell, used)
        if cell == len(entries):
            break
        words.resize(len(words) * 3 // 2 + _ROOM, refcheck=False)  # the system moves large blocks without a copy
    words.resize(used, refcheck=False)
    return entries, words


@kernel
def _scale_for(count: int) -> int:
    scale = 1
    while scale * scale < _FILL * count and scale < _WIDEST:
        scale *= 2
    return scale


@kernel
def _build(edges: Edges, window: Window, room: _Room, entries: Ints, cell: int, used: int) -> tuple[int, int]:
    """The first cell that there was no room for, and the words used; room is asked for a whole cell at once."""
    while cell < len(entries):
        crossing = window.listed[window.starts[cell] : window.starts[cell + 1]]
        if len(crossing) == 0:
            entries[cell] = window.labels[cell] << SCALE_BITS
        else:
            lower = _within(window.lattice, cell, _scale_for(len(crossing)))
            starts = np.zeros(lower.rows * lower.columns + 1, dtype=np.int64)
            list_crossing(edges.ends, crossing, lower, starts, crossing[:0])
            starts = np.cumsum(starts)
            if used + (HEAD + 1) * len(starts) + (EDGE + 1) * starts[-1] > len(room.words):
                break
            entries[cell] = ((room.begin + used) << SCALE_BITS) | lower.scale
            labels = _lower_labels(edges, crossing, lower, window.labels[cell])
            listed = np.empty(starts[-1], dtype=np.int32)
            list_crossing(edges.ends, crossing, lower, starts[:-1].copy(), listed)
            used = _table(edges, Window(lower, labels, starts, listed), room, used)
        cell += 1
    return cell, used


@kernel
def _within(lattice: Lattice, cell: int, scale: int) -> Lattice:
    """The lower cells of an upper cell."""
    return Lattice(
        lattice.west,
        lattice.south,
        lattice.across,
        lattice.up,
        lattice.left + cell % lattice.columns,
        lattice.bottom + cell // lattice.columns,
        scale,
        scale,
        scale,
    )


@kernel
def _table(edges: Edges, lower: Window, room: _Room, used: int) -> int:
    """The table of an upper cell and its records are written; where the next word goes."""
    table = used
    used += len(lower.labels)
    for cell in range(len(lower.labels)):
        crossing = lower.listed[lower.starts[cell] : lower.starts[cell + 1]]
        if len(crossing) == 0:
            room.words[table + cell] = lower.labels[cell]
        else:
            room.words[table + cell] = -1 - (room.begin + used)
            room.words[used] = lower.labels[cell]
            used = _record(edges, crossing, lower.lattice, cell, room, used)
    return used


@kernel
def _lower_labels(edges: Edges, crossing: Positions, lower: Lattice, label: int) -> Ints:
    """Labels at the centres of lower cells, from the one at the centre of the upper cell."""
    half = lower.scale * 0.5
    x, y = longitude_of(lower, half), latitude_of(lower, half)
    right = longitude_of(lower, lower.scale * (1.0 + SLACK))
    are_beyond = np.empty(len(crossing), dtype=np.int32)
    for at in range(len(crossing)):
        edge = crossing[at]
        are_beyond[at] = beyond(edges.ends, edge, right)
        if crosses(edges.ends, edge, are_beyond[at], x, y):
            label -= edges.sides[edge, 0] - edges.sides[edge, 1]
    steps = np.zeros((lower.rows, lower.columns), dtype=np.int64)
    step_rows(edges.ends, edges.sides, crossing, are_beyond, lower, steps)
    for row in range(lower.rows):
        beside = label
        for column in range(lower.columns - 1, -1, -1):
            beside += steps[row, column]
            steps[row, column] = beside
    return steps.ravel()


@kernel
def _record(edges: Edges, crossing: Positions, lower: Lattice, cell: int, room: _Room, used: int) -> int:
    """The record of a lower cell is written, its first word being the label of its centre; where the next word goes."""
    column, row = cell % lower.columns + 0.5, cell // lower.columns + 0.5
    x, y = longitude_of(lower, column), latitude_of(lower, row)
    right = longitude_of(lower, column + 0.5 + SLACK)
    count = 0
    for edge in crossing:
        is_beyond = beyond(edges.ends, edge, right)
        if is_beyond == WHOLLY:
            continue
        step = edges.sides[edge, 0] - edges.sides[edge, 1]
        if crosses(edges.ends, edge, is_beyond, x, y):
            room.words[used] -= step
        ax, ay = column_of(lower, edges.ends[edge, 0]) - column, row_of(lower, edges.ends[edge, 1]) - row
        bx, by = column_of(lower, edges.ends[edge, 2]) - column, row_of(lower, edges.ends[edge, 3]) - row
        at = used + HEAD + EDGE * count
        _line(room.floats, at, (ax, ay), (bx, by))
        room.floats[at + 3] = -_FAR if is_beyond & 1 else max(-_FAR, ay)
        room.floats[at + 4] = _FAR if is_beyond & 2 else min(_FAR, by)
        room.words[at + 5] = step
        count += 1
    room.words[used + 1] = count
    _number(edges, crossing, right, room, used + HEAD + EDGE * count)
    return used + HEAD + (EDGE + 1) * count


@kernel
def _line(floats: NDArray[np.float32], at: int, low: tuple[float, float], high: tuple[float, float]) -> None:
    """The line through two places (Hesse's normal form), above 0 on the left of the way from the first."""
    a, b = low[1] - high[1], high[0] - low[0]
    length = np.sqrt(a * a + b * b)
    floats[at], floats[at + 1] = a / length, b / length
    floats[at + 2] = -(a * low[0] + b * low[1]) / length


@kernel
def _number(edges: Edges, crossing: Positions, right: float, room: _Room, at: int) -> None:
    """Numbers of the edges of a record, in its order."""
    for edge in crossing:
        is_beyond = beyond(edges.ends, edge, right)
        if is_beyond != WHOLLY:
            room.words[at] = (room.first_edge + edge) * 4 + is_beyond
            at += 1
