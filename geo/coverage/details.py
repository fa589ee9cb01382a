"""Blind spots told in full: names, places, reasons, evidence, and the parts of the score; a page of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import areas
from geo.arrays import Ints
from geo.coverage import wording
from geo.coverage.found import Found
from geo.coverage.reading import DISTRICTS, ORGANISATIONS, UNITS
from geo.coverage.rulebooks import GROUND, STATES
from geo.coverage.scores import SCORED
from geo.coverage.spots import Ranking, taken
from geo.coverage.wording import Said
from geo.rows import one_of
from geo.tables import buildings, codes

SHOWN = 3
"""Units named as evidence of a place."""


@dataclass(frozen=True)
class Evidence:
    """One thing that shows it; ``unit`` is the id of the unit it is told of, ``day`` when it was seen."""

    zh: str
    en: str
    day: date | None
    unit: int | None


@dataclass(frozen=True)
class Part:
    """One summand of a score: ``units`` in the state ``code`` with ``workers``, × ``weight``."""

    code: str
    units: int
    workers: int
    weight: float
    score: float


@dataclass(frozen=True)
class Spot:
    """One blind spot.

    Attributes
    ----------
    id
        Its kind and number, as ``building/12``; of grids and areas their code.
    code
        The worst state, or that of the ground.
    grid, community
        Codes in the run's edition; None where it has none or several.
    place
        Longitude and latitude WGS 84; None when unknown.
    since
        Day from which it is so; None when nothing tells.
    units
        State → units, those not blind too.
    uncounted
        Blind units whose workers are unknown: the score is without them.
    """

    rank: int
    id: str
    code: str
    name: str
    building: int | None
    grid: str | None
    community: str | None
    place: tuple[float, float] | None
    reason: Said
    evidence: list[Evidence]
    since: date | None
    score: float | None
    parts: list[Part]
    units: dict[str, int]
    unknown_units: int
    workers: int
    uncovered_workers: int
    uncounted: int


@dataclass(frozen=True)
class _Named:
    """What a place is called, where it is, and in which building and leaf."""

    id: str
    name: str
    place: tuple[float, float] | None
    building: int | None = None
    grid: int = 0


def tell(connection: sa.Connection, found: Found, ranking: Ranking, rows: Ints, first: int) -> list[Spot]:
    """The blind spots at ``rows``, positions in the ranking, in this order; ``first`` is the rank of the first."""
    telling = _Telling(connection, found, ranking, rows)
    return [telling.spot(at, first + step) for step, at in enumerate(rows.tolist())]


class _Telling:
    """One page, its names and reasons fetched at once."""

    def __init__(self, connection: sa.Connection, found: Found, ranking: Ranking, rows: Ints) -> None:
        self.connection, self.found, self.ranking = connection, found, ranking
        self.members = self._members(rows)
        self.named = _NAMES.get(ranking.asked.by, _areas)(connection, found, ranking.ids[rows])
        self.reasons = self._reasons()
        by_grid = ranking.asked.by == "grid"
        self.grid_reasons = found.particulars.grids(connection, ranking.ids[rows].tolist()) if by_grid else {}
        ids = {told["organisation"] for told, *_ in self.reasons.values() if told.get("organisation")}
        query = sa.select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).where(one_of(ORGANISATIONS.c.id, sorted(ids)))
        self.organisations = {row.id: row.name for row in connection.execute(query)}
        self.communities = self._communities()
        self.codes = self._codes()

    def spot(self, at: int, rank: int) -> Spot:
        """The blind spot at a position of the ranking."""
        ranking, number = self.ranking, int(self.ranking.ids[at])
        code, named = str(ranking.code[at]), self.named.get(number) or _Named(f"{ranking.asked.by}/{number}", "", None)
        units, workers = ranking.summed.units[at], ranking.summed.workers[at]
        score = float(ranking.score[at])
        blind = [STATES.index(name) for name in SCORED]
        return Spot(
            rank=rank,
            id=named.id,
            code=code,
            name=named.name,
            building=named.building,
            grid=self.codes.get(named.grid),
            community=self.codes.get(self.communities.get(named.grid, 0)),
            place=named.place,
            reason=self._reason(at, number, code),
            evidence=[self._evidence(unit) for unit in self.members.get(at, ())],
            since=self._since(at, number, code),
            score=None if np.isnan(score) else score,
            parts=self._parts(at, code),
            units={name: int(n) for name, n in zip(STATES, units.tolist(), strict=True) if n},
            unknown_units=int(units[STATES.index("U")]),
            workers=int(workers.sum()),
            uncovered_workers=int(workers[blind].sum()),
            uncounted=int(ranking.summed.uncounted[at, blind].sum()),
        )

    # -- units of a place ----------------------------------------------------------------------------------------------
    def _members(self, rows: Ints) -> dict[int, list[int]]:
        """Position of each place → positions of the units that show it best: of its code, most workers first."""
        return {at: self._worst(at).tolist()[:SHOWN] for at in rows.tolist()}

    def _worst(self, at: int) -> Ints:
        """Positions of the units in the state a place is told by, most workers first; all ties by id."""
        group, code = self.ranking.units_of(at), self.ranking.code[at]
        those = group[self.found.states.state[group] == code]
        workers = np.nan_to_num(self.found.units.workers[those], nan=-1.0)
        return np.asarray(those[np.lexsort((those, -workers))])

    def _reasons(self) -> dict[int, tuple[dict[str, Any], str, date | None]]:
        """Id of each unit shown → its reason as stored, its name, and the day of its survey."""
        ids = sorted({int(self.found.units.id[unit]) for some in self.members.values() for unit in some})
        why, unit = self.found.particulars.units(self.connection, ids), UNITS.c
        query = sa.select(unit.id, unit.name, unit.surveyed_on).where(one_of(unit.id, ids))
        named = {row.id: (row.name, row.surveyed_on) for row in self.connection.execute(query)}
        told = {number: (one.reason, *named.get(number, (None, None))) for number, one in why.items()}
        return {number: (reason, name or f"#{number}", day) for number, (reason, name, day) in told.items()}

    def _evidence(self, position: int) -> Evidence:
        number = int(self.found.units.id[position])
        told, name, surveyed = self.reasons[number]
        said = wording.reason(self.found.book, told, self.organisations, self.found.run.day)
        shown = told.get("evidence") or (surveyed and surveyed.isoformat())
        day = date.fromisoformat(shown) if shown else None
        if self.ranking.asked.by == "unit":
            return Evidence(said["zh"], said["en"], day, number)
        return Evidence(f"{name}：{said['zh']}", f"{name}: {said['en']}", day, number)

    # -- why and since when --------------------------------------------------------------------------------------------
    def _reason(self, at: int, number: int, code: str) -> Said:
        book, day = self.found.book, self.found.run.day
        if not code:
            return Said(zh="", en="")
        if code == "G3":
            share = float(taken(self.found.buildings.share, self.found.buildings.id, np.array([number]))[0])
            return wording.reason(book, {"keys": ["straddles"], "share": round(share * 100)}, {}, day)
        if self.ranking.asked.by == "grid" and code in (*GROUND, "U"):
            return wording.reason(book, self.grid_reasons[number], {}, day)
        if self.ranking.asked.by == "unit":
            return wording.reason(book, self.reasons[number][0], self.organisations, day)
        column = STATES.index(code)
        units, workers = self.ranking.summed.units[at, column], self.ranking.summed.workers[at, column]
        return wording.many(book, code, int(units), float(workers))

    def _since(self, at: int, number: int, code: str) -> date | None:
        found, by = self.found, self.ranking.asked.by
        if code == "G3":
            return _day(found.buildings.straddles_on, found.buildings.id, number)
        if by == "grid" and code in (*GROUND, "U"):
            return _day(found.grids.seen_on, found.grids.id, number)
        since = found.states.since[self._worst(at)]
        first = since[~np.isnat(since)]
        return first.min().item() if len(first) else None

    def _parts(self, at: int, code: str) -> list[Part]:
        book, summed = self.found.book, self.ranking.summed
        if code in GROUND:
            workers = float(summed.workers[at].sum())
            score = round(workers * book.weight(code), 6)
            return [Part(code, int(summed.units[at].sum()), round(workers), book.weight(code), score)]
        parts = []
        for name in SCORED if code != "U" else ("U",):
            units, workers = int(summed.units[at, STATES.index(name)]), float(summed.workers[at, STATES.index(name)])
            if units:
                parts.append(
                    Part(name, units, round(workers), book.weight(name), round(workers * book.weight(name), 6))
                )
        return parts

    # -- codes ---------------------------------------------------------------------------------------------------------
    def _communities(self) -> dict[int, int]:
        """Id of the lowest area over each leaf that is named; 0 for none."""
        leaves = sorted({named.grid for named in self.named.values() if named.grid})
        lowest = self.found.lowest_of(np.array(leaves, dtype=np.int64))
        return dict(zip(leaves, lowest.tolist(), strict=True))

    def _codes(self) -> dict[int, str]:
        ids = sorted(set(self.communities) | set(self.communities.values()) - {0})
        rows = self.connection.execute(sa.select(codes.c.id, codes.c.code).where(one_of(codes.c.id, ids)))
        forecast = self.found.edition.forecast
        return {row.id: row.code for row in rows} | (forecast.codes if forecast else {})


def _day(days: Any, of: Ints, number: int) -> date | None:
    at = int(np.searchsorted(of, number))
    told: date | None = days[at].item() if at < len(of) and of[at] == number else None
    return told


# -- names -------------------------------------------------------------------------------------------------------------
def _spot(x: float | None, y: float | None) -> tuple[float, float] | None:
    return None if x is None or y is None else (round(x, 7), round(y, 7))


def _units(connection: sa.Connection, found: Found, ids: Ints) -> dict[int, _Named]:
    table, wanted = UNITS.c, ids.tolist()
    query = sa.select(table.id, table.name).where(one_of(table.id, wanted))
    names = {row.id: row.name for row in connection.execute(query)}
    named = {}
    for number, at in zip(wanted, np.searchsorted(found.units.id, ids).tolist(), strict=True):
        lon, lat = found.lonlat[at].tolist()
        place = None if np.isnan(lon) else (lon, lat)
        building, grid = int(found.units.building[at]), int(found.units.grid[at])
        named[number] = _Named(f"unit/{number}", names.get(number) or f"#{number}", place, building or None, grid)
    return named


def _buildings(connection: sa.Connection, found: Found, ids: Ints) -> dict[int, _Named]:
    table, middle = buildings.c, gis.ST_PointOnSurface(buildings.c.geom)
    query = sa.select(table.id, table.name, table.address, gis.ST_X(middle).label("x"), gis.ST_Y(middle).label("y"))
    grid = dict(zip(ids.tolist(), taken(found.buildings.grid, found.buildings.id, ids).tolist(), strict=True))
    rows = connection.execute(query.where(one_of(table.id, ids.tolist())))
    return {
        row.id: _Named(
            f"building/{row.id}", row.name or row.address or f"#{row.id}", _spot(row.x, row.y), row.id, grid[row.id]
        )
        for row in rows
    }


def _districts(connection: sa.Connection, found: Found, ids: Ints) -> dict[int, _Named]:
    table, middle = DISTRICTS.c, gis.ST_PointOnSurface(DISTRICTS.c.geom)
    query = sa.select(table.id, table.name, gis.ST_X(middle).label("x"), gis.ST_Y(middle).label("y"))
    rows = connection.execute(query.where(one_of(table.id, ids.tolist())))
    return {row.id: _Named(f"business-district/{row.id}", row.name, _spot(row.x, row.y)) for row in rows}


def _areas(connection: sa.Connection, found: Found, ids: Ints) -> dict[int, _Named]:
    """Areas and grids by the id of their code; told by their code and level."""
    city = areas.city(connection)
    named = {}
    for number, place in areas.places(connection, ids.tolist(), found.edition).items():
        key = city.levels[place.level].key
        grid = number if place.level == city.grid_level else 0
        named[number] = _Named(f"{key}/{place.code}", place.name, _spot(*place.label), None, grid)
    return named


_NAMES = {"unit": _units, "building": _buildings, "business-district": _districts}


def names_of(connection: sa.Connection, found: Found, by: str, ids: Sequence[int]) -> dict[int, str]:
    """What places of a kind are called, by id."""
    told = _NAMES.get(by, _areas)(connection, found, np.array(ids, dtype=np.int64))
    return {number: named.name for number, named in told.items()}
