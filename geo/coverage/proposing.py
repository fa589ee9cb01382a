"""What is proposed for blind spots: who may help, and which joint branch their units could found with others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry import mapping

from geo import areas, revisions
from geo.arrays import Shapes
from geo.coverage import reading
from geo.coverage.found import Found
from geo.coverage.helping import HelpRules, helpers, sentences
from geo.coverage.particulars import Joint
from geo.coverage.reading import ORGANISATIONS, UNITS
from geo.coverage.units import Organisations
from geo.coverage.wording import Said
from geo.crs import from_metres, shapes_to_metres
from geo.rows import one_of
from geo.tables import buildings

HELPED = ("P1", "P2", "P3", "P4")
"""States in which somebody from outside may help."""

_AROUND_M = 12.0  # of the outline around the buildings of a joint branch
_READ = ("party_organisations", "coverage_records")  # what helpers are read from
_KEPT = 2
_organisations: OrderedDict[tuple[object, ...], Organisations] = OrderedDict()
_reading = Lock()

Place = tuple[float, float]


@dataclass(frozen=True)
class Helper:
    """An organisation that may help; ``free`` units more, None where that is not recorded."""

    id: int
    name: str
    kind: str
    industry: str | None
    free: int | None
    distance_m: int
    place: Place | None
    reason: Said


@dataclass(frozen=True)
class Member:
    """A unit of a proposed joint branch."""

    id: int
    name: str
    members: int | None
    workers: int | None
    building: int | None


@dataclass(frozen=True)
class Group:
    """A proposed joint branch: ``units`` with ``members`` together, on the ground of ``basis``.

    Attributes
    ----------
    id
        None of one that is foretold and that no run has proposed so far.
    industries
        Those that two or more of its units share.
    members_units
        Its units by id; empty where only the sum is told.
    outline
        GeoJSON around their buildings, degrees WGS 84; None where only the sum is told, or none has a place.
    """

    id: int | None
    basis: str
    units: int
    members: int
    diameter_m: float | None
    industries: list[str]
    members_units: list[Member]
    outline: dict[str, Any] | None


# -- helpers -----------------------------------------------------------------------------------------------------------
def who_may_help(
    connection: sa.Connection, found: Found, places: Sequence[Place | None], industries: Sequence[str]
) -> list[list[Helper]]:
    """The nearest organisations able to help each place, by the rules of the run."""
    if not places:
        return []
    city, rules = areas.city(connection), HelpRules.of(found.book.help)
    able = _able(connection, found, city.metric_epsg)
    lonlat = np.array([place or (np.nan, np.nan) for place in places], dtype=np.float64)
    near = helpers(reading.metres(lonlat, city.metric_epsg), np.array(industries, dtype=np.str_), able, rules)
    ids = able.id[np.unique(near.organisation[near.organisation >= 0])]
    named = _named(connection, ids.tolist())
    told: list[list[Helper]] = []
    for at in range(len(places)):
        ranks = [rank for rank in range(near.organisation.shape[1]) if near.organisation[at, rank] >= 0]
        told.append([_helper(near, able, named, (at, rank)) for rank in ranks])
    return told


def _helper(near: Any, able: Organisations, named: dict[int, Any], where: tuple[int, int]) -> Helper:
    at = int(near.organisation[where])
    number, free = int(able.id[at]), float(near.free[where])
    row = named[number]
    values = {"free": int(free) if np.isfinite(free) else "", "reach_m": ""}
    said = [sentences()[key] for key in near.reasons(*where)]
    reason = Said(
        zh="；".join(one["zh"].format_map(values) for one in said),
        en="; ".join(one["en"].format_map(values) for one in said),
    )
    return Helper(
        id=number,
        name=row.name or f"#{number}",
        kind=str(able.kind[at]),
        industry=str(able.industry[at]) or None,
        free=int(free) if np.isfinite(free) else None,
        distance_m=round(float(near.distance_m[where])),
        place=None if row.x is None else (round(row.x, 7), round(row.y, 7)),
        reason=reason,
    )


def _named(connection: sa.Connection, ids: list[int]) -> dict[int, Any]:
    table = ORGANISATIONS.c
    query = sa.select(table.id, table.name, gis.ST_X(table.geom).label("x"), gis.ST_Y(table.geom).label("y"))
    return {row.id: row for row in connection.execute(query.where(one_of(table.id, ids)))}


def _able(connection: sa.Connection, found: Found, metric_epsg: int) -> Organisations:
    """Organisations as they are today, read once while nothing changes."""
    read = revisions.several(connection, _READ)
    key = (connection.engine.url, tuple(sorted(read.items())), found.run.day, found.book.help.methods)
    with _reading:
        if key not in _organisations:
            methods = np.array(found.book.help.methods, dtype=np.str_)
            on = np.datetime64(found.run.day, "D")
            _organisations[key] = reading.organisations(connection, metric_epsg, on, methods)
        _organisations.move_to_end(key)
        while len(_organisations) > _KEPT:
            _organisations.popitem(last=False)
        return _organisations[key]


# -- joint branches ----------------------------------------------------------------------------------------------------
def joint_branches(
    connection: sa.Connection, found: Found, units: Sequence[Sequence[int]], *, in_full: bool = False
) -> list[Group | None]:
    """The joint branch that most of each set of unit ids could found together with others; None where there is none.

    Of equal ones the earlier one. ``in_full`` tells the units of each, and the outline around them.
    """
    of_unit = found.particulars.joint(connection, sorted({number for some in units for number in some}))
    order = {one.key: rank for rank, one in enumerate(of_unit.values())}
    told: dict[str, Group] = {}
    chosen: list[Group | None] = []
    for some in units:
        there = [of_unit[number] for number in some if number in of_unit]
        if not there:
            chosen.append(None)
            continue
        most = min(there, key=lambda one: (-there.count(one), order[one.key]))
        if most.key not in told:
            told[most.key] = _group(connection, most, in_full=in_full)
        chosen.append(told[most.key])
    return chosen


def _group(connection: sa.Connection, one: Joint, *, in_full: bool) -> Group:
    units = [int(number) for number in one.key.split(",")]
    members = _members(connection, units) if in_full else []
    return Group(
        id=one.id,
        basis=one.basis,
        units=one.units,
        members=one.members,
        diameter_m=one.diameter_m,
        industries=one.industries.split(),
        members_units=members,
        outline=_outline(connection, units) if in_full else None,
    )


def _members(connection: sa.Connection, units: list[int]) -> list[Member]:
    table = UNITS.c
    query = sa.select(table.id, table.name, table.members, table.workers, table.building_id)
    rows = connection.execute(query.where(one_of(table.id, units)).order_by(table.id))
    return [Member(row.id, row.name or f"#{row.id}", row.members, row.workers, row.building_id) for row in rows]


def _outline(connection: sa.Connection, units: list[int]) -> dict[str, Any] | None:
    """Around the footprints of their buildings, and the points of those in none."""
    table = UNITS.c
    ground = gis.ST_AsBinary(sa.func.coalesce(buildings.c.geom, table.geom))
    query = sa.select(ground).select_from(UNITS.outerjoin(buildings, buildings.c.id == table.building_id))
    placed = sa.or_(buildings.c.geom.is_not(None), table.geom.is_not(None))
    rows = connection.scalars(query.where(one_of(table.id, units), placed))
    shapes = shapely.from_wkb(np.array([bytes(one) for one in rows], dtype=object))
    if not len(shapes):
        return None
    epsg = areas.city(connection).metric_epsg
    hull = shapely.convex_hull(shapely.union_all(_metric(shapes, epsg))).buffer(_AROUND_M, quad_segs=3)
    around = shapely.transform(hull, lambda xy: np.round(from_metres(xy, epsg), 7))
    told: dict[str, Any] = mapping(around)
    return told


def _metric(shapes: Shapes, epsg: int) -> Shapes:
    return shapes_to_metres(np.asarray(shapes, dtype=object), epsg)
