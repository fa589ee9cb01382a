"""Buildings as a file: footprints with use and counts, and the grid that holds most of each."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo.exports.targets import Columns, Progress, Target, Written, chunks, field, moved, refuse_elsewhere, tabled
from geo.files import renamed
from geo.tables import buildings, codes
from geo.writing import Rows, write

CHUNK = 5_000
_OWN = (
    ("source", pa.string(), "来源", "source"),
    ("reference", pa.string(), "编号", "id in its source"),
    ("name", pa.string(), "名称", "name"),
    ("address", pa.string(), "地址", "address of the building"),
    ("use", pa.string(), "用途", "use, by our words; empty = unknown"),
    ("use_given", pa.string(), "来源所称用途", "use as its source says it"),
    ("floors", pa.float32(), "层数", "floors"),
    ("households", pa.int32(), "户数", "households"),
    ("firms", pa.int32(), "单位数", "firms"),
    ("workers", pa.int32(), "从业人数", "workers"),
    ("area_m2", pa.float64(), "占地面积（平方米）", "ground covered in square metres"),
)


def schema_of() -> pa.Schema:
    """Columns of a building: counts, never persons."""
    return pa.schema(
        [
            *(field(*one) for one in _OWN),
            field("grid", pa.string(), "网格", "grid that holds most of it, or that it is pinned to; empty = outside"),
            field("community", pa.string(), "所属区域", "lowest area above the grid"),
            field("share", pa.float64(), "占比", "share of the footprint in the grid, 0 to 1"),
            field("straddles", pa.bool_(), "跨网格", "no grid has 90 % of it"),
            field("is_pinned", pa.bool_(), "人工指定", "whether a planner chose the grid"),
            field("edition", pa.int32(), "版次", "edition of the grid"),
            field("geometry", pa.binary(), "轮廓", "footprint"),
        ]
    )


def export(connection: sa.Connection, target: Target, progress: Progress | None = None) -> Written:
    """What was written of the buildings, in ascending order of their ids.

    Raises
    ------
    Refused
        When the CRS does not reach a building, or the file cannot be written.
    """
    refuse_elsewhere(connection, target)
    with renamed(target.path) as unfinished:
        tables = _tables(connection, target, progress)
        rows = Rows("buildings", schema_of(), tables, "geometry", "MultiPolygon", target.crs, guards_formulas=True)
        return Written(target.path, {rows.name: write(unfinished, rows)}, target.crs)


def _tables(connection: sa.Connection, target: Target, progress: Progress | None) -> Iterator[pa.Table]:
    grid, area = codes.alias("grid"), codes.alias("area")
    query = (
        sa.select(
            *(buildings.c[name] for name, *_ in _OWN),
            grid.c.code.label("grid"),
            area.c.code.label("community"),
            buildings.c.share,
            buildings.c.straddles,
            buildings.c.pinned_id.is_not(None).label("is_pinned"),
            buildings.c.edition,
            gis.ST_AsBinary(buildings.c.geom).label("shape"),
        )
        .outerjoin(grid, grid.c.id == buildings.c.grid_id)
        .outerjoin(area, area.c.id == buildings.c.community_id)
        .order_by(buildings.c.id)
    )
    total, done = connection.scalar(sa.select(sa.func.count()).select_from(buildings)), 0
    schema = schema_of()
    for rows in chunks(connection, query, CHUNK):
        columns: Columns = {n: [getattr(row, n) for row in rows] for n in schema.names if n != "geometry"}
        columns["geometry"] = moved((row.shape for row in rows), target)
        done += len(rows)
        if progress:
            progress(done, total)
        yield tabled(schema, columns)
