"""The page of an import before it is committed: the division it makes, every mend and every finding on it, one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Ints, Shapes
from geo.boundaries import findings as judged
from geo.boundaries import ledgers
from geo.boundaries.importing import Prepared
from geo.boundaries.ledgers import Entry, Holder
from geo.boundaries.repairs import Repair
from geo.imports.titles import titled
from geo.settings import settings
from geo.space.division import Division
from geo.space.mending import KINDS
from geo.space.partition import whole_of
from geo.space.topology import Topology, borders, document, lightened, polygons, topology
from maps.canvas import Starter, blank_map
from maps.kept import TILES
from maps.offline import self_contained
from maps.page import LANGUAGES, View

MODULE = "/static/js/mends.js"
CLOSEST = 22
"""Zoom that shows 3 cm as a pixel: a mend of 2 m is 60 wide."""

TOLERANCE_M = 0.05
"""Metres borders are drawn straighter by: less than half a pixel of zoom 20, so that a mend lies along its border."""

LATTICES = (7, 8)
NO_MOVE = ("outside", "left")
"""Kinds of entries whose ground went to no one."""

STEP = 1e8  # whole steps of the lattice in a degree
NO_GROUND: dict[str, Any] = {
    "transform": {"scale": [1, 1], "translate": [0, 0]},
    "arcs": [],
    "objects": {name: {"geometries": []} for name in ("areas", "grids", "borders")},
}


@dataclass(frozen=True)
class Told:
    """What is said beside the map.

    Attributes
    ----------
    outcome
        What became of the import, in Chinese and English.
    state
        ``dry``, ``refused``, ``same`` or ``published``.
    command
        What to type to publish what is shown.
    """

    made_at: datetime
    file: str
    outcome: dict[str, str]
    state: str
    command: str
    lang: str = LANGUAGES[0]


def page(prepared: Prepared, told: Told) -> str:
    """The file's HTML.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    city = prepared.city
    boot = _boot(prepared, told)
    languages = [told.lang, *(lang for lang in LANGUAGES if lang != told.lang)]
    places = {lang: city.name if lang == "zh-CN" else city.name_en or city.name for lang in languages}
    drawn = blank_map(CLOSEST)
    drawn.add_child(Starter(MODULE))
    return self_contained(drawn, [View("mends", lang, places[lang], boot=boot, is_file=True) for lang in languages])


def _boot(prepared: Prepared, told: Told) -> dict[str, Any]:
    city, division = prepared.city, prepared.judgement.division
    levels = [{"key": level.key, "zh": level.zh, "en": level.en} for level in city.levels]
    return {
        "city": {"code": city.code, "name": city.name, "name_en": city.name_en, "levels": levels}
        | {"time_zone": city.time_zone},
        "file": told.file,
        "made_at": told.made_at.isoformat(),
        "outcome": told.outcome,
        "state": told.state,
        "command": told.command,
        "review_number": settings().review_number,
        "roles": [],
        "tiles": TILES,
        "grids_from": 7,
        "bounds": _bounds(prepared),
        "ground": ground(division),
        "values": {"levels": _rows(prepared)},
        "rows": prepared.rows,
        "division": prepared.ground(),
        "repair": _leave(prepared.repair, [level["key"] for level in levels]),
        "reasons": {kind: dict(zip(("zh", "en"), ledgers.WORDS[kind], strict=True)) for kind in KINDS},
        "kinds": {"no_move": NO_MOVE},
        "mends": mends(prepared),
        "findings": findings(prepared),
    }


def _leave(repair: Repair | None, keys: list[str]) -> dict[str, Any] | None:
    """Limits and the whole order of authority, highest first; None without leave to mend."""
    if repair is None:
        return None
    rest = [key for key in reversed(keys[1:]) if key not in repair.authority]
    limits = {"width_m": repair.limits.width_m, "area_m2": repair.limits.area_m2}
    return limits | {"authority": [*repair.authority, *rest]}


def _bounds(prepared: Prepared) -> list[float] | None:
    """West, south, east, north of all that is drawn, degrees; None where nothing has a place."""
    grounds = [one.where for one in prepared.findings if one.where is not None]
    shapes = prepared.judgement.division.leaf_shapes
    drawn = shapes if len(shapes) else np.asarray([*grounds, shapely.Point()], dtype=object)
    bounds: list[float] = shapely.total_bounds(drawn).tolist()
    return bounds if np.isfinite(bounds).all() else None


# -- what is listed ----------------------------------------------------------------------------------------------------
def mends(prepared: Prepared) -> list[dict[str, Any]]:
    """The ledger, larger ground first: what ``Entry.document`` says with both names, files and the ground."""
    names = _names(prepared)
    listed = sorted(prepared.ledger, key=lambda one: (-one.area_m2, one.lost.code, one.got.code))
    return [_mend(one, names) for one in listed]


def _mend(one: Entry, names: dict[tuple[str, str], str]) -> dict[str, Any]:
    told = one.document()
    del told["reason"]
    wide = told["width_m"] if np.isfinite(one.width_m) else None
    return told | {
        "from": _party(one.lost, names),
        "to": _party(one.got, names),
        "width_m": wide,
        "ground": drawn(one.where),
    }


def _party(one: Holder, names: dict[tuple[str, str], str]) -> dict[str, Any] | None:
    """A holder as it is shown; None for no one."""
    if not one.level and not one.code:
        return None
    name = names.get((one.level, one.code), "")
    return {"level": one.level, "code": one.code, "name": name, "rows": list(one.rows), "file": one.file}


def _names(prepared: Prepared) -> dict[tuple[str, str], str]:
    """Name of every area and grid of the files by level and by what it is called there."""
    tree, city = prepared.judgement.tree, prepared.city
    found = {(city.levels[0].key, city.code): city.name}
    for members in tree.members.values():
        found |= {(members.key, members.called(at)): str(members.names[at]) for at in range(len(members))}
    return found


def findings(prepared: Prepared) -> list[dict[str, Any]]:
    """What remains, errors first, as ``Finding.document`` says it with its title and the ground."""
    return [
        one.document() | {"title": titled(one.kind), "ground": drawn(one.where)}
        for one in judged.ordered(prepared.findings)
    ]


def drawn(shape: BaseGeometry | None) -> dict[str, Any] | None:
    """A shape for the page: rings, lines or points as whole steps of 1e-8 degrees, each from the one before.

    Only the rings of a shape with ground are kept; None for no shape and for an empty one.
    """
    if shape is None or shape.is_empty:
        return None
    parts = np.asarray(shapely.get_parts(_flat(shape)), dtype=object)
    kinds = shapely.get_dimensions(parts)
    top = int(kinds.max())
    parts = parts[kinds == top]
    paths: Shapes = np.asarray(shapely.get_rings(parts) if top == 2 else parts, dtype=object)
    return {("points", "lines", "rings")[top]: [_steps(path) for path in paths]}


def _flat(shape: BaseGeometry) -> BaseGeometry:
    """A collection without collections in it."""
    if shape.geom_type != "GeometryCollection":
        return shape
    inner = [part for one in shapely.get_parts(shape) for part in shapely.get_parts(_flat(one))]
    return shapely.GeometryCollection(inner)


def _steps(path: BaseGeometry) -> list[int]:
    steps: Ints = np.rint(shapely.get_coordinates(path) * STEP).astype(np.int64)
    return np.diff(steps, axis=0, prepend=0).ravel().tolist()


# -- the division ------------------------------------------------------------------------------------------------------
def ground(division: Division) -> dict[str, Any]:
    """Areas, grids and borders as one TopoJSON topology; ids count areas from 1, then leaves.

    Leaves that are no partition, of an import that is refused, are drawn as they are.
    """
    if not len(division.leaf_codes):
        return NO_GROUND
    light = lightened(division.leaf_shapes, TOLERANCE_M, LATTICES)
    lineage = _lineage(division)
    areas = np.arange(1, len(division.area_codes) + 1)
    columns = zip(division.area_levels.tolist(), areas.tolist(), strict=True)
    above = np.array([whole_of(light.shapes[lineage[:, level] == one]) for level, one in columns], dtype=object)
    found = topology(light, above)
    first = len(areas) + 1
    leaves = zip(found.leaves, division.leaf_kinds.tolist(), strict=True)
    return document(
        found,
        {
            "areas": [
                polygons(rings, one, {"level": level})
                for rings, one, level in zip(found.above, areas.tolist(), division.area_levels.tolist(), strict=True)
            ],
            "grids": [
                polygons(rings, first + at, {"level": division.levels - 1, "kind": kind})
                for at, (rings, kind) in enumerate(leaves)
            ],
            "borders": _borders(found, lineage),
        },
    )


def _borders(found: Topology, lineage: Ints) -> list[dict[str, Any]]:
    levels = found.levels(lineage)
    crowded = [arc for arc, sides in enumerate(found.owners) if len(sides) > 2]  # leaves over one another
    levels[crowded] = lineage.shape[1] - 1
    return [borders(np.flatnonzero(levels == one), {"level": one}) for one in np.unique(levels).tolist()]


def _lineage(division: Division) -> Ints:
    """Ids (n, levels) of the areas above each leaf, and its own; 0 where there is none."""
    place = {code: at for at, code in enumerate(division.area_codes.tolist(), 1)}
    found = np.zeros((len(division.leaf_codes), division.levels), dtype=np.int64)
    found[:, -1] = len(place) + 1 + np.arange(len(found))
    found[:, 0] = int(np.flatnonzero(division.area_levels == 0)[0]) + 1
    for row, lowest in enumerate(division.leaf_parents.tolist()):
        at = place.get(lowest, 0)
        while at:
            found[row, division.area_levels[at - 1]] = at
            at = place.get(str(division.area_parents[at - 1]), 0)
    return found


def _rows(prepared: Prepared) -> dict[str, Any]:
    """By level the columns that search and labels take: id, code, name, level, kind, a point inside."""
    division, levels = prepared.judgement.division, prepared.city.levels
    areas = len(division.area_codes)
    found = {}
    for number, level in enumerate(levels[:-1]):
        here = np.flatnonzero(division.area_levels == number)
        found[level.key] = {"rows": _columns(division, number, here)}
    grids = {"code": division.leaf_codes, "name": division.leaf_names, "kind": division.leaf_kinds}
    told: dict[str, Any] = {name: column.tolist() for name, column in grids.items()}
    told |= {"id": list(range(areas + 1, areas + 1 + len(division.leaf_codes)))}
    told |= {"level": [len(levels) - 1] * len(division.leaf_codes), **_points(division.leaf_shapes)}
    found[levels[-1].key] = {"rows": told}
    return found


def _columns(division: Division, level: int, here: Ints) -> dict[str, Any]:
    return {
        "id": (here + 1).tolist(),
        "code": division.area_codes[here].tolist(),
        "name": division.area_names[here].tolist(),
        "level": [level] * len(here),
        **_points(division.area_shapes[here]),
    }


def _points(shapes: Sequence[BaseGeometry] | Shapes) -> dict[str, list[float]]:
    """A point inside each shape, and the km² that order labels; 0 for empty ones."""
    inside = shapely.point_on_surface(np.asarray(shapes, dtype=object))
    xy = np.column_stack([shapely.get_x(inside), shapely.get_y(inside)])
    xy = np.nan_to_num(xy).round(6)
    boxes = np.nan_to_num(shapely.bounds(np.asarray(shapes, dtype=object))).round(6).reshape(-1, 4)
    return {"lng": xy[:, 0].tolist(), "lat": xy[:, 1].tolist(), "bounds": boxes.tolist()}
