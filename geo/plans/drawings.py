"""The leaves a plan is drawn on: as they are, and as the plan would have them.

Leaves of the scope are read by themselves, and those that the plan changes are put in their place; nothing here needs
the whole city. Where others published in between, the plan can be drawn on the edition it was begun on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry.base import BaseGeometry

from geo import areas, rows
from geo.areas import Edition
from geo.arrays import Bools
from geo.plans import drafts, previews
from geo.plans.drafts import Plan
from geo.plans.grounds import Leaf
from geo.plans.replaying import replayed
from geo.space import division as divisions
from geo.space.division import Comparison, Division
from geo.tables import codes, grids, in_edition

MOST = 300
"""Leaves that are drawn because they lie in the scope; of a wider one those that the plan touches, and their ring."""

SAME, CHANGED, NODED, APPEARED, RETIRED = "same", "changed", "noded", "appeared", "retired"


@dataclass(frozen=True, eq=False)
class DrawnLeaf(Leaf):
    """A leaf, and what the plan does to it."""

    status: str


@dataclass(frozen=True, eq=False)
class Drawing:
    """Leaves by code before and after a plan, on edition ``base``.

    Attributes
    ----------
    is_whole
        Whether all leaves of the scope are there.
    is_view_whole
        Whether all of them in the view that was asked for are.
    in_force
        Where the plan is drawn on an older edition: the same ground as the edition in force has it; else empty.
    """

    base: int
    is_whole: bool
    is_view_whole: bool
    before: list[DrawnLeaf]
    after: list[DrawnLeaf]
    in_force: list[DrawnLeaf]


@dataclass(frozen=True, eq=False)
class _Difference:
    number: int
    base: Division
    whole: Division
    difference: Comparison


@dataclass(frozen=True)
class Look:
    """What is wanted of a scope that is too wide to be drawn whole.

    Attributes
    ----------
    near
        Codes of leaves that are wanted with their ring of neighbours.
    view
        West, south, east, north in degrees, in which all leaves are wanted; None = no view.
    most
        Leaves of a scope above which it is too wide, and of a view above which none is drawn for it.
    """

    near: Sequence[str] = ()
    view: tuple[float, float, float, float] | None = None
    most: int = MOST


WHOLE = Look()
"""Nothing but the scope, or what the plan touches of it."""


def drawing(connection: sa.Connection, plan: Plan, look: Look = WHOLE, *, as_begun: bool = False) -> Drawing:
    """The leaves of a plan's scope before and after it.

    Parameters
    ----------
    as_begun
        Draw the plan on the edition it was begun on, whatever came into force since or became of it.

    Raises
    ------
    Stale, Refused, Broken, Unknown
        As :func:`geo.plans.previews.preview`; with ``as_begun`` only what the changes themselves raise.
    """
    told = _as_begun(connection, plan) if as_begun else _in_force(connection, plan)
    edition = areas.numbered(connection, told.number)
    inside = _inside(connection, plan.scope or areas.city(connection).code, edition)
    there = _few(connection, edition, inside, look.most)
    is_whole = there is not None
    seen = there if is_whole or look.view is None else _few(connection, edition, inside & _meets(look.view), look.most)
    if there is None:
        there = _round(connection, look.near, edition) | (seen or {}) | _touched_and_near(told)
    status = _status(told)
    before = {code: replace(one, status=status.get(code, SAME)) for code, one in there.items()}
    parents = {one.parent for one in before.values()}
    made = _rows(told.whole, told.difference.opened, status)
    after = {code: one for code, one in before.items() if one.status == SAME}
    after |= {one.code: one for one in made if one.code in before or one.parent in parents or not is_whole}
    newest = areas.current(connection)
    now = _standing(connection, newest, before.values()) if as_begun and newest.number != edition.number else {}
    return Drawing(told.number, is_whole, seen is not None, _sorted(before), _sorted(after), _sorted(now))


def _in_force(connection: sa.Connection, plan: Plan) -> _Difference:
    """The plan on the edition in force: checked against what came in between only where something did."""
    drafts.refuse_ended(plan)
    if areas.current(connection).number == plan.base_edition:
        return _as_begun(connection, plan)
    weighed = previews.preview(connection, plan).weighed
    return _Difference(weighed.number, weighed.base, weighed.whole, weighed.difference)


def _as_begun(connection: sa.Connection, plan: Plan) -> _Difference:
    """The plan on the edition it was begun on."""
    begun, asked = areas.numbered(connection, plan.base_edition), drafts.in_effect(drafts.changes_of(connection, plan))
    found = replayed(connection, begun, areas.city(connection), asked)
    return _Difference(begun.number, found.base, found.made, divisions.compare(found.base, found.made))


# -- statuses ----------------------------------------------------------------------------------------------------------
def _status(told: _Difference) -> dict[str, str]:
    """What becomes of each leaf that does not stay as it is, by its code."""
    new, old, difference = told.whole.leaf_codes, told.base.leaf_codes, told.difference
    masks = [(new, difference.noded, NODED), (new, difference.changed, CHANGED), (new, difference.appeared, APPEARED)]
    masks.append((old, difference.retired, RETIRED))
    return {code: status for listed, mask, status in masks for code in listed[mask].tolist()}


def _rows(division: Division, which: Bools, status: dict[str, str]) -> list[DrawnLeaf]:
    columns = [division.leaf_codes, division.leaf_names, division.leaf_kinds, division.leaf_parents]
    words = zip(*(column[which].tolist() for column in columns), division.leaf_shapes[which], strict=True)
    return [
        DrawnLeaf(code, name, kind, parent, shape, status.get(code, SAME)) for code, name, kind, parent, shape in words
    ]


def _touched_and_near(told: _Difference) -> dict[str, DrawnLeaf]:
    """Leaves of the base that the plan touches, and those that share a border with them."""
    closed = told.difference.closed
    if not closed.any():
        return {}
    tree = shapely.STRtree(told.base.leaf_shapes)
    found = np.unique(tree.query(told.base.leaf_shapes[closed], predicate="intersects")[1])
    which = np.zeros(len(closed), dtype=np.bool_)
    which[found] = True
    return {one.code: one for one in _rows(told.base, which, {})}


# -- leaves as they are stored -----------------------------------------------------------------------------------------
def _inside(connection: sa.Connection, scope: str, edition: Edition) -> sa.ColumnElement[bool]:
    """What is true of leaves under an area."""
    above = areas.area_rows(connection, edition)
    inside = above.codes == scope
    for _ in range(int(above.levels.max(initial=0))):
        inside = inside | np.isin(above.parent_ids, above.ids[inside])
    return rows.one_of(grids.c.parent_id, above.ids[inside].tolist())


def _meets(view: tuple[float, float, float, float]) -> sa.ColumnElement[bool]:
    """What is true of leaves whose box meets a view."""
    return grids.c.geom.op("&&")(gis.ST_MakeEnvelope(*view, 4326))


def _few(
    connection: sa.Connection, edition: Edition, which: sa.ColumnElement[bool], most: int
) -> dict[str, DrawnLeaf] | None:
    """Leaves; None, and no ground read, when there are more than ``most``."""
    some = sa.select(grids.c.id).where(in_edition(grids, edition.number), which).limit(most + 1).subquery()
    count = connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0
    return _leaves(connection, edition, which, most) if count <= most else None


def _round(connection: sa.Connection, near: Sequence[str], edition: Edition) -> dict[str, DrawnLeaf]:
    """The leaves named and every leaf that shares a border with one of them."""
    if not near:
        return {}
    named = (
        sa.select(gis.ST_Union(grids.c.geom))
        .join(codes, codes.c.id == grids.c.id)
        .where(in_edition(grids, edition.number), codes.c.code.in_(near))
        .scalar_subquery()
    )
    return _leaves(connection, edition, gis.ST_Intersects(grids.c.geom, named), MOST)


def _standing(connection: sa.Connection, edition: Edition, leaves: Iterable[DrawnLeaf]) -> dict[str, DrawnLeaf]:
    """What an edition has on the ground of leaves of another one that the plan touches."""
    ground = [one.shape for one in leaves if one.status in (CHANGED, RETIRED)]
    if not ground:
        return {}
    inner = shapely.MultiPoint(list(shapely.point_on_surface(np.asarray(ground, dtype=object))))
    asked = gis.ST_GeomFromWKB(shapely.to_wkb(inner), 4326)
    return _round(
        connection, sorted(_leaves(connection, edition, gis.ST_Intersects(grids.c.geom, asked), MOST)), edition
    )


def _leaves(
    connection: sa.Connection, edition: Edition, which: sa.ColumnElement[bool], most: int
) -> dict[str, DrawnLeaf]:
    parent = codes.alias("parent")
    query = (
        sa.select(
            codes.c.code, grids.c.name, grids.c.kind, parent.c.code.label("parent"), gis.ST_AsBinary(grids.c.geom)
        )
        .join(codes, codes.c.id == grids.c.id)
        .outerjoin(parent, parent.c.id == grids.c.parent_id)
        .where(in_edition(grids, edition.number), which)
        .order_by(codes.c.code.collate("C"))
        .limit(most)
    )
    rows = connection.execute(query).all()
    return {code: DrawnLeaf(code, name, kind, above or "", _ground(wkb), SAME) for code, name, kind, above, wkb in rows}


def _ground(wkb: bytes) -> BaseGeometry:
    """Ground as it was published: one part is a polygon again."""
    shape: BaseGeometry = shapely.from_wkb(bytes(wkb))
    return shape.geoms[0] if len(shape.geoms) == 1 else shape  # type: ignore[attr-defined]


def _sorted(leaves: dict[str, DrawnLeaf]) -> list[DrawnLeaf]:
    return [leaves[code] for code in sorted(leaves)]
