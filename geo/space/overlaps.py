"""Which leaf holds most of this footprint: the largest share of its ground, and nothing else.

Stands on the tree and the prepared leaves of :class:`~geo.space.locate.GridIndex`; another engine may take its place
behind :func:`largest_overlap`, and this one stays as the oracle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Floats, Ints, Positions, Shapes
from geo.crs import shapes_to_metres
from geo.space.locate import GridIndex
from geo.space.partition import OUTSIDE

_CHUNK = 1 << 15  # footprints looked up at once
_DIGITS = 9  # of a share: what is below a billionth of a footprint is the noise of doubles, and decides no tie


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Shares of footprints: ``footprint[i]`` has ``share[i]`` of its ground in leaf ``position[i]``.

    Ordered by footprint, then share descending, then position; shares above 0 only.
    """

    footprint: Ints
    position: Ints
    share: Floats

    def largest(self, n: int) -> tuple[Positions, Floats]:
        """Position and share of the first leaf of each of n footprints; -1 and 0 for none."""
        position, share = np.full(n, OUTSIDE, dtype=np.int32), np.zeros(n)
        first = np.flatnonzero(np.diff(self.footprint, prepend=-1))
        position[self.footprint[first]] = self.position[first]
        share[self.footprint[first]] = self.share[first]
        return position, share


def largest_overlap(index: GridIndex, footprints: Shapes) -> tuple[Positions, Floats]:
    """Position (n,) of the leaf with the largest share of each footprint, and that share in (0, 1]; -1 and 0 for none.

    Parameters
    ----------
    index
        Leaves by ascending code: of equal shares the lowest code's is taken.
    footprints
        (n,) valid polygons, degrees WGS 84, snapped. Empty, missing or only touching the city's rim: none.

    Notes
    -----
    Ground is cut in degrees, exactly where the leaves lie, and measured in the city's metric CRS; a share is rounded to
    nine digits, so that equal halves are a tie. Each footprint is decided by itself: order and chunking change nothing.
    """
    position = np.full(len(footprints), OUTSIDE, dtype=np.int32)
    share = np.zeros(len(footprints))
    for start in range(0, len(footprints), _CHUNK):
        some = footprints[start : start + _CHUNK]
        rows = slice(start, start + len(some))
        position[rows], share[rows] = overlaps(index, some).largest(len(some))
    return position, share


def overlaps(index: GridIndex, footprints: Shapes) -> Overlaps:
    """Every leaf with ground of each footprint and its share; arguments as for :func:`largest_overlap`."""
    footprints = np.asarray(footprints, dtype=object)
    footprint, leaf = index.tree.query(footprints)
    inside = shapely.covers(index.shapes[leaf], footprints[footprint])
    # who lies within one leaf lies in no other: nothing is cut for it
    whole = np.zeros(len(footprints), dtype=np.bool_)
    whole[footprint[inside]] = True
    parted = ~whole[footprint]
    cut_of, cut_leaf = footprint[parted], leaf[parted]
    share = _shares(index, footprints, cut_of, cut_leaf)
    of = np.concatenate([footprint[inside], cut_of[share > 0]])
    at = np.concatenate([leaf[inside], cut_leaf[share > 0]])
    shares = np.concatenate([np.ones(int(inside.sum())), share[share > 0]])
    order = np.lexsort((at, -shares, of))
    return Overlaps(of[order], at[order], shares[order])


def _shares(index: GridIndex, footprints: Shapes, of: Ints, leaf: Ints) -> Floats:
    """Share of footprint ``of[i]`` in leaf ``leaf[i]`` (m,), rounded."""
    meet = np.flatnonzero(shapely.intersects(index.shapes[leaf], footprints[of]))
    pieces = shapely.intersection(index.shapes[leaf[meet]], footprints[of[meet]])
    asked, which = np.unique(of[meet], return_inverse=True)
    ground = shapely.area(shapes_to_metres(footprints[asked], index.metric_epsg))
    share = np.zeros(len(of))
    cut = shapely.area(shapes_to_metres(pieces, index.metric_epsg))
    share[meet] = np.round(np.minimum(cut / ground[which], 1.0), _DIGITS)
    return share
