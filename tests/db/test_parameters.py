"""Columns sent as parameters arrive as they were."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql as pg

from geo import copying, parameters

NONE = np.array([False, True, False])
CASES: dict[str, tuple[Any, copying.Column, list[object]]] = {
    "bigint": (sa.BigInteger(), copying.numbers(np.array([1, 0, -(2**40)]), "i8", NONE), [1, None, -(2**40)]),
    "integer": (sa.Integer(), copying.numbers(np.array([1, 0, -7]), "i4", NONE), [1, None, -7]),
    "double": (sa.Double(), copying.figures(np.array([0.1, np.nan, -2.5])), [0.1, None, -2.5]),
    "boolean": (sa.Boolean(), copying.numbers(np.array([True, False, False]), "u1", NONE), [True, None, False]),
    "text": (sa.Text(), copying.texts(pa.array(["网格", None, ""])), ["网格", None, ""]),
    "jsonb": (pg.JSONB(), copying.documents(pa.array(['{"a": 1}', None, "[]"])), [{"a": 1}, None, []]),
    "lists": (
        pg.ARRAY(sa.BigInteger),
        copying.id_lists(np.array([5, -6, 7]), np.array([0, 2, 2, 3])),
        [[5, -6], None, [7]],
    ),
}


def sent(connection: sa.Connection, of: Any, column: copying.Column) -> list[object]:
    query = (
        f"SELECT {parameters.unpacked('cell', of)} FROM unnest(CAST(:cells AS {parameters.element(of)}[])) AS s(cell)"
    )
    return list(connection.scalars(sa.text(query), {"cells": parameters.packed(column, of)}))


@pytest.mark.parametrize("name", CASES)
def test_cells_and_nulls_arrive_as_they_were(connection: sa.Connection, name: str) -> None:
    of, column, wanted = CASES[name]
    assert sent(connection, of, column) == wanted


@pytest.mark.parametrize("told", [[], [7], [3, -(2**40), 2**40, 3]])
def test_ids_arrive_as_they_were_of_one_type_however_small(connection: sa.Connection, told: list[int]) -> None:
    query = sa.select(parameters.listed("told").label("told"))
    for given in (told, np.array(told, dtype=np.int64)):
        assert connection.scalar(query, {"told": parameters.ids(given)}) == told
    kind = sa.select(sa.func.pg_typeof(parameters.listed("told")).cast(sa.Text))
    assert connection.scalar(kind, {"told": parameters.ids(told)}) == "bigint[]"


def test_no_row_is_no_cell(connection: sa.Connection) -> None:
    assert sent(connection, sa.Text(), copying.texts(pa.array([], type=pa.string()))) == []


def test_points_arrive_to_the_last_bit(connection: sa.Connection) -> None:
    lonlat, of = np.array([[120.1234567, 36.7654321], [np.nan, np.nan]]), Geometry("POINT", srid=4326)
    sent_ = f"unnest(CAST(:cells AS {parameters.element(of)}[])) AS s(cell)"
    points = f"SELECT {parameters.unpacked('cell', of)} FROM {sent_}"
    query = sa.text(f"SELECT ST_X(cell) AS x, ST_Y(cell) AS y, ST_SRID(cell) AS srid FROM ({points}) AS g")
    rows = connection.execute(query, {"cells": parameters.packed(copying.points(lonlat), of)}).all()
    assert [tuple(row) for row in rows] == [(120.1234567, 36.7654321, 4326), (None, None, None)]


def test_days_arrive_as_they_were(connection: sa.Connection) -> None:
    days = np.array(["2026-11-26", "NaT"], dtype="datetime64[D]")
    assert sent(connection, sa.Date(), copying.days(days)) == [days[0].item(), None]


def test_connections_know_packed_arrays_whatever_was_imported_when_they_were_opened(server: sa.Engine) -> None:
    asks = (
        "import sys, sqlalchemy as sa; from geo import db\n"
        "with db.connect(sys.argv[1]).connect() as connection:\n"
        "    connection.execute(sa.text('SELECT 1'))\n"
        "    from geo.parameters import ids, listed\n"
        "    count = sa.select(sa.func.cardinality(listed('some')))\n"
        "    print(connection.execute(count, {'some': ids([7, 8])}).scalar())\n"
    )
    url = server.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", asks, url]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2\n"
