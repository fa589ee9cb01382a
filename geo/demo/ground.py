"""The one planar arrangement of all street lines, in degrees on the lattice, and what each of its faces is used for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo import crs
from geo.arrays import Bools, Ints, Shapes
from geo.demo.blocks import BANK, CENTRE, EDGE, HILL, INNER, LAKE, OLD, OUTER, Blocks
from geo.demo.meshes import Edges, Merging, edges, united
from geo.demo.plans import FRAME
from geo.demo.streets import STREET, Cells, Lines, in_order, joined, nearest_lines
from geo.demo.terrain import Terrain

USES = (
    "residential", "old_housing", "village", "office", "mall", "market", "school", "hospital",
    "park", "industry", "hill", "bank", "lake", "building_site",
)  # fmt: skip
_OF = {use: number for number, use in enumerate(USES)}
_SHARES: dict[int, dict[str, float]] = {
    OLD: {
        "old_housing": 0.70, "market": 0.05, "school": 0.06, "hospital": 0.02, "park": 0.05, "mall": 0.05,
        "office": 0.07,
    },
    CENTRE: {"residential": 0.40, "office": 0.30, "mall": 0.12, "school": 0.05, "hospital": 0.03, "park": 0.10},
    INNER: {
        "residential": 0.70, "office": 0.07, "mall": 0.03, "market": 0.03, "school": 0.09, "hospital": 0.02,
        "park": 0.06,
    },
    OUTER: {
        "residential": 0.58, "industry": 0.16, "school": 0.07, "market": 0.03, "park": 0.05, "village": 0.06,
        "building_site": 0.05,
    },
    EDGE: {
        "residential": 0.28, "industry": 0.30, "village": 0.20, "building_site": 0.14, "school": 0.04, "park": 0.04,
    },
    HILL: {"hill": 1.0},
    LAKE: {"lake": 1.0},
    BANK: {"bank": 1.0},
}  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """Faces between the centre lines of streets, in degrees on the lattice of 1e-8.

    ``edges`` match exactly; ``classes`` and ``roads`` say which line each edge lies on. ``cells`` is the cell of each
    face, ``zones`` its zone, ``uses`` a number in :data:`USES`, ``enclosed`` is true for grounds inside a block.
    """

    faces: Shapes
    edges: Edges
    classes: Ints
    roads: Ints
    cells: Ints
    zones: Ints
    uses: Ints
    enclosed: Bools

    def used(self, *names: str) -> Bools:
        """True for faces with one of these uses."""
        found: Bools = np.isin(self.uses, [_OF[name] for name in names])
        return found


def arrange(terrain: Terrain, cells: Cells, blocks: Blocks) -> Ground:
    """All lines noded once on the lattice, polygonized; slivers united inside their cell."""
    drawn = joined([Lines(cells.edges.lines(), cells.classes, cells.roads), blocks.cuts])
    lines = Lines(crs.snapped(FRAME.shapes_lonlat(drawn.shapes)), drawn.classes, drawn.roads)
    faces = _faces(lines.shapes)
    cell, inside = _cell_of(faces, crs.snapped(FRAME.shapes_lonlat(cells.shapes)))
    faces, cell = faces[inside], cell[inside]
    faces, cell = _without_slivers(faces, cell, lines)
    table = edges(faces)
    classes, roads = nearest_lines(table.middles, lines)
    enclosed = _enclosed(table, len(faces))
    zone = blocks.zones[cell]
    return Ground(faces, table, classes, roads, cell, zone, _uses(faces, zone, enclosed, terrain), enclosed)


def _faces(lines: Shapes) -> Shapes:
    """Faces of the lines noded on the lattice; snap rounding leaves them fully noded, the proof in the tests agrees."""
    noded = crs.snapped(shapely.get_parts(shapely.union_all(lines, grid_size=crs.SNAP)))
    return in_order(shapely.get_parts(shapely.polygonize(noded)))


def _cell_of(faces: Shapes, cells: Shapes) -> tuple[Ints, Bools]:
    """Cell that holds each face, and whether there is one."""
    face, cell = shapely.STRtree(cells).query(shapely.point_on_surface(faces), predicate="intersects")
    found = np.full(len(faces), -1, dtype=np.int64)
    found[face] = cell
    return found, found >= 0


def _without_slivers(faces: Shapes, cell: Ints, lines: Lines) -> tuple[Shapes, Ints]:
    """Faces under 900 m² or narrower than 12 m joined to a neighbour, in their own cell if there is one."""
    scale = FRAME.scale
    per_m2 = 1 / float(scale.prod())
    narrow = 12 / float(scale.mean())
    table = edges(faces)
    classes, _ = nearest_lines(table.middles, lines)
    inner = (table.right >= 0) & (cell[table.left] == cell[np.maximum(table.right, 0)])
    merging = Merging(faces, table, inner & (classes == STREET))
    merging.absorb(lambda area, around: area < 900 * per_m2 or 2 * area / around < narrow)
    group, count = merging.groups()
    if count == len(faces):
        return faces, cell
    whole = united(faces, group, count)
    of = np.empty(count, dtype=np.int64)
    of[group] = cell
    return whole, of


def _enclosed(table: Edges, count: int) -> Bools:
    """True for faces with one neighbour only."""
    left = np.r_[table.left, table.right[table.right >= 0]]
    other = np.r_[table.right, table.left[table.right >= 0]]
    lowest = np.full(count, np.iinfo(np.int64).max)
    highest = np.full(count, -2)
    np.minimum.at(lowest, left, other)
    np.maximum.at(highest, left, other)
    enclosed: Bools = (lowest == highest) & (lowest >= 0)
    return enclosed


def _uses(faces: Shapes, zone: Ints, enclosed: Bools, terrain: Terrain) -> Ints:
    """What each face is used for, by chance after the shares of its zone; enclosed grounds teach or heal."""
    chance = terrain.order.chance(31)
    drawn = chance.random(len(faces))
    uses = np.zeros(len(faces), dtype=np.int64)
    for kind, shares in _SHARES.items():
        here = zone == kind
        steps = np.cumsum(list(shares.values()))
        names = np.array([_OF[name] for name in shares])
        uses[here] = names[np.minimum(np.searchsorted(steps, drawn[here]), len(names) - 1)]
    small = shapely.area(faces) * float(FRAME.scale.prod()) < 7_000
    uses[small & np.isin(uses, [_OF["school"], _OF["hospital"], _OF["industry"]])] = _OF["office"]
    uses[enclosed] = np.where(drawn[enclosed] < 0.7, _OF["school"], _OF["hospital"])
    return uses
