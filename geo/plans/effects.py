"""Who moves from whom to whom: buildings, incidents and units before and after, placed as a publish places them.

Read are the rows of the touched grids and of buildings that lie across their borders, whatever the city holds beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import rows
from geo.arrays import Bools, Codes, Floats, Ints, Shapes
from geo.assignments import decided
from geo.buildings.placing import STRADDLES_BELOW, held
from geo.entities import ENTITIES
from geo.incidents.ending import is_ended
from geo.laggards import today
from geo.plans.grounds import Ground, Index, indexes_for, meets
from geo.space.overlaps import overlaps
from geo.tables import buildings, codes

Rows = Sequence[sa.Row[*tuple[Any, ...]]]
RECENT = timedelta(days=365)
"""How far back incidents of 12 months reach."""
COUNTS = ("households", "firms", "workers")
"""What is known of buildings."""
_UNITS = ENTITIES["units"].table
_ESTATES = ENTITIES["estates"].table


@dataclass(frozen=True, eq=False)
class Placed:
    """Rows (n,) of one noun: the code of the grid each belongs to and will belong to, "" outside the city."""

    id: Ints
    was: Codes
    now: Codes

    @property
    def moves(self) -> Bools:
        """Which will belong to another grid."""
        return np.asarray(self.was != self.now, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Buildings(Placed):
    """Buildings, with what is known of each (NaN where unknown).

    ``straddled`` and ``straddles`` say whether no grid has enough of it, before and after; ``share`` is that of the
    largest part afterwards; one that is pinned straddles as well, and is no blind spot.
    """

    households: Floats
    firms: Floats
    workers: Floats
    straddled: Bools
    straddles: Bools
    was_pinned: Bools
    is_pinned: Bools
    share: Floats
    use: Codes
    shape: Shapes


@dataclass(frozen=True, eq=False)
class Incidents(Placed):
    """Incidents: whether each is open, and of the last twelve months."""

    is_open: Bools
    is_recent: Bools


@dataclass(frozen=True, eq=False)
class Estates:
    """Residential estates (n,) on ground that changes; whether no grid has enough of each, before and after."""

    name: Codes
    grid: Codes
    straddled: Bools
    straddles: Bools
    shape: Shapes


@dataclass(frozen=True, eq=False)
class Effects:
    """What a plan does to whom.

    ``units`` are those in business; ``are_known`` tells whether any building is stored: where none is, nothing is known
    of households, and a grid without one holds not 0.
    """

    ground: Ground
    index_before: Index
    index: Index
    buildings: Buildings
    incidents: Incidents
    units: Placed
    estates: Estates
    are_known: bool

    def known(self, name: str, among: Bools) -> int | None:
        """What some buildings are known to hold of ``households``, ``firms`` or ``workers``; None where not one is."""
        some: Floats = getattr(self.buildings, name)[among]
        found = some[np.isfinite(some)]
        if not self.are_known or (some.size and not found.size):
            return None
        return int(found.sum())


def effects(connection: sa.Connection, ground: Ground, now: datetime | None = None) -> Effects:
    """What belongs to the grids a plan touches, before and after; ``now``, aware, ends the twelve months."""
    told, estates = _buildings(connection, ground), _estates(connection, ground)
    shapes, walled = (_shapes(row.shape for row in some) for some in (told, estates))
    parted = np.array([row.share < 1 for row in told], dtype=np.bool_)
    before, after = indexes_for(connection, ground, np.concatenate([shapes[parted], walled]))
    placed = _placed(after, told, shapes)
    return Effects(
        ground=ground,
        index_before=before,
        index=after,
        buildings=placed,
        incidents=_incidents(connection, ground, after, now or datetime.now(UTC)),
        units=_units(connection, ground, after, placed),
        estates=_walled((before, after), _texts(row.name or "" for row in estates), walled),
        are_known=bool(told) or bool(connection.scalar(sa.select(sa.exists(sa.select(buildings.c.id))))),
    )


# -- estates -----------------------------------------------------------------------------------------------------------
def _estates(connection: sa.Connection, ground: Ground) -> Rows:
    query = sa.select(_ESTATES.c.name, gis.ST_AsBinary(_ESTATES.c.geom).label("shape"))
    return connection.execute(query.where(meets(_ESTATES.c.geom, ground.closed)).order_by(_ESTATES.c.id)).all()


def _walled(indexes: tuple[Index, Index], names: Codes, shapes: Shapes) -> Estates:
    (_, was), (position, is_) = (overlaps(index.index, shapes).largest(len(shapes)) for index in indexes)
    return Estates(
        name=names,
        grid=indexes[1].called(position),
        straddled=(was > 0) & (was < STRADDLES_BELOW),
        straddles=(is_ > 0) & (is_ < STRADDLES_BELOW),
        shape=shapes,
    )


# -- buildings ---------------------------------------------------------------------------------------------------------
def _buildings(connection: sa.Connection, ground: Ground) -> Rows:
    """Buildings of the touched grids, and those in several leaves near one that becomes another."""
    of, pinned = codes.alias(), codes.alias()
    across = sa.and_(buildings.c.share < 1, meets(buildings.c.geom, ground.closed))
    concerned = [rows.one_of(buildings.c.grid_id, sorted(ground.ids.values())), across]
    if ground.outline_moved:
        near = meets(buildings.c.geom, shapely.bounds([leaf.shape for leaf in ground.after.values()]))
        concerned.append(sa.and_(buildings.c.grid_id.is_(None), near))
    query = (
        sa.select(
            *(buildings.c[name] for name in ("id", "share", "straddles", "use", *COUNTS)),
            sa.func.coalesce(of.c.code, "").label("was"),
            sa.func.coalesce(pinned.c.code, "").label("pinned"),
            gis.ST_AsBinary(buildings.c.geom).label("shape"),
        )
        .outerjoin(of, of.c.id == buildings.c.grid_id)
        .outerjoin(pinned, pinned.c.id == buildings.c.pinned_id)
        .where(sa.or_(*concerned))
        .order_by(buildings.c.id)
    )
    return connection.execute(query).all()


def _placed(index: Index, told: Rows, shapes: Shapes) -> Buildings:
    pinned_texts = _texts(row.pinned for row in told)
    found = held(index.index, shapes, index.called, pinned_texts)
    return Buildings(
        id=np.array([row.id for row in told], dtype=np.int64),
        was=_texts(row.was for row in told),
        now=index.called(found.position),
        **{name: _figures([getattr(row, name) for row in told]) for name in COUNTS},
        straddled=np.array([row.straddles for row in told], dtype=np.bool_),
        straddles=found.straddles,
        was_pinned=pinned_texts != "",
        is_pinned=found.is_pinned,
        share=found.share,
        use=_texts(row.use or "" for row in told),
        shape=shapes,
    )


# -- incidents ---------------------------------------------------------------------------------------------------------
def _incidents(connection: sa.Connection, ground: Ground, index: Index, now: datetime) -> Incidents:
    of, those = codes.alias(), today(connection)
    concerned = rows.one_of(those.c.grid_now, sorted(ground.ids.values()))
    if ground.outline_moved:
        near = meets(those.c.geom, shapely.bounds([leaf.shape for leaf in ground.after.values()]))
        concerned = sa.or_(concerned, sa.and_(those.c.grid_now.is_(None), near))
    recent = sa.and_(those.c.occurred_at >= now - RECENT, those.c.occurred_at <= now)
    query = (
        sa.select(
            those.c.id,
            sa.func.coalesce(of.c.code, "").label("was"),
            gis.ST_X(those.c.geom).label("x"),
            gis.ST_Y(those.c.geom).label("y"),
            sa.not_(is_ended(those)).label("is_open"),
            recent.label("is_recent"),
        )
        .outerjoin(of, of.c.id == those.c.grid_now)
        .where(concerned, those.c.geom.is_not(None))
        .order_by(those.c.id)
    )
    told = connection.execute(query).all()
    was = _texts(row.was for row in told)
    return Incidents(
        id=np.array([row.id for row in told], dtype=np.int64),
        was=was,
        now=_moved(ground, index, was, _points(told)),
        is_open=np.array([row.is_open for row in told], dtype=np.bool_),
        is_recent=np.array([row.is_recent for row in told], dtype=np.bool_),
    )


def _moved(ground: Ground, index: Index, was: Codes, lonlat: Floats) -> Codes:
    """Where points belong afterwards: those on ground that is not what it was are assigned anew."""
    now = was.astype(object)
    anew = np.flatnonzero((np.isin(was, sorted(ground.left)) | (was == "")) & np.isfinite(lonlat[:, 0]))
    now[anew] = index.called(decided(index, lonlat[anew]))
    return now.astype(np.str_)


# -- units -------------------------------------------------------------------------------------------------------------
def _units(connection: sa.Connection, ground: Ground, index: Index, placed: Buildings) -> Placed:
    """Units in the touched grids, and in buildings that come to another; each goes where its building goes."""
    of = codes.alias()
    concerned = [
        rows.one_of(_UNITS.c.grid_id, sorted(ground.ids.values())),
        rows.one_of(_UNITS.c.building_id, placed.id[placed.moves].tolist()),
    ]
    if ground.outline_moved:
        near = meets(_UNITS.c.geom, shapely.bounds([leaf.shape for leaf in ground.after.values()]))
        concerned.append(sa.and_(_UNITS.c.grid_id.is_(None), near))
    query = (
        sa.select(
            _UNITS.c.id,
            sa.func.coalesce(of.c.code, "").label("was"),
            sa.func.coalesce(_UNITS.c.building_id, 0).label("building"),
            gis.ST_X(_UNITS.c.geom).label("x"),
            gis.ST_Y(_UNITS.c.geom).label("y"),
        )
        .outerjoin(of, of.c.id == _UNITS.c.grid_id)
        .where(sa.or_(*concerned), _UNITS.c.operating.is_distinct_from(sa.false()))
        .order_by(_UNITS.c.id)
    )
    told = connection.execute(query).all()
    was = _texts(row.was for row in told)
    building = np.array([row.building for row in told], dtype=np.int64)
    now = np.where(building > 0, was, _moved(ground, index, was, _points(told)))
    to = dict(zip(placed.id[placed.moves].tolist(), placed.now[placed.moves].tolist(), strict=True))
    now = np.array(
        [to.get(one, code) for one, code in zip(building.tolist(), now.tolist(), strict=True)], dtype=np.str_
    )
    return Placed(id=np.array([row.id for row in told], dtype=np.int64), was=was, now=now)


# -- columns -----------------------------------------------------------------------------------------------------------
def _points(told: Rows) -> Floats:
    """Places (n, 2) of rows, NaN where there is none."""
    return np.array([(row.x, row.y) for row in told], dtype=np.float64).reshape(-1, 2)


def _shapes(told: Iterable[bytes]) -> Shapes:
    return np.asarray(shapely.from_wkb(np.array([bytes(one) for one in told], dtype=object)), dtype=object)


def _texts(told: Iterable[str]) -> Codes:
    return np.array(list(told), dtype=np.str_)


def _figures(told: list[float | None]) -> Floats:
    return np.array(told, dtype=np.float64)
