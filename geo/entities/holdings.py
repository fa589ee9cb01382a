"""What is stored of an entity: how many rows, how many of them have a place, from whom and of when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from geo.areas import Edition
from geo.entities.entity import Entity
from geo.entities.spots import spots

_DAY = "as_of"


@dataclass(frozen=True)
class Holding:
    """What is stored of one entity.

    Attributes
    ----------
    rows, placed
        How many there are, and how many of them have a place on the ground of the edition: those a map can show.
    sources
        Who told them, the most rows first, ties by name.
    stored_at
        When the newest was stored; None without rows.
    as_of
        The newest day the rows say they are of; None where they say none.
    """

    rows: int
    placed: int
    sources: list[str]
    stored_at: datetime | None
    as_of: date | None


def holding(connection: sa.Connection, entity: Entity, edition: Edition) -> Holding:
    """What is stored of ``entity`` on the ground of ``edition``; zeros and None when nothing is."""
    drawn = spots(connection, entity, edition)
    table = entity.table
    day: Any = sa.func.max(table.c[_DAY]) if entity.has(_DAY) else sa.null()
    number = sa.func.count()
    query = sa.select(
        table.c.source,
        number.label("rows"),
        sa.func.count(drawn.geom).label("placed"),
        sa.func.max(table.c.stored_at).label("stored_at"),
        day.label("as_of"),
    )
    query = query.select_from(drawn.source).group_by(table.c.source).order_by(number.desc(), table.c.source)
    found = connection.execute(query).all()
    return Holding(
        rows=sum(one.rows for one in found),
        placed=sum(one.placed for one in found),
        sources=[one.source for one in found],
        stored_at=max((one.stored_at for one in found), default=None),
        as_of=max((one.as_of for one in found if one.as_of), default=None),
    )
