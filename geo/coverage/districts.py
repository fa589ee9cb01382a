"""One business district in full: buildings with floors and states, rates, alliances, the grids it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry.base import BaseGeometry

from geo.areas import Edition
from geo.assignments import open_index
from geo.coverage import dossiers, rates, sums
from geo.coverage.dossiers import Formation
from geo.coverage.found import Found
from geo.coverage.rates import RATES
from geo.coverage.reading import DISTRICTS, ORGANISATIONS, UNITS
from geo.coverage.rulebooks import STATES
from geo.coverage.scores import scores
from geo.coverage.sums import Sums
from geo.entities import ENTITIES
from geo.errors import Unknown
from geo.rows import one_of
from geo.space.overlaps import overlaps
from geo.tables import buildings

MOST = 2_000
"""Buildings told of one district at most, the heaviest first."""

_ALLIANCES, _MEMBERS = ENTITIES["alliances"].table, ENTITIES["alliance_members"].table


@dataclass(frozen=True)
class Rate:
    """A rate with its parts; ``value`` 0 to 1, None where it is a share of nothing."""

    of: int
    among: int
    value: float | None


@dataclass(frozen=True)
class Counted:
    """What units add up to: by state, and every rate by unit and by worker."""

    units: dict[str, int]
    workers: dict[str, int]
    uncounted: int
    score: float
    rates: dict[str, Rate]
    rates_by_workers: dict[str, Rate]


@dataclass(frozen=True)
class BuildingTold:
    """A building of the district; ``code`` None where no unit is known to be in it, ``place`` in degrees."""

    id: int
    name: str
    place: tuple[float, float]
    use: str | None
    floors: float | None
    code: str | None
    straddles: bool
    units: dict[str, int]
    workers: int
    score: float
    formation: Formation | None


@dataclass(frozen=True)
class Member:
    """Who is in an alliance: a unit or an organisation."""

    kind: str
    id: int
    name: str


@dataclass(frozen=True)
class Alliance:
    """An alliance of the district, with those in it today."""

    id: int
    name: str
    leader: Member | None
    founded_on: date | None
    members: list[Member]


@dataclass(frozen=True)
class Leaf:
    """A grid the district lies in, with the share of the district's ground."""

    code: str
    name: str
    share: float


@dataclass(frozen=True)
class District:
    """All that is known of a business district.

    ``buildings`` are those whose middle lies in it, the heaviest first; ``more_buildings`` are not told.
    """

    counted: Counted
    buildings: list[BuildingTold]
    more_buildings: int
    alliances: list[Alliance]
    formation: Formation | None
    leaves: list[Leaf]


def district(connection: sa.Connection, found: Found, number: int) -> District:
    """The business district with this id.

    Raises
    ------
    Unknown
        When there is none.
    """
    _ground(connection, number)
    held = found.held[found.held[:, 1] == number, 0]
    pairs = held, np.full(len(held), number)
    told = _buildings(connection, found, number)
    return District(
        counted=counted(found, sums.of(found.units, found.states, pairs, found.book, np.array([number]))),
        buildings=told[:MOST],
        more_buildings=max(0, len(told) - MOST),
        alliances=_alliances(connection, number, found.run.day),
        formation=dossiers.formations(connection, found, "business-district", [number]).get(number),
        leaves=leaves(connection, found.edition, number),
    )


def _ground(connection: sa.Connection, number: int) -> BaseGeometry:
    ground = connection.scalar(sa.select(gis.ST_AsBinary(DISTRICTS.c.geom)).where(DISTRICTS.c.id == number))
    if ground is None:
        raise Unknown(f"no business district {number}; ids are told by /v1/business-districts")
    return shapely.from_wkb(bytes(ground))


def counted(found: Found, summed: Sums, at: int = 0) -> Counted:
    """What one row of sums says."""
    scored = scores(summed, found.book)
    weighings: tuple[rates.Weighing, ...] = ("units", "workers")
    each = [{rate: _rate(*rates.parts(summed, rate, by), at) for rate in RATES} for by in weighings]
    return Counted(
        units={state: int(n) for state, n in zip(STATES, summed.units[at].tolist(), strict=True) if n},
        workers={state: round(n) for state, n in zip(STATES, summed.workers[at].tolist(), strict=True) if n},
        uncounted=int(summed.uncounted[at].sum()),
        score=float(scored.score[at]),
        rates=each[0],
        rates_by_workers=each[1],
    )


def _rate(of: Any, among: Any, at: int) -> Rate:
    part, whole = round(float(of[at])), round(float(among[at]))
    return Rate(part, whole, round(part / whole, 4) if whole else None)


def _buildings(connection: sa.Connection, found: Found, number: int) -> list[BuildingTold]:
    table = buildings.c
    middle = gis.ST_PointOnSurface(table.geom)
    inside = gis.ST_Intersects(middle, DISTRICTS.c.geom)
    told_of = (table.id, table.name, table.address, table.use, table.floors, table.straddles, table.pinned_id)
    query = (
        sa.select(*told_of, gis.ST_X(middle).label("lon"), gis.ST_Y(middle).label("lat"))
        .join(DISTRICTS, sa.and_(table.geom.op("&&")(DISTRICTS.c.geom), inside))
        .where(DISTRICTS.c.id == number)
        .order_by(table.id)
    )
    rows = connection.execute(query).all()
    ids = np.array([row.id for row in rows], dtype=np.int64)
    there = np.flatnonzero(np.isin(found.units.building, ids))
    pairs = there, found.units.building[there]
    summed = sums.of(found.units, found.states, pairs, found.book, ids)
    code, scored = sums.worst(summed, found.book), scores(summed, found.book)
    ways = dossiers.formations(connection, found, "building", ids.tolist())
    told = [
        BuildingTold(
            id=row.id,
            name=row.name or row.address or f"#{row.id}",
            place=(round(row.lon, 7), round(row.lat, 7)),
            use=row.use,
            floors=row.floors,
            code=str(code[at]) or None,
            straddles=bool(row.straddles and row.pinned_id is None),
            units={state: int(n) for state, n in zip(STATES, summed.units[at].tolist(), strict=True) if n},
            workers=round(float(summed.workers[at].sum())),
            score=float(scored.score[at]),
            formation=ways.get(row.id),
        )
        for at, row in enumerate(rows)
    ]
    return sorted(told, key=lambda one: (-one.score, -sum(one.units.values()), one.id))


def _alliances(connection: sa.Connection, number: int, day: date) -> list[Alliance]:
    query = sa.select(_ALLIANCES).where(_ALLIANCES.c.business_district_id == number).order_by(_ALLIANCES.c.id)
    told = connection.execute(query).mappings().all()
    member = _MEMBERS.c
    today = sa.and_(
        sa.or_(member.since.is_(None), member.since <= day), sa.or_(member.until.is_(None), member.until > day)
    )
    those = one_of(member.alliance_id, [row["id"] for row in told])
    members = connection.execute(sa.select(_MEMBERS).where(those, today).order_by(member.id)).mappings().all()
    leaders = [row["leader_id"] for row in told]
    organisations = _names(connection, ORGANISATIONS, [*leaders, *(row["organisation_id"] for row in members)])
    units = _names(connection, UNITS, [row["unit_id"] for row in members])
    return [
        Alliance(
            id=row["id"],
            name=row["name"] or f"#{row['id']}",
            leader=organisations.get(row["leader_id"]),
            founded_on=row["founded_on"],
            members=[
                found
                for one in members
                if one["alliance_id"] == row["id"]
                for found in (units.get(one["unit_id"]), organisations.get(one["organisation_id"]))
                if found is not None
            ],
        )
        for row in told
    ]


def _names(connection: sa.Connection, table: sa.Table, ids: list[int | None]) -> dict[int | None, Member]:
    wanted = sorted({one for one in ids if one is not None})
    kind = "unit" if table is UNITS else "organisation"
    rows = connection.execute(sa.select(table.c.id, table.c.name).where(one_of(table.c.id, wanted)))
    return {row.id: Member(kind, row.id, row.name or f"#{row.id}") for row in rows}


def leaves(connection: sa.Connection, edition: Edition, number: int) -> list[Leaf]:
    """Grids of an edition, or of a forecast, that a business district lies in, the largest share first.

    Raises
    ------
    Unknown
        When there is no such district.
    """
    index = open_index(connection, edition)
    shape = np.array([_ground(connection, number)], dtype=object)
    there = overlaps(index.index, shape)
    order = np.argsort(-there.share, kind="stable")
    rows = index.leaves
    return [
        Leaf(str(rows.codes[at]), str(rows.names[at]), round(float(share), 4))
        for at, share in zip(there.position[order].tolist(), there.share[order].tolist(), strict=True)
    ]
