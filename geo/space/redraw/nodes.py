"""Nodes that a redraw leaves behind: those that now lie straight between two others are dropped.

Noding leaves a node on a neighbour wherever a border once ended, for ever. Dropped is only what is new, or joined
three borders before and now joins two, and lies within a step off the chord.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.crs import SNAP
from geo.space.partition import Edges, edges_of

BENT = 1.0
"""Steps from its chord that a node which snapping put on a straight border may lie; they are √½ at most."""

_Keys = NDArray[np.complex128]


def straightened(shapes: Shapes, old: Shapes) -> Shapes:
    """Matched shapes without the nodes that have become idle since ``old``, until none is left."""
    while True:
        thinner = _once(shapes, old)
        if shapely.get_num_coordinates(thinner).sum() == shapely.get_num_coordinates(shapes).sum():
            return shapes
        shapes = thinner


def _once(shapes: Shapes, old: Shapes) -> Shapes:
    """Never two nodes in a row at once: a corner that is rounded by one step would be cut off."""
    now = edges_of(shapes)
    degree, tail, head = _borders(now)
    free = np.flatnonzero((degree == 2) & (_borders_before(now, old) != 2))
    first = np.searchsorted(tail, free)
    p, q = head[first], head[np.minimum(first + 1, len(head) - 1)]
    straight = _is_straight(now.nodes, p, free, q)
    free, p, q = free[straight], p[straight], q[straight]
    free = free[~(np.isin(p, free) & (p < free)) & ~(np.isin(q, free) & (q < free))]
    drop = _keys(now.nodes[free])
    while drop.size:
        thinner = np.asarray([_without(shape, drop) for shape in shapes], dtype=object)
        broken = _is_broken(thinner, shapes)
        if not broken.any():
            return thinner
        drop = drop[~np.isin(drop, _keys(shapely.get_coordinates(shapes[broken])))]
    return shapes


def _keys(xy: Floats) -> _Keys:
    """One number for each point (n, 2)."""
    keys: _Keys = xy[:, 0] + 1j * xy[:, 1]
    return keys


def _borders(edges: Edges) -> tuple[Ints, Ints, Ints]:
    """Borders at each node, and the undirected edges both ways round as (from, to), from ascending."""
    low, high = np.minimum(edges.tail, edges.head), np.maximum(edges.tail, edges.head)
    pair = np.unique(low * len(edges.nodes) + high)
    a, b = np.divmod(pair, max(1, len(edges.nodes)))
    tail, head = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.argsort(tail, kind="stable")
    return np.bincount(tail, minlength=len(edges.nodes)), tail[order], head[order]


def _borders_before(now: Edges, old: Shapes) -> Ints:
    """Borders (k,) that met at each node before; 0 where there was none."""
    before = edges_of(old)
    known, wanted = _keys(before.nodes), _keys(now.nodes)
    order = np.argsort(known)
    at = order[np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)]
    return np.where(known[at] == wanted, _borders(before)[0][at], 0)


def _is_straight(nodes: Floats, p: Ints, middle: Ints, q: Ints) -> Bools:
    """Whether each node lies between two others, within ``BENT`` steps of the line through them."""
    chord = nodes[q] - nodes[p]
    length = np.hypot(chord[:, 0], chord[:, 1])
    arm = nodes[middle] - nodes[p]
    off = (chord[:, 0] * arm[:, 1] - chord[:, 1] * arm[:, 0]) / length
    along = (chord * arm).sum(axis=1) / length
    answer: Bools = (np.abs(off) <= BENT * SNAP) & (along > 0) & (along < length)
    return answer


def _is_broken(thinner: Shapes, shapes: Shapes) -> Bools:
    rings = shapely.get_num_interior_rings(thinner) != shapely.get_num_interior_rings(shapes)
    answer: Bools = ~shapely.is_valid(thinner) | shapely.is_empty(thinner) | rings
    return answer


def _without(shape: BaseGeometry, drop: _Keys) -> BaseGeometry:
    """A shape without these vertices; empty when a ring would keep fewer than three."""
    if not np.isin(_keys(shapely.get_coordinates(shape)), drop).any():
        return shape
    parts = []
    for part in shapely.get_parts(shape):
        rings = [shapely.get_coordinates(ring)[:-1] for ring in shapely.get_rings(part)]
        rings = [ring[~np.isin(_keys(ring), drop)] for ring in rings]
        if min(map(len, rings)) < 3:
            return shapely.Polygon()
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
