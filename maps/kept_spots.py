"""The page of blind spots as one file: one place with its buildings, its blind spots in full, and both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import shapely
import shapely.geometry
import sqlalchemy as sa

from geo import areas, drawings
from geo.areas import Areas, City, Edition, Leaves, Place
from geo.arrays import Bools, Ints
from geo.coverage import details, dossiers, runs, spots
from geo.coverage.found import Found, open_run
from geo.coverage.rulebooks import GROUND, STATES, RuleBook
from geo.coverage.runs import Run
from geo.coverage.scores import SCORED
from geo.coverage.spots import Asked, Ranking
from geo.coverage.tiles import FROM, Standing, standing
from geo.coverage.values import Parts, Values
from geo.entities.ground import BUSINESS_DISTRICTS
from geo.entities.searching import one
from geo.errors import Refused
from geo.plain import plain_of
from geo.settings import settings
from geo.space.topology import METRES_A_DEGREE, lightened
from maps import blind_spots, coverage, kept
from maps.offline import self_contained
from maps.page import LANGUAGES, Starter, View, blank_map

LIMIT_MB = 8.0
"""A larger file is refused: a smaller place says more."""
MOST = 1_000
"""Rows of a list; the counts are of all."""
IN_FULL = 300
"""The first of them have their units with them."""
TOLERANCE_M = 0.5

BUILDINGS = "kept:buildings/{z}/{x}/{y}"
_STEP = 1e7  # whole steps in a degree: a centimetre
_MARGIN_M = 250.0  # of ground and buildings around the place
_WHOLE = 1_000  # leaves: a division of no more is in the file as a whole

Box = tuple[float, float, float, float]
Rows = TypeVar("Rows", Leaves, Areas)


@dataclass(frozen=True)
class Scope:
    """What the file is about: an area or grid by its code, or a business district by its id; neither: the city."""

    within: str | None = None
    district: int | None = None


@dataclass(frozen=True)
class Shown:
    """When the file is made, and the language it opens in."""

    made_at: datetime
    lang: str


@dataclass(frozen=True)
class Contents:
    """What the file holds.

    Attributes
    ----------
    chain
        From the city down to the place, or to the city alone for a business district.
    box
        West, south, east, north of the place in degrees.
    ground
        Division and base map around the place, as the coverage page's file has them.
    lists
        By ``building``, ``grid`` and the key of the level above grids, what their door answers.
    """

    scope: Scope
    chain: list[Place]
    box: Box
    run: Run
    book: RuleBook
    ground: kept.Contents
    buildings: Standing
    lists: dict[str, Any]
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
    around = _around(box)
    lists = {by: _list(connection, found, asked) for by, asked in _asked(city, scope).items()}
    return Contents(
        scope,
        chain,
        box,
        run,
        found.book,
        _ground(connection, city, found.edition, around),
        standing(connection, run, around),
        lists,
        district,
    )


def _asked(city: City, scope: Scope) -> dict[str, Asked]:
    place = Asked(within=scope.within, district=scope.district)
    level = city.levels[city.grid_level - 1].key
    return {
        "building": replace(place, by="building", codes=SCORED),
        "unknown": replace(place, by="building", codes=("U",)),
        "G3": replace(place, by="building", codes=("G3",)),
        "grid": replace(place, by="grid", codes=("G1", "G2", "U")),
        level: replace(place, by=level, codes=STATES),
    }


def _district(connection: sa.Connection, number: int | None) -> dict[str, Any] | None:
    """A business district as a GeoJSON feature with its names."""
    if number is None:
        return None
    row = one(connection, BUSINESS_DISTRICTS, number)
    named = {name: row.fields[name] for name in ("name", "name_en", "kind")}
    return {"type": "Feature", "id": row.id, "geometry": row.geometry, "properties": named}


def _around(box: Box) -> Box:
    west, south, east, north = box
    high = _MARGIN_M / METRES_A_DEGREE
    wide = high / np.cos(np.radians((south + north) / 2))
    return (west - wide, south - high, east + wide, north + high)


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


def _ground(connection: sa.Connection, city: City, edition: Edition, around: Box) -> kept.Contents:
    """The whole division where it is small, else the communities around."""
    levels = (city.grid_level - 1, city.grid_level)
    whole = kept.gathered(connection, edition.effective_at, ["grid-coverage"], levels)
    whole = replace(whole, base=whole.base.near(around), values=[_plain(one) for one in whole.values])
    if len(whole.leaves.ids) <= _WHOLE:
        return whole
    lowest = whole.lineage[:, city.grid_level - 1]
    met = np.unique(lowest[shapely.intersects(whole.leaves.shapes, shapely.box(*around))])
    kept_leaves = np.isin(lowest, met)
    lineage = whole.lineage[kept_leaves]
    return replace(
        whole,
        leaves=_some(whole.leaves, kept_leaves),
        upper=_some(whole.upper, np.isin(whole.upper.ids, lineage)),
        lineage=lineage,
        values=[_some_values(told, np.unique(lineage)) for told in whole.values],
    )


def _some(columns: Rows, wanted: Bools) -> Rows:
    return replace(columns, **{field.name: getattr(columns, field.name)[wanted] for field in fields(columns)})


def _plain(told: Values) -> Values:
    """Values without those told beside them, which the page does not show."""
    return replace(told, beside={}, days={}, before=None)


def _some_values(told: Values, ids: Ints) -> Values:
    """The rows of places with these ids."""
    wanted = np.isin([place.id for place in told.places], ids)
    return replace(
        told,
        places=[place for place, stays in zip(told.places, wanted.tolist(), strict=True) if stays],
        rows=Parts(*(getattr(told.rows, field.name)[wanted] for field in fields(Parts))),
        sizes={name: size[wanted] for name, size in told.sizes.items()},
    )


# -- the file ----------------------------------------------------------------------------------------------------------
def page(contents: Contents, shown: Shown) -> str:
    """The file's HTML.

    Raises
    ------
    Refused
        When it would be larger than :data:`LIMIT_MB`.
    Unavailable
        When the front-end files have not been copied yet.
    """
    city = contents.ground.city
    languages = [shown.lang, *(lang for lang in LANGUAGES if lang != shown.lang)]
    places = {lang: city.name if lang == "zh-CN" else city.name_en or city.name for lang in languages}
    boot = _boot(contents, shown)
    drawn = blank_map()
    drawn.add_child(Starter(blind_spots.MODULE))
    views = [View("blind-spots", lang, places[lang], boot=boot, is_file=True) for lang in languages]
    html = self_contained(drawn, views)
    if (size_mb := len(html.encode()) / 1e6) > LIMIT_MB:
        raise Refused(
            f"the file would have {size_mb:.1f} MB, and at most {LIMIT_MB:g} are sent along well; "
            "choose a smaller place by --within or --district"
        )
    return html


def _boot(contents: Contents, shown: Shown) -> dict[str, Any]:
    city, edition = contents.ground.city, contents.ground.edition
    light = lightened(contents.ground.leaves.shapes, TOLERANCE_M)
    found = coverage.boot(city, edition, editions=[], bounds=contents.box, tiles=kept.TILES)
    return found | {
        "at": None,
        "grids_from": drawings.GRIDS_FROM,
        "review_number": settings().review_number,
        "roles": [],
        "ground": kept.ground(contents.ground, light) | {"buildings": _columns(contents.buildings)},
        "values": kept.values_of(contents.ground),
        "kept": {"made_at": shown.made_at.isoformat(), "tolerance_m": light.tolerance_m, "decimals": light.decimals},
        "spots": {"tiles": BUILDINGS, "from": FROM},
        "run": _run(contents.run),
        "rules": blind_spots.rules(contents.book),
        "scope": {"within": contents.scope.within, "district": contents.scope.district},
        "held": _held(contents),
    }


def _run(run: Run) -> dict[str, Any]:
    told = {name: getattr(run, name) for name in ("number", "at", "day", "edition", "surveyed_until")}
    return {**plain_of(told), "rules": run.version, "is_stale": False}


def _held(contents: Contents) -> dict[str, Any]:
    """The lists, and the place where it is a grid: areas are among the values."""
    *above, place = contents.chain
    book = contents.book
    told = {"code": place.code, "name": place.name, "bounds": place.bounds, "parents": [{"id": up.id} for up in above]}
    return {
        "lists": contents.lists,
        "weights": {code: book.weight(code) for code in (*SCORED, *GROUND, "U")},
        "district": contents.district,
        "places": {place.code: told},
    }


def _columns(found: Standing) -> dict[str, Any]:
    """Buildings as columns; rings are whole steps, each from the one before."""
    return {
        "id": found.ids.tolist(),
        "code": found.code.tolist(),
        "unknown": found.ids[found.has_unknown].tolist(),
        "straddles": found.ids[found.straddles].tolist(),
        "rings": [[_steps(ring) for ring in shapely.get_rings(shapely.get_parts(shape))] for shape in found.shapes],
    }


def _steps(ring: shapely.Geometry) -> Sequence[int]:
    whole: Ints = np.rint(shapely.get_coordinates(ring) * _STEP).astype(np.int64)
    return np.diff(whole, axis=0, prepend=0).ravel().tolist()
