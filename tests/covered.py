"""Rows of coverage set down in a test's city without a file, as the loader leaves them: placed, counted and marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from geo import areas, marks, revisions
from geo.assignments import assign, open_index
from geo.entities import ENTITIES
from geo.entities.entity import Lies
from geo.rows import one_of


def enter(connection: sa.Connection, key: str, *rows: dict[str, Any]) -> list[int]:
    """Ids of rows of the entity ``key``; a reference that is there already is brought up to date.

    A row has the names of the columns, and ``lonlat`` or ``ground`` (a shapely polygon) for its place.
    """
    table = ENTITIES[key].table
    found = []
    for number, row in enumerate(rows):
        told = _placed(connection, key, {"reference": f"{key} {number}", **row})
        told |= {"source": "s", "edition": areas.current(connection).number, "digest": b"-"}
        entry = sa.dialects.postgresql.insert(table).values(told)
        entry = entry.on_conflict_do_update(index_elements=["source", "reference"], set_=told).returning(table.c.id)
        found.append(connection.execute(entry).scalar_one())
    tell(connection, key, found)
    return found


def remove(connection: sa.Connection, key: str, *ids: int) -> None:
    """Nothing; afterwards these rows are gone."""
    table = ENTITIES[key].table
    connection.execute(sa.delete(table).where(one_of(table.c.id, list(ids))))
    tell(connection, key, list(ids))


def tell(connection: sa.Connection, noun: str, ids: list[int]) -> None:
    """Nothing; afterwards it is known that these rows were written."""
    marks.mark(connection, noun, ids)
    revisions.raise_(connection, noun)


def _placed(connection: sa.Connection, key: str, row: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if name not in ("lonlat", "ground")}
    if ENTITIES[key].lies is Lies.SPOT and (lonlat := row.get("lonlat")):
        index = open_index(connection, areas.current(connection))
        position = assign(index, np.array([lonlat], dtype=np.float64)).position
        told |= {
            "geom": f"SRID=4326;POINT({lonlat[0]} {lonlat[1]})",
            "grid_id": int(index.ids(position)[0]) or None,
            "community_id": int(index.lowest_areas(position)[0]) or None,
        }
    if (ground := row.get("ground")) is not None:
        told |= {
            "geom": f"SRID=4326;MULTIPOLYGON({ground.wkt.removeprefix('POLYGON ')})",
            "area_m2": ground.area * 1e10,
        }
    return told
