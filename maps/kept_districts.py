"""The page of a business district as one file: its buildings with their units, rates, alliances, and both languages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import shapely
import sqlalchemy as sa

from geo import areas
from geo.buildings.uses import uses
from geo.coverage import districts as told
from geo.coverage import dossiers, runs, spots
from geo.coverage.found import Found, open_run
from geo.coverage.rulebooks import STATES
from geo.coverage.spots import Asked
from geo.entities import ENTITIES
from geo.entities.ground import BUSINESS_DISTRICTS
from geo.entities.searching import LIMIT, Filters, one, search
from geo.plain import plain_of
from maps import districts, kept_place
from maps.kept_place import Box, Shown, Surroundings, surroundings

SMALLER = "a smaller business district fits"


@dataclass(frozen=True)
class Contents:
    """What the file holds.

    Attributes
    ----------
    district
        What its door answers.
    units
        By id of a building, its units as the door of a blind spot tells them.
    points
        Service points inside, as GeoJSON features.
    """

    around: Surroundings
    district: dict[str, Any]
    units: dict[int, list[dict[str, Any]]]
    points: list[dict[str, Any]]


def gathered(connection: sa.Connection, number: int) -> Contents:
    """What the file of a business district holds, as the newest run found it.

    Raises
    ------
    Unknown
        When nothing was looked for yet, or there is no such district.
    """
    run = runs.numbered(connection)
    found = open_run(connection, run)
    row = one(connection, BUSINESS_DISTRICTS, number)
    ground = _shape(row.geometry)
    feature = {"type": "Feature", "id": row.id, "geometry": row.geometry, "properties": plain_of(row.fields)}
    around = surroundings(connection, run, found, areas.city(connection), _box(ground))
    district = feature | {"run": kept_place.run_told(around)} | plain_of(told.district(connection, found, number))
    return Contents(
        around,
        district,
        _units(connection, found, number),
        _points(connection, ground),
    )


def _units(connection: sa.Connection, found: Found, number: int) -> dict[int, list[dict[str, Any]]]:
    ranking = spots.rank(connection, found, Asked(by="building", district=number, codes=STATES))
    rows = ranking.wanted.tolist()
    return {
        building: plain_of(dossiers.units_told(connection, found, ranking.units_of(at)))
        for building, at in zip(ranking.ids[rows].tolist(), rows, strict=True)
    }


def _points(connection: sa.Connection, ground: shapely.Geometry) -> list[dict[str, Any]]:
    page = search(connection, ENTITIES["service_points"], Filters(bbox=_box(ground)), limit=LIMIT)
    return [
        {"type": "Feature", "id": row.id, "geometry": row.geometry, "properties": plain_of(row.fields)}
        for row in page.rows
        if shapely.intersects(ground, _shape(row.geometry))
    ]


def _shape(told: dict[str, Any] | None) -> shapely.Geometry:
    """GeoJSON as a shape, an empty one of nothing."""
    return shapely.from_geojson(json.dumps(told)) if told else shapely.Point()


def _box(ground: shapely.Geometry) -> Box:
    west, south, east, north = shapely.bounds(ground).tolist()
    return (west, south, east, north)


def page(contents: Contents, shown: Shown) -> str:
    """The file's HTML.

    Raises
    ------
    Refused
        When it would be larger than :data:`~maps.kept_place.LIMIT_MB`.
    Unavailable
        When the front-end files have not been copied yet.
    """
    district = contents.district
    named = {name: district["properties"][name] for name in ("name", "name_en", "kind")}
    boot = kept_place.boot(contents.around, shown) | districts.boot([{"id": district["id"], **named}], district["id"])
    boot |= {
        "buildings": {"uses": {use.code: [use.zh, use.en] for use in uses().values()}},
        "held": {"district": district, "units": contents.units, "points": contents.points},
    }
    return kept_place.written("district", districts.MODULE, boot, shown, SMALLER)
