"""Which leaf holds most of this footprint: the largest share of its ground, and nothing else.

Asked of the same cells as points are (:mod:`geo.space.cells`): most footprints lie in one leaf's cells, and nothing is
cut for them. What a border meets is cut by :mod:`geo.space.cells.cutting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints, Positions, Shapes
from geo.ragged import Ragged
from geo.space.cells.layout import NOBODY, Cells, Lattice
from geo.space.cells.metres import Projection, projection_of
from geo.space.locate import GridIndex
from geo.space.partition import OUTSIDE

if TYPE_CHECKING:
    from geo.space.cells.edges import Rings

_POLYGON, _MULTIPOLYGON = 3, 6  # as shapely numbers them
Footprints = Shapes | Ragged
"""Valid polygons (n,), degrees WGS 84, snapped, as arrays or objects; there an empty, missing or other is none."""
_SOME = 4_096  # footprints asked at a time


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


def largest_overlap(index: GridIndex, footprints: Footprints) -> tuple[Positions, Floats]:
    """Position (n,) of the leaf with the largest share of each footprint, and that share in (0, 1]; -1 and 0 for none.

    Parameters
    ----------
    index
        Leaves by ascending code: of equal shares the lowest code's is taken.
    footprints
        (n,). What only touches the city's rim: none.

    Notes
    -----
    Ground is cut in degrees, exactly where the leaves lie, and measured in the city's metric CRS with the vertices that
    cutting gives it, as GEOS's intersection does. A share is rounded to nine digits, so that equal halves are a tie;
    one with no other beside it, not even outside, is 1. GEOS and PROJ agree to their own rounding, some nanometres at
    a vertex, which the ninth digit of small footprints shows; slivers of some square centimetres, which GEOS may lose,
    are kept. Each footprint is decided by itself: order and chunking change nothing.
    """
    whole, cut = _parted(index, footprints)
    position, share = cut.largest(len(whole))
    inside = np.flatnonzero(whole != OUTSIDE)
    position[inside], share[inside] = whole[inside], 1.0
    return position, share


def overlaps(index: GridIndex, footprints: Footprints) -> Overlaps:
    """Every leaf with ground of each footprint and its share; arguments as for :func:`largest_overlap`."""
    whole, cut = _parted(index, footprints)
    inside = np.flatnonzero(whole != OUTSIDE)
    of = np.concatenate([inside, cut.footprint])
    order = np.argsort(of, kind="stable")
    position = np.concatenate([whole[inside].astype(np.int64), cut.position])
    return Overlaps(of[order], position[order], np.concatenate([np.ones(len(inside)), cut.share])[order])


def _parted(index: GridIndex, footprints: Footprints) -> tuple[Positions, Overlaps]:
    """Position (n,) of the leaf whose cells hold the whole of a footprint, -1 for none, and all others by shares.

    The shares of one footprint come together, footprints in any order. Some thousands are asked at a time: what shapely
    reads of a footprint then still lies near the processor when it is asked for more of it.
    """
    cells = index.cells.cells
    slots = np.full(len(footprints), NOBODY, dtype=np.int32)
    rings = []
    for begin in range(0, len(footprints), _SOME):
        end = min(begin + _SOME, len(footprints))
        if isinstance(footprints, Ragged):
            rings += _met_as_arrays(cells, footprints.taken(np.arange(begin, end)), slots[begin:end], begin)
        else:
            rings += _met_as_objects(cells, np.asarray(footprints[begin:end], dtype=object), slots[begin:end], begin)
    return cells.position_of[slots], _cut(cells, projection_of(index.metric_epsg), rings)


def _met_as_objects(cells: Cells, footprints: Shapes, slots: Positions, before: int) -> list[Rings]:
    """Rings of the footprints that an edge may meet, numbered from ``before`` on; of the others slots are written."""
    kinds = shapely.get_type_id(footprints)
    met = _find_met(cells, shapely.bounds(footprints), slots)
    met = met[(kinds[met] == _POLYGON) | (kinds[met] == _MULTIPOLYGON)]
    slots[(kinds != _POLYGON) & (kinds != _MULTIPOLYGON)] = NOBODY
    return _rings(footprints[met], (before + met).astype(np.int32))


def _met_as_arrays(cells: Cells, footprints: Ragged, slots: Positions, before: int) -> list[Rings]:
    """As :func:`_met_as_objects`; those of several rings become objects."""
    from geo.space.cells.edges import Rings, rings_of

    met = _find_met(cells, footprints.bounds, slots)
    some, numbers = footprints.taken(met), (before + met).astype(np.int32)
    single = np.flatnonzero(some.is_single)
    plain, others = some.taken(single), np.setdiff1d(np.arange(len(some)), single)
    found = [Rings(plain.xy, plain.ring, numbers[single], np.ones(len(single), dtype=np.bool_))]
    return [*found, rings_of(some.taken(others).shapes, numbers[others])] if len(others) else found


def _find_met(cells: Cells, bounds: Floats, slots: Positions) -> Ints:
    """Numbers of the boxes that an edge may meet; of the others slots are written, ``NOBODY`` for none."""
    from geo.space.cells.boxes import MET, locate_boxes

    locate_boxes(cells, bounds, slots)
    met = np.flatnonzero(slots == MET)
    slots[met] = NOBODY
    return met


def _have_one_ring(footprints: Shapes) -> Bools:
    """Whether each polygon or multipolygon (n,) has one part and no courtyard."""
    one = shapely.get_num_interior_rings(footprints) == 0
    multiple = np.flatnonzero(shapely.get_type_id(footprints) == _MULTIPOLYGON)
    part = shapely.get_geometry(footprints[multiple], 0)
    one[multiple] = (shapely.get_num_geometries(footprints[multiple]) == 1) & (
        shapely.get_num_interior_rings(part) == 0
    )
    return np.asarray(one, dtype=np.bool_)


def _rings(footprints: Shapes, numbers: Positions) -> list[Rings]:
    """Rings of footprints (n,), those of one together, with their numbers for slots."""
    from geo.space.cells.edges import rings_of

    plain = _have_one_ring(footprints)
    if plain.all():
        return [_one_ring_each(footprints, numbers)]
    others = rings_of(footprints[~plain], numbers[~plain])
    return [_one_ring_each(footprints[plain], numbers[plain]), others]


def _one_ring_each(footprints: Shapes, numbers: Positions) -> Rings:
    """The rings; of a single one it is no matter on which side its ground is taken to lie: shares stay the same."""
    from geo.space.cells.edges import Rings

    begins = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(footprints))]).astype(np.int64)
    return Rings(shapely.get_coordinates(footprints), begins, numbers, np.ones(len(numbers), dtype=np.bool_))


def _cut(cells: Cells, projection: Projection, rings: list[Rings]) -> Overlaps:
    """Shares of footprints whose rings are given."""
    from geo.space.cells.cutting import Found, cut, sums_for
    from geo.space.cells.edges import joined
    from geo.space.cells.laying import work_for

    all_rings, sums = joined(rings), sums_for(len(cells.position_of))
    order = _by_cell(cells.lattice, all_rings)
    parts, begin, room = [(order[:0], np.zeros(0, dtype=np.int32), np.zeros(0))], 0, 1 << 8
    while begin < len(order):
        most = 2 * (len(order) - begin) + room
        found = Found(np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32), np.empty(most))
        begin, used = cut(cells, projection, all_rings, (order, begin), (work_for(room), sums, found))
        parts.append((found.of[:used].astype(np.int64), found.slot[:used], found.share[:used]))
        room *= 2
    of, slot, share = (np.concatenate(some) for some in zip(*parts, strict=True))
    return Overlaps(of, cells.position_of[slot].astype(np.int64), share)


def _by_cell(lattice: Lattice, rings: Rings) -> Ints:
    """The first ring (m,) of each footprint, in the order of the upper cells they begin in.

    Those that lie near come together, and the processor finds what they need where it was a moment ago.
    """
    first = np.flatnonzero(np.diff(rings.slot, prepend=-1))
    x, y = rings.xy[rings.begins[first]].T
    column, row = (x - lattice.west) * lattice.across, (y - lattice.south) * lattice.up
    key = np.floor(np.clip(row, 0, lattice.rows)) * lattice.columns + np.clip(column, 0, lattice.columns)
    return first[np.argsort(key.astype(np.float32))]
