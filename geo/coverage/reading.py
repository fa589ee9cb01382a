"""Units, who covers them, and who may help, read from the store as arrays; all of them, or some asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray

from geo import parameters
from geo.arrays import Floats, Ints
from geo.coverage.units import METHODS, Coverings, Keys, Organisations, Units
from geo.crs import to_metres
from geo.entities import ENTITIES
from geo.entities.lists import lists
from geo.fetching import Column, Made, day, fetch, fetch_known, figure, flag, whole, word

UNITS = ENTITIES["units"].table
RECORDS = ENTITIES["coverage_records"].table
ORGANISATIONS = ENTITIES["party_organisations"].table
DISTRICTS = ENTITIES["business_districts"].table

BRANCHES = ("branch", "joint_branch", "grid_branch")
"""Kinds of organisations that have a most number of members."""

_ONE_UNIT = ("own", "joint")  # of a building or grid these mean `area`: its units have no organisation of their own


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


# -- who covers them ---------------------------------------------------------------------------------------------------
def coverings(connection: sa.Connection, given: Units, on: np.datetime64, asked: Asked = ALL) -> Coverings:
    """Records of coverage, one row a unit and record; a record of a building or grid for each unit that lies there.

    A building or grid has no organisation of its own: ``own``, ``joint`` and ``area`` of one mean ``area``, and
    ``industry``, which covers units and not ground, means nothing there.

    Parameters
    ----------
    given
        The units whose records are wanted, as :func:`units` has read them with the same ``asked``.
    on
        The day on which units of a branch are counted, those in business only.
    """
    told = _records(connection, on, None if asked.ids is None else given)
    method = told["method"]
    on_ground = told["unit"] == 0
    method = np.where(on_ground & np.isin(method, _ONE_UNIT), "area", method)
    usable = (method != "") & ~(on_ground & (method == "industry"))
    keys = (given.id, given.building, given.grid)
    row, unit = [], []
    taken = np.zeros(len(method), dtype=np.bool_)
    for name, key in zip(("unit", "building", "grid"), keys, strict=True):
        these = np.flatnonzero(usable & ~taken & (told[name] != 0))
        taken |= told[name] != 0
        pairs = _matched(told[name][these], key)
        row.append(these[pairs[0]])
        unit.append(pairs[1])
    rows, units_of = np.concatenate(row), np.concatenate(unit)
    order = np.lexsort((told["record"][rows], units_of))
    rows, units_of = rows[order], units_of[order]
    return Coverings(
        unit=units_of,
        record=told["record"][rows],
        organisation=told["organisation"][rows],
        method=method[rows],
        evidence=told["evidence"][rows],
        since=told["since"][rows],
        until=told["until"][rows],
        branch_members=told["branch_members"][rows],
        branch_units=told["branch_units"][rows],
    )


def _matched(wanted: Ints, key: Ints) -> tuple[Ints, Ints]:
    """Positions in ``wanted`` and in ``key`` of every pair that is equal."""
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    first = np.searchsorted(ranked, wanted, side="left")
    count = np.searchsorted(ranked, wanted, side="right") - first
    left = np.repeat(np.arange(len(wanted)), count)
    step = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
    return left, order[first[left] + step]


def _records(connection: sa.Connection, on: np.datetime64, of: Units | None) -> dict[str, NDArray[Any]]:
    """All records, or those of some units and of the buildings and grids they lie in."""
    keys = {} if of is None else {"units": of.id, "buildings": of.building, "grids": of.grid}
    given = {name: parameters.ids(np.unique(ids)) for name, ids in keys.items()}
    told = fetch_known(connection, f"records by {', '.join(keys)}", lambda: _recorded(bool(keys)), given)
    ids, units = _branches(connection, on, Asked(None if of is None else np.unique(told["organisation"])))
    told["branch_units"] = np.zeros(len(told["organisation"]), dtype=np.int64)
    known = np.isin(told["organisation"], ids)
    told["branch_units"][known] = units[np.searchsorted(ids, told["organisation"][known])]
    return told


def _recorded(is_some: bool) -> Made:
    record, organisation = RECORDS.c, ORGANISATIONS.alias().c
    members = sa.case((organisation.kind.in_(BRANCHES), organisation.members))
    columns: dict[str, Column] = {
        "record": whole(record.id),
        "unit": whole(record.unit_id),
        "building": whole(record.building_id),
        "grid": whole(record.grid_id),
        "organisation": whole(record.organisation_id),
        "method": word(record.method, METHODS),
        "evidence": day(record.evidence_on),
        "since": day(record.since),
        "until": day(record.until),
        "branch_members": figure(members),
    }
    joined = RECORDS.outerjoin(organisation.id.table, organisation.id == record.organisation_id)
    query = sa.select(RECORDS).select_from(joined).order_by(record.id)
    if is_some:
        named = {"units": record.unit_id, "buildings": record.building_id, "grids": record.grid_id}
        query = query.where(sa.or_(*(column == sa.any_(parameters.listed(name)) for name, column in named.items())))
    return columns, query


def _branches(connection: sa.Connection, on: np.datetime64, asked: Asked) -> tuple[Ints, Ints]:
    """Ids of organisations, ascending, and how many units in business each covers by ``own`` or ``joint``."""
    given = {"today": str(on), **asked.given}
    told = fetch_known(connection, asked.name("branches"), lambda: _counted(asked), given)
    return told["id"], told["units"]


def _counted(asked: Asked) -> Made:
    record, unit = RECORDS.c, UNITS.c
    today = sa.cast(sa.bindparam("today", type_=sa.Text), sa.Date)
    in_force = sa.and_(
        sa.or_(record.since.is_(None), record.since <= today), sa.or_(record.until.is_(None), record.until > today)
    )
    counted = (
        sa.select(record.organisation_id, sa.func.count(sa.distinct(record.unit_id)).label("units"))
        .join(unit.id.table, unit.id == record.unit_id)
        .where(record.method.in_(_ONE_UNIT), in_force, unit.operating.is_distinct_from(sa.false()))
        .where(*asked.named(record.organisation_id))
        .group_by(record.organisation_id)
    )
    branch = counted.subquery().c
    query = sa.select(branch.organisation_id.table).where(branch.organisation_id.is_not(None))
    columns = {"id": whole(branch.organisation_id), "units": whole(branch.units)}
    return columns, query.order_by(branch.organisation_id)


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
