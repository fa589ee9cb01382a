"""Unique edges of a partition, each with the leaves on its left and right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.arrays import Bools, Floats, Ints, Positions, Shapes
from geo.space.cells.compiling import kernel
from geo.space.cells.layout import NOBODY, Edges


class Rings(NamedTuple):
    """Rings of leaves: ``xy`` (k, 2) degrees, ring i from ``begins[i]`` up to ``begins[i + 1]``.

    ``slot`` is that of its leaf, and ``ground_left`` says whether its ground lies left of the way it is walked.
    """

    xy: Floats
    begins: Ints
    slot: Positions
    ground_left: Bools


class _Found(NamedTuple):
    """Room for edges: by number, and a ``table`` of numbers by hash, -1 where it is free."""

    table: Positions
    ends: Floats
    sides: Positions
    twice: Bools


def rings_of(shapes: Shapes, slots: Positions) -> Rings:
    """Rings of polygons and multipolygons (n,), each with the slot of its leaf."""
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    hole = np.zeros(len(rings), dtype=np.bool_)
    hole[1:] = of_part[1:] == of_part[:-1]
    begins = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))]).astype(np.int64)
    xy = shapely.get_coordinates(rings) + 0.0  # -0.0 has other bits than 0.0
    return Rings(xy, begins, slots[of_shape[of_part]].astype(np.int32), shapely.is_ccw(rings) != hole)


def joined(rings: Sequence[Rings]) -> Rings:
    """All rings, one after another."""
    if len(rings) == 1:
        return rings[0]
    none = Rings(
        np.zeros((0, 2)), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.bool_)
    )
    parts = [none, *rings]
    counts = np.concatenate([np.diff(some.begins, prepend=0) for some in parts])
    kept = np.concatenate([np.arange(len(some.begins)) > 0 for some in parts])
    begins = np.concatenate([[0], np.cumsum(counts[kept])]).astype(np.int64)
    xy, slot, ground_left = (np.concatenate([some[at] for some in parts]) for at in (0, 2, 3))
    return Rings(xy, begins, slot, ground_left)


def edges_of(rings: Rings) -> tuple[Edges, Positions]:
    """Unique edges, and the numbers (k,) of those that two leaves claim on one side, which no partition has."""
    most = len(rings.xy) - len(rings.slot)
    found = _Found(
        table=np.full(1 << int(2 * max(most, 1)).bit_length(), -1, dtype=np.int32),
        ends=np.empty((most, 4)),
        sides=np.zeros((most, 2), dtype=np.int32),
        twice=np.zeros(most, dtype=np.bool_),
    )
    count = _pair(rings, rings.xy.view(np.int64), found)
    edges = Edges(found.ends[:count].copy(), found.sides[:count].copy())
    return edges, np.flatnonzero(found.twice[:count]).astype(np.int32)


@kernel
def _hash(bits: NDArray[np.int64], low: int, high: int) -> int:
    """Bits of both ends mixed; multipliers are odd and large, as in Fibonacci hashing."""
    mixed = (bits[low, 0] * np.int64(-7046029254386353131)) ^ (bits[low, 1] * np.int64(-4417276706812531889))
    mixed ^= (bits[high, 0] * np.int64(1609587929392839161)) + (bits[high, 1] * np.int64(-8796714831421723037))
    mixed ^= (mixed >> np.int64(29)) & np.int64(0x7FFFFFFFF)
    mixed *= np.int64(-4658895280553007687)
    return int(mixed ^ ((mixed >> np.int64(32)) & np.int64(0xFFFFFFFF)))


@kernel
def _place(table: Positions, ends: Floats, xy: Floats, low: int, high: int, start: int) -> int:
    """Place in the table of the edge between two vertices, or the free one where it belongs (open addressing)."""
    mask = len(table) - 1
    at = start & mask
    while table[at] >= 0:
        edge = table[at]
        if (
            ends[edge, 0] == xy[low, 0]
            and ends[edge, 1] == xy[low, 1]
            and ends[edge, 2] == xy[high, 0]
            and ends[edge, 3] == xy[high, 1]
        ):
            break
        at = (at + 1) & mask
    return at


@kernel
def _pair(rings: Rings, bits: NDArray[np.int64], found: _Found) -> int:
    """How many edges there are; they are written to ``found``."""
    xy, count = rings.xy, 0
    for ring in range(len(rings.slot)):
        for first in range(rings.begins[ring], rings.begins[ring + 1] - 1):
            low, high, upward = first, first + 1, True
            if xy[low, 1] > xy[high, 1] or (xy[low, 1] == xy[high, 1] and xy[low, 0] > xy[high, 0]):
                low, high, upward = first + 1, first, False
            if xy[low, 0] == xy[high, 0] and xy[low, 1] == xy[high, 1]:
                continue
            at = _place(found.table, found.ends, xy, low, high, _hash(bits, low, high))
            edge = found.table[at]
            if edge < 0:
                edge = count
                found.table[at] = edge
                found.ends[edge, 0], found.ends[edge, 1] = xy[low, 0], xy[low, 1]
                found.ends[edge, 2], found.ends[edge, 3] = xy[high, 0], xy[high, 1]
                count += 1
            which = 0 if upward == rings.ground_left[ring] else 1
            found.twice[edge] |= found.sides[edge, which] != NOBODY
            found.sides[edge, which] = rings.slot[ring]
    return count
