"""One blind spot in full: its units, who may help, its joint branch, how it may be led, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa

from geo.arrays import Ints
from geo.coverage import details, followups, histories, proposing, wording
from geo.coverage.details import Spot
from geo.coverage.followups import FollowUp
from geo.coverage.formations import Suggestions, Tenants, suggest, tenants
from geo.coverage.formations import sentences as said_of
from geo.coverage.found import Found
from geo.coverage.histories import Held
from geo.coverage.particulars import Why
from geo.coverage.proposing import HELPED, Group, Helper
from geo.coverage.reading import ORGANISATIONS, UNITS
from geo.coverage.spots import Asked, Ranking, Subject, rank, units_in
from geo.coverage.units import Keys, Units
from geo.coverage.wording import Said
from geo.entities import ENTITIES
from geo.errors import Unknown
from geo.rows import one_of
from geo.tables import buildings

MOST = 1_000
"""Units told of one place at most, the gravest first."""

ESTATES = ENTITIES["estates"].table


@dataclass(frozen=True)
class UnitTold:
    """A unit of a place, with its state and why."""

    id: int
    name: str
    code: str
    reason: Said
    since: date | None
    members: int | None
    workers: int | None
    industry: str | None
    floor: str | None
    building: int | None
    surveyed_on: date | None
    organisation: str | None


@dataclass(frozen=True)
class Formation:
    """How a building or business district may be organised: a key of ``formations.FORMATIONS`` and the reasons."""

    key: str
    zh: str
    en: str
    reasons: list[Said]


@dataclass(frozen=True)
class Proposed:
    """What is proposed for one blind spot, beside what it is."""

    helpers: list[Helper]
    group: Group | None
    follow_up: FollowUp | None


@dataclass(frozen=True)
class Dossier:
    """A blind spot and all that is known of it."""

    spot: Spot
    proposed: Proposed
    units_list: list[UnitTold]
    formation: Formation | None
    history: list[Held]
    follow_ups: list[FollowUp]


# -- one ---------------------------------------------------------------------------------------------------------------
def dossier(connection: sa.Connection, found: Found, about: Subject, code: str | None = None) -> Dossier:
    """All that is known of one thing; told as ``code`` where it is in several states, as G3 beside P1.

    Raises
    ------
    Unknown
        When the run knows no such thing.
    Refused
        For a code there is none of.
    """
    ranking = rank(connection, found, Asked(by=about.kind, codes=(code,) if code else (), only=about.number))
    at = np.flatnonzero(ranking.ids == about.number)
    if not len(at):
        raise Unknown(f"run {found.run.number} tells of no {about.kind} {about.number}")
    (spot,) = details.tell(connection, found, ranking, at, 1)
    (proposed,) = proposals(connection, found, ranking, at, [spot], in_full=True)
    units = units_in(connection, found, about)
    follow_ups, _ = followups.search(connection, spot=spot.id)
    return Dossier(
        spot=spot,
        proposed=proposed,
        units_list=units_told(connection, found, units),
        formation=formations(connection, found, about.kind, [about.number]).get(about.number),
        history=histories.history(connection, about),
        follow_ups=follow_ups,
    )


# -- proposals for a page ----------------------------------------------------------------------------------------------
def proposals(
    connection: sa.Connection,
    found: Found,
    ranking: Ranking,
    rows: Ints,
    told: Sequence[Spot],
    *,
    in_full: bool = False,
) -> list[Proposed]:
    """What is proposed for each of the blind spots ``told`` at ``rows`` of the ranking, in their order."""
    kind = ranking.asked.by
    joining = [_joining(found, ranking, at) if kind in ("unit", "building") else [] for at in rows.tolist()]
    groups = proposing.joint_branches(connection, found, joining, in_full=in_full)
    helped = [at for at, spot in enumerate(told) if kind in ("unit", "building") and spot.code in HELPED]
    industries = _industries(connection, [told[at] for at in helped])
    able = proposing.who_may_help(connection, found, [told[at].place for at in helped], industries)
    helpers: list[list[Helper]] = [[] for _ in told]
    for at, some in zip(helped, able, strict=True):
        helpers[at] = some
    decided = followups.of_subjects(connection, kind, ranking.ids[rows].tolist())
    numbers = ranking.ids[rows].tolist()
    return [
        Proposed(some, group, decided.get(number)) for some, group, number in zip(helpers, groups, numbers, strict=True)
    ]


def _joining(found: Found, ranking: Ranking, at: int) -> list[int]:
    """Ids of the units of a place that are P2."""
    units = ranking.units_of(at)
    ids: list[int] = found.units.id[units[found.states.state[units] == "P2"]].tolist()
    return ids


def _industries(connection: sa.Connection, told: Sequence[Spot]) -> list[str]:
    """Industry of the unit that shows each blind spot best; blank where it is unknown."""
    shown = [spot.evidence[0].unit if spot.evidence else None for spot in told]
    query = sa.select(UNITS.c.id, UNITS.c.industry).where(one_of(UNITS.c.id, [one for one in shown if one is not None]))
    known = {row.id: row.industry for row in connection.execute(query)}
    return [known.get(one) or "" for one in shown]


# -- units -------------------------------------------------------------------------------------------------------------
def units_told(connection: sa.Connection, found: Found, positions: Ints) -> list[UnitTold]:
    """The units at ``positions``, the gravest state first, then most workers, then by id; at most :data:`MOST`."""
    order = {code: number for number, code in enumerate([*found.book.worst, "U"])}
    grave = np.array([order[state] for state in found.states.state[positions].tolist()], dtype=np.int64)
    workers = np.nan_to_num(found.units.workers[positions], nan=-1.0)
    positions = positions[np.lexsort((positions, -workers, grave))][:MOST]
    ids = found.units.id[positions].tolist()
    why, unit = found.particulars.units(connection, ids), UNITS.c
    query = sa.select(unit.id, unit.name, unit.industry, unit.floor, unit.surveyed_on).where(one_of(unit.id, ids))
    rows = {row.id: row for row in connection.execute(query)}
    named = sorted({one.organisation for one in why.values() if one.organisation})
    names = sa.select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).where(one_of(ORGANISATIONS.c.id, named))
    organisations = {row.id: row.name for row in connection.execute(names)}
    return [
        _unit(found, at, (why[number], rows.get(number)), organisations)
        for number, at in zip(ids, positions.tolist(), strict=True)
    ]


def _unit(found: Found, at: int, told: tuple[Why, Any], organisations: Mapping[int, str]) -> UnitTold:
    """A unit as it was found; of one that is on record no more, only that."""
    units, states, (why, row) = found.units, found.states, told
    number, building = int(units.id[at]), int(units.building[at])
    return UnitTold(
        id=number,
        name=(row and row.name) or f"#{number}",
        code=str(states.state[at]),
        reason=wording.reason(found.book, why.reason, organisations, found.run.day),
        since=states.since[at].item(),
        members=_known(units.members[at]),
        workers=_known(units.workers[at]),
        industry=row and row.industry,
        floor=row and row.floor,
        building=building or None,
        surveyed_on=row and row.surveyed_on,
        organisation=organisations.get(why.organisation or 0),
    )


def _known(figure: float) -> int | None:
    return None if np.isnan(figure) else int(figure)


# -- formations --------------------------------------------------------------------------------------------------------
def formations(connection: sa.Connection, found: Found, kind: str, numbers: Sequence[int]) -> dict[int, Formation]:
    """How buildings or business districts may be organised, by number; those without a unit, and others, have none."""
    if kind not in ("building", "business-district"):
        return {}
    unit, place = np.arange(len(found.units.id)), found.units.building
    if kind == "business-district":
        unit, place = found.held[:, 0], found.held[:, 1]
    kept = np.isin(place, list(numbers))
    given = _tenants(found, unit[kept], place[kept])
    parties = _property(connection, given.place) if kind == "building" else np.full(len(given.place), "", dtype="U1")
    is_area = np.full(len(given.place), kind == "business-district")
    least = found.book.thresholds.must_form_members
    suggested = suggest(given, np.zeros(len(given.place), dtype=np.bool_), parties, is_area, least)
    anchors = sorted({number for number in given.anchor.tolist() if number})
    query = sa.select(UNITS.c.id, UNITS.c.name).where(one_of(UNITS.c.id, anchors))
    names = {row.id: row.name or f"#{row.id}" for row in connection.execute(query)}
    return {
        int(given.place[at]): _formation(given, suggested, at, (names, least))
        for at in range(len(given.place))
        if suggested.formation[at]
    }


def _tenants(found: Found, unit: Ints, place: Ints) -> Tenants:
    units = Units(**{name: column[unit] for name, column in vars(found.units).items()})
    return tenants(units, place, found.states.method[unit] == "own", found.book.thresholds.anchor_share)


def _property(connection: sa.Connection, ids: Ints) -> Keys:
    """Party status of the property company of the estate each building lies in; blank where there is none."""
    query = (
        sa.select(buildings.c.id, ESTATES.c.property_party)
        .join(ESTATES, sa.func.ST_Intersects(ESTATES.c.geom, sa.func.ST_PointOnSurface(buildings.c.geom)))
        .where(one_of(buildings.c.id, ids.tolist()))
        .order_by(ESTATES.c.area_m2.desc(), ESTATES.c.id)
    )
    told = {row.id: row.property_party or "" for row in connection.execute(query)}
    return np.array([told.get(number, "") for number in ids.tolist()], dtype=np.str_)


def _formation(given: Tenants, suggested: Suggestions, at: int, words: tuple[dict[int, str], int]) -> Formation:
    names, least = words
    members = given.members[at]
    values = {
        "units": int(given.units[at]),
        "members": "?" if np.isnan(members) else int(members),
        "least": least,
        "anchor": names.get(int(given.anchor[at]), ""),
    }
    key = str(suggested.formation[at])
    reasons = [
        Said(zh=said_of()[reason].zh.format_map(values), en=said_of()[reason].en.format_map(values))
        for reason in suggested.told(at)
    ]
    return Formation(key, said_of()[key].zh, said_of()[key].en, reasons)
