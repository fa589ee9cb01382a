"""The base map: named roads by class, a railway, water and green ground, as lines and polygons in degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo import crs
from geo.arrays import Ints, Shapes
from geo.demo.ground import Ground
from geo.demo.names import Namer
from geo.demo.plans import FRAME
from geo.demo.streets import ARTERIAL, LANE, OUTLINE, QUAY, RING, RIVER, SECONDARY
from geo.demo.terrain import Terrain

ROAD_CLASS = {ARTERIAL: "arterial", RING: "arterial", QUAY: "secondary", SECONDARY: "secondary"}
"""Class on the map; every other road is a street."""
_PARK_MARGIN_M = 9.0


@dataclass(frozen=True)
class BaseMap:
    """Rows of the base map: kind (road, rail, water, green), class, name ("" = none), shape in degrees."""

    kinds: list[str]
    classes: list[str]
    names: list[str]
    shapes: Shapes


def road_names(ground: Ground, terrain: Terrain) -> dict[int, str]:
    """Name of each road number: 路 runs north, 街 or 大道 runs east, 巷 is short; some lanes have none."""
    chance = terrain.order.chance(51)
    namer = Namer(chance)
    ends = ground.edges.ends
    way = np.abs(ends[:, 1] - ends[:, 0]) * FRAME.scale
    found: dict[int, str] = {}
    roads, first, of = np.unique(ground.roads, return_index=True, return_inverse=True)
    east = np.bincount(of, weights=way[:, 0]) > np.bincount(of, weights=way[:, 1])
    length = np.bincount(of, weights=np.hypot(*way.T))
    for at, road in enumerate(roads.tolist()):
        kind = int(ground.classes[first[at]])
        if road >= 0:
            found[road] = _road_name(road, kind, bool(east[at]), float(length[at]), namer, chance)
    return found


def _road_name(road: int, kind: int, east: bool, length_m: float, namer: Namer, chance: np.random.Generator) -> str:
    if kind == RING:
        return "环城路"
    if kind == QUAY:
        return ("滨河西路", "滨河东路")[road % 2]
    if kind == LANE:
        return "环湖路" if road % 2 else "山前路"
    own = namer.next()[0]
    if kind in (ARTERIAL, SECONDARY):
        grand = kind == ARTERIAL and length_m > 5_000 and chance.random() < 0.5
        return own + (("大道" if grand else "街") if east else "路")
    if length_m < 160 or chance.random() < 0.25:
        return ""
    return own + ("巷" if length_m < 330 else "街" if east else "路")


def draw(ground: Ground, terrain: Terrain, names: dict[int, str]) -> BaseMap:
    """The whole base map; rows in a fixed order."""
    rows = [*_roads(ground, names), *_rail(terrain), *_water(terrain), *_green(ground, terrain)]
    shapes = crs.snapped(np.array([shape for *_, shape in rows], dtype=object))
    kinds, classes, labels = (list(column) for column in zip(*[row[:3] for row in rows], strict=True))
    return BaseMap(kinds, classes, labels, shapes)


Row = tuple[str, str, str, BaseGeometry]


def _roads(ground: Ground, names: dict[int, str]) -> list[Row]:
    road = ~np.isin(ground.classes, (OUTLINE, RIVER))
    lines, numbers, classes = ground.edges.lines()[road], ground.roads[road], ground.classes[road]
    order = np.lexsort((np.arange(len(numbers)), numbers))
    lines, numbers, classes = lines[order], numbers[order], classes[order]
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    merged = _merged(lines, starts)
    return [
        ("road", ROAD_CLASS.get(int(classes[at]), "street"), names.get(int(numbers[at]), ""), line)
        for at, line in zip(starts, merged, strict=True)
    ]


def _merged(lines: Shapes, starts: Ints) -> Shapes:
    stops = np.r_[starts[1:], len(lines)]
    many = [shapely.multilinestrings(list(lines[a:b])) for a, b in zip(starts, stops, strict=True)]
    return shapely.normalize(shapely.line_merge(np.array(many, dtype=object)))


def rail_line(terrain: Terrain) -> BaseGeometry:
    """The railway through the south of the city, plane metres."""
    run = np.linspace(-1.3 * terrain.half[0], 1.3 * terrain.half[0], 160)
    sway = -0.60 * terrain.half[1] + 0.10 * terrain.half[1] * np.sin(1.7 * run / terrain.half[0] + 0.4)
    return shapely.LineString(np.column_stack([run, sway])).intersection(terrain.outline)


def _rail(terrain: Terrain) -> list[Row]:
    line = shapely.transform(rail_line(terrain), FRAME.lonlat)
    return [("rail", "rail", "云泽铁路", line)]


def _water(terrain: Terrain) -> list[Row]:
    labels = {"river": "澄河", "lake": "云湖", "moat": "护城河"}
    found: list[Row] = []
    for kind, shape in terrain.water():
        inside = shape.intersection(terrain.outline)
        if not inside.is_empty:
            found.append(("water", kind, labels[kind], shapely.transform(inside, FRAME.lonlat)))
    return found


def _green(ground: Ground, terrain: Terrain) -> list[Row]:
    """Parks inside their streets, river banks and shores outside the water, hills."""
    water = shapely.union_all(np.array([shape for _, shape in terrain.water()], dtype=object))
    found: list[Row] = []
    for use, kind in (("park", "park"), ("bank", "bank"), ("lake", "park"), ("hill", "hill")):
        faces = FRAME.shapes_xy_m(ground.faces[ground.used(use)])
        inside = shapely.buffer(faces, -_PARK_MARGIN_M, join_style="mitre")
        dry = shapely.difference(inside, water) if use in ("bank", "lake") else inside
        found += [("green", kind, "", shape) for shape in FRAME.shapes_lonlat(dry) if not shape.is_empty]
    return found
