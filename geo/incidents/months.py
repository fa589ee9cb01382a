"""The monthly partitions of the incidents, made when something is to be stored in them; months are of UTC."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo.arrays import Ints

_LOCK = 7_149_321  # any fixed number: two loads that need the same month make it one after the other


def make_months(connection: sa.Connection, occurred_us: Ints) -> int:
    """Number of partitions made so that every instant (n, microseconds since 1970 UTC) has its own month."""
    months = np.unique(occurred_us.astype("datetime64[us]").astype("datetime64[M]"))
    wanted = {f"incidents_{str(month).replace('-', '_')}": month for month in months}
    missing = sorted(wanted.keys() - _there(connection))
    if not missing:
        return 0
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    missing = sorted(wanted.keys() - _there(connection))
    for name in missing:
        first, after = wanted[name], wanted[name] + np.timedelta64(1, "M")
        connection.execute(
            sa.text(
                f"CREATE TABLE {name} PARTITION OF incidents "
                f"FOR VALUES FROM ('{first}-01T00:00:00Z') TO ('{after}-01T00:00:00Z')"
            )
        )
    return len(missing)


def _there(connection: sa.Connection) -> set[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'incidents'::regclass"
    return set(connection.scalars(sa.text(query)))
