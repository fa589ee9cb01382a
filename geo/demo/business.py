"""Business districts: shopping areas, groups of office buildings, urban complexes, parks and specialised markets."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo import crs
from geo.arrays import Ints, Shapes
from geo.demo.ground import Ground
from geo.demo.names import Namer
from geo.demo.plans import FRAME, Order

_KINDS = (
    ("商圈", "shopping_area", ("mall", "office", "market"), 520.0, 4),
    ("写字楼群", "office_cluster", ("office",), 380.0, 3),
    ("城市综合体", "urban_complex", ("mall",), 160.0, 2),
    ("产业园", "industrial_park", ("industry",), 620.0, 2),
    ("专业市场", "specialised_market", ("market",), 300.0, 1),
)
_JOIN_M = 32.0


def business_districts(ground: Ground, order: Order) -> list[tuple[str, str, str, BaseGeometry]]:
    """Code, name, kind and polygon in degrees of each; they may overlap anything, each other too."""
    namer, chance = Namer(order.chance(81)), order.chance(82)
    faces = FRAME.shapes_xy_m(ground.faces)
    places = shapely.get_coordinates(shapely.centroid(faces))
    found: list[tuple[str, str, str, BaseGeometry]] = []
    for label, kind, uses, reach, count in _KINDS:
        members = np.flatnonzero(ground.used(*uses))
        for seed in _seeds(members, places, max(1, round(count * order.grids / 260)), chance):
            near = members[np.hypot(*(places[members] - places[seed]).T) < reach]
            shape = _joined(faces[near], faces[seed])
            degrees = crs.snapped(FRAME.shapes_lonlat(np.array([shape], dtype=object)))[0]
            found.append((f"B{len(found) + 1:04d}", namer.next()[0] + label, kind, degrees))
    return found


def _seeds(members: Ints, places: np.ndarray, count: int, chance: np.random.Generator) -> list[int]:
    """Members far from each other: the best of a few by chance, one after the other."""
    seeds: list[int] = []
    for _ in range(min(count, len(members))):
        tries = chance.choice(members, min(12, len(members)), replace=False).tolist()
        seeds.append(
            max(
                tries,
                key=lambda one: min((float(np.hypot(*(places[one] - places[two]))) for two in seeds), default=0.0),
            )
        )
    return seeds


def _joined(shapes: Shapes, seed: BaseGeometry) -> BaseGeometry:
    """The shapes and the streets between them, the part that holds the seed, without the half street around."""
    joined = shapely.union_all(shapely.buffer(shapes, _JOIN_M, join_style="mitre")).buffer(
        -_JOIN_M - 8, join_style="mitre"
    )
    parts = shapely.get_parts(joined)
    chosen: BaseGeometry = parts[int(np.argmin(shapely.distance(parts, seed.centroid)))]
    return chosen.simplify(0.5)
