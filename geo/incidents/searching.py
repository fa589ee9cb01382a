"""Incidents found again: by place, time and kind, the newest first, page after page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.areas import Edition
from geo.assignments import Rule, open_index
from geo.errors import Refused, Unknown
from geo.laggards import today
from geo.tables import codes, incidents

LIMIT = 1_000
"""Incidents in one page at most; a larger limit is clamped."""


@dataclass(frozen=True)
class Filters:
    """What is looked for; None asks for nothing.

    Parameters
    ----------
    bbox
        West, south, east, north in degrees WGS 84; borders included, zero width allowed.
    area_code
        An area or grid of the edition in force: incidents on its ground as it is today.
    since, until
        Aware; ``since`` included, ``until`` not.
    category
        Exactly this category.
    unassigned
        True: only what lies in no grid today; False: only what lies in one.
    """

    bbox: tuple[float, float, float, float] | None = None
    area_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    category: str | None = None
    unassigned: bool | None = None


@dataclass(frozen=True)
class Incident:
    """One incident as it is stored; codes None where unassigned, degrees WGS 84, metres.

    ``grid_then`` was in force in ``edition_then`` when it happened; ``grid`` and ``community`` answer today, and
    ``border_m``, ``rule``, ``is_doubtful`` say how. ``nearest`` (code, name, distance_m) is given outside the city.
    """

    id: int
    source: str
    reference: str
    category: str
    urgency: int
    status: str
    occurred_at: datetime
    reported_at: datetime
    lon: float | None
    lat: float | None
    raw_x: float | None
    raw_y: float | None
    datum: str
    accuracy_m: float | None
    address: str | None
    grid_then: str | None
    edition_then: int
    is_before_first_edition: bool
    grid: str | None
    edition: int
    community: str | None
    border_m: float | None
    rule: str
    is_doubtful: bool
    nearest: dict[str, Any] | None = None


@dataclass(frozen=True)
class Page:
    """Incidents, the newest first, and the cursor of the next page; None on the last."""

    incidents: list[Incident]
    after: str | None


def search(
    connection: sa.Connection, filters: Filters | None = None, *, after: str | None = None, limit: int = 100
) -> Page:
    """One page of incidents by ``occurred_at``, then id, both descending.

    Parameters
    ----------
    after
        The cursor of the page before; what has been stored in between appears in its place or not at all.
    limit
        1 to :data:`LIMIT`; above, clamped.

    Raises
    ------
    Refused
        For a cursor that is none, a limit below 1 or a box upside down.
    Unknown
        When ``area_code`` is not of the edition in force.
    """
    if limit < 1:
        raise Refused(f"limit {limit} asks for nothing; 1 to {LIMIT} are possible")
    limit = min(limit, LIMIT)
    edition = areas.current(connection)
    those, conditions = asked_for(connection, filters or Filters(), edition)
    if after is not None:
        conditions.append(sa.tuple_(those.c.occurred_at, those.c.id) < sa.tuple_(*_read_cursor(after)))
    newest = (those.c.occurred_at.desc(), those.c.id.desc())
    found = _fetch(connection, asked_of(those).where(*conditions).order_by(*newest).limit(limit + 1), edition)
    more = len(found) > limit
    return Page(found[:limit], _cursor(found[limit - 1]) if more else None)


def one(connection: sa.Connection, number: int, occurred_at: datetime) -> Incident:
    """The incident with this id. Raises Unknown when there is none."""
    those = today(connection, incidents.c.id == number, incidents.c.occurred_at == occurred_at)
    key = sa.and_(those.c.id == number, those.c.occurred_at == occurred_at)
    found = _fetch(connection, asked_of(those).where(key), areas.current(connection))
    if not found:
        raise Unknown(f"no incident {number} at {occurred_at.isoformat()}")
    return found[0]


def asked_for(
    connection: sa.Connection, filters: Filters, edition: Edition
) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
    """Incidents as they answer today, and what ``filters`` ask of them. Raises as :func:`search` does."""
    wherever = replace(filters, area_code=None, unassigned=None)
    those = today(connection, *_conditions(connection, wherever, edition, incidents))
    return those, _conditions(connection, filters, edition, those)


def _conditions(
    connection: sa.Connection, filters: Filters, edition: Edition, those: sa.FromClause
) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if filters.bbox is not None:
        wanted += _in_box(filters.bbox, those)
    if filters.area_code is not None:
        wanted.append(_in_area(connection, filters.area_code, edition, those))
    if filters.since is not None:
        wanted.append(those.c.occurred_at >= filters.since)
    if filters.until is not None:
        wanted.append(those.c.occurred_at < filters.until)
    if filters.category is not None:
        wanted.append(those.c.category == filters.category)
    if filters.unassigned is not None:
        wanted.append(those.c.grid_now.is_(None) == filters.unassigned)
    return wanted


def _in_box(bbox: tuple[float, float, float, float], those: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    west, south, east, north = bbox
    if not (np.isfinite(bbox).all() and west <= east and south <= north):
        raise Refused(f"bbox {bbox} is no box; it reads west,south,east,north in degrees, as 117.0,36.5,117.2,36.7")
    # && finds by the index and rounds outwards to float32; the coordinates decide, also for a box without width
    return [
        those.c.geom.op("&&")(gis.ST_MakeEnvelope(west, south, east, north, 4326)),
        gis.ST_X(those.c.geom).between(west, east),
        gis.ST_Y(those.c.geom).between(south, north),
    ]


def _in_area(connection: sa.Connection, code: str, edition: Edition, those: sa.FromClause) -> sa.ColumnElement[bool]:
    place = areas.place(connection, code, edition)
    lineage = open_index(connection, edition).lineage
    leaves = lineage[lineage[:, place.level] == place.id, -1].tolist()
    return those.c.grid_now == sa.any_(sa.cast(leaves, pg.ARRAY(sa.Integer)))


def asked_of(those: sa.FromClause) -> sa.Select[tuple[Any, ...]]:
    """What is asked of rows of ``incidents``, or of others like them, for :func:`told`."""
    code = {name: codes.alias(name) for name in ("grid_then", "grid_now", "community_id")}
    query = sa.select(
        *(those.c[name] for name in Incident.__dataclass_fields__ if name in those.c and name not in code),
        gis.ST_X(those.c.geom).label("lon"),
        gis.ST_Y(those.c.geom).label("lat"),
        code["grid_then"].c.code.label("grid_then"),
        code["grid_now"].c.code.label("grid"),
        those.c.edition_now.label("edition"),
        code["community_id"].c.code.label("community"),
    )
    joined = those
    for name, alias in code.items():
        joined = joined.outerjoin(alias, alias.c.id == those.c[name])
    return query.select_from(joined)


def _fetch(connection: sa.Connection, query: sa.Select[tuple[Any, ...]], edition: Edition) -> list[Incident]:
    return told(connection, connection.execute(query).mappings(), edition)


def told(connection: sa.Connection, rows: Iterable[sa.RowMapping], edition: Edition) -> list[Incident]:
    """Incidents of rows as of :func:`asked_of`, those outside the city with the nearest community of ``edition``."""
    found = [Incident(**{**row, "rule": Rule(row["rule"]).key}) for row in rows]
    away = [at for at, incident in enumerate(found) if incident.rule == Rule.OUTSIDE.key and incident.lon is not None]
    if away:
        for at, near in zip(away, _nearest(connection, [found[at] for at in away], edition), strict=True):
            found[at] = replace(found[at], nearest=near)
    return found


def _nearest(connection: sa.Connection, away: Sequence[Incident], edition: Edition) -> list[dict[str, Any] | None]:
    city = open_index(connection, edition)
    position, metres = city.index.nearest(
        np.array([(incident.lon, incident.lat) for incident in away], dtype=np.float64)
    )
    near: list[dict[str, Any] | None] = []
    for at, distance in zip(position.tolist(), metres.tolist(), strict=True):
        if at < 0:
            near.append(None)
            continue
        code, name = city.names[int(city.leaves.parent_ids[at])]
        near.append({"code": code, "name": name, "distance_m": round(distance, 1)})
    return near


def _cursor(incident: Incident) -> str:
    key = json.dumps([incident.occurred_at.astimezone(UTC).isoformat(), incident.id])
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime, int]:
    try:
        instant, number = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return datetime.fromisoformat(instant).astimezone(UTC), int(number)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Refused(f"after={text!r} is no cursor; take it from the page before, or leave it out") from error
