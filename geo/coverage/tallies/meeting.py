"""What people do together: report-ins against demand, pairings, deliberations."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo.arrays import Bools
from geo.coverage.rollups import Tally
from geo.coverage.tallies.asking import Asked, days_of, stored
from geo.entities import ENTITIES
from geo.fetching import day, figure, flag

_REPORTS = ENTITIES["report_ins"]
_PAIRINGS = ENTITIES["pairings"]
_DELIBERATIONS = ENTITIES["deliberations"]


def report_ins(asked: Asked) -> Tally:
    """Members reported in, what was demanded and how much of it was met; communities, and those that told nothing.

    Demand that is met is counted only where both are known, members only where the demand is.
    """
    table = _REPORTS.table.c
    columns = {name: figure(table[name]) for name in ("members", "demanded", "met")} | {"as_of": day(table.as_of)}
    told = asked.rows(_REPORTS, columns, newest=("place_id",))
    demanded, met, members = told["demanded"], told["met"], told["members"]
    both = ~np.isnan(demanded) & ~np.isnan(met)
    with_members = ~np.isnan(demanded) & ~np.isnan(members)
    communities = asked.tree.ids[_is_lowest_area(asked)]
    silent = ~np.isin(communities, told["node"][~np.isnan(demanded)])
    n, none = len(communities), np.zeros(len(demanded))
    columns_of = {
        "demanded": np.where(both, np.nan_to_num(demanded), 0.0),
        "met": np.where(both, np.minimum(np.nan_to_num(met), np.nan_to_num(demanded)), 0.0),
        "members": np.where(with_members, np.nan_to_num(members), 0.0),
        "members_demanded": np.where(with_members, np.nan_to_num(demanded), 0.0),
    }
    counted = {name: np.concatenate([values, np.zeros(n)]) for name, values in columns_of.items()}
    counted["communities"] = np.concatenate([none, np.ones(n)])
    counted["unreported"] = np.concatenate([none, silent.astype(np.float64)])
    since, until = days_of(told["as_of"])
    _, sources = stored(asked.connection, _REPORTS)
    return Tally(np.concatenate([told["node"], communities]), counted, since, until, sources)


def _is_lowest_area(asked: Asked) -> Bools:
    """Which places of the tree are of the level above the grids."""
    above = asked.tree.above
    return np.asarray((above[:, -1] == 0) & (above[:, -2] > 0))


def pairings(asked: Asked) -> Tally:
    """Pairings under way on the day, each where it is told of."""
    table, today = _PAIRINGS.table.c, asked.now.date()
    going = sa.and_(
        sa.or_(table.since.is_(None), table.since <= today), sa.or_(table.until.is_(None), table.until > today)
    )
    told = asked.rows(_PAIRINGS, {}, going)
    until, sources = stored(asked.connection, _PAIRINGS)
    return Tally(told["node"], {"pairings": np.ones(len(told["node"]))}, "", until, sources)


def deliberations(asked: Asked) -> Tally:
    """Deliberations by the newest row of each building, estate or place, those resolved, and those of estates."""
    table = _DELIBERATIONS.table.c
    columns = {
        "held": figure(sa.func.coalesce(table.held, 0)),
        "resolved": figure(table.resolved),
        "in_estate": flag(sa.and_(table.estate_id.is_not(None), table.building_id.is_(None)), missing=False),
        "as_of": day(table.as_of),
    }
    told = asked.rows(_DELIBERATIONS, columns, newest=("building_id", "estate_id", "place_id"))
    held, known = told["held"], ~np.isnan(told["resolved"])
    since, until = days_of(told["as_of"])
    _, sources = stored(asked.connection, _DELIBERATIONS)
    counted = {
        "held": held,
        "held_known": np.where(known, held, 0.0),
        "held_unknown": np.where(known, 0.0, held),
        "resolved": np.where(known, np.minimum(np.nan_to_num(told["resolved"]), held), 0.0),
        "held_in_estates": np.where(told["in_estate"], held, 0.0),
    }
    return Tally(told["node"], counted, since, until, sources)
