"""The monthly partitions of the incidents, made when something is to be stored in them; months are of UTC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo.arrays import Ints

Months = NDArray[np.datetime64]
_ARRIVING = "incidents_arriving"
_LIKE = "(LIKE incidents INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
_LOCK = 7_149_321  # any fixed number: two loads that need the same month make it one after the other


def make_months(connection: sa.Connection, occurred_us: Ints) -> int:
    """Number of partitions made so that every instant (n, microseconds since 1970 UTC) has its own month."""
    missing = missing_months(connection, occurred_us.astype("datetime64[us]").astype("datetime64[M]"))
    for month in missing:
        connection.execute(sa.text(f"CREATE TABLE {_name(month)} PARTITION OF incidents {_span(month)}"))
    return len(missing)


def missing_months(connection: sa.Connection, months: Months) -> Months:
    """Those of the months, ascending, that have no partition; nobody else makes one until the transaction ends."""
    wanted = np.unique(months)
    if not len(_without(connection, wanted)):
        return wanted[:0]
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    return _without(connection, wanted)


@contextmanager
def arriving(connection: sa.Connection, missing: Months) -> Iterator[str]:
    """A table without indexes to put the incidents of missing months into; at the end they are partitions like others.

    Indexes of months that are filled first and indexed then are built from sorted rows, at a fraction of the cost.
    """
    connection.execute(sa.text(f"CREATE TABLE {_ARRIVING} {_LIKE} PARTITION BY RANGE (occurred_at)"))
    for month in missing:
        connection.execute(sa.text(f"CREATE TABLE {_name(month)} PARTITION OF {_ARRIVING} {_span(month)}"))
    yield _ARRIVING
    for month in missing:
        connection.execute(sa.text(f"ALTER TABLE {_ARRIVING} DETACH PARTITION {_name(month)}"))
        connection.execute(sa.text(f"ALTER TABLE incidents ATTACH PARTITION {_name(month)} {_span(month)}"))
    connection.execute(sa.text(f"DROP TABLE {_ARRIVING}"))


def _without(connection: sa.Connection, months: Months) -> Months:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'incidents'::regclass"
    there = set(connection.scalars(sa.text(query)))
    return months[[_name(month) not in there for month in months]] if len(months) else months


def _name(month: np.datetime64) -> str:
    return f"incidents_{str(month).replace('-', '_')}"


def _span(month: np.datetime64) -> str:
    return f"FOR VALUES FROM ('{month}-01T00:00:00Z') TO ('{month + np.timedelta64(1, 'M')}-01T00:00:00Z')"
