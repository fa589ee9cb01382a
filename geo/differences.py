"""How two editions, or forecasts, differ: only the rows that one has and the other has not are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import areas
from geo.areas import Edition
from geo.arrays import Codes
from geo.forecasts import rows_of
from geo.space import division as divisions
from geo.space.arrangement import apart_by_a_hair
from geo.space.division import Comparison, Crossing, Division
from geo.space.sights import Sight
from geo.tables import areas as areas_table
from geo.tables import grids


@dataclass(frozen=True)
class Named:
    """An area or a grid as an edition has it: ``kind`` of a grid only; ``parent`` "" above the city."""

    name: str
    kind: str | None
    parent: str


@dataclass(frozen=True)
class Changed:
    """A code that differs; ``before`` is None for one that appears, ``after`` for one that retires.

    ``level`` counts from 0, the city. ``moved`` tells whether its ground is another one, by more than a bent border.
    """

    code: str
    level: int
    before: Named | None
    after: Named | None
    moved: bool


@dataclass(frozen=True, eq=False)
class Difference:
    """Two editions, and the rows of each that the other has not."""

    since: Edition
    until: Edition
    old: Division
    new: Division

    @cached_property
    def comparison(self) -> Comparison:
        """What becomes of the old rows."""
        return divisions.compare(self.old, self.new)

    @property
    def noded(self) -> int:
        """How many leaves only gained or lost vertices."""
        return int(self.comparison.noded.sum())

    def crosswalk(self) -> list[Crossing]:
        """Where the ground of each old leaf that left ground lies now."""
        return divisions.crosswalk(self.old, self.new, self.comparison)

    def moved(self) -> list[tuple[Crossing, BaseGeometry]]:
        """The ground that changed hands: of each crossing from one code to another, polygons in degrees."""
        crossed = [one for one in self.crosswalk() if one.old != one.new]
        old = dict(zip(self.old.leaf_codes.tolist(), self.old.leaf_shapes, strict=True))
        new = dict(zip(self.new.leaf_codes.tolist(), self.new.leaf_shapes, strict=True))
        was, now = (
            np.array([shapes[code] for code in named], dtype=object)
            for shapes, named in ((old, [one.old for one in crossed]), (new, [one.new for one in crossed]))
        )
        return list(zip(crossed, divisions.polygonal(shapely.intersection(was, now)), strict=True))

    def changed(self) -> list[Changed]:
        """Every area and grid that differs in more than its vertices, by level and code."""
        grid_level = self.old.levels - 1
        areas_changed = _changed(_areas_of(self.old), _areas_of(self.new))
        return areas_changed + _changed(_leaves_of(self.old, grid_level), _leaves_of(self.new, grid_level))


def between(connection: sa.Connection, since: Edition, until: Edition) -> Difference:
    """How ``until`` differs from ``since``, whichever is the later; each with its forecast, where it has one."""
    levels = len(areas.city(connection).levels)
    return Difference(since, until, _apart(connection, since, until, levels), _apart(connection, until, since, levels))


def _apart(connection: sa.Connection, edition: Edition, other: Edition, levels: int) -> Division:
    """The rows of an edition that another one has not."""
    leaves, above = (_rows(connection, table, edition, other) for table in (grids, areas_table))
    return Division(
        levels=levels,
        leaf_codes=_texts(row.code for row in leaves),
        leaf_names=_texts(row.name for row in leaves),
        leaf_kinds=_texts(row.kind for row in leaves),
        leaf_parents=_texts(row.parent for row in leaves),
        leaf_shapes=areas.shapes_of(row.ground for row in leaves),
        area_codes=_texts(row.code for row in above),
        area_names=_texts(row.name for row in above),
        area_levels=np.array([row.level for row in above], dtype=np.int64),
        area_parents=_texts(row.parent for row in above),
        area_shapes=areas.shapes_of(row.ground for row in above),
        sight=Sight(shapely.Polygon(), frozenset(row.code for row in leaves)),
    )


def _rows(connection: sa.Connection, table: sa.Table, edition: Edition, other: Edition) -> list[sa.Row[Any]]:
    """Rows that are to come are told of both; those that are the same differ in nothing."""
    mine, theirs = (rows_of(table, one.number, one.forecast).alias() for one in (edition, other))
    above = rows_of(areas_table, edition.number, edition.forecast).alias()
    same = sa.exists().where(theirs.c.id == mine.c.id, theirs.c.first_edition == mine.c.first_edition)
    query = (
        sa.select(
            *(mine.c[name] for name in ("code", "name", "kind", "level")),
            sa.func.coalesce(above.c.code, "").label("parent"),
            sa.func.ST_AsBinary(mine.c.geom).label("ground"),
        )
        .outerjoin(above, above.c.id == mine.c.parent_id)
        .where(~same)
    )
    found: list[sa.Row[Any]] = list(connection.execute(query))
    return sorted(found, key=lambda row: str(row.code))


def _texts(told: Iterable[str]) -> Codes:
    return np.array(list(told), dtype=np.str_)


_Rows = dict[str, tuple[int, Named, Any]]


def _leaves_of(division: Division, level: int) -> _Rows:
    columns = division.leaf_codes, division.leaf_names, division.leaf_kinds, division.leaf_parents, division.leaf_shapes
    return {
        str(code): (level, Named(str(name), str(kind), str(parent)), shape)
        for code, name, kind, parent, shape in zip(*columns, strict=True)
    }


def _areas_of(division: Division) -> _Rows:
    columns = (
        division.area_codes,
        division.area_levels,
        division.area_names,
        division.area_parents,
        division.area_shapes,
    )
    return {
        str(code): (int(level), Named(str(name), None, str(parent)), shape)
        for code, level, name, parent, shape in zip(*columns, strict=True)
    }


def _changed(old: _Rows, new: _Rows) -> list[Changed]:
    both = sorted(old.keys() & new.keys())
    shapes = (np.array([rows[code][2] for code in both], dtype=object) for rows in (old, new))
    moved = dict(zip(both, ~apart_by_a_hair(*shapes), strict=True)) if both else {}
    found = []
    for code in old.keys() | new.keys():
        before, after = old.get(code), new.get(code)
        level = (after or before or (0,))[0]
        one = Changed(code, level, before and before[1], after and after[1], bool(moved.get(code, True)))
        if one.moved or one.before != one.after:
            found.append(one)
    return sorted(found, key=lambda one: (one.level, one.code))
