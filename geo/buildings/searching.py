"""Buildings found again: by place, grid and use, page after page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.areas import Edition
from geo.assignments import open_index
from geo.buildings.uses import uses
from geo.errors import Refused, Unknown
from geo.tables import buildings, codes

LIMIT = 1_000
"""Buildings in one page at most; a larger limit is clamped."""
UNKNOWN_USE = "unknown"
_DIGITS = 8  # as stored


@dataclass(frozen=True)
class Filters:
    """What is looked for; None asks for nothing.

    Parameters
    ----------
    bbox
        West, south, east, north in degrees WGS 84: footprints that meet the box.
    area_code
        An area or grid of the edition in force: buildings that belong there.
    use
        A code of :func:`geo.buildings.uses.uses`, or ``unknown``.
    straddles, unassigned, pinned
        True: only those; False: only the others.
    """

    bbox: tuple[float, float, float, float] | None = None
    area_code: str | None = None
    use: str | None = None
    straddles: bool | None = None
    unassigned: bool | None = None
    pinned: bool | None = None


@dataclass(frozen=True)
class Building:
    """One building as it is stored; codes None where unassigned, fields None where unknown.

    ``share`` of the footprint lies in ``grid``; ``pinned`` says that a planner chose it. ``nearest`` (code, name,
    distance_m) is given outside the city. ``geometry`` is GeoJSON, degrees WGS 84.
    """

    id: int
    source: str
    reference: str
    use: str | None
    use_given: str | None
    floors: float | None
    households: int | None
    firms: int | None
    workers: int | None
    name: str | None
    address: str | None
    area_m2: float
    grid: str | None
    edition: int
    community: str | None
    share: float
    straddles: bool
    pinned: bool
    geometry: dict[str, Any]
    nearest: dict[str, Any] | None = None


@dataclass(frozen=True)
class Page:
    """Buildings by ascending id, and the id after which the next page begins; None on the last."""

    buildings: list[Building]
    after: int | None


def search(connection: sa.Connection, filters: Filters | None = None, *, after: int = 0, limit: int = 100) -> Page:
    """One page of buildings by ascending id.

    Parameters
    ----------
    after
        What the page before ended with; what has been stored in between appears in its place.
    limit
        1 to :data:`LIMIT`; above, clamped.

    Raises
    ------
    Refused
        For a limit below 1, a box upside down, or a use there is none of.
    Unknown
        When ``area_code`` is not of the edition in force.
    """
    if limit < 1:
        raise Refused(f"limit {limit} asks for nothing; 1 to {LIMIT} are possible")
    limit = min(limit, LIMIT)
    edition = areas.current(connection)
    wanted = [*conditions_of(connection, filters or Filters(), edition), buildings.c.id > after]
    found = _fetch(connection, _query().where(*wanted).order_by(buildings.c.id).limit(limit + 1), edition)
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def one(connection: sa.Connection, number: int) -> Building:
    """The building with this id. Raises Unknown when there is none."""
    found = _fetch(connection, _query().where(buildings.c.id == number), areas.current(connection))
    if not found:
        raise Unknown(f"no building {number}; ids are told by /v1/buildings")
    return found[0]


def conditions_of(connection: sa.Connection, filters: Filters, edition: Edition) -> list[sa.ColumnElement[bool]]:
    """What ``filters`` ask of a row of ``buildings``. Raises Refused and Unknown as :func:`search` does."""
    wanted: list[sa.ColumnElement[bool]] = []
    if filters.bbox is not None:
        wanted.append(_in_box(filters.bbox))
    if filters.area_code is not None:
        wanted.append(_in_area(connection, filters.area_code, edition))
    if filters.use is not None:
        wanted.append(_of_use(filters.use))
    for told, column in (
        (filters.straddles, buildings.c.straddles),
        (filters.unassigned, buildings.c.grid_id.is_(None)),
        (filters.pinned, buildings.c.pinned_id.is_not(None)),
    ):
        if told is not None:
            wanted.append(column if told else sa.not_(column))
    return wanted


def _in_box(bbox: tuple[float, float, float, float]) -> sa.ColumnElement[bool]:
    west, south, east, north = bbox
    if not (np.isfinite(bbox).all() and west <= east and south <= north):
        raise Refused(f"bbox {bbox} is no box; it reads west,south,east,north in degrees, as 117.0,36.5,117.2,36.7")
    box = gis.ST_MakeEnvelope(west, south, east, north, 4326)
    return sa.and_(buildings.c.geom.op("&&")(box), gis.ST_Intersects(buildings.c.geom, box))


def _in_area(connection: sa.Connection, code: str, edition: Edition) -> sa.ColumnElement[bool]:
    place = areas.place(connection, code, edition)
    lineage = open_index(connection, edition).lineage
    leaves = lineage[lineage[:, place.level] == place.id, -1].tolist()
    return buildings.c.grid_id == sa.any_(sa.cast(leaves, pg.ARRAY(sa.Integer)))


def _of_use(use: str) -> sa.ColumnElement[bool]:
    if use == UNKNOWN_USE:
        return buildings.c.use.is_(None)
    if use not in uses():
        raise Refused(f"use {use!r} is in no list; there are: {', '.join(uses())}, and {UNKNOWN_USE}")
    return buildings.c.use == use


def _query() -> sa.Select[tuple[Any, ...]]:
    grid, community = codes.alias("grid"), codes.alias("community")
    plain = [buildings.c[name] for name in Building.__dataclass_fields__ if name in buildings.c]
    return (
        sa.select(
            *plain,
            grid.c.code.label("grid"),
            community.c.code.label("community"),
            buildings.c.pinned_id.is_not(None).label("pinned"),
            gis.ST_AsGeoJSON(buildings.c.geom, _DIGITS).label("geometry"),
        )
        .select_from(buildings)
        .outerjoin(grid, grid.c.id == buildings.c.grid_id)
        .outerjoin(community, community.c.id == buildings.c.community_id)
    )


def _fetch(connection: sa.Connection, query: sa.Select[tuple[Any, ...]], edition: Edition) -> list[Building]:
    rows = connection.execute(query).mappings()
    found = [Building(**{**row, "geometry": json.loads(row["geometry"])}) for row in rows]
    away = [at for at, building in enumerate(found) if building.grid is None]
    for at, near in zip(away, _nearest(connection, [found[at] for at in away], edition), strict=True):
        found[at] = replace(found[at], nearest=near)
    return found


def _nearest(connection: sa.Connection, away: Sequence[Building], edition: Edition) -> list[dict[str, Any] | None]:
    if not away:
        return []
    city = open_index(connection, edition)
    places = np.array([building.geometry["coordinates"][0][0][0] for building in away], dtype=np.float64)
    near: list[dict[str, Any] | None] = []
    for at, distance in zip(*(column.tolist() for column in city.index.nearest(places)), strict=True):
        code, name = city.names[int(city.leaves.parent_ids[at])] if at >= 0 else ("", "")
        near.append({"code": code, "name": name, "distance_m": round(distance, 1)} if at >= 0 else None)
    return near
