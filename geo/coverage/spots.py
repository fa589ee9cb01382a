"""Blind spots ranked: by unit, building, grid, business district, or the areas of a level; counted beside their kin.

Everything is added up from what a run found for units, so that what is told of a district and of its grids agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import areas
from geo.arrays import Bools, Floats, Ints
from geo.coverage import sums
from geo.coverage.found import Found
from geo.coverage.reading import DISTRICTS
from geo.coverage.rulebooks import GROUND, STATES, RuleBook
from geo.coverage.scores import SCORED, of_ground, ranked, scores
from geo.coverage.sums import Sums
from geo.coverage.units import Keys
from geo.errors import Refused, Unknown
from geo.forecasts import rows_of
from geo.tables import buildings, grids

KINDS = ("unit", "building", "grid", "business-district")
"""By what blind spots are ranked, beside the levels of areas."""

LIMIT = 1_000
"""Blind spots on one page at most; a larger limit is clamped."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Asked:
    """Which blind spots are wanted; None asks for nothing.

    Parameters
    ----------
    by
        One of :data:`KINDS`, or the key of a level above the grid.
    within
        Code of an area or grid of the run's edition.
    district
        Id of a business district: what lies in it.
    codes
        Of states or ground; none = all blind spots of the kind.
    bbox
        West, south, east, north in degrees WGS 84: units and buildings whose place lies in it.
    only
        Number of the one thing that is wanted, as in :class:`Subject`.
    """

    by: str = "building"
    within: str | None = None
    district: int | None = None
    codes: tuple[str, ...] = ()
    bbox: Box | None = None
    only: int | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether the whole city is in scope."""
        return self.within is None and self.district is None and self.bbox is None and self.only is None


@dataclass(frozen=True, eq=False)
class Ranking:
    """Places (k,) of one kind in scope, and the order in which those wanted stand.

    Attributes
    ----------
    ids
        Ascending; of grids and areas the ids of their codes.
    code
        The worst state of the units, or G1, G2, G3; blank where there is nothing.
    score
        What it is ranked by: of U what surveys are ranked by.
    summed
        Of the units in scope that belong to each.
    wanted
        Positions (w,) in falling order of score.
    counts
        Code → places in scope, whatever codes were asked for; of districts and areas their units. None blank, none 0.
    members
        Positions of units in the order of the places they belong to, and where each place begins (k + 1,).
    """

    asked: Asked
    ids: Ints
    code: Keys
    score: Floats
    summed: Sums
    wanted: Ints
    counts: dict[str, int]
    members: tuple[Ints, Ints]

    @property
    def counts_of(self) -> str:
        """What ``counts`` counts: unit, building or grid."""
        return self.asked.by if self.asked.by == "building" or _is_ground(self.asked) else "unit"

    def units_of(self, at: int) -> Ints:
        """Positions of the units in scope that belong to the place at ``at``."""
        unit, first = self.members
        return unit[first[at] : first[at + 1]]


@dataclass(frozen=True)
class Subject:
    """What a blind spot is about: a kind, and the number of the thing; of a grid or area the id of its code."""

    kind: str
    number: int


def rank(connection: sa.Connection, found: Found, asked: Asked) -> Ranking:
    """The blind spots asked for, the heaviest first, ties by the lowest id.

    Raises
    ------
    Refused
        For a kind or code there is none of.
    Unknown
        For an area, grid or business district there is none of.
    """
    _check(asked)
    if asked == Asked(asked.by):  # what a page begins with
        key = f"ranking by {asked.by}"
        if key not in found.kept:
            found.kept[key] = _rank(connection, found, asked)
        first: Ranking = found.kept[key]
        return first
    return _rank(connection, found, asked)


def _rank(connection: sa.Connection, found: Found, asked: Asked) -> Ranking:
    level = _level(connection, asked.by)
    if not asked.is_everywhere:
        base = _base(found, asked.by, level, _inside(connection, found, asked))
    else:
        key = f"ranked by {asked.by}"
        if key not in found.kept:
            found.kept[key] = _base(found, asked.by, level, _everywhere(found))
        base = found.kept[key]
    code = _coded(found, asked, base)
    score = _score(found, asked, code, base.summed)
    counts = _counts(found, asked, code, base)
    hit = np.flatnonzero(np.isin(code, asked.codes or _blind(asked.by)))
    wanted = hit[ranked(score[hit], base.ids[hit])]
    return Ranking(asked, base.ids, code, score, base.summed, wanted, counts, base.members)


@dataclass(frozen=True, eq=False)
class _Base:
    """Pairs of units in scope and the place they are in, the ids of all places, and their sums."""

    pairs: tuple[Ints, Ints]
    ids: Ints
    summed: Sums
    book: RuleBook

    @cached_property
    def worst(self) -> Keys:
        """The worst state (k,) of the units of each place."""
        return sums.worst(self.summed, self.book)

    @cached_property
    def units(self) -> Ints:
        """Positions of the units in scope, each once."""
        return np.unique(self.pairs[0])

    @cached_property
    def members(self) -> tuple[Ints, Ints]:
        """As :class:`Ranking` has them."""
        unit, group = self.pairs
        order = np.argsort(group, kind="stable")
        first = np.searchsorted(group[order], np.append(self.ids, np.iinfo(np.int64).max))
        begins = int(first[0]) if len(self.ids) else 0
        return unit[order][begins:], first - begins


def _base(found: Found, by: str, level: int | None, inside: _Inside) -> _Base:
    unit, group = _groups(found, by, level)
    kept = inside.units[unit] & (group != 0)
    pairs = unit[kept], group[kept]
    ids = np.unique(np.concatenate([pairs[1], inside.places(found, by)]))
    return _Base(pairs, ids, sums.of(found.units, found.states, pairs, found.book, ids), found.book)


# -- scope -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _Inside:
    """What is in scope: units (n,), leaves (g,), buildings (b,), each a mask of what was found."""

    units: Bools
    grids: Bools
    buildings: Bools

    def places(self, found: Found, by: str) -> Ints:
        """Ids of grids and buildings in scope that are told of even without a unit."""
        if by == "grid":
            return found.grids.id[self.grids]
        if by == "building":
            return found.buildings.id[self.buildings]
        return np.empty(0, dtype=np.int64)


def _level(connection: sa.Connection, by: str) -> int | None:
    if by in KINDS:
        return None
    city = areas.city(connection)
    keys = [level.key for level in city.levels[: city.grid_level]]
    if by not in keys:
        raise Refused(f"by={by!r}: blind spots are told by {', '.join([*KINDS, *keys])}")
    return city.level(by)


def _check(asked: Asked) -> None:
    known = (*STATES, *GROUND)
    for code in asked.codes:
        if code not in known:
            raise Refused(f"code {code!r} is no state; there are {', '.join(known)}")


def _blind(by: str) -> tuple[str, ...]:
    return ("G1", "G2") if by == "grid" else SCORED


def _everywhere(found: Found) -> _Inside:
    sizes = (len(found.units.id), len(found.grids.id), len(found.buildings.id))
    return _Inside(*(np.ones(size, dtype=np.bool_) for size in sizes))


def _inside(connection: sa.Connection, found: Found, asked: Asked) -> _Inside:
    every = _everywhere(found)
    units_in, grids_in, buildings_in = every.units, every.grids, every.buildings
    if asked.only is not None:
        unit, group = _groups(found, asked.by, _level(connection, asked.by))
        units_in &= np.isin(np.arange(len(units_in)), unit[group == asked.only])
        grids_in &= found.grids.id == asked.only
        buildings_in &= found.buildings.id == asked.only
    if asked.within is not None:
        place = areas.place(connection, asked.within, found.edition)
        leaves = found.lineage[found.lineage[:, place.level] == place.id, -1]
        grids_in &= np.isin(found.grids.id, leaves)
        units_in &= np.isin(found.units.grid, leaves)
        buildings_in &= np.isin(found.buildings.grid, leaves)
    if asked.district is not None:
        units_in &= np.isin(np.arange(len(units_in)), found.held[found.held[:, 1] == asked.district, 0])
        ground = _district(connection, asked.district)
        grids_in &= np.isin(found.grids.id, _grids_on(connection, found, ground))
        buildings_in &= np.isin(found.buildings.id, _buildings_on(connection, ground))
    if asked.bbox is not None:
        west, south, east, north = asked.bbox
        box = gis.ST_MakeEnvelope(west, south, east, north, 4326)
        lon, lat = found.lonlat.T
        units_in &= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        grids_in &= np.isin(found.grids.id, _grids_on(connection, found, box))
        buildings_in &= np.isin(found.buildings.id, _buildings_on(connection, box))
    return _Inside(units_in, grids_in, buildings_in)


def _district(connection: sa.Connection, number: int) -> sa.ScalarSelect[Any]:
    ground = sa.select(DISTRICTS.c.geom).where(DISTRICTS.c.id == number)
    if connection.execute(ground).one_or_none() is None:
        raise Unknown(f"no business district {number}; ids are told by /v1/business-districts")
    return ground.scalar_subquery()


def _grids_on(connection: sa.Connection, found: Found, ground: sa.ColumnElement[Any]) -> list[int]:
    """Leaves that share ground with it."""
    leaf = rows_of(grids, found.edition.number, found.edition.forecast).c
    there = sa.select(leaf.id).where(leaf.geom.op("&&")(ground))
    return list(connection.scalars(there.where(gis.ST_Intersects(leaf.geom, ground))))


def _buildings_on(connection: sa.Connection, ground: sa.ColumnElement[Any]) -> list[int]:
    """Buildings whose middle lies on it."""
    there = sa.select(buildings.c.id).where(buildings.c.geom.op("&&")(ground))
    return list(connection.scalars(there.where(gis.ST_Intersects(gis.ST_PointOnSurface(buildings.c.geom), ground))))


def units_in(connection: sa.Connection, found: Found, about: Subject) -> Ints:
    """Positions of the units that are, or are in, what a blind spot is about."""
    unit, group = _groups(found, about.kind, _level(connection, about.kind))
    return np.asarray(unit[group == about.number])


def _groups(found: Found, by: str, level: int | None) -> tuple[Ints, Ints]:
    """Positions of units and the ids of the groups they are in; 0 for none."""
    every = np.arange(len(found.units.id))
    if by == "business-district":
        return found.held[:, 0], found.held[:, 1]
    if by == "unit":
        return every, found.units.id
    if by == "building":
        return every, found.units.building
    return every, found.units.grid if level is None else found.areas_of(found.units.grid, level)


# -- codes, scores, counts ---------------------------------------------------------------------------------------------
def _is_ground(asked: Asked) -> bool:
    """Whether grids are told by their own codes; by those of their units only where none but these are asked for."""
    return asked.by == "grid" and not (asked.codes and set(asked.codes) <= set(STATES) - {"U"})


def _coded(found: Found, asked: Asked, base: _Base) -> Keys:
    """The code (k,) each place is told by.

    Units and buildings by their one state, grids by their own; larger places hold units of every state, and are told
    by the worst of those asked for.
    """
    if _is_ground(asked):
        return np.asarray(taken(found.grids.code, found.grids.id, base.ids))
    if asked.by not in ("unit", "building"):
        return _worst_of(
            base.summed, [code for code in found.book.worst if code in (asked.codes or SCORED)], asked.codes
        )
    if asked.by == "building" and "G3" in asked.codes:
        crosses = taken(found.buildings.straddles, found.buildings.id, base.ids)
        return np.where(crosses & ~np.isin(base.worst, asked.codes), "G3", base.worst)
    return base.worst


def _worst_of(summed: Sums, among: list[str], codes: tuple[str, ...]) -> Keys:
    tried = [*among, *(["U"] if "U" in codes else [])]
    return np.select([summed.state(code) > 0 for code in tried], tried, default="").astype(np.str_)


def _score(found: Found, asked: Asked, code: Keys, summed: Sums) -> Floats:
    """What each is ranked by: the units of the states asked for, or all who work there where it is told by ground."""
    ground, book = np.isin(code, GROUND), found.book
    own = of_ground(np.where(ground, code, ""), summed.workers.sum(axis=1), book)
    scored = scores(summed, book)
    large = asked.by not in ("unit", "building") and bool(set(asked.codes) & set(SCORED))
    chosen = [code in asked.codes or not large for code in SCORED]
    score = np.round((scored.workers * scored.weights)[:, chosen].sum(axis=1), 6)
    return np.where(ground, own, np.where(code == "U", scored.survey, score))


def _counts(found: Found, asked: Asked, codes: Keys, base: _Base) -> dict[str, int]:
    """Buildings and units by their state, grids by their own; of larger places their units, each once."""
    if asked.by == "building":
        codes = base.worst
    elif not _is_ground(asked):
        codes = found.states.state[base.units]
    names, numbers = np.unique(codes, return_counts=True)
    counts = {name: number for name, number in zip(names.tolist(), numbers.tolist(), strict=True) if name}
    if asked.by == "building":
        crossing = int(taken(found.buildings.straddles, found.buildings.id, base.ids).sum())
        counts |= {"G3": crossing} if crossing else {}
    return counts


def taken(values: Any, of: Ints, ids: Ints) -> Any:
    """``values`` of ``of`` (ascending) for each of ``ids``; blank, or False, where there are none."""
    there = np.isin(ids, of)
    taken = np.zeros(len(ids), dtype=values.dtype)
    taken[there] = values[np.searchsorted(of, ids[there])]
    return taken
