"""The edition in force, held fast: a grid is never written against another one."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from geo import areas
from geo.areas import Edition
from geo.tables import editions


def lock_current(connection: sa.Connection) -> Edition:
    """The edition in force, which stays in force until this transaction ends.

    Whoever writes a grid asks here, and places anew what was placed on another edition.

    Raises
    ------
    Unknown
        When nothing has been published.
    """
    while True:
        edition = areas.current(connection)
        connection.execute(_held(), {"edition": edition.number})
        # waiting for the lock may have been waiting for a publish
        if areas.current(connection).number == edition.number:
            return edition


@cache
def _held() -> sa.Select[int]:
    edition = sa.bindparam("edition", type_=sa.Integer)
    return sa.select(editions.c.number).where(editions.c.number == edition).with_for_update(read=True)
