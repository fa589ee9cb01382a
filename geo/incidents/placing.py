"""The grid of each incident: the one in force when it happened, for ever, and the one that answers today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import areas
from geo.areas import Edition
from geo.arrays import Bools, Floats, Ints, Positions
from geo.assignments import CityIndex, assign, in_force, microseconds, open_index


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

    def taken(self, at: Ints) -> Places:
        """Those at these positions."""
        rows: dict[str, Any] = {name: one[at] for name, one in vars(self).items() if isinstance(one, np.ndarray)}
        return replace(self, **rows)


class Placing:
    """What incidents are placed by: the editions there are, of which ``current``, the newest begun, answers today.

    Attributes
    ----------
    asking
        Held while the connection is asked: of two threads that share it, whoever places needs it at times.
    """

    def __init__(self, connection: sa.Connection, current: Edition) -> None:
        self.connection, self.current, self.asking = connection, current, RLock()
        self.today = open_index(connection, current)

    @cached_property
    def editions(self) -> list[Edition]:
        """Every edition; read where something happened before today's, which most reports did not."""
        with self.asking:
            return areas.all_editions(self.connection)

    def place(self, lonlat: Floats, occurred_us: Ints, accuracy_m: Floats) -> Places:
        """The grids of incidents at ``lonlat`` (n, 2), then and today; not finite: no position."""
        now = assign(self.today, lonlat, accuracy_m=accuracy_m)
        grid_now = self.today.ids(now.position)
        numbers, before = self._in_force(occurred_us)
        grid_then = grid_now.copy()
        for number in np.unique(numbers[numbers != self.current.number]).tolist():
            rows = np.flatnonzero(numbers == number)
            older = self._opened(number)
            grid_then[rows] = older.ids(assign(older, lonlat[rows]).position)
        return Places(
            grid_then=grid_then,
            edition_then=numbers,
            is_before_first=before,
            grid_now=grid_now,
            edition_now=self.current.number,
            community=self.today.lowest_areas(now.position),
            border_m=now.border_m,
            rule=now.rule,
            is_doubtful=now.is_doubtful,
            nearest_area=self.today.lowest_areas(now.nearest),
        )

    def _in_force(self, occurred_us: Ints) -> tuple[Positions, Bools]:
        """As :func:`geo.assignments.in_force`."""
        since_us = microseconds(self.current.effective_at)
        return in_force(self.editions if (occurred_us < since_us).any() else [self.current], occurred_us)

    def _opened(self, number: int) -> CityIndex:
        with self.asking:
            return open_index(self.connection, next(one for one in self.editions if one.number == number))


def place(connection: sa.Connection, current: Edition, lonlat: Floats, occurred_us: Ints, accuracy_m: Floats) -> Places:
    """The grids of incidents at ``lonlat`` (n, 2), then and in ``current``; not finite: no position."""
    return Placing(connection, current).place(lonlat, occurred_us, accuracy_m)
