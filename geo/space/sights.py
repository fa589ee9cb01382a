"""How much of a city is looked at: all of it, or the surroundings of what is redrawn and no word about the rest.

A redraw asks for leaves by code and for those near some ground. On a part of a city an answer is right only where
everything that could be in it was taken in; where that is not so :class:`Unseen` says what is wanted as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Shapes

MARGIN = 1e-6
"""Degrees beyond a ground that is seen within which leaves were taken in too: questions reach a tenth of that."""


class Unseen(LookupError):
    """A question about a part of a city that only more of it can answer; ``wanted`` is what must be seen as well."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(f"codes {sorted(wanted.codes)}, {len(wanted.grounds)} grounds")
        self.wanted = wanted


@dataclass(frozen=True)
class Wanted:
    """What is to be seen of a city: leaves and areas by code, and every leaf near some grounds, degrees WGS 84."""

    codes: frozenset[str] = frozenset()
    grounds: tuple[BaseGeometry, ...] = field(default=(), compare=False)

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(self.codes | other.codes, (*self.grounds, *other.grounds))


@dataclass(frozen=True, eq=False)
class Sight:
    """What of a city was taken in.

    Attributes
    ----------
    ground
        Degrees; every leaf within :data:`MARGIN` of it.
    codes
        Each was looked for: it is here, or it is no leaf and no area.
    """

    ground: BaseGeometry
    codes: frozenset[str]

    def demand(self, *codes: str) -> None:
        """Raise Unseen for codes that were not looked for."""
        if missing := frozenset(codes) - self.codes:
            raise Unseen(Wanted(missing))

    def demand_around(self, shapes: Shapes) -> None:
        """Raise Unseen where leaves near shapes may not have been taken in; shapes not on Earth have none near."""
        finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
        boxes = _boxes(shapes[finite & ~shapely.covers(self.ground, shapes)])
        beyond = boxes[~shapely.covers(self.ground, boxes)]
        if len(beyond):
            raise Unseen(Wanted(grounds=tuple(beyond)))


def _boxes(shapes: Shapes) -> Shapes:
    """The boxes (n,) around every vertex of shapes; a hole outside its shell lies outside the bounds of a polygon."""
    vertices = [shapely.multipoints(shapely.get_coordinates(shape)) for shape in shapes]
    boxes: Shapes = np.asarray(shapely.envelope(np.array(vertices, dtype=object)), dtype=object)
    return boxes
