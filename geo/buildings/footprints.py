"""Buildings as a file gives them, many at a time and every field usable; what tells a repeat from a change."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Floats, Ints, Shapes
from geo.polygons import firsts

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
    shapes
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
    shapes: Shapes

    def __len__(self) -> int:
        return len(self.row)

    def taken(self, at: Ints) -> Footprints:
        """The buildings at these positions."""
        rows = pa.array(at)
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Footprints(**{n: c.take(rows) if isinstance(c, pa.Array) else c[at] for n, c in fields.items()})

    def places(self) -> dict[int, tuple[float, float]]:
        """Row number → the first node of its footprint."""
        return {row: (x, y) for row, (x, y) in zip(self.row.tolist(), firsts(self.shapes).tolist(), strict=True)}

    def plain(self) -> list[tuple[Any, ...]]:
        """For each building its texts, then its figures; None for unknown."""
        texts = [getattr(self, name).to_pylist() for name in TEXTS]
        figures = [[None if isnan(one) else one for one in getattr(self, name).tolist()] for name in COUNTS]
        return list(zip(*texts, *figures, strict=True))


def digests(footprints: Footprints) -> pa.Array:
    """What a building is, 16 bytes (n,) each: equal for a repeat, different when any field but the key changed."""
    made = [
        blake2b(repr(fields).encode() + shape, digest_size=DIGEST_BYTES).digest()
        for fields, shape in zip(footprints.plain(), shapely.to_wkb(footprints.shapes).tolist(), strict=True)
    ]
    return pa.array(made, type=pa.binary())


def nothing() -> Footprints:
    """No building."""
    none, empty = pa.array([], type=pa.string()), np.empty(0)
    texts = dict.fromkeys(("source", "reference", *TEXTS), none)
    return Footprints(
        row=np.empty(0, np.int64), **texts, **dict.fromkeys(COUNTS, empty), shapes=np.empty(0, dtype=object)
    )
