"""All that a preview tells: figures of grids, who moves, what is checked, and how load stands before and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.coverage import runs
from geo.plans.balances import Balance, Stability, balance, staying
from geo.plans.checks import OF_GROUND, SEVERITIES, Check, checks, inside_one_community, severity_of
from geo.plans.declared import declared
from geo.plans.effects import Effects, effects
from geo.plans.figures import GridFigures, grid_figures
from geo.plans.grounds import ground, leaves_of
from geo.plans.moving import Carried, Move, moves, totals
from geo.plans.outlooks import outlook
from geo.plans.previews import Preview
from geo.plans.spots import NONE, Spots, spots
from geo.plans.spreading import spreads
from geo.settings import settings

BY = "households"
"""What load is counted by."""


@dataclass(frozen=True)
class Consequences:
    """What publishing a plan means; ``band`` is the load a grid should have, both ends included.

    ``spots`` are the blind spots that come and go. ``effects`` are what it was made of, None where no grid changes.
    """

    grids: list[GridFigures]
    moves: list[Move]
    totals: Carried
    checks: list[Check]
    spots: Spots
    band: tuple[int, int]
    before: Balance
    after: Balance
    stability: Stability
    effects: Effects | None


def consequences(connection: sa.Connection, found: Preview) -> Consequences:
    """What a preview means; read are the touched grids, what stands on them, and the grids of their communities."""
    weighed = found.weighed
    by = settings()
    band = (by.band_least, by.band_most)
    city = areas.city(connection)
    touched = ground(connection, weighed, city.metric_epsg)
    if not touched.near:
        return _nothing(band)
    done = effects(connection, touched)
    told = declared(connection, done, found.crossings)
    seen = outlook(connection, done, told.heirs, runs.today(city))
    turned = spots(connection, done, seen)
    every = moves(done, found.crossings, told.residents)
    names = {
        code: name
        for division in (weighed.base, weighed.whole)
        for code, name in zip(division.area_codes.tolist(), division.area_names.tolist(), strict=True)
    }
    grids = grid_figures(done, told, seen, names)
    before, after = spreads(connection, done)
    moved = totals(every)
    return Consequences(
        grids=grids,
        moves=every,
        totals=moved,
        checks=checks(connection, done, turned, weighed.whole, by),
        spots=turned,
        band=band,
        before=before.balance(band),
        after=after.balance(band),
        stability=_stability(done, grids, moved),
        effects=done,
    )


def errors(connection: sa.Connection, found: Preview) -> list[Check]:
    """What is checked of a plan and found to be an error; nothing is read for what cannot be one."""
    by, weighed = settings(), found.weighed
    if {kind for kind in SEVERITIES if severity_of(kind, by) == "error"} <= OF_GROUND:
        difference = weighed.difference
        leaves = leaves_of(weighed.whole, difference.changed | difference.appeared)
        told = [inside_one_community(list(leaves.values()), weighed.whole, by)]
    else:
        told = consequences(connection, found).checks
    return [one for one in told if one.severity == "error"]


def _nothing(band: tuple[int, int]) -> Consequences:
    """What a plan means that changes no grid."""
    none = balance(np.zeros(0), np.zeros(0, dtype=object), band)
    return Consequences([], [], totals([]), [], NONE, band, none, none, Stability(None, None), None)


def _stability(done: Effects, grids: list[GridFigures], moved: Carried) -> Stability:
    held = done.known("households", done.buildings.was != "")
    ground_m2 = sum(one.before.area_m2 for one in grids if one.before)
    return Stability(
        households_share=staying(moved.households, held),
        area_share=staying(moved.area_m2, ground_m2),
    )
