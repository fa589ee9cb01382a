"""An edition as a file: areas and grids with their codes, names, parents and ground."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import areas
from geo.areas import City, Edition
from geo.errors import Refused
from geo.exports.targets import Columns, Progress, Target, Written, chunks, field, moved, refuse_elsewhere, tabled
from geo.files import renamed
from geo.forecasts import rows_of
from geo.tables import areas as area_rows
from geo.tables import grids
from geo.writing import Rows, suffix_of, write

CHUNK = 1_000


def schema_of(city: City, level: int) -> pa.Schema:
    """Columns of a level: code, name, kind (grids), parent, the codes above, area, edition, geometry."""
    above = [
        field(f"{one.key}_code", pa.string(), f"所属{one.zh}编码", f"code of the {one.en.lower()}", f"{one.key[:8]}_c")
        for one in city.levels[: max(0, level - 1)]
    ]
    kind = (
        [field("kind", pa.string(), "类型", "comprehensive, dedicated or fallback")] if level == city.grid_level else []
    )
    return pa.schema(
        [
            field("code", pa.string(), "编码", "code"),
            field("name", pa.string(), "名称", "name"),
            *kind,
            field("parent", pa.string(), "上级编码", "code of the area above"),
            field("parent_name", pa.string(), "上级名称", "name of the area above", "parentname"),
            *above,
            field("area_m2", pa.float64(), "面积（平方米）", "geodesic area in square metres"),
            field("edition", pa.int32(), "版次", "number of the edition; none of a forecast"),
            field("geometry", pa.binary(), "几何", "ground"),
        ]
    )


def levels_of(city: City, key: str | None, path: Path) -> list[int]:
    """Numbers of the levels a file holds: the one asked for, else all of them in a GeoPackage and the grids elsewhere.

    Raises
    ------
    Unknown
        For a level there is none of.
    """
    if key is not None:
        return [city.level(key)]
    return list(range(city.grid_level + 1)) if suffix_of(path) == ".gpkg" else [city.grid_level]


def export(
    connection: sa.Connection, asked: Edition, levels: list[int], target: Target, progress: Progress | None = None
) -> Written:
    """What was written of the areas, or grids, of some levels of an edition; one layer a level.

    Every vertex is moved by itself, so borders that matched match in the file; between two vertices an edge is the
    straight one of the file's CRS.

    Parameters
    ----------
    levels
        Numbers, 0 the city; several only for a GeoPackage.

    Raises
    ------
    Refused
        When the format holds one layer only, the CRS does not reach the ground, or the file cannot be written.
    """
    city = areas.city(connection)
    if len(levels) > 1 and suffix_of(target.path) != ".gpkg":
        raise Refused(f"{target.path.name} holds one level; say --level, or write a .gpkg, which holds them all")
    refuse_elsewhere(connection, target)
    above = _above(connection, asked)
    found: dict[str, int] = {}
    with renamed(target.path) as unfinished:
        for level in levels:
            schema = schema_of(city, level)
            rows = Rows(
                city.levels[level].key,
                schema,
                _ground(connection, asked, (city, level, above), target, progress),
                "geometry",
                "MultiPolygon",
                target.crs,
                guards_formulas=True,
            )
            found[rows.name] = write(unfinished, rows)
    return Written(target.path, found, target.crs)


def _above(connection: sa.Connection, asked: Edition) -> dict[int, tuple[int, str, str, int | None]]:
    """Level, code, name and parent of every area by id."""
    of = rows_of(area_rows, asked.number, asked.forecast).c
    query = sa.select(of.id, of.level, of.code, of.name, of.parent_id)
    return {row.id: (row.level, row.code, row.name, row.parent_id) for row in connection.execute(query)}


def _ground(
    connection: sa.Connection,
    asked: Edition,
    of: tuple[City, int, dict[int, tuple[int, str, str, int | None]]],
    target: Target,
    progress: Progress | None,
) -> Iterator[pa.Table]:
    city, level, above = of
    table = grids if level == city.grid_level else area_rows
    there = rows_of(table, asked.number, asked.forecast).c
    kind = [there.kind] if table is grids else []
    shape = gis.ST_AsBinary(there.geom).label("shape")
    query = sa.select(there.code, there.name, there.parent_id, there.area_m2, shape, *kind)
    query = query.where(there.level == level).order_by(there.code.collate("C"))
    schema, done = schema_of(city, level), 0
    for rows in chunks(connection, query, CHUNK):
        chains = [_chain(row.parent_id, above) for row in rows]
        columns: Columns = {
            "code": [row.code for row in rows],
            "name": [row.name for row in rows],
            "parent": [chain[max(chain)][0] if chain else None for chain in chains],
            "parent_name": [chain[max(chain)][1] if chain else None for chain in chains],
            "area_m2": [row.area_m2 for row in rows],
            "edition": [None if asked.forecast else asked.number] * len(rows),
            "geometry": moved((row.shape for row in rows), target),
        }
        if kind:
            columns["kind"] = [row.kind for row in rows]
        for number, one in enumerate(city.levels[: max(0, level - 1)]):
            columns[f"{one.key}_code"] = [chain[number][0] if number in chain else None for chain in chains]
        done += len(rows)
        if progress:
            progress(done, None)
        yield tabled(schema, columns)


def _chain(parent: int | None, above: dict[int, tuple[int, str, str, int | None]]) -> dict[int, tuple[str, str]]:
    """Code and name of every area above, by its level."""
    found: dict[int, tuple[str, str]] = {}
    while parent is not None:
        level, code, name, parent = above[parent]
        found[level] = (code, name)
    return found
