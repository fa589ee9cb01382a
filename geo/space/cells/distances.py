"""Metres from points to the nearest border, by rings of cells around each until nothing nearer can come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo.arrays import Floats, Positions
from geo.space.cells import metres
from geo.space.cells.compiling import kernel, shared
from geo.space.cells.layout import EDGE, HEAD, OVER, SCALE, SCALE_BITS, Cells, Part
from geo.space.cells.metres import FAR, LONG, Frame, Projection, forward, frame_at, isometric, moved, narrowing
from geo.space.cells.outlines import GROUP, Outline, Places

shared(forward, frame_at, isometric, moved, narrowing, metres._conformal)


@kernel
def square(place: complex) -> float:
    """Square of the distance of a place from the origin."""
    return place.real * place.real + place.imag * place.imag


@kernel
def offset(projection: Projection, frame: Frame, x: float, y: float) -> complex:
    """Metres from the frame's point to a place, degrees."""
    by = isometric(frame, x, y)
    if square(by) < FAR * FAR:
        return moved(frame, by)
    return forward(projection, x, y) - forward(projection, frame.x, frame.y)  # type: ignore[no-any-return]


@kernel
def foot(a: complex, b: complex) -> float:
    """How far along the way from a to b the place nearest to the origin lies, 0 to 1."""
    way = b - a
    length = square(way)
    if length == 0.0:
        return 0.0
    return min(1.0, max(0.0, -(a.real * way.real + a.imag * way.imag) / length))


@kernel
def _square_to(a: complex, b: complex) -> float:
    """Square of the distance from the origin to the line from a to b; at an end exactly that of the end."""
    share = foot(a, b)
    if share == 1.0:
        return square(b)
    return square(a + share * (b - a))


@kernel
def _square_to_edge(projection: Projection, frame: Frame, ends: Floats, edge: int) -> float:
    a = offset(projection, frame, ends[edge, 0], ends[edge, 1])
    b = offset(projection, frame, ends[edge, 2], ends[edge, 3])
    length = square(b - a)
    if length <= LONG * LONG:
        return _square_to(a, b)
    # a long edge is straight in degrees and bent in metres: the part about its foot is straight enough
    half, share = LONG / 2 / np.sqrt(length), foot(a, b)
    for _ in range(_TRIES):
        low, high = max(0.0, share - half), min(1.0, share + half)
        a = _along(projection, frame, ends, edge, low)
        b = _along(projection, frame, ends, edge, high)
        step = foot(a, b)
        share = low + step * (high - low)
        if (step > 0.0 or low == 0.0) and (step < 1.0 or high == 1.0):
            break
    return _square_to(a, b)


_TRIES = 8


@kernel
def _along(projection: Projection, frame: Frame, ends: Floats, edge: int, share: float) -> complex:
    x = ends[edge, 0] + share * (ends[edge, 2] - ends[edge, 0])
    y = ends[edge, 1] + share * (ends[edge, 3] - ends[edge, 1])
    return offset(projection, frame, x, y)


class Seen(NamedTuple):
    """A point as cells are seen from it: columns and rows from the lattice's corner.

    ``wide`` and ``high`` are the least metres in a degree anywhere, ``east`` and ``north`` those at the point.
    """

    projection: Projection
    frame: Frame
    column: float
    row: float
    wide: float
    high: float
    east: float
    north: float


@kernel
def seen_from(cells: Cells, projection: Projection, x: float, y: float) -> Seen:
    """What is seen from a point, degrees."""
    lattice = cells.lattice
    frame = frame_at(projection, x, y)
    narrow = narrowing(lattice.columns / lattice.across)
    column, row = (x - lattice.west) * lattice.across, (y - lattice.south) * lattice.up
    east = np.radians(np.sqrt(square(frame.f1)))
    wide, high = frame.across * narrow, np.radians(projection.least) * narrow
    return Seen(projection, frame, column, row, wide, high, east, east * frame.p1)


@kernel
def border_distances(cells: Cells, projection: Projection, lonlat: Floats, found: Floats) -> None:
    """Metres (n,) to the nearest border are written to ``found``, for points (n, 2) that lie on the lattice."""
    for at in range(len(lonlat)):
        found[at] = np.sqrt(_nearest_square(cells, seen_from(cells, projection, lonlat[at, 0], lonlat[at, 1])))


@kernel
def _nearest_square(cells: Cells, seen: Seen) -> float:
    """Square of the metres to the nearest edge."""
    column, row = int(seen.column), int(seen.row)
    across, up = seen.column - column, seen.row - row
    wide, high = seen.wide / cells.lattice.across, seen.high / cells.lattice.up
    near = min(min(across, 1 - across) * wide, min(up, 1 - up) * high)
    best, ring = np.inf, 0
    while ring < cells.lattice.columns + cells.lattice.rows:
        reach = near + (ring - 1) * min(wide, high)
        if ring > 0 and reach * reach >= best:
            break
        for beside_row in range(-ring, ring + 1):
            # whole rows below and above, the two ends of those between
            stride = 1 if abs(beside_row) == ring else 2 * ring
            for beside in range(-ring, ring + 1, stride):
                best = _through(cells, seen, column + beside, row + beside_row, best)
        ring += 1
    return best


@kernel
def _through(cells: Cells, seen: Seen, column: int, row: int, best: float) -> float:
    """The best so far, or better: an edge in one upper cell, which may lie beside the lattice."""
    lattice = cells.lattice
    if column < 0 or row < 0 or column >= lattice.columns or row >= lattice.rows:
        return best
    entry = cells.entries[row * lattice.columns + column]
    scale, table = entry & SCALE, entry >> SCALE_BITS
    if scale == 0:
        return best
    across, up = (seen.column - column) * scale, (seen.row - row) * scale
    wide, high = seen.wide / lattice.across / scale, seen.high / lattice.up / scale
    part = cells.over if entry & OVER else cells.base
    for lower_row in range(scale):
        off = max(0.0, lower_row - up, up - lower_row - 1) * high
        if off * off >= best:
            continue
        reach = min(float(scale * _FARTHEST), np.sqrt(best) / wide)
        first, last = int(max(0.0, across - reach)), int(min(scale - 1.0, across + reach))
        for at in range(table + lower_row * scale + first, table + lower_row * scale + last + 1):
            if part.words[at] < 0:
                best = _through_record(part, seen, -1 - part.words[at], best)
    return best


_FARTHEST = 1 << 20  # upper cells: what lies farther is beside the lattice


@kernel
def _through_record(part: Part, seen: Seen, record: int, best: float) -> float:
    count = part.words[record + 1]
    numbers = record + HEAD + EDGE * count
    for at in range(numbers, numbers + count):
        edge = part.words[at] >> 2
        if _least_square(seen, part.ends, edge) < best and square_about(seen, part.ends, edge) < best:
            best = min(best, _square_to_edge(seen.projection, seen.frame, part.ends, edge))
    return best


@kernel
def square_about(seen: Seen, ends: Floats, edge: int) -> float:
    """What the square of the distance to an edge is not below, within a thousandth of it; 0 where that is not sure.

    The plane is taken as it is at the point, which errs by less than a tenth of that up to ``_ABOUT``.
    """
    a = complex((ends[edge, 1] - seen.frame.y) * seen.north, (ends[edge, 0] - seen.frame.x) * seen.east)
    b = complex((ends[edge, 3] - seen.frame.y) * seen.north, (ends[edge, 2] - seen.frame.x) * seen.east)
    limit = _ABOUT * seen.east * _ABOUT * seen.east
    return _square_to(a, b) * 0.998 if square(a) < limit and square(b) < limit else 0.0


_ABOUT = np.degrees(1e-4)  # of longitude: 500 m or more


@kernel
def _least_square(seen: Seen, ends: Floats, edge: int) -> float:
    """What the square of the distance to an edge is not below."""
    ax, bx = ends[edge, 0] - seen.frame.x, ends[edge, 2] - seen.frame.x
    across = max(0.0, min(ax, bx), -max(ax, bx)) * seen.wide
    up = max(0.0, ends[edge, 1] - seen.frame.y, seen.frame.y - ends[edge, 3]) * seen.high
    nearer: float = max(across * across, up * up)
    return nearer


# -- from outside -----------------------------------------------------------------------------------------------------
@kernel
def outline_distances(outline: Outline, places: Places, lowest_of: Positions, found: Floats) -> None:
    """Lowest position (n,) of the leaves whose outline is nearest to places (n,), and metres to it, are written."""
    for at in range(len(places)):
        place = places[at]
        first, best = 0, np.inf
        for group in range(len(outline.boxes)):
            square_to = _square_to_box(outline.boxes, group, place)
            if square_to < best:
                first, best = group, square_to
        best, lowest = _through_group(outline, first, place, np.inf, np.int32(2147483647))
        for group in range(len(outline.boxes)):
            if group != first and _square_to_box(outline.boxes, group, place) <= best:
                best, lowest = _through_group(outline, group, place, best, lowest)
        found[at], lowest_of[at] = np.sqrt(best), lowest


@kernel
def _square_to_box(boxes: Floats, group: int, place: complex) -> float:
    up = max(0.0, boxes[group, 0] - place.real, place.real - boxes[group, 1])
    across = max(0.0, boxes[group, 2] - place.imag, place.imag - boxes[group, 3])
    return float(up * up + across * across)


@kernel
def _through_group(
    outline: Outline, group: int, place: complex, best: float, lowest: np.int32
) -> tuple[float, np.int32]:
    for at in range(group * GROUP, min(len(outline.lowest), (group + 1) * GROUP)):
        square_to = _square_to(outline.starts[at] - place, outline.stops[at] - place)
        if square_to < best or (square_to == best and outline.lowest[at] < lowest):
            best, lowest = square_to, outline.lowest[at]
    return best, lowest
