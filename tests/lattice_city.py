"""A made city of any size set down by set-based SQL: a lattice of grids, with buildings, units and who covers them.

It is no picture of a town: what is like one is how many stand where, who has members, who is covered and by whom. The
same size gives the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from geo import marks, revisions

SIDE = 0.0025
"""Degrees of a grid's side: about 250 m."""
WEST, SOUTH = 120.0, 36.0
STATEMENTS = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Size:
    """How many of each; grids are those of the next whole square of communities."""

    grids: int
    buildings: int
    units: int


NOUNS = ("buildings", "business_districts", "party_organisations", "staff_slots", "units", "coverage_records")


def build(connection: sa.Connection, size: Size) -> None:
    """Set the city down in an empty store, in the caller's transaction."""
    across = max(4, 4 * round(size.grids**0.5 / 4))
    given = {
        "across": across,
        "grids": across * across,
        "buildings": size.buildings,
        "units": size.units,
        "organisations": max(20, size.units // 10),
        "side": SIDE,
        "west": WEST,
        "south": SOUTH,
    }
    for statement in STATEMENTS.read_text(encoding="utf-8").split(";"):
        bound = sa.text(statement.replace("::", "\\:\\:"))
        connection.execute(bound, {name: value for name, value in given.items() if f":{name}" in statement})
    for noun in NOUNS:
        marks.mark(connection, noun, range(marks.MANY + 1))
        revisions.raise_(connection, noun)
