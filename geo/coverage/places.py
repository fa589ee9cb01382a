"""The ground of what blind spots are about, as GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo.areas import Edition
from geo.coverage.reading import DISTRICTS
from geo.forecasts import rows_of
from geo.rows import one_of
from geo.tables import areas, buildings, grids

_DIGITS = 7


def grounds(connection: sa.Connection, kind: str, ids: Sequence[int], edition: Edition) -> dict[int, dict[str, Any]]:
    """GeoJSON, degrees WGS 84, by id; units have none, and whatever is there no more is left out.

    Parameters
    ----------
    kind
        One of the kinds of blind spots, or the key of a level.
    edition
        Whose grids and areas are meant.
    """
    if kind == "unit":
        return {}
    table: Any = {"building": buildings, "business-district": DISTRICTS, "grid": grids}.get(kind, areas)
    if table in (grids, areas):
        table = rows_of(table, edition.number, edition.forecast)
    query = sa.select(table.c.id, gis.ST_AsGeoJSON(table.c.geom, _DIGITS).label("ground"))
    query = query.where(one_of(table.c.id, list(ids)))
    return {row.id: json.loads(row.ground) for row in connection.execute(query)}
