"""Buildings as a file gives them, many at a time and every field usable; what tells a repeat from a change."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.arrays import Floats, Ints
from geo.ragged import Ragged

NOUN = "buildings"
"""What their rows are called where revisions are counted."""
DIGEST_BYTES = 16
TEXTS = ("use", "use_given", "name", "address")
"""Fields that are texts, null where nothing is known; the use and what is said for it stand first."""
COUNTS = ("floors", "households", "firms", "workers")
"""Fields that are figures, NaN where nothing is known; never 0 for that."""


@dataclass(frozen=True, eq=False)
class Footprints:
    """The fields of n buildings, or of n pieces of buildings.

    Attributes
    ----------
    row
        Row numbers of the file.
    source, reference
        Texts; together they say which building it is.
    use, use_given
        Code of the use, and what the source says for it; null for unknown, as ``name`` and ``address``.
    floors, households, firms, workers
        Figures; NaN for unknown.
    ground
        Valid polygons of one or more parts, normalised, degrees WGS 84 on the lattice.
    """

    row: Ints
    source: pa.Array
    reference: pa.Array
    use: pa.Array
    use_given: pa.Array
    floors: Floats
    households: Floats
    firms: Floats
    workers: Floats
    name: pa.Array
    address: pa.Array
    ground: Ragged

    def __len__(self) -> int:
        return len(self.row)

    def taken(self, at: Ints) -> Footprints:
        """The buildings at these positions."""
        return Footprints(**{name: taken(getattr(self, name), at) for name in self.__dataclass_fields__})

    def places(self) -> dict[int, tuple[float, float]]:
        """Row number → the first node of its footprint."""
        return {row: (x, y) for row, (x, y) in zip(self.row.tolist(), self.ground.firsts.tolist(), strict=True)}

    def plain(self) -> list[tuple[Any, ...]]:
        """For each building its texts, then its figures; None for unknown."""
        texts = [getattr(self, name).to_pylist() for name in TEXTS]
        figures = [[None if isnan(one) else one for one in getattr(self, name).tolist()] for name in COUNTS]
        return list(zip(*texts, *figures, strict=True))


def taken(column: Any, at: Ints) -> Any:
    """What a column, or their ground, holds at these positions."""
    if isinstance(column, Ragged):
        return column.taken(at)
    return column.take(pa.array(at)) if isinstance(column, pa.Array) else column[at]


def digests(footprints: Footprints) -> pa.Array:
    """What a building is, 16 bytes (n,) each: equal for a repeat, different when any field but the key changed.

    They are stored, so what is hashed stays as it is: the texts and the figures as Python writes a tuple of them, and
    the footprint's well-known binary.
    """
    cells, length = footprints.ground.wkb()
    ends = pa.array(np.append(0, np.cumsum(length)))
    shapes = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(length), [None, ends.buffers()[1], pa.py_buffer(cells)]
    )
    words = [_written(getattr(footprints, name)) for name in (*TEXTS, *COUNTS)]
    fields = [pc.cast(one, pa.large_binary()) for one in words]
    tuples = pc.binary_join_element_wise(*fields, pa.scalar(b", ", pa.large_binary()))
    blank, begin, end = (pa.scalar(one, pa.large_binary()) for one in (b"", b"(", b")"))
    whole = pc.binary_join_element_wise(begin, tuples, end, shapes, blank)
    made = [blake2b(one, digest_size=DIGEST_BYTES).digest() for one in whole.to_pylist()]
    return pa.array(made, type=pa.binary())


def _written(column: pa.Array | Floats) -> pa.Array:
    """Each value as Python writes it."""
    if isinstance(column, pa.Array):
        known = pc.dictionary_encode(column)
        words = [repr(one) for one in known.dictionary.to_pylist()]
    else:  # by their bits: 0.0 and -0.0 are written differently
        known = pc.dictionary_encode(pa.array(column.view(np.int64), mask=np.isnan(column)))
        figures = known.dictionary.to_numpy(zero_copy_only=False).astype(np.int64).view(np.float64)
        words = [repr(one) for one in figures.tolist()]
    return pc.fill_null(pa.array(words, type=pa.string()).take(known.indices), "None")
