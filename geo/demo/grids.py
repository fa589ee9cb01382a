"""Which faces make a grid: dedicated ones by use, ground left without a grid, comprehensive ones for the rest."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from geo.arrays import Ints
from geo.demo.ground import USES, Ground
from geo.demo.names import DEDICATED, Name, Namer, number_zh
from geo.demo.parting import Graph, part, share_out
from geo.demo.plans import FRAME, Order

DEDICATED_SHARE = 0.15
_QUOTA = {"office": 0.27, "mall": 0.15, "park": 0.14, "market": 0.12, "school": 0.20, "hospital": 0.12}
_BARE_SHARES = (0.58, 0.51, 0.44, 0.36, 0.29, 0.23, 0.18, 0.13, 0.09, 0.06, 0.04, 0.03)
"""Share of a community's ground that no grid covers, for a quarter of the communities; the others have none."""
_BARE_USES = ("village", "building_site", "bank")


@dataclass
class GridPlan:
    """``grid`` of each face (-1 = none) and, for each grid, its community and use ("" = comprehensive)."""

    grid: Ints
    community: list[int] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    hospitals: int = 0

    def add(self, community: int, faces: Ints, use: str = "") -> None:
        """Put faces into a new grid."""
        self.grid[faces] = len(self.community)
        self.community.append(community)
        self.uses.append(use)

    def name(self, grid: int, ordinary: int, community: Name, namer: Namer) -> Name:
        """文汇社区第三网格, or the place a dedicated grid was made for."""
        zh, en = community
        use = self.uses[grid]
        if not use:
            return f"{zh}第{number_zh(ordinary)}网格", f"{en} Grid {ordinary}"
        if use == "hospital" and self.hospitals < 9:
            self.hospitals += 1
            return (
                f"云泽市第{number_zh(self.hospitals)}人民医院专属网格",
                f"Yunze People's Hospital {self.hospitals} Dedicated Grid",
            )
        kinds = DEDICATED[use]
        own_zh, own_en = namer.next()
        suffix_zh, suffix_en = kinds[grid % len(kinds)]
        return f"{own_zh}{suffix_zh}专属网格", f"{own_en} {suffix_en} Dedicated Grid"


def plan_grids(ground: Ground, graph: Graph, community: Ints, order: Order) -> GridPlan:
    """Grids of every community, ``order.grids`` in all."""
    count = int(community.max()) + 1
    members = [np.flatnonzero(community == number) for number in range(count)]
    rest = [set(one.tolist()) for one in members]
    plan = GridPlan(np.full(len(ground.faces), -1, dtype=np.int64))
    _leave_bare(ground, graph, rest, order)
    _dedicate(ground, graph, rest, plan, order)
    left = [np.array(sorted(one), dtype=np.int64) for one in rest]
    weight = np.array([graph.weight[one].sum() for one in left])
    wanted = order.grids - len(plan.community)
    shares = share_out(wanted, weight, np.array([len(one) for one in left]))
    for number, (faces, share) in enumerate(zip(left, shares, strict=True)):
        for group in part(graph, faces, int(share)):
            plan.add(number, group)
    return plan


def _leave_bare(ground: Ground, graph: Graph, rest: list[set[int]], order: Order) -> None:
    """Take out of a quarter of the communities the ground no grid covers: one patch each, from the rim inwards."""
    area = shapely.area(ground.faces)
    bare = ground.used(*_BARE_USES)
    chance = order.chance(42)
    share = np.array([area[[face for face in one if bare[face]]].sum() / area[list(one)].sum() for one in rest])
    likely = np.argsort(-(share + chance.uniform(0, 0.25, len(rest))), kind="stable")
    shares = np.repeat(_BARE_SHARES, max(1, round(len(rest) / 48)))[: max(1, len(rest) // 4)]
    for number, target in zip(likely, shares, strict=False):
        _take_patch(graph, rest[number], area, bare, float(target))


def _take_patch(graph: Graph, rest: set[int], area: np.ndarray, bare: np.ndarray, target: float) -> None:
    """Remove a connected patch of about ``target`` of the area, leaving the remainder connected."""
    goal = target * area[list(rest)].sum()
    starts = sorted(rest, key=lambda face: (not bare[face], abs(area[face] - min(goal, 8e-6)), face))
    patch: set[int] = set()
    for start in starts:
        if area[start] <= 1.15 * goal and graph.connected(rest - {start}):
            patch = {start}
            break
    while patch and area[list(patch)].sum() < goal:
        rim = {near for face in patch for near in graph.pull.get(face, {}) if near in rest and near not in patch}
        fits = [
            face
            for face in sorted(rim, key=lambda face: (not bare[face], _away(graph, face, patch), face))
            if area[list(patch)].sum() + area[face] < 1.1 * goal and graph.connected(rest - patch - {face})
        ]
        if not fits or len(rest) - len(patch) <= 2:
            break
        patch.add(fits[0])
    rest -= patch


def _away(graph: Graph, face: int, patch: set[int]) -> float:
    centre = graph.xy[list(patch)].mean(axis=0)
    return float(np.hypot(*(graph.xy[face] - centre)))


def _dedicate(ground: Ground, graph: Graph, rest: list[set[int]], plan: GridPlan, order: Order) -> None:
    """Give faces of fitting use a grid of their own, enclosed ones first, at most four a community."""
    goal = round(DEDICATED_SHARE * order.grids)
    of = {face: number for number, faces in enumerate(rest) for face in faces}
    hectares = shapely.area(ground.faces) * float(FRAME.scale.prod()) / 1e4
    quota = {use: max(1, round(part_of * goal)) for use, part_of in _QUOTA.items()} | {"lake": goal}
    for face in _candidates(ground, order):
        use = USES[ground.uses[face]]
        number = of.get(int(face), -1)
        if len(plan.community) >= goal:
            return
        if number < 0 or quota.get(use, 0) <= 0 or not (ground.enclosed[face] or 0.7 < hectares[face] < 60):
            continue
        left = rest[number] - {int(face)}
        if len(left) < 3 or plan.community.count(number) >= 4 or not graph.connected(left):
            continue
        quota[use] -= 1
        rest[number] = left
        plan.add(number, np.array([face]), use)


def _candidates(ground: Ground, order: Order) -> Ints:
    """Faces in the order they are tried."""
    shuffled = order.chance(43).permutation(len(ground.faces))
    first = np.where(ground.used("lake"), 0, np.where(ground.enclosed, 1, 2))
    ordered: Ints = shuffled[np.argsort(first[shuffled], kind="stable")]
    return ordered
