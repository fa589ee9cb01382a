"""How much of a footprint lies in each leaf: the ground in common, walked along its border (Green's theorem).

The border of what a footprint and a leaf have in common is pieces of the footprint's edges in the leaf and pieces of
the leaf's edges in the footprint. Each piece adds what it encloses with one place; no ring is ever put together, so
that the order of pieces is irrelevant, and a crossing that rounding puts in the wrong order adds nothing.

What touches is told apart as if the footprint were moved right by an infinitely small step, and up by one infinitely
smaller: then no vertex lies on an edge, whatever is asked has an answer, and all answers are those of one picture
(simulation of simplicity). Areas do not notice such a step. Where leaves are asked for at a point, it is the same one.

References
----------
H. Edelsbrunner, E. P. Mücke, Simulation of simplicity, ACM Transactions on Graphics 9 (1990).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo.arrays import Bools, Floats, Ints, Positions
from geo.space.cells.compiling import kernel, lean
from geo.space.cells.covering import edges_at, slot_near
from geo.space.cells.edges import Rings
from geo.space.cells.laying import Work, box_around, cross, each_once, lay_out, pass_by
from geo.space.cells.layout import NOBODY, Cells
from geo.space.cells.measuring import Measure, Place, measure_of, metres_at
from geo.space.cells.metres import Projection
from geo.space.cells.orientation import side

DIGITS = 1e9
"""Shares are rounded to its digits: what is below a billionth of a footprint is the noise of doubles."""
_LEAST = 2.0**-53
_STAY = (0.0, 0.0)


class Sums(NamedTuple):
    """Twice the square metres by slot, and the slots that were added to: ``touched[:length[0]]``."""

    area: Floats
    is_touched: Bools
    touched: Positions
    length: Ints


def sums_for(slots: int) -> Sums:
    """Nothing added up yet, for so many slots."""
    return Sums(
        np.zeros(slots), np.zeros(slots, dtype=np.bool_), np.empty(slots, dtype=np.int32), np.zeros(1, dtype=np.int64)
    )


class Found(NamedTuple):
    """Room for shares: of which footprint, slot of the leaf, share."""

    of: Positions
    slot: Positions
    share: Floats


@kernel
def cut(
    cells: Cells, projection: Projection, rings: Rings, order: tuple[Ints, int], room: tuple[Work, Sums, Found]
) -> tuple[int, int]:
    """Shares of footprints are written, those of each by descending share, ties the lowest position.

    Parameters
    ----------
    rings
        Of the footprints, those of one together; ``slot`` is the number of the footprint.
    order
        The first ring of each footprint to look at, and where in it to begin.
    room
        ``Sums`` have nothing in them before and after.

    Returns
    -------
    Where in the order the first footprint comes that there was no room for, and how many shares were written.
    """
    work, sums, found = room
    first, begin = order
    used = 0
    while begin < len(first):
        ring = first[begin]
        end = ring + 1
        while end < len(rings.slot) and rings.slot[end] == rings.slot[ring]:
            end += 1
        is_done, ground = _sum_up(cells, projection, rings, (ring, end), (work, sums))
        if not is_done or used + sums.length[0] > len(found.of):
            _forget(sums)
            break
        used = _tell(cells.position_of, sums, (rings.slot[ring], ground), found, used)
        begin += 1
    return begin, used


@lean
def _sum_up(
    cells: Cells, projection: Projection, rings: Rings, some: tuple[int, int], room: tuple[Work, Sums]
) -> tuple[bool, float]:
    """Whether there was room, and twice the ground of the footprint that has the rings ``some`` (first, end)."""
    work, sums = room
    xy = rings.xy[rings.begins[some[0]] : rings.begins[some[1]]]
    box = box_around(cells, xy)
    edges = edges_at(cells, box, work.ends, work.sides)
    if edges > len(work.ends) or len(xy) + 2 * edges > len(work.outline):
        return False, 0.0
    edges = each_once(work.ends, work.sides, edges)
    work.heads[:edges] = -1
    measure = measure_of(projection, box, xy[0, 0], xy[0, 1])
    count, ground = lay_out(measure, rings, some, (work, edges))
    if not _walk_outline(cells, measure, (work, edges, count), sums):
        return False, 0.0
    _walk_edges(measure, (work, edges, count), sums)
    return True, ground


@lean
def _tell(position_of: Positions, sums: Sums, footprint: tuple[int, float], found: Found, used: int) -> int:
    """Shares above 0 are written; one that has no other beside it, not even outside, is whole."""
    number, ground = footprint
    begin, parts = used, 0
    for at in range(sums.length[0]):
        slot = sums.touched[at]
        share = np.rint(min(sums.area[slot] / ground, 1.0) * DIGITS) / DIGITS
        if share > 0:
            parts += 1
            if position_of[slot] >= 0:
                _tell_one(position_of, found, begin, used, (number, slot, share))
                used += 1
    if parts == 1 and used > begin:
        found.share[begin] = 1.0
    _forget(sums)
    return used


@lean
def _tell_one(position_of: Positions, found: Found, begin: int, used: int, one: tuple[int, int, float]) -> None:
    """A share takes its place among those from ``begin``: the largest first, of equal ones the lowest position."""
    number, slot, share = one
    at = used
    while at > begin and (
        found.share[at - 1] < share
        or (found.share[at - 1] == share and position_of[found.slot[at - 1]] > position_of[slot])
    ):
        found.slot[at], found.share[at] = found.slot[at - 1], found.share[at - 1]
        at -= 1
    found.of[used], found.slot[at], found.share[at] = number, slot, share


@lean
def _forget(sums: Sums) -> None:
    for at in range(sums.length[0]):
        sums.area[sums.touched[at]] = 0.0
        sums.is_touched[sums.touched[at]] = False
    sums.length[0] = 0


@lean
def _add(sums: Sums, slot: int, twice: float) -> None:
    """A label that is no slot comes of crossings in the wrong order: nothing lies between them."""
    if slot < 0 or slot >= len(sums.area):
        slot = NOBODY
    if not sums.is_touched[slot]:
        sums.is_touched[slot] = True
        sums.touched[sums.length[0]] = slot
        sums.length[0] += 1
    sums.area[slot] += twice


# -- sides, as if the footprint were moved ----------------------------------------------------------------------------
@lean
def _side_of_edge(a: Place, b: Place, p: Place) -> int:
    """1 where a place of the footprint lies left of a leaf's edge, -1 where right."""
    sign = side(a[0], a[1], b[0], b[1], p[0], p[1])
    if sign == 0:
        sign = 1 if a[1] == b[1] else -1
    return sign


@lean
def _side_of_outline(p: Place, q: Place, v: Place) -> int:
    """1 where a vertex of a leaf lies left of the footprint's edge, -1 where right."""
    sign = side(p[0], p[1], q[0], q[1], v[0], v[1])
    if sign == 0 and p[1] != q[1]:
        sign = 1 if q[1] > p[1] else -1
    elif sign == 0:
        sign = -1 if q[0] > p[0] else 1
    return sign


@lean
def _turns_around(outline: Floats, turn: Positions, v: Place) -> int:
    """1 where a vertex of a leaf lies in the footprint, 0 where not."""
    turns = 0
    for at in range(len(outline)):
        is_above = outline[at, 3] >= v[1]
        if (outline[at, 1] >= v[1]) != is_above:
            upward = 1 if is_above else -1
            if _side_of_outline((outline[at, 0], outline[at, 1]), (outline[at, 2], outline[at, 3]), v) == upward:
                turns += upward * turn[at]
    return turns


# -- along the borders ------------------------------------------------------------------------------------------------
_EDGE, _NEXT, _SHARE, _ALONG, _TURN, _EAST, _NORTH, _STEP = range(8)
"""Columns of crossings: number of the edge; the next crossing along it, -1 for none; share of the way along the
outline's edge, and along the leaf's; what it adds to the turns around a place that goes up that edge; metres east and
north; what it adds to the label."""


@lean
def _walk_outline(cells: Cells, measure: Measure, laid: tuple[Work, int, int], sums: Sums) -> bool:
    """Each piece of the outline is added to the leaf it lies in; whether there was room for the crossings on the way.

    ``laid`` is what was laid out: how many edges are near, how many the footprint has.
    """
    work, edges, count = laid
    outline, crossings = work.outline, work.crossings
    found, slot = 0, NOBODY
    for at in range(count):
        if at == 0 or work.ring[at] != work.ring[at - 1]:
            slot = slot_near(cells, outline[at, 0], outline[at, 1])
        begin = found
        found = _find_crossings(measure, (work, edges, at), begin)
        if found == len(crossings):
            return False
        turn, before = work.turn[at], (work.measured[at, 0], work.measured[at, 1])
        for number in range(begin, found):
            here = (crossings[number, _EAST], crossings[number, _NORTH])
            _add(sums, slot, turn * cross(before, here))
            slot += int(crossings[number, _STEP])
            before = here
            _link(crossings, number, work.heads)
        _add(sums, slot, turn * cross(before, (work.measured[at, 2], work.measured[at, 3])))
    return True


@lean
def _find_crossings(measure: Measure, some: tuple[Work, int, int], found: int) -> int:
    """Crossings of one edge of the outline are written in their order along it; how many there are then at most."""
    work, edges, at = some
    ends, outline, begin = work.ends, work.outline, found
    p, q = (outline[at, 0], outline[at, 1]), (outline[at, 2], outline[at, 3])
    for edge in range(edges):
        a, b = (ends[edge, 0], ends[edge, 1]), (ends[edge, 2], ends[edge, 3])
        if not pass_by(a, b, p, q):
            continue
        leftward = _side_of_edge(a, b, q)
        if _side_of_edge(a, b, p) == leftward:
            continue
        inward = _side_of_outline(p, q, b)
        if _side_of_outline(p, q, a) == inward:
            continue
        if found + 1 >= len(work.crossings):
            return len(work.crossings)
        crossing = work.crossings[found]
        crossing[_EDGE], crossing[_NEXT], crossing[_TURN] = edge, -1, work.turn[at] * inward
        crossing[_SHARE], crossing[_ALONG] = _share(a, b, p, q), _share(p, q, a, b)
        crossing[_STEP] = leftward * (work.sides[edge, 0] - work.sides[edge, 1])
        _place_crossing(measure, crossing, (p, q), work.measured[at])
        found += 1
    _sort(work.crossings[begin:found])
    return found


@lean
def _place_crossing(measure: Measure, crossing: Floats, edge: tuple[Place, Place], measured: Floats) -> None:
    """The metres of a crossing are written: the very metres of an end, so that what touches encloses nothing."""
    p, q = edge
    share = crossing[_SHARE]
    if share == 0.0:
        crossing[_EAST], crossing[_NORTH] = measured[0], measured[1]
    elif share == 1.0:
        crossing[_EAST], crossing[_NORTH] = measured[2], measured[3]
    else:
        step = share * (q[0] - p[0]), share * (q[1] - p[1])
        crossing[_EAST], crossing[_NORTH] = metres_at(measure, p, step)


@lean
def _share(a: Place, b: Place, p: Place, q: Place) -> float:
    """Share of the way from p to q at which it crosses the line through a and b; 0 and 1 only exactly at its ends."""
    if side(a[0], a[1], b[0], b[1], p[0], p[1]) == 0:
        return 0.0
    if side(a[0], a[1], b[0], b[1], q[0], q[1]) == 0:
        return 1.0
    begun = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
    ended = (b[0] - a[0]) * (q[1] - a[1]) - (b[1] - a[1]) * (q[0] - a[0])
    if begun == ended:
        return 0.5
    return min(max(begun / (begun - ended), _LEAST), 1.0 - _LEAST)


@lean
def _sort(crossings: Floats) -> None:
    """Crossings of one edge of the outline in the order along it; of equal ones the lower edge first."""
    for place in range(1, len(crossings)):
        at = place
        while at > 0 and crossings[at - 1, _SHARE] > crossings[at, _SHARE]:
            for which in range(crossings.shape[1]):
                crossings[at - 1, which], crossings[at, which] = crossings[at, which], crossings[at - 1, which]
            at -= 1


@lean
def _link(crossings: Floats, number: int, heads: Ints) -> None:
    """A crossing takes its place among those along its edge."""
    edge, before = int(crossings[number, _EDGE]), -1
    after = heads[edge]
    while after >= 0 and crossings[after, _ALONG] <= crossings[number, _ALONG]:
        before, after = after, int(crossings[after, _NEXT])
    crossings[number, _NEXT] = after
    if before < 0:
        heads[edge] = number
    else:
        crossings[before, _NEXT] = number


@lean
def _walk_edges(measure: Measure, laid: tuple[Work, int, int], sums: Sums) -> None:
    """Each piece of an edge in the footprint is added to the leaf on its left, and taken from that on its right."""
    work, edges, count = laid
    crossings, outline, turn = work.crossings, work.outline[:count], work.turn[:count]
    for edge in range(edges):
        a, b = (work.ends[edge, 0], work.ends[edge, 1]), (work.ends[edge, 2], work.ends[edge, 3])
        turns = _turns_around(outline, turn, a)
        crossing = work.heads[edge]
        if turns == 0 and crossing < 0:
            continue
        before, twice = metres_at(measure, a, _STAY), 0.0
        while crossing >= 0:
            here = (crossings[crossing, _EAST], crossings[crossing, _NORTH])
            twice += turns * cross(before, here)
            turns += int(crossings[crossing, _TURN])
            before, crossing = here, int(crossings[crossing, _NEXT])
        twice += turns * cross(before, metres_at(measure, b, _STAY))
        _add(sums, work.sides[edge, 0], twice)
        _add(sums, work.sides[edge, 1], -twice)
