"""Edges of some upper cells, gathered by numpy alone: for a handful of points, and for what is asked once."""

from __future__ import annotations

import numpy as np

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.layout import EDGE, HEAD, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Edges, Lattice, Part


def edges_in(cells: Cells, upper: Ints) -> Edges:
    """Edges that cross any of the upper cells with these numbers, each once."""
    entries = cells.entries[upper]
    entries = entries[entries & SCALE > 0]
    over = entries & OVER > 0
    base = _gathered(cells.base, entries[~over])
    if not over.any():
        return base
    laid = _gathered(cells.over, entries[over])
    # one that leaves the ground of a redraw is in both parts, or twice in what lies over
    ends, sides = np.concatenate([base.ends, laid.ends]), np.concatenate([base.sides, laid.sides])
    first = np.sort(np.unique(ends, axis=0, return_index=True)[1])
    return Edges(ends[first], sides[first])


def window(lattice: Lattice, left: int, right: int, bottom: int, top: int) -> Ints:
    """Numbers of the upper cells of columns and rows from … up to …, those beside the lattice left out."""
    columns = np.arange(max(0, left), min(lattice.columns, right))
    rows = np.arange(max(0, bottom), min(lattice.rows, top))
    return np.asarray(rows[:, None] * lattice.columns + columns, dtype=np.int64).ravel()


def outline_edges(cells: Cells) -> Edges:
    """Edges with ground of the city on one side only."""
    lattice = cells.lattice
    numbers = []
    for part in (cells.base, cells.over):
        ends = part.ends[(part.sides == NOBODY).any(axis=1)]
        column = ((ends[:, 0] + ends[:, 2]) / 2 - lattice.west) * lattice.across
        row = ((ends[:, 1] + ends[:, 3]) / 2 - lattice.south) * lattice.up
        numbers.append(row.astype(np.int64) * lattice.columns + column.astype(np.int64))
    found = edges_in(cells, np.unique(np.concatenate(numbers)))
    single = (found.sides == NOBODY).any(axis=1)
    return Edges(found.ends[single], found.sides[single])


def _gathered(part: Part, entries: Ints) -> Edges:
    tables, scales = entries >> SCALE_BITS, entries & SCALE
    labels = part.words[_runs(tables, scales * scales)]
    records = -1 - labels[labels < 0].astype(np.int64)
    counts = part.words[records + 1].astype(np.int64)
    numbers: Positions = np.unique(part.words[_runs(records + HEAD + EDGE * counts, counts)] >> 2)
    ends: Floats = part.ends[numbers]
    return Edges(ends, part.sides[numbers])


def _runs(begins: Ints, lengths: Ints) -> Ints:
    """Whole numbers from each beginning on, so many each, one after another."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(begins - (ends - lengths), lengths), dtype=np.int64)
