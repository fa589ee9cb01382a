"""Which rows were written since coverage was last looked at, so that a look costs what changed.

A mark is written in the transaction that writes the row, so whoever looks sees both or neither: a look takes away the
marks it sees, and those of a transaction not yet kept stay for the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo.tables import marks, revisions

MANY = 5_000
"""Rows of a noun above which one mark stands for all: looking at everything is then no dearer."""


@dataclass(frozen=True)
class Look:
    """What a look saw.

    Attributes
    ----------
    ids
        Noun → ascending ids of rows written since the last look, None for many; nouns without a mark are left out.
    revisions
        Noun → how often its rows changed; nouns that never did are left out.
    """

    ids: Mapping[str, list[int] | None]
    revisions: Mapping[str, int]


def mark(connection: sa.Connection, noun: str, ids: Sequence[int]) -> None:
    """Note that the rows ``ids`` of ``noun`` were written or removed."""
    mark_those(connection, noun, sa.select(sa.func.unnest(sa.cast(list(ids), pg.ARRAY(sa.BigInteger))).label("id")))


def mark_stored(connection: sa.Connection, table: sa.Table) -> None:
    """Note the rows of ``table`` that this transaction has stored, by their ``stored_at``."""
    mark_those(connection, table.name, sa.select(table.c.id).where(table.c.stored_at >= sa.func.now()))


def mark_all(connection: sa.Connection, noun: str) -> None:
    """Note that every row of ``noun`` was written."""
    connection.execute(sa.insert(marks).values(noun=noun, id=None))


def mark_those(connection: sa.Connection, noun: str, asked: sa.Select[tuple[int]]) -> None:
    """Note the rows of ``noun`` whose ids ``asked`` finds in its column ``id``."""
    found = asked.cte("found")
    number = sa.select(sa.func.count()).select_from(found).scalar_subquery()
    each = sa.select(sa.literal(noun), found.c.id).where(number <= MANY)
    whole = sa.select(sa.literal(noun), sa.cast(sa.null(), sa.BigInteger)).where(number > MANY)
    connection.execute(sa.insert(marks).from_select(["noun", "id"], sa.union_all(each, whole)))


def take(connection: sa.Connection, nouns: Sequence[str]) -> Look:
    """The marks of these nouns, which are taken away, and how often their rows changed: both as of one moment."""
    found: dict[str, set[int | None]] = {}
    numbers: dict[str, int] = {}
    for row in connection.execute(_taking(tuple(nouns))):
        if row.revision is None:
            found.setdefault(row.noun, set()).add(row.id)
        else:
            numbers[row.noun] = row.revision
    ids = {
        noun: None if None in some else sorted(one for one in some if one is not None) for noun, some in found.items()
    }
    return Look(ids, numbers)


@cache
def _taking(nouns: tuple[str, ...]) -> sa.CompoundSelect[Any]:
    taken = sa.delete(marks).where(marks.c.noun.in_(list(nouns))).returning(marks.c.noun, marks.c.id).cte("taken")
    told = sa.select(taken.c.noun, taken.c.id, sa.literal(None, sa.BigInteger).label("revision"))
    counted = sa.select(revisions.c.noun, sa.literal(None, sa.BigInteger), revisions.c.number)
    return sa.union_all(told, counted.where(revisions.c.noun.in_(list(nouns))))
