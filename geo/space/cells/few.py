"""A handful of points asked without compiled code: the same cells, every decision in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from geo.arrays import Floats, Positions
from geo.space.cells.layout import EDGE, HEAD, NOBODY, OVER, SCALE, SCALE_BITS, Cells, Part


def positions(cells: Cells, lonlat: Floats) -> Positions:
    """Positions (n,) of the leaves at points (n, 2); -1 outside and where not finite."""
    slots = [_slot(cells, x, y) for x, y in lonlat.tolist()]
    return cells.position_of[np.array(slots, dtype=np.int64)]


def _slot(cells: Cells, x: float, y: float) -> int:
    lattice = cells.lattice
    across, up = (x - lattice.west) * lattice.across, (y - lattice.south) * lattice.up
    if not (0 <= across < lattice.columns and 0 <= up < lattice.rows):
        return NOBODY
    entry = int(cells.entries[int(up) * lattice.columns + int(across)])
    scale, place = entry & SCALE, entry >> SCALE_BITS
    if not scale:
        return place
    part = cells.over if entry & OVER else cells.base
    label = int(part.words[place + int(up % 1 * scale) * scale + int(across % 1 * scale)])
    return label if label >= 0 else _in_record(cells, part, -1 - label, (x, y))


def _in_record(cells: Cells, part: Part, record: int, point: tuple[float, float]) -> int:
    slot, count = part.words[record : record + HEAD].tolist()
    numbers = part.words[record + HEAD + EDGE * count :][:count]
    touching: list[int] = []
    for number in numbers.tolist():
        ends, sides = part.ends[number >> 2].tolist(), part.sides[number >> 2].tolist()
        side = _side(ends, point)
        if _crosses(ends, number & 3, side, point[1]):
            slot += sides[0] - sides[1]
        if side == 0 and _is_between(ends, point):
            touching += [beside for beside in sides if beside != NOBODY]
    return min(touching, key=cells.position_of.item, default=slot)


def _side(ends: list[float], point: tuple[float, float]) -> int:
    """1 where the point lies left of the edge's line, -1 right of it, 0 on it."""
    ax, ay, bx, by = map(Fraction, ends)
    x, y = map(Fraction, point)
    determinant = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
    return (determinant > 0) - (determinant < 0)


def _crosses(ends: list[float], is_beyond: int, side: int, y: float) -> bool:
    """As the kernel ``lattices.crosses``."""
    below, above = ends[1], ends[3]
    reaches = (is_beyond & 1 or y >= below) and (is_beyond & 2 or y < above)
    return bool(reaches) and (side > 0 or (side == 0 and below == above))


def _is_between(ends: list[float], point: tuple[float, float]) -> bool:
    return min(ends[0], ends[2]) <= point[0] <= max(ends[0], ends[2]) and ends[1] <= point[1] <= ends[3]
