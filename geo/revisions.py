"""How often the rows of a noun changed: tiles and other things made from them are keyed by this number."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo.tables import revisions


def of(connection: sa.Connection, noun: str) -> int:
    """The revision of ``noun``; 0 when nothing was ever stored."""
    return connection.scalar(sa.select(revisions.c.number).where(revisions.c.noun == noun)) or 0


def raise_(connection: sa.Connection, noun: str) -> int:
    """The next revision of ``noun``, in force when the caller's transaction is."""
    entry = pg.insert(revisions).values(noun=noun, number=1)
    raised = entry.on_conflict_do_update(index_elements=["noun"], set_={"number": revisions.c.number + 1})
    return int(connection.execute(raised.returning(revisions.c.number)).scalar_one())


def several(connection: sa.Connection, nouns: Sequence[str]) -> dict[str, int]:
    """The revisions of ``nouns``; those that never changed are left out."""
    rows = connection.execute(sa.select(revisions).where(revisions.c.noun.in_(list(nouns))))
    return {row.noun: row.number for row in rows}
