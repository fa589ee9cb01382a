"""The atoms of a division: the smallest ground that moves as a whole, made of blocks between lines.

A block is the ground of one leaf between loaded lines. One with more load than an atom may have is cut midway between
buildings; no building and no compound is ever cut. Ground without load and no wider than a street goes with what lies
beside it. Together the atoms of a leaf are the leaf, on one arrangement, so they match edge by edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.space.arrangement import faces_of, joined, owners_of, thickness, united
from geo.space.balance import cutting
from geo.space.balance.obstacles import gathered, largest, parts_in, rerouted
from geo.space.balance.planes import Plane
from geo.space.balance.problems import summed
from geo.space.partition import OUTSIDE, edges_of, whole_of

SURE = 0.55
"""Share of a building in one atom from which that atom decides whose it is, wherever its other parts go."""

_NARROW_M, _SMALL_M2 = 12.0, 1_500.0
_MEET_M = 2.0
"""Metres of common border from which two atoms are neighbours."""
_ROUNDS = 6
_HARDLY = 1e-3
_THIN_M = 0.1


@dataclass(frozen=True, eq=False)
class Land:
    """What atoms are made of, degrees WGS 84.

    Attributes
    ----------
    leaves
        Ground (g,) of the grids, matched edge by edge, in ascending order of code.
    lines
        Roads, water and rail that borders may follow.
    footprints, loads
        Buildings (n,) and what each weighs.
    compounds
        Ground that stays together.
    is_pinned
        Buildings (n,) that a planner gave to a grid, whatever ground they stand on.
    spots, spot_loads
        Points (m,) that weigh where they lie.
    """

    leaves: Shapes
    lines: Shapes
    footprints: Shapes
    loads: Floats
    compounds: Shapes
    is_pinned: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    spots: Shapes = field(default_factory=lambda: np.zeros(0, dtype=object))
    spot_loads: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, eq=False)
class Atoms:
    """Atoms (a,) and who meets whom.

    Attributes
    ----------
    shapes
        Their ground, degrees on the lattice.
    leaf
        Position of the leaf each lies in.
    load, buildings, area_m2
        Of the buildings of which an atom has the most and of the spots in it; how many buildings; of its ground.
    is_bound
        Atoms that must stay, since a building there is pinned, or lies in several leaves and no part decides alone.
    building
        Atom (n,) of each building, OUTSIDE when most of it lies elsewhere.
    pairs, border_m
        Neighbours (e, 2), the lower first, and the metres of border they share.
    """

    shapes: Shapes
    leaf: Ints
    load: Floats
    buildings: Ints
    area_m2: Floats
    is_bound: Bools
    building: Ints
    pairs: Ints
    border_m: Floats

    def __len__(self) -> int:
        return len(self.shapes)


def atoms_of(land: Land, most: float) -> Atoms:
    """The atoms of some leaves, none with more load than ``most`` but where one obstacle weighs more."""
    plane = Plane.of(land.leaves)
    footprints, compounds = plane.metres(land.footprints), plane.metres(land.compounds)
    obstacles, of = gathered(footprints, compounds)
    borders = [*shapely.boundary(land.leaves)]
    clipped = _clipped(land.lines, land.leaves)
    lines = [*plane.degrees(np.asarray(rerouted(plane.metres(clipped), obstacles), dtype=object))]
    blocks = _Blocks.of(faces_of([*borders, *lines]), land.leaves)
    grounds = plane.metres(blocks.shapes)
    weights = summed(of[: len(footprints)], land.loads, len(obstacles))
    cuts = _cut(grounds, obstacles, weights, most)
    pieces = plane.degrees(cuts.shapes)
    faces = faces_of([*borders, *lines, *shapely.boundary(pieces)]) if len(pieces) else blocks.shapes
    final = _Blocks.of(faces, land.leaves)
    label = _labels(final, blocks, cuts, pieces)
    label = _kept_whole(final, plane.metres(final.shapes), obstacles, label)
    label = _settled(final, plane, label, _faces_with(final, plane, footprints, land.loads))
    return _told(final, plane, label, land, (footprints, compounds))


def _clipped(lines: Shapes, leaves: Shapes) -> Shapes:
    """What of the lines lies on the ground of the leaves."""
    if not len(lines):
        return np.zeros(0, dtype=object)
    flat = np.where(np.isin(shapely.get_type_id(lines), [3, 6]), shapely.boundary(lines), lines)
    inside = shapely.intersection(flat, whole_of(leaves))
    parts = shapely.get_parts(inside)
    chosen: Shapes = np.asarray(parts[shapely.get_type_id(parts) == 1], dtype=object)
    return chosen


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Faces (f,) of an arrangement and the leaf of each."""

    shapes: Shapes
    leaf: Ints

    @classmethod
    def of(cls, faces: Shapes, leaves: Shapes) -> _Blocks:
        owner = owners_of(faces, leaves, shapely.STRtree(leaves))
        inside = owner != OUTSIDE
        return cls(np.asarray(faces[inside], dtype=object), owner[inside])


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Pieces (p,) of blocks that were cut, in metres, and the block of each."""

    shapes: Shapes
    block: Ints


def _cut(grounds: Shapes, obstacles: Shapes, weights: Floats, most: float) -> _Cuts:
    obstacle, block, share = parts_in(obstacles, grounds)
    home, _ = largest(len(obstacles), obstacle, block, share)
    load = np.bincount(home[home != OUTSIDE], weights=weights[home != OUTSIDE], minlength=len(grounds))
    shapes: list[shapely.Geometry] = []
    of: list[int] = []
    for at in np.flatnonzero(load > most):
        here = obstacle[(block == at) & (share > _HARDLY)]
        mine = np.where(home[here] == at, weights[here], 0.0)
        middles = shapely.get_coordinates(shapely.centroid(obstacles[here]))
        piece = cutting.parted(middles, mine, most)
        if piece.max(initial=0) == 0:
            continue
        inside = np.asarray(shapely.intersection(obstacles[here], grounds[at]), dtype=object)
        found = cutting.between(grounds[at], inside, piece)
        shapes += [*found]
        of += [int(at)] * len(found)
    return _Cuts(np.asarray(shapes, dtype=object), np.asarray(of, dtype=np.int64))


def _labels(final: _Blocks, blocks: _Blocks, cuts: _Cuts, pieces: Shapes) -> Ints:
    """What each face belongs to: the piece it lies in where its block was cut, else the block."""
    block = owners_of(final.shapes, blocks.shapes, shapely.STRtree(blocks.shapes))
    label = np.where(block == OUTSIDE, np.arange(len(block)) + len(blocks.shapes) + len(pieces), block)
    if len(pieces):
        piece = owners_of(final.shapes, pieces, shapely.STRtree(pieces))
        inside = (piece != OUTSIDE) & (cuts.block[piece] == block)
        label = np.where(inside, len(blocks.shapes) + piece, label)
    return np.unique(np.stack([final.leaf, label], axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def _kept_whole(final: _Blocks, grounds: Shapes, obstacles: Shapes, label: Ints) -> Ints:
    """Labels after all faces of one leaf that an obstacle lies in have become one."""
    obstacle, face, _ = parts_in(obstacles, grounds)
    wide = thickness(shapely.intersection(obstacles[obstacle], grounds[face])) > _THIN_M
    obstacle, face = obstacle[wide], face[wide]
    key = obstacle * (int(final.leaf.max(initial=0)) + 1) + final.leaf[face]
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    a, b = label[face[order][:-1][same]], label[face[order][1:][same]]
    return joined(int(label.max()) + 1, a, b)[label]


def _faces_with(final: _Blocks, plane: Plane, footprints: Shapes, loads: Floats) -> Floats:
    """Load of each face."""
    thing, face, share = parts_in(footprints, plane.metres(final.shapes))
    home, _ = largest(len(footprints), thing, face, share)
    return summed(home[home != OUTSIDE], loads[home != OUTSIDE], len(final.shapes))


def _settled(final: _Blocks, plane: Plane, label: Ints, load: Floats) -> Ints:
    """Labels after every atom is in one part, and what is small or narrow and empty went to its longest border."""
    grounds = plane.metres(final.shapes)
    edges = edges_of(final.shapes)
    inner = (edges.twin != OUTSIDE) & (final.leaf[edges.owner] == final.leaf[edges.right])
    one, other = edges.owner[inner], edges.right[inner]
    long = np.hypot(*((edges.ends[inner][:, 2:] - edges.ends[inner][:, :2]) * plane.scale).T)
    label = _connected(label, thickness(grounds) > _THIN_M, (one, other), long)
    for _ in range(_ROUNDS):
        names, at = np.unique(label, return_inverse=True)
        area = np.bincount(at, weights=shapely.area(grounds))
        rim = np.bincount(at, weights=shapely.length(grounds))
        inside = at[one] == at[other]
        rim -= np.bincount(at[one[inside]], weights=long[inside], minlength=len(names))
        empty = np.bincount(at, weights=load) == 0
        loose = empty & ((area < _SMALL_M2) | (2 * area < _NARROW_M * rim))
        open_ = loose[at[one]] & (at[one] != at[other])
        if not open_.any():
            break
        label = _given(names, at[one[open_]], at[other[open_]], long[open_], loose)[at]
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _connected(label: Ints, firm: Bools, edges: tuple[Ints, Ints], long: Floats) -> Ints:
    """Labels by connected part; a sliver is of one part alone, since what hangs by it is torn by who draws it."""
    one, other = edges
    same = label[one] == label[other]
    hangs = np.flatnonzero(same & ~firm[one] & firm[other])
    pairs, which = np.unique(np.stack([one[hangs], other[hangs]], axis=1), axis=0, return_inverse=True)
    order = np.argsort(np.bincount(which.reshape(-1), weights=long[hangs], minlength=len(pairs)), kind="stable")
    to = np.arange(len(label))
    to[pairs[order, 0]] = pairs[order, 1]  # the longest is written last
    both = same & firm[one] & firm[other]
    return joined(len(label), np.concatenate([one[both], np.arange(len(label))]), np.concatenate([other[both], to]))


def _given(names: Ints, one: Ints, other: Ints, long: Floats, loose: Bools) -> Ints:
    """The name each takes: a loose one that of its neighbour along the longest border, firm neighbours first."""
    pairs, which = np.unique(np.stack([one, other], axis=1), axis=0, return_inverse=True)
    border = np.bincount(which.reshape(-1), weights=long)
    rank = np.lexsort((pairs[:, 1], border, ~loose[pairs[:, 1]]))
    to = np.arange(len(names))
    to[pairs[rank, 0]] = pairs[rank, 1]  # the longest of the firm ones is written last
    return joined(len(names), np.arange(len(names)), to)


def _told(final: _Blocks, plane: Plane, label: Ints, land: Land, things: tuple[Shapes, Shapes]) -> Atoms:
    ground = united(final.shapes, label)
    shapes = np.asarray([*ground.values()], dtype=object)
    leaf = np.zeros(len(shapes), dtype=np.int64)
    leaf[label] = final.leaf
    flat, footprints = plane.metres(shapes), things[0]
    thing, atom, share = parts_in(footprints, flat)
    home, much = largest(len(footprints), thing, atom, share)
    home[much < 1 - np.bincount(thing, weights=share, minlength=len(footprints))] = OUTSIDE
    unsure = much < SURE
    unsure[: len(land.is_pinned)] |= land.is_pinned
    bound = np.zeros(len(shapes), dtype=np.bool_)
    bound[atom[unsure[thing] & (share > _HARDLY)]] = True
    for some in things:
        bound[_apart(some, flat, leaf)] = True
    ours = home != OUTSIDE
    pairs, border = _neighbours(shapes, plane)
    return Atoms(
        shapes,
        leaf,
        summed(home[ours], land.loads[ours], len(shapes)) + _spotted(shapes, land),
        np.bincount(home[ours], minlength=len(shapes)).astype(np.int64),
        shapely.area(flat),
        bound,
        home,
        pairs,
        border,
    )


def _apart(things: Shapes, atoms: Shapes, leaf: Ints) -> Ints:
    """Atoms with parts of one thing that lie in one leaf, but not together: moved alone they would cut it further."""
    thing, atom, _ = parts_in(things, atoms)
    wide = thickness(shapely.intersection(things[thing], atoms[atom])) > _THIN_M
    thing, atom = thing[wide], atom[wide]
    _, which, count = np.unique(np.stack([thing, leaf[atom]], axis=1), axis=0, return_inverse=True, return_counts=True)
    found: Ints = atom[count[which.reshape(-1)] > 1]
    return found


def _spotted(shapes: Shapes, land: Land) -> Floats:
    """Load of the spots in each atom, on a border in the first."""
    spot, atom = shapely.STRtree(shapes).query(land.spots, predicate="intersects")
    spot, first = np.unique(spot, return_index=True)
    return summed(atom[first], land.spot_loads[spot], len(shapes))


def _neighbours(shapes: Shapes, plane: Plane) -> tuple[Ints, Floats]:
    edges = edges_of(shapes)
    inner = (edges.twin != OUTSIDE) & (edges.owner < edges.right)
    pairs, which = np.unique(np.stack([edges.owner[inner], edges.right[inner]], axis=1), axis=0, return_inverse=True)
    ends = edges.ends[inner]
    border = summed(which.reshape(-1), np.hypot(*((ends[:, 2:] - ends[:, :2]) * plane.scale).T), len(pairs))
    long = border >= _MEET_M
    return pairs[long].astype(np.int64), border[long]
