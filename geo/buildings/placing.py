"""The grid of each building: the leaf with the largest share of its footprint, unless a planner pinned another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from geo.areas import Edition
from geo.arrays import Bools, Floats, Positions, Shapes
from geo.assignments import EditionGround, open_index
from geo.space.overlaps import overlaps

STRADDLES_BELOW = 0.9
"""Share of the footprint in one grid below which a building straddles."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where n buildings belong; ids of codes, 0 for none.

    Attributes
    ----------
    grid
        The pinned grid, else the one with the largest share, ties the lowest code; 0 outside the city.
    share
        Of the footprint in ``grid``, 0 to 1.
    straddles
        Whether the largest share of any grid is below :data:`STRADDLES_BELOW`; never outside the city.
    community
        The lowest area above ``grid``.
    pinned
        The pin that holds; 0 where there was none, or its grid has none of this ground any more.
    released
        Where a pin no longer holds.
    """

    grid: Positions
    share: Floats
    straddles: Bools
    community: Positions
    pinned: Positions
    released: Bools


def place(connection: sa.Connection, edition: Edition, footprints: Shapes, pinned: Positions | None = None) -> Places:
    """Where ``footprints`` (n,) belong in ``edition``; ``pinned`` (n,) ids of grids, 0 for none."""
    return placed(open_index(connection, edition), footprints, pinned)


def placed(ground: EditionGround, footprints: Shapes, pinned: Positions | None = None) -> Places:
    """Where ``footprints`` (n,) belong among leaves that hold all of them but what is outside the city."""
    found = overlaps(ground.index, footprints)
    position, share = found.largest(len(footprints))
    straddles = np.asarray((position >= 0) & (share < STRADDLES_BELOW), dtype=np.bool_)
    wanted = np.zeros(len(footprints), dtype=np.int32) if pinned is None else pinned
    held = np.zeros_like(wanted)
    pin = np.flatnonzero(ground.ids(found.position.astype(np.int32)) == wanted[found.footprint])
    at = found.footprint[pin]
    position[at], share[at], held[at] = found.position[pin], found.share[pin], wanted[at]
    released = np.asarray(wanted != held, dtype=np.bool_)
    return Places(ground.ids(position), share, straddles, ground.lowest_areas(position), held, released)
