"""Arterials, quays and ring roads, and the cells between them: the frame a city is built in.

Plane metres; nodes on a lattice of a millimetre, so that cells share their vertices exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.demo.meshes import Edges, Merging, borders, edges, united
from geo.demo.terrain import QUAY_M, Terrain

OUTLINE, RIVER, ARTERIAL, RING, QUAY, SECONDARY, LANE, STREET = range(8)
"""Classes of a line, from the one borders follow first; LANE is a path round a lake or a hill."""

OVER_M = 0.02
"""How far a clipped line runs on over the line it ends at, so that the two are sure to cross."""
ARTERIAL_U_M, ARTERIAL_V_M, STEP_M = 790.0, 720.0, 80.0
SHORE_M = 85.0
_GRID_M = 0.001


@dataclass(frozen=True)
class Lines:
    """Drawn lines with their class and the number of the road they belong to (-1 = no road)."""

    shapes: Shapes
    classes: Ints
    roads: Ints

    def kept(self, keep: Bools) -> Lines:
        """Those of which ``keep`` is true."""
        return Lines(self.shapes[keep], self.classes[keep], self.roads[keep])

    def parted(self) -> Lines:
        """The same without multi-part and empty lines."""
        parts, index = shapely.get_parts(self.shapes, return_index=True)
        some = shapely.length(parts) > 0
        index = index[some]
        return Lines(parts[some], self.classes[index], self.roads[index])


def joined(many: list[Lines]) -> Lines:
    """All of them in order."""
    return Lines(
        np.concatenate([one.shapes for one in many]),
        np.concatenate([one.classes for one in many]),
        np.concatenate([one.roads for one in many]),
    )


@dataclass(frozen=True)
class Cells:
    """Ground between the large streets, with its edges and the class and road of each edge."""

    shapes: Shapes
    edges: Edges
    classes: Ints
    roads: Ints


def cells(terrain: Terrain) -> Cells:
    """The cells of the city; slivers are united with a neighbour and some lesser streets left out."""
    lines = frame(terrain)
    faces = _faces(lines, terrain)
    table = edges(faces)
    classes, roads = nearest_lines(table.middles, lines)
    chance = terrain.order.chance(11)
    merging = Merging(faces, table, np.isin(classes, (ARTERIAL, SECONDARY, QUAY, LANE, RING)))
    merging.absorb(lambda area, around: area < 9_000 or 2 * area / around < 22)
    merging.border = _lesser(merging, table, classes)
    merging.absorb(lambda area, around: area < 34_000 or 2 * area / around < 34)
    _leave_out(merging, table, classes, chance)
    group, count = merging.groups()
    kept = group[table.left] != np.where(table.right >= 0, group[np.maximum(table.right, 0)], -1)
    shapes = united(faces, group, count)
    left, right = group[table.left[kept]], np.where(table.right[kept] >= 0, group[np.maximum(table.right[kept], 0)], -1)
    return Cells(shapes, Edges(table.ends[kept], left, right), classes[kept], roads[kept])


def _lesser(merging: Merging, table: Edges, classes: Ints) -> dict[int, dict[int, float]]:
    """Borders between groups that run along secondary streets and lanes only."""
    group = np.array([merging.find(face) for face in range(len(merging.group))])
    lesser = (table.right >= 0) & np.isin(classes, (SECONDARY, LANE, ARTERIAL))
    return borders(group[table.left[lesser]], group[table.right[lesser]], table.lengths[lesser])


def _leave_out(merging: Merging, table: Edges, classes: Ints, chance: np.random.Generator) -> None:
    """Unite about a sixth of the pairs of cells across a secondary street: real street grids have gaps."""
    open_edges = np.flatnonzero((classes == SECONDARY) & (table.right >= 0) & (table.lengths > 30))
    for edge in chance.permutation(open_edges)[: len(open_edges) // 20]:
        a, b = merging.find(int(table.left[edge])), merging.find(int(table.right[edge]))
        if a == b or b not in merging.border.get(a, {}):
            continue
        if merging.area[a] + merging.area[b] < 330_000 and merging.border[a][b] > 200:
            merging.join(a, b)


def _faces(lines: Lines, terrain: Terrain) -> Shapes:
    noded = shapely.union_all(lines.shapes, grid_size=_GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inside = shapely.contains(terrain.outline, shapely.point_on_surface(faces))
    return in_order(faces[inside])


def in_order(faces: Shapes) -> Shapes:
    """Faces normalised and ordered by their lower left corner: the same order on every run."""
    faces = shapely.normalize(faces)
    bounds = shapely.bounds(faces)
    order = np.lexsort((shapely.area(faces), bounds[:, 1], bounds[:, 0]))
    ordered: Shapes = faces[order]
    return ordered


def nearest_lines(points: Floats, lines: Lines) -> tuple[Ints, Ints]:
    """Class and road of the line nearest to each point; at equal distance the line that comes first."""
    xy, of = shapely.get_coordinates(lines.shapes, return_index=True)
    same = np.flatnonzero(of[1:] == of[:-1])
    segments: Shapes = np.asarray(shapely.linestrings(np.stack([xy[same], xy[same + 1]], axis=1)))
    tree = shapely.STRtree(segments)
    asked, found = tree.query_nearest(shapely.points(points), all_matches=True)
    found = of[same][found]
    first = np.lexsort((found, asked))
    asked, found = asked[first], found[first]
    keep = np.r_[True, asked[1:] != asked[:-1]]
    nearest = found[keep]
    return lines.classes[nearest], lines.roads[nearest]


def frame(terrain: Terrain) -> Lines:
    """Outline, river, ring roads, quays, shores, arterials and secondary streets, in this order, clipped."""
    drawn = [_water_lines(terrain), _grid_lines(terrain)]
    lines = joined(drawn).parted()
    ground = terrain.outline.buffer(OVER_M)
    inside = np.where(lines.classes == OUTLINE, lines.shapes, shapely.intersection(lines.shapes, ground))
    return Lines(inside, lines.classes, lines.roads).parted()


def _water_lines(terrain: Terrain) -> Lines:
    """Lines that come before any street: outline, river, old town's ring, quays, shores, feet of hills."""
    strips = [terrain.strip(number, QUAY_M).buffer(-OVER_M) for number in range(len(terrain.rivers))]
    drawn: list[tuple[BaseGeometry, int]] = [(terrain.outline.exterior, OUTLINE)]
    drawn += [(river, RIVER) for river in terrain.rivers]
    drawn += [(town.exterior, RING) for town in terrain.old_towns]
    for river in range(len(terrain.rivers)):
        others = strips[:river] + strips[river + 1 :]
        drawn += [(_outside(LineString(bank), others), QUAY) for bank in terrain.offsets(river, QUAY_M)]
    drawn += [(_outside(zone.exterior, strips), LANE) for zone in zones(terrain)]
    classes = np.array([kind for _, kind in drawn])
    is_road = ~np.isin(classes, (OUTLINE, RIVER))
    roads = np.where(is_road, np.cumsum(is_road) - 1, -1)
    return Lines(np.array([shape for shape, _ in drawn], dtype=object), classes, roads)


def _outside(line: BaseGeometry, strips: Sequence[BaseGeometry]) -> BaseGeometry:
    for strip in strips:
        line = line.difference(strip)
    return line


def zones(terrain: Terrain) -> list[Polygon]:
    """Ground without streets: lakes with their shore, hills."""
    found: list[Polygon] = []
    for lake in terrain.lakes:
        shore = shapely.simplify(shapely.buffer(Polygon(lake.exterior), SHORE_M, quad_segs=3), 2.0)
        assert isinstance(shore, Polygon)
        found.append(shore)
    return [*found, *terrain.hills]


def _grid_lines(terrain: Terrain) -> Lines:
    """Arterials and secondary streets of the bent grid; only arterials cross the river, and only squarely."""
    shapes, classes, roads = [], [], []
    number = 1_000
    closed = shapely.union_all(np.array([zone.buffer(-OVER_M) for zone in zones(terrain)], dtype=object))
    corridor = terrain.corridor(-OVER_M)
    towns = shapely.union_all(np.array([town.buffer(-OVER_M) for town in terrain.old_towns], dtype=object))
    for across in (False, True):
        half, reach = terrain.half[::-1] if across else terrain.half
        base = ARTERIAL_V_M if across else ARTERIAL_U_M
        for at, kind in spacing(half, base, terrain.order.chance(12, int(across))):
            run = np.linspace(-1.3 * reach, 1.3 * reach, int(2.6 * reach / STEP_M))
            fixed = np.full_like(run, at)
            line: BaseGeometry = LineString(terrain.bend(np.column_stack([run, fixed] if across else [fixed, run])))
            line = line.difference(closed)
            bridges = _bridges(line, corridor, terrain) if kind == ARTERIAL else []
            line = line.difference(corridor)
            if kind == SECONDARY:
                line = line.difference(towns)
            shapes.append(shapely.union_all(np.array([line, *bridges], dtype=object)))
            classes.append(kind)
            roads.append(number)
            number += 1
    return Lines(np.array(shapes, dtype=object), np.array(classes), np.array(roads))


def _bridges(line: BaseGeometry, corridor: BaseGeometry, terrain: Terrain) -> list[BaseGeometry]:
    widest = 2 * max(float(widths.max()) for widths in terrain.river_half_m) + 2 * QUAY_M
    parts = shapely.get_parts(shapely.intersection(line, corridor))
    return [part for part in parts if part.length < 1.35 * widest]


def spacing(half: float, base: float, chance: np.random.Generator) -> list[tuple[float, int]]:
    """Positions of arterials, wider apart outwards, and of one or two secondary streets between each two."""
    arterials = [chance.uniform(-0.3, 0.3) * base]
    for side in (-1, 1):
        at = arterials[0]
        while abs(at) < 1.25 * half:
            at += side * base * (0.86 + 0.42 * min(abs(at) / half, 1)) * chance.uniform(0.84, 1.18)
            arterials.append(at)
    arterials.sort()
    found: list[tuple[float, int]] = [(at, ARTERIAL) for at in arterials]
    for low, high in pairwise(arterials):
        lanes = 1 if high - low < 900 else 2
        parts = (np.arange(lanes) + 1) / (lanes + 1) + chance.uniform(-0.09, 0.09, lanes) / lanes
        found += [(float(low + part * (high - low)), SECONDARY) for part in parts]
    return sorted(found)
