"""The index of a partition, as others see it: built from leaves, asked for points."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely

from geo.arrays import Codes, Floats, Positions, Shapes
from geo.errors import Broken
from geo.space.cells.few import Handful
from geo.space.cells.layout import NO_PART, Cells, Edges, Lattice, Redraw, fixed, part_of
from geo.space.partition import OUTSIDE, place_of_defect

FEW = 256
"""Points up to which no compiled code is loaded; where it is there already it is used."""
MANY = 100_000
"""Points from which several threads are worth their start."""
_CELLS_A_LEAF = 4.0
_MARGIN = 1e-6  # of the city's width: no vertex lies on the rim of the lattice


@dataclass(frozen=True, eq=False)
class CellIndex:
    """Cells over a partition; immutable, and safe to ask from many threads."""

    cells: Cells

    @classmethod
    def build(cls, codes: Codes, shapes: Shapes, slots: Positions | None = None) -> CellIndex:
        """Index over leaves (n,), degrees; their positions are its answers.

        Parameters
        ----------
        slots
            (n,) above 0, one a leaf that no other leaf had or will have; None = 1 to n, where nothing is redrawn.

        Raises
        ------
        Broken
            When leaves overlap or are no valid polygons, named by their codes, with the place as ``where``.
        """
        from geo.space.cells import building, checking, edges, rimming

        slots = np.arange(1, len(shapes) + 1, dtype=np.int32) if slots is None else slots
        found, claimed_twice = edges.edges_of(edges.rings_of(shapes, slots))
        lattice = _lattice_over(found, len(shapes))
        window = building.window_of(found, lattice, np.zeros(lattice.rows, dtype=np.int32))
        doubtful = np.union1d(claimed_twice, checking.doubtful_edges(found, window))
        position_of = positions_of(slots)
        _refuse_no_partition(codes, shapes, position_of[found.sides[doubtful]])
        entries, words = building.built(found, window)
        rims = rimming.rims_of(found, lattice, slots)
        return cls(Cells(lattice, fixed(entries), part_of(words, found), NO_PART, position_of, rims))

    def redrawn(self, redraw: Redraw, slots: Positions) -> CellIndex | None:
        """The index after a redraw, for the cost of the cells it touches; None where it must be built anew.

        Parameters
        ----------
        slots
            (n,) of all leaves by their new positions.
        """
        from geo.space.cells.overlaying import overlaid

        cells = overlaid(self.cells, redraw)
        return cells and CellIndex(cells._replace(position_of=positions_of(slots)))

    @cached_property
    def handful(self) -> Handful:
        """The cells to ask without compiled code."""
        return Handful(self.cells)

    def position(self, x: float, y: float) -> int:
        """Position of the leaf at one point, degrees; on a border the lowest; -1 outside and where not finite."""
        return self.handful.position(x, y)

    def positions(self, lonlat: Floats) -> Positions:
        """Positions (n,) of the leaves at points (n, 2); as :meth:`position`."""
        if len(lonlat) <= FEW:
            return self.handful.positions(lonlat)
        from geo.space.cells import asking

        lonlat = np.ascontiguousarray(lonlat)
        found = np.empty(len(lonlat), dtype=np.int32)
        shared_out(len(lonlat), lambda rows: asking.locate_blocks(self.cells, lonlat[rows], found[rows]))
        return found


def shared_out(count: int, work: Callable[[slice], object]) -> None:
    """The work is done on all of so many rows, by several threads where they are many."""
    threads = len(os.sched_getaffinity(0)) if count >= MANY else 1
    if threads == 1:
        work(slice(0, count))
        return
    bounds = np.linspace(0, count, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, (slice(begin, end) for begin, end in pairwise(bounds))))


def is_few(points: int, kernels: str) -> bool:
    """Whether so few points are asked that a process that has not loaded a module of kernels answers without it."""
    return points <= FEW and f"{__package__}.{kernels}" not in sys.modules


def positions_of(slots: Positions) -> Positions:
    """Position by slot (highest slot + 1,), -1 of slot 0 and of slots not given."""
    position_of = np.full(int(slots.max()) + 1, OUTSIDE, dtype=np.int32)
    position_of[slots] = np.arange(len(slots), dtype=np.int32)
    return fixed(position_of)


def _lattice_over(edges: Edges, leaves: int) -> Lattice:
    """Upper cells over all edges, about square on the ground, four for each leaf."""
    low = np.minimum(edges.ends[:, :2], edges.ends[:, 2:]).min(axis=0)
    high = np.maximum(edges.ends[:, :2], edges.ends[:, 2:]).max(axis=0)
    width, height = (high - low) * (1 + 2 * _MARGIN)
    west, south = low - (high - low) * _MARGIN
    proportion = width * max(np.cos(np.radians((low[1] + high[1]) / 2)), 0.01) / height
    rows = max(1, int(np.sqrt(_CELLS_A_LEAF * leaves / proportion)))
    columns = max(1, int(_CELLS_A_LEAF * leaves / rows))
    return Lattice(float(west), float(south), float(columns / width), float(rows / height), 0, 0, 1, columns, rows)


def _refuse_no_partition(codes: Codes, shapes: Shapes, beside: Positions) -> None:
    """Nothing, when none of the leaves beside doubtful edges is invalid or has ground in common with another."""
    suspects = np.unique(beside[beside != OUTSIDE])
    if not len(suspects):
        return
    if not (valid := shapely.is_valid(shapes[suspects])).all():
        at = int(suspects[valid.argmin()])
        why = f"the leaf {str(codes[at])!r} is no valid polygon: {shapely.is_valid_reason(shapes[at])}"
        raise Broken(why, where=place_of_defect(shapes[at]))
    tree = shapely.STRtree(shapes)
    of, other = tree.query(shapes[suspects], predicate="intersects")
    one = suspects[of]
    pairs = np.unique(np.sort(np.stack([one, other], axis=1)[one != other], axis=1), axis=0)
    a, b = shapes[pairs[:, 0]], shapes[pairs[:, 1]]
    # exact, where the area of what is common may round to nothing: a vertex less than a step inside another leaf
    wrong = np.flatnonzero(shapely.relate_pattern(a, b, "T********"))
    if not len(wrong):
        return
    common = shapely.intersection(a, b)
    first, second = codes[pairs[wrong[0]]].tolist()
    place = shapely.point_on_surface(common[wrong[0]])
    more = f" and {len(wrong) - 1} more pairs" if len(wrong) > 1 else ""
    raise Broken(
        f"the leaves {first!r} and {second!r} overlap near {place.x:.6f} {place.y:.6f}{more}; "
        "an index stands on a partition, where leaves meet in borders only",
        where=shapely.GeometryCollection(list(common[wrong])),
    )
