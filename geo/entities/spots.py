"""Where the rows of any entity lie, as a query: their own place, else that of what they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo.areas import Edition
from geo.entities.entity import Entity, Lies
from geo.entities.fields import Kind
from geo.entities.resolving import table_of
from geo.forecasts import AS_IS, Followed, rows_of
from geo.laggards import today
from geo.tables import areas, grids, in_edition, incident_keys

_NOWHERE: Any = sa.literal_column("NULL::geometry")
_NONE: Any = sa.literal_column("NULL::integer")
_IDS = pg.ARRAY(sa.BigInteger)


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


def spots(connection: sa.Connection, entity: Entity, edition: Edition, followed: Followed | None = None) -> Spots:
    """Where the rows of ``entity`` lie on the ground of ``edition``, the one in force.

    With a forecast, where they will lie when they have ``followed``; their communities are told as they are then too.
    """
    table, ground = entity.table, _Ground(connection, edition, followed or AS_IS)
    own = ground.inherited(entity.table.c.place_id) if entity.has("place") else _NONE
    source: Any = table
    if entity.lies in (Lies.SPOT, Lies.GROUND):
        source, grid = ground.led(source, table, entity.key)
        return Spots(source, table.c.geom, grid, table.c.community_id, own)
    parts: list[_Part] = []
    names = entity.subjects if entity.lies is Lies.SUBJECT else ("place",) if entity.lies is Lies.PLACE else ()
    for name in names:
        source, part = ground.joined(source, entity, name)
        parts.append(part)
    if not parts:
        return Spots(source, _NOWHERE, _NONE, _NONE, own, has_place=False)
    if "grid" in names:
        own = ground.inherited(entity.table.c.grid_id)
    geom, grid, community = (_first([getattr(one, name) for one in parts]) for name in _Part.__dataclass_fields__)
    return Spots(source, geom, grid, community, own)


def _first(columns: list[Any]) -> Any:
    return sa.func.coalesce(*columns) if len(columns) > 1 else columns[0]


def inherited(column: sa.ColumnElement[Any], heirs: Mapping[int, int]) -> sa.ColumnElement[Any]:
    """The place that a row names, or its heir."""
    return sa.case(dict(heirs), value=column, else_=column) if heirs else column


@dataclass(frozen=True, eq=False)
class _Ground:
    """The edition that rows lie on, and what follows it."""

    connection: sa.Connection
    edition: Edition
    followed: Followed

    def inherited(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return inherited(column, self.followed.heirs)

    def led(self, source: Any, table: Any, key: str) -> tuple[Any, sa.ColumnElement[Any]]:
        """A table joined with the leaves its rows are led to, and the leaf of each."""
        led = self.followed.led(key)
        if not len(led.ids):
            return source, table.c.grid_id
        sent = {"id": sa.cast(led.ids.tolist(), _IDS), "grid": sa.cast(led.grids.tolist(), _IDS)}
        to = sa.func.unnest(*sent.values()).table_valued(*sent, name=f"{table.name}_led").render_derived()
        grid = sa.case((to.c.id.is_not(None), sa.func.nullif(to.c.grid, 0)), else_=table.c.grid_id)
        return source.outerjoin(to, to.c.id == table.c.id), grid

    def joined(self, source: Any, entity: Entity, name: str) -> tuple[Any, _Part]:
        """A table joined with what a reference names."""
        field = entity.field(name)
        column = entity.table.c[field.column]
        if field.kind is Kind.PLACE:
            return self._at_place(source, column, name)
        if field.to == "incidents":
            keys, other = incident_keys.alias("key_of"), today(self.connection).alias("incident_of")
            at = sa.and_(other.c.id == keys.c.id, other.c.occurred_at == keys.c.occurred_at)
            joined = source.outerjoin(keys, keys.c.id == column).outerjoin(other, at)
            return joined, _Part(other.c.geom, other.c.grid_now, other.c.community_id)
        other = table_of(field).alias(f"at_{name}")
        joined = source.outerjoin(other, other.c.id == column)
        if "geom" not in other.c:  # an alliance lies where its district or its leader does
            return joined, _Part(_NOWHERE, _NONE, _NONE)
        joined, grid = self.led(joined, other, table_of(field).name)
        return joined, _Part(gis.ST_PointOnSurface(other.c.geom), grid, other.c.community_id)

    def _at_place(self, source: Any, column: Any, name: str) -> tuple[Any, _Part]:
        grid, area = (self._rows(table, f"{table.name}_{name}") for table in (grids, areas))
        place = self.inherited(column)
        joined = source.outerjoin(grid, grid.c.id == place).outerjoin(area, area.c.id == place)
        spot = sa.func.coalesce(grid.c.label, area.c.label)
        return joined, _Part(spot, grid.c.id, sa.func.coalesce(grid.c.parent_id, area.c.id))

    def _rows(self, table: sa.Table, name: str) -> Any:
        if self.edition.forecast:
            return rows_of(table, self.edition.number, self.edition.forecast).alias(name)
        return sa.select(table).where(in_edition(table, self.edition.number)).subquery(name)
