"""Metres from points to the nearest border, by the rim of the leaf that holds each: boxes first, then edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Floats, Positions
from geo.space.cells import metres
from geo.space.cells.compiling import kernel, lean, shared
from geo.space.cells.layout import BUNDLE, STRETCH, Bundles, Lattice
from geo.space.cells.metres import FAR, LONG, Frame, Projection, forward, frame_at, isometric, moved, narrowing
from geo.space.cells.outlines import GROUP, Outline, Places

shared(forward, frame_at, isometric, moved, narrowing, metres._conformal)


@lean
def square(place: complex) -> float:
    """Square of the distance of a place from the origin."""
    return place.real * place.real + place.imag * place.imag


@lean
def offset(projection: Projection, frame: Frame, x: float, y: float) -> complex:
    """Metres from the frame's point to a place, degrees."""
    by = isometric(frame, x, y)
    if square(by) < FAR * FAR:
        return moved(frame, by)
    return forward(projection, x, y) - forward(projection, frame.x, frame.y)  # type: ignore[no-any-return]


@lean
def foot(a: complex, b: complex) -> float:
    """How far along the way from a to b the place nearest to the origin lies, 0 to 1."""
    way = b - a
    length = square(way)
    if length == 0.0:
        return 0.0
    return min(1.0, max(0.0, -(a.real * way.real + a.imag * way.imag) / length))


@lean
def _square_to(a: complex, b: complex) -> float:
    """Square of the distance from the origin to the line from a to b; at an end exactly that of the end."""
    share = foot(a, b)
    if share == 1.0:
        return square(b)
    return square(a + share * (b - a))


@lean
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


@lean
def _along(projection: Projection, frame: Frame, ends: Floats, edge: int, share: float) -> complex:
    x = ends[edge, 0] + share * (ends[edge, 2] - ends[edge, 0])
    y = ends[edge, 1] + share * (ends[edge, 3] - ends[edge, 1])
    return offset(projection, frame, x, y)


class Seen(NamedTuple):
    """A point as cells are seen from it.

    ``column`` and ``row``, and ``across`` and ``up`` in degrees, are counted from the lattice's corner. ``wide``
    and ``high`` are the least metres in a degree anywhere, ``east`` and ``north`` those at the point.
    """

    projection: Projection
    frame: Frame
    column: float
    row: float
    across: float
    up: float
    wide: float
    high: float
    east: float
    north: float


@lean
def seen_from(lattice: Lattice, projection: Projection, narrow: float, x: float, y: float) -> Seen:
    """What is seen from a point, degrees; ``narrow`` is what its city is ``narrowing`` metres by."""
    frame = frame_at(projection, x, y)
    across, up = x - lattice.west, y - lattice.south
    east = np.radians(np.sqrt(square(frame.f1)))
    wide, high = frame.across * narrow, np.radians(projection.least) * narrow
    column, row = across * lattice.across, up * lattice.up
    return Seen(projection, frame, column, row, across, up, wide, high, east, east * frame.p1)


class Rim(NamedTuple):
    """Rims to be asked: bundles, the edges they number, and the lattice from whose corner boxes are counted."""

    bundles: Bundles
    ends: Floats
    lattice: Lattice


class _Room(NamedTuple):
    """Room for the work.

    ``seeds`` (block, 2) are the bundle and the place in it of the stretch that each point begins with, the first -1
    where none is near enough; ``bounds`` are of the boxes of one bundle, ``squares`` of the edges of one stretch, and
    ``touched`` is of no meaning.
    """

    seeds: Positions
    bounds: NDArray[np.float32]
    squares: Floats
    touched: Floats


@kernel
def border_distances(
    rim: Rim, projection: Projection, points: tuple[Floats, Positions], limit: float, found: Floats
) -> None:
    """Metres (n,) to the nearest border are written to ``found``; infinite from the limit on.

    Parameters
    ----------
    points
        Points (n, 2), and the first bundle and how many there are (n, 2) of the leaf that holds each: the way to a
        border that is none of its own crosses one that is.

    Notes
    -----
    A block goes through the boxes first and then through the edges, so that the processor waits for many of them at
    once and not for one after another.
    """
    lonlat, some = points
    room = _Room(
        np.empty((_BLOCK, 2), dtype=np.int32),
        np.empty(BUNDLE, dtype=np.float32),
        np.empty(STRETCH),
        np.empty(_BLOCK),
    )
    narrow = narrowing(rim.lattice.columns / rim.lattice.across)
    least = least_metres(rim.lattice, projection)
    for begin in range(0, len(lonlat), _BLOCK):
        end = min(len(lonlat), begin + _BLOCK)
        _touch(rim.bundles, some[begin:end], room)
        _choose(rim, (lonlat[begin:end], some[begin:end]), least, limit, room)
        _touch_edges(rim, end - begin, room)
        for at in range(begin, end):
            bundle, place = room.seeds[at - begin]
            found[at] = np.inf
            if bundle >= 0:
                seen = seen_from(rim.lattice, projection, narrow, lonlat[at, 0], lonlat[at, 1])
                square_to = _nearest_square(
                    rim, seen, (some[at, 0], some[at, 0] + some[at, 1]), (bundle, place), limit * limit, room
                )
                if square_to < limit * limit:
                    found[at] = np.sqrt(square_to)


_BLOCK = 32
_FEW = 4  # bundles


@kernel
def least_metres(lattice: Lattice, projection: Projection) -> tuple[float, float]:
    """The least metres in a degree of longitude and of latitude, anywhere on a lattice."""
    narrow = narrowing(lattice.columns / lattice.across)
    farthest = max(abs(lattice.south), abs(lattice.south + lattice.rows / lattice.up))
    high = np.radians(projection.least) * narrow
    return high * np.cos(np.radians(farthest)), high


@lean
def _touch(bundles: Bundles, some: Positions, room: _Room) -> None:
    """Boxes of leaves are asked of the memory."""
    for at in range(len(some)):
        total = np.float32(0.0)
        for bundle in range(some[at, 0], some[at, 0] + min(some[at, 1], _FEW)):
            total += bundles.boxes[bundle, 0, 0] + bundles.boxes[bundle, 2, 0] + bundles.boxes[bundle, 3, BUNDLE - 1]
            total += bundles.wide_boxes[bundle, 0]
            total += bundles.stretches[bundle, 0]
        room.touched[at] = total


@lean
def _choose(rim: Rim, points: tuple[Floats, Positions], least: tuple[float, float], limit: float, room: _Room) -> None:
    """The stretch whose box is about the nearest is chosen for each point."""
    lonlat, some = points
    bundles = rim.bundles
    scale = (np.float32(least[0] * least[0]), np.float32(least[1] * least[1]))
    for at in range(len(lonlat)):
        place = (np.float32(lonlat[at, 0] - rim.lattice.west), np.float32(lonlat[at, 1] - rim.lattice.south))
        # one of both ways, of which either is no shorter than its least metres, makes half of the square
        best = np.float32(2 * limit * limit)
        room.seeds[at, 0] = -1
        for bundle in range(some[at, 0], some[at, 0] + some[at, 1]):
            if some[at, 1] > _FEW and not _about(bundles.wide_boxes[bundle], place, scale) < best:
                continue
            _about_boxes(bundles.boxes[bundle], place, scale, room.bounds)
            for which in range(BUNDLE):
                if room.bounds[which] < best:
                    best = room.bounds[which]
                    room.seeds[at, 0], room.seeds[at, 1] = bundle, which


@lean
def _touch_edges(rim: Rim, count: int, room: _Room) -> None:
    """Edges of the stretches chosen are asked of the memory, of all points at once: nothing here waits for any."""
    for at in range(count):
        if room.seeds[at, 0] >= 0:
            stretch = rim.bundles.stretches[room.seeds[at, 0], room.seeds[at, 1]]
            first, last = stretch // STRETCH, stretch // STRETCH + stretch % STRETCH
            total = rim.ends[last, 3]
            for edge in range(first, last + 1, 2):
                total += rim.ends[edge, 0]
            room.touched[at] = total


_Pair = tuple[np.float32, np.float32]


@lean
def _about(box: NDArray[np.float32], place: _Pair, scale: _Pair) -> np.float32:
    """About the square of the metres from a place to a box."""
    across = max(_ZERO, box[0] - place[0], place[0] - box[2])
    up = max(_ZERO, box[1] - place[1], place[1] - box[3])
    return np.float32(across * across * scale[0] + up * up * scale[1])


@lean
def _about_boxes(boxes: NDArray[np.float32], place: _Pair, scale: _Pair, found: NDArray[np.float32]) -> None:
    """As ``_about``, of the boxes of a bundle."""
    for at in range(len(found)):
        across = max(_ZERO, boxes[0, at] - place[0], place[0] - boxes[2, at])
        up = max(_ZERO, boxes[1, at] - place[1], place[1] - boxes[3, at])
        found[at] = across * across * scale[0] + up * up * scale[1]


_ZERO = np.float32(0.0)


@lean
def _nearest_square(
    rim: Rim, seen: Seen, some: tuple[int, int], seed: tuple[int, int], best: float, room: _Room
) -> float:
    """Square of the metres to the nearest edge of some bundles, or ``best`` where none is nearer."""
    stretches, boxes, wide_boxes = rim.bundles
    best = _through(stretches[seed], rim.ends, seen, best, room.squares)
    for bundle in range(some[0], some[1]):
        if _square_to_box(wide_boxes[bundle], seen) < best:
            _bound(boxes[bundle], seen, room.bounds)
            for place in range(BUNDLE):
                if room.bounds[place] < best and (bundle != seed[0] or place != seed[1]):
                    best = _through(stretches[bundle, place], rim.ends, seen, best, room.squares)
    return best


@lean
def _square_to_box(box: NDArray[np.float32], seen: Seen) -> float:
    """What the square of the distance to what lies in a box is not below."""
    across = max(0.0, box[0] - seen.across, seen.across - box[2])
    up = max(0.0, box[1] - seen.up, seen.up - box[3])
    about = across * across * seen.east * seen.east + up * up * seen.north * seen.north
    limit = _ABOUT * seen.east * _ABOUT * seen.east
    if about >= limit:
        across, up = across * seen.wide, up * seen.high
        about = max(limit, across * across, up * up)
    return float(about * 0.998)


@lean
def _bound(boxes: NDArray[np.float32], seen: Seen, found: NDArray[np.float32]) -> None:
    """As ``_square_to_box``, of the boxes of a bundle; written so that the processor takes them at once."""
    x, y = np.float32(seen.across), np.float32(seen.up)
    east, north = np.float32(seen.east * seen.east), np.float32(seen.north * seen.north)
    wide, high = np.float32(seen.wide * seen.wide), np.float32(seen.high * seen.high)
    limit = np.float32(_ABOUT * seen.east * _ABOUT * seen.east)
    for at in range(len(found)):
        across = max(_ZERO, boxes[0, at] - x, x - boxes[2, at])
        up = max(_ZERO, boxes[1, at] - y, y - boxes[3, at])
        about = across * across * east + up * up * north
        far = max(limit, across * across * wide, up * up * high)
        found[at] = (about if about < limit else far) * np.float32(0.998)


@lean
def _through(stretch: int, ends: Floats, seen: Seen, best: float, squares: Floats) -> float:
    """The best so far, or better: an edge of a stretch."""
    first, count = stretch // STRETCH, stretch % STRETCH + 1
    squares_about(seen, ends, first, squares[:count])
    nearest, least = -1, best
    for at in range(count):
        if squares[at] < least:
            nearest, least = at, squares[at]
    if nearest < 0:
        return best
    best = min(best, _square_to_edge(seen.projection, seen.frame, ends, first + nearest))
    for at in range(count):
        if at != nearest and squares[at] < best:
            best = min(best, _square_to_edge(seen.projection, seen.frame, ends, first + at))
    return best


@lean
def squares_about(seen: Seen, ends: Floats, first: int, found: Floats) -> None:
    """What the squares of the distances to edges are not below, within a thousandth of it; 0 where that is not sure.

    The plane is taken as it is at the point, which errs by less than a tenth of that up to ``_ABOUT``.
    """
    x, y, east, north = seen.frame.x, seen.frame.y, seen.east, seen.north
    limit = _ABOUT * east * _ABOUT * east
    for at in range(len(found)):
        ax, ay = (ends[first + at, 0] - x) * east, (ends[first + at, 1] - y) * north
        bx, by = (ends[first + at, 2] - x) * east, (ends[first + at, 3] - y) * north
        across, up = bx - ax, by - ay
        share = -(ax * across + ay * up) / max(across * across + up * up, _SHORTEST)
        share = min(1.0, max(0.0, share))
        ex, ey = ax + share * across, ay + share * up
        is_near = (ax * ax + ay * ay < limit) & (bx * bx + by * by < limit)
        found[at] = (ex * ex + ey * ey) * 0.998 if is_near else 0.0


_SHORTEST = 1e-200  # of squares; an edge has a length
_ABOUT = np.degrees(1e-4)  # of longitude: 500 m or more


# -- from outside -----------------------------------------------------------------------------------------------------
@kernel
def outline_distances(outline: Outline, places: Places, lowest_of: Positions, found: Floats) -> None:
    """Lowest position (n,) of the leaves whose outline is nearest to places (n,), and metres to it, are written."""
    for at in range(len(places)):
        place = places[at]
        first, best = 0, np.inf
        for group in range(len(outline.boxes)):
            square_to = _square_to_group(outline.boxes, group, place)
            if square_to < best:
                first, best = group, square_to
        best, lowest = _through_group(outline, first, place, np.inf, np.int32(2147483647))
        for group in range(len(outline.boxes)):
            if group != first and _square_to_group(outline.boxes, group, place) <= best:
                best, lowest = _through_group(outline, group, place, best, lowest)
        found[at], lowest_of[at] = np.sqrt(best), lowest


@kernel
def _square_to_group(boxes: Floats, group: int, place: complex) -> float:
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
