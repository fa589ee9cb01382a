"""What scheduled plans will have done to the registers: which rows follow the ground, who inherits, whose figures.

Worked out by the functions of a preview, all plans together: they touch different grids, so none follows another's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import areas, revisions, rows
from geo.areas import Edition
from geo.arrays import Floats, Ints
from geo.assignments import CityIndex, decided, open_index
from geo.buildings.footprints import NOUN as BUILDINGS
from geo.buildings.placing import placed
from geo.coverage.ground import straddling
from geo.editions import Weighed
from geo.entities import ENTITIES, Entity, Lies
from geo.entities.figures import Figures
from geo.fetching import fetch, figure, whole
from geo.forecasts import AS_IS, NOT_LED, Crossing, Followed, Forecast, Led
from geo.plans.declared import Declared, declared
from geo.plans.effects import Effects, effects
from geo.plans.grounds import Ground, ground, meets
from geo.space import division as divisions

_KEPT = 4
_made: OrderedDict[tuple[object, ...], Followed] = OrderedDict()
_working = Lock()
_LED = tuple(entity for entity in ENTITIES.values() if entity.lies in (Lies.SPOT, Lies.GROUND))
_READ = (*(entity.key for entity in _LED), "grid_figures", BUILDINGS)


def followed(connection: sa.Connection, edition: Edition) -> Followed:
    """What becomes of the registers until a time to come; worked out once while they stay as they are.

    Parameters
    ----------
    edition
        As :func:`geo.plans.calendar.edition_at` answers; without a forecast nothing follows.
    """
    forecast = edition.forecast
    if forecast is None or not forecast.plans:
        return AS_IS
    read = revisions.several(connection, _READ)
    key = (connection.engine.url, edition.number, edition.published_at, forecast, tuple(sorted(read.items())))
    with _working:
        if key not in _made:
            _made[key] = _worked_out(connection, edition, forecast)
        _made.move_to_end(key)
        while len(_made) > _KEPT:
            _made.popitem(last=False)
        return _made[key]


def _worked_out(connection: sa.Connection, edition: Edition, forecast: Forecast) -> Followed:
    base, made = forecast.was, forecast.now
    difference = divisions.compare(base, made)
    weighed = Weighed(edition.number, base, made, difference, edition.effective_at, edition.leaves)
    touched = ground(connection, weighed, areas.city(connection).metric_epsg)
    if not touched.near:
        return AS_IS
    done = effects(connection, touched)
    told = declared(connection, done, divisions.crosswalk(base, made, difference))
    return _Leading(connection, edition, done).followed(told)


class _Leading:
    """Where rows are led to: codes and ids of the leaves to come."""

    def __init__(self, connection: sa.Connection, edition: Edition, done: Effects) -> None:
        self.connection, self.done = connection, done
        self.index: CityIndex = open_index(connection, edition)
        self.id = dict(zip(self.index.codes.tolist(), self.index.leaves.ids.tolist(), strict=True))
        self.left = [number for code, number in done.ground.ids.items() if code in done.ground.left]

    @property
    def ground(self) -> Ground:
        """What the plans touch."""
        return self.done.ground

    def followed(self, told: Declared) -> Followed:
        """All that follows."""
        some = self.done.buildings
        buildings = Led(some.id, np.array([self.id.get(code, 0) for code in some.now.tolist()], dtype=np.int64))
        led = {BUILDINGS: buildings} | {entity.key: self._led(entity, buildings) for entity in _LED}
        crossing = Crossing(some.id, straddling(some.straddles, some.is_pinned), some.share)
        heirs = {self.ground.ids[old]: self.id[new] for old, new in told.heirs.items()}
        figures = {self.id[code]: (one.as_of, one.counts) for code, one in self._divided(told)}
        return Followed(led, crossing, heirs, figures)

    def _divided(self, told: Declared) -> Iterator[tuple[str, Figures]]:
        for code, one in told.figures_after.items():
            if told.figures_before.get(code) is not one:
                yield code, one

    def _led(self, entity: Entity, buildings: Led) -> Led:
        if entity.lies is Lies.GROUND:
            return self._grounds(entity)
        return _joined(self._points(entity), self._housed(entity, buildings))

    def _points(self, entity: Entity) -> Led:
        """Points in no building, on ground that is not what it was."""
        table = entity.table.c
        concerned = rows.one_of(table.grid_id, self.left)
        if self.ground.outline_moved:
            concerned = sa.or_(concerned, table.grid_id.is_(None))
        where = [concerned, table.geom.is_not(None)]
        where += [table.building_id.is_(None)] if entity.has("building") else []
        columns = {"id": whole(table.id), "x": figure(gis.ST_X(table.geom)), "y": figure(gis.ST_Y(table.geom))}
        told = fetch(self.connection, columns, sa.select(entity.table).where(*where).order_by(table.id))
        return Led(told["id"], self._located(np.column_stack([told["x"], told["y"]])))

    def _located(self, lonlat: Floats) -> Ints:
        return self.index.ids(decided(self.index, lonlat)).astype(np.int64)

    def _housed(self, entity: Entity, buildings: Led) -> Led:
        """Rows in a building that comes to a leaf which gains ground, or is placed anew in one that loses some."""
        if not entity.has("building"):
            return NOT_LED
        table = entity.table.c
        columns = {"id": whole(table.id), "building": whole(table.building_id), "grid": whole(table.grid_id)}
        those = rows.one_of(table.building_id, buildings.ids.tolist())
        told = fetch(self.connection, columns, sa.select(entity.table).where(those).order_by(table.id))
        to = buildings.over(told["building"], told["grid"])
        gained = [self.id[code] for code in self.ground.after]
        follows = np.isin(to, gained) | np.isin(told["grid"], self.left)
        if self.ground.outline_moved:
            follows |= to == 0
        return Led(told["id"][follows], to[follows])

    def _grounds(self, entity: Entity) -> Led:
        """Ground near leaves that become others, by the largest share."""
        table = entity.table.c
        near = meets(table.geom, self.ground.closed)
        concerned = sa.or_(near, table.grid_id.is_(None)) if self.ground.outline_moved else near
        query = sa.select(table.id, gis.ST_AsBinary(table.geom).label("shape")).where(concerned).order_by(table.id)
        found = self.connection.execute(query).all()
        shapes = np.asarray(shapely.from_wkb([bytes(row.shape) for row in found]), dtype=object)
        to = placed(self.index, shapes).grid.astype(np.int64) if found else np.empty(0, dtype=np.int64)
        return Led(np.array([row.id for row in found], dtype=np.int64), to)


def _joined(some: Led, others: Led) -> Led:
    """Both, of whom none is in both."""
    ids, grids = np.concatenate([some.ids, others.ids]), np.concatenate([some.grids, others.grids])
    order = np.argsort(ids)
    return Led(ids[order], grids[order])
