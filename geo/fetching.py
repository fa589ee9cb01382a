"""Binary COPY read into whole columns: a query of figures becomes arrays without an object for each cell.

References
----------
PostgreSQL 15, COPY, Binary Format: https://www.postgresql.org/docs/15/sql-copy.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects import postgresql as pg

_HEAD = 19  # signature, flags, and the length of no extension
_TAIL = 2
_NO_DAY = -(2**31) + 1
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
    return Column(sa.cast(sa.func.coalesce(asked, 0), sa.BigInteger), ">i8")


def figure(asked: sa.ColumnElement[Any]) -> Column:
    """Figures as ``float64``; NaN where null."""
    return Column(sa.func.coalesce(sa.cast(asked, sa.Double), sa.literal_column("'NaN'::float8")), ">f8")


def flag(asked: sa.ColumnElement[Any], *, missing: bool) -> Column:
    """Yes and no; ``missing`` where null."""
    return Column(sa.func.coalesce(asked, sa.true() if missing else sa.false()), "?")


def day(asked: sa.ColumnElement[Any]) -> Column:
    """Days as ``datetime64[D]``; ``NaT`` where null."""
    number = sa.func.coalesce(sa.cast(asked - _EPOCH, sa.Integer), _NO_DAY)
    return Column(number, ">i4", is_day=True)


def word(asked: sa.ColumnElement[Any], words: Sequence[str]) -> Column:
    """One of ``words``; blank where null or none of them."""
    quoted = ",".join("'" + one.replace("'", "''") + "'" for one in words)
    listed: sa.ColumnElement[Any] = sa.literal_column(f"ARRAY[{quoted}]::text[]")
    return Column(sa.func.coalesce(sa.func.array_position(listed, asked), 0), ">i4", words=("", *words))


def fetch(connection: sa.Connection, columns: Mapping[str, Column], query: sa.Select[Any]) -> dict[str, NDArray[Any]]:
    """The columns (n,) of ``query``, which selects nothing yet but says from where and in what order.

    COPY takes no parameters, so whatever the query compares with is written into it; ids by the thousand are better
    joined from a temporary table.
    """
    asked = query.with_only_columns(
        *(one.asked.label(name) for name, one in columns.items()), maintain_column_froms=True
    )
    text = str(asked.compile(dialect=pg.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]
    driver = connection.connection.driver_connection
    assert driver is not None
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY ({text.replace('%%', '%')}) TO STDOUT (FORMAT binary)") as stream,
    ):
        told = b"".join(bytes(block) for block in stream)
    row = [("fields", ">i2")]
    for name, one in columns.items():
        row += [(f"{name} length", ">i4"), (name, one.dtype)]
    found = np.frombuffer(
        told, dtype=np.dtype(row), count=(len(told) - _HEAD - _TAIL) // np.dtype(row).itemsize, offset=_HEAD
    )
    return {name: _read(found[name], one) for name, one in columns.items()}


def _read(cells: NDArray[Any], column: Column) -> NDArray[Any]:
    if column.words:
        return np.asarray(np.array(column.words, dtype=np.str_)[cells])
    if column.is_day:
        days = cells.astype(np.int64)
        return np.where(days == _NO_DAY, np.datetime64("NaT", "D"), days.astype("datetime64[D]"))
    return np.ascontiguousarray(cells.astype(cells.dtype.newbyteorder("=")))
