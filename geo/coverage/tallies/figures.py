"""Dated figures of grids, and what is counted by them: people, firms, and the service points they have."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo.arrays import Floats, Ints
from geo.coverage.rollups import Tally
from geo.coverage.tallies.asking import Asked, Columns, days_of, stored
from geo.coverage.units import Days
from geo.entities import ENTITIES
from geo.entities.figures import COUNTS, SOURCE
from geo.fetching import day, fetch, figure, whole, word
from geo.forecasts import Followed, rows_of
from geo.tables import grids

_FIGURES = ENTITIES["grid_figures"]
_POINTS = ENTITIES["service_points"]
PARTY_MASS = ("centre", "station", "point")
"""Kinds of service points that serve everybody."""


def figures(asked: Asked) -> Tally:
    """By leaf its newest figures, the ground they are of, and which figures are not known."""
    ids, area_m2, known, days = _known(asked)
    columns: dict[str, Floats] = {"leaves": (area_m2 > 0).astype(np.float64)}
    for name in COUNTS:
        there = ~np.isnan(known[name])
        columns[name] = np.nan_to_num(known[name])
        columns[f"{name}_m2"] = np.where(there, area_m2, 0.0)
        columns[f"{name}_unknown"] = (~there & (area_m2 > 0)).astype(np.float64)
    since, until = days_of(days)
    _, sources = stored(asked.connection, _FIGURES)
    if asked.followed and asked.followed.figures:
        sources = tuple(sorted({*sources, SOURCE}))
    return Tally(ids, columns, since, until, sources)


def serving(asked: Asked) -> Tally:
    """Service centres, stations and points; and those in leaves whose residents, or households, are known."""
    ids, area_m2, known, days = _known(asked)
    told = asked.rows(_POINTS, {"kind": word(_POINTS.table.c.kind, PARTY_MASS)})
    node = told["node"][told["kind"] != ""]
    nothing = np.zeros(len(node))
    columns = {
        "points": np.concatenate([np.zeros(len(ids)), np.ones(len(node))]),
        "leaves": np.concatenate([(area_m2 > 0).astype(np.float64), nothing]),
    }
    for name in ("residents", "households"):
        there = ~np.isnan(known[name])
        columns[name] = np.concatenate([np.nan_to_num(known[name]), nothing])
        columns[f"{name}_unknown"] = np.concatenate([(~there & (area_m2 > 0)).astype(np.float64), nothing])
        counted = np.isin(node, ids[there]).astype(np.float64)
        columns[f"points_{name}"] = np.concatenate([np.zeros(len(ids)), counted])
    since, until = days_of(days)
    last, sources = stored(asked.connection, _POINTS)
    return Tally(np.concatenate([ids, node]), columns, since or last, until or last, sources)


def _known(asked: Asked) -> tuple[Ints, Floats, dict[str, Floats], Days]:
    """Ids of the leaves, their square metres, their newest figures (NaN where unknown), and the days these are of.

    Of a past edition the figures that were handed in while it was in force, or before: later ones are of other ground.
    """
    there = rows_of(grids, asked.edition.number, asked.edition.forecast).c
    columns = {"id": whole(there.id), "area_m2": figure(there.area_m2)}
    leaf = fetch(asked.connection, columns, sa.select(there.id.table).order_by(there.id))
    table = _FIGURES.table.c
    rank = sa.func.row_number().over(
        partition_by=table.place_id, order_by=(table.as_of.desc(), table.edition.desc(), table.id.desc())
    )
    each = sa.select(*_FIGURES.table.c, rank.label("rank")).where(table.edition <= asked.edition.number)
    newest = each.where(table.place_id.is_not(None)).subquery()
    asked_of = {"place": whole(newest.c.place_id), "as_of": day(newest.c.as_of)}
    asked_of |= {name: figure(newest.c[name]) for name in COUNTS}
    told = fetch(asked.connection, asked_of, sa.select(newest).where(newest.c.rank == 1).order_by(newest.c.place_id))
    if asked.followed:
        told = _divided(told, asked.followed)
    mine = np.isin(told["place"], leaf["id"])
    at = np.searchsorted(leaf["id"], told["place"][mine])
    known = {}
    for name in COUNTS:
        known[name] = np.full(len(leaf["id"]), np.nan)
        known[name][at] = told[name][mine]
    return leaf["id"], leaf["area_m2"], known, told["as_of"][mine]


def _divided(told: Columns, followed: Followed) -> Columns:
    """The newest figures with those that are divided anew in the place of older ones."""
    anew = followed.figures
    days = np.array([one for one, _ in anew.values()], dtype="datetime64[D]")
    numbers = {name: [counts[name] for _, counts in anew.values()] for name in COUNTS}
    fresh: Columns = {"place": np.array([*anew], dtype=np.int64), "as_of": days}
    fresh |= {name: np.array(column, dtype=np.float64) for name, column in numbers.items()}
    kept = ~np.isin(told["place"], fresh["place"])
    both = {name: np.concatenate([column[kept], fresh[name]]) for name, column in told.items()}
    order = np.argsort(both["place"])
    return {name: column[order] for name, column in both.items()}
