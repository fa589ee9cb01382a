"""Examples of every operation, taken from the city in force so that they can be tried as they stand."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa

from geo import areas
from geo.areas import Edition, Place
from geo.buildings import searching, tiles
from geo.buildings.searching import Filters
from geo.coverage import followups, runs
from geo.entities import ENTITIES
from geo.entities import searching as entities
from geo.entities import tiles as entity_tiles

Examples = dict[str, dict[str, Any]]


def of_city(connection: sa.Connection) -> Examples:
    """For each operation, as ``GET /v1/city``, its parameters by name, and its body under ``body``.

    Raises
    ------
    Unknown
        When no city has been published.
    """
    city, edition = areas.city(connection), areas.current(connection)
    lowest = city.grid_level - 1
    grid = next((one for one in areas.on_level(connection, city.grid_level, edition) if one.kind != "fallback"), None)
    # a city may be all fallback ground: then its first area stands for the grid's
    above = areas.chain(connection, grid.code, edition)[:-1] if grid else areas.on_level(connection, 0, edition)
    area, top = above[-1], above[0]
    lon, lat = (grid or area).label
    at = edition.effective_at.isoformat()
    found: Examples = {
        "GET /v1/city": {"at": at},
        "GET /v1/editions": {"at": at},
        "GET /v1/editions/{number}": {"number": edition.number},
        "GET /v1/areas": {"level": city.levels[lowest].key, "parent": top.code, "limit": 20},
        "GET /v1/areas/{code}": {"code": area.code, "geometry": "true"},
        "GET /v1/locate": {"lon": lon, "lat": lat, "datum": "wgs84", "accuracy_m": 20},
        "GET /v1/responsibility": {"lon": lon, "lat": lat},
        "POST /v1/locate": {"body": {"points": [[lon, lat], list(area.label)], "datum": "wgs84", "at": at}},
        "GET /v1/incidents": {"bbox": ",".join(f"{side:.6f}" for side in top.bounds), "area": area.code, "limit": 20},
        "GET /v1/incident-counts": {"borders": "then"},
        "POST /v1/incidents": {"Idempotency-Key": "0b8b3c1e-example", "body": _report(lon, lat, at)},
        "GET /v1/buildings": {"area": area.code, "use": "residential", "limit": 20},
        "GET /tiles/{edition}/{layer}/{z}/{x}/{y}.mvt": {"edition": edition.number, "layer": "areas", **_tile(top)},
        "GET /v1/export/edition.{ending}": {"ending": "gpkg", "edition": edition.number, "crs": "EPSG:4490"},
        "GET /v1/export/incidents.{ending}": {"ending": "csv", "until": at},
        "GET /v1/export/buildings.{ending}": {"ending": "parquet", "crs": "auto-metric"},
        "GET /v1/values/{indicator}": {"indicator": "grid-coverage", "level": city.levels[lowest].key},
        "GET /v1/staffing": {"within": area.code},
        "GET /v1/plans": {"state": "draft"},
        "GET /v1/plans/compare": {"ids": "0,1"},
        "POST /v1/plans": {"Idempotency-Key": "3d5e9a10-example", "body": {"name": "调整网格", "scope": area.code}},
        "POST /v1/plans/{id}/changes": {"body": {"kind": "rename", "code": area.code, "name": area.name}},
        "GET /v1/editions/{since}/diff/{until}": {"since": max(1, edition.number - 1), "until": edition.number},
        "GET /v1/changes": {"since": max(1, edition.number - 1)},
        "POST /v1/plans/{id}/proposals": {"body": {"band": [300, 500], "seed": 1}},
        "GET /v1/differences": {"from": "e1", "to": f"e{edition.number}"},
        "GET /v1/crosswalks": {"from": max(1, edition.number - 1), "to": edition.number},
    }
    found |= _of_building(connection)
    found |= _of_entities(connection, area.code)
    found |= _of_coverage(connection, area.code, edition)
    if grid:
        found["GET /v1/grids/{code}"] = {"code": grid.code, "geometry": "true"}
    return found


def _of_building(connection: sa.Connection) -> Examples:
    """Of a building that has a grid; a city without buildings has no examples of one."""
    chosen = searching.search(connection, Filters(unassigned=False), limit=1).buildings
    (x, y), zoom = chosen[0].geometry["coordinates"][0][0][0] if chosen else (0.0, 0.0), tiles.ALL_FROM
    at = {"z": zoom, "x": int((x + 180) / 360 * 2**zoom), "y": _row(y, zoom)}
    run = runs.last(connection)
    found: Examples = {
        "GET /tiles/buildings/{revision}/{z}/{x}/{y}.mvt": {"revision": tiles.revision(connection), **at},
        "GET /tiles/blind-spots/{run}/{z}/{x}/{y}.mvt": {"run": run.number if run else 1, **at},
        "GET /tiles/blind-spots/at/{instant}/{z}/{x}/{y}.mvt": {"instant": "2999-01-01", **at},
    }
    if chosen:
        number = {"id": chosen[0].id}
        found |= {f"{method} /v1/buildings/{{id}}{path}": number for method, path in (("GET", ""), ("DELETE", "/pin"))}
        found["PUT /v1/buildings/{id}/pin"] = number | {"body": {"grid": chosen[0].grid}}
    return found


def _of_entities(connection: sa.Connection, area: str) -> Examples:
    """Of every entity its list, and of those with rows one of them and a tile."""
    found: Examples = {}
    for entity in ENTITIES.values():
        found[f"GET /v1/{entity.slug}"] = {"area": area, "limit": 20}
        if rows := entities.search(connection, entity, limit=1).rows:
            found[f"GET /v1/{entity.slug}/{{id}}"] = {"id": rows[0].id}
    found["GET /v1/business-districts/{id}/grids"] = found.get("GET /v1/business-districts/{id}", {})
    units = entity_tiles.revision(connection, ENTITIES["units"])
    tile = {"slug": "units", "revision": units, "z": 0, "x": 0, "y": 0}
    found["GET /tiles/entities/{slug}/{revision}/{z}/{x}/{y}.mvt"] = tile
    return found


def _of_coverage(connection: sa.Connection, code: str, edition: Edition) -> Examples:
    """Of ground without a grid, where there is some: that can be looked at and decided of in every city."""
    leaves = areas.on_level(connection, areas.city(connection).grid_level, edition)
    bare = next((leaf for leaf in leaves if leaf.kind == "fallback" and leaf.area_m2 > 0), leaves[0])
    about = {"spot": f"grid/{bare.code}", "code": "G1", "decision": "accepted", "proposal": "draw_grid"}
    follow_ups, _ = followups.search(connection, limit=1)
    number = {"id": follow_ups[0].id if follow_ups else 1}
    return {
        "GET /v1/blind-spots": {"by": "building", "within": code, "code": "P1,P2", "limit": 20},
        "GET /v1/coverage": {"level": "grid", "within": code, "indicator": "organisational-coverage,staffing"},
        "GET /v1/blind-spots/trend": {"within": code, "per": "day"},
        "GET /v1/blind-spots/{kind}/{id}": {"kind": "grid", "id": bare.code},
        "GET /v1/follow-ups": {"state": "open,in_progress", "limit": 20},
        "GET /v1/follow-ups/{id}": number,
        "POST /v1/follow-ups": {"Idempotency-Key": "7c1f0a52-example", "body": about},
        "PATCH /v1/follow-ups/{id}": number | {"body": {"state": "in_progress"}},
    }


def _row(lat: float, zoom: int) -> int:
    """Row of the Web Mercator tile at a latitude."""
    return int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom)


def _report(lon: float, lat: float, at: str) -> dict[str, Any]:
    return {
        "source": "example",
        "occurred_at": at,
        "lon": lon,
        "lat": lat,
        "accuracy_m": 10,
        "category": "street_lighting",
        "address": "路灯不亮",
    }


def _tile(top: Place) -> dict[str, int]:
    """The one tile of zoom 0, which holds every city."""
    assert top.level == 0
    return {"z": 0, "x": 0, "y": 0}


def fill(document: dict[str, Any], examples: Examples) -> None:
    """Write ``examples`` into an OpenAPI document, where there is a place for them."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            known = examples.get(f"{method.upper()} {path}", {})
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in known:
                    parameter["example"] = known[parameter["name"]]
            if "body" in known:
                operation["requestBody"]["content"]["application/json"]["example"] = known["body"]
