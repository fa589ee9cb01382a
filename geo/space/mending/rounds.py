"""Mending repeated on its own output until that stands: what is published is what a second run would read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Shapes
from geo.codes import Scheme
from geo.crs import area_m2
from geo.space.division import BLOCKING, Division, NamedGrids, divide
from geo.space.mending.cracks import cracks, free_ground
from geo.space.mending.ledger import KINDS, Limits, Mend
from geo.space.mending.mends import Layers, once
from geo.space.partition import Fault

_ROUNDS = 8
_NONE: Shapes = np.empty(0, dtype=object)


@dataclass(frozen=True, eq=False)
class Mended:
    """Layers that divide their outline but for what was too large to be mended, and the ledger, larger ground first.

    Parameters
    ----------
    layers
        What the mending made of the layers given; its outline is None where there is no ground at all.
    mends
        The ledger, of all rounds.
    division, faults
        What ``divide`` makes of the layers, grids left without ground passed over, and what it holds against them.
        Parties are told by their positions among all, as ``divide`` counts them.
    unsettled
        Ground that one more round would mend, degrees; empty where the output stands on itself.
    """

    layers: Layers
    mends: list[Mend]
    division: Division
    faults: list[Fault]
    unsettled: BaseGeometry


def mended(
    layers: Layers,
    limits: Limits,
    *,
    authority: Sequence[int],
    scheme: Scheme,
    epsg: int,
) -> Mended:
    """Grids and areas whose borders agree, each as far as the limits and the authority allow, and how they divide.

    Matching puts nodes on borders, and where ground is cut depends on its nodes. So a round is mended, divided, and
    judged as it would be read the next time; it stands when the divided ground holds no crack within the limits. In a
    proved division nothing else can be mended: no ground is held twice, beyond its parent, or outside.

    Parameters
    ----------
    layers
        As for ``divide``; degrees WGS 84. Invalid shapes count as made valid, empty ones hold no ground. Without an
        outline the union of the highest level with shapes is divided, and the grids beyond it: an area's border
        decides whose ground is, a grid makes ground.
    authority
        Levels, the highest authority first: where two disagree about a border beyond the limits, the first one's
        stands. The number of the grids' level is ``len(areas)``; levels left out come last, lower levels first.
    scheme
        Gives the fallback codes.
    epsg
        Metric CRS of the city.

    Returns
    -------
    Mended
        Grids that no mend concerns are the same objects. What may not be mended, an overlap of two grids or ground
        beyond a declared outline larger than the limits, is left in the shapes and among the faults.

    Raises
    ------
    Refused
        As ``divide``.
    """
    rank = _ranks(authority, len(layers.areas))
    mends: list[Mend] = []
    for _ in range(_ROUNDS):
        layers, moved = once(layers, limits, rank, epsg)
        mends += [one for one in moved if one not in mends]
        division, faults = _divided(layers, scheme)
        read = _as_read(layers, division, faults)
        left = _cracks(read, limits, epsg) if moved else _NONE
        if not len(left):
            break
        layers = read
    ledger = sorted(mends, key=lambda one: (list(KINDS).index(one.kind), -one.area_m2, one.lost, one.got))
    return Mended(layers, ledger, division, faults, shapely.GeometryCollection([*left]))


def _ranks(authority: Sequence[int], grid_level: int) -> list[int]:
    """Rank of each level, 0 the highest authority."""
    order = [*authority, *(level for level in range(grid_level, -1, -1) if level not in authority)]
    return [order.index(level) for level in range(grid_level + 1)]


def _divided(layers: Layers, scheme: Scheme) -> tuple[Division, list[Fault]]:
    """The division without the grids that have no ground, which would keep it from being proved."""
    named = layers.named
    there = np.flatnonzero(~shapely.is_empty(named.shapes))
    full = NamedGrids(*(getattr(named, field.name)[there] for field in fields(named)))
    division, faults = divide(full, layers.areas, layers.outline, scheme, gap_m=0.0)
    areas = sum(len(layer.codes) for layer in layers.areas)
    place = [*there.tolist(), *range(len(named.codes), len(named.codes) + areas + 1)]
    return division, [replace(one, parties=tuple(place[at] for at in one.parties)) for one in faults]


def _as_read(layers: Layers, division: Division, faults: list[Fault]) -> Layers:
    """The layers as a second run would read them: with the nodes that matching made, where they divide."""
    if any(fault.kind in BLOCKING - {"empty"} for fault in faults):
        return layers
    leaf = dict(zip(division.leaf_codes.tolist(), division.leaf_shapes, strict=True))
    codes = layers.named.codes.tolist()
    shapes = np.asarray([leaf.get(code, shapely.Polygon()) for code in codes], dtype=object)
    same = shapely.equals_exact(shapes, layers.named.shapes, 0)
    shapes[same] = layers.named.shapes[same]
    (outline,) = division.area_shapes[division.area_levels == 0]
    return replace(layers, named=replace(layers.named, shapes=shapes), outline=outline)


def _cracks(layers: Layers, limits: Limits, epsg: int) -> Shapes:
    """Ground (n,) that no grid holds and that is within the limits."""
    if layers.outline is None:
        return _NONE
    grids = layers.named.shapes
    thin = cracks(free_ground(grids, layers.outline), grids, layers.outline, limits, epsg)
    return thin[area_m2(thin) <= limits.area_m2] if len(thin) else _NONE
