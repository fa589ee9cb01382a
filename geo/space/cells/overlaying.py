"""Cells of a changed neighbourhood laid over an index: what a redraw costs is the cells it touches.

The window around the leaves that went and came is built anew, from the edges its cells had and those of the leaves that
came; what lies right of it has not changed, and from there its labels are counted.
"""

from __future__ import annotations

import numpy as np

from geo.arrays import Floats, Ints, Positions
from geo.space.cells import building, edges, gathering, rimming
from geo.space.cells.asking import label_in
from geo.space.cells.checking import doubtful_edges
from geo.space.cells.compiling import kernel
from geo.space.cells.lattices import latitude_of, longitude_of
from geo.space.cells.layout import (
    NOBODY,
    OVER,
    SCALE,
    SCALE_BITS,
    Cells,
    Edges,
    Lattice,
    Part,
    Redraw,
    fixed,
    part_of,
)

_MARGIN = 2  # upper cells around what changed: one beyond rounding, and one whose centre lies outside it


def overlaid(cells: Cells, redraw: Redraw) -> Cells | None:
    """The index after a redraw, its ``position_of`` for the caller to renew.

    None where it must be built anew: the new leaves reach beyond its lattice, or are no partition with the old. Where
    no leaf went or came it is what it was.
    """
    if not len(redraw.gone) and not len(redraw.slots):
        return cells
    window = _window_around(cells.lattice, redraw.bounds)
    if window is None:
        return None
    changed = _edges_after(cells, window, redraw)
    right = np.zeros(window.rows, dtype=np.int32)
    if window.left + window.columns < cells.lattice.columns:
        _label_centres(cells, window.left + window.columns, window.bottom, right)
    upper = building.window_of(changed, window, right)
    if len(doubtful_edges(changed, upper)):
        return None
    entries, words = building.built(changed, upper, len(cells.over.words), len(cells.over.ends))
    over = part_of(
        np.concatenate([cells.over.words, words]),
        Edges(np.concatenate([cells.over.ends, changed.ends]), np.concatenate([cells.over.sides, changed.sides])),
    )
    rims = rimming.laid_over(cells.rims, changed, cells.lattice, redraw.slots, len(cells.over.ends))
    return cells._replace(entries=fixed(_laid(cells, window, entries)), over=over, rims=rims)


def _window_around(lattice: Lattice, bounds: Floats) -> Lattice | None:
    west, south, east, north = bounds.tolist()
    columns = (np.array([west, east]) - lattice.west) * lattice.across
    rows = (np.array([south, north]) - lattice.south) * lattice.up
    if columns[0] < 0 or rows[0] < 0 or columns[1] >= lattice.columns or rows[1] >= lattice.rows:
        return None
    left, bottom = max(0, int(columns[0]) - _MARGIN), max(0, int(rows[0]) - _MARGIN)
    right, top = min(lattice.columns, int(columns[1]) + 1 + _MARGIN), min(lattice.rows, int(rows[1]) + 1 + _MARGIN)
    return lattice._replace(left=left, bottom=bottom, columns=right - left, rows=top - bottom)


def _edges_after(cells: Cells, window: Lattice, redraw: Redraw) -> Edges:
    """Edges of the window and of the column right of it, without the sides that went and with those that came."""
    top, right = window.bottom + window.rows, window.left + window.columns
    upper = gathering.window(cells.lattice, window.left, right + 1, window.bottom, top)
    before = gathering.edges_in(cells, upper)
    sides = np.where(np.isin(before.sides, redraw.gone), NOBODY, before.sides)
    kept = (sides != NOBODY).any(axis=1)
    new, _ = edges.edges_of(edges.rings_of(redraw.shapes, redraw.slots))
    return _joined(np.concatenate([before.ends[kept], new.ends]), np.concatenate([sides[kept], new.sides]))


def _joined(ends: Floats, sides: Positions) -> Edges:
    """Edges (m,) of which some are given twice, each with a leaf on one side, made one with both; in the same order.

    Where two leaves claim one side they stay two, and the sums beside them will tell.
    """
    unique, first, number = np.unique(ends, axis=0, return_index=True, return_inverse=True)
    total, highest = np.zeros((2, len(unique), 2), dtype=np.int64)
    np.add.at(total, number.ravel(), sides)
    np.maximum.at(highest, number.ravel(), sides)
    if (total != highest).any():
        return Edges(ends, sides.astype(np.int32))
    order = first.argsort()
    return Edges(unique[order], total[order].astype(np.int32))


@kernel
def _label_centres(cells: Cells, column: int, bottom: int, labels: Positions) -> None:
    """Labels at the centres of a column of upper cells, from the row ``bottom`` up, are written to ``labels``."""
    lattice = cells.lattice
    for row in range(len(labels)):
        entry = cells.entries[(bottom + row) * lattice.columns + column]
        if entry & SCALE == 0:
            labels[row] = entry >> SCALE_BITS
        else:
            x, y = longitude_of(lattice, column + 0.5), latitude_of(lattice, bottom + row + 0.5)
            labels[row] = _centre_label(cells.over if entry & OVER else cells.base, entry, x, y)


@kernel
def _centre_label(part: Part, entry: int, x: float, y: float) -> int:
    scale, table = entry & SCALE, entry >> SCALE_BITS
    label = part.words[table + (scale // 2) * scale + scale // 2]
    return label if label >= 0 else label_in(part, -1 - label, x, y)


def _laid(cells: Cells, window: Lattice, entries: Ints) -> Ints:
    table = cells.entries.reshape(cells.lattice.rows, cells.lattice.columns).copy()
    marked = np.where(entries & SCALE, entries | OVER, entries).reshape(window.rows, window.columns)
    table[window.bottom : window.bottom + window.rows, window.left : window.left + window.columns] = marked
    return table.ravel()
