"""Positions out of a column of WKB."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.arrays import Floats

_POINT = np.frombuffer(b"\x01\x01\x00\x00\x00", dtype=np.uint8)
"""How the WKB of a plain point begins; x and y follow."""


def positions(wkb: pa.ChunkedArray) -> Floats:
    """Coordinates of points (n, 2) in their file's CRS, NaN where there is none, no point, or nothing readable."""
    cells = wkb.combine_chunks()
    lengths = pc.min_max(pc.binary_length(cells)).as_py()
    if not cells.null_count and lengths["min"] == lengths["max"] == len(_POINT) + 16:
        plain = _bytes_of(cells)
        # without objects: those of shapely leave the memory in pieces, and it grows by them
        if (plain[:, : len(_POINT)] == _POINT).all():
            return np.ascontiguousarray(plain[:, len(_POINT) :]).view("<f8")
    shapes = shapely.from_wkb(cells.to_numpy(zero_copy_only=False), on_invalid="ignore")
    shapes = np.where(shapely.is_empty(shapes), None, shapes)  # GEOS has no x of an empty point with z
    return np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])


def _bytes_of(cells: pa.Array) -> NDArray[np.uint8]:
    """Bytes of cells of one length (n, length)."""
    wide = cells.cast(pa.large_binary())
    offsets = np.frombuffer(wide.buffers()[1], dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1]
    whole = np.frombuffer(wide.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    return whole.reshape(len(wide), -1)
