"""The made buildings as columns: what units, posts and figures are drawn from once the buildings are written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes

_COLUMNS = ("use", "floors", "households", "firms", "workers", "name", "address")


@dataclass(frozen=True, eq=False)
class Sites:
    """Buildings (n,) in the order of the file; the building with id ``i`` stands at position ``i - 1``.

    Attributes
    ----------
    table
        Their columns use, floors, households, firms, workers, name, address.
    lonlat
        (n, 2) degrees: a point inside where there are firms, elsewhere the middle, which always lies in the block.
    block
        Position of the face each stands on.
    """

    table: pa.Table
    lonlat: Floats
    block: Ints

    def __len__(self) -> int:
        return len(self.block)

    def figures(self, name: str) -> Ints:
        """A column of whole numbers."""
        found: Ints = self.table[name].to_numpy().astype(np.int64)
        return found

    def texts(self, name: str, at: Ints) -> list[str]:
        """A column of texts at some positions."""
        found: list[str] = self.table[name].take(pa.array(at)).to_pylist()
        return found

    @cached_property
    def uses(self) -> np.ndarray:
        """Use of each."""
        return np.asarray(self.table["use"].to_pylist(), dtype=np.str_)

    def used(self, *names: str) -> Bools:
        """True for buildings of one of these uses."""
        return np.isin(self.uses, names)


def seen(table: pa.Table, shapes: Shapes, block: Ints) -> Sites:
    """The buildings of one chunk as they were just described."""
    lonlat = shapely.get_coordinates(shapely.centroid(shapes))
    busy = np.flatnonzero(table["firms"].to_numpy() > 0)
    lonlat[busy] = shapely.get_coordinates(shapely.point_on_surface(shapes[busy]))
    return Sites(table.select(_COLUMNS), lonlat, block)


def gathered(chunks: list[Sites]) -> Sites:
    """All chunks as one; none at all is a city without buildings."""
    if not chunks:
        kinds = [pa.string(), *[pa.int64()] * 4, pa.string(), pa.string()]
        empty = pa.table({name: pa.array([], type=kind) for name, kind in zip(_COLUMNS, kinds, strict=True)})
        return Sites(empty, np.empty((0, 2)), np.empty(0, dtype=np.int64))
    return Sites(
        pa.concat_tables([one.table for one in chunks]),
        np.concatenate([one.lonlat for one in chunks]),
        np.concatenate([one.block for one in chunks]),
    )
