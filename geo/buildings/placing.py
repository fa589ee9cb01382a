"""The grid of each building: the leaf with the largest share of its footprint, unless a planner pinned another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo.areas import Edition
from geo.arrays import Bools, Floats, Positions
from geo.assignments import EditionGround, open_index
from geo.space.locate import GridIndex
from geo.space.overlaps import Footprints, overlaps

Names = NDArray[Any]
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


@dataclass(frozen=True, eq=False)
class Held:
    """The leaf of each of n buildings by its position among the leaves asked, as :class:`Places` has it by id."""

    position: Positions
    share: Floats
    straddles: Bools
    is_pinned: Bools


def held(index: GridIndex, footprints: Footprints, called: Callable[[Positions], Names], pinned: Names) -> Held:
    """The leaf of each of ``footprints`` (n,) among leaves that hold all of them but what is outside the city.

    Parameters
    ----------
    called
        The names of leaves by their positions, ids or codes.
    pinned
        (n,) the names of those they are pinned to; any other word for none.
    """
    found = overlaps(index, footprints)
    position, share = found.largest(len(footprints))
    straddles = np.asarray((position >= 0) & (share < STRADDLES_BELOW), dtype=np.bool_)
    is_pinned = np.zeros(len(footprints), dtype=np.bool_)
    pin = np.flatnonzero(called(found.position.astype(np.int32)) == pinned[found.footprint])
    at = found.footprint[pin]
    position[at], share[at], is_pinned[at] = found.position[pin], found.share[pin], True
    return Held(position, share, straddles, is_pinned)


def place(
    connection: sa.Connection, edition: Edition, footprints: Footprints, pinned: Positions | None = None
) -> Places:
    """Where ``footprints`` (n,) belong in ``edition``; ``pinned`` (n,) ids of grids, 0 for none."""
    return placed(open_index(connection, edition), footprints, pinned)


def placed(ground: EditionGround, footprints: Footprints, pinned: Positions | None = None) -> Places:
    """As :func:`place`, among leaves that hold all of the footprints but what is outside the city."""
    wanted = np.zeros(len(footprints), dtype=np.int32) if pinned is None else pinned
    found = held(ground.index, footprints, ground.ids, wanted)
    kept = np.where(found.is_pinned, wanted, 0).astype(np.int32)
    return Places(
        grid=ground.ids(found.position),
        share=found.share,
        straddles=found.straddles,
        community=ground.lowest_areas(found.position),
        pinned=kept,
        released=np.asarray(wanted != kept, dtype=np.bool_),
    )
