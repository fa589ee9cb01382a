"""Rows that a source no longer has, removed; nothing that refers to them is left hanging."""

from __future__ import annotations

import sqlalchemy as sa

from geo import marks
from geo.entities import ENTITIES
from geo.entities.entity import Entity
from geo.entities.fields import Kind
from geo.errors import Refused
from geo.rows import one_of


def remove(connection: sa.Connection, entity: Entity, gone: list[tuple[int, str]]) -> None:
    """Remove rows (id and reference).

    Raises
    ------
    Refused
        When rows of another entity refer to one of them.
    """
    if not gone:
        return
    names = dict(gone)
    for other in ENTITIES.values():
        for field in other.of_kind(Kind.REFERENCE):
            if field.to == entity.key and other is not entity:
                _refuse_hanging(connection, other, field.column, names)
    marks.mark(connection, entity.key, list(names))
    connection.execute(sa.delete(entity.table).where(one_of(entity.table.c.id, list(names))))


def _refuse_hanging(connection: sa.Connection, other: Entity, column: str, names: dict[int, str]) -> None:
    named = other.table.c[column]
    first = connection.execute(sa.select(other.table.c.reference, named).where(one_of(named, list(names))).limit(1))
    for reference, number in first:
        raise Refused(
            f"{names[number]!r} is no longer in the file but {other.slug} {reference!r} refers to it; "
            f"load {other.slug} without it first, or leave out --whole"
        )
