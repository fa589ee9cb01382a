"""What a footprint is cut from: its own edges and those of leaves near it, each once, laid out side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo.arrays import Floats, Ints, Positions
from geo.space.cells.compiling import lean
from geo.space.cells.covering import Box, box_of
from geo.space.cells.edges import Rings
from geo.space.cells.layout import Cells
from geo.space.cells.measuring import Measure, Place, metres_at
from geo.space.cells.orientation import side

_STAY = (0.0, 0.0)


class Work(NamedTuple):
    """Room for one footprint; how much of it is used is told beside it.

    Edges near the footprint, each once: ``ends`` (k, 4) and ``sides`` (k, 2) as ``layout.Edges`` has them, ``heads``
    (k,) the first crossing along each. Edges of the footprint in the order they are walked, none with a vertex of a
    leaf between its ends: ``outline`` (m, 4) degrees from first to second end, ``measured`` (m, 4) metres from the
    footprint's first vertex, ``ring`` (m,) its ring, ``turn`` (m,) 1 where ground lies on the left, -1 on the right.
    ``crossings`` (c, 8).
    """

    ends: Floats
    sides: Positions
    heads: Ints
    outline: Floats
    measured: Floats
    ring: Positions
    turn: Positions
    crossings: Floats


def work_for(room: int) -> Work:
    """Room for a footprint of so many vertices near so many edges."""
    return Work(
        ends=np.empty((room, 4)),
        sides=np.empty((room, 2), dtype=np.int32),
        heads=np.empty(room, dtype=np.int64),
        outline=np.empty((room, 4)),
        measured=np.empty((room, 4)),
        ring=np.empty(room, dtype=np.int32),
        turn=np.empty(room, dtype=np.int32),
        crossings=np.empty((room, 8)),
    )


@lean
def box_around(cells: Cells, xy: Floats) -> Box:
    """The least box around places (n, 2)."""
    west, south, east, north = xy[0, 0], xy[0, 1], xy[0, 0], xy[0, 1]
    for at in range(1, len(xy)):
        west, east = min(west, xy[at, 0]), max(east, xy[at, 0])
        south, north = min(south, xy[at, 1]), max(north, xy[at, 1])
    return box_of(cells, west, south, east, north)


@lean
def each_once(ends: Floats, sides: Positions, count: int) -> int:
    """How many different edges there are; they are put in the order of their coordinates (Shell's sort)."""
    gap = count // 2
    while gap > 0:
        for place in range(gap, count):
            ax, ay, bx, by = ends[place, 0], ends[place, 1], ends[place, 2], ends[place, 3]
            left, right = sides[place, 0], sides[place, 1]
            at = place
            while at >= gap and _is_before((ax, ay, bx, by), ends, at - gap):
                _copy_edge(ends, sides, at - gap, at)
                at -= gap
            ends[at, 0], ends[at, 1], ends[at, 2], ends[at, 3] = ax, ay, bx, by
            sides[at, 0], sides[at, 1] = left, right
        gap = 1 if gap == 2 else int(gap / 2.2)
    kept = 0
    for at in range(count):
        if at == 0 or _is_before(
            (ends[kept - 1, 0], ends[kept - 1, 1], ends[kept - 1, 2], ends[kept - 1, 3]), ends, at
        ):
            _copy_edge(ends, sides, at, kept)
            kept += 1
    return kept


@lean
def _copy_edge(ends: Floats, sides: Positions, of: int, to: int) -> None:
    for which in range(4):
        ends[to, which] = ends[of, which]
    sides[to, 0], sides[to, 1] = sides[of, 0], sides[of, 1]


@lean
def _is_before(one: tuple[float, float, float, float], ends: Floats, other: int) -> bool:
    """Whether an edge comes before another."""
    if one[0] != ends[other, 0]:
        return bool(one[0] < ends[other, 0])
    if one[1] != ends[other, 1]:
        return bool(one[1] < ends[other, 1])
    if one[2] != ends[other, 2]:
        return bool(one[2] < ends[other, 2])
    return bool(one[3] < ends[other, 3])


@lean
def lay_out(measure: Measure, rings: Rings, some: tuple[int, int], near: tuple[Work, int]) -> tuple[int, float]:
    """How many edges the footprint has, and twice its square metres, which vertices of leaves on them do not change."""
    work, edges = near
    count, ground = 0, 0.0
    for ring in range(some[0], some[1]):
        begin, turn = count, 1 if rings.ground_left[ring] else -1
        xy = rings.xy[rings.begins[ring] : rings.begins[ring + 1]]
        for at in range(len(xy) - 1):
            count = _lay_edge(work, edges, (xy[at, 0], xy[at, 1]), (xy[at + 1, 0], xy[at + 1, 1]), count)
        work.ring[begin:count] = ring
        work.turn[begin:count] = turn
        twice = _measure(measure, work.outline[begin:count], work.measured[begin:count])
        if count - begin != len(xy) - 1:
            twice = _enclosed(measure, xy)
        ground += turn * twice
    return count, ground


@lean
def _measure(measure: Measure, ends: Floats, measured: Floats) -> float:
    """Metres of the edges of one ring are written, each ending where the next begins; twice what is left of it."""
    twice = 0.0
    for at in range(len(ends)):
        x, y = metres_at(measure, (ends[at, 0], ends[at, 1]), _STAY)
        before = at - 1 if at > 0 else len(ends) - 1
        measured[at, 0], measured[at, 1] = x, y
        measured[before, 2], measured[before, 3] = x, y
    for at in range(len(ends)):
        twice += measured[at, 0] * measured[at, 3] - measured[at, 1] * measured[at, 2]
    return twice


@lean
def _enclosed(measure: Measure, xy: Floats) -> float:
    """Twice the square metres left of a ring."""
    twice, before = 0.0, (0.0, 0.0)
    for at in range(len(xy)):
        here = metres_at(measure, (xy[at, 0], xy[at, 1]), _STAY)
        if at > 0:
            twice += cross(before, here)
        before = here
    return twice


@lean
def cross(a: Place, b: Place) -> float:
    """Twice what a triangle from the origin to a and b encloses, above 0 where it is walked to the left."""
    return a[0] * b[1] - a[1] * b[0]


@lean
def _lay_edge(work: Work, edges: int, p: Place, q: Place, count: int) -> int:
    """The edge from p to q is written in pieces between vertices that lie on it; how many edges there are then."""
    ends, outline = work.ends, work.outline
    while p != q:
        end = q
        for at in range(edges):
            a, b = (ends[at, 0], ends[at, 1]), (ends[at, 2], ends[at, 3])
            if pass_by(a, b, p, end):
                if _is_between(a, p, end) and side(p[0], p[1], q[0], q[1], a[0], a[1]) == 0:
                    end = a
                if _is_between(b, p, end) and side(p[0], p[1], q[0], q[1], b[0], b[1]) == 0:
                    end = b
        if count == len(outline):  # more vertices lie on edges than a valid footprint lets
            return count
        outline[count, 0], outline[count, 1], outline[count, 2], outline[count, 3] = p[0], p[1], end[0], end[1]
        count += 1
        p = end
    return count


@lean
def _is_between(v: Place, p: Place, q: Place) -> bool:
    """Whether v lies in the box of p and q and is neither of them."""
    if v[0] < min(p[0], q[0]) or v[0] > max(p[0], q[0]) or v[1] < min(p[1], q[1]) or v[1] > max(p[1], q[1]):
        return False
    return v not in (p, q)


@lean
def pass_by(a: Place, b: Place, p: Place, q: Place) -> bool:
    """Whether the boxes of a leaf's edge, its lower end first, and of that from p to q meet."""
    if max(p[1], q[1]) < a[1] or min(p[1], q[1]) > b[1]:
        return False
    return max(p[0], q[0]) >= min(a[0], b[0]) and min(p[0], q[0]) <= max(a[0], b[0])
