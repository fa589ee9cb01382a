"""The staffing matrix of a place: posts and how many are filled, line by line, full and part time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.coverage.tallies.staffing import LINES, TIMES
from geo.coverage.values import Reader


@dataclass(frozen=True)
class Posts:
    """Posts of one line and time."""

    slots: int
    filled: int


@dataclass(frozen=True)
class Matrix:
    """Posts of a place and of all below it, by line and time; ``unrecorded`` of ``grids`` have none on record."""

    lines: dict[str, dict[str, Posts]]
    grids: int
    unrecorded: int
    since: str
    until: str


def matrix(reader: Reader, place_id: int) -> Matrix:
    """The matrix of a place of the reader's edition, by the newest row of each place, line and time."""
    tally = reader.tally("staffing")
    if not tally.columns.keys() <= reader.totals.columns.keys():
        reader.totals.add(tally)
    ids = np.array([place_id])

    def number(name: str) -> int:
        return round(float(reader.totals.of((name,), ids)[0]))

    posts = {
        line: {time: Posts(number(f"slots.{line}.{time}"), number(f"filled.{line}.{time}")) for time in TIMES}
        for line in LINES
    }
    return Matrix(posts, number("grids_named"), number("grids_unrecorded"), tally.since, tally.until)
