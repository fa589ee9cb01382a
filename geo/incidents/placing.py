"""The grid of each incident: the one in force when it happened, for ever, and the one that answers today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import areas
from geo.areas import Edition
from geo.arrays import Bools, Floats, Ints, Positions
from geo.assignments import CityIndex, assign, in_force, instant, microseconds, open_index


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
        self._editions, self._since_us = [current], microseconds(current.effective_at)

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
        """As :func:`geo.assignments.in_force`; only editions are read in which something happened, or later ones."""
        if (earliest_us := int(occurred_us.min(initial=self._since_us))) < self._since_us:
            with self.asking:
                self._editions = areas.all_editions(self.connection, instant(earliest_us))
                self._since_us = earliest_us
        return in_force(self._editions, occurred_us)

    def _opened(self, number: int) -> CityIndex:
        with self.asking:
            return open_index(self.connection, next(one for one in self._editions if one.number == number))


def place(connection: sa.Connection, current: Edition, lonlat: Floats, occurred_us: Ints, accuracy_m: Floats) -> Places:
    """The grids of incidents at ``lonlat`` (n, 2), then and in ``current``; not finite: no position."""
    return Placing(connection, current).place(lonlat, occurred_us, accuracy_m)
