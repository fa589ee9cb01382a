"""Entities found again: by place, area and what their fields say, page after page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.areas import Edition
from geo.assignments import open_index
from geo.entities.entity import Entity, Lies
from geo.entities.fields import Field, Kind
from geo.entities.lists import lists
from geo.entities.resolving import table_of
from geo.entities.spots import Spots, spots
from geo.errors import Refused, Unknown
from geo.tables import codes

LIMIT = 1_000
"""Rows in one page at most; a larger limit is clamped."""
UNKNOWN = "unknown"
_DIGITS = 8  # as stored
_FILTERED = (Kind.CHOICE, Kind.FLAG, Kind.REFERENCE, Kind.PLACE)


@dataclass(frozen=True)
class Filters:
    """What is looked for; None asks for nothing.

    Parameters
    ----------
    bbox
        West, south, east, north in degrees WGS 84.
    area_code
        An area or grid of the edition in force: rows that lie or belong there.
    q
        Part of a name, or the start of a reference.
    fields
        Field → what it says: a key of its list, ``yes`` or ``no``, an id, a code, or ``unknown``.
    """

    bbox: tuple[float, float, float, float] | None = None
    area_code: str | None = None
    q: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row as it is stored; ``fields`` by name, None where unknown; ``geometry`` GeoJSON in degrees or None."""

    id: int
    source: str
    reference: str
    fields: dict[str, Any]
    grid: str | None
    community: str | None
    edition: int
    stored_at: datetime
    geometry: dict[str, Any] | None


@dataclass(frozen=True)
class Page:
    """Rows by ascending id, and the id after which the next page begins; None on the last."""

    rows: list[Row]
    after: int | None


def filtered(entity: Entity) -> tuple[Field, ...]:
    """Fields by which rows can be looked for."""
    return entity.of_kind(*_FILTERED)


def search(
    connection: sa.Connection, entity: Entity, filters: Filters | None = None, *, after: int = 0, limit: int = 100
) -> Page:
    """One page of rows by ascending id.

    Parameters
    ----------
    after
        What the page before ended with; what has been stored in between appears in its place.
    limit
        1 to :data:`LIMIT`; above, clamped.

    Raises
    ------
    Refused
        For a limit below 1, a box upside down, a field that cannot be asked for, or a word of no list.
    Unknown
        When an area is not of the edition in force.
    """
    if limit < 1:
        raise Refused(f"limit {limit} asks for nothing; 1 to {LIMIT} are possible")
    limit = min(limit, LIMIT)
    edition = areas.current(connection)
    drawn = spots(connection, entity, edition)
    asked = _query(entity, drawn).where(*_conditions(connection, entity, filters or Filters(), edition, drawn))
    asked = asked.where(entity.table.c.id > after).order_by(entity.table.c.id).limit(limit + 1)
    found = [_row(entity, row) for row in connection.execute(asked).mappings()]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def one(connection: sa.Connection, entity: Entity, number: int) -> Row:
    """The row with this id. Raises Unknown when there is none."""
    asked = _query(entity, spots(connection, entity, areas.current(connection))).where(entity.table.c.id == number)
    row = connection.execute(asked).mappings().one_or_none()
    if row is None:
        raise Unknown(f"no row {number} of {entity.slug}; ids are told by /v1/{entity.slug}")
    return _row(entity, row)


def count(connection: sa.Connection, entity: Entity) -> int:
    """How many rows are stored."""
    return int(connection.scalar(sa.select(sa.func.count()).select_from(entity.table)) or 0)


# -- what is asked -----------------------------------------------------------------------------------------------------
def _conditions(
    connection: sa.Connection, entity: Entity, filters: Filters, edition: Edition, drawn: Spots
) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if filters.bbox is not None:
        wanted.append(_in_box(filters.bbox, drawn))
    if filters.area_code is not None:
        wanted.append(_in_area(connection, filters.area_code, edition, drawn))
    if filters.q:
        wanted.append(_called(entity, filters.q))
    for name, said in filters.fields.items():
        wanted.append(_says(connection, entity, name, said, edition))
    return wanted


def _in_box(bbox: tuple[float, float, float, float], drawn: Spots) -> sa.ColumnElement[bool]:
    west, south, east, north = bbox
    if not (np.isfinite(bbox).all() and west <= east and south <= north):
        raise Refused(f"bbox {bbox} is no box; it reads west,south,east,north in degrees, as 117.0,36.5,117.2,36.7")
    box = gis.ST_MakeEnvelope(west, south, east, north, 4326)
    return sa.and_(drawn.geom.op("&&")(box), gis.ST_Intersects(drawn.geom, box))


def _in_area(connection: sa.Connection, code: str, edition: Edition, drawn: Spots) -> sa.ColumnElement[bool]:
    """Rows in a leaf of the area, or that belong to it or an area in it."""
    place = areas.place(connection, code, edition)
    lineage = open_index(connection, edition).lineage
    inside = lineage[lineage[:, place.level] == place.id]
    below = sorted(set(inside[:, place.level :].ravel().tolist()) - {0})
    wanted = sa.cast(below, pg.ARRAY(sa.Integer))
    return sa.or_(drawn.grid_id == sa.any_(wanted), drawn.place_id == sa.any_(wanted))


def _called(entity: Entity, said: str) -> sa.ColumnElement[bool]:
    plain = said.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    told = entity.table.c.reference.ilike(f"{plain}%")
    return sa.or_(told, entity.table.c.name.ilike(f"%{plain}%")) if entity.has("name") else told


def _says(connection: sa.Connection, entity: Entity, name: str, said: str, edition: Edition) -> sa.ColumnElement[bool]:
    fields = {one.name: one for one in filtered(entity)}
    if name not in fields:
        raise Refused(f"{entity.slug} cannot be asked for {name!r}; there are: {', '.join(fields)}")
    column = entity.table.c[fields[name].column]
    if said == UNKNOWN:
        return column.is_(None)
    wanted: sa.ColumnElement[bool] = column == _value(connection, fields[name], said, edition)
    return wanted


def _value(connection: sa.Connection, field: Field, said: str, edition: Edition) -> Any:
    if field.kind is Kind.CHOICE:
        return _of_list(field.name, said, list(lists()[field.words]))
    if field.kind is Kind.FLAG:
        return _of_list(field.name, said, ["yes", "no"]) == "yes"
    if field.kind is Kind.PLACE:
        return areas.place(connection, said, edition).id
    if not said.isdecimal() or int(said) > 2**63 - 1:
        raise Refused(f"{field.name} {said!r} is no id, as 42")
    return int(said)


def _of_list(name: str, said: str, known: list[str]) -> str:
    if said not in known:
        raise Refused(f"{name} {said!r} is in no list; there are: {', '.join(known)}, and {UNKNOWN}")
    return said


# -- what is told ------------------------------------------------------------------------------------------------------
def _query(entity: Entity, drawn: Spots) -> sa.Select[Any]:
    table = entity.table
    grid, community = codes.alias("grid"), codes.alias("community")
    told: list[sa.ColumnElement[Any]] = [
        table.c[one.column] for one in entity.fields if one.kind not in (Kind.REFERENCE, Kind.PLACE)
    ]
    joined: Any = drawn.source
    for one in entity.of_kind(Kind.REFERENCE, Kind.PLACE):
        other = (codes if one.kind is Kind.PLACE else table_of(one)).alias(f"to_{one.name}")
        joined = joined.outerjoin(other, other.c.id == table.c[one.column])
        told += [table.c[one.column], _named(one, other).label(f"said_{one.name}")]
        told += [other.c.name.label(f"name_{one.name}")] if one.kind is Kind.REFERENCE and "name" in other.c else []
    joined = joined.outerjoin(grid, grid.c.id == drawn.grid_id).outerjoin(
        community, community.c.id == drawn.community_id
    )
    return sa.select(
        *(table.c[name] for name in ("id", "source", "reference", "edition", "stored_at")),
        *told,
        *([table.c.area_m2] if entity.lies is Lies.GROUND else []),
        grid.c.code.label("in_grid"),
        community.c.code.label("in_community"),
        gis.ST_AsGeoJSON(drawn.geom, _DIGITS).label("geometry"),
    ).select_from(joined)


def _named(field: Field, other: Any) -> sa.ColumnElement[str]:
    return other.c.code if field.kind is Kind.PLACE else other.c.reference  # type: ignore[no-any-return]


def _referred(field: Field, number: int, row: Mapping[Any, Any]) -> dict[str, Any]:
    """What a row refers to: id, reference, and the name of what has one."""
    named = f"name_{field.name}"
    return {"id": number, "reference": row[f"said_{field.name}"]} | ({"name": row[named]} if named in row else {})


def _row(entity: Entity, row: Mapping[Any, Any]) -> Row:
    fields: dict[str, Any] = {}
    for one in entity.fields:
        value = row[one.column]
        if one.kind is Kind.PLACE:
            fields[one.name] = row[f"said_{one.name}"]
        elif one.kind is Kind.REFERENCE:
            fields[one.name] = None if value is None else _referred(one, value, row)
        else:
            fields[one.name] = value.isoformat() if isinstance(value, (date, datetime)) else value
    if entity.lies is Lies.GROUND:
        fields["area_m2"] = round(row["area_m2"], 2)
    return Row(
        id=row["id"],
        source=row["source"],
        reference=row["reference"],
        fields=fields,
        grid=row["in_grid"],
        community=row["in_community"],
        edition=row["edition"],
        stored_at=row["stored_at"],
        geometry=None if row["geometry"] is None else json.loads(row["geometry"]),
    )
