"""The hours at which scheduled plans come into force, and whose hour has come."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from geo.plans.tables import plans


def due(connection: sa.Connection, until: datetime) -> list[int]:
    """Ids of the scheduled plans whose hour comes until an aware instant, in the order of their hours."""
    query = sa.select(plans.c.id).where(plans.c.state == "scheduled", plans.c.effective_at <= until)
    return list(connection.scalars(query.order_by(plans.c.effective_at, plans.c.id)))


def hours(connection: sa.Connection) -> list[datetime]:
    """When scheduled plans come into force, each hour once, ascending."""
    query = sa.select(plans.c.effective_at).where(plans.c.state == "scheduled")
    return list(connection.scalars(query.distinct().order_by(plans.c.effective_at)))
