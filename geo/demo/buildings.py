"""Buildings of every block: laid out on a lattice turned to the street, shops along the front, none on a street.

Worked off in chunks of blocks, so that millions of buildings need no more memory than a chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo import crs
from geo.arrays import Bools, Floats, Ints, Shapes
from geo.demo import layouts
from geo.demo.basemaps import rail_line
from geo.demo.blocks import OLD
from geo.demo.footprints import areas_m2, polygons
from geo.demo.ground import Ground
from geo.demo.layouts import LAYOUTS, RECT, ROWS
from geo.demo.plans import FRAME
from geo.demo.streets import ARTERIAL, QUAY, RING, SECONDARY
from geo.demo.terrain import Terrain

CHUNK = 4_000
"""Blocks worked off at once."""
_LANE_M, _OLD_LANE_M = 6.5, 3.0
_STREET_M = {ARTERIAL: 21.0, RING: 20.0, QUAY: 13.0, SECONDARY: 13.0}
_SHOP = (27.0, 10.0, 7.0)
_SHOPS = len(ROWS)


@dataclass(frozen=True)
class Buildings:
    """Some buildings: shapes in degrees, the block of each, its layout (or shops) and storeys, area on the ground."""

    shapes: Shapes
    blocks: Ints
    layouts: Ints
    floors: Ints
    area_m2: Floats

    def kept(self, keep: Bools) -> Buildings:
        """Those of which ``keep`` is true."""
        return Buildings(
            self.shapes[keep], self.blocks[keep], self.layouts[keep], self.floors[keep], self.area_m2[keep]
        )


def raise_all(ground: Ground, terrain: Terrain, tightness: float = 1.0) -> Iterator[Buildings]:
    """Buildings of all blocks, chunk by chunk; ``tightness`` below 1 sets everything smaller and closer."""
    chance = terrain.order.chance(61)
    layout = layouts.chosen(ground.uses, ground.zones, chance)
    barred = _barred(ground, terrain)
    for number, start in enumerate(range(0, len(ground.faces), CHUNK)):
        blocks = np.arange(start, min(start + CHUNK, len(ground.faces)))
        blocks = blocks[layout[blocks] != layouts.KEYS.index("none")]
        if len(blocks):
            yield _raised(ground, blocks, layout, barred, tightness, terrain.order.chance(62, number))


def _barred(ground: Ground, terrain: Terrain) -> shapely.STRtree:
    """Ground kept free in every block: half the width of larger streets, the railway, the water."""
    shapes: list[BaseGeometry] = []
    for kind, width in _STREET_M.items():
        lines = FRAME.shapes_xy_m(ground.edges.lines()[ground.classes == kind])
        shapes += list(shapely.buffer(lines, width, quad_segs=2))
    rail = shapely.segmentize(rail_line(terrain), 200)
    shapes += list(shapely.buffer(_segments(rail), 16, quad_segs=2))
    shapes += [piece for kind, piece in terrain.water() if kind == "moat"]
    return shapely.STRtree(shapes)


def _segments(line: BaseGeometry) -> Shapes:
    xy, of = shapely.get_coordinates(shapely.get_parts(line), return_index=True)
    same = np.flatnonzero(of[1:] == of[:-1])
    segments: Shapes = np.asarray(shapely.linestrings(np.stack([xy[same], xy[same + 1]], axis=1)))
    return segments


def _raised(
    ground: Ground, blocks: Ints, layout: Ints, barred: shapely.STRtree, tightness: float, chance: np.random.Generator
) -> Buildings:
    lots = _lots(ground, blocks, barred)
    inner = np.array([ROWS[one].frontage for one in layout[blocks]])
    yards = lots.copy()
    yards[inner] = shapely.buffer(lots[inner], -(_SHOP[1] + 9), join_style="mitre")
    standing = _standing(yards, layout[blocks], tightness, chance)
    shops = _shops(lots, inner, chance)
    found = [_on_lattice(chance, *standing, layout[blocks]), shops]
    shapes = np.concatenate([one[0] for one in found])
    of = np.concatenate([one[1] for one in found])
    kind = np.concatenate([layout[blocks][standing[0]], np.full(len(shops[1]), _SHOPS)])
    area = np.concatenate([one[2] for one in found])
    low = np.array([*(row.floors[0] for row in ROWS), 1])[kind]
    high = np.array([*(row.floors[1] for row in ROWS), 3])[kind]
    estate = chance.random(len(blocks))[of]  # buildings of one estate are about as tall as each other
    mixed = np.clip(0.75 * estate + 0.25 * chance.random(len(of)), 0, 0.999)
    floors = (low + mixed * (high - low + 1)).astype(np.int64)
    apart = _apart(shapes)
    order = np.lexsort((np.arange(len(of)), of))
    order = order[apart[order]]
    degrees = crs.snapped(FRAME.shapes_lonlat(shapes[order]))
    return Buildings(degrees, blocks[of[order]], kind[order], floors[order], area[order])


def _lots(ground: Ground, blocks: Ints, barred: shapely.STRtree) -> Shapes:
    """Ground of each block that may be built on, plane metres; may be empty or in parts."""
    lane = np.where(ground.zones[blocks] == OLD, _OLD_LANE_M, _LANE_M)
    lots = shapely.buffer(FRAME.shapes_xy_m(ground.faces[blocks]), -lane, join_style="mitre")
    lot, bar = barred.query(lots, predicate="intersects")
    order = np.argsort(lot, kind="stable")
    lot, bar = lot[order], bar[order]
    starts = np.searchsorted(lot, np.arange(len(lots) + 1))
    touched = np.flatnonzero(np.diff(starts))
    bars = [shapely.union_all(barred.geometries[bar[starts[at] : starts[at + 1]]]) for at in touched]
    lots[touched] = shapely.difference(lots[touched], np.array(bars, dtype=object))
    return lots


def _standing(
    yards: Shapes, layout: Ints, tightness: float, chance: np.random.Generator
) -> tuple[Ints, Floats, Floats, Floats]:
    """Places on the lattice of each yard: yard, middle (n, 2), size (n, 2), angle; those that leave the yard too."""
    centre, angle, span = _frames(yards)
    spread = chance.uniform(0.88, 1.16, len(yards))[:, None] * tightness
    size = np.array([row.size for row in ROWS])[layout] * spread
    pitch = size + np.array([row.gap for row in ROWS])[layout] * spread
    size = np.minimum(size, np.maximum(span - 1, 1))
    count = np.maximum(np.floor((span + pitch - size) / pitch), 0).astype(np.int64)
    count[shapely.is_empty(yards)] = 0
    each = count.prod(axis=1)
    yard = np.repeat(np.arange(len(yards)), each)
    rank = np.arange(len(yard)) - np.repeat(np.cumsum(each) - each, each)
    column, row = rank % np.maximum(count[yard, 0], 1), rank // np.maximum(count[yard, 0], 1)
    slack = span - (count * pitch - (pitch - size))
    place = np.column_stack([column, row]) * pitch[yard] + size[yard] / 2 + slack[yard] / 2 - span[yard] / 2
    loose = np.array([one.loose for one in ROWS])[layout][yard]
    place += chance.uniform(-0.5, 0.5, place.shape) * (pitch - size)[yard] * loose[:, None]
    size = size[yard] * np.column_stack([chance.uniform(0.86, 1.0, len(yard)), chance.uniform(0.94, 1.0, len(yard))])
    keep = chance.random(len(yard)) > np.array([one.empty for one in ROWS])[layout][yard]
    half = np.array([one.half for one in ROWS])[layout][yard]
    keep &= ~half | (place[:, 1] > -0.08 * span[yard, 1])
    turn = angle[yard]
    cos, sin = np.cos(turn), np.sin(turn)
    middle = centre[yard] + np.column_stack(
        [cos * place[:, 0] - sin * place[:, 1], sin * place[:, 0] + cos * place[:, 1]]
    )
    kinds = _kinds(layout[yard], chance)
    inside = np.zeros(len(yard), dtype=bool)
    at = np.flatnonzero(keep)
    shapely.prepare(yards)
    boxes = polygons(np.full(len(at), RECT), middle[at], size[at], turn[at])
    inside[at] = shapely.contains(yards[yard[at]], boxes)
    return yard[inside], np.column_stack([middle, kinds])[inside], size[inside], turn[inside]


def _kinds(layout: Ints, chance: np.random.Generator) -> Ints:
    """Template of each building, by chance from its layout's."""
    longest = max(len(row.shapes) for row in ROWS)
    table = np.array([[row.shapes[at % len(row.shapes)] for at in range(12)] for row in ROWS])
    assert longest <= 12
    kinds: Ints = table[layout, chance.integers(0, 12, len(layout))]
    return kinds


def _on_lattice(
    chance: np.random.Generator, yard: Ints, placed: Floats, size: Floats, angle: Floats, layout: Ints
) -> tuple[Shapes, Ints, Floats]:
    kinds = placed[:, 2].astype(np.int64)
    flip = chance.integers(0, 2, len(kinds)) * np.pi  # a template and the same turned round
    slabs = np.isin(layout[yard], [at for at, row in enumerate(ROWS) if row.use == "residential"]) & (size[:, 1] < 16)
    return polygons(kinds, placed[:, :2], size, angle + np.where(slabs, 0, flip)), yard, areas_m2(kinds, size)


def _frames(yards: Shapes) -> tuple[Floats, Floats, Floats]:
    """Middle, angle in (-45°, 45°] of the side nearest to east-west, and the two spans of each yard's envelope."""
    boxes = shapely.oriented_envelope(yards)
    fine = shapely.get_num_coordinates(boxes) == 5
    corners = np.zeros((len(yards), 5, 2))
    corners[fine] = shapely.get_coordinates(boxes[fine]).reshape(-1, 5, 2)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    flat = np.abs(first[:, 0]) * np.hypot(*second.T) >= np.abs(second[:, 0]) * np.hypot(*first.T)
    along = np.where(flat[:, None], first, second)
    up = np.where(flat[:, None], second, first)
    along = along * np.where(along[:, 0] < 0, -1, 1)[:, None]
    angle = np.arctan2(along[:, 1], along[:, 0])
    return corners[:, :4].mean(axis=1), angle, np.column_stack([np.hypot(*along.T), np.hypot(*up.T)])


def _shops(lots: Shapes, fronted: Bools, chance: np.random.Generator) -> tuple[Shapes, Ints, Floats]:
    """Low shops along about half the longer sides of fronted lots: shapes, lot of each, area."""
    length, depth, gap = _SHOP
    rings, lot = shapely.get_parts(shapely.boundary(shapely.simplify(lots, 1.0)), return_index=True)
    xy, of = shapely.get_coordinates(rings, return_index=True)
    start = np.flatnonzero(of[1:] == of[:-1])
    side, owner = xy[start + 1] - xy[start], lot[of[start]]
    long_m = np.hypot(*side.T)
    sides = np.flatnonzero(fronted[owner] & (long_m > 2.5 * length) & (chance.random(len(start)) < 0.7))
    count = ((long_m[sides] - 1.2 * length) / (length + gap)).astype(np.int64)
    of_side = np.repeat(sides, count)
    rank = np.arange(len(of_side)) - np.repeat(np.cumsum(count) - count, count)
    unit = side[of_side] / long_m[of_side][:, None]
    inward = np.column_stack([-unit[:, 1], unit[:, 0]])
    lengthwise = length * chance.uniform(0.7, 1.15, len(of_side))
    at = (rank + 0.5) * (length + gap) + 0.6 * length
    middle = xy[start[of_side]] + unit * at[:, None]
    angle = np.arctan2(unit[:, 1], unit[:, 0])
    size = np.column_stack([lengthwise, depth * chance.uniform(0.85, 1.0, len(of_side))])
    one_way, other_way = middle + inward * (depth / 2 + 1), middle - inward * (depth / 2 + 1)
    shapely.prepare(lots)
    first = shapely.contains(lots[owner[of_side]], shapely.points(one_way))
    middle = np.where(first[:, None], one_way, other_way)
    shapes = polygons(np.zeros(len(of_side), dtype=np.int64), middle, size, angle)
    keep = shapely.contains(lots[owner[of_side]], shapes) & (chance.random(len(of_side)) < 0.9)
    return shapes[keep], owner[of_side][keep], size[keep].prod(axis=1)


def _apart(shapes: Shapes) -> Bools:
    """True for the shapes kept when of two that meet the later one goes."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    apart = np.ones(len(shapes), dtype=bool)
    apart[np.maximum(first, second)[first != second]] = False
    return apart


def use_of(layout: int) -> str:
    """Use of the buildings of a layout."""
    return "shop" if layout == _SHOPS else ROWS[layout].use


USE_NAMES = tuple(sorted({row.use for row in LAYOUTS.values()} | {"shop"}))
