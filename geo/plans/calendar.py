"""Which edition answers for an instant, and which scheduled plans stand before it; quick where none does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from geo import areas
from geo.areas import Edition
from geo.forecasts import AS_IS
from geo.plans.tables import plans

if TYPE_CHECKING:
    from geo.coverage.foretelling import Hour


def due(connection: sa.Connection, until: datetime) -> list[int]:
    """Ids of the scheduled plans whose hour comes until an aware instant, in the order of their hours."""
    query = sa.select(plans.c.id).where(plans.c.state == "scheduled", plans.c.effective_at <= until)
    return list(connection.scalars(query.order_by(plans.c.effective_at, plans.c.id)))


def hours(connection: sa.Connection) -> list[datetime]:
    """When scheduled plans come into force, each hour once, ascending."""
    query = sa.select(plans.c.effective_at).where(plans.c.state == "scheduled")
    return list(connection.scalars(query.distinct().order_by(plans.c.effective_at)))


def is_to_come(instant: datetime | None) -> bool:
    """Whether an aware instant lies in the future; None = now does not."""
    return instant is not None and instant > datetime.now(UTC)


def edition_at(connection: sa.Connection, instant: datetime | None) -> Edition:
    """The edition in force at an aware instant, None = now; the first one for anything earlier.

    For a time to come the one in force now, with a forecast where plans are scheduled until then.

    Raises
    ------
    Unknown
        When nothing has been published.
    """
    if instant is None or not is_to_come(instant):
        return areas.at(connection, instant)
    waiting = due(connection, instant)
    if not waiting:
        return areas.current(connection)
    from geo.plans.foreseeing import foreseen  # plans are much to import for a process that only answers

    return foreseen(connection, waiting)


def hour_at(connection: sa.Connection, edition: Edition, instant: datetime | None) -> Hour | None:
    """An aware instant to come with what it brings to the registers; None for what is, or was.

    ``edition`` is what :func:`edition_at` has answered for it.
    """
    if instant is None or not is_to_come(instant):
        return None
    from geo.coverage.foretelling import Hour

    if edition.forecast is None:
        return Hour(instant, edition, AS_IS)
    from geo.plans.following import followed

    return Hour(instant, edition, followed(connection, edition))
