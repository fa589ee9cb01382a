"""Rings of few nodes that are certainly simple, turned as GEOS normalises them: most footprints are such rings.

Every two edges are tried, which for a handful is done before a tree of them would stand.
"""

from __future__ import annotations

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.space.cells.compiling import kernel, lean
from geo.space.cells.orientation import side

MOST = 65
"""Nodes of a ring that is tried, the last of which is its first."""
_LEAST = 4
_LEAST_AREA = 1e-12  # square degrees, a thousand times what rounding makes of rings no wider than a tenth of a degree
WIDEST = 0.1
"""Degrees of a ring that is tried."""


def simple_rings(xy: Floats, begins: Ints) -> tuple[Floats, Bools]:
    """Nodes (k, 2) with rings that are simple normalised in place of them, and which rings (n,) are.

    A ring is simple when it is closed, no node stands twice, and edges touch nowhere but at the node two neighbours
    share: decided exactly, over the doubles as they are. Rings of more than :data:`MOST` nodes, wider than
    :data:`WIDEST`, or with hardly any ground are not tried. A normalised ring is walked with its ground on the right,
    from its westernmost node on, of several the southernmost.

    Parameters
    ----------
    xy, begins
        Nodes (k, 2), degrees, finite; ring i from ``begins[i]`` up to ``begins[i + 1]``.
    """
    made, is_simple = xy.copy(), np.zeros(len(begins) - 1, dtype=np.bool_)
    _normalise(xy, begins, made, is_simple)
    return made, is_simple


@kernel
def _normalise(xy: Floats, begins: Ints, made: Floats, is_simple: Bools) -> None:
    for ring in range(len(is_simple)):
        nodes, out = xy[begins[ring] : begins[ring + 1]], made[begins[ring] : begins[ring + 1]]
        if _LEAST <= len(nodes) <= MOST and _is_narrow(nodes):
            area = _area(nodes)
            if abs(area) > _LEAST_AREA and _is_simple(nodes):
                is_simple[ring] = True
                _turn(nodes, area < 0, out)


@lean
def _is_narrow(nodes: Floats) -> bool:
    west, south, east, north = nodes[0, 0], nodes[0, 1], nodes[0, 0], nodes[0, 1]
    for at in range(1, len(nodes)):
        west, east = min(west, nodes[at, 0]), max(east, nodes[at, 0])
        south, north = min(south, nodes[at, 1]), max(north, nodes[at, 1])
    return bool(max(east - west, north - south) <= WIDEST)


@lean
def _area(nodes: Floats) -> float:
    """Square degrees, positive where ground lies on the left (the surveyor's formula, around the first node)."""
    twice, x, y = 0.0, nodes[0, 0], nodes[0, 1]
    for at in range(1, len(nodes) - 2):
        twice += (nodes[at, 0] - x) * (nodes[at + 1, 1] - y) - (nodes[at + 1, 0] - x) * (nodes[at, 1] - y)
    return twice / 2


@kernel
def _is_simple(nodes: Floats) -> bool:
    edges = len(nodes) - 1
    if nodes[0, 0] != nodes[edges, 0] or nodes[0, 1] != nodes[edges, 1]:
        return False
    for one in range(edges):
        after = one + 2 if one + 2 <= edges else 1
        if _folds(nodes, one, one + 1, after):
            return False
        last = edges - 1 if one == 0 else edges
        for other in range(one + 2, last):
            if _meet(nodes, one, other):
                return False
    return True


@kernel
def _folds(nodes: Floats, a: int, b: int, c: int) -> bool:
    """Whether the edges from a to b and on to c share more than b; so do those of no length."""
    ax, ay = nodes[a, 0] - nodes[b, 0], nodes[a, 1] - nodes[b, 1]
    cx, cy = nodes[c, 0] - nodes[b, 0], nodes[c, 1] - nodes[b, 1]
    if (ax == 0.0 and ay == 0.0) or (cx == 0.0 and cy == 0.0):
        return True
    if side(nodes[a, 0], nodes[a, 1], nodes[b, 0], nodes[b, 1], nodes[c, 0], nodes[c, 1]) != 0:
        return False
    return bool(ax * cx > 0.0 or ay * cy > 0.0)


@kernel
def _meet(nodes: Floats, one: int, other: int) -> bool:
    """Whether the edges that begin at these nodes touch anywhere."""
    ax, ay, bx, by = nodes[one, 0], nodes[one, 1], nodes[one + 1, 0], nodes[one + 1, 1]
    cx, cy, dx, dy = nodes[other, 0], nodes[other, 1], nodes[other + 1, 0], nodes[other + 1, 1]
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx):
        return False
    if max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    if side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy) > 0:
        return False
    return side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by) <= 0


@lean
def _turn(nodes: Floats, on_right: bool, out: Floats) -> None:
    """Write the ring from its westernmost node on, with its ground on the right."""
    edges, first = len(nodes) - 1, 0
    for at in range(1, edges):
        x, y = nodes[at, 0], nodes[at, 1]
        if x < nodes[first, 0] or (x == nodes[first, 0] and y < nodes[first, 1]):
            first = at
    step = 1 if on_right else edges - 1
    at = first
    for to in range(edges + 1):
        out[to, 0], out[to, 1] = nodes[at, 0], nodes[at, 1]
        at = (at + step) % edges
