"""A division of boxes over any ground of the world, for real files whose own division is not at hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import shapely
import sqlalchemy as sa

from geo import editions
from geo.actors import Actor
from geo.areas import City, Level
from geo.codes import Scheme
from geo.crs import metric_epsg, snap
from geo.editions import Request
from geo.space.division import AreaLayer, NamedGrids, divide

LEVELS = (Level("city", "市", "City"), Level("community", "社区", "Community"), Level("grid", "网格", "Grid"))
LENGTHS = (2, 4, 7)
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
Bounds = tuple[float, float, float, float]


def publish_boxes(connection: sa.Connection, bounds: Bounds, across: int, zone: str) -> None:
    """``across`` times ``across`` grids over ``bounds`` (degrees); each column is a community."""
    west, south, east, north = bounds
    x, y = (snap(np.linspace(low, high, across + 1)) for low, high in ((west, east), (south, north)))
    columns = [f"99{column + 1:02d}" for column in range(across)]
    boxes = np.array(
        [shapely.box(x[c], y[r], x[c + 1], y[r + 1]) for c in range(across) for r in range(across)], dtype=object
    )
    codes = [f"{column}{row + 1:03d}" for column in columns for row in range(across)]
    parents = [code[:4] for code in codes]
    named = NamedGrids(
        *(np.array(one, dtype=np.str_) for one in (codes, codes, ["comprehensive"] * len(codes), parents)), boxes
    )
    layers = [_layer(0, ["99"], [""]), _layer(1, columns, ["99"] * across)]
    division, found = divide(named, layers, shapely.union_all(boxes), Scheme(LENGTHS))
    assert not found, found
    centre = metric_epsg((west + east) / 2, (south + north) / 2)
    city = City("99", "方格市", "Boxes", LEVELS, LENGTHS, zone, centre)
    assert editions.found(connection, division, city, Request(Actor("tests"), "方格", {}, SINCE))


def _layer(level: int, codes: list[str], parents: list[str]) -> AreaLayer:
    names, above = (np.array(one, dtype=np.str_) for one in (codes, parents))
    return AreaLayer(level, names, names, above, None)
