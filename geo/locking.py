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
        edition = hold(connection)
        # waiting for the lock may have been waiting for a publish
        if areas.current(connection).number == edition.number:
            return edition


def hold(connection: sa.Connection) -> Edition:
    """The edition in force until this transaction ends, unless another one came while its row was waited for.

    Whoever writes a grid by it does so where :func:`is_in_force` says. Raises Unknown as :func:`lock_current`.
    """
    row = connection.execute(_held()).mappings().one_or_none()
    return Edition(**row) if row else areas.current(connection)


def held_after(those: sa.CTE) -> sa.FromClause:
    """As of :func:`hold`, beside each row of ``those``: the edition in force.

    It is held after the row is there, whatever that waited for.
    """
    here: sa.ColumnElement[Any] = next(iter(those.c))
    return areas.newest().where(here.is_not(None)).with_for_update(read=True).lateral("held")


def is_in_force(number: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Condition: this edition is the one in force; what is held stays so."""
    return number == areas.newest().with_only_columns(editions.c.number).scalar_subquery()


@cache
def _held() -> sa.Select[*tuple[Any, ...]]:
    return areas.newest().with_for_update(read=True)
