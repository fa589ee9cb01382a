"""Posts of grids and areas: how many there are and how many are filled, by line and by full or part time."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from geo.arrays import Floats
from geo.coverage.rollups import Tally
from geo.coverage.tallies.asking import Asked, Columns, days_of, stored
from geo.entities import ENTITIES
from geo.entities.lists import lists
from geo.fetching import day, fetch, figure, whole, word
from geo.forecasts import rows_of
from geo.tables import grids

_SLOTS = ENTITIES["staff_slots"]
LINES = tuple(lists()["staff_lines"])
TIMES = tuple(lists()["staff_times"])
_GROUP = ("place_id", "line", "time")


def posts(asked: Asked) -> Tally:
    """Posts by the newest row of each place, line and time; named grids, and those of which no post is on record."""
    table = _SLOTS.table.c
    columns = {
        "line": word(table.line, LINES),
        "time": word(table.time, TIMES),
        "slots": figure(sa.func.coalesce(table.slots, 0)),
        "filled": figure(sa.func.coalesce(table.filled, 0)),
        "as_of": day(table.as_of),
    }
    told = asked.rows(_SLOTS, columns, newest=_GROUP)
    named = _named(asked)
    n = len(named)
    silent = ~np.isin(named, told["node"])
    counted = {name: np.concatenate([values, np.zeros(n)]) for name, values in _columns(told).items()}
    nothing = np.zeros(len(told["node"]))
    counted["grids_named"] = np.concatenate([nothing, np.ones(n)])
    counted["grids_unrecorded"] = np.concatenate([nothing, silent.astype(np.float64)])
    since, until = days_of(told["as_of"])
    last, sources = stored(asked.connection, _SLOTS)
    return Tally(np.concatenate([told["node"], named]), counted, since, until or last, sources)


def _columns(told: Columns) -> dict[str, Floats]:
    """``slots`` and ``filled`` of all posts, of each line, of full and part time, and of each line by time."""
    columns: dict[str, Floats] = {}
    for name in ("slots", "filled"):
        number: Any = told[name]
        columns[name] = number
        for time in TIMES:
            columns[f"{name}.{time}"] = np.where(told["time"] == time, number, 0.0)
        for line in LINES:
            of_line = np.where(told["line"] == line, number, 0.0)
            columns[f"{name}.{line}"] = of_line
            for time in TIMES:
                columns[f"{name}.{line}.{time}"] = np.where(told["time"] == time, of_line, 0.0)
    return columns


def _named(asked: Asked) -> Any:
    leaf = rows_of(grids, asked.edition.number, asked.edition.forecast).c
    query = sa.select(leaf.id.table).where(leaf.kind != "fallback").order_by(leaf.id)
    return fetch(asked.connection, {"id": whole(leaf.id)}, query)["id"]
