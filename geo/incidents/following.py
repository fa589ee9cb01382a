"""Incidents follow the ground: whose grid of today changes when an edition is published, at once or a while later.

In the publish follow the open incidents of the ground that moved, and the closed ones where they are few. Where they
are many they lag (``geo.laggards``), and follow in steps, each a transaction: whoever is killed in one leaves what was
there before it, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, db, laggards, rows
from geo.areas import Edition
from geo.assignments import GroundOver, Moving, open_index
from geo.fetching import fetch
from geo.incidents.ending import is_ended
from geo.laggards import Rows, asked, is_behind, others, placed
from geo.locking import lock_current
from geo.tables import incidents
from geo.tables import laggards as laggards_table
from geo.turns import Turn, try_for

AT_ONCE = 1_000
"""Incidents of moved ground up to which all of them follow in the publish."""
STEP = 1_000
"""Incidents of one step; a publish waits for one step at most."""
_LEAVES = 256
_BATCH = 5_000


# -- in the publish ----------------------------------------------------------------------------------------------------
def follow(connection: sa.Connection, moving: Moving, over: GroundOver) -> int:
    """Number of incidents that were in leaves which lost ground, and of the unplaced ones if the outline moved.

    All of them are placed anew, or where they are more than :data:`AT_ONCE` those that are closed lag. The grid an
    incident had when it happened is never rewritten.
    """
    among = rows.one_of(incidents.c.grid_now, moving.left)
    there = _count(connection, among)
    is_many = there > AT_ONCE
    if is_many:
        laggards.note(connection, moving.edition, moving.left)
    else:
        laggards.strike(connection, moving.left)
    if moving.outline_moved:
        unplaced = sa.and_(incidents.c.grid_now.is_(None), incidents.c.geom.is_not(None))
        there, among = there + _count(connection, unplaced), sa.or_(among, unplaced)
    # OFFSET 0: found by the leaves first, for PostgreSQL works long on any other condition for each month
    those = sa.select(incidents).where(among).offset(0).subquery()
    is_concerned = sa.or_(those.c.grid_now.is_(None), sa.not_(is_ended(those))) if is_many else sa.true()
    found = fetch(connection, asked(those), sa.select().select_from(those).where(is_concerned))
    for start in range(0, len(found["id"]), _BATCH):
        some = {name: one[start : start + _BATCH] for name, one in found.items()}
        ground = over(np.asarray(shapely.points(some["x"], some["y"]), dtype=object))
        _write(connection, moving.edition, others(some, placed(ground, some)), among)
    return there


def _count(connection: sa.Connection, those: sa.ColumnElement[bool]) -> int:
    return int(connection.scalar(sa.select(sa.func.count()).select_from(incidents).where(those)) or 0)


# -- a while later -----------------------------------------------------------------------------------------------------
def catch_up(engine: sa.Engine) -> Iterator[int]:
    """How many incidents each step looked at, until none lags or another process is at it."""
    while True:
        with db.write(engine) as connection:
            looked_at = step(connection)
        if looked_at is None:
            return
        yield looked_at


def step(connection: sa.Connection) -> int | None:
    """Number of incidents that have followed in this transaction; None where none lags, or another process is at it."""
    if not connection.scalar(sa.select(sa.exists(sa.select(laggards_table.c.grid_id)))):
        return None
    open_index(connection, areas.current(connection))  # what may take long is done before others have to wait
    if not try_for(connection, Turn.FOLLOWING):
        return None
    edition = lock_current(connection)
    leaves, behind = _next(connection)
    order = (laggards_table.c.grid_id, incidents.c.occurred_at, incidents.c.id)
    query = sa.select().select_from(incidents.join(laggards_table, behind)).order_by(*order).limit(STEP)
    found = fetch(connection, asked(), query)
    if len(found["id"]):
        _write(connection, edition, others(found, placed(open_index(connection, edition), found)), _among(found))
    _move_on(connection, leaves, found)
    return len(found["id"])


def _next(connection: sa.Connection) -> tuple[list[int], sa.ColumnElement[bool]]:
    """Leaves to go on with, and what finds the incidents of them that lag.

    A leaf that was begun comes alone and from where it was left: else each step would read again what it is past.
    """
    begun = sa.func.nullif(laggards_table.c.after_at, sa.text("'-infinity'")).label("begun")
    noted = sa.select(laggards_table.c.grid_id, begun).order_by(laggards_table.c.grid_id).limit(_LEAVES)
    found = connection.execute(noted).all()
    leaves = [one.grid_id for one in found]
    if found and found[0].begun is not None:
        from_there = sa.and_(incidents.c.grid_now == leaves[0], incidents.c.occurred_at >= found[0].begun)
        return leaves[:1], sa.and_(is_behind(), laggards_table.c.grid_id == leaves[0], from_there)
    return leaves, sa.and_(is_behind(), rows.one_of(laggards_table.c.grid_id, leaves))


def _move_on(connection: sa.Connection, leaves: list[int], found: Rows) -> None:
    """Strike off the leaves that were looked at to their end, and note how far the last one was."""
    if len(found["id"]) < STEP:
        laggards.strike(connection, leaves)
        return
    last = int(found["grid_now"][-1])
    laggards.strike(connection, [leaf for leaf in leaves if leaf < last])
    far = {"after_at": _instant(found["occurred_us"][-1]), "after_id": int(found["id"][-1])}
    connection.execute(sa.update(laggards_table).where(laggards_table.c.grid_id == last).values(far))


def _among(found: Rows) -> sa.ColumnElement[bool]:
    """Condition by which the store finds these incidents: by their leaves, and between which times they lie."""
    first, last = (_instant(at) for at in (found["occurred_us"].min(), found["occurred_us"].max()))
    leaves = np.unique(found["grid_now"]).tolist()
    return sa.and_(rows.one_of(incidents.c.grid_now, leaves), incidents.c.occurred_at.between(first, last))


def _instant(us: int) -> sa.ColumnElement[Any]:
    return laggards.instant(sa.literal(int(us), sa.BigInteger))


# -- writing -----------------------------------------------------------------------------------------------------------
def _write(connection: sa.Connection, edition: Edition, anew: Rows, among: sa.ColumnElement[bool]) -> None:
    """Write new answers; ``among`` which incidents they are says so that the store finds them by an index."""
    if len(anew["id"]):
        new = laggards.told(anew)
        connection.execute(
            sa.update(incidents).values(laggards.written(new, edition)).where(laggards.is_told(new), among)
        )
