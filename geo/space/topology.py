"""A partition made light enough to travel: fewer vertices on a coarser lattice, each shared border kept once.

The leaves are thinned as one coverage and rounded point by point, so neighbours keep the same vertices; the proof of
:mod:`geo.space.partition` is asked again afterwards, and where it fails a finer lattice is taken. What travels is
TopoJSON: arcs between the nodes where three grounds meet, and rings that name them.

References
----------
TopoJSON 1.0, https://github.com/topojson/topojson-specification
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from geo.arrays import Bools, Ints, Shapes
from geo.space.partition import faults, whole_of

METRES_A_DEGREE = 111_320.0
LATTICES = (6, 7)
"""Decimals of a degree: 0.1 m, 0.01 m."""

_EXACT = 8


@dataclass(frozen=True, eq=False)
class Light:
    """Leaves (n,) that divide the ground the given ones did, on a lattice of ``decimals`` of a degree.

    ``tolerance_m`` is what they were thinned by; 0 where no thinning left a partition and they are as they were.
    """

    shapes: Shapes
    decimals: int
    tolerance_m: float


def lightened(shapes: Shapes, tolerance_m: float, lattices: Sequence[int] = LATTICES) -> Light:
    """Leaves with fewer vertices that still form a partition, proved.

    Parameters
    ----------
    shapes
        Leaves (n,) of a proved partition, lon/lat degrees on the lattice of 1e-8.
    tolerance_m
        Metres within which a border may be drawn straighter; 0 leaves every vertex that rounding does not fold.
    lattices
        Decimals of a degree to try, the coarsest first.
    """
    try:
        thin = _thinned(shapes, tolerance_m)
        rings = _ring_count(whole_of(shapes))
        for decimals in lattices:
            found = _rounded(thin, decimals)
            if found is not None and _divides(found, rings):
                return Light(found, decimals, tolerance_m)
    except shapely.GEOSException:  # leaves that are no partition: drawn as they are
        pass
    return Light(shapes, _EXACT, 0.0)


def _thinned(shapes: Shapes, tolerance_m: float) -> Shapes:
    if not tolerance_m:
        return shapes
    narrow = np.array([np.cos(np.radians(shapely.total_bounds(shapes)[[1, 3]].mean())), 1.0])
    flat = shapely.transform(shapes, lambda xy: xy * narrow)
    thin = shapely.coverage_simplify(flat, tolerance_m / METRES_A_DEGREE)
    return np.asarray(shapely.transform(thin, lambda xy: xy / narrow), dtype=object)


def _rounded(shapes: Shapes, decimals: int) -> Shapes | None:
    """Shapes on a coarser lattice; None where a ring is so small that nothing of it is left there."""
    moved = shapely.transform(shapes, lambda xy: np.rint(xy * 10.0**decimals) / 10.0**decimals)
    try:
        return np.asarray(shapely.remove_repeated_points(moved), dtype=object)
    except shapely.GEOSException:
        return None


def _divides(shapes: Shapes, rings: int) -> bool:
    """Whether shapes divide ground whose outline has as many rings as before: a gap or a lost part changes them."""
    fit: Bools = shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    if not fit.all():
        return False
    whole = whole_of(shapes)
    return _ring_count(whole) == rings and not faults(shapes, whole)


def _ring_count(shape: shapely.Geometry) -> int:
    return len(shapely.get_rings(shapely.get_parts(shape)))


# -- arcs --------------------------------------------------------------------------------------------------------------
@dataclass(eq=False)
class Topology:
    """Arcs of a partition and the rings made of them.

    Attributes
    ----------
    decimals
        Of a degree: what a step of the lattice is.
    arcs
        Each (k, 2) whole steps, first longitude; a border between two nodes stands here once.
    owners
        For each arc the positions of the leaves on its sides: one at the outline, else two.
    leaves, above
        For each shape its polygons, for each polygon its rings, shell first; a ring is a list of arcs in order,
        ``~n`` for arc n walked backwards.
    """

    decimals: int
    arcs: list[Ints] = field(default_factory=list)
    owners: list[set[int]] = field(default_factory=list)
    leaves: list[list[list[list[int]]]] = field(default_factory=list)
    above: list[list[list[list[int]]]] = field(default_factory=list)

    def levels(self, lineage: Ints) -> Ints:
        """Highest level (m,) each arc divides: 0 the outline; ``lineage`` (n, levels) of the leaves, ids or 0."""
        found = np.zeros(len(self.arcs), dtype=np.int64)
        for arc, sides in enumerate(self.owners):
            if len(sides) == 2:
                a, b = sides
                found[arc] = (lineage[a] != lineage[b]).argmax()
        return found


def topology(light: Light, above: Shapes) -> Topology:
    """Arcs and rings of leaves, and of areas that are unions of them.

    Parameters
    ----------
    light
        Leaves whose shared borders have the same vertices.
    above
        Areas (m,), unions of leaves with every vertex kept.
    """
    rings = list(_rings(np.concatenate([light.shapes, above]), light.decimals))
    numbered = _Numbered([ring for *_, ring in rings], [shape < len(light.shapes) for shape, *_ in rings])
    found = Topology(light.decimals, leaves=[[] for _ in light.shapes], above=[[] for _ in above])
    walked: dict[tuple[int, int], int] = {}
    for (shape, opens, _), nodes in zip(rings, numbered.rings, strict=True):
        is_leaf = shape < len(light.shapes)
        polygons = found.leaves[shape] if is_leaf else found.above[shape - len(light.shapes)]
        if opens:
            polygons.append([])
        names = []
        for chain in numbered.chains(nodes):
            name = _named(found, walked, chain, numbered)
            if is_leaf:
                found.owners[name if name >= 0 else ~name].add(shape)
            names.append(name)
        polygons[-1].append(names)
    return found


def _rings(shapes: Shapes, decimals: int) -> Iterator[tuple[int, bool, Ints]]:
    """Position of the shape, whether a new polygon begins, and the ring's steps (k, 2), first = last left out."""
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    steps = np.rint(xy * 10.0**decimals).astype(np.int64)
    ends = np.searchsorted(of_ring, np.arange(len(rings)), side="right")
    begin, last = 0, -1
    for ring, end in enumerate(ends.tolist()):
        part = int(of_part[ring])
        yield int(of_shape[part]), part != last, steps[begin : end - 1]
        begin, last = end, part


class _Numbered:
    """Rings by the numbers of their nodes, and which nodes are junctions: where not just two borders of leaves meet."""

    def __init__(self, rings: list[Ints], is_leaf: list[bool]) -> None:
        self.nodes, number = np.unique(np.concatenate(rings), axis=0, return_inverse=True)
        self.rings = np.split(number.ravel(), np.cumsum([len(ring) for ring in rings])[:-1])
        of_leaves = [ring for ring, leaf in zip(self.rings, is_leaf, strict=True) if leaf]
        tail = np.concatenate(of_leaves)
        head = np.concatenate([np.roll(ring, -1) for ring in of_leaves])
        low, high = np.minimum(tail, head), np.maximum(tail, head)
        edges = np.unique(low * len(self.nodes) + high)
        ends = np.concatenate([edges // len(self.nodes), edges % len(self.nodes)])
        self.is_junction = np.bincount(ends, minlength=len(self.nodes)) != 2

    def chains(self, ring: Ints) -> list[Ints]:
        """A ring cut at its junctions; one without any begins and ends at its lowest node."""
        junctions = np.flatnonzero(self.is_junction[ring])
        if not len(junctions):
            at = int(ring.argmin())
            return [np.concatenate([ring[at:], ring[: at + 1]])]
        turned = np.roll(ring, -junctions[0])
        cuts = junctions - junctions[0]
        closed = np.append(turned, turned[0])
        return [closed[a : b + 1] for a, b in zip(cuts, [*cuts[1:], len(ring)], strict=True)]


def _named(found: Topology, walked: dict[tuple[int, int], int], chain: Ints, numbered: _Numbered) -> int:
    """Name of the arc a chain of nodes is: a new one, or the one there is, ``~n`` when that was walked the other way.

    ``walked`` knows each arc by its first step from either end.
    """
    begins, ends = (int(chain[0]), int(chain[1])), (int(chain[-1]), int(chain[-2]))
    if begins in walked:
        return walked[begins]
    name = len(found.arcs)
    walked[begins], walked[ends] = name, ~name
    found.arcs.append(numbered.nodes[chain])
    found.owners.append(set())
    return name


def strands(found: Topology, shapes: Shapes) -> list[dict[str, Any]]:
    """TopoJSON geometries (n) of lines and polygons that share no border; their arcs are added to ``found``.

    A part that rounding folds to nothing is left out; a shape without parts has no arcs.
    """
    return [_strand(found, shape) for shape in shapes]


def _strand(found: Topology, shape: shapely.Geometry) -> dict[str, Any]:
    is_ground = int(shapely.get_type_id(shape)) in (3, 6)
    parts: list[Any] = []
    for part in shapely.get_parts(shape):
        walked = [_added(found, ring) for ring in (shapely.get_rings(part) if is_ground else [part])]
        rings = [[name] for name in walked if name is not None]
        if rings and (walked[0] is not None):
            parts.append(rings if is_ground else rings[0])
    return {"type": "MultiPolygon" if is_ground else "MultiLineString", "arcs": parts}


def _added(found: Topology, line: shapely.Geometry) -> int | None:
    steps = np.rint(shapely.get_coordinates(line) * 10.0**found.decimals).astype(np.int64)
    moves = np.append(True, (np.diff(steps, axis=0) != 0).any(axis=1))
    if moves.sum() < 2:
        return None
    found.arcs.append(steps[moves])
    return len(found.arcs) - 1


# -- TopoJSON ----------------------------------------------------------------------------------------------------------
def document(found: Topology, objects: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """A TopoJSON topology: arcs as steps from the point before; ``objects`` are its collections by name."""
    origin = np.min([arc.min(axis=0) for arc in found.arcs], axis=0)
    step = 10.0**-found.decimals
    return {
        "type": "Topology",
        "transform": {"scale": [step, step], "translate": (origin / 10.0**found.decimals).tolist()},
        "arcs": [np.diff(arc, axis=0, prepend=origin[None]).tolist() for arc in found.arcs],
        "objects": {
            name: {"type": "GeometryCollection", "geometries": shapes} for name, shapes in objects.items() if shapes
        },
    }


def polygons(rings: list[list[list[int]]], number: int, properties: dict[str, Any]) -> dict[str, Any]:
    """A TopoJSON multipolygon with its id."""
    return {"type": "MultiPolygon", "id": number, "properties": properties, "arcs": rings}


def borders(arcs: Ints, properties: dict[str, Any]) -> dict[str, Any]:
    """A TopoJSON multiline of whole arcs, each a line of its own."""
    return {"type": "MultiLineString", "properties": properties, "arcs": [[int(arc)] for arc in arcs]}
