"""Metres of one footprint: from its first vertex, in the metric CRS of its city."""

from __future__ import annotations

from typing import NamedTuple

from geo.space.cells import metres
from geo.space.cells.compiling import lean, shared
from geo.space.cells.covering import Box
from geo.space.cells.metres import Frame, Projection, forward, frame_at, isometric, moved

shared(forward, frame_at, isometric, moved, metres._conformal)

_WIDE = 0.02
"""Degrees up to which Taylor's series of a ``Frame`` err in the size of a ground by less than a billionth of it."""
Place = tuple[float, float]
"""Degrees or metres, longitude or east first."""


class Measure(NamedTuple):
    """What a footprint is measured with; ``frame`` takes degrees from the vertex at ``x`` and ``y``.

    ``is_wide`` says that it reaches too far for that, and ``origin`` is the place of the vertex in the projection.
    """

    projection: Projection
    frame: Frame
    x: float
    y: float
    is_wide: bool
    origin: complex


@lean
def measure_of(projection: Projection, box: Box, x: float, y: float) -> Measure:
    """The measure of a footprint by its bounds and first vertex."""
    at = frame_at(projection, x, y)
    frame = Frame(0.0, 0.0, at.f1, at.f2, at.f3, at.p1, at.p2, at.p3, at.across)
    is_wide = box.east - box.west > _WIDE or box.north - box.south > _WIDE
    return Measure(projection, frame, x, y, is_wide, forward(projection, x, y) if is_wide else 0j)


@lean
def metres_at(measure: Measure, p: Place, step: Place) -> Place:
    """Metres to the place that lies a step from p, both in degrees, of which the sum is not rounded."""
    east, north = p[0] - measure.x + step[0], p[1] - measure.y + step[1]
    if measure.is_wide:
        place = forward(measure.projection, measure.x + east, measure.y + north) - measure.origin
    else:
        place = moved(measure.frame, isometric(measure.frame, east, north))
    return place.imag, place.real
