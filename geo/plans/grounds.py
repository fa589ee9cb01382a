"""The ground a plan touches: leaves before and after, and an index of those after that is the city's thereabouts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql as pg

from geo import rows
from geo.arrays import Bools, Codes, Floats, Shapes
from geo.editions import Weighed
from geo.space.division import Division
from geo.space.locate import GridIndex
from geo.space.partition import OUTSIDE
from geo.tables import codes, grids, in_edition


@dataclass(frozen=True, eq=False)
class Leaf:
    """A grid as a division has it; its ground in degrees WGS 84."""

    code: str
    name: str
    kind: str
    parent: str
    shape: BaseGeometry


@dataclass(frozen=True, eq=False)
class Ground:
    """What a plan touches.

    Attributes
    ----------
    edition
        Number of the edition in force.
    before, after
        Leaves that change, retire or appear, by code: those that merely gain vertices are in neither.
    left
        Codes of old leaves whose ground is not what it was: what lies there is placed anew.
    closed
        Boxes (n, 4) of old leaves of which anything changed: a building in several may be overtaken by one of them.
    outline_moved
        Whether ground comes to the city or leaves it.
    noded
        Old leaves that merely gain or lose vertices, by code.
    near
        The leaves after the plan that became others, and those that touch them, by code.
    ids
        Ids of the codes in ``before``.
    metric_epsg
        The city's metric CRS.
    """

    edition: int
    before: dict[str, Leaf]
    after: dict[str, Leaf]
    left: frozenset[str]
    closed: Floats
    outline_moved: bool
    noded: dict[str, Leaf]
    near: dict[str, Leaf]
    ids: dict[str, int]
    metric_epsg: int

    @property
    def touched(self) -> list[str]:
        """Codes that change, retire or appear, ascending."""
        return sorted({*self.before, *self.after})


@dataclass(frozen=True, eq=False)
class Index:
    """Leaves that points are assigned on and buildings placed on; their codes ascend."""

    codes: Codes
    index: GridIndex
    is_fallback: Bools

    @classmethod
    def of(cls, leaves: Iterable[Leaf], metric_epsg: int) -> Index:
        """An index of some leaves that do not overlap, at least one."""
        ordered = sorted(leaves, key=lambda leaf: leaf.code)
        named = np.array([leaf.code for leaf in ordered], dtype=np.str_)
        shapes = np.array([leaf.shape for leaf in ordered], dtype=object)
        kinds = np.array([leaf.kind for leaf in ordered], dtype=np.str_)
        return cls(named, GridIndex.build(named, shapes, metric_epsg), np.asarray(kinds == "fallback", dtype=np.bool_))

    def called(self, position: np.ndarray) -> Codes:
        """Codes (n,) by position; "" for none."""
        return np.where(position == OUTSIDE, "", self.codes[position])


def ground(connection: sa.Connection, weighed: Weighed, metric_epsg: int) -> Ground:
    """What a plan touches, of what was weighed; its divisions may be the part of the city that is concerned."""
    base, whole, difference = weighed.base, weighed.whole, weighed.difference
    changed = set(whole.leaf_codes[difference.changed].tolist())
    before = leaves_of(base, np.isin(base.leaf_codes, sorted(changed)) | difference.retired)
    ids = sa.select(codes.c.code, codes.c.id).where(rows.one_of(codes.c.code, list(before)))
    return Ground(
        edition=weighed.number,
        before=before,
        after=leaves_of(whole, difference.changed | difference.appeared),
        left=frozenset(base.leaf_codes[difference.left_ground].tolist()),
        closed=shapely.bounds(base.leaf_shapes[difference.closed]).reshape(-1, 4),
        outline_moved=difference.outline_moved,
        noded=leaves_of(base, np.isin(base.leaf_codes, whole.leaf_codes[difference.noded])),
        near=leaves_of(whole, _near(base, whole, difference.opened, difference.closed)),
        ids={row.code: row.id for row in connection.execute(ids)},
        metric_epsg=metric_epsg,
    )


def indexes_for(connection: sa.Connection, ground: Ground, footprints: Shapes) -> tuple[Index, Index]:
    """The leaves before and after the plan near its ground, and all others that one of ``footprints`` (n,) may meet."""
    more: list[Leaf] = []
    if len(footprints):
        query = sa.select(codes.c.code, grids.c.kind, gis.ST_AsBinary(grids.c.geom).label("shape"))
        query = query.join(codes, codes.c.id == grids.c.id).where(
            in_edition(grids, ground.edition),
            grids.c.id.in_(_meeting(footprints)),
            sa.not_(rows.one_of(codes.c.code, sorted({*ground.near, *ground.before}))),
        )
        more = [
            Leaf(row.code, "", row.kind, "", shapely.from_wkb(bytes(row.shape))) for row in connection.execute(query)
        ]
    kept = [leaf for code, leaf in ground.near.items() if code not in ground.after and code not in ground.noded]
    before = [*kept, *ground.noded.values(), *ground.before.values(), *more]
    return Index.of(before, ground.metric_epsg), Index.of([*ground.near.values(), *more], ground.metric_epsg)


def _meeting(footprints: Shapes) -> sa.Select[tuple[int]]:
    """Ids of leaves whose box meets that of a footprint: each is looked for by itself, however far apart they lie."""
    sides = (sa.cast(side.tolist(), pg.ARRAY(sa.Double)) for side in shapely.bounds(footprints).T)
    box = sa.func.unnest(*sides).table_valued("west", "south", "east", "north", name="boxes").render_derived()
    there = gis.ST_MakeEnvelope(box.c.west, box.c.south, box.c.east, box.c.north, 4326)
    leaf = grids.alias()
    return sa.select(leaf.c.id).select_from(box).join(leaf, leaf.c.geom.op("&&")(there))


def _near(base: Division, whole: Division, opened: Bools, closed: Bools) -> Bools:
    """Which leaves became others or touch ground of any that did."""
    found = opened.copy()
    tree = shapely.STRtree(whole.leaf_shapes)
    ground = np.concatenate([whole.leaf_shapes[opened], base.leaf_shapes[closed]])
    found[np.unique(tree.query(ground, predicate="intersects")[1])] = True
    return found


def leaves_of(division: Division, which: Bools) -> dict[str, Leaf]:
    """Some leaves of a division, by code."""
    fields = (division.leaf_codes, division.leaf_names, division.leaf_kinds, division.leaf_parents)
    told = zip(*(column[which].tolist() for column in fields), division.leaf_shapes[which], strict=True)
    return {leaf.code: leaf for leaf in (Leaf(*row) for row in told)}


def meets(column: sa.ColumnElement[Any], boxes: Floats) -> sa.ColumnElement[bool]:
    """Condition: a geometry's box meets one of some boxes (n, 4) of degrees."""
    return sa.or_(sa.false(), *(column.op("&&")(gis.ST_MakeEnvelope(*box, 4326)) for box in boxes.tolist()))
