"""Metres to the borders: what an accuracy or a tolerance is measured with, from the cells of an index alone.

The nearest border of all is the nearest border of the leaf that holds the point, since the way to any other crosses it
first. From outside it is the nearest piece of the outline.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.few_metres import border_m
from geo.space.cells.few_spreads import shares_of
from geo.space.cells.index import CellIndex, is_few, shared_out
from geo.space.cells.layout import fixed
from geo.space.cells.metres import EXPRESSIBLE, Projection, forward, projection_of
from geo.space.cells.outlines import Outline
from geo.space.cells.spreads import REACH, Kind, Shares, ordered, sigma_of
from geo.space.partition import OUTSIDE


@dataclass(frozen=True, eq=False)
class Borders:
    """Every border of a partition, measured in a metric CRS; safe to ask from many threads."""

    index: CellIndex
    projection: Projection

    @classmethod
    def of(cls, index: CellIndex, epsg: int) -> Borders:
        """Borders in the metric CRS ``epsg``. Raises Refused where that is no transverse Mercator projection."""
        return cls(index, projection_of(epsg))

    @cached_property
    def outline(self) -> Outline:
        """The outline of the city, made when first asked for; made twice by two threads it is the same."""
        return Outline.of(self.index.cells, self.projection)

    def distance_m(self, lonlat: Floats, positions: Positions, limit_m: float = np.inf) -> Floats:
        """Metres (n,) to the nearest border; NaN where the point is not finite or the CRS cannot express it.

        Parameters
        ----------
        positions
            (n,) of the leaves that hold the points.
        limit_m
            Metres from which on a border is told as infinitely far from a point inside.
        """
        inside = positions != OUTSIDE
        if inside.all():
            return self._inside(lonlat, positions, limit_m)
        metres = np.full(len(lonlat), np.nan)
        metres[inside] = self._inside(lonlat[inside], positions[inside], limit_m)
        metres[~inside] = self.nearest(lonlat[~inside])[1]
        return metres

    @cached_property
    def rims(self) -> Positions:
        """First bundle and how many (n, 2) of the rim of each leaf, by position."""
        cells = self.index.cells
        slots = np.flatnonzero(cells.position_of != OUTSIDE)
        of = np.empty((len(slots), 2), dtype=np.int32)
        of[cells.position_of[slots]] = cells.rims.of[slots]
        return fixed(of)

    def _inside(self, lonlat: Floats, positions: Positions, limit_m: float) -> Floats:
        cells = self.index.cells
        if is_few(len(lonlat), "distances"):
            found = np.array([border_m(cells, self.projection, x, y) for x, y in lonlat.tolist()], dtype=np.float64)
            return np.where(found < limit_m, found, np.inf)
        from geo.space.cells import distances

        some, metres = self.rims[positions], np.empty(len(lonlat))
        laid = np.flatnonzero(some[:, 0] < 0) if len(cells.rims.over.stretches) else _NOBODY
        below = some
        if len(laid):
            below = some.copy()
            below[laid] = 0
        base = distances.Rim(cells.rims.base, cells.base.ends, cells.lattice)
        shared_out(
            len(lonlat),
            lambda rows: distances.border_distances(
                base, self.projection, (lonlat[rows], below[rows]), limit_m, metres[rows]
            ),
        )
        if len(laid):
            over = distances.Rim(cells.rims.over, cells.over.ends, cells.lattice)
            found, above = np.empty(len(laid)), np.column_stack([-1 - some[laid, 0], some[laid, 1]])
            distances.border_distances(over, self.projection, (lonlat[laid], above), limit_m, found)
            metres[laid] = found
        return metres

    def nearest(self, lonlat: Floats) -> tuple[Positions, Floats]:
        """Lowest position (n,) among the leaves whose ground is nearest to points outside, and metres to it.

        OUTSIDE and NaN where the point is not finite or the CRS cannot express it.
        """
        position, metres = np.full(len(lonlat), OUTSIDE, dtype=np.int32), np.full(len(lonlat), np.nan)
        finite = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        places = forward(self.projection, *lonlat[finite].T)
        good = np.abs(places.imag) <= EXPRESSIBLE * self.projection.radius
        known, places = finite[good], places[good]
        if is_few(len(known), "distances"):
            for at, place in zip(known.tolist(), places.tolist(), strict=True):
                position[at], metres[at] = self.outline.nearest(place)
            return position, metres
        from geo.space.cells import distances

        outline, lowest, nearest_m = self.outline, np.empty(len(known), dtype=np.int32), np.empty(len(known))
        shared_out(
            len(known), lambda rows: distances.outline_distances(outline, places[rows], lowest[rows], nearest_m[rows])
        )
        position[known], metres[known] = lowest, nearest_m
        return position, metres

    def shares(self, lonlat: Floats, accuracy_m: Floats, kind: Kind) -> Shares:
        """Shares of the spread of each point (n, 2), finite degrees, in each leaf; accuracies (n,) metres above 0."""
        sigma = sigma_of(accuracy_m) if kind == "gaussian" else np.zeros(len(lonlat))
        reach = REACH * sigma if kind == "gaussian" else accuracy_m
        spreads = np.column_stack([lonlat, reach, sigma])
        if is_few(len(spreads), "spreading"):
            told = [shares_of(self.index.cells, self.index.handful, self.projection, spread) for spread in spreads]
            of = np.repeat(np.arange(len(told)), [len(position) for position, _ in told])
            position, share = (np.concatenate([*column]) for column in zip(*told, strict=True)) if told else _NONE
            return ordered(of, position, share, len(spreads))
        from geo.space.cells.spreading import many_shares

        found: list[tuple[Ints, Positions, Floats]] = []
        shared_out(
            len(spreads), lambda rows: found.append(many_shares(self.index.cells, self.projection, spreads, rows))
        )
        of, position, share = (np.concatenate(column) for column in zip(*found, strict=True))
        return ordered(of, position, share, len(spreads))


_NOBODY = np.zeros(0, dtype=np.intp)
_NONE = (np.zeros(0, dtype=np.int32), np.zeros(0))
