"""What files about one place have in common: the ground around it, buildings by their state, and their run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import shapely
import sqlalchemy as sa

from geo import drawings
from geo.areas import Areas, City, Edition, Leaves
from geo.arrays import Bools, Ints
from geo.coverage import runs
from geo.coverage.found import Found
from geo.coverage.runs import Run
from geo.coverage.tiles import FROM, Standing, standing
from geo.coverage.values import Parts, Values
from geo.errors import Refused
from geo.plain import plain_of
from geo.settings import settings
from geo.space.topology import METRES_A_DEGREE, lightened
from maps import coverage, kept
from maps.canvas import Starter, blank_map
from maps.offline import self_contained
from maps.page import LANGUAGES, View

LIMIT_MB = 8.0
"""A larger file is refused: a smaller place says more."""
TOLERANCE_M = 0.5

BUILDINGS = "kept:buildings/{z}/{x}/{y}"
_STEP = 1e7  # whole steps in a degree: a centimetre
_MARGIN_M = 250.0  # of ground and buildings around the place
_WHOLE = 1_000  # leaves: a division of no more is in the file as a whole

Box = tuple[float, float, float, float]
Rows = TypeVar("Rows", Leaves, Areas)


@dataclass(frozen=True)
class Shown:
    """When the file is made, and the language it opens in."""

    made_at: datetime
    lang: str


@dataclass(frozen=True)
class Surroundings:
    """What is drawn around and in a place.

    Attributes
    ----------
    box
        West, south, east, north of the place in degrees.
    ground
        Division and base map around the place, as the coverage page's file has them.
    sources
        Who told the units and coverage records.
    buildings
        Those with a state, around the place.
    """

    box: Box
    run: Run
    sources: list[str]
    ground: kept.Contents
    buildings: Standing


def surroundings(connection: sa.Connection, run: Run, found: Found, city: City, box: Box) -> Surroundings:
    """Ground and buildings of a place and 250 m around it, as a run found them."""
    around = _around(box)
    ground = _ground(connection, city, found.edition, around)
    return Surroundings(box, run, runs.sources(connection), ground, standing(connection, run, around))


def _around(box: Box) -> Box:
    west, south, east, north = box
    high = _MARGIN_M / METRES_A_DEGREE
    wide = high / np.cos(np.radians((south + north) / 2))
    return (west - wide, south - high, east + wide, north + high)


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
def boot(around: Surroundings, shown: Shown) -> dict[str, Any]:
    """What every page about a place starts from."""
    ground = around.ground
    light = lightened(ground.leaves.shapes, TOLERANCE_M)
    found = coverage.boot(ground.city, ground.edition, editions=[], bounds=around.box, tiles=kept.TILES)
    return found | {
        "at": None,
        "grids_from": drawings.GRIDS_FROM,
        "review_number": settings().review_number,
        "roles": [],
        "ground": kept.ground(ground, light) | {"buildings": _columns(around.buildings)},
        "values": kept.values_of(ground),
        "kept": {"made_at": shown.made_at.isoformat(), "tolerance_m": light.tolerance_m, "decimals": light.decimals},
        "spots": {"tiles": BUILDINGS, "from": FROM},
        "run": run_told(around),
    }


def written(page: str, module: str, boot: dict[str, Any], shown: Shown, smaller: str) -> str:
    """The file's HTML; ``smaller`` is what makes it so.

    Raises
    ------
    Refused
        When it would be larger than :data:`LIMIT_MB`.
    Unavailable
        When the front-end files have not been copied yet.
    """
    languages = [shown.lang, *(lang for lang in LANGUAGES if lang != shown.lang)]
    city = boot["city"]
    places = {lang: city["name"] if lang == "zh-CN" else city["name_en"] or city["name"] for lang in languages}
    drawn = blank_map()
    drawn.add_child(Starter(module))
    html = self_contained(drawn, [View(page, lang, places[lang], boot=boot, is_file=True) for lang in languages])
    if (size_mb := len(html.encode()) / 1e6) > LIMIT_MB:
        raise Refused(f"the file would have {size_mb:.1f} MB, and at most {LIMIT_MB:g} are sent along well; {smaller}")
    return html


def run_told(around: Surroundings) -> dict[str, Any]:
    """A run as the pages name it; of a file it is never behind what is stored."""
    run = around.run
    told = {name: getattr(run, name) for name in ("number", "at", "day", "edition", "surveyed_until")}
    return {**plain_of(told), "rules": run.version, "sources": around.sources, "is_stale": False}


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
