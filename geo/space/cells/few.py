"""One point, or a handful, asked without compiled code: the same cells, the same filter, doubts in exact fractions.

A point takes about two microseconds, less than handing the arrays of an index to a compiled function would.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from geo.arrays import Floats, Positions
from geo.space.cells.layout import EDGE, HEAD, NEAR, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Part


class Handful:
    """An index read word by word; memory views give Python's own numbers, which arrays do not."""

    def __init__(self, cells: Cells) -> None:
        self._lattice = cells.lattice
        self._entries = cells.entries.data
        self._position_of = cells.position_of.data
        self._base, self._over = _Words(cells.base), _Words(cells.over)

    def positions(self, lonlat: Floats) -> Positions:
        """Positions (n,) of the leaves at points (n, 2); -1 outside and where not finite."""
        return np.array([self.position(x, y) for x, y in lonlat.tolist()], dtype=np.int32)

    def position(self, x: float, y: float) -> int:
        """Position of the leaf at one point, degrees; -1 outside and where not finite."""
        west, south, across, up, _, _, _, columns, rows = self._lattice
        column, row = (x - west) * across, (y - south) * up
        if not (0 <= column < columns and 0 <= row < rows):
            return self._position_of[NOBODY]
        whole_column, whole_row = int(column), int(row)
        entry = self._entries[whole_row * columns + whole_column]
        scale, place = entry & SCALE, entry >> SCALE_BITS
        if not scale:
            return self._position_of[place]
        part = self._over if entry & OVER else self._base
        column, row = (column - whole_column) * scale, (row - whole_row) * scale
        whole_column, whole_row = int(column), int(row)
        label = part.words[place + whole_row * scale + whole_column]
        if label < 0:
            label = part.in_record(-1 - label, column - whole_column - 0.5, row - whole_row - 0.5)
            if label < 0:
                label = self._exact(part, -1 - label, x, y)
        return self._position_of[label]

    def _exact(self, part: _Words, record: int, x: float, y: float) -> int:
        """Slot at a point by exact sides; on an edge the one with the lowest position."""
        slot, touching = part.words[record], []
        for number in part.numbers(record):
            ends, sides = part.edges.ends[number >> 2].tolist(), part.edges.sides[number >> 2].tolist()
            side = side_of(ends, x, y)
            if _crosses(ends, number & 3, side, y):
                slot += sides[0] - sides[1]
            if side == 0 and _is_between(ends, x, y):
                touching += [beside for beside in sides if beside != NOBODY]
        return min(touching, key=self._position_of.__getitem__, default=slot)


class _Words:
    """The words of a part."""

    def __init__(self, part: Part) -> None:
        self.edges = part
        self.words, self.floats = part.words.data, part.floats.data

    def in_record(self, record: int, column: float, row: float) -> int:
        """Slot at a place of a lower cell, counted from its centre; ``-1 - record`` where it is too near to say."""
        slot, begin = self.words[record], record + HEAD
        for at in range(begin, begin + EDGE * self.words[record + 1], EDGE):
            a, b, c, lowest, highest = self.floats[at : at + 5].tolist()
            above, below = row - lowest, highest - row
            if above < -NEAR or below < -NEAR:
                continue
            distance = a * column + b * row + c
            if above < NEAR or below < NEAR or -NEAR < distance < NEAR:
                return -1 - record
            if distance > 0:
                slot += self.words[at + 5]
        return slot

    def numbers(self, record: int) -> list[int]:
        """The edges of a record, as it numbers them."""
        count = self.words[record + 1]
        begin = record + HEAD + EDGE * count
        return self.words[begin : begin + count].tolist()


def side_of(ends: list[float], x: float, y: float) -> int:
    """1 where the point lies left of the edge's line, -1 right of it, 0 on it."""
    ax, ay, bx, by, px, py = map(Fraction, (*ends, x, y))
    determinant = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (determinant > 0) - (determinant < 0)


def _crosses(ends: list[float], is_beyond: int, side: int, y: float) -> bool:
    """As the kernel ``lattices.crosses``."""
    below, above = ends[1], ends[3]
    reaches = (is_beyond & 1 or y >= below) and (is_beyond & 2 or y < above)
    return bool(reaches) and (side > 0 or (side == 0 and below == above))


def _is_between(ends: list[float], x: float, y: float) -> bool:
    return min(ends[0], ends[2]) <= x <= max(ends[0], ends[2]) and ends[1] <= y <= ends[3]
