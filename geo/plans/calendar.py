"""Which edition answers for an instant; quick where no scheduled plan stands before it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from geo import areas
from geo.areas import Edition
from geo.forecasts import AS_IS
from geo.plans.hours import due

if TYPE_CHECKING:
    from geo.coverage.foretelling import Hour


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
