"""Ground too thin to change hands: it goes to whom it shares the longest border with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.space.arrangement import joined, thickness
from geo.space.partition import OUTSIDE, Edges

THIN_M = 0.1
"""Least thickness, twice the area over the perimeter, of ground that a change may cut off; less vanishes when it is
noded again."""

_M_PER_DEGREE = 111_319.49


@dataclass(frozen=True, eq=False)
class _Walls:
    """Edges between faces (m,) by the faces on either side and their metres; metres at the rim and m² by face."""

    left: Ints
    right: Ints
    length_m: Floats
    rim_m: Floats
    area_m2: Floats


def absorbed(faces: Shapes, edges: Edges, label: Ints, anchored: Bools, thin_m: float = THIN_M) -> Ints:
    """Labels (n,) after connected ground thinner than ``thin_m`` metres went where its longest border is.

    Smallest first, so that a heap of slivers collapses into what lies around it. Ties: the lower label.

    Parameters
    ----------
    faces, edges
        A matched arrangement, degrees, and its edges by position.
    label
        (n,); ground labelled OUTSIDE may be taken in but takes nothing.
    anchored
        (n,) faces whose ground stays as it is, however thin.
    """
    walls = _walls(faces, edges)
    label = label.copy()
    while True:
        goal = _goals(walls, label, anchored, thin_m)
        if goal is None:
            return label
        part, to = goal
        moved = to[part] != part
        label[moved] = label[to[part[moved]]]


def thickness_m(shapes: Shapes) -> Floats:
    """:func:`thickness` (n,) in metres of shapes in degrees, in a plane that is true about their middle."""
    squeeze = _squeeze(shapes)
    return thickness(shapely.transform(shapes, lambda xy: xy * squeeze))


def _squeeze(shapes: Shapes) -> Floats:
    """Metres (2,) of a degree east and north about the middle of shapes; of none, anything."""
    middle = shapely.total_bounds(shapes)[[1, 3]].mean() if len(shapes) else 0.0
    metres: Floats = np.array([np.cos(np.radians(middle)), 1.0]) * _M_PER_DEGREE
    return metres


def _walls(faces: Shapes, edges: Edges) -> _Walls:
    squeeze = _squeeze(faces)
    vector = (edges.ends[:, 2:] - edges.ends[:, :2]) * squeeze
    length = np.hypot(vector[:, 0], vector[:, 1])
    inner, right = edges.twin != OUTSIDE, edges.right
    return _Walls(
        edges.owner[inner],
        right[inner],
        length[inner],
        np.bincount(edges.owner[~inner], weights=length[~inner], minlength=len(faces)).astype(np.float64),
        shapely.area(faces) * squeeze.prod(),
    )


def _goals(walls: _Walls, label: Ints, anchored: Bools, thin_m: float) -> tuple[Ints, Ints] | None:
    """The part (n,) of each face, a face of its own, and for each part a face whose label it takes; None when done."""
    n = len(label)
    apart = label[walls.left] != label[walls.right]
    part = joined(n, walls.left[~apart], walls.right[~apart])
    mine, other, length = part[walls.left[apart]], part[walls.right[apart]], walls.length_m[apart]
    size = np.bincount(part, weights=walls.area_m2, minlength=n)
    around = np.bincount(part, weights=walls.rim_m, minlength=n) + np.bincount(mine, weights=length, minlength=n)
    thin = (2 * size < thin_m * around) & (np.bincount(part, weights=anchored, minlength=n) == 0)
    smaller = (size[other] < size[mine]) | ((size[other] == size[mine]) & (other < mine))
    thin[mine[thin[mine] & thin[other] & smaller]] = False  # waits for the smaller one beside it
    go = thin[mine] & (label[other] != OUTSIDE)
    if not go.any():
        return None
    keys = np.stack([mine[go], label[other[go]], other[go]], axis=1)
    pairs, which = np.unique(keys[:, :2], axis=0, return_inverse=True)
    total = np.bincount(which.reshape(-1), weights=length[go])
    order = np.lexsort((-pairs[:, 1], total))  # the longest is written last, the lowest label among equals
    goal = np.arange(n)
    some = np.zeros(len(pairs), dtype=np.int64)
    some[which.reshape(-1)] = keys[:, 2]
    goal[pairs[order, 0]] = some[order]
    return part, goal
