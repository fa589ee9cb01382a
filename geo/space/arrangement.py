"""Many borders as one noded arrangement, and shapes rebuilt on it so that their edges match.

Only what concerns an unmatched edge is noded: the shapes that own it and those within four steps. Snapping bends a
border by under one step, so all who share it must be in the arrangement, and no one else's ground is touched.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.crs import SNAP, snapped
from geo.space.partition import OUTSIDE, edges_of, mismatch, whole_of

NEAR = 4 * SNAP
"""Degrees within which snapping can reach a border; thinner ground than this is a difference of nodes only."""

_ROUNDS = 5
_RINGS = 4


def thickness(shapes: Shapes) -> Floats:
    """Twice the area over the perimeter, in the unit of the coordinates: the width of a long strip; 0 for empty."""
    length = shapely.length(shapes)
    thick: Floats = np.divide(2 * shapely.area(shapes), length, out=np.zeros(len(length)), where=length > 0)
    return thick


def faces_of(lines: Iterable[BaseGeometry]) -> Shapes:
    """Faces of the snap-rounded arrangement of lines; noded again until that changes nothing, at most five times.

    One pass of ``unary_union`` is not idempotent on dirty lines.
    """
    net = shapely.unary_union(np.asarray(list(lines), dtype=object), grid_size=SNAP)
    for _ in range(_ROUNDS):
        again = shapely.unary_union(net, grid_size=SNAP)
        settled = shapely.get_num_coordinates(again) == shapely.get_num_coordinates(net)
        net = again
        if settled:
            break
    parts = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    return snapped(parts)


def joined(n: int, a: Ints, b: Ints) -> Ints:
    """Component (its lowest member) of each of n things linked in pairs a, b."""
    mark = np.arange(n)
    while True:
        low = mark.copy()
        np.minimum.at(low, a, mark[b])
        np.minimum.at(low, b, mark[a])
        low = low[low]
        if (low == mark).all():
            return mark
        mark = low


def united(shapes: Shapes, label: Ints) -> dict[int, BaseGeometry]:
    """Matched shapes joined by label, every vertex kept; what is labelled OUTSIDE is left out. Keys ascend."""
    order = np.argsort(label, kind="stable")
    names, first = np.unique(label[order], return_index=True)
    groups = np.split(order, first[1:])
    return {
        int(name): shapely.coverage_union_all(shapes[group]) if len(group) > 1 else shapes[group[0]]
        for name, group in zip(names, groups, strict=True)
        if name != OUTSIDE
    }


def owners_of(faces: Shapes, shapes: Shapes, tree: shapely.STRtree) -> Ints:
    """Shape (lowest position) that each face belongs to, OUTSIDE for none.

    By an inner point; where that point is so near the face's border that a bent one may lie between, by the largest
    common area, and to none when all shapes together hold less than half (rule R3).
    """
    points = shapely.point_on_surface(faces)
    face, shape = tree.query(points, predicate="intersects")
    owner = np.full(len(faces), len(shapes), dtype=np.int64)
    np.minimum.at(owner, face, shape)
    owner[owner == len(shapes)] = OUTSIDE
    hair = np.flatnonzero(shapely.distance(shapely.boundary(faces), points) < NEAR)
    if hair.size:
        owner[hair] = _largest_share(faces[hair], shapes, tree)
    return owner


def _largest_share(faces: Shapes, shapes: Shapes, tree: shapely.STRtree) -> Ints:
    face, shape = tree.query(faces, predicate="intersects")
    common = shapely.area(shapely.intersection(shapes[shape], faces[face]))
    held = np.bincount(face, weights=common, minlength=len(faces))
    owner = np.full(len(faces), OUTSIDE, dtype=np.int64)
    rising = np.lexsort((-shape, common))  # the largest is written last, the lowest position among equals
    owner[face[rising]] = shape[rising]
    owner[held * 2 <= shapely.area(faces)] = OUTSIDE
    return owner


def matched(shapes: Shapes, outline: BaseGeometry | None) -> Shapes:
    """Shapes whose edges match wherever they differed only by nodes: those concerned are rebuilt, others the same.

    Gaps and overlaps wider than a few steps are left for ``faults`` to tell. Ground thinner than that goes to the
    neighbour with the longest border. Shapes may come out empty or invalid where they were no wider themselves.

    Parameters
    ----------
    shapes
        Valid polygons on the lattice.
    outline
        The ground to divide; None for the shapes' own union.
    """
    shapes = np.asarray(shapes, dtype=object).copy()
    near = np.zeros(0, dtype=np.int64)
    for _ in range(_RINGS):
        whole = whole_of(shapes) if outline is None else outline
        ends, owners = mismatch(shapes, whole)
        if not len(ends):
            break
        tree = shapely.STRtree(shapes)
        wrong = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object)
        around = tree.query(wrong, predicate="dwithin", distance=NEAR)[1]
        wider = np.union1d(np.union1d(owners, around), near)
        if len(wider) == len(near):  # the same shapes again: noding has done what it can
            break
        near = wider
        _rebuild(shapes, near, tree, wrong, whole)
        if outline is not None:
            outline = _noded_outline(shapes, outline)
    return shapes


def _rebuild(shapes: Shapes, near: Ints, tree: shapely.STRtree, wrong: Shapes, whole: BaseGeometry) -> None:
    faces = faces_of([*shapely.boundary(shapes[near]), *wrong])
    owner = owners_of(faces, shapes, tree)
    inside = owners_of(faces, np.asarray([whole], dtype=object), shapely.STRtree([whole])) != OUTSIDE
    owner = _absorbed(faces, owner, inside)
    owner[~np.isin(owner, near)] = OUTSIDE
    for at, shape in united(faces, owner).items():
        shapes[at] = shape
    for at in np.setdiff1d(near, owner):
        shapes[at] = shapely.Polygon()


def _absorbed(faces: Shapes, owner: Ints, inside: Bools) -> Ints:
    """Owners after hair faces without one went to the longest border, and hair faces beyond the outline to none."""
    hair = thickness(faces) < NEAR
    owner = np.where(hair & ~inside, OUTSIDE, owner)
    edges = edges_of(faces)
    for _ in range(_ROUNDS):
        right = edges.right
        loose = hair & inside & (owner == OUTSIDE)
        open_ = np.flatnonzero(loose[edges.owner] & (right != OUTSIDE))
        to = owner[right[open_]]
        open_, to = open_[to != OUTSIDE], to[to != OUTSIDE]
        if not open_.size:
            break
        x0, y0, x1, y1 = edges.ends[open_].T
        pairs, which = np.unique(np.stack([edges.owner[open_], to], axis=1), axis=0, return_inverse=True)
        order = np.argsort(np.bincount(which.reshape(-1), weights=np.hypot(x1 - x0, y1 - y0)), kind="stable")
        owner[pairs[order, 0]] = pairs[order, 1]  # the longest is written last
    return owner


def _noded_outline(shapes: Shapes, outline: BaseGeometry) -> BaseGeometry:
    """The shapes' own outline where it differs from the given one by nodes only, else the given one."""
    whole = whole_of(shapes)
    return whole if same_ground(whole, outline) else outline


def same_ground(a: BaseGeometry, b: BaseGeometry) -> bool:
    """Whether two shapes have as many rings and differ by nodes and snapping only."""
    return _rings(a) == _rings(b) and bool(apart_by_a_hair(np.asarray([a]), np.asarray([b]))[0])


def apart_by_a_hair(a: Shapes, b: Shapes) -> Bools:
    """Where shapes differ by nodes and snapping only.

    The symmetric difference may be two steps wide along the whole border, and nowhere wider than four: a long hair must
    not hide the ground it hangs on.
    """
    apart = shapely.symmetric_difference(a, b)
    little = shapely.area(apart) <= 2 * SNAP * np.maximum(shapely.length(a), shapely.length(b))
    parts, of = shapely.get_parts(apart, return_index=True)
    hair: Bools = little.copy()
    hair[of[thickness(parts) > NEAR]] = False
    thin = hair[of]
    hair[of[thin][~shapely.is_empty(shapely.buffer(parts[thin], -NEAR / 2))]] = False
    return hair


def _rings(shape: BaseGeometry) -> tuple[int, int]:
    parts = shapely.get_parts(shape)
    return len(parts), int(shapely.get_num_interior_rings(parts).sum())
