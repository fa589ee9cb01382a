"""The ledger of mends: how much one place may move, and what became of each piece of ground."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.crs import area_m2, shapes_to_metres
from geo.space.arrangement import NEAR, joined, thickness, united
from geo.space.partition import OUTSIDE, Edges

KINDS = {
    "gap": "held by no grid and within the limits: given to the grid with the longest border",
    "overlap": "held by two grids and within the limits: given to the smaller",
    "beyond": "of a grid, outside the declared outline and within the limits: cut off",
    "nested": "a grid drawn inside a larger one: cut out of it",
    "dedicated": "of a dedicated grid and of a comprehensive one: cut out of the second",
    "cut": "of a grid, inside an area of another parent that has the higher authority: cut off",
    "sliver": "an area's border that follows the level below it, within the limits",
    "authority": "an area's ground that the level below it decides, beyond the limits",
    "disputed": "held by two areas and by no grid: falls to the level above",
    "outside": "of an area, outside the outline and in no grid: not of this city",
    "left": "held by no grid and thin, but larger than a mend may be: fallback ground",
}
"""Every reason for which ground moved, or expressly did not, in the order in which a ledger tells them."""

_HAIR_M = 0.02
_PRECISION_M = 0.001
_PRECISION = 0.01  # of the width of wide ground: a circle in a large place is costly to find, and none needs it to a mm


@dataclass(frozen=True)
class Limits:
    """How much ground a mend may move in one place.

    Parameters
    ----------
    width_m
        Diameter of the largest circle inside the place, metric CRS of the city.
    area_m2
        Geodesic area of the place.
    """

    width_m: float = 2.0
    area_m2: float = 1000.0


@dataclass(frozen=True)
class Mend:
    """One piece of ground and what became of it.

    Parameters
    ----------
    kind
        One of ``KINDS``.
    lost, got
        Positions among all parties as ``divide`` counts them (the grids, then each layer's areas); OUTSIDE for none.
    ground
        Degrees WGS 84.
    area_m2, width_m
        As in ``Limits``.
    """

    kind: str
    lost: int
    got: int
    ground: BaseGeometry
    area_m2: float
    width_m: float


def widths_m(shapes: Shapes, epsg: int, *, most: float = np.inf) -> Floats:
    """Diameter in metres of the largest circle inside each shape; ``inf`` for those surely wider than ``most``.

    Where no circle of 4 cm fits, twice the area over the perimeter: to find the circle in a hair of a kilometre its
    whole length would be searched by the millimetre.
    """
    metric = shapes_to_metres(shapes, epsg)
    thick = thickness(metric)
    found = np.full(len(metric), np.inf)
    # the inscribed circle of any ground has at least the radius area / perimeter
    hair = thick < _HAIR_M
    hair[hair] = shapely.is_empty(shapely.buffer(metric[hair], -_HAIR_M, quad_segs=1))
    found[hair] = thick[hair]
    round_ = np.flatnonzero(~hair & (thick <= most))
    parts, of = shapely.get_parts(metric[round_], return_index=True)
    precision = np.maximum(_PRECISION_M, _PRECISION * thickness(parts))
    widest = np.zeros(len(round_))
    np.maximum.at(widest, of, 2 * shapely.length(shapely.maximum_inscribed_circle(parts, precision)))
    found[round_] = widest
    return found


@dataclass(frozen=True, eq=False)
class Places:
    """Connected ground with one key (what it lost, what it gets): faces by place, and the measures of each place."""

    of: Ints  # place of each of the faces asked for
    key: Ints  # (n, 2)
    ground: Shapes
    area_m2: Floats
    width_m: Floats

    def within(self, limits: Limits) -> Bools:
        """Which places a mend may move."""
        small: Bools = (self.width_m <= limits.width_m) & (self.area_m2 <= limits.area_m2)
        return small

    def mends(self, kinds: Iterable[str], chosen: Bools) -> list[Mend]:
        """The chosen places as mends; ``kinds`` names each place's."""
        return [
            Mend(kind, int(lost), int(got), ground, float(m2), float(width))
            for kind, (lost, got), ground, m2, width, flag in zip(
                kinds, self.key, self.ground, self.area_m2, self.width_m, chosen, strict=True
            )
            if flag
        ]


def places(faces: Shapes, edges: Edges, these: Ints, key: Ints, epsg: int) -> Places:
    """The places that faces make: neighbours with one key are one place.

    Parameters
    ----------
    these
        Positions of faces (m,); a face may occur under several keys.
    key
        (m, 2), lost and got of each.
    """
    unique, of_key = np.unique(key, axis=0, return_inverse=True)
    of_key = of_key.reshape(-1)
    first, second = _neighbours(edges, these, of_key)
    mark = joined(len(these), first, second)
    marks, of = np.unique(mark, return_inverse=True)
    ground = united(faces[these], of)
    shapes = np.asarray([ground[at] for at in range(len(marks))], dtype=object)
    m2 = area_m2(shapes) if len(shapes) else np.zeros(0)
    return Places(of, unique[of_key[marks]] if len(marks) else key, shapes, m2, widths_m(shapes, epsg))


def _neighbours(edges: Edges, these: Ints, of_key: Ints) -> tuple[Ints, Ints]:
    """Pairs of positions in ``these`` whose faces share an edge and whose keys are the same."""
    inner = np.flatnonzero(edges.twin != OUTSIDE)
    a, b = edges.owner[inner], edges.right[inner]
    order = np.lexsort((of_key, these))
    ranked = these[order].astype(np.int64) * (int(of_key.max(initial=0)) + 1) + of_key[order]
    begin, end = np.searchsorted(these[order], a), np.searchsorted(these[order], a, side="right")
    count = end - begin
    edge = np.repeat(np.arange(len(a)), count)
    mine = np.repeat(begin, count) + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    wanted = b[edge].astype(np.int64) * (int(of_key.max(initial=0)) + 1) + of_key[order][mine]
    at = np.minimum(np.searchsorted(ranked, wanted), max(len(ranked) - 1, 0))
    met = ranked[at] == wanted if len(ranked) else np.zeros(0, dtype=np.bool_)
    return order[mine[met]], order[at[met]]


def is_hair(ground: Shapes) -> Bools:
    """Ground no wider than snapping explains: never a mend, matching sets it right."""
    hair: Bools = thickness(ground) <= NEAR
    return hair
