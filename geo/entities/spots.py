"""Where the rows of any entity lie, as a query: their own place, else that of what they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo.areas import Edition
from geo.entities.entity import Entity, Lies
from geo.entities.fields import Kind
from geo.entities.resolving import table_of
from geo.laggards import today
from geo.tables import areas, grids, in_edition, incident_keys

_NOWHERE: Any = sa.literal_column("NULL::geometry")
_NONE: Any = sa.literal_column("NULL::integer")


@dataclass(frozen=True)
class Spots:
    """An entity's table joined with what places its rows.

    Attributes
    ----------
    source
        What to select from.
    geom
        EPSG:4326: ground of what has its own, else a point; null for rows without place.
    grid_id, community_id
        Code ids of the leaf and the lowest area; null where unknown.
    place_id
        Code id of the area or grid a row belongs to by its own word; null for none.
    has_place
        False for an entity whose rows lie nowhere.
    """

    source: Any
    geom: Any
    grid_id: Any
    community_id: Any
    place_id: Any
    has_place: bool = True


@dataclass(frozen=True)
class _Part:
    """What one reference of a row contributes."""

    geom: Any
    grid_id: Any
    community_id: Any


def spots(connection: sa.Connection, entity: Entity, edition: Edition) -> Spots:
    """Where the rows of ``entity`` lie on the ground of ``edition``."""
    table, joined = entity.table, entity.table
    own = entity.table.c.place_id if entity.has("place") else _NONE
    if entity.lies in (Lies.SPOT, Lies.GROUND):
        return Spots(joined, table.c.geom, table.c.grid_id, table.c.community_id, own)
    parts: list[_Part] = []
    names = entity.subjects if entity.lies is Lies.SUBJECT else ("place",) if entity.lies is Lies.PLACE else ()
    source: Any = joined
    for name in names:
        source, part = _joined(connection, source, entity, name, edition)
        parts.append(part)
    if not parts:
        return Spots(source, _NOWHERE, _NONE, _NONE, own, has_place=False)
    if "grid" in names:
        own = entity.table.c.grid_id
    geom, grid, community = (_first([getattr(one, name) for one in parts]) for name in _Part.__dataclass_fields__)
    return Spots(source, geom, grid, community, own)


def _first(columns: list[Any]) -> Any:
    return sa.func.coalesce(*columns) if len(columns) > 1 else columns[0]


def _joined(connection: sa.Connection, source: Any, entity: Entity, name: str, edition: Edition) -> tuple[Any, _Part]:
    field = entity.field(name)
    column = entity.table.c[field.column]
    if field.kind is Kind.PLACE:
        return _at_place(source, column, name, edition)
    if field.to == "incidents":
        keys, other = incident_keys.alias("key_of"), today(connection).alias("incident_of")
        at = sa.and_(other.c.id == keys.c.id, other.c.occurred_at == keys.c.occurred_at)
        joined = source.outerjoin(keys, keys.c.id == column).outerjoin(other, at)
        return joined, _Part(other.c.geom, other.c.grid_now, other.c.community_id)
    other = table_of(field).alias(f"at_{name}")
    joined = source.outerjoin(other, other.c.id == column)
    if "geom" not in other.c:  # an alliance lies where its district or its leader does
        return joined, _Part(_NOWHERE, _NONE, _NONE)
    point = gis.ST_PointOnSurface(other.c.geom)
    return joined, _Part(point, other.c.grid_id, other.c.community_id)


def _at_place(source: Any, column: Any, name: str, edition: Edition) -> tuple[Any, _Part]:
    grid, area = grids.alias(f"grid_{name}"), areas.alias(f"area_{name}")
    joined = source.outerjoin(grid, sa.and_(grid.c.id == column, in_edition(grid, edition.number)))
    joined = joined.outerjoin(area, sa.and_(area.c.id == column, in_edition(area, edition.number)))
    spot = sa.func.coalesce(grid.c.label, area.c.label)
    return joined, _Part(spot, grid.c.id, sa.func.coalesce(grid.c.parent_id, area.c.id))
