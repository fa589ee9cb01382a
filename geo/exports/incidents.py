"""Incidents as a file: what, when, where, and the grids that answered and answer; no address, no person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import areas
from geo.assignments import Rule
from geo.exports.targets import Columns, Progress, Target, Written, chunks, field, points, refuse_elsewhere, tabled
from geo.files import renamed
from geo.laggards import today
from geo.tables import codes, incidents
from geo.writing import Rows, write

CHUNK = 20_000
Between = tuple[datetime | None, datetime | None]
"""From the first instant to before the second; None is open."""


def schema_of(zone: str) -> pa.Schema:
    """Columns of an incident; no address and no position as it came: see docs/export.md."""
    time = pa.timestamp("us", zone)
    return pa.schema(
        [
            field("source", pa.string(), "来源", "source"),
            field("reference", pa.string(), "工单编号", "reference in its source", "reference"),
            field("category", pa.string(), "类别", "category"),
            field("urgency", pa.int16(), "紧急（1）", "0 ordinary, 1 urgent"),
            field("status", pa.string(), "状态", "status"),
            field("occurred_at", time, "发生时间", "when it happened", "occurred"),
            field("reported_at", time, "上报时间", "when it was reported", "reported"),
            field("accuracy_m", pa.float32(), "定位精度（米）", "accuracy of the position in metres"),
            field("grid_then", pa.string(), "发生时网格", "grid in force when it happened", "grid_then"),
            field("edition_then", pa.int32(), "发生时版次", "its edition", "ed_then"),
            field("is_before_first_edition", pa.bool_(), "早于首版", "before the first edition", "bef_first"),
            field("grid", pa.string(), "现网格", "grid that answers today"),
            field("community", pa.string(), "现所属区域", "lowest area that answers today"),
            field("edition", pa.int32(), "现版次", "its edition"),
            field("border_m", pa.float32(), "距边界（米）", "metres to the nearest border"),
            field("rule", pa.string(), "落格规则", "what decided: inside, border, fallback, outside, no_position"),
            field("is_doubtful", pa.bool_(), "存疑", "whether it may lie in another grid", "doubtful"),
            field("geometry", pa.binary(), "位置", "position"),
        ]
    )


def export(
    connection: sa.Connection,
    between: Between,
    target: Target,
    progress: Progress | None = None,
) -> Written:
    """What was written of the incidents that occurred from the first instant to before the second; None is open.

    Raises
    ------
    Refused
        When the CRS does not reach a position, or the file cannot be written.
    """
    city = areas.city(connection)
    refuse_elsewhere(connection, target)
    schema = schema_of(city.time_zone)
    tables = _incidents(connection, between, target, schema, progress)
    with renamed(target.path) as unfinished:
        rows = Rows("incidents", schema, tables, "geometry", "Point", target.crs, guards_formulas=True)
        return Written(target.path, {rows.name: write(unfinished, rows)}, target.crs)


def _incidents(
    connection: sa.Connection,
    between: Between,
    target: Target,
    schema: pa.Schema,
    progress: Progress | None,
) -> Iterator[pa.Table]:
    query = _asked(between, today(connection))
    total = connection.scalar(sa.select(sa.func.count()).select_from(_within(between)))
    keys, done = {int(rule): rule.key for rule in Rule}, 0
    for rows in chunks(connection, query, CHUNK):
        columns: Columns = {
            name: [getattr(row, name) for row in rows] for name in schema.names if name not in ("geometry", "rule")
        }
        columns["rule"] = [keys[row.rule] for row in rows]
        columns["geometry"] = points([(row.x, row.y) for row in rows], target)
        done += len(rows)
        if progress:
            progress(done, total)
        yield tabled(schema, columns)


def _within(between: Between) -> sa.Subquery:
    since, until = between
    query = sa.select(incidents.c.id)
    if since is not None:
        query = query.where(incidents.c.occurred_at >= since)
    if until is not None:
        query = query.where(incidents.c.occurred_at < until)
    return query.subquery()


def _asked(between: Between, those: sa.FromClause) -> sa.Select[Any]:
    then, now, area = (codes.alias(name) for name in ("then", "now", "area"))
    plain = ("source", "reference", "category", "urgency", "status", "occurred_at", "reported_at", "accuracy_m")
    own = (*plain, "edition_then", "is_before_first_edition", "border_m", "rule", "is_doubtful")
    query = (
        sa.select(
            *(those.c[name] for name in own),
            then.c.code.label("grid_then"),
            now.c.code.label("grid"),
            area.c.code.label("community"),
            those.c.edition_now.label("edition"),
            gis.ST_X(those.c.geom).label("x"),
            gis.ST_Y(those.c.geom).label("y"),
        )
        .outerjoin(then, then.c.id == those.c.grid_then)
        .outerjoin(now, now.c.id == those.c.grid_now)
        .outerjoin(area, area.c.id == those.c.community_id)
        .order_by(those.c.occurred_at, those.c.id)
    )
    since, until = between
    if since is not None:
        query = query.where(those.c.occurred_at >= since)
    return query if until is None else query.where(those.c.occurred_at < until)
