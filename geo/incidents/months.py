"""The monthly partitions of the incidents, made when something is to be stored in them; months are of UTC.

A month is made as a table of its own and attached: that holds up no reader and no writer of the other months, where
``CREATE TABLE … PARTITION OF`` would.

References
----------
PostgreSQL 15, ALTER TABLE, ATTACH PARTITION: https://www.postgresql.org/docs/15/sql-altertable.html
"""

from __future__ import annotations

from threading import RLock

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo.arrays import Bools, Ints
from geo.turns import Turn, wait_for

Months = NDArray[np.datetime64]
_ARRIVING = "incidents_arriving"
_LIKE = "(LIKE incidents INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"


def months_of(occurred_us: Ints) -> Months:
    """The month (n,) of each instant, microseconds since 1970 UTC."""
    return np.asarray(occurred_us.astype("datetime64[us]").astype("datetime64[M]"))


def name_of(occurred_us: Ints) -> str:
    """Name of the partition of one instant (1,), microseconds since 1970 UTC: a table that is there is attached."""
    return _name(months_of(occurred_us)[0])


def make_months(connection: sa.Connection, occurred_us: Ints) -> int:
    """Number of partitions made so that every instant (n, microseconds since 1970 UTC) has its own month."""
    missing = missing_months(connection, months_of(occurred_us))
    for month in missing:
        connection.execute(sa.text(f"CREATE TABLE {_name(month)} {_LIKE}"))
        _attach(connection, month)
    return len(missing)


def missing_months(connection: sa.Connection, months: Months) -> Months:
    """Those of the months, ascending, that have no partition; nobody else makes one until the transaction ends."""
    wanted = np.unique(months)
    if not len(_without(connection, wanted)):
        return wanted[:0]
    wait_for(connection, Turn.MONTHS)
    return _without(connection, wanted)


class Arriving:
    """Months that one file fills: of those that were not there it fills tables of its own, without indexes.

    Indexes of months that are filled first and indexed then are built from sorted rows, at a fraction of the cost; and
    until :meth:`settle` nobody else sees the tables or waits for them.

    Parameters
    ----------
    asking
        Held while the connection is asked for months that were not asked for before.

    Attributes
    ----------
    table
        Where rows of months that were not there are put.
    """

    table = _ARRIVING

    def __init__(self, connection: sa.Connection, asking: RLock) -> None:
        self.connection, self.asking = connection, asking
        self.there: set[np.datetime64] = set()
        self.made: set[np.datetime64] = set()
        connection.execute(sa.text(f"CREATE TABLE {_ARRIVING} {_LIKE} PARTITION BY RANGE (occurred_at)"))

    def are_there(self, months: Months) -> Bools:
        """Whether rows (n,) of these months belong into ``incidents``; for the others there is a place in ``table``."""
        known = np.array(sorted(self.there | self.made), dtype="datetime64[M]")
        if len(strange := np.setdiff1d(months, known)):
            with self.asking:
                self._make(strange)
        return np.isin(months, np.array(sorted(self.there), dtype="datetime64[M]"))

    def _make(self, strange: Months) -> None:
        missing = _without(self.connection, strange)
        for month in missing:
            own = f"{_ARRIVING}{_dated(month)}"
            self.connection.execute(sa.text(f"CREATE TABLE {own} PARTITION OF {_ARRIVING} {_span(month)}"))
        self.made |= set(missing)
        self.there |= set(strange) - set(missing)

    def settle(self) -> None:
        """The months that arrived become partitions like others; of one made by another meanwhile the rows go there."""
        missing = missing_months(self.connection, np.array(sorted(self.made), dtype="datetime64[M]"))
        for month in sorted(self.made):
            own = f"{_ARRIVING}{_dated(month)}"
            self.connection.execute(sa.text(f"ALTER TABLE {_ARRIVING} DETACH PARTITION {own}"))
            if month in missing:
                self.connection.execute(sa.text(f"ALTER TABLE {own} RENAME TO {_name(month)}"))
                _attach(self.connection, month)
            else:
                self.connection.execute(sa.text(f"INSERT INTO incidents SELECT * FROM {own}"))
                self.connection.execute(sa.text(f"DROP TABLE {own}"))
        self.connection.execute(sa.text(f"DROP TABLE {_ARRIVING}"))


def _attach(connection: sa.Connection, month: np.datetime64) -> None:
    connection.execute(sa.text(f"ALTER TABLE incidents ATTACH PARTITION {_name(month)} {_span(month)}"))


def _without(connection: sa.Connection, months: Months) -> Months:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'incidents'::regclass"
    there = set(connection.scalars(sa.text(query)))
    return months[[_name(month) not in there for month in months]] if len(months) else months


def _name(month: np.datetime64) -> str:
    return f"incidents{_dated(month)}"


def _dated(month: np.datetime64) -> str:
    return f"_{str(month).replace('-', '_')}"


def _span(month: np.datetime64) -> str:
    return f"FOR VALUES FROM ('{month}-01T00:00:00Z') TO ('{month + np.timedelta64(1, 'M')}-01T00:00:00Z')"
