"""What an index is made of: two levels of cells, 32-bit words, edges. Nothing here needs a compiler.

An upper cell's entry holds ``SCALE_BITS`` bits of scale and above them a label or a place in the words. Scale 0: the
whole cell has that label. Else the words have a table of ``scale`` × ``scale`` lower cells there, row by row from the
south-west. An entry of it is a label, or ``-1 - at`` for a record at ``at``:

====================  ==========================================================================================
word                  what
====================  ==========================================================================================
0                     label where none of the cell's edges is crossed on the way to its right side
1                     number n of edges that cross the cell
2 + 6 i … 7 + 6 i     of edge i, in cells from the centre, single precision: a, b, c with ``a x + b y + c`` the
                      distance to its line, above 0 on its left; its lowest and highest place; then left − right
2 + 6 n + i           of edge i: its number × 4 + which of its ends lie beyond the cell, 1 the lower, 2 the upper
====================  ==========================================================================================

A label is the slot of a leaf. Slots are never used again for another leaf, positions are; ``Cells.position_of`` has the
position of each slot in one edition.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Floats, Ints, Positions, Shapes

_Array = TypeVar("_Array", bound=NDArray[Any])

NOBODY = 0
"""The slot of ground outside every leaf; leaves have the slots from 1."""
SCALE_BITS = 8
"""Bits of an upper cell's entry below the label or the place."""
OVER = 1 << (SCALE_BITS - 1)
"""The bit of an entry that points into the part laid over the base."""
SCALE = OVER - 1
"""The bits of an entry that hold its scale."""
HEAD = 2
"""Words of a record before its edges."""
EDGE = 6
"""Words of an edge in a record, its number not counted."""


STRETCH = 8
"""Edges in one box at most."""
BUNDLE = 8
"""Boxes looked at at once."""
NEAR = 1e-6
"""Lower cells from an edge within which exact arithmetic decides; single precision errs by less than a fifth of it."""


class Lattice(NamedTuple):
    """Cells; a longitude lies at ``((longitude - west) * across - left) * scale`` columns, a latitude so in rows.

    ``west`` and ``south`` are degrees, ``across`` and ``up`` cells of the upper level in a degree, ``left`` and
    ``bottom`` upper cells to the first cell here, ``scale`` cells here along a side of an upper cell.
    """

    west: float
    south: float
    across: float
    up: float
    left: int
    bottom: int
    scale: int
    columns: int
    rows: int


class Edges(NamedTuple):
    """Edges (m) of a partition, each once.

    ``ends`` (m, 4) degrees: x and y of the lower end, x and y of the upper; of a level edge the western end is lower.
    ``sides`` (m, 2) slots on the left and the right of the way up, ``NOBODY`` outside.
    """

    ends: Floats
    sides: Positions


class Part(NamedTuple):
    """Words of an index, also read as ``floats``, and the edges that their records number."""

    words: Positions
    floats: NDArray[np.float32]
    ends: Floats
    sides: Positions


class Bundles(NamedTuple):
    """Edges of a part that border leaves, in boxes for what is nearest to a point.

    Edges are numbered in the order in which rings were walked, so that those with numbers in a row lie in a row on the
    ground. A stretch is up to ``STRETCH`` of them, and up to ``BUNDLE`` stretches are a bundle. ``stretches``
    (b, BUNDLE) are the number of the first edge × ``STRETCH`` + how many follow. ``boxes`` (b, 4, BUNDLE) around
    them, and ``wide_boxes`` (b, 4) around bundles, are west, south, east, north in degrees from the lattice's corner,
    never too narrow; a place in a bundle that no stretch takes is infinitely far away.
    """

    stretches: Positions
    boxes: NDArray[np.float32]
    wide_boxes: NDArray[np.float32]


class Rims(NamedTuple):
    """The rim of each leaf: all edges on its borders.

    ``of`` (slots + 1, 2) is by slot the first bundle and how many there are; a first of ``-1 - at`` is in ``over``.
    """

    of: Positions
    base: Bundles
    over: Bundles


class Cells(NamedTuple):
    """What is asked: the upper cells and the parts they point into, and the rims of leaves.

    ``entries`` (cells,) point into ``over`` where they have the bit ``OVER``, else into ``base``; ``position_of``
    (slots + 1,) is the leaf's position by slot, -1 of slot 0 and of leaves that are gone.
    """

    lattice: Lattice
    entries: Ints
    base: Part
    over: Part
    position_of: Positions
    rims: Rims


class Redraw(NamedTuple):
    """What a redraw did to leaves: the slots that went, and shapes and slots that came.

    A leaf with new ground is both. ``bounds`` (4,) are west, south, east, north of all ground that went or came, NaN
    of none.
    """

    bounds: Floats
    gone: Positions
    shapes: Shapes
    slots: Positions


def part_of(words: Positions, edges: Edges) -> Part:
    """A part that cannot be written to, its words read in both ways."""
    return Part(fixed(words), fixed(words.view(np.float32)), fixed(edges.ends), fixed(edges.sides))


def fixed(array: _Array) -> _Array:
    """The array, not to be written to: kernels are compiled for such, as a file mapped read-only gives no other."""
    array.flags.writeable = False
    return array


NO_PART = part_of(np.zeros(0, dtype=np.int32), Edges(np.zeros((0, 4)), np.zeros((0, 2), dtype=np.int32)))
"""What lies over an index that was made in one piece."""


def bundles_of(stretches: Positions, boxes: NDArray[np.float32], wide_boxes: NDArray[np.float32]) -> Bundles:
    """Bundles that cannot be written to."""
    return Bundles(fixed(stretches), fixed(boxes), fixed(wide_boxes))


NO_BUNDLES = bundles_of(
    np.zeros((0, BUNDLE), dtype=np.int32),
    np.zeros((0, 4, BUNDLE), dtype=np.float32),
    np.zeros((0, 4), dtype=np.float32),
)
"""What lies over the rims of an index that was made in one piece."""
