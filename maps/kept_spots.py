"""The page of blind spots as one file: one place with its buildings, its blind spots in full, and both languages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import shapely.geometry
import sqlalchemy as sa

from geo import areas
from geo.areas import Place
from geo.coverage import details, dossiers, runs, spots
from geo.coverage.found import Found, open_run
from geo.coverage.rulebooks import GROUND, STATES, RuleBook
from geo.coverage.scores import SCORED
from geo.coverage.spots import Asked, Ranking
from geo.entities.ground import BUSINESS_DISTRICTS
from geo.entities.searching import one
from geo.plain import plain_of
from maps import blind_spots, kept_place
from maps.kept_place import Box, Shown, Surroundings, surroundings

SMALLER = "choose a smaller place by --within or --district"
MOST = 1_000
"""Rows of a list; the counts are of all."""
IN_FULL = 300
"""The first of them have their units with them."""


@dataclass(frozen=True)
class Scope:
    """What the file is about: an area or grid by its code, or a business district by its id; neither: the city."""

    within: str | None = None
    district: int | None = None


@dataclass(frozen=True)
class Contents:
    """What the file holds.

    Attributes
    ----------
    chain
        From the city down to the place, or to the city alone for a business district.
    lists
        By ``building``, ``unknown``, ``G3`` and ``grid``, what their door answers.
    scored
        Areas of the level above grids by their score, as their door answers.
    """

    scope: Scope
    chain: list[Place]
    book: RuleBook
    around: Surroundings
    lists: dict[str, Any]
    scored: dict[str, Any]
    district: dict[str, Any] | None


# -- what it holds -----------------------------------------------------------------------------------------------------
def gathered(connection: sa.Connection, scope: Scope) -> Contents:
    """What the file of a place holds, as the newest run found it.

    Raises
    ------
    Unknown
        When nothing was looked for yet, or for a place there is none of.
    """
    run = runs.numbered(connection)
    found = open_run(connection, run)
    city = areas.city(connection)
    chain = areas.chain(connection, scope.within or city.code, found.edition)
    district = _district(connection, scope.district)
    box: Box = shapely.geometry.shape(district["geometry"]).bounds if district else chain[-1].bounds
    lists = {by: _list(connection, found, asked) for by, asked in _asked(scope).items()}
    level = city.levels[city.grid_level - 1].key
    areas_asked = Asked(level, scope.within, scope.district, STATES)
    scored = {"run": run.number, **blind_spots.scored(spots.rank(connection, found, areas_asked))}
    around = surroundings(connection, run, found, city, box)
    return Contents(scope, chain, found.book, around, lists, scored, district)


def _asked(scope: Scope) -> dict[str, Asked]:
    place = Asked(within=scope.within, district=scope.district)
    return {
        "building": replace(place, by="building", codes=SCORED),
        "unknown": replace(place, by="building", codes=("U",)),
        "G3": replace(place, by="building", codes=("G3",)),
        "grid": replace(place, by="grid", codes=("G1", "G2", "U")),
    }


def _district(connection: sa.Connection, number: int | None) -> dict[str, Any] | None:
    """A business district as a GeoJSON feature with its names."""
    if number is None:
        return None
    row = one(connection, BUSINESS_DISTRICTS, number)
    named = {name: row.fields[name] for name in ("name", "name_en", "kind")}
    return {"type": "Feature", "id": row.id, "geometry": row.geometry, "properties": named}


def _list(connection: sa.Connection, found: Found, asked: Asked) -> dict[str, Any]:
    """One list as its door answers it, its first rows with their units."""
    ranking = spots.rank(connection, found, asked)
    rows = ranking.wanted[:MOST]
    told = details.tell(connection, found, ranking, rows, 1)
    proposed = dossiers.proposals(connection, found, ranking, rows, told, in_full=asked.by == "building")
    listed = [plain_of(spot) | plain_of(more) for spot, more in zip(told, proposed, strict=True)]
    if asked.by == "building":
        _fill(connection, found, ranking, rows[:IN_FULL].tolist(), listed)
    return {"counts": ranking.counts, "total": _total(ranking), "wanted": len(ranking.wanted), "spots": listed}


def _fill(
    connection: sa.Connection, found: Found, ranking: Ranking, rows: list[int], listed: list[dict[str, Any]]
) -> None:
    """Nothing; afterwards the buildings at ``rows`` tell their units, and how each may be organised."""
    numbers = ranking.ids[rows].tolist()
    formed = dossiers.formations(connection, found, "building", numbers)
    for spot, at, number in zip(listed, rows, numbers, strict=False):
        units = dossiers.units_told(connection, found, ranking.units_of(at))
        spot |= {"units_list": plain_of(units), "formation": plain_of(formed.get(number))}


def _total(ranking: Ranking) -> int:
    """Places in scope: of grids all, of others those that have a state."""
    if ranking.asked.by == "grid":
        return len(ranking.ids)
    return sum(number for code, number in ranking.counts.items() if code not in GROUND)


# -- the file ----------------------------------------------------------------------------------------------------------
def page(contents: Contents, shown: Shown) -> str:
    """The file's HTML.

    Raises
    ------
    Refused
        When it would be larger than :data:`~maps.kept_place.LIMIT_MB`.
    Unavailable
        When the front-end files have not been copied yet.
    """
    scope = contents.scope
    boot = kept_place.boot(contents.around, shown) | {
        "rules": blind_spots.rules(contents.book),
        "scope": {"within": scope.within, "district": scope.district},
        "held": _held(contents),
    }
    return kept_place.written("blind-spots", blind_spots.MODULE, boot, shown, SMALLER)


def _held(contents: Contents) -> dict[str, Any]:
    """The lists, and the place where it is a grid: areas are among the values."""
    *above, place = contents.chain
    book = contents.book
    told = {"code": place.code, "name": place.name, "bounds": place.bounds, "parents": [{"id": up.id} for up in above]}
    return {
        "lists": contents.lists,
        "scored": contents.scored,
        "weights": {code: book.weight(code) for code in (*SCORED, *GROUND, "U")},
        "district": contents.district,
        "places": {place.code: told},
    }
