"""Ground and the incidents on it: square metres, grids, and whether each has its branch."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo.coverage import grounds
from geo.coverage.rollups import Tally
from geo.coverage.tallies.asking import Asked, stored
from geo.entities import ENTITIES
from geo.fetching import fetch, figure, whole, word
from geo.forecasts import rows_of
from geo.incidents import counting
from geo.tables import grids, incidents

_KINDS = ("comprehensive", "dedicated", "fallback")


def ground(asked: Asked) -> Tally:
    """Square metres, and how much of them in named grids and in fallback leaves; named grids, dedicated among them."""
    there = rows_of(grids, asked.edition.number, asked.edition.forecast)
    columns = {"id": whole(there.c.id), "area_m2": figure(there.c.area_m2), "kind": word(there.c.kind, _KINDS)}
    told = fetch(asked.connection, columns, sa.select(there).order_by(there.c.id))
    is_named, area_m2 = told["kind"] != "fallback", told["area_m2"]
    forecast = asked.edition.forecast
    day = (forecast.plans[-1] if forecast and forecast.plans else asked.edition).effective_at.isoformat()
    return Tally(
        place=told["id"],
        columns={
            "area_m2": area_m2,
            "named_m2": np.where(is_named, area_m2, 0.0),
            "fallback_m2": np.where(is_named, 0.0, area_m2),
            "grids": is_named.astype(np.float64),
            "dedicated": (told["kind"] == "dedicated").astype(np.float64),
        },
        since=day,
        until=day,
    )


def branches(asked: Asked) -> Tally:
    """Named grids by whether a grid branch answers for them; unknown where neither branch nor posts are on record."""
    if asked.hour:
        leaves = grounds.leaves_to_come(asked.connection, asked.edition, asked.hour.followed)
    else:
        leaves = grounds.leaves(asked.connection, asked.edition)
    named = ~leaves.is_fallback
    known = named & ~np.isnan(leaves.branches)
    until, sources = stored(asked.connection, ENTITIES["party_organisations"])
    return Tally(
        place=leaves.id,
        columns={
            "named": named.astype(np.float64),
            "branch_known": known.astype(np.float64),
            "branch_unknown": (named & ~known).astype(np.float64),
            "with_branch": (known & (np.nan_to_num(leaves.branches) > 0)).astype(np.float64),
        },
        until=until,
        sources=sources,
    )


def happened(asked: Asked) -> Tally:
    """Incidents on the borders of the edition; those in no leaf of it stand at place 0."""
    found, number = counting.counts(asked.connection, asked.edition)
    first, last = sa.func.min(incidents.c.occurred_at), sa.func.max(incidents.c.occurred_at)
    since, until = asked.connection.execute(sa.select(first, last)).one()
    sources = asked.connection.scalars(sa.select(incidents.c.source).distinct().order_by(incidents.c.source))
    return Tally(
        place=found,
        columns={"incidents": number.astype(np.float64)},
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        sources=tuple(sources),
    )
