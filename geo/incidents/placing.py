"""The grid of each incident: the one in force when it happened, for ever, and the one that answers today."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import areas
from geo.areas import Edition
from geo.arrays import Bools, Floats, Ints, Positions
from geo.assignments import assign, in_force, open_index


@dataclass(frozen=True, eq=False)
class Places:
    """Where n incidents belong; ids of codes, 0 for none.

    ``border_m``, ``rule``, ``is_doubtful`` and ``nearest_area`` are of today's assignment.
    """

    grid_then: Positions
    edition_then: Positions
    is_before_first: Bools
    grid_now: Positions
    edition_now: int
    community: Positions
    border_m: Floats
    rule: NDArray[np.uint8]
    is_doubtful: Bools
    nearest_area: Positions


def place(connection: sa.Connection, current: Edition, lonlat: Floats, occurred_us: Ints, accuracy_m: Floats) -> Places:
    """The grids of incidents at ``lonlat`` (n, 2), then and in ``current``; not finite: no position."""
    today = open_index(connection, current)
    now = assign(today, lonlat, accuracy_m=accuracy_m)
    grid_now = today.ids(now.position)
    numbers, before = in_force(areas.all_editions(connection), occurred_us)
    grid_then = grid_now.copy()
    for number in np.unique(numbers[numbers != current.number]).tolist():
        rows = np.flatnonzero(numbers == number)
        older = open_index(connection, areas.numbered(connection, number))
        grid_then[rows] = older.ids(assign(older, lonlat[rows]).position)
    return Places(
        grid_then=grid_then,
        edition_then=numbers,
        is_before_first=before,
        grid_now=grid_now,
        edition_now=current.number,
        community=today.lowest_areas(now.position),
        border_m=now.border_m,
        rule=now.rule,
        is_doubtful=now.is_doubtful,
        nearest_area=today.lowest_areas(now.nearest),
    )
