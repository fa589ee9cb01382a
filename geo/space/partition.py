"""The proof that leaves divide a city: directed edges that cancel, and the faults where they do not.

Walk every leaf with its ground on the left and cancel each edge with its reverse. When every leaf is valid and only
the outline remains, given from outside, every point lies in exactly one leaf: winding numbers on the 1e-8 lattice are
integers, so no tolerance is involved. Whether shapely calls the coverage valid is no test: a missing leaf passes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.crs import SNAP, area_m2, snap

OUTSIDE = -1
"""The owner of ground beyond the city."""

_LOCAL = 2**31  # steps; two coordinates inside this span pack into one int64
KINDS = ("empty", "invalid", "off_grid", "unmatched", "gap", "overlap", "outside")


@dataclass(frozen=True)
class Fault:
    """One reason why shapes do not divide an outline.

    Parameters
    ----------
    kind
        One of ``KINDS``.
    where
        Degrees WGS 84: the ground of a gap, overlap or outside, the edges of unmatched, points of the others.
    area_m2
        Of the ground concerned; 0 where there is none.
    parties
        Positions of the shapes concerned, ascending.
    """

    kind: str
    where: BaseGeometry
    area_m2: float
    parties: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Edges:
    """Directed edges with their owner's ground on the left.

    ``ends`` (m, 4) degrees x0 y0 x1 y1; ``tail`` and ``head`` number the ``nodes`` (k, 2); ``owner`` is a position.
    """

    ends: Floats
    owner: Ints
    tail: Ints
    head: Ints
    nodes: Floats

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.intp], Ints, Ints]:
        """Edges sorted by the pair of nodes they join, where each pair begins, and the pair of each edge."""
        low, high = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        key = low * len(self.nodes) + high
        order = np.argsort(key, kind="stable")
        begins = np.ones(len(key), dtype=np.bool_)
        begins[1:] = key[order[1:]] != key[order[:-1]]
        pair = np.empty(len(key), dtype=np.int64)
        pair[order] = np.cumsum(begins) - 1
        return order, np.flatnonzero(begins), pair

    @property
    def pair(self) -> Ints:
        """Number of the undirected edge of each directed one."""
        return self._pairs[2]

    @cached_property
    def net(self) -> Ints:
        """For each undirected edge: how often it is walked from its lower node, less how often back."""
        forward = np.where(self.tail < self.head, 1, -1)
        return np.bincount(self.pair, weights=forward).astype(np.int64)

    @cached_property
    def twin(self) -> Ints:
        """Position of the reverse edge; OUTSIDE unless exactly one edge runs each way."""
        order, begins, _ = self._pairs
        size = np.diff(np.append(begins, len(order)))
        first = begins[size == 2]
        a, b = order[first], order[first + 1]
        reverse = self.tail[a] == self.head[b]
        twin = np.full(len(self.owner), OUTSIDE, dtype=np.int64)
        twin[a[reverse]], twin[b[reverse]] = b[reverse], a[reverse]
        return twin

    @property
    def right(self) -> Ints:
        """Owner on the right of each edge, OUTSIDE at the rim."""
        return np.where(self.twin == OUTSIDE, OUTSIDE, self.owner[self.twin])


def edges_of(shapes: Shapes, owner: Ints | None = None) -> Edges:
    """Directed edges of polygons and multipolygons, ground on the left; edges without length are left out.

    Parameters
    ----------
    shapes
        Degrees; missing and empty ones have no edges.
    owner
        What to call each shape; its position when not given.
    """
    shapes = np.asarray(shapes, dtype=object)
    owner = np.arange(len(shapes)) if owner is None else np.asarray(owner, dtype=np.int64)
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    number, nodes = _numbered(xy)
    go = np.flatnonzero((ring[1:] == ring[:-1]) & (number[1:] != number[:-1]))
    hole = np.zeros(len(rings), dtype=np.bool_)
    hole[1:] = of_part[1:] == of_part[:-1]
    back = (shapely.is_ccw(rings) == hole)[ring[go]]
    start, end = np.where(back, go + 1, go), np.where(back, go, go + 1)
    ends = np.hstack([xy[start], xy[end]])
    return Edges(ends, owner[of_shape[of_part[ring[go]]]], number[start], number[end], nodes)


def _numbered(xy: Floats) -> tuple[Ints, Floats]:
    """A number for each distinct point, and the points by number: packed into integers where the lattice allows."""
    if not len(xy):
        return np.zeros(0, dtype=np.int64), xy
    steps = np.rint(xy * 1e8)
    low = steps.min(axis=0)
    if (steps.max(axis=0) - low < _LOCAL).all() and (steps / 1e8 == xy).all():
        local = (steps - low).astype(np.int64)
        key = local[:, 0] * _LOCAL + local[:, 1]
    else:
        _, column = np.unique(xy[:, 0], return_inverse=True)
        _, row = np.unique(xy[:, 1], return_inverse=True)
        key = column.astype(np.int64) * len(xy) + row
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return number.astype(np.int64), xy[first]


@dataclass(frozen=True, eq=False)
class Rim:
    """Directed edges that nothing cancels: (m, 4) degrees, and how often each is left over (1 in a partition)."""

    ends: Floats
    times: Ints


def rim(shapes: Shapes) -> Rim:
    """Directed edges that no other shape cancels: the outline of a partition, exactly."""
    edges = edges_of(shapes)
    return _left_over(edges)


def left_over(ends: Floats) -> Rim:
    """Directed edges (m, 4) that none of the others cancels."""
    number, nodes = _numbered(ends.reshape(-1, 2))
    return _left_over(Edges(ends, np.zeros(len(ends), dtype=np.int64), number[::2], number[1::2], nodes))


def _left_over(edges: Edges) -> Rim:
    order, begins, _ = edges._pairs
    left = np.flatnonzero(edges.net)
    first = order[begins[left]]
    forward = (edges.tail[first] < edges.head[first]) == (edges.net[left] > 0)
    ends = np.where(forward[:, None], edges.ends[first], edges.ends[first][:, [2, 3, 0, 1]])
    return Rim(ends, np.abs(edges.net[left]))


def mismatch(shapes: Shapes, outline: BaseGeometry) -> tuple[Floats, Ints]:
    """Edges by which shapes and an outline differ (m, 4), and the positions of the shapes that own them, ascending.

    Both empty: what the shapes leave over is exactly the outline. The outline's own edges count as its reverse.
    """
    ends, owners = unlike(shapes, np.asarray([outline], dtype=object))
    return ends, owners[owners < len(shapes)]


def unlike(shapes: Shapes, others: Shapes) -> tuple[Floats, Ints]:
    """Edges (m, 4) that shapes leave over and others do not, or the reverse, and the positions of all who own them.

    Positions ascend and go on from the shapes to the others. Both empty: the rims are the same, edge by edge.
    """
    edges = edges_of(np.concatenate([np.asarray(shapes, dtype=object), np.asarray(others, dtype=object)]))
    against = np.where(edges.owner >= len(shapes), -1, 1) * np.where(edges.tail < edges.head, 1, -1)
    net = np.bincount(edges.pair, weights=against, minlength=1)
    wrong = np.flatnonzero(net[edges.pair]) if len(edges.pair) else np.zeros(0, dtype=np.int64)
    _, one = np.unique(edges.pair[wrong], return_index=True)
    return edges.ends[wrong[one]], np.unique(edges.owner[wrong])


def faults(shapes: Shapes, outline: BaseGeometry | None) -> list[Fault]:
    """Why shapes do not divide an outline; an empty list is the proof that they do.

    Parameters
    ----------
    shapes
        Polygons and multipolygons on the lattice, degrees WGS 84; positions name them.
    outline
        The ground to divide, given from outside. None takes the shapes' own union, which cannot see a whole leaf
        that is missing.

    Returns
    -------
    list[Fault]
        In the order of ``KINDS``, larger ground first. Empty and invalid shapes hide the rest, since ground cannot be
        reckoned with them.
    """
    shapes = np.asarray(shapes, dtype=object)
    found = _unfit(shapes)
    if found:
        return found
    found = _off_grid(shapes)
    whole = whole_of(shapes) if outline is None else outline
    ends, owners = mismatch(shapes, whole)
    if len(ends):
        found += _unmatched(ends, owners) + _ground(shapes, whole)
    return sorted(found, key=lambda fault: (KINDS.index(fault.kind), -fault.area_m2, fault.parties))


def faults_since(shapes: Shapes, old: Shapes, outline: BaseGeometry, old_outline: BaseGeometry) -> list[Fault]:
    """Why a partition is none any more since some of its leaves became others; an empty list is the proof it is.

    The rest need not be there: what the new leaves leave over, less what the old ones did, is what the outline changed
    by, edge by edge. Ground is not reckoned, so faults are told by their edges.

    Parameters
    ----------
    shapes, old
        The leaves that came and those that went, degrees; positions of the first name the parties.
    outline, old_outline
        Of the city now and before; the same object where it stayed.
    """
    found = _unfit(shapes)
    if found:
        return found
    found = _off_grid(shapes)
    moved = outline is not old_outline
    if moved:
        found += _unfit(np.asarray([outline], dtype=object))
    before, after = ([one] if moved else [] for one in (old_outline, outline))
    ends, owners = unlike(_shapes([*shapes, *before]), _shapes([*old, *after]))
    return found + (_unmatched(ends, owners[owners < len(shapes)]) if len(ends) else [])


def _shapes(some: list[BaseGeometry]) -> Shapes:
    made = np.empty(len(some), dtype=object)
    made[:] = some
    return made


def _unfit(shapes: Shapes) -> list[Fault]:
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    wrong = ~empty & (~np.isin(shapely.get_type_id(shapes), [3, 6]) | ~shapely.is_valid(shapes))
    found = [Fault("empty", shapely.Point(), 0.0, (int(at),)) for at in np.flatnonzero(empty)]
    return found + [Fault("invalid", place_of_defect(shapes[at]), 0.0, (int(at),)) for at in np.flatnonzero(wrong)]


def place_of_defect(shape: BaseGeometry) -> BaseGeometry:
    """Point at which a shape is invalid; an inner point where GEOS names none."""
    reason = shapely.is_valid_reason(shape)
    _, bracket, place = reason.partition("[")
    if bracket:
        x, y = map(float, place.rstrip("]").split()[:2])
        return shapely.Point(x, y)
    return shapely.point_on_surface(shape)


def _off_grid(shapes: Shapes) -> list[Fault]:
    xy, of_shape = shapely.get_coordinates(shapes, return_index=True)
    off: Bools = (snap(xy) != xy).any(axis=1)
    if not off.any():
        return []
    return [
        Fault("off_grid", shapely.MultiPoint(xy[off & (of_shape == at)]), 0.0, (int(at),))
        for at in np.unique(of_shape[off])
    ]


def whole_of(shapes: Shapes) -> BaseGeometry:
    """The ground shapes cover together; every vertex of their outline is kept where their edges match."""
    try:
        whole = shapely.coverage_union_all(shapes)
    except shapely.GEOSException:
        return shapely.union_all(shapes, grid_size=SNAP)
    return whole if shapely.is_valid(whole) else shapely.union_all(shapes, grid_size=SNAP)


def _unmatched(ends: Floats, owners: Ints) -> list[Fault]:
    lines = shapely.line_merge(shapely.MultiLineString(list(ends.reshape(-1, 2, 2))))
    return [Fault("unmatched", lines, 0.0, tuple(map(int, owners)))]


def _ground(shapes: Shapes, whole: BaseGeometry) -> list[Fault]:
    """Ground of two shapes, of none, and beyond the outline: one fault for each pair, hole and shape."""
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    common = shapely.intersection(shapes[a], shapes[b])
    found = [_fault("overlap", common[at], (int(a[at]), int(b[at]))) for at in np.flatnonzero(shapely.area(common) > 0)]
    union = shapely.union_all(shapes)
    for hole in _grounds(shapely.difference(whole, union)):
        found.append(_fault("gap", hole, tuple(map(int, np.sort(tree.query(hole, predicate="intersects"))))))
    beyond = shapely.difference(union, whole)
    for at in tree.query(beyond, predicate="intersects") if beyond.area > 0 else []:
        piece = shapely.intersection(shapes[at], beyond)
        if piece.area > 0:
            found.append(_fault("outside", piece, (int(at),)))
    return found


def _grounds(shape: BaseGeometry) -> list[BaseGeometry]:
    return [part for part in shapely.get_parts(shape) if part.area > 0]


def _fault(kind: str, ground: BaseGeometry, parties: tuple[int, ...]) -> Fault:
    parts = np.asarray(_grounds(shapely.GeometryCollection(list(shapely.get_parts(ground)))), dtype=object)
    polygons = parts[shapely.get_type_id(parts) == 3]
    where = polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)
    return Fault(kind, where, float(area_m2(np.asarray([where], dtype=object))[0]), parties)
