"""Areas after leaves in them changed: their outlines follow by edges, and only where they moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Codes, Ints
from geo.errors import Refused
from geo.space.division.rows import Division, positions
from geo.space.outlines import outline_after
from geo.space.partition import OUTSIDE, whole_of


def reunited(base: Division, made: Division) -> Division:
    """The division ``made`` with the ground of its areas, which are those of ``base``, as its leaves are now.

    A leaf is as it was when its shape is the same object under the same area. Areas in which no outline moved stay the
    same objects; a part of a city is enough.

    Raises
    ------
    Refused
        When an area would have no ground left.
    Unseen
        When the outline of an area can only be told from all its leaves, and they were not taken in.
    """
    gone, come = others(base, made), others(made, base)
    shapes = made.area_shapes.copy()
    for at in _above(made, base.leaf_parents[gone], made.leaf_parents[come]):
        inside = made.area_codes[made.areas_within(str(made.area_codes[at]))]
        left, joined = (
            division.leaf_shapes[which][np.isin(division.leaf_parents[which], inside)]
            for division, which in ((base, gone), (made, come))
        )
        shape = outline_after(shapes[at], left, joined)
        shapes[at] = _whole(made, at) if shape is None else shape
    bare = np.flatnonzero(shapely.is_empty(shapes))
    if bare.size:
        code, name = made.area_codes[bare[0]], made.area_names[bare[0]]
        raise Refused(f"{name} {code} would have no ground left", where=made.area_shapes[bare[0]])
    return replace(made, area_shapes=shapes)


def others(division: Division, beside: Division) -> Ints:
    """Positions of the leaves that are not the same object, under the same area and code, in another division."""
    at = positions(division.leaf_codes, beside.leaf_codes)
    same: Bools = at != OUTSIDE
    there = np.flatnonzero(same)
    same[there] = division.leaf_parents[there] == beside.leaf_parents[at[there]]
    pairs = zip(division.leaf_shapes[there], beside.leaf_shapes[at[there]], strict=True)
    same[there] &= np.fromiter((one is other for one, other in pairs), np.bool_, len(there))
    return np.flatnonzero(~same)


def _above(made: Division, *parents: Codes) -> Iterator[int]:
    """Positions of the areas of these codes and of all above them."""
    at = np.unique(positions(np.concatenate(parents), made.area_codes))
    seen: set[int] = set()
    above = positions(made.area_parents, made.area_codes)
    for lowest in at.tolist():
        step = lowest
        while step != OUTSIDE and step not in seen:
            seen.add(step)
            step = int(above[step])
    yield from sorted(seen)


def _whole(made: Division, at: int) -> BaseGeometry:
    """The ground of an area from all its leaves."""
    if made.sight is not None:
        made.sight.demand_around(made.area_shapes[[at]])
    inside = made.area_codes[made.areas_within(str(made.area_codes[at]))]
    leaves = made.leaf_shapes[np.isin(made.leaf_parents, inside)]
    return whole_of(leaves) if len(leaves) else shapely.Polygon()
