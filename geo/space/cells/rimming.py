"""Rims of leaves, as :mod:`~geo.space.cells.layout` has them, from the edges that border each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.compiling import kernel
from geo.space.cells.layout import (
    BUNDLE,
    NO_BUNDLES,
    NOBODY,
    STRETCH,
    Bundles,
    Edges,
    Lattice,
    Rims,
    bundles_of,
    fixed,
)

_WIDER = 2.0**-22  # of a figure, far more than it loses in single precision


def rims_of(edges: Edges, lattice: Lattice, slots: Positions) -> Rims:
    """Rims of leaves with these slots, each bordered by some of the edges."""
    of, bundles = _bundled(edges, lattice, slots)
    return Rims(fixed(of), bundles, NO_BUNDLES)


def laid_over(rims: Rims, edges: Edges, lattice: Lattice, slots: Positions, first_edge: int) -> Rims:
    """Rims where those of leaves with these slots are made anew.

    Parameters
    ----------
    edges
        All that border them, and others.
    first_edge
        Number of the first edge in the part that lies over.
    """
    over = rims.over
    new_of, new = _bundled(edges, lattice, slots)
    of = np.zeros((max(len(rims.of), len(new_of)), 2), dtype=np.int32)
    of[: len(rims.of)] = rims.of
    of[slots] = new_of[slots] * (-1, 1) + (-1 - len(over.wide_boxes), 0)
    joined = bundles_of(
        np.concatenate([over.stretches, new.stretches + np.int32(first_edge * STRETCH)]),
        np.concatenate([over.boxes, new.boxes]),
        np.concatenate([over.wide_boxes, new.wide_boxes]),
    )
    return Rims(fixed(of), rims.base, joined)


def _bundled(edges: Edges, lattice: Lattice, slots: Positions) -> tuple[Positions, Bundles]:
    """First bundle and how many (slots + 1, 2), by slot; and the bundles."""
    of = np.zeros((int(slots.max(initial=0)) + 1, 2), dtype=np.int32)
    begins, numbers = _beside(edges.sides, slots, len(of))
    count = _stretch(begins, numbers, slots, of, _NOTHING)
    stretches = np.zeros((count, BUNDLE), dtype=np.int32)
    _stretch(begins, numbers, slots, of, stretches)
    boxes, wide = np.empty((count, 4, BUNDLE), dtype=np.float32), np.empty((count, 4), dtype=np.float32)
    _box(edges.ends, lattice, (stretches, boxes, wide))
    return of, bundles_of(stretches, boxes, wide)


_NOTHING = np.zeros((0, BUNDLE), dtype=np.int32)
_UNTAKEN = -1


def _beside(sides: Positions, slots: Positions, most: int) -> tuple[Ints, Positions]:
    """Numbers of the edges beside each leaf, ascending, one leaf after another; and where those of each slot begin."""
    is_wanted = np.zeros(most, dtype=np.bool_)
    is_wanted[slots] = True
    begins = np.zeros(most + 1, dtype=np.int64)
    _count(sides, is_wanted, begins)
    np.cumsum(begins, out=begins)
    numbers = np.empty(begins[-1], dtype=np.int32)
    _list(sides, is_wanted, begins[:-1].copy(), numbers)
    return begins, numbers


@kernel
def _count(sides: Positions, is_wanted: NDArray[np.bool_], begins: Ints) -> None:
    for edge in range(len(sides)):
        for which in range(2):
            slot = sides[edge, which]
            if slot != NOBODY and slot < len(is_wanted) and is_wanted[slot]:
                begins[slot + 1] += 1


@kernel
def _list(sides: Positions, is_wanted: NDArray[np.bool_], places: Ints, numbers: Positions) -> None:
    for edge in range(len(sides)):
        for which in range(2):
            slot = sides[edge, which]
            if slot != NOBODY and slot < len(is_wanted) and is_wanted[slot]:
                numbers[places[slot]] = edge
                places[slot] += 1


@kernel
def _stretch(begins: Ints, numbers: Positions, slots: Positions, of: Positions, stretches: Positions) -> int:
    """How many bundles there are; they are written where there is room for them."""
    bundle = 0
    for slot in slots:
        of[slot, 0] = bundle
        place, last, more = BUNDLE, -2, 0
        for at in range(begins[slot], begins[slot + 1]):
            if numbers[at] == last + 1 and more < STRETCH - 1:
                more += 1
            else:
                if place == BUNDLE:
                    bundle, place = bundle + 1, 0
                    if len(stretches) > 0:
                        stretches[bundle - 1] = _UNTAKEN
                place, more = place + 1, 0
            last = numbers[at]
            if len(stretches) > 0:
                stretches[bundle - 1, place - 1] = (last - more) * STRETCH + more
        of[slot, 1] = bundle - of[slot, 0]
    return bundle


@kernel
def _box(ends: Floats, lattice: Lattice, bundles: tuple[Positions, NDArray[np.float32], NDArray[np.float32]]) -> None:
    """Boxes around stretches and around bundles of them are written."""
    stretches, boxes, wide = bundles
    for bundle in range(len(stretches)):
        boxes[bundle] = np.inf
        wide[bundle, :2], wide[bundle, 2:] = np.inf, -np.inf
        for place in range(BUNDLE):
            stretch = stretches[bundle, place]
            if stretch == _UNTAKEN:
                break
            west, south, east, north = _around(ends, stretch // STRETCH, stretch // STRETCH + stretch % STRETCH)
            west, south = (west - lattice.west) * (1 - _WIDER), (south - lattice.south) * (1 - _WIDER)
            east, north = (east - lattice.west) * (1 + _WIDER), (north - lattice.south) * (1 + _WIDER)
            boxes[bundle, 0, place], boxes[bundle, 1, place] = west, south
            boxes[bundle, 2, place], boxes[bundle, 3, place] = east, north
            wide[bundle, 0], wide[bundle, 1] = min(wide[bundle, 0], west), min(wide[bundle, 1], south)
            wide[bundle, 2], wide[bundle, 3] = max(wide[bundle, 2], east), max(wide[bundle, 3], north)


@kernel
def _around(ends: Floats, first: int, last: int) -> tuple[float, float, float, float]:
    """West, south, east, north of edges."""
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for edge in range(first, last + 1):
        west, east = min(west, ends[edge, 0], ends[edge, 2]), max(east, ends[edge, 0], ends[edge, 2])
        south, north = min(south, ends[edge, 1]), max(north, ends[edge, 3])
    return west, south, east, north
