"""Columns as parameters of a statement: each one array in the bytes PostgreSQL receives, for rows too few to be copied.

References
----------
PostgreSQL 15, ``array_recv`` in src/backend/utils/adt/arrayfuncs.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql as pg

from geo.arrays import Ints
from geo.copying import Column
from geo.packed import Packed

_ELEMENTS: tuple[tuple[type[Any], str, int], ...] = (
    (sa.BigInteger, "bigint", 20),
    (sa.Integer, "integer", 23),
    (sa.Double, "double precision", 701),
    (sa.Boolean, "boolean", 16),
    (sa.Date, "date", 1082),
    (sa.Text, "text", 25),
    (pg.JSONB, "jsonb", 3802),
    (Geometry, "bytea", 17),
    (pg.ARRAY, "text", 25),
)
"""Type of a column → the type its cells are sent as, and that type's number, which no server has otherwise."""

_ID = _ELEMENTS[0][2]
_LIST_HEAD, _LIST_CELL = 20, 12  # bytes of a list of ids: before its elements, and of each with its length


def ids(values: Ints | Iterable[int]) -> Packed:
    """Ids as one ``bigint[]``, however small they are: by the driver's choice of a type each would prepare anew."""
    told = values if isinstance(values, np.ndarray) else np.fromiter(values, dtype=np.int64)
    if not len(told):
        return Packed(struct.pack(">iiI", 0, 0, _ID))
    cells = np.zeros(len(told), dtype=[("length", ">i4"), ("value", ">i8")])
    cells["length"], cells["value"] = 8, told
    return Packed(struct.pack(">iiIii", 1, 0, _ID, len(told), 1) + cells.tobytes())


def listed(name: str) -> sa.ColumnElement[Any]:
    """The parameter ``name`` of a statement that is given :func:`ids`."""
    kind: Any = pg.ARRAY(sa.BigInteger)
    return sa.cast(sa.bindparam(name, type_=_AsSent()), kind)


class _AsSent(sa.types.UserDefinedType[Packed]):
    """What is packed already."""

    cache_ok = True


def element(of: sa.types.TypeEngine[Any]) -> str:
    """The type that cells of a column of such a type are sent as."""
    return _sent_as(of)[0]


def unpacked(name: str, of: sa.types.TypeEngine[Any]) -> str:
    """What makes such a cell, called ``name``, one of the column again."""
    whole = {Geometry: "geometry", pg.ARRAY: "bigint[]"}
    return next((f"CAST({name} AS {kind}) AS {name}" for one, kind in whole.items() if isinstance(of, one)), name)


def packed(column: Column, of: sa.types.TypeEngine[Any]) -> Packed:
    """The cells of a column of such a type as one parameter; lists are those of ids."""
    cells = _lists(column) if isinstance(of, pg.ARRAY) else _each(column)
    number = _sent_as(of)[1]
    if not cells:
        return Packed(struct.pack(">iiI", 0, 0, number))
    head = struct.pack(">iiIii", 1, int(None in cells), number, len(cells), 1)
    null = struct.pack(">i", -1)
    return Packed(head + b"".join(null if one is None else struct.pack(">i", len(one)) + one for one in cells))


def _sent_as(of: sa.types.TypeEngine[Any]) -> tuple[str, int]:
    return next((name, number) for kind, name, number in _ELEMENTS if isinstance(of, kind))


def _each(column: Column) -> list[bytes | None]:
    """The cells one by one; None for null."""
    end = np.cumsum(np.maximum(column.length, 0)).tolist()
    cells = column.cells.tobytes()
    return [None if n < 0 else cells[to - n : to] for to, n in zip(end, column.length.tolist(), strict=True)]


def _lists(column: Column) -> list[bytes | None]:
    """The lists of ids as texts."""
    found: list[bytes | None] = []
    for one in _each(column):
        starts = range(_LIST_HEAD + 4, len(one or b""), _LIST_CELL)
        ids = [str(struct.unpack_from(">q", one or b"", at)[0]) for at in starts]
        found.append(None if one is None else ("{" + ",".join(ids) + "}").encode())
    return found
