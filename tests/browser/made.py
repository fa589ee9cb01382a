"""The made city of ``data/boundaries`` in a database, with its base map and a year of incidents."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, editions, tables
from geo.actors import Actor
from geo.areas import City, Level
from geo.arrays import Codes, Shapes
from geo.assignments import open_index
from geo.codes import Scheme
from geo.crs import metric_epsg
from geo.demo import incidents, towns
from geo.demo.plans import Order
from geo.editions import Request
from geo.space.division import AreaLayer, NamedGrids, divide

FOLDER = Path(__file__).parent.parent.parent / "data/boundaries"
LENGTHS = (4, 6, 9, 12, 15)
LEVELS = (
    Level("city", "市", "City"),
    Level("district", "区", "District"),
    Level("subdistrict", "街道", "Subdistrict"),
    Level("community", "社区", "Community"),
    Level("grid", "网格", "Grid"),
)
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


class Layer:
    """One boundary file, in columns."""

    def __init__(self, name: str) -> None:
        self.features = json.loads((FOLDER / f"{name}.geojson").read_text())["features"]

    def column(self, name: str, default: str = "") -> Codes:
        return np.array([one["properties"].get(name, default) for one in self.features], dtype=np.str_)

    @property
    def shapes(self) -> Shapes:
        shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in self.features]
        return np.array(shapes, dtype=np.object_)


def publish_made_city(engine: sa.Engine) -> None:
    """Publish the made city, draw its base map, and let a year of incidents happen in it."""
    outline = Layer("outline").shapes[0]
    grids = Layer("grids")
    named = NamedGrids(*(grids.column(name) for name in ("code", "name", "kind", "parent")), grids.shapes)
    top = AreaLayer(0, np.array(["9901"]), np.array(["云泽市"]), np.array([""]), None)
    layers = [top]
    for level, name in enumerate(("districts", "subdistricts", "communities"), 1):
        found = Layer(name)
        layers.append(
            AreaLayer(level, found.column("code"), found.column("name"), found.column("parent", "9901"), found.shapes)
        )
    division, faults = divide(named, layers, outline, Scheme(LENGTHS))
    assert not faults
    zone = metric_epsg(*outline.centroid.coords[0])
    city = City("9901", "云泽市", "Yunze", LEVELS, LENGTHS, "Asia/Shanghai", zone)
    request = Request(actor=Actor("演示"), summary="首次划分", origin={"kind": "plan"}, effective_at=BEGIN)
    with engine.begin() as connection:
        assert editions.publish(connection, division, city, request)
    made = towns.make(Order())
    with engine.begin() as connection:
        base = made.base
        connection.execute(sa.insert(tables.lines), [
            {"kind": kind, "class_": rank, "name": name or None, "geom": f"SRID=4326;{shape.wkt}"}
            for kind, rank, name, shape in zip(base.kinds, base.classes, base.names, base.shapes, strict=True)
        ])  # fmt: skip
        for number, some in enumerate(incidents.happen(made.ground, Order())):
            connection.execute(sa.insert(tables.incidents), _rows(connection, number, some))


def _rows(connection: sa.Connection, number: int, some: incidents.Incidents) -> list[dict[str, Any]]:
    index = open_index(connection, areas.current(connection))
    grids = index.ids(index.index.locate(some.lonlat)).tolist()
    whole = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        {
            "source": "12345",
            "reference": f"{number}-{row}",
            "category": "other",
            "occurred_at": (moment := whole + timedelta(seconds=at_s)),
            "reported_at": moment,
            "geom": f"SRID=4326;POINT({lon} {lat})",
            "datum": "wgs84",
            "grid_then": grid or None,
            "grid_now": grid or None,
            "edition_then": 1,
            "edition_now": 1,
            "rule": 1,
        }
        for row, ((lon, lat), grid, at_s) in enumerate(
            zip(some.lonlat.tolist(), grids, some.at_s.tolist(), strict=True)
        )
    ]
