"""Binary COPY made from whole columns: a chunk of rows becomes one buffer without an object for each cell.

References
----------
PostgreSQL 15, COPY, Binary Format: https://www.postgresql.org/docs/15/sql-copy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from numpy.typing import NDArray

from geo.arrays import Bools, Floats, Ints, windows
from geo.ragged import Ragged

Bytes = NDArray[np.uint8]
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
ROWS = 2_048
"""Rows sent at once: as many as the server still has to store while the next are made."""
_TAIL = b"\xff\xff"
_BIGINT = 20  # its oid
_EPOCH_DAYS = 10_957
_EPOCH_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01
_POINT = np.frombuffer(b"\x01" + (0x20000001).to_bytes(4, "little") + (4326).to_bytes(4, "little"), np.uint8)


@dataclass(frozen=True, eq=False)
class Column:
    """Cells of one column in the bytes PostgreSQL receives: one after the other, ``length`` -1 for null."""

    cells: Bytes
    length: Ints


def numbers(values: NDArray[np.generic], dtype: str, missing: Bools | None = None) -> Column:
    """Figures as ``i2``, ``i4``, ``i8``, ``f4``, ``f8`` or ``u1`` (boolean); null where ``missing``."""
    told = values if missing is None else values[~missing]
    cells = np.ascontiguousarray(told.astype(f">{dtype}")).view(np.uint8)
    width = np.dtype(dtype).itemsize
    length = np.full(len(values), width) if missing is None else np.where(missing, -1, width)
    return Column(cells, length)


def figures(values: Floats, dtype: str = "f8") -> Column:
    """Figures; null where not a number."""
    return numbers(values, dtype, np.isnan(values))


def ids(values: NDArray[np.int32]) -> Column:
    """Ids of codes; null where 0."""
    return numbers(values, "i4", values == 0)


def times(us: Ints, missing: Bools | None = None) -> Column:
    """Microseconds since 1970 UTC as timestamps."""
    return numbers(us - _EPOCH_US, "i8", missing)


def days(values: NDArray[np.datetime64]) -> Column:
    """Days; null where ``NaT``."""
    return numbers(values.astype("datetime64[D]").astype(np.int64) - _EPOCH_DAYS, "i4", np.isnat(values))


def texts(column: pa.Array) -> Column:
    """Texts or bytes; null where null."""
    wide = column.cast(pa.large_binary())
    _, offsets, data = wide.buffers()
    ends = np.frombuffer(offsets, np.int64)[wide.offset : wide.offset + len(wide) + 1]
    missing = np.asarray(wide.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    cells = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data is not None else np.empty(0, np.uint8)
    return Column(cells, np.where(missing, -1, np.diff(ends)))


def points(lonlat: Floats) -> Column:
    """Points (n, 2) in EPSG:4326 as EWKB; null where not a number."""
    missing = np.isnan(lonlat).any(axis=1)
    told = np.ascontiguousarray(lonlat[~missing].astype("<f8")).view(np.uint8).reshape(-1, 16)
    cells = np.hstack([np.broadcast_to(_POINT, (len(told), len(_POINT))), told])
    return Column(cells.ravel(), np.where(missing, -1, cells.shape[1]))


def grounds(made: Ragged) -> Column:
    """Polygons of many parts (n,) in EPSG:4326 as EWKB."""
    return Column(*made.wkb(srid=4326))


def documents(told: pa.Array) -> Column:
    """JSON texts as ``jsonb``; null where null."""
    version = pa.scalar(b"\x01", pa.large_binary())
    joined = pc.binary_join_element_wise(version, told.cast(pa.large_binary()), pa.scalar(b"", pa.large_binary()))
    return texts(joined)


def id_lists(values: Ints, first: Ints) -> Column:
    """Lists of ids as ``bigint[]``: row ``i`` has ``values[first[i]:first[i + 1]]``; null where there are none."""
    count = np.diff(first)
    some = count > 0
    width = np.where(some, 20 + 12 * count, -1)
    begins = np.cumsum(np.maximum(width, 0)) - np.maximum(width, 0)
    cells = np.zeros(int(np.maximum(width, 0).sum()), dtype=np.uint8)
    head = np.zeros((int(some.sum()), 5), dtype=">i4")
    head[:, 0], head[:, 2], head[:, 3], head[:, 4] = 1, _BIGINT, count[some], 1
    cells[begins[some][:, None] + np.arange(20)] = head.view(np.uint8)
    told = np.zeros(len(values), dtype=[("length", ">i4"), ("value", ">i8")])
    told["length"], told["value"] = 8, values
    at = np.repeat(begins + 20, count) + 12 * (np.arange(len(values)) - np.repeat(first[:-1], count))
    cells[at[:, None] + np.arange(12)] = told.view(np.uint8).reshape(-1, 12)
    return Column(cells, width)


def binary(columns: list[Column]) -> bytes:
    """The rows of ``columns``, all of one length, as ``COPY … (FORMAT binary)`` reads them."""
    return b"".join(parts(columns))


def parts(columns: list[Column]) -> Iterator[bytes]:
    """As :func:`binary`, part after part: while the server stores one, the next is made."""
    yield _HEAD
    for rows, _ in _blocks(columns):
        yield rows.tobytes()
    yield _TAIL


def _blocks(columns: list[Column]) -> Iterator[tuple[Bytes, Ints]]:
    """Some rows after the other, and where each begins."""
    told = [0] * len(columns)
    for first in range(0, len(columns[0].length), ROWS):
        some = []
        for at, column in enumerate(columns):
            length = column.length[first : first + ROWS]
            end = told[at] + int(np.maximum(length, 0).sum())
            some.append(Column(column.cells[told[at] : end], length))
            told[at] = end
        yield _rows(some)


def _rows(columns: list[Column]) -> tuple[Bytes, Ints]:
    length = np.column_stack([column.length for column in columns])
    widths = np.maximum(length, 0) + 4
    row = np.cumsum(widths.sum(axis=1) + 2)
    begins = np.append(0, row)[:-1]
    out = np.empty(int(row[-1]), dtype=np.uint8)
    out[begins] = len(columns) >> 8
    out[begins + 1] = len(columns) & 255
    at = begins + 2
    for column, width in zip(columns, widths.T, strict=True):
        _put(out, at, column)
        at = at + width
    return out, begins


def _put(out: Bytes, at: Ints, column: Column) -> None:
    """Write a column into ``out``, each cell after its length, from ``at`` (n,) on; cells of one length at once."""
    length = np.asarray(column.length, dtype=np.int64)
    windows(out, 4)[at] = length.astype(">i4").view("V4")
    first = np.cumsum(np.maximum(length, 0)) - np.maximum(length, 0)
    order = np.argsort(length, kind="stable")
    changes = np.flatnonzero(np.diff(length[order])) + 1
    for rows in np.split(order, changes) if len(order) else ():
        if (width := int(length[rows[0]])) > 0:
            windows(out, width)[at[rows] + 4] = windows(column.cells, width)[first[rows]]


def copy(connection: sa.Connection, table: str, columns: dict[str, Column]) -> None:
    """Copy the rows of ``columns`` (name → cells) into ``table``.

    Raises
    ------
    psycopg.Error
        As the server says it: a key that is there already, a value the table cannot hold.
    """
    with _stream(connection, table, columns) as stream:
        for part in parts(list(columns.values())):
            stream.write(part)


@dataclass(frozen=True, eq=False)
class Packed:
    """Rows of a COPY made beforehand, all but the number that stands first in each: an id that is not given yet."""

    columns: tuple[str, ...]
    blocks: tuple[tuple[Bytes, Ints], ...]


def packed(number: str, columns: dict[str, Column]) -> Packed:
    """The rows of ``columns`` (name → cells), and before them the column ``number``, a bigint."""
    blank = numbers(np.zeros(len(next(iter(columns.values())).length), dtype=np.int64), "i8")
    return Packed((number, *columns), tuple(_blocks([blank, *columns.values()])))


def copy_packed(connection: sa.Connection, table: str, rows: Packed, given: Ints) -> None:
    """Copy rows under the numbers ``given`` (n,) into ``table``; they may be copied again under others.

    Raises
    ------
    psycopg.Error
        As :func:`copy`.
    """
    copy_rows(connection, table, rows.columns, (data for data, _ in numbered(rows, given)))


def numbered(rows: Packed, given: Ints) -> Iterator[tuple[Bytes, Ints]]:
    """The blocks of ``rows`` and where each row begins in them, with the numbers ``given`` (n,) written into them."""
    first = 0
    for data, begins in rows.blocks:
        some = given[first : first + len(begins)]
        first += len(some)
        windows(data, 8)[begins + 6] = some.astype(">i8").view("V8")  # after the number of cells and its length
        yield data, begins


def copy_rows(connection: sa.Connection, table: str, columns: Iterable[str], rows: Iterable[Bytes]) -> None:
    """Copy whole rows of ``columns`` into ``table``, some of them in each of ``rows``.

    Raises
    ------
    psycopg.Error
        As :func:`copy`.
    """
    with _stream(connection, table, columns) as stream:
        stream.write(_HEAD)
        for some in rows:
            stream.write(some.data)
        stream.write(_TAIL)


@contextmanager
def _stream(connection: sa.Connection, table: str, columns: Iterable[str]) -> Iterator[psycopg.Copy]:
    driver = connection.connection.driver_connection
    assert driver is not None
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)") as made,
    ):
        yield made
