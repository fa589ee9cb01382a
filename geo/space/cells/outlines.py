"""The outline of a city in metres: what is nearest to a point outside, at any distance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.gathering import outline_edges
from geo.space.cells.layout import Cells, fixed
from geo.space.cells.metres import Projection, forward

Places = NDArray[np.complex128]

GROUP = 32
"""Pieces in one box."""
_SAG_M = 1e-3
_TILE = 8  # upper cells along a side of what is taken together


class Outline(NamedTuple):
    """Pieces (k,) of the outline, straight in metres: ``lowest`` is the lower position of the leaves beside each.

    ``boxes`` (groups, 4) are least and most north, least and most east, of ``GROUP`` pieces each, one after another.
    """

    starts: Places
    stops: Places
    lowest: Positions
    boxes: Floats

    @classmethod
    def of(cls, cells: Cells, projection: Projection) -> Outline:
        """The outline of an index, in pieces that lie within a millimetre of the edges."""
        edges = outline_edges(cells)
        beside = cells.position_of[edges.sides]
        ends, of = _pieces(edges.ends, projection)
        order = _near_together(cells, ends)
        ends, of = ends[order], of[order]
        starts, stops = (forward(projection, ends[:, at], ends[:, at + 1]) for at in (0, 2))
        firsts = np.arange(0, len(starts), GROUP)
        both = np.stack([starts, stops])
        boxes = [
            extreme.reduceat(extreme.reduce(side, axis=0), firsts)
            for side in (both.real, both.imag)
            for extreme in (np.minimum, np.maximum)
        ]
        lowest = beside.max(axis=1)[of].astype(np.int32)
        return cls(fixed(starts), fixed(stops), fixed(lowest), fixed(np.stack(boxes, axis=1)))

    def nearest(self, place: complex) -> tuple[int, float]:
        """Lowest position among the leaves whose outline is nearest to a place, and metres to it."""
        squares = squares_to(self.starts - place, self.stops - place)
        best = squares.min()
        return int(self.lowest[squares == best].min()), float(np.sqrt(best))


def _pieces(ends: Floats, projection: Projection) -> tuple[Floats, Ints]:
    """Pieces (k, 4) of edges in degrees, and the edge each is of; a sag shrinks with the square of the length."""
    a, b = ends[:, :2], ends[:, 2:]
    start, middle, stop = (forward(projection, *xy.T) for xy in (a, (a + b) / 2, b))
    sag = np.abs(middle - (start + stop) / 2)
    count = np.maximum(1, np.ceil(np.sqrt(sag / _SAG_M))).astype(np.int64)
    of = np.repeat(np.arange(len(ends)), count)
    step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    low, high = (step / count[of])[:, None], ((step + 1) / count[of])[:, None]
    way = (b - a)[of]
    return np.hstack([a[of] + low * way, np.where(high == 1, b[of], a[of] + high * way)]), of


def _near_together(cells: Cells, ends: Floats) -> Ints:
    """An order of pieces in which neighbours are near each other."""
    lattice = cells.lattice
    column = ((ends[:, 0] + ends[:, 2]) / 2 - lattice.west) * lattice.across
    row = ((ends[:, 1] + ends[:, 3]) / 2 - lattice.south) * lattice.up
    return np.lexsort((column, row, column // _TILE, row // _TILE))


def squares_to(a: Places, b: Places) -> Floats:
    """Squares (k,) of the distances from the origin to lines; at an end exactly that of the end."""
    share = feet(a, b)
    return squares(np.where(share == 1, b, a + share * (b - a)))


def feet(a: Places, b: Places) -> Floats:
    """How far (k,) along the way from a to b the place nearest to the origin lies, 0 to 1."""
    way = b - a
    length = squares(way)
    share: Floats = np.clip(-(a.real * way.real + a.imag * way.imag) / np.where(length == 0, 1, length), 0, 1)
    return share


def squares(places: Places) -> Floats:
    """Squares of the distances of places from the origin."""
    return np.asarray(places.real * places.real + places.imag * places.imag)
