"""The ground of a scope as it is balanced: the leaves after a plan's changes, and all that stands and runs in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry.base import BaseGeometry

from geo import areas, rows
from geo.areas import Edition
from geo.arrays import Bools, Codes, Floats, Shapes
from geo.entities import ENTITIES
from geo.errors import Refused, TooMuch
from geo.plans import drafts, previews
from geo.plans.drafts import Plan
from geo.space.balance.atoms import Land
from geo.space.partition import whole_of
from geo.space.redraw.members import FALLBACK
from geo.tables import areas as areas_table
from geo.tables import buildings, codes, grids, in_edition, incidents, lines

MOST_GRIDS, MOST_BUILDINGS = 150, 20_000
LOADS = ("households", "workers", "incidents")
_PASSED_OVER = ("service", "path", "siding", "metro", "coast")
"""Classes of lines that no border follows: yards and footways end anywhere, metros run below."""


@dataclass(frozen=True, eq=False)
class Ground:
    """The leaves (g,) of a scope in the order of their codes, and what atoms are made of.

    ``unknown`` counts buildings of which a load asked for is not known; they weigh nothing there.
    """

    base: int
    within: str
    codes: Codes
    names: Codes
    kinds: Codes
    parents: Codes
    land: Land
    unknown: int


def ground_of(
    connection: sa.Connection, plan: Plan, within: str | None, weights: Mapping[str, float], fallback: str | None = None
) -> Ground:
    """The ground of a plan's scope, or of an area in it, as the plan's changes leave it; of one fallback leaf alone.

    Raises
    ------
    Unknown
        When ``within`` is no area of the edition in force.
    Refused
        When it lies outside the plan's scope, or has no leaf; when ``fallback`` is no fallback ground in it.
    TooMuch
        For more than :data:`MOST_GRIDS` grids or :data:`MOST_BUILDINGS` buildings.
    """
    edition = areas.current(connection)
    scope = within or plan.scope or areas.city(connection).code
    below = areas_under(connection, edition, scope)
    if plan.scope and scope not in areas_under(connection, edition, plan.scope).values():
        raise Refused(
            f"{scope} lies outside {plan.scope}, the scope of plan {plan.id}",
            zh=f"{scope} 在方案 {plan.id} 的范围 {plan.scope} 之外；选范围内的区域",
        )
    leaves = _after(connection, plan, _leaves(connection, edition, below), set(below.values()))
    if fallback is not None:
        leaves = leaves.only((leaves.codes == fallback) & (leaves.kinds == FALLBACK))
    if fallback is not None and not len(leaves.codes):
        raise Refused(f"{fallback} is no fallback ground in {scope}", zh=f"{fallback} 不是 {scope} 里的兜底地块")
    if not len(leaves.codes):
        raise Refused(f"{scope} has no grids", zh=f"{scope} 没有网格")
    if len(leaves.codes) > MOST_GRIDS:
        raise TooMuch(
            f"{scope} has {len(leaves.codes)} grids; {MOST_GRIDS} can be balanced at once: name an area in it",
            zh=f"{scope} 有 {len(leaves.codes)} 个网格，一次最多均衡 {MOST_GRIDS} 个；选其中一个区域",
        )
    land, unknown = _land(connection, leaves.shapes, weights)
    return Ground(edition.number, scope, leaves.codes, leaves.names, leaves.kinds, leaves.parents, land, unknown)


@dataclass(frozen=True, eq=False)
class _Leaves:
    codes: Codes
    names: Codes
    kinds: Codes
    parents: Codes
    shapes: Shapes

    def only(self, these: Bools) -> _Leaves:
        """Some of them."""
        return _Leaves(*(getattr(self, name)[these] for name in _Leaves.__dataclass_fields__))


def areas_under(connection: sa.Connection, edition: Edition, code: str) -> dict[int, str]:
    """Id and code of an area and all areas under it; none of a grid's. Raises Unknown for a code that is not there."""
    top = areas.place(connection, code, edition)
    up = sa.select(areas_table.c.id).where(in_edition(areas_table, edition.number))
    under = up.where(areas_table.c.id == top.id).cte("under", recursive=True)
    under = under.union_all(up.join(under, areas_table.c.parent_id == under.c.id))
    query = sa.select(codes.c.id, codes.c.code).join(under, under.c.id == codes.c.id)
    return {row.id: row.code for row in connection.execute(query)}


def _leaves(connection: sa.Connection, edition: Edition, below: Mapping[int, str]) -> _Leaves:
    query = (
        sa.select(codes.c.code, grids.c.name, grids.c.kind, grids.c.parent_id, gis.ST_AsBinary(grids.c.geom))
        .join(codes, codes.c.id == grids.c.id)
        .where(in_edition(grids, edition.number), rows.one_of(grids.c.parent_id, list(below)))
        .order_by(codes.c.code.collate("C"))
    )
    found = connection.execute(query).all()
    code, name, kind = (np.array([row[at] for row in found], dtype=np.str_) for at in range(3))
    shapes = np.array([shapely.from_wkb(bytes(row[4])) for row in found], dtype=object)
    single = shapely.get_num_geometries(shapes) == 1
    return _Leaves(
        code,
        name,
        kind,
        np.array([below[row[3]] for row in found], dtype=np.str_),
        np.where(single, shapely.get_geometry(shapes, 0), shapes),
    )


def _after(connection: sa.Connection, plan: Plan, leaves: _Leaves, inside: set[str]) -> _Leaves:
    """The leaves as the plan's changes leave them."""
    if not drafts.in_effect(drafts.changes_of(connection, plan)):
        return leaves
    weighed = previews.preview(connection, plan).weighed
    new, old = weighed.whole, weighed.base
    opened = weighed.difference.opened & np.isin(new.leaf_parents, sorted(inside))
    gone = np.isin(leaves.codes, np.concatenate([old.leaf_codes[weighed.difference.closed], new.leaf_codes[opened]]))
    made = _Leaves(
        *(
            np.concatenate([getattr(leaves, mine)[~gone], getattr(new, theirs)[opened]])
            for mine, theirs in (
                ("codes", "leaf_codes"),
                ("names", "leaf_names"),
                ("kinds", "leaf_kinds"),
                ("parents", "leaf_parents"),
                ("shapes", "leaf_shapes"),
            )
        )
    )
    order = np.argsort(made.codes, kind="stable")
    return _Leaves(*(getattr(made, name)[order] for name in _Leaves.__dataclass_fields__))


def _land(connection: sa.Connection, leaves: Shapes, weights: Mapping[str, float]) -> tuple[Land, int]:
    whole = whole_of(leaves)
    footprints, loads, pinned, unknown = _buildings(connection, whole, weights)
    spots = _incidents(connection, whole) if weights.get("incidents") else np.zeros(0, dtype=object)
    land = Land(
        leaves=leaves,
        lines=_lines(connection, whole),
        footprints=footprints,
        loads=loads,
        compounds=_valid(connection, ENTITIES["estates"].table, whole),
        is_pinned=pinned,
        spots=spots,
        spot_loads=np.full(len(spots), float(weights.get("incidents", 0.0))),
    )
    return land, unknown


def _meets(table: sa.FromClause, whole: BaseGeometry) -> sa.ColumnElement[bool]:
    ground = gis.ST_GeomFromWKB(shapely.to_wkb(whole), 4326)
    return gis.ST_Intersects(table.c.geom, ground)


def _shapes(wkb: list[bytes]) -> Shapes:
    return np.asarray(shapely.from_wkb(np.array([bytes(one) for one in wkb], dtype=object)), dtype=object)


def _buildings(
    connection: sa.Connection, whole: BaseGeometry, weights: Mapping[str, float]
) -> tuple[Shapes, Floats, Bools, int]:
    counted = [name for name in ("households", "workers") if weights.get(name)]
    query = sa.select(
        gis.ST_AsBinary(buildings.c.geom), buildings.c.pinned_id, *(buildings.c[name] for name in counted)
    )
    query = query.where(_meets(buildings, whole)).order_by(buildings.c.id).limit(MOST_BUILDINGS + 1)
    found = connection.execute(query).all()
    if len(found) > MOST_BUILDINGS:
        raise TooMuch(
            f"more than {MOST_BUILDINGS:,} buildings; name a smaller area to balance",
            zh=f"建筑多于 {MOST_BUILDINGS:,} 栋；选小一些的区域",
        )
    figures = np.array([[np.nan if one is None else one for one in row[2:]] for row in found], dtype=np.float64)
    figures = figures.reshape(len(found), len(counted))
    unknown = int(np.isnan(figures).any(axis=1).sum())
    loads = np.nan_to_num(figures) @ np.array([weights[name] for name in counted], dtype=np.float64)
    pinned = np.array([row[1] is not None for row in found], dtype=np.bool_)
    return _shapes([row[0] for row in found]), loads, pinned, unknown


def _incidents(connection: sa.Connection, whole: BaseGeometry) -> Shapes:
    """Places of the incidents of the last twelve months."""
    year = sa.func.now() - sa.text("interval '12 months'")
    query = sa.select(gis.ST_AsBinary(incidents.c.geom)).where(
        _meets(incidents, whole), incidents.c.occurred_at >= year
    )
    return _shapes(list(connection.scalars(query.order_by(incidents.c.id))))


def _lines(connection: sa.Connection, whole: BaseGeometry) -> Shapes:
    query = sa.select(gis.ST_AsBinary(lines.c.geom)).where(
        _meets(lines, whole), lines.c.kind != "green", lines.c.class_.not_in(_PASSED_OVER)
    )
    return _shapes(list(connection.scalars(query.order_by(lines.c.id))))


def _valid(connection: sa.Connection, table: sa.Table, whole: BaseGeometry) -> Shapes:
    query = sa.select(gis.ST_AsBinary(table.c.geom)).where(_meets(table, whole)).order_by(table.c.id)
    return np.asarray(shapely.make_valid(_shapes(list(connection.scalars(query)))), dtype=object)
