"""Load over all grids of the communities a plan touches, before and after."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import rows
from geo.arrays import Codes, Floats, Shapes
from geo.crs import shapes_to_metres
from geo.plans.balances import Balance, balance
from geo.plans.effects import Effects
from geo.plans.grounds import Leaf
from geo.tables import buildings, codes, grids, in_edition

COUNTED = "comprehensive"
"""Kind of grids among which households are balanced: others are cut out for what has none."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Comprehensive grids (n,) of the communities a plan touches, ascending by code.

    ``load`` are the households of their buildings, NaN where not known; ``shapes_m`` in the city's metric CRS.
    """

    codes: Codes
    load: Floats
    shapes_m: Shapes

    def balance(self, band: tuple[int, int]) -> Balance:
        """How they stand within a band."""
        return balance(self.load, self.shapes_m, band)


def spreads(connection: sa.Connection, effects: Effects, more: Collection[str] = ()) -> tuple[Spread, Spread]:
    """The grids of the communities concerned before and after, and of ``more`` communities by their codes."""
    ground = effects.ground
    others = _others(connection, effects, more)
    stood = {code: load for code, (_, load) in others.items()}
    moved = {code: load + _gained(effects, code) for code, load in stood.items()}
    counted = {code: leaf for code, (leaf, _) in others.items()}
    return (
        _spread(effects, {**counted, **_counted(ground.before)}, stood, is_after=False),
        _spread(effects, {**counted, **_counted(ground.after)}, moved, is_after=True),
    )


def _counted(leaves: dict[str, Leaf]) -> dict[str, Leaf]:
    return {code: leaf for code, leaf in leaves.items() if leaf.kind == COUNTED}


def _others(connection: sa.Connection, effects: Effects, more: Collection[str]) -> dict[str, tuple[Leaf, float]]:
    """Comprehensive grids of the communities concerned that the plan does not touch, and their households."""
    ground = effects.ground
    parents = {leaf.parent for leaves in (ground.before, ground.after) for leaf in leaves.values()} | set(more)
    parent = codes.alias()
    query = (
        sa.select(grids.c.id, codes.c.code, grids.c.name, grids.c.kind, parent.c.code, gis.ST_AsBinary(grids.c.geom))
        .join(codes, codes.c.id == grids.c.id)
        .join(parent, parent.c.id == grids.c.parent_id)
        .where(in_edition(grids, ground.edition), grids.c.kind == COUNTED)
        .where(rows.one_of(parent.c.code, sorted(parents)), sa.not_(rows.one_of(codes.c.code, sorted(ground.before))))
    )
    found = connection.execute(query).all()
    load = _households(connection, [row[0] for row in found])
    nothing = 0.0 if effects.are_known else np.nan
    return {
        code: (Leaf(code, name, kind, above, shapely.from_wkb(bytes(shape))), load.get(id, nothing))
        for id, code, name, kind, above, shape in found
    }


def _households(connection: sa.Connection, ids: list[int]) -> dict[int, float]:
    """Households of grids that have buildings, by id; NaN where those of none are known."""
    query = sa.select(buildings.c.grid_id, sa.func.sum(buildings.c.households))
    query = query.where(rows.one_of(buildings.c.grid_id, ids)).group_by(buildings.c.grid_id)
    return {id: np.nan if load is None else float(load) for id, load in connection.execute(query)}


def _gained(effects: Effects, code: str) -> float:
    """Households of buildings that come to an untouched grid less those that leave it: such as lie in both."""
    buildings = effects.buildings
    known = np.nan_to_num(buildings.households)
    return float(known[buildings.now == code].sum() - known[buildings.was == code].sum())


def _spread(effects: Effects, leaves: dict[str, Leaf], stood: dict[str, float], *, is_after: bool) -> Spread:
    where = effects.buildings.now if is_after else effects.buildings.was
    named = sorted(leaves)
    load = [stood[code] if code in stood else _known(effects, where == code) for code in named]
    shapes = np.array([leaves[code].shape for code in named], dtype=object)
    return Spread(
        np.array(named, dtype=np.str_),
        np.array(load, dtype=np.float64),
        shapes_to_metres(shapes, effects.ground.metric_epsg),
    )


def _known(effects: Effects, among: np.ndarray) -> float:
    found = effects.known("households", among)
    return np.nan if found is None else float(found)
