"""The coverage page as one file: one edition with its ground, its values on every level, and both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, drawings, lines
from geo.areas import Areas, City, Edition, Ids, Leaves
from geo.arrays import Shapes
from geo.coverage.indicators import registry
from geo.coverage.matrix import Matrix, matrix
from geo.coverage.values import Reader, Values, told
from geo.lines.kinds import CLASSES, ROAD, WATER
from geo.plans.calendar import edition_at, hour_at
from geo.settings import settings
from geo.space.partition import whole_of
from geo.space.topology import METRES_A_DEGREE, Light, borders, document, lightened, polygons, strands, topology
from maps import coverage, values
from maps.canvas import Starter, blank_map
from maps.offline import self_contained
from maps.page import LANGUAGES, View

TILES = "kept:{layer}/{z}/{x}/{y}"
"""Address the page's own thread answers; see ``kept.js``."""

BASE_TOLERANCE_M = 1.0
TOLERANCE_M = 0.5
"""Metres borders are drawn straighter by: a pixel of zoom 17 is 1.2 m wide at the equator."""


BASE_VERTICES = 120_000
"""Of water and roads in a file, about 1 MB: whole classes from the largest on, as many as keep within it."""


@dataclass(frozen=True)
class Base:
    """Water and roads (n,): kind, class, name or "", zoom they are drawn from, shape in degrees."""

    kinds: list[str]
    classes: list[str]
    names: list[str]
    least: list[int]
    shapes: Shapes

    def near(self, box: tuple[float, float, float, float]) -> Base:
        """What meets ``box``: west, south, east, north in degrees."""
        met = np.flatnonzero(shapely.intersects(self.shapes, shapely.box(*box))).tolist()
        kinds, classes, names = ([column[at] for at in met] for column in (self.kinds, self.classes, self.names))
        return Base(kinds, classes, names, [self.least[at] for at in met], self.shapes[met])


@dataclass(frozen=True)
class Contents:
    """What the file holds: an edition whole, and every indicator on every level."""

    city: City
    edition: Edition
    leaves: Leaves
    upper: Areas
    lineage: Ids
    values: Sequence[Values]
    staffing: dict[str, Matrix]
    base: Base


@dataclass(frozen=True)
class Shown:
    """How the file opens: language, level, indicator by their keys; ``at`` is the date asked for, None = now.

    ``forecast`` names the plans that a time to come rests on, and those left out; None for what is, or was.
    """

    made_at: datetime
    at: datetime | None
    lang: str
    level: str
    indicator: str
    forecast: Mapping[str, Any] | None = None


def gathered(
    connection: sa.Connection,
    instant: datetime | None,
    wanted: Sequence[str] | None = None,
    levels: Sequence[int] | None = None,
) -> Contents:
    """What the file of the edition in force at ``instant`` (None = now) holds; of a time to come what is foretold.

    Parameters
    ----------
    wanted, levels
        Indicators by their keys and levels by their numbers; None = all.

    Raises
    ------
    Unknown
        When nothing has been published.
    """
    city, edition = areas.city(connection), edition_at(connection, instant)
    _, lineage = areas.lineage(connection, edition)
    reader = Reader(connection, edition, hour=hour_at(connection, edition, instant))
    numbers = range(city.grid_level + 1) if levels is None else levels
    found = [told(reader, one, level) for level in numbers for one in (registry() if wanted is None else wanted)]
    above = range(city.grid_level) if wanted is None else ()
    staffing = {one.code: matrix(reader, one.id) for level in above for one in reader.on_level(level)}
    return Contents(
        city,
        edition,
        areas.leaves(connection, edition),
        areas.upper(connection, edition),
        lineage,
        found,
        staffing,
        _base(connection),
    )


def _base(connection: sa.Connection) -> Base:
    """Water, then roads, class by class from those drawn first, until :data:`BASE_VERTICES` are reached."""
    found: list[tuple[str, str, str, int, shapely.Geometry]] = []
    left = BASE_VERTICES
    for kind in (WATER, ROAD):
        frame = lines.read(connection, kind)
        shapes = shapely.simplify(frame.geometry.to_numpy(), BASE_TOLERANCE_M / METRES_A_DEGREE)
        classes, names = frame["class"].to_numpy(), frame["name"].fillna("").tolist()
        for one, least in sorted(CLASSES[kind].items(), key=lambda item: item[1]):
            these = np.flatnonzero(classes == one)
            left -= int(shapely.get_num_coordinates(shapes[these]).sum())
            if left < 0:
                break
            found += [(kind, one, names[at], least, shapes[at]) for at in these.tolist()]
    kinds, ranks, said, zooms, drawn = (list(column) for column in zip(*found, strict=True)) if found else ([],) * 5
    return Base(kinds, ranks, said, zooms, np.array(drawn, dtype=object))


def page(contents: Contents, shown: Shown, tolerance_m: float = TOLERANCE_M) -> str:
    """The file's HTML.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    boot = _boot(contents, shown, lightened(contents.leaves.shapes, tolerance_m))
    city = contents.city
    languages = [shown.lang, *(lang for lang in LANGUAGES if lang != shown.lang)]
    places = {lang: city.name if lang == "zh-CN" else city.name_en or city.name for lang in languages}
    views = [View("coverage", lang, places[lang], boot=boot, is_file=True) for lang in languages]
    drawn = blank_map()
    drawn.add_child(Starter(coverage.MODULES["coverage"]))
    return self_contained(drawn, views)


def _boot(contents: Contents, shown: Shown, light: Light) -> dict[str, Any]:
    west, south, east, north = shapely.total_bounds(contents.leaves.shapes).tolist()
    found = coverage.boot(contents.city, contents.edition, editions=[], bounds=(west, south, east, north), tiles=TILES)
    return found | {
        "at": shown.at and shown.at.isoformat(),
        "forecast": shown.forecast,
        "level": shown.level,
        "by": shown.indicator,
        "grids_from": drawings.GRIDS_FROM,
        "review_number": settings().review_number,
        "roles": [],
        "ground": ground(contents, light),
        "values": values_of(contents),
        "kept": {"made_at": shown.made_at.isoformat(), "tolerance_m": light.tolerance_m, "decimals": light.decimals},
    }


def ground(contents: Contents, light: Light) -> dict[str, Any]:
    """Areas, grids and borders as one TopoJSON topology; ids are those of the values."""
    upper, leaves, lineage = contents.upper, contents.leaves, contents.lineage.astype(np.int64)
    columns = zip(upper.levels.tolist(), upper.ids.tolist(), strict=True)
    above = np.array([whole_of(light.shapes[lineage[:, level] == one]) for level, one in columns], dtype=object)
    found = topology(light, above)
    levels = found.levels(lineage)
    base = contents.base
    told = zip(strands(found, base.shapes), base.kinds, base.classes, base.names, base.least, strict=True)
    return document(
        found,
        {
            "areas": [
                polygons(rings, one, {"level": level})
                for rings, one, level in zip(found.above, upper.ids.tolist(), upper.levels.tolist(), strict=True)
            ],
            "grids": [
                polygons(rings, one, {"level": contents.city.grid_level, "kind": kind})
                for rings, one, kind in zip(found.leaves, leaves.ids.tolist(), leaves.kinds.tolist(), strict=True)
            ],
            "borders": [borders(np.flatnonzero(levels == one), {"level": one}) for one in np.unique(levels).tolist()],
            "base": [
                drawn | {"properties": {"kind": kind, "class": rank, "name": name, "from": least}}
                for drawn, kind, rank, name, least in told
                if drawn["arcs"]
            ],
        },
    )


_NAMED = ("id", "step", "code", "code_after", "name", "name_after", "kind")
_SHARED = (*_NAMED, "level", "parent", "x", "y", "bounds", "area_m2", "fallback_m2")


def values_of(contents: Contents) -> dict[str, Any]:
    """What is said of each indicator; by level the columns that every indicator shares, and by indicator its own.

    What follows from others is left out: the value, which is made of its parts, and the parts of those told beside it.
    """
    abouts: dict[str, Any] = {}
    levels: dict[str, Any] = {}
    for one in contents.values:
        told = values.packed(values.document(one))
        rows, above = told.pop("rows"), told.pop("above")
        abouts[told.pop("indicator")] = told.pop("about")
        level = levels.setdefault(told["level_key"], {"rows": _shared(rows), "above": _shared(above), "by": {}})
        told["beside"] = list(told["beside"])
        level["by"][one.indicator.key] = told | {"rows": _own(rows), "above": _own(above)}
    staffing = {code: values.matrix_told(one) for code, one in contents.staffing.items()}
    return {"abouts": abouts, "levels": levels, "staffing": staffing}


def _shared(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: column for name, column in columns.items() if name in _SHARED}


def _own(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns of one indicator; a column of one value throughout travels as that value."""
    own = {name: column for name, column in columns.items() if name not in (*_SHARED, "value")}
    return {name: column[0] if len(set(column)) == 1 else column for name, column in own.items()}
