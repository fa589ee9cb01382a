"""Faces united into grids, communities, subdistricts and districts; what no grid covers stays fallback ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats, Ints, Shapes
from geo.demo.blocks import BANK, CENTRE, EDGE, HILL, INNER, LAKE, OLD, OUTER
from geo.demo.grids import GridPlan, plan_grids
from geo.demo.ground import Ground
from geo.demo.meshes import borders, united
from geo.demo.names import Name, Namer, with_suffix
from geo.demo.parting import Graph, part, ranked, share_out
from geo.demo.plans import FRAME, Order
from geo.demo.streets import ARTERIAL, LANE, OUTLINE, QUAY, RING, RIVER, SECONDARY, STREET

CITY_CODE = "9901"
DIGITS = (4, 6, 9, 12, 15)
_DISTRICTS: tuple[Name, ...] = (("文澜", "Wenlan"), ("云澄", "Yuncheng"))
_PASS = np.ones(8)
_PASS[[RIVER, ARTERIAL, RING, QUAY, SECONDARY, LANE, STREET]] = (0.02, 0.35, 0.08, 0.6, 0.8, 0.6, 1.0)
_PASS[OUTLINE] = 0.0
_DENSITY = np.zeros(8)
_DENSITY[[OLD, CENTRE, INNER, OUTER, EDGE, HILL, LAKE, BANK]] = (1.6, 1.5, 1.1, 0.62, 0.30, 0.05, 0.1, 0.1)


@dataclass(frozen=True)
class Level:
    """Units of one level in order of their codes."""

    codes: list[str]
    names: list[Name]
    parents: list[str]
    shapes: Shapes
    kinds: list[str]


@dataclass(frozen=True)
class Town:
    """The divided city: levels from district to grid, its outline, and the unit of each face.

    ``community`` and ``grid`` are positions in their levels; -1 in ``grid`` is ground in no grid.
    """

    levels: dict[str, Level]
    outline: BaseGeometry
    community: Ints
    grid: Ints


def graph_of(ground: Ground, group: Ints, weight: Floats, *, over_river: bool) -> Graph:
    """The graph of groups of faces (cells, or the faces themselves)."""
    table = ground.edges
    keep = (table.right >= 0) & (over_river | (ground.classes != RIVER))
    left, right = group[table.left[keep]], group[table.right[keep]]
    metres = np.hypot(*((table.ends[keep, 1] - table.ends[keep, 0]) * FRAME.scale).T)
    count = int(group.max()) + 1
    points = FRAME.xy_m(shapely.get_coordinates(shapely.centroid(ground.faces)))
    area = shapely.area(ground.faces)
    total = np.bincount(group, weights=area, minlength=count)
    xy = [np.bincount(group, weights=area * points[:, axis], minlength=count) / total for axis in (0, 1)]
    load = np.bincount(group, weights=weight, minlength=count)
    return Graph(
        load.astype(np.float64), np.column_stack(xy), borders(left, right, metres * _PASS[ground.classes[keep]])
    )


def divide(ground: Ground, order: Order) -> Town:
    """The town's division, the number of named grids exactly as ordered."""
    weight = shapely.area(ground.faces) * float(FRAME.scale.prod()) * _DENSITY[ground.zones]
    cells = graph_of(ground, ground.cells, weight, over_river=True)
    dry = graph_of(ground, ground.cells, weight, over_river=False)
    communities = max(2, round(order.grids * 48 / 260))
    subdistricts = max(2, round(communities / 6))
    districts = min(24, max(2, round(subdistricts / 4)))
    tree = _tree(cells, dry, (districts, subdistricts, communities))
    member = np.full(int(ground.cells.max()) + 1, -1, dtype=np.int64)
    for number, (_, _, group) in enumerate(tree):
        member[group] = number
    community = member[ground.cells]
    faces = graph_of(ground, np.arange(len(ground.faces)), weight, over_river=True)
    plan = plan_grids(ground, faces, community, order)
    return _named(ground, tree, community, plan, order)


def _tree(cells: Graph, dry: Graph, counts: tuple[int, int, int]) -> list[tuple[int, int, Ints]]:
    """Communities in order: number of the district, number of the subdistrict inside it, their cells."""
    parts = _sides(cells, dry)
    found: list[tuple[int, int, Ints]] = []
    shares = share_out(
        counts[0], np.array([dry.weight[one].sum() for one in parts]), np.array([len(one) for one in parts])
    )
    districts = [one for side, count in zip(parts, shares, strict=True) for one in part(dry, side, int(count))]
    districts = _in_rank(dry, districts)
    below = _shares(dry, districts, counts[1])
    wards = [_in_rank(dry, part(dry, one, int(count))) for one, count in zip(districts, below, strict=True)]
    flat = [(d, s, group) for d, groups in enumerate(wards) for s, group in enumerate(groups)]
    for (d, s, group), count in zip(flat, _shares(dry, [one for *_, one in flat], counts[2]), strict=True):
        found += [(d, s, one) for one in _in_rank(dry, part(dry, group, int(count)))]
    return found


def _shares(graph: Graph, groups: list[Ints], total: int) -> Ints:
    weight = np.array([graph.weight[one].sum() for one in groups])
    return share_out(total, weight, np.array([len(one) for one in groups]))


def _in_rank(graph: Graph, groups: list[Ints]) -> list[Ints]:
    centres = np.array([np.average(graph.xy[one], axis=0, weights=graph.weight[one] + 1e-9) for one in groups])
    return [groups[at] for at in ranked(centres)]


def _sides(cells: Graph, dry: Graph) -> list[Ints]:
    """Banks of the rivers as sets of cells; a scrap cut off by the outline joins the bank it touches."""
    parts = dry.components(np.arange(len(dry.weight)))
    total = dry.weight.sum()
    large = [one for one in parts if dry.weight[one].sum() > 0.04 * total]
    for scrap in parts[len(large) :]:
        near = {other: pull for face in scrap for other, pull in cells.pull.get(face, {}).items()}
        best = max(large, key=lambda side: sum(near.get(one, 0.0) for one in side))
        best += scrap
        for face in scrap:  # the scrap is reached over the river from now on
            dry.pull[face] = dict(cells.pull.get(face, {}))
            for other in dry.pull[face]:
                dry.pull.setdefault(other, {})[face] = dry.pull[face][other]
    return [np.array(sorted(one), dtype=np.int64) for one in large]


def _named(ground: Ground, tree: list[tuple[int, int, Ints]], community: Ints, plan: GridPlan, order: Order) -> Town:
    """Codes, names and ground of every unit of every level."""
    pairs = sorted({(d, s) for d, s, _ in tree})
    districts = sorted({d for d, _ in pairs})
    namer = Namer(order.chance(41), frozenset(one for pair in _DISTRICTS for one in pair))
    names = {
        "district": with_suffix([*_DISTRICTS, *namer.many(len(districts))][: len(districts)], "区", "District"),
        "subdistrict": with_suffix(namer.many(len(pairs)), "街道", "Subdistrict"),
        "community": with_suffix(namer.many(len(tree)), "社区", "Community"),
    }
    code: dict[tuple[int, ...], str] = {(d,): f"{CITY_CODE}{d + 1:02d}" for d in districts}
    code |= {(d, s): f"{code[(d,)]}{s + 1:03d}" for d, s in pairs}
    above, number = [], dict.fromkeys(pairs, 0)
    codes = []
    for d, s, _ in tree:
        number[(d, s)] += 1
        above.append(code[(d, s)])
        codes.append(f"{code[(d, s)]}{number[(d, s)]:03d}")
    of = {pair: at for at, pair in enumerate(pairs)}
    ward = np.array([of[(d, s)] for d, s, _ in tree])[community]
    district = np.array([d for d, _ in pairs])[ward]
    shapes = {
        "district": united(ground.faces, district, len(districts)),
        "subdistrict": united(ground.faces, ward, len(pairs)),
        "community": united(ground.faces, community, len(tree)),
    }
    flat = {
        "district": ([code[(d,)] for d in districts], [CITY_CODE] * len(districts)),
        "subdistrict": ([code[pair] for pair in pairs], [code[(d,)] for d, _ in pairs]),
        "community": (codes, above),
    }
    levels = {key: Level(own, names[key], up, shapes[key], [""] * len(own)) for key, (own, up) in flat.items()}
    levels["grid"], grid = _grids(ground, plan, levels["community"], namer)
    outline: BaseGeometry = shapely.coverage_union_all(ground.faces)
    return Town(levels, outline, community, grid)


def _grids(ground: Ground, plan: GridPlan, above: Level, namer: Namer) -> tuple[Level, Ints]:
    shapes = united(ground.faces[plan.grid >= 0], plan.grid[plan.grid >= 0], len(plan.community))
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    codes, names, parents, kinds, order = [], [], [], [], []
    for community in range(len(above.codes)):
        members = np.flatnonzero(np.array(plan.community) == community)
        ordinary = 0
        for rank, grid in enumerate(members[ranked(centres[members])], 1):
            order.append(int(grid))
            codes.append(f"{above.codes[community]}{rank:03d}")
            parents.append(above.codes[community])
            kinds.append("dedicated" if plan.uses[grid] else "comprehensive")
            ordinary += not plan.uses[grid]
            names.append(plan.name(int(grid), ordinary, above.names[community], namer))
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    grid_of = np.where(plan.grid >= 0, position[np.maximum(plan.grid, 0)], -1)
    return Level(codes, names, parents, shapes[order], kinds), grid_of
