"""A file's incidents on their way into their months: put there by binary COPY as they come, placed anew at need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo.areas import Edition
from geo.arrays import Floats, Ints
from geo.copying import (
    Bytes,
    Column,
    Packed,
    copy,
    copy_packed,
    copy_rows,
    figures,
    ids,
    numbered,
    numbers,
    packed,
    points,
    texts,
    times,
)
from geo.frames import CHUNK
from geo.incidents.months import Arriving, Months, months_of
from geo.incidents.placing import Places, Placing
from geo.incidents.reports import Reports
from geo.instants import NEVER_US
from geo.statements import statement

TOGETHER = 4
"""Chunks whose rows of a month are stored together."""
_WORDS = ("source", "reference", "category", "status", "datum", "address", "stated_area")
_STORED = """SELECT id, ST_X(geom), ST_Y(geom), (extract(epoch FROM occurred_at) * 1000000)::bigint, accuracy_m
               FROM incidents WHERE id > :after AND id <= :last ORDER BY id LIMIT :most"""


@dataclass
class Counts:
    """How many rows are new, and how many of them unassigned, doubtful, from before the first edition."""

    new: int = 0
    unassigned: int = 0
    doubtful: int = 0
    before_first: int = 0

    def add(self, places: Places) -> None:
        """Count these."""
        self.new += len(places.grid_now)
        self.unassigned += int((places.grid_now == 0).sum())
        self.doubtful += int(places.is_doubtful.sum())
        self.before_first += int(places.is_before_first.sum())


def state(connection: sa.Connection, reports: Reports, digests: pa.Array) -> None:
    """Keep what incidents state of their area, for those that have a position."""
    stated = reports.stated_area.is_valid().to_numpy(zero_copy_only=False)
    if not len(rows := np.flatnonzero(stated & np.isfinite(reports.lonlat).all(axis=1))):
        return
    some = reports.taken(rows)
    columns = {
        "lon": figures(some.lonlat[:, 0]),
        "lat": figures(some.lonlat[:, 1]),
        "datum": texts(some.datum),
        "stated_area": texts(some.stated_area),
        "digest": texts(digests.take(pa.array(rows))),
    }
    copy(connection, "stated_areas", columns)


@dataclass(frozen=True, eq=False)
class Parcel:
    """Incidents as they are copied into ``table``, but for their ids; ``rows`` are their positions among others.

    Of those that go into months that are there ``months`` are told, ascending.
    """

    table: str
    rows: Ints
    packed: Packed
    months: Months


def pack(arriving: Arriving, reports: Reports, places: Places) -> tuple[Parcel, ...]:
    """Incidents on their way into the months that are there, and into those that arrive."""
    months = months_of(reports.occurred_us)
    is_there = arriving.are_there(months)
    # rows of a month, of a grid, of a time stand together, and so do their entries in indexes that are there
    order = np.lexsort((reports.occurred_us, places.grid_now, months)) if is_there.any() else np.empty(0, np.int64)
    parcels = (("incidents", order[is_there[order]]), (arriving.table, np.flatnonzero(~is_there)))
    return tuple(
        Parcel(table, rows, packed("id", _columns(reports.taken(rows), places.taken(rows))), months[rows])
        for table, rows in parcels
        if len(rows)
    )


class Waiting:
    """Rows on their way into months that are there; those of a month wait until several chunks have come.

    With every chunk the rows of some months are stored, month after month, and in turn those of every month: so the
    pages of a month's indexes are read and written once for :data:`TOGETHER` chunks. No more than so many wait.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.connection, self.turn = connection, 0
        self.columns: tuple[str, ...] = ()
        self.rows: dict[int, list[Bytes]] = {}

    def put(self, parcels: Iterable[Parcel], given: Ints) -> None:
        """Store incidents under the ids ``given`` (n,), now or later."""
        for parcel in parcels:
            if parcel.table == "incidents":
                self._hold(parcel, given[parcel.rows])
            else:
                copy_packed(self.connection, parcel.table, parcel.packed, given[parcel.rows])
        self.turn = (self.turn + 1) % TOGETHER
        self._store([month for month in self.rows if month % TOGETHER == self.turn])

    def settle(self) -> None:
        """Store all that waits."""
        self._store(list(self.rows))

    def _hold(self, parcel: Parcel, given: Ints) -> None:
        self.columns = parcel.packed.columns
        months, first = parcel.months.astype(np.int64), 0
        for data, begins in numbered(parcel.packed, given):
            some = months[first : first + len(begins)]
            first += len(begins)
            changes = [0, *(np.flatnonzero(np.diff(some)) + 1).tolist()]
            ends = [*begins[changes[1:]].tolist(), len(data)]
            for at, end in zip(changes, ends, strict=True):
                self.rows.setdefault(int(some[at]), []).append(data[begins[at] : end])

    def _store(self, months: list[int]) -> None:
        if months:
            rows = [some for month in sorted(months) for some in self.rows.pop(month)]
            copy_rows(self.connection, "incidents", self.columns, rows)


def place_anew(connection: sa.Connection, edition: Edition, runs: Ints) -> Counts:
    """Place the stored incidents of these runs of ids in ``edition``: it came into force since."""
    placing, counts = Placing(connection, edition), Counts()
    columns = "id, occurred_at, grid_then, edition_then, is_before_first_edition, grid_now, edition_now, community_id"
    columns = f"{columns}, border_m, rule, is_doubtful"
    made = f"CREATE TEMP TABLE places_anew ON COMMIT DROP AS SELECT {columns} FROM incidents WHERE false"
    connection.execute(sa.text(made))
    for first, last in runs.tolist():
        after = first - 1
        while rows := connection.execute(sa.text(_STORED), {"after": after, "last": last, "most": CHUNK}).all():
            some = np.array([tuple(row) for row in rows], dtype=np.float64)
            given, occurred_us = some[:, 0].astype(np.int64), some[:, 3].astype(np.int64)
            lonlat: Floats = some[:, 1:3]
            found = placing.place(lonlat, occurred_us, some[:, 4])
            told = {"id": numbers(given, "i8"), "occurred_at": times(occurred_us), **_places(found)}
            connection.execute(sa.text("TRUNCATE places_anew"))
            copy(connection, "places_anew", told)
            connection.execute(statement("incidents_anew"))
            counts.add(found)
            after = rows[-1][0]
    connection.execute(sa.text("DROP TABLE places_anew"))
    return counts


def _columns(reports: Reports, places: Places) -> dict[str, Column]:
    reported_us = np.where(reports.reported_us == NEVER_US, reports.occurred_us, reports.reported_us)
    return {
        "occurred_at": times(reports.occurred_us),
        **{name: texts(getattr(reports, name)) for name in _WORDS},
        "urgency": numbers(reports.urgency, "i2"),
        "reported_at": times(reported_us),
        "geom": points(reports.lonlat),
        "raw_x": figures(reports.raw[:, 0]),
        "raw_y": figures(reports.raw[:, 1]),
        "accuracy_m": figures(reports.accuracy_m, "f4"),
        **_places(places),
    }


def _places(places: Places) -> dict[str, Column]:
    return {
        "grid_then": ids(places.grid_then),
        "edition_then": numbers(places.edition_then, "i4"),
        "is_before_first_edition": numbers(places.is_before_first, "u1"),
        "grid_now": ids(places.grid_now),
        "edition_now": numbers(np.full(len(places.grid_now), places.edition_now), "i4"),
        "community_id": ids(places.community),
        "border_m": figures(places.border_m, "f4"),
        "rule": numbers(places.rule, "i2"),
        "is_doubtful": numbers(places.is_doubtful, "u1"),
    }
