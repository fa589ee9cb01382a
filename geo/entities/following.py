"""Entities follow the ground: whose grid changes when an edition is published, and whose figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import copying, marks, revisions, rows
from geo.areas import Edition
from geo.arrays import Ints, Positions, Shapes
from geo.assignments import GroundOver, Moving
from geo.buildings.placing import placed
from geo.entities import ENTITIES, Entity, Lies, figures
from geo.entities.fields import Kind
from geo.tables import buildings, crosswalks, grids

_BATCH = 50_000
_NEW_PLACES = "CREATE TEMP TABLE IF NOT EXISTS new_row_places (id bigint, grid_id int, community_id int) ON COMMIT DROP"


def follow(connection: sa.Connection, moving: Moving, over: GroundOver) -> int:
    """Number of rows placed anew; buildings have followed before.

    What stands in a building goes with it; points and ground are placed anew where leaves changed; figures of grids
    are divided so that their totals stay; posts and organisations of a retired grid go to the grid that holds most of
    it. Costs what it moves.
    """
    edition = moving.edition
    moved = {key: _follow_one(connection, ENTITIES[key], moving, over) for key in _concerned(connection, moving)}
    parts = figures.parts(connection, edition)
    written = {key for key, count in moved.items() if count}
    if figures.follow(connection, edition, parts):
        written.add("grid_figures")
    written |= _hand_over(connection, edition, figures.successors(connection, edition, parts))
    for key in sorted(written):
        revisions.raise_(connection, key)
        table = ENTITIES[key].table
        marks.mark_those(connection, key, sa.select(table.c.id).where(table.c.edition == edition.number))
    return sum(moved.values())


def _concerned(connection: sa.Connection, moving: Moving) -> list[str]:
    """Entities of which rows may have to follow, in their order."""
    placed = [entity for entity in ENTITIES.values() if entity.lies in (Lies.SPOT, Lies.GROUND)]
    if moving.outline_moved:
        return [entity.key for entity in placed]
    leaves = sorted({*moving.left, *moving.closed})
    there = [
        sa.select(sa.literal(entity.key)).where(sa.exists().where(rows.one_of(entity.table.c.grid_id, leaves)))
        for entity in placed
        if entity.lies is Lies.SPOT
    ]
    found = set(connection.scalars(sa.union_all(*there)))
    return [entity.key for entity in placed if entity.lies is Lies.GROUND or entity.key in found]


def _follow_one(connection: sa.Connection, entity: Entity, moving: Moving, over: GroundOver) -> int:
    if entity.lies is Lies.SPOT:
        return _follow_points(connection, entity, moving, over)
    return _follow_ground(connection, entity, moving, over)


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
def _follow_points(connection: sa.Connection, entity: Entity, moving: Moving, over: GroundOver) -> int:
    table, in_building = entity.table, entity.has("building")
    count = _follow_buildings(connection, entity, moving) if in_building else 0
    concerned = rows.one_of(table.c.grid_id, moving.left)
    if moving.outline_moved:
        concerned = sa.or_(concerned, table.c.grid_id.is_(None))
    query = sa.select(table.c.id, gis.ST_X(table.c.geom).label("x"), gis.ST_Y(table.c.geom).label("y"))
    query = query.where(concerned, table.c.geom.is_not(None))
    if in_building:
        query = query.where(table.c.building_id.is_(None))
    found = connection.execute(query).all()
    for start in range(0, len(found), _BATCH):
        some = np.array([(row.id, row.x, row.y) for row in found[start : start + _BATCH]], dtype=np.float64)
        ground = over(np.asarray(shapely.points(some[:, 1:]), dtype=object))
        position = ground.index.locate(some[:, 1:])
        places = (ground.ids(position), ground.lowest_areas(position))
        _move(connection, entity, moving.edition, some[:, 0].astype(np.int64), places)
    return count + len(found)


def _follow_buildings(connection: sa.Connection, entity: Entity, moving: Moving) -> int:
    """Rows in a building that was placed anew take its grid.

    It went to a leaf that gained ground, or from one that lost some: to any that holds more of it than that one now.
    """
    table, edition = entity.table, moving.edition
    gained: sa.ColumnElement[bool] = buildings.c.grid_id.in_(
        sa.select(crosswalks.c.new_id).where(crosswalks.c.edition == edition.number)
    )
    if moving.outline_moved:
        gained = sa.or_(gained, buildings.c.grid_id.is_(None))
    moved = (
        sa.update(table)
        .values(grid_id=buildings.c.grid_id, community_id=buildings.c.community_id, edition=edition.number)
        .where(table.c.building_id == buildings.c.id, buildings.c.edition == edition.number)
        .where(
            sa.or_(
                table.c.grid_id.is_distinct_from(buildings.c.grid_id),
                table.c.community_id.is_distinct_from(buildings.c.community_id),
            )
        )
    )
    # two statements, each by an index: as one they would look through all rows that are in buildings
    there = (gained, rows.one_of(table.c.grid_id, moving.left))
    return sum(int(connection.execute(moved.where(those)).rowcount) for those in there)


# -- ground ------------------------------------------------------------------------------------------------------------
def _follow_ground(connection: sa.Connection, entity: Entity, moving: Moving, over: GroundOver) -> int:
    table = entity.table
    near = sa.exists().where(
        rows.one_of(grids.c.id, moving.closed),
        grids.c.last_edition == moving.edition.number,
        grids.c.geom.op("&&")(table.c.geom),
    )
    concerned = sa.or_(near, table.c.grid_id.is_(None)) if moving.outline_moved else near
    query = sa.select(table.c.id, gis.ST_AsBinary(table.c.geom).label("shape")).where(concerned)
    found = connection.execute(query).all()
    if found:
        wkb = np.array([bytes(row.shape) for row in found], dtype=object)
        shapes: Shapes = np.asarray(shapely.from_wkb(wkb), dtype=object)
        places = placed(over(shapes), shapes)
        numbers = np.array([row.id for row in found], dtype=np.int64)
        _move(connection, entity, moving.edition, numbers, (places.grid, places.community))
    return len(found)


def _move(
    connection: sa.Connection, entity: Entity, edition: Edition, ids: Ints, places: tuple[Positions, Positions]
) -> None:
    """Write grid and community of rows by id."""
    grid, community = places
    connection.execute(sa.text(_NEW_PLACES))
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
def _hand_over(connection: sa.Connection, edition: Edition, heirs: dict[int, int]) -> set[str]:
    """Posts, organisations and records of a retired grid go to its heir; keys of the entities that had any."""
    if not heirs:
        return set()
    written = set()
    for entity in ENTITIES.values():
        columns = [entity.table.c[field.column] for field in entity.of_kind(Kind.PLACE)]
        counts = [] if entity.key == "grid_figures" else [_inherit(connection, one, heirs, edition) for one in columns]
        if any(counts):
            written.add(entity.key)
    return written


def _inherit(connection: sa.Connection, column: sa.Column[Any], heirs: dict[int, int], edition: Edition) -> int:
    table = column.table
    to = sa.case(heirs, value=column)
    moved = sa.update(table).values({column.name: to, "edition": edition.number})
    return int(connection.execute(moved.where(rows.one_of(column, list(heirs)))).rowcount)
