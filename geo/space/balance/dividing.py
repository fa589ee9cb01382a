"""Ground divided into k grids: in one piece each as far as the ground is, with like loads, or like ground without any.

Points strewn evenly over the ground weigh a little, so that ground without buildings is cut as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats, Ints, Shapes
from geo.errors import Refused
from geo.space.arrangement import joined
from geo.space.balance.atoms import Atoms, Land, atoms_of
from geo.space.balance.planes import Plane
from geo.space.balance.problems import Problem, summed
from geo.space.balance.searching import Aim, searched

MOST_PARTS = 50
_STREWN = 24
"""Points for each grid that is wanted."""
_GROUND = 0.1
"""Share of all weight that ground has beside load."""
_LIGHT = 0.4
"""Of a mean part's weight, what a piece that lies apart must have to be a part by itself."""
_FINE = 12
_STARTS = 8
_DOT_M = 0.2
_AIM = Aim(0.0, 1.0, 0.0)


@dataclass(frozen=True, eq=False)
class Divided:
    """Ground in k parts: the part (a,) of each atom, numbered from west to east as they are found; load of each."""

    atoms: Atoms
    part: Ints
    loads: Floats
    buildings: Ints
    area_m2: Floats


def divided(land: Land, parts: int, seed: int = 0) -> Divided:
    """One leaf's ground in so many parts, the same for the same seed.

    Raises
    ------
    Refused
        For fewer than two parts or more than :data:`MOST_PARTS`; when what must stay whole leaves fewer.
    """
    if not 2 <= parts <= MOST_PARTS:
        raise Refused(
            f"{parts} grids to divide ground into; 2 to {MOST_PARTS} can be made",
            zh=f"要分成 {parts} 个网格；可分 2 到 {MOST_PARTS} 个",
        )
    strewn = _strewn(land, parts)
    atoms = atoms_of(strewn, float(strewn.loads.sum() + strewn.spot_loads.sum()) / (parts * _FINE))
    if len(atoms) < parts:
        raise Refused(
            f"the ground has {len(atoms)} pieces that stay whole, too few for {parts} grids",
            zh=f"这块地只有 {len(atoms)} 个不可再切的小块，分不出 {parts} 个网格；少分几个",
        )
    pairs = _linked(atoms, parts)
    random = np.random.default_rng(seed)
    best, spread = None, np.inf
    for _ in range(_STARTS):
        found = _once(atoms, pairs, parts, random)
        if found is not None and (now := float(summed(found, atoms.load, parts).std())) < spread - 1e-9:
            best, spread = found, now
    if best is None:
        raise Refused(
            f"no way was found to divide the ground into {parts} grids in one piece each",
            zh=f"没有找到把这块地分成 {parts} 个各自连片的网格的办法；少分几个",
        )
    return _told(land, atoms, best, parts)


def _strewn(land: Land, parts: int) -> Land:
    """The land with points strewn over it that weigh as its ground does."""
    plane = Plane.of(land.leaves)
    ground = plane.metres(land.leaves)[0]
    step = float(np.sqrt(shapely.area(ground) / (parts * _STREWN)))
    west, south, east, north = shapely.bounds(ground).tolist()
    x, y = np.meshgrid(np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step))
    at = np.column_stack([x.ravel(), y.ravel()])
    at = at[shapely.contains_xy(ground, *at.T)]
    dots = np.asarray(shapely.box(*(at - _DOT_M).T, *(at + _DOT_M).T), dtype=object)
    total = float(land.loads.sum() + land.spot_loads.sum())
    weigh = total * _GROUND / max(len(at), 1) if total else 1.0
    pinned = np.zeros(len(land.footprints) + len(dots), dtype=np.bool_)
    return replace(
        land,
        footprints=np.concatenate([land.footprints, plane.degrees(dots)]),
        loads=np.concatenate([land.loads, np.full(len(dots), weigh)]),
        is_pinned=pinned,
    )


def _linked(atoms: Atoms, parts: int) -> Ints:
    """Neighbours, and links over gaps where the ground lies in more pieces than parts, or one is too light for one."""
    pairs, least = atoms.pairs, _LIGHT * float(atoms.load.sum()) / parts
    while True:
        piece = joined(len(atoms), pairs[:, 0], pairs[:, 1])
        names = np.unique(piece)
        weigh = np.array([atoms.load[piece == one].sum() for one in names])
        if len(names) == 1 or (len(names) <= parts and weigh.min() >= least):
            return pairs
        small = int(names[np.lexsort((names, weigh))[0]])
        mine, others = np.flatnonzero(piece == small), np.flatnonzero(piece != small)
        tree = shapely.STRtree(atoms.shapes[others])
        (one, other), _ = tree.query_nearest(atoms.shapes[mine], return_distance=True, all_matches=False)
        away = shapely.distance(atoms.shapes[mine[one]], atoms.shapes[others[other]])
        at = int(np.argmin(away))
        link = np.sort([mine[one[at]], others[other[at]]])
        pairs = np.concatenate([pairs, link[None].astype(np.int64)])


def _once(atoms: Atoms, pairs: Ints, parts: int, random: np.random.Generator) -> Ints | None:
    """Parts grown from seeds, the lightest first, then evened out by a walk."""
    grown = _grown(atoms, pairs, _seeds(atoms, pairs, parts, random), parts)
    if grown is None:
        return None
    mean = float(atoms.load.sum()) / parts
    problem = Problem(
        load=atoms.load,
        area_m2=atoms.area_m2,
        home=grown,
        is_bound=np.zeros(len(atoms), dtype=np.bool_),
        pairs=pairs,
        parent=np.zeros(parts, dtype=np.int64),
        is_open=np.ones(parts, dtype=np.bool_),
        is_counted=np.ones(parts, dtype=np.bool_),
        band=(mean * 0.95, mean * 1.05),
    )
    trail = searched(problem, grown, _AIM, random)
    return trail[-1] if trail else grown


def _seeds(atoms: Atoms, pairs: Ints, parts: int, random: np.random.Generator) -> Ints:
    """An atom for each part, in every piece of the ground one, the others where they are furthest from all before."""
    middles = shapely.get_coordinates(shapely.centroid(atoms.shapes))
    piece = joined(len(atoms), pairs[:, 0], pairs[:, 1])
    first = [int(random.choice(np.flatnonzero(piece == one))) for one in np.unique(piece)]
    while len(first) < parts:
        away = np.min(np.hypot(*(middles[:, None] - middles[first][None]).transpose(2, 0, 1)), axis=1)
        away[first] = -1
        first.append(int(np.argmax(away)))
    return np.array(first, dtype=np.int64)


def _grown(atoms: Atoms, pairs: Ints, seeds: Ints, parts: int) -> Ints | None:
    """The part of each atom: the lightest part that can takes the free neighbour nearest to its seed."""
    middles = shapely.get_coordinates(shapely.centroid(atoms.shapes))
    part = np.full(len(atoms), -1, dtype=np.int64)
    part[seeds] = np.arange(parts)
    loads = atoms.load[seeds].astype(np.float64)
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    while (part < 0).any():
        rim = ends[(part[ends[:, 0]] >= 0) & (part[ends[:, 1]] < 0)]
        if not len(rim):
            return None
        able = np.unique(part[rim[:, 0]])
        lightest = int(able[np.argmin(loads[able])])
        free = np.unique(rim[part[rim[:, 0]] == lightest, 1])
        away = np.hypot(*(middles[free] - middles[seeds[lightest]]).T)
        taken = int(free[np.argmin(away)])
        part[taken] = lightest
        loads[lightest] += atoms.load[taken]
    return part


def _told(land: Land, atoms: Atoms, part: Ints, parts: int) -> Divided:
    """Parts from west to east, with the loads of what stands there and not of what was strewn."""
    middles = shapely.get_coordinates(shapely.centroid(atoms.shapes))[:, 0]
    west = summed(part, middles * atoms.area_m2, parts) / summed(part, atoms.area_m2, parts)
    rank = np.empty(parts, dtype=np.int64)
    rank[np.lexsort((np.arange(parts), west))] = np.arange(parts)
    part = rank[part]
    n = len(land.footprints)
    stands = atoms.building[:n] >= 0
    home = part[atoms.building[:n][stands]]
    spot, atom = shapely.STRtree(atoms.shapes).query(land.spots, predicate="intersects")
    spot, first = np.unique(spot, return_index=True)
    loads = summed(home, land.loads[stands], parts) + summed(part[atom[first]], land.spot_loads[spot], parts)
    counted = np.bincount(home, minlength=parts).astype(np.int64)
    return Divided(atoms, part, loads, counted, summed(part, atoms.area_m2, parts))


def grounds(found: Divided) -> list[BaseGeometry]:
    """The ground of each part."""
    shapes: Shapes = found.atoms.shapes
    return [shapely.coverage_union_all(shapes[found.part == one]) for one in range(len(found.loads))]
