"""Whole columns read at once: a query of figures becomes arrays without an object for each cell or a message a row.

The server puts each column into one array, which arrives as it is stored: a head, then each element with its length.

References
----------
PostgreSQL 15, ``array_send`` in src/backend/utils/adt/arrayfuncs.c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

_HEAD = 20  # dimensions, flags, type of the elements, their number, and the first one's
_NO_DAY = -(2**31) + 1
_ZERO: sa.ColumnElement[Any] = sa.literal_column("0")  # and no parameter for each column
_EPOCH: sa.ColumnElement[Any] = sa.literal_column("DATE '1970-01-01'")


@dataclass(frozen=True, eq=False)
class Column:
    """A column of fixed width: what is selected, never null, its type as it travels, and what it is read as."""

    asked: sa.ColumnElement[Any]
    dtype: str
    words: Sequence[str] = ()
    is_day: bool = False


def whole(asked: sa.ColumnElement[Any]) -> Column:
    """Whole numbers and ids as ``int64``; 0 where null."""
    return Column(sa.cast(sa.func.coalesce(asked, _ZERO), sa.BigInteger), ">i8")


def figure(asked: sa.ColumnElement[Any]) -> Column:
    """Figures as ``float64``; NaN where null."""
    return Column(sa.func.coalesce(sa.cast(asked, sa.Double), sa.literal_column("'NaN'::float8")), ">f8")


def flag(asked: sa.ColumnElement[Any], *, missing: bool) -> Column:
    """Yes and no; ``missing`` where null."""
    return Column(sa.func.coalesce(asked, sa.true() if missing else sa.false()), "?")


def day(asked: sa.ColumnElement[Any]) -> Column:
    """Days as ``datetime64[D]``; ``NaT`` where null."""
    number = sa.func.coalesce(sa.cast(asked - _EPOCH, sa.Integer), sa.literal_column(str(_NO_DAY)))
    return Column(number, ">i4", is_day=True)


def word(asked: sa.ColumnElement[Any], words: Sequence[str]) -> Column:
    """One of ``words``; blank where null or none of them."""
    quoted = ",".join("'" + one.replace("'", "''") + "'" for one in words)
    listed: sa.ColumnElement[Any] = sa.literal_column(f"ARRAY[{quoted}]::text[]")
    return Column(sa.func.coalesce(sa.func.array_position(listed, asked), _ZERO), ">i4", words=("", *words))


Made = tuple[Mapping[str, Column], sa.Select[Any]]
_known: dict[str, tuple[Mapping[str, Column], Any]] = {}


def fetch_known(
    connection: sa.Connection, name: str, make: Callable[[], Made], given: Mapping[str, object]
) -> dict[str, NDArray[Any]]:
    """As :func:`fetch` for what is asked often: ``make`` gives columns and query the first time ``name`` is asked.

    ``given`` are the values of the parameters the query has; who asks by one name always means the same query.
    """
    if name not in _known:
        columns, query = make()
        _known[name] = columns, _whole_columns(columns, query)
    columns, statement = _known[name]
    row = connection.execute(statement, given).one()
    return {key: _read(told, one) for told, (key, one) in zip(row, columns.items(), strict=True)}


def fetch(connection: sa.Connection, columns: Mapping[str, Column], query: sa.Select[Any]) -> dict[str, NDArray[Any]]:
    """The columns (n,) of ``query``, which selects nothing yet but says from where and in what order."""
    row = connection.execute(_whole_columns(columns, query)).one()
    return {name: _read(told, one) for told, (name, one) in zip(row, columns.items(), strict=True)}


def _whole_columns(columns: Mapping[str, Column], query: sa.Select[Any]) -> Any:
    asked = query.with_only_columns(
        *(one.asked.label(name) for name, one in columns.items()), maintain_column_froms=True
    ).subquery()
    return sa.select(*(_sent(asked.c[name]) for name in columns))


def _sent(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    """All values of a column in the bytes they would be sent in; null where there is no row."""
    return sa.func.array_send(sa.func.array_agg(column), type_=sa.LargeBinary)


def _read(told: bytes | None, column: Column) -> NDArray[Any]:
    element = np.dtype([("length", ">i4"), ("value", column.dtype)])
    number = (len(told or b"") - _HEAD) // element.itemsize if told else 0
    cells = np.frombuffer(told or b"", dtype=element, count=number, offset=_HEAD if number else 0)["value"]
    if column.words:
        return np.asarray(np.array(column.words, dtype=np.str_)[cells])
    if column.is_day:
        days = cells.astype(np.int64)
        return np.where(days == _NO_DAY, np.datetime64("NaT", "D"), days.astype("datetime64[D]"))
    return np.ascontiguousarray(cells.astype(cells.dtype.newbyteorder("=")))
