"""Positions out of a column of points: WKB, or the coordinates themselves as GeoArrow has them.

References
----------
GeoArrow 0.2, memory layout of points: https://geoarrow.org/format.html#memory-layout; in files: GeoParquet 1.1,
encoding ``point``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.arrays import Bools, Floats

_HEAD = np.dtype([("order", "u1"), ("kind", "<u4")])
_PLAIN, _WITH_SRID = 1, 0x20000001
"""How the WKB of a point in two dimensions says its kind; x and y follow, after its SRID when it has one."""


def is_native(kind: pa.DataType) -> bool:
    """Whether a column holds coordinates themselves: x and y side by side, or one after the other."""
    kind = _storage(kind)
    if pa.types.is_struct(kind):
        names = {kind.field(at).name: kind.field(at).type for at in range(kind.num_fields)}
        return {"x", "y"} <= set(names) <= {"x", "y", "z", "m"} and all(map(pa.types.is_floating, names.values()))
    return bool(
        pa.types.is_fixed_size_list(kind) and 2 <= kind.list_size <= 4 and pa.types.is_floating(kind.value_type)
    )


def is_points(kind: pa.DataType) -> bool:
    """Whether a column's type is one that :func:`positions` reads."""
    kind = _storage(kind)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or is_native(kind)


def positions(points: pa.ChunkedArray) -> Floats:
    """Coordinates of points (n, 2) in their file's CRS, NaN where there is none, no point, or nothing readable.

    No point becomes an object where the column is of points alone; shapes among them, or bytes in the order of other
    processors, are read by shapely, and only they.
    """
    cells = points.combine_chunks()
    if isinstance(cells, pa.ExtensionArray):
        cells = cells.storage
    return _native(cells) if is_native(cells.type) else _wkb(cells)


def wkb_of(lonlat: Floats) -> pa.Array:
    """Points (n, 2) as WKB; null where not a number."""
    missing = np.isnan(lonlat).any(axis=1)
    cells = np.empty((len(lonlat), 21), dtype=np.uint8)
    cells[:, :5] = np.array([(1, _PLAIN)], dtype=_HEAD).view(np.uint8)
    cells[:, 5:] = np.ascontiguousarray(lonlat, dtype="<f8").view(np.uint8).reshape(-1, 16)
    offsets = pa.py_buffer(np.arange(len(lonlat) + 1, dtype=np.int32) * cells.shape[1])
    whole = pa.Array.from_buffers(pa.binary(), len(lonlat), [None, offsets, pa.py_buffer(cells)])
    return pc.if_else(pa.array(missing), None, whole)


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


# -- coordinates -----------------------------------------------------------------------------------------------------
def _native(cells: pa.Array) -> Floats:
    if pa.types.is_struct(cells.type):
        both = [pc.struct_field(cells, name).cast(pa.float64()).to_numpy(zero_copy_only=False) for name in "xy"]
        return np.column_stack(both)
    wide, first = cells.type.list_size, cells.offset * cells.type.list_size
    values = cells.values.slice(first, len(cells) * wide).cast(pa.float64()).to_numpy(zero_copy_only=False)
    found: Floats = values.reshape(-1, wide)[:, :2].copy()
    if cells.null_count:
        found[cells.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return found


# -- WKB -------------------------------------------------------------------------------------------------------------
def _wkb(cells: pa.Array) -> Floats:
    found = np.full((len(cells), 2), np.nan)
    told = cells.is_valid().to_numpy(zero_copy_only=False)
    known = cells if told.all() else cells.drop_null()
    if not len(known):
        return found
    read, is_plain = _plain(known)
    if not is_plain.all():
        read[~is_plain] = _by_shapely(known.filter(pa.array(~is_plain)))
    found[told] = read
    return found


def _plain(cells: pa.Array) -> tuple[Floats, Bools]:
    """Coordinates (n, 2) of points in two dimensions, and which cells are such."""
    wide = cells.cast(pa.large_binary())
    data = np.frombuffer(wide.buffers()[2], dtype=np.uint8)
    ends = np.frombuffer(wide.buffers()[1], dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1]
    found, is_plain = np.full((len(cells), 2), np.nan), np.zeros(len(cells), dtype=np.bool_)
    for kind, length in ((_PLAIN, 21), (_WITH_SRID, 25)):
        rows = np.flatnonzero(np.diff(ends) == length)
        if not len(rows):
            continue
        some = _bytes_at(data, ends[rows], length)
        head = np.ascontiguousarray(some[:, :5]).view(_HEAD)[:, 0]
        is_kind = (head["order"] == 1) & (head["kind"] == kind)
        found[rows[is_kind]] = np.ascontiguousarray(some[is_kind, -16:]).view("<f8")
        is_plain[rows[is_kind]] = True
    return found, is_plain


def _bytes_at(data: NDArray[np.uint8], first: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """Bytes (n, length) from each of these places on; without a copy when they follow each other."""
    if first[-1] - first[0] == (len(first) - 1) * length:
        found: NDArray[np.uint8] = data[first[0] : first[-1] + length].reshape(-1, length)
    else:
        found = data[first[:, None] + np.arange(length)]
    return found


def _by_shapely(cells: pa.Array) -> Floats:
    shapes = shapely.from_wkb(cells.to_numpy(zero_copy_only=False), on_invalid="ignore")
    shapes = np.where(shapely.is_empty(shapes), None, shapes)  # GEOS has no x of an empty point with z
    return np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
