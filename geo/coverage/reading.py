"""Units and who may help, read from the store as arrays; all of them, or some asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import parameters
from geo.arrays import Floats, Ints
from geo.coverage.units import Keys, Organisations, Units
from geo.crs import to_metres
from geo.entities import ENTITIES
from geo.entities.lists import lists
from geo.fetching import Made, day, fetch, fetch_known, figure, flag, whole, word

UNITS = ENTITIES["units"].table
RECORDS = ENTITIES["coverage_records"].table
ORGANISATIONS = ENTITIES["party_organisations"].table
DISTRICTS = ENTITIES["business_districts"].table


@dataclass(frozen=True, eq=False)
class Read:
    """Units as they are read: the arrays, where they lie in degrees, and the business districts that hold each.

    Attributes
    ----------
    lonlat
        (n, 2) degrees WGS 84; NaN where a unit has no place.
    held
        Pairs (m, 2) of a position in ``units`` and the id of a business district; by position, the smallest first.
    """

    units: Units
    lonlat: Floats
    held: Ints


@dataclass(frozen=True, eq=False)
class Asked:
    """Which rows are read: those with these ids; None for all."""

    ids: Ints | None = None

    def named(self, column: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
        """Conditions that ``column`` is one of the ids, a parameter of the statement: :attr:`given`."""
        return [] if self.ids is None else [column == sa.any_(parameters.listed("asked_ids"))]

    @property
    def given(self) -> dict[str, object]:
        """The value of that parameter."""
        return {} if self.ids is None else {"asked_ids": parameters.ids(self.ids)}

    def name(self, of: str) -> str:
        """What a statement made for all, or for some, is called."""
        return f"all {of}" if self.ids is None else f"some {of}"


ALL = Asked()


# -- units -------------------------------------------------------------------------------------------------------------
def units(connection: sa.Connection, metric_epsg: int, asked: Asked = ALL) -> Read:
    """Units in ascending order of id; what is not told of one is unknown, and it counts as in business unless told."""
    told = fetch_known(connection, asked.name("units"), lambda: _units(asked), asked.given)
    lonlat = np.column_stack([told.pop("x"), told.pop("y")])
    held = holding(connection, lonlat)
    first = np.unique(held[:, 0], return_index=True)[1]
    park = np.zeros(len(lonlat), dtype=np.int64)
    park[held[first, 0]] = held[first, 1]
    return Read(Units(park=park, xy_m=metres(lonlat, metric_epsg), **told), lonlat, held)


def _units(asked: Asked) -> Made:
    table = UNITS.c
    columns = {
        "id": whole(table.id),
        "building": whole(table.building_id),
        "grid": whole(table.grid_id),
        "x": figure(gis.ST_X(table.geom)),
        "y": figure(gis.ST_Y(table.geom)),
        "industry": word(table.industry, list(lists()["industries"])),
        "workers": figure(table.workers),
        "members": figure(table.members),
        "operating": flag(table.operating, missing=True),
        "surveyed": day(table.surveyed_on),
    }
    return columns, sa.select(UNITS).where(*asked.named(table.id)).order_by(table.id)


def holding(connection: sa.Connection, lonlat: Floats) -> Ints:
    """Pairs (m, 2) of a position in ``lonlat`` and the id of a business district that holds the point.

    By position, then the smallest district first, of equal ones the lowest id. On its border is in it.
    """
    placed = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
    if not len(placed):
        return np.empty((0, 2), dtype=np.int64)
    box = [*lonlat[placed].min(axis=0).tolist(), *lonlat[placed].max(axis=0).tolist()]
    rows = connection.execute(_districts(), dict(zip(_SIDES, box, strict=True))).all()
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    shapely.prepare(shapes)
    points = np.asarray(shapely.points(lonlat[placed]))
    district, point = shapely.STRtree(points).query(shapes, predicate="intersects")
    order = np.lexsort((district, point))
    ids = np.array([row.id for row in rows], dtype=np.int64)
    return np.column_stack([placed[point[order]], ids[district[order]]]).astype(np.int64)


_SIDES = ("west", "south", "east", "north")


@cache
def _districts() -> sa.Select[Any]:
    """Business districts that meet a box of degrees, the smallest first."""
    sides = [sa.bindparam(side, type_=sa.Double) for side in _SIDES]
    near = sa.select(DISTRICTS.c.id, gis.ST_AsBinary(DISTRICTS.c.geom).label("shape"))
    meets = DISTRICTS.c.geom.op("&&")(gis.ST_MakeEnvelope(*sides, 4326))
    return near.where(meets).order_by(DISTRICTS.c.area_m2, DISTRICTS.c.id)


def metres(lonlat: Floats, epsg: int) -> Floats:
    """Places (n, 2) of degrees WGS 84 in a metric CRS; NaN where there is none."""
    found = np.full(lonlat.shape, np.nan)
    placed = np.isfinite(lonlat).all(axis=1)
    found[placed] = to_metres(lonlat[placed], epsg)
    return found


# -- who may help ------------------------------------------------------------------------------------------------------
def organisations(connection: sa.Connection, metric_epsg: int, on: np.datetime64, methods: Keys) -> Organisations:
    """Party organisations that have a place, in ascending order of id, with what each can still do.

    Parameters
    ----------
    on
        The day on which those helped already are counted.
    methods
        Ways of helping: who covers a unit by one of them helps it.
    """
    record, organisation = RECORDS.c, ORGANISATIONS.c
    today = sa.cast(sa.literal(str(on)), sa.Date)
    in_force = sa.and_(
        sa.or_(record.since.is_(None), record.since <= today), sa.or_(record.until.is_(None), record.until > today)
    )
    helped = (
        sa.select(record.organisation_id, sa.func.count(sa.distinct(record.unit_id)).label("units"))
        .where(record.method.in_(methods.tolist()), in_force)
        .group_by(record.organisation_id)
        .subquery()
    )
    columns = {
        "id": whole(organisation.id),
        "x": figure(gis.ST_X(organisation.geom)),
        "y": figure(gis.ST_Y(organisation.geom)),
        "kind": word(organisation.kind, list(lists()["organisation_kinds"])),
        "industry": word(organisation.industry, list(lists()["industries"])),
        "capacity": figure(organisation.capacity),
        "helped": figure(helped.c.units),
    }
    joined = ORGANISATIONS.outerjoin(helped, helped.c.organisation_id == organisation.id)
    told = fetch(connection, columns, sa.select(ORGANISATIONS).select_from(joined).order_by(organisation.id))
    free = np.maximum(told["capacity"] - np.nan_to_num(told["helped"]), 0)
    lonlat = np.column_stack([told["x"], told["y"]])
    return Organisations(told["id"], metres(lonlat, metric_epsg), told["kind"], told["industry"], free)
