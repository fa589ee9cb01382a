"""A file's incidents on their way in: staged by binary COPY, compared with what is stored, stored at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo.areas import Edition
from geo.arrays import Floats, Ints
from geo.copying import copy, figures, ids, numbers, points, texts, times
from geo.frames import CHUNK
from geo.incidents.months import arriving, missing_months
from geo.incidents.placing import Places, place
from geo.incidents.reports import Reports, digests
from geo.instants import NEVER_US
from geo.statements import statement

_WAITING = """SELECT row_number, ST_X(geom), ST_Y(geom), (extract(epoch FROM occurred_at) * 1000000)::bigint, accuracy_m
                FROM staged WHERE row_number > :after ORDER BY row_number LIMIT :most"""


_TAKE_STORED = """DELETE FROM staged WHERE NOT EXISTS (
    SELECT FROM incident_keys AS stored
     WHERE stored.source = staged.source AND stored.reference = staged.reference AND stored.id = staged.id)"""


def open_stage(connection: sa.Connection) -> None:
    """Make the stage of this transaction."""
    connection.execute(statement("incidents_stage"))


def stage(connection: sa.Connection, reports: Reports, places: Places) -> None:
    """Put reports and their places on the stage."""
    if not len(reports):
        return
    words = ("source", "reference", "category", "status", "datum", "address", "stated_area")
    columns = {
        "row_number": numbers(reports.row, "i8"),
        **{name: texts(getattr(reports, name)) for name in words},
        "urgency": numbers(reports.urgency, "i2"),
        "occurred_at": times(reports.occurred_us),
        "reported_at": times(reports.reported_us, reports.reported_us == NEVER_US),
        "geom": points(reports.lonlat),
        "raw_x": figures(reports.raw[:, 0]),
        "raw_y": figures(reports.raw[:, 1]),
        "accuracy_m": figures(reports.accuracy_m, "f4"),
        "digest": texts(pa.array(digests(reports))),
    }
    copy(connection, "staged", columns)
    _stage_places(connection, reports.row, places)


def _stage_places(connection: sa.Connection, rows: Ints, places: Places) -> None:
    columns = {
        "row_number": numbers(rows, "i8"),
        "grid_then": ids(places.grid_then),
        "edition_then": numbers(places.edition_then, "i4"),
        "is_before_first_edition": numbers(places.is_before_first, "u1"),
        "grid_now": ids(places.grid_now),
        "edition_now": numbers(np.full(len(rows), places.edition_now), "i4"),
        "community_id": ids(places.community),
        "border_m": figures(places.border_m, "f4"),
        "rule": numbers(places.rule, "i2"),
        "is_doubtful": numbers(places.is_doubtful, "u1"),
    }
    copy(connection, "staged_places", columns)


def place_anew(connection: sa.Connection, edition: Edition) -> None:
    """Place everything on the stage again: another edition came into force since."""
    connection.execute(sa.text("TRUNCATE staged_places"))
    connection.execute(sa.text("CREATE INDEX ON staged (row_number)"))
    after = 0
    while rows := connection.execute(sa.text(_WAITING), {"after": after, "most": CHUNK}).all():
        some = np.array([tuple(row) for row in rows], dtype=np.float64)
        lonlat: Floats = some[:, 1:3]
        found = place(connection, edition, lonlat, some[:, 3].astype(np.int64), some[:, 4])
        _stage_places(connection, some[:, 0].astype(np.int64), found)
        after = rows[-1][0]


def take_duplicates(connection: sa.Connection) -> list[tuple[int, str]]:
    """Rows (number, reference) that repeat an earlier row's key, taken off the stage."""
    # only what joins: a sample of every text and position would cost as much as telling the repeats
    connection.execute(sa.text("ANALYZE staged (row_number, source, reference, occurred_at)"))
    rows = connection.execute(statement("incidents_duplicates"))
    return sorted((row.row_number, row.reference) for row in rows)


def take_repeats(connection: sa.Connection) -> tuple[int, list[tuple[int, str]]]:
    """Number of rows stored already, and those (number, reference) stored with other content, taken off the stage."""
    rows = connection.execute(statement("incidents_repeats")).all()
    changed = sorted((row.row_number, row.reference) for row in rows if row.row_number is not None)
    return sum(row.number for row in rows if row.row_number is None), changed


def waiting(connection: sa.Connection) -> dict[str, int]:
    """How many rows are on the stage, and how many of them unassigned, doubtful, from before the first edition."""
    query = """SELECT count(*) AS staged, count(*) FILTER (WHERE grid_now IS NULL) AS unassigned,
                      count(*) FILTER (WHERE is_doubtful) AS doubtful,
                      count(*) FILTER (WHERE is_before_first_edition) AS before_first
                 FROM staged JOIN staged_places USING (row_number)"""
    return dict(connection.execute(sa.text(query)).mappings().one())


def store(connection: sa.Connection) -> int:
    """Number of incidents stored from the stage; those another transaction stored meanwhile are left out."""
    staged = connection.scalar(sa.text("SELECT count(*) FROM staged"))
    kept = int(connection.execute(statement("incidents_keys")).rowcount)
    if kept != staged:
        connection.execute(sa.text(_TAKE_STORED))
    months = connection.scalars(
        sa.text("SELECT DISTINCT date_trunc('month', occurred_at AT TIME ZONE 'UTC') FROM staged")
    )
    every = np.array(list(months), dtype="datetime64[M]")
    new = missing_months(connection, every)
    into = statement("incidents_store")
    if there := [month.item() for month in every if month not in new]:
        connection.execute(into, {"months": there})
    if len(new):
        with arriving(connection, new) as table:
            anew = sa.text(into.text.replace("INSERT INTO incidents ", f"INSERT INTO {table} ", 1))
            connection.execute(anew, {"months": [month.item() for month in new]})
    return kept
