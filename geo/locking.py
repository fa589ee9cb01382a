"""The edition in force, held fast: a grid is never written against another one."""

from __future__ import annotations

from functools import cache
from typing import Any

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


def held_after(those: sa.CTE) -> sa.FromClause:
    """The edition in force at the parameter ``instant`` beside each row of ``those``, as of :func:`lock_current`.

    It is held after the row is there, whatever that waited for; so another one may be in force by then. Whoever writes
    a grid by it does so where :func:`is_in_force` says.
    """
    here: sa.ColumnElement[Any] = next(iter(those.c))
    return areas.in_force().where(here.is_not(None)).with_for_update(read=True).lateral("held")


def is_in_force(number: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Condition: this edition is the one in force at the parameter ``instant``; what is held stays so."""
    return number == areas.in_force().with_only_columns(editions.c.number).scalar_subquery()


@cache
def _held() -> sa.Select[int]:
    edition = sa.bindparam("edition", type_=sa.Integer)
    return sa.select(editions.c.number).where(editions.c.number == edition).with_for_update(read=True)
