"""Incidents, buildings and entities follow the ground: whose grid of today changes when an edition is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import assignments, rows
from geo.areas import Edition
from geo.buildings import following
from geo.entities import following as entities_following
from geo.tables import incidents

_BATCH = 50_000
_NEW_PLACES = (
    "CREATE TEMP TABLE new_places (id bigint, occurred_at timestamptz, grid_now int, community_id int, "
    "border_m real, rule smallint, is_doubtful boolean) ON COMMIT DROP"
)
_COPY = "COPY new_places FROM STDIN"
_FOLLOW = sa.text(
    """UPDATE incidents SET grid_now = new.grid_now, community_id = new.community_id, border_m = new.border_m,
              rule = new.rule, is_doubtful = new.is_doubtful, edition_now = :number
         FROM new_places AS new WHERE incidents.id = new.id AND incidents.occurred_at = new.occurred_at"""
)


@dataclass(frozen=True)
class Moved:
    """How many were placed anew."""

    incidents: int
    buildings: int
    entities: int


def follow(
    connection: sa.Connection, edition: Edition, *, left: Sequence[int], closed: Sequence[int], outline_moved: bool
) -> Moved:
    """What was placed anew in ``edition``: what lies in the old leaves ``left``, and the unplaced if the outline moved.

    Costs what it moves. The grid an incident had when it happened is never rewritten.

    Parameters
    ----------
    left
        Ids of old leaves that lost ground or came under another area.
    closed
        Ids of old leaves of which anything changed; a building in several leaves may be overtaken by one of them.
    """
    return Moved(
        incidents=_follow_incidents(connection, edition, left, outline_moved),
        buildings=following.follow(connection, edition, left, closed, outline_moved=outline_moved),
        entities=entities_following.follow(connection, edition, left, closed, outline_moved=outline_moved),
    )


def _follow_incidents(connection: sa.Connection, edition: Edition, left: Sequence[int], outline_moved: bool) -> int:
    concerned = rows.one_of(incidents.c.grid_now, left)
    if outline_moved:
        concerned = sa.or_(concerned, incidents.c.grid_now.is_(None))
    query = sa.select(
        incidents.c.id,
        incidents.c.occurred_at,
        gis.ST_X(incidents.c.geom).label("x"),
        gis.ST_Y(incidents.c.geom).label("y"),
        incidents.c.accuracy_m,
    ).where(concerned, incidents.c.geom.is_not(None))
    found = connection.execute(query).all()
    if not found:
        return 0
    connection.execute(sa.text(_NEW_PLACES))
    index = assignments.open_index(connection, edition)
    for start in range(0, len(found), _BATCH):
        _place(connection, index, found[start : start + _BATCH])
    connection.execute(_FOLLOW, {"number": edition.number})
    return len(found)


def _place(
    connection: sa.Connection, index: assignments.CityIndex, batch: Sequence[sa.Row[*tuple[object, ...]]]
) -> None:
    table = np.array([(row.x, row.y, row.accuracy_m) for row in batch], dtype=np.float64)
    assigned = assignments.assign(index, table[:, :2], accuracy_m=table[:, 2])
    grids, communities = index.ids(assigned.position), index.lowest_areas(assigned.position)
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for at, row in enumerate(batch):
            placed = (int(grids[at]) or None, int(communities[at]) or None)
            rest = (float(assigned.border_m[at]), int(assigned.rule[at]), bool(assigned.is_doubtful[at]))
            copy.write_row((row.id, row.occurred_at, *placed, *rest))
