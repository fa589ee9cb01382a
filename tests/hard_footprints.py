"""Footprints that are cut wrong if anything is, and what they have in common with leaves by GEOS at its finest."""

from __future__ import annotations

import numpy as np
import shapely

from geo.arrays import Floats, Shapes
from geo.crs import shapes_to_metres, snap, snapped


def hard_footprints(shapes: Shapes, seed: int, n: int) -> Shapes:
    """Up to n valid footprints at vertices and along edges of leaves, as leaves are, or larger than the city."""
    random = np.random.default_rng(seed)
    xy, ring = shapely.get_coordinates(shapely.boundary(shapes), return_index=True)
    starts = np.flatnonzero(ring[1:] == ring[:-1])
    kinds = (_between_vertices, _of_leaves, _along_an_edge, _at_a_vertex)
    made = np.empty(n, dtype=object)
    for at in range(n):
        start = int(random.choice(starts))
        made[at] = kinds[random.integers(0, len(kinds))](shapes, xy, xy[start : start + 2], random)
        if at % 5 == 0 and made[at].geom_type == "Polygon":
            made[at] = shapely.MultiPolygon([made[at]])
    good = shapely.is_valid(made) & np.isin(shapely.get_type_id(made), [3, 6]) & (shapely.area(made) > 1e-13)
    return np.asarray(made[good], dtype=object)


def _between_vertices(shapes: Shapes, xy: Floats, edge: Floats, random: np.random.Generator) -> shapely.Geometry:
    """As wide and high as vertices lie apart, or from one to the other."""
    some = xy[random.integers(0, len(xy), 4)]
    return _box(some[0], some[1]) if random.random() < 0.5 else shapely.MultiPoint(some).convex_hull


def _of_leaves(shapes: Shapes, xy: Floats, edge: Floats, random: np.random.Generator) -> shapely.Geometry:
    """Leaves, or what of one lies west of a meridian."""
    some = shapes[random.integers(0, len(shapes), random.integers(1, 4))]
    if random.random() < 0.5:
        return shapely.union_all(some)
    west, south, east, north = some[0].bounds
    return snapped(np.array([some[0] & shapely.box(west, south, random.uniform(west, east), north)]))[0]


def _along_an_edge(shapes: Shapes, xy: Floats, edge: Floats, random: np.random.Generator) -> shapely.Geometry:
    """On one side of an edge, or with a vertex in its middle as near as the lattice lets."""
    a, b = edge
    across = np.array([-(b - a)[1], (b - a)[0]]) * random.choice([-1, 1]) * random.uniform(0.01, 1)
    if random.random() < 0.5:
        return shapely.Polygon([a, b, snap(b + across), snap(a + across)])
    return shapely.MultiPoint([snap((a + b) / 2), snap(a + across), *xy[random.integers(0, len(xy), 2)]]).convex_hull


def _at_a_vertex(shapes: Shapes, xy: Floats, edge: Floats, random: np.random.Generator) -> shapely.Geometry:
    """With a corner in a vertex, or a courtyard around it; now and then the whole city lies in the courtyard."""
    a, size = edge[0], 10.0 ** random.uniform(-6, -2.3)
    if random.random() < 0.5:
        return _box(a, snap(a + random.uniform(-size, size, 2)))
    size *= random.choice([1, 1, 200])
    return _box(snap(a - 3 * size), snap(a + 2 * size)) - _box(snap(a - size), snap(a + size))


def _box(a: Floats, b: Floats) -> shapely.Geometry:
    return shapely.box(*np.minimum(a, b), *np.maximum(a, b))


def shares_by_geos(shapes: Shapes, footprint: shapely.Geometry, epsg: int) -> tuple[Floats, float]:
    """Share of a footprint in each leaf (n,), and a bound for the error of any of them.

    What they have in common is found in whole steps of the lattice from the footprint's corner: there doubles are a
    million times finer than at some hundred degrees, where GEOS loses slivers of a tenth of a square centimetre. A
    leaf beside which a share of less than half a billionth is left has all. The bound is PROJ's noise along the rim.
    """
    corner = np.rint(np.array(footprint.bounds[:2]) * 1e8)
    local = shapely.transform(np.append(shapes, footprint), lambda xy: np.rint(xy * 1e8) - corner)
    common = shapely.intersection(local[:-1], local[-1])
    pieces = shapes_to_metres(shapely.transform(common, lambda xy: (xy + corner) / 1e8), epsg)
    whole = shapes_to_metres(np.array([footprint]), epsg)[0]
    share = shapely.area(pieces) / whole.area
    part = shapely.area(common) / local[-1].area
    if abs(1 - part.max()) < 5e-10:
        share = np.where(part == part.max(), 1.0, 0.0)
    return np.minimum(share, 1.0), 2e-9 + 3e-8 * whole.length / whole.area
