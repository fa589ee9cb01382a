"""Business districts: shopping areas, groups of office buildings, urban complexes, parks and specialised markets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo import crs
from geo.arrays import Floats, Ints, Shapes
from geo.demo.ground import Ground
from geo.demo.names import Namer
from geo.demo.plans import FRAME, Order
from geo.demo.sites import Sites


@dataclass(frozen=True)
class Kind:
    """Names, key, uses of its ground (the first is the seed's), metres it reaches, how many, who runs it."""

    zh: str
    en: str
    key: str
    uses: tuple[str, ...]
    reach: float
    count: int
    operator: str


_KINDS = (
    Kind("商圈", "Commercial Area", "commercial_area", ("mall", "office", "market"), 520.0, 4, "商业管理有限公司"),
    Kind("写字楼群", "Office Cluster", "office_cluster", ("office",), 380.0, 3, "商务楼宇运营有限公司"),
    Kind("城市综合体", "Complex", "urban_complex", ("mall",), 160.0, 2, "商业管理有限公司"),
    Kind("产业园", "Industrial Park", "park", ("industry", "office"), 620.0, 2, "园区运营管理中心"),
    Kind("专业市场", "Market", "specialised_market", ("market",), 300.0, 1, "市场服务管理有限公司"),
)
_JOIN_M = 32.0


@dataclass(frozen=True)
class BusinessDistrict:
    """One business district; ``shape`` in degrees."""

    code: str
    name: str
    name_en: str
    kind: str
    operator: str
    shape: BaseGeometry


def business_districts(ground: Ground, sites: Sites, order: Order) -> list[BusinessDistrict]:
    """The business districts of the city, where firms are; they may overlap anything, each other too."""
    namer, chance = Namer(order.chance(81)), order.chance(82)
    faces = FRAME.shapes_xy_m(ground.faces)
    places = shapely.get_coordinates(shapely.centroid(faces))
    weight = np.bincount(sites.block, sites.figures("firms"), len(faces)) + 1e-9 * shapely.area(faces)
    found: list[BusinessDistrict] = []
    for kind in _KINDS:
        members = np.flatnonzero(ground.used(*kind.uses))
        count = max(1, round(kind.count * order.grids / 260))
        for seed in _seeds(_able(ground, kind, weight), (members, places, weight), kind.reach, count, chance):
            near = members[np.hypot(*(places[members] - places[seed]).T) < kind.reach]
            shape = _joined(faces[near], faces[seed])
            degrees = crs.snapped(FRAME.shapes_lonlat(np.array([shape], dtype=object)))[0]
            zh, en = namer.next()
            code = f"B{len(found) + 1:04d}"
            operator = f"云泽{zh}{kind.operator}"
            found.append(BusinessDistrict(code, zh + kind.zh, f"{en} {kind.en}", kind.key, operator, degrees))
    return found


def _able(ground: Ground, kind: Kind, weight: Floats) -> Ints:
    """Faces that may be a seed: of the kind's first use and with firms, where there are any."""
    able = ground.used(kind.uses[0])
    busy = able & (weight >= 1)
    return np.flatnonzero(busy if busy.any() else able)


def _seeds(
    first: Ints, ground: tuple[Ints, Floats, Floats], reach: float, count: int, chance: np.random.Generator
) -> list[int]:
    """Faces far from each other and amid many firms: the best of a few by chance, one after another."""
    members, places, weight = ground
    seeds: list[int] = []
    for _ in range(min(count, len(first))):
        tries = chance.choice(first, min(12, len(first)), replace=False).tolist()
        near = [np.hypot(*(places[members] - places[one]).T) < reach for one in tries]
        around: Floats = np.array([weight[members[one]].sum() for one in near])
        apart = [min((float(np.hypot(*(places[one] - places[two]))) for two in seeds), default=1.0) for one in tries]
        seeds.append(tries[int(np.argmax(around * np.sqrt(apart)))])
    return seeds


def _joined(shapes: Shapes, seed: BaseGeometry) -> BaseGeometry:
    """The shapes and the streets between them, the part that holds the seed, without the half street around."""
    joined = shapely.union_all(shapely.buffer(shapes, _JOIN_M, join_style="mitre")).buffer(
        -_JOIN_M - 8, join_style="mitre"
    )
    parts = shapely.get_parts(joined)
    chosen: BaseGeometry = parts[int(np.argmin(shapely.distance(parts, seed.centroid)))]
    return chosen.simplify(0.5)
