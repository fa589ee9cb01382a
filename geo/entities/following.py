"""Entities follow the ground: whose grid changes when an edition is published, and whose figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import copying, marks, revisions, rows
from geo.areas import Edition
from geo.arrays import Ints, Positions, Shapes
from geo.assignments import open_index
from geo.buildings.placing import place
from geo.entities import ENTITIES, Entity, Lies, figures
from geo.entities.fields import Kind
from geo.tables import buildings, crosswalks, grids

_BATCH = 50_000
_NEW_PLACES = "CREATE TEMP TABLE IF NOT EXISTS new_row_places (id bigint, grid_id int, community_id int) ON COMMIT DROP"


def follow(
    connection: sa.Connection, edition: Edition, left: Sequence[int], closed: Sequence[int], *, outline_moved: bool
) -> int:
    """Number of rows placed anew in ``edition``; buildings have followed before.

    What stands in a building goes with it; points and ground are placed anew where leaves changed; figures of grids
    are divided so that their totals stay; posts and organisations of a retired grid go to the grid that holds most of
    it. Costs what it moves.

    Parameters
    ----------
    left
        Ids of old leaves that lost ground or came under another area.
    closed
        Ids of old leaves of which anything changed.
    outline_moved
        Whether ground came to the city or left it.
    """
    connection.execute(sa.text(_NEW_PLACES))
    moved = 0
    for entity in ENTITIES.values():
        count = 0
        if entity.lies is Lies.SPOT:
            count = _follow_points(connection, entity, edition, left, outline_moved)
        if entity.lies is Lies.GROUND:
            count = _follow_ground(connection, entity, edition, closed, outline_moved)
        if count:
            revisions.raise_(connection, entity.key)
        moved += count
    if figures.follow(connection, edition):
        revisions.raise_(connection, "grid_figures")
    _hand_over(connection, edition)
    for entity in ENTITIES.values():
        written = sa.select(entity.table.c.id).where(entity.table.c.edition == edition.number)
        marks.mark_those(connection, entity.key, written)
    return moved


def take_along(connection: sa.Connection, those: sa.Select[tuple[int]]) -> int:
    """Number of rows that took the grid of the building they are in, of buildings whose ids ``those`` finds."""
    moved = 0
    for entity in ENTITIES.values():
        if entity.lies is not Lies.SPOT or not entity.has("building"):
            continue
        table = entity.table
        taken = (
            sa.update(table)
            .values(grid_id=buildings.c.grid_id, community_id=buildings.c.community_id)
            .where(table.c.building_id == buildings.c.id, buildings.c.id.in_(those))
            .where(table.c.grid_id.is_distinct_from(buildings.c.grid_id))
            .returning(table.c.id)
        )
        if ids := list(connection.scalars(taken)):
            marks.mark(connection, entity.key, ids)
            revisions.raise_(connection, entity.key)
            moved += len(ids)
    return moved


# -- points ------------------------------------------------------------------------------------------------------------
def _follow_points(
    connection: sa.Connection, entity: Entity, edition: Edition, left: Sequence[int], outline_moved: bool
) -> int:
    table, in_building = entity.table, entity.has("building")
    count = _follow_buildings(connection, entity, edition, outline_moved) if in_building else 0
    concerned = rows.one_of(table.c.grid_id, left)
    if outline_moved:
        concerned = sa.or_(concerned, table.c.grid_id.is_(None))
    query = sa.select(table.c.id, gis.ST_X(table.c.geom).label("x"), gis.ST_Y(table.c.geom).label("y"))
    query = query.where(concerned, table.c.geom.is_not(None))
    if in_building:
        query = query.where(table.c.building_id.is_(None))
    found = connection.execute(query).all()
    index = open_index(connection, edition)
    for start in range(0, len(found), _BATCH):
        some = np.array([(row.id, row.x, row.y) for row in found[start : start + _BATCH]], dtype=np.float64)
        position = index.index.locate(some[:, 1:])
        _move(
            connection, entity, edition, some[:, 0].astype(np.int64), index.ids(position), index.lowest_areas(position)
        )
    return count + len(found)


def _follow_buildings(connection: sa.Connection, entity: Entity, edition: Edition, outline_moved: bool) -> int:
    """Rows in a building that was placed anew take its grid."""
    gained = sa.select(crosswalks.c.new_id).where(crosswalks.c.edition == edition.number)
    there: sa.ColumnElement[bool] = buildings.c.grid_id.in_(gained)
    if outline_moved:
        there = sa.or_(there, buildings.c.grid_id.is_(None))
    table = entity.table
    moved = (
        sa.update(table)
        .values(grid_id=buildings.c.grid_id, community_id=buildings.c.community_id, edition=edition.number)
        .where(table.c.building_id == buildings.c.id, buildings.c.edition == edition.number, there)
        .where(
            sa.or_(
                table.c.grid_id.is_distinct_from(buildings.c.grid_id),
                table.c.community_id.is_distinct_from(buildings.c.community_id),
            )
        )
    )
    return int(connection.execute(moved).rowcount)


# -- ground ------------------------------------------------------------------------------------------------------------
def _follow_ground(
    connection: sa.Connection, entity: Entity, edition: Edition, closed: Sequence[int], outline_moved: bool
) -> int:
    table = entity.table
    near = sa.exists().where(
        rows.one_of(grids.c.id, closed),
        grids.c.last_edition == edition.number,
        grids.c.geom.op("&&")(table.c.geom),
    )
    concerned = sa.or_(near, table.c.grid_id.is_(None)) if outline_moved else near
    query = sa.select(table.c.id, gis.ST_AsBinary(table.c.geom).label("shape")).where(concerned)
    found = connection.execute(query).all()
    if found:
        wkb = np.array([bytes(row.shape) for row in found], dtype=object)
        shapes: Shapes = np.asarray(shapely.from_wkb(wkb), dtype=object)
        places = place(connection, edition, shapes)
        numbers = np.array([row.id for row in found], dtype=np.int64)
        _move(connection, entity, edition, numbers, places.grid, places.community)
    return len(found)


def _move(
    connection: sa.Connection, entity: Entity, edition: Edition, ids: Ints, grid: Positions, community: Positions
) -> None:
    connection.execute(sa.text("TRUNCATE new_row_places"))
    columns = {
        "id": copying.numbers(ids, "i8"),
        "grid_id": copying.ids(grid),
        "community_id": copying.ids(community),
    }
    copying.copy(connection, "new_row_places", columns)
    connection.execute(
        sa.text(
            f"UPDATE {entity.key} AS one SET grid_id = new.grid_id, community_id = new.community_id, edition = :number "
            "FROM new_row_places AS new WHERE one.id = new.id"
        ),
        {"number": edition.number},
    )


# -- what belongs to a grid by its code --------------------------------------------------------------------------------
def _hand_over(connection: sa.Connection, edition: Edition) -> None:
    """Posts, organisations and records of a retired grid go to the grid that holds most of it."""
    heirs = figures.successors(connection, edition)
    if not heirs:
        return
    for entity in ENTITIES.values():
        count = 0
        for field in entity.of_kind(Kind.PLACE):
            if entity.key != "grid_figures":
                count += _inherit(connection, entity.table.c[field.column], heirs, edition)
        if count:
            revisions.raise_(connection, entity.key)


def _inherit(connection: sa.Connection, column: sa.Column[Any], heirs: dict[int, int], edition: Edition) -> int:
    table = column.table
    to = sa.case(heirs, value=column)
    moved = sa.update(table).values({column.name: to, "edition": edition.number})
    return int(connection.execute(moved.where(rows.one_of(column, list(heirs)))).rowcount)
