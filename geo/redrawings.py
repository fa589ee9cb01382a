"""The drawings of a forecast: those of its edition, with what is to come laid over them, in memory.

Drawn anew are only the leaves that will be others and those they touch, the areas over them, and the borders on their
rims. That is as if the whole city were drawn, since simplifying takes each stretch of border between two nodes by
itself, in the order of the leaves; a ring of leaves around them keeps the nodes of their rims.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql as pg

from geo import areas, drawings
from geo.areas import Edition, Ids, shapes_of
from geo.arrays import Bools, Codes, Floats, Ints, Shapes
from geo.drawings import BANDS, EXACT, Drawing, Over
from geo.forecasts import Forecast
from geo.tables import codes, drawn_borders, drawn_grounds, grids, in_edition

_made: WeakKeyDictionary[Forecast, dict[int, Over]] = WeakKeyDictionary()
_working = Lock()


def over(connection: sa.Connection, edition: Edition) -> dict[int, Over]:
    """For each band what is laid over the drawings of the edition, which are ready; worked out once a forecast.

    Empty for an edition without a forecast.
    """
    if edition.forecast is None:
        return {}
    with _working:
        if edition.forecast not in _made:
            _made[edition.forecast] = _worked_out(connection, edition, edition.forecast)
        return _made[edition.forecast]


def _worked_out(connection: sa.Connection, edition: Edition, forecast: Forecast) -> dict[int, Over]:
    lines = _Lineage.of(connection, edition)
    ground = _ground(connection, edition, forecast, lines)
    upper = lines.over(np.union1d(ground.gone, ground.ids[ground.is_drawn]))
    rows = areas.area_rows(connection, edition)
    names = dict(zip(rows.ids.tolist(), rows.codes.tolist(), strict=True))
    found: dict[int, Over] = {}
    shapes = drawings.mercator(ground.shapes)
    for band in reversed(BANDS):
        shapes = shapes if band == EXACT else drawings.simplified(shapes, band)
        kept = _Kept(connection, edition.number, band)
        above = _above(kept, upper, dict(zip(ground.ids.tolist(), shapes, strict=True)))
        found[band] = _over(ground, shapes, above, names, _borders(kept, ground, shapes))
    return found


# -- which ground ------------------------------------------------------------------------------------------------------
class _Area(NamedTuple):
    """An area of the forecast, and the areas and leaves right below it; ``is_now`` False for one that will be gone."""

    id: int
    level: int
    members: list[int]
    is_now: bool


@dataclass(frozen=True, eq=False)
class _Lineage:
    """Who lies in whom before and after: (n, levels) as :func:`geo.areas.lineage` has it."""

    was: Ids
    now: Ids

    @classmethod
    def of(cls, connection: sa.Connection, edition: Edition) -> _Lineage:
        return cls(*(areas.lineage(connection, one)[1] for one in (replace(edition, forecast=None), edition)))

    def moved(self) -> list[int]:
        """Leaves that are there before and after, in other areas."""
        was = {line[-1]: line for line in self.was.tolist()}
        return [line[-1] for line in self.now.tolist() if was.get(line[-1], line) != line]

    def of_leaves(self, leaves: Ids) -> Ids:
        """The lines of leaves (n,) of the forecast, in their order."""
        order = np.argsort(self.now[:, -1])
        return self.now[order[np.searchsorted(self.now[:, -1], leaves, sorter=order)]]

    def over(self, leaves: Ids) -> list[_Area]:
        """Every area over one of the leaves, before or after, the lowest first."""
        found: list[_Area] = []
        for level in reversed(range(self.now.shape[1] - 1)):
            both = [np.unique(lines[np.isin(lines[:, -1], leaves), level]) for lines in (self.was, self.now)]
            found += [self._area(id, level) for id in np.union1d(*both).tolist() if id]
        return found

    def _area(self, id: int, level: int) -> _Area:
        below = self.now[self.now[:, level] == id, level + 1 :]
        members = np.unique(below[np.arange(len(below)), (below > 0).argmax(axis=1)])
        return _Area(id, level, members.tolist(), len(below) > 0)


@dataclass(frozen=True, eq=False)
class _Ground:
    """Leaves (n,) about what will change, in the order of code, as the forecast has them.

    ``is_drawn`` are those whose drawing changes, the others stand around them. ``is_coming`` are those that a plan
    makes or changes by more than a vertex; ``gone`` those of the edition whose drawing falls.
    """

    ids: Ids
    codes: Codes
    kinds: Codes
    shapes: Shapes
    lineage: Ids
    is_drawn: Bools
    is_coming: Bools
    gone: list[int]


class _Some(NamedTuple):
    """Leaves (n,) of an edition, each once."""

    ids: Ids
    codes: Codes
    kinds: Codes
    shapes: Shapes

    def these(self, which: Bools | Ints) -> _Some:
        """Some of them."""
        return _Some(self.ids[which], self.codes[which], self.kinds[which], self.shapes[which])

    def with_others(self, others: _Some) -> _Some:
        """Both in the order of code."""
        order = np.argsort(np.concatenate([self.codes, others.codes]), kind="stable")
        return _Some(
            np.concatenate([self.ids, others.ids])[order],
            np.concatenate([self.codes, others.codes])[order],
            np.concatenate([self.kinds, others.kinds])[order],
            np.concatenate([self.shapes, others.shapes])[order],
        )


def _ground(connection: sa.Connection, edition: Edition, forecast: Forecast, lines: _Lineage) -> _Ground:
    coming = forecast.grids
    other = sorted({*coming.gone, *lines.moved()})
    core = np.concatenate([_these(connection, edition, other).shapes, coming.shapes])
    touched = _touching(connection, edition, core)
    around = _touching(connection, edition, touched.shapes)
    around = around.these(~np.isin(around.ids, coming.gone))
    new = _Some(coming.ids.astype(np.int32), coming.codes, coming.kinds, coming.shapes)
    both = new.with_others(around)
    planned = frozenset[str]().union(*(plan.codes for plan in forecast.plans))
    return _Ground(
        *both,
        lineage=lines.of_leaves(both.ids),
        is_drawn=np.isin(both.ids, np.union1d(coming.ids, touched.ids)),
        is_coming=np.isin(both.ids, coming.ids) & np.isin(both.codes, sorted(planned)),
        gone=sorted({*coming.gone, *touched.ids.tolist()}),
    )


def _these(connection: sa.Connection, edition: Edition, ids: list[int]) -> _Some:
    return _leaves(connection, edition, grids.c.id == _any(ids))


def _touching(connection: sa.Connection, edition: Edition, shapes: Shapes) -> _Some:
    """Leaves of the edition that one of the shapes meets, be it in a point; the shapes themselves among them."""
    near = sa.select(grids.c.id).select_from(_meeting(grids.c.geom, 4326, shapes))
    found = _leaves(connection, edition, grids.c.id.in_(near))
    return found.these(np.unique(shapely.STRtree(found.shapes).query(shapes, predicate="intersects")[1]))


def _leaves(connection: sa.Connection, edition: Edition, which: sa.ColumnElement[bool]) -> _Some:
    query = sa.select(codes.c.id, codes.c.code, grids.c.kind, gis.ST_AsBinary(grids.c.geom))
    query = query.join(grids, grids.c.id == codes.c.id).where(in_edition(grids, edition.number), which)
    rows = connection.execute(query).all()
    names, kinds = (np.array([row[at] for row in rows], dtype=np.str_) for at in (1, 2))
    return _Some(np.array([row[0] for row in rows], dtype=np.int32), names, kinds, shapes_of(row[3] for row in rows))


def _meeting(geom: sa.Column[object], srid: int, shapes: Shapes) -> sa.FromClause:
    """Rows whose box meets that of a shape, once for each."""
    bounds = shapely.bounds(shapes).T.tolist()
    sides = {name: sa.cast(side, pg.ARRAY(sa.Double)) for name, side in zip("wsen", bounds, strict=True)}
    boxes = sa.func.unnest(*sides.values()).table_valued(*sides, name="boxes").render_derived()
    box = gis.ST_MakeEnvelope(*(boxes.c[name] for name in sides), srid)
    return boxes.join(geom.table, geom.op("&&")(box))


def _any(ids: list[int]) -> Any:
    return sa.any_(sa.cast(ids, pg.ARRAY(sa.Integer)))


# -- one band ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Kept:
    """The drawings of an edition in one band, as they are kept."""

    connection: sa.Connection
    edition: int
    band: int

    def grounds(self, ids: Iterable[int]) -> dict[int, BaseGeometry]:
        """Ground of areas and leaves by id, in metres of Web Mercator; ids that are not of the edition are left out."""
        table = drawn_grounds.c
        query = sa.select(table.id, gis.ST_AsBinary(table.geom))
        query = query.where(self._mine(drawn_grounds), table.id == _any(list(ids)))
        rows = self.connection.execute(query).all()
        return dict(zip([row[0] for row in rows], shapes_of(row[1] for row in rows), strict=True))

    def borders(self, shapes: Shapes) -> tuple[Ints, Shapes]:
        """Level (m,) and line (m,) of the borders that come near one of the shapes, each once."""
        table = drawn_borders.c
        query = sa.select(table.level, gis.ST_AsBinary(table.geom)).distinct()
        query = query.select_from(_meeting(table.geom, 3857, shapes)).where(self._mine(drawn_borders))
        rows = self.connection.execute(query).all()
        lines = np.array([shapely.from_wkb(bytes(row[1])) for row in rows], dtype=np.object_)
        return np.array([row[0] for row in rows], dtype=np.int64), lines

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.edition == self.edition, table.c.band == self.band)


def _above(kept: _Kept, upper: list[_Area], drawn: dict[int, BaseGeometry]) -> list[tuple[_Area, BaseGeometry | None]]:
    """The areas that are drawn otherwise than before, None for one that will be gone.

    Each is the union of what lies right below it, which is that of its leaves; ``drawn`` are leaves drawn anew, by id.
    """
    stored = kept.grounds({id for area in upper for id in (area.id, *area.members)})
    found: list[tuple[_Area, BaseGeometry | None]] = []
    known = stored | drawn
    for area in upper:
        shape = shapely.coverage_union_all([known[id] for id in area.members]) if area.is_now else None
        if shape is None or area.id not in stored or not _is_same(shape, stored[area.id]):
            found.append((area, shape))
            if shape is not None:
                known[area.id] = shape
    return found


def _is_same(shape: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(shapely.equals_exact(shapely.normalize(shape), shapely.normalize(other)))


class _Borders(NamedTuple):
    """Borders (m,) put in the place of those that fall; lines as they are kept."""

    levels: Ints
    lines: Shapes
    fallen: list[bytes]


def _borders(kept: _Kept, ground: _Ground, shapes: Shapes) -> _Borders:
    was = np.array(list(kept.grounds(ground.gone).values()), dtype=np.object_)
    levels, lines = kept.borders(was)
    ends, of_line = drawings.steps(lines)
    falls = _are_among(ends, drawings.segments(was)[0])
    fallen = np.isin(np.arange(len(lines)), of_line[falls])
    stays = fallen[of_line] & ~falls
    pairs, new_levels, new = drawings.edges(shapes, ground.lineage)
    mine = ((pairs >= 0) & ground.is_drawn[pairs]).any(axis=1)
    put = drawings.merged(
        np.concatenate([levels[of_line[stays]], new_levels[mine]]),
        np.concatenate([np.asarray(shapely.linestrings(ends[stays])), new[mine]]),
    )
    return _Borders(*put, shapely.to_wkb(lines[fallen]).tolist())


def _are_among(ends: Floats, others: Floats) -> Bools:
    """Which segments (m, 2, 2) are among others, in either direction, bit by bit."""
    known = {tuple(one) for one in others.reshape(-1, 4).tolist()}
    turned = ends[:, ::-1].reshape(-1, 4).tolist()
    pairs = zip(ends.reshape(-1, 4).tolist(), turned, strict=True)
    return np.array([tuple(one) in known or tuple(other) in known for one, other in pairs], dtype=np.bool_)


def _over(
    ground: _Ground,
    shapes: Shapes,
    above: list[tuple[_Area, BaseGeometry | None]],
    names: dict[int, str],
    borders: _Borders,
) -> Over:
    drawn = ground.is_drawn
    there = [(area, shape) for area, shape in above if shape is not None]
    upper = np.array([shape for _, shape in there] + [None], dtype=np.object_)[:-1]
    drawing = Drawing(
        ids=np.concatenate([np.array([area.id for area, _ in there], dtype=np.int32), ground.ids[drawn]]),
        levels=np.array(
            [area.level for area, _ in there] + [ground.lineage.shape[1] - 1] * int(drawn.sum()), dtype=np.int32
        ),
        kinds=np.concatenate([np.full(len(there), None), ground.kinds[drawn].astype(np.object_)]),
        shapes=np.concatenate([upper, shapes[drawn]]),
        border_levels=borders.levels,
        borders=borders.lines,
    )
    return Over(
        gone=[*ground.gone, *(area.id for area, _ in above)],
        gone_borders=borders.fallen,
        drawing=drawing,
        codes=np.array([names[area.id] for area, _ in there] + ground.codes[drawn].tolist(), dtype=np.str_),
        coming=shapes[ground.is_coming],
    )
