"""Where incidents get stuck: calls up that nobody answered, what is overdue, and what no grid may handle."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo.arrays import Bools, Floats, Ints
from geo.coverage.rollups import Tally
from geo.coverage.tallies.asking import Asked, Columns, stored
from geo.entities import ENTITIES
from geo.fetching import fetch, figure, flag, whole
from geo.incidents.ending import ENDS
from geo.laggards import today
from geo.tables import incident_keys

_STAGES = ENTITIES["incident_stages"]
_CATEGORIES = ENTITIES["incident_categories"]
_NEVER: sa.ColumnElement[Any] = sa.literal_column("'-infinity'::timestamptz")


def stages(asked: Asked) -> Tally:
    """Incidents by their last call up and their last stage: answered or not; open ones, and overdue ones.

    A call is open until an answer follows it; who calls again calls once. An incident is open until it is resolved or
    a stage says that it is final; overdue when the due time that was told last is past.
    """
    node, told = _placed(asked)
    is_open = ~told["ended"]
    dated = is_open & (told["due"] > 0)
    columns = {
        "calls": _number(told["calls"] > 0),
        "calls_answered": _number((told["calls"] > 0) & ~told["waiting"]),
        "calls_open": _number(told["waiting"]),
        "open": _number(is_open),
        "open_dated": _number(dated),
        "open_undated": _number(is_open & ~dated),
        "overdue": _number(dated & (told["due"] < asked.now.timestamp())),
    }
    until, sources = stored(asked.connection, _STAGES)
    return Tally(node, columns, "", until, sources)


def _placed(asked: Asked) -> tuple[Ints, Columns]:
    """Leaf of each incident that has stages, and what they say of it."""
    stage = _STAGES.table.c
    order = pg.aggregate_order_by(stage.due_at, stage.at.desc(), stage.id.desc())
    last = pg.array_agg(order).filter(stage.due_at.is_not(None))  # type: ignore[no-untyped-call]
    called, answered = (sa.func.max(stage.at).filter(stage.stage == name) for name in ("called", "answered"))
    each = (
        sa.select(
            stage.incident_id.label("id"),
            sa.func.count().filter(stage.stage == "called").label("calls"),
            sa.func.coalesce(called > sa.func.coalesce(answered, _NEVER), sa.false()).label("waiting"),
            sa.func.bool_or(sa.or_(stage.stage.in_(ENDS), sa.func.coalesce(stage.is_final, sa.false()))).label("ended"),
            sa.type_coerce(last, pg.ARRAY(sa.DateTime(timezone=True)))[1].label("due_at"),
        )
        .where(stage.incident_id.is_not(None))
        .group_by(stage.incident_id)
        .subquery()
    )
    those = today(asked.connection)
    at = sa.and_(those.c.id == incident_keys.c.id, those.c.occurred_at == incident_keys.c.occurred_at)
    joined = each.outerjoin(incident_keys, incident_keys.c.id == each.c.id).outerjoin(those, at)
    columns = {
        "calls": whole(each.c.calls),
        "waiting": flag(each.c.waiting, missing=False),
        "ended": flag(each.c.ended, missing=False),
        "due": figure(sa.func.extract("epoch", each.c.due_at)),
        "grid": whole(those.c.grid_now),
        "x": figure(gis.ST_X(those.c.geom)),
        "y": figure(gis.ST_Y(those.c.geom)),
    }
    told = fetch(asked.connection, columns, sa.select(each).select_from(joined).order_by(each.c.id))
    lonlat = np.column_stack([told.pop("x"), told.pop("y")])
    return asked.located(told.pop("grid"), lonlat), told


def categories(asked: Asked) -> Tally:
    """Incidents of categories the list names, those it admits only above the grid, and those it does not name.

    On the borders in force, or those to come; of a past edition, those in leaves that are gone stand elsewhere.
    """
    table = _CATEGORIES.table.c
    rows = asked.connection.execute(sa.select(table.name, table.reference, table.admitted_level)).all()
    level = {said: row.admitted_level for row in rows for said in (row.reference, row.name)}
    those = today(asked.connection).c
    counted = _counted(asked, those)
    number = np.array([row[2] for row in counted], dtype=np.float64)
    admitted = [level.get(row[1]) for row in counted]
    is_listed = np.array([one is not None for one in admitted], dtype=np.bool_)
    is_up = np.array([one is not None and one != "grid" for one in admitted], dtype=np.bool_)
    until, sources = stored(asked.connection, _CATEGORIES)
    return Tally(
        place=np.array([row[0] for row in counted], dtype=np.int64),
        columns={
            "all": number,
            "listed": np.where(is_listed, number, 0.0),
            "unlisted": np.where(is_listed, 0.0, number),
            "routed_up": np.where(is_up, number, 0.0),
        },
        until=until,
        sources=sources,
    )


def _counted(asked: Asked, those: Any) -> list[tuple[int, str | None, int]]:
    """Leaf, category and number of incidents; of a time to come those in leaves that end are located anew."""
    grid = sa.func.coalesce(those.grid_now, 0)
    query = sa.select(grid, those.category, sa.func.count()).group_by(those.grid_now, those.category)
    forecast = asked.edition.forecast
    if forecast is None:
        return [tuple(row) for row in asked.connection.execute(query)]
    ends = grid.in_([0, *forecast.grids.gone])
    stay = [tuple(row) for row in asked.connection.execute(query.where(sa.not_(ends)))]
    rows = asked.connection.execute(
        sa.select(those.category, grid, gis.ST_X(those.geom), gis.ST_Y(those.geom)).where(ends)
    ).all()
    places = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 3)
    to = asked.located(places[:, 0].astype(np.int64), places[:, 1:]).tolist()
    moved = Counter((leaf, row[0]) for leaf, row in zip(to, rows, strict=True))
    return [*stay, *((leaf, category, number) for (leaf, category), number in moved.items())]


def _number(holds: Bools) -> Floats:
    return np.asarray(holds, dtype=np.float64)
