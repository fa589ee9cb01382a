"""The small city with one grid that is staffed and covers what lies in it, and a unit that a split takes out of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from geo import areas
from geo.coverage import runs
from tests.covered import enter
from tests.small_city import HIGH, SOUTH, WEST, WIDE
from tests.small_plans import FIRST

GOES = (round(WEST + 0.95 * WIDE, 6), round(SOUTH + 0.85 * HIGH, 6))
BESIDE = (round(WEST + 1.1 * WIDE, 6), round(SOUTH + 0.8 * HIGH, 6))
"""In the next community, some hundred metres away."""


def leaf(connection: sa.Connection, code: str) -> int:
    """Id of a code."""
    found: int = connection.scalars(sa.text("SELECT id FROM codes WHERE code = :code"), {"code": code}).one()
    return found


def staff(connection: sa.Connection, code: str, *, filled: int) -> None:
    """Give a grid a branch and two full-time posts, so many of them filled."""
    place = leaf(connection, code)
    branch = {"name": "支部", "kind": "grid_branch", "place_id": place}
    enter(connection, "party_organisations", {"reference": code, **branch})
    post = {"place_id": place, "line": "grid", "time": "full", "slots": 2, "filled": filled}
    enter(connection, "staff_slots", {"reference": code, "as_of": date(2025, 1, 1), **post})


def settle(connection: sa.Connection) -> None:
    """Set down the two units, a record of the whole first grid, and its people."""
    staff(connection, FIRST, filled=1)
    today = runs.today(areas.city(connection))
    known: dict[str, Any] = {"surveyed_on": today, "operating": True}
    enter(
        connection,
        "units",
        {"reference": "a", "name": "划走的公司", "lonlat": GOES, "members": 2, "workers": 40, **known},
        {"reference": "b", "name": "邻近的小店", "lonlat": BESIDE, "members": 1, "workers": 3, **known},
    )
    record = {"grid_id": leaf(connection, FIRST), "method": "area", "evidence_on": today}
    enter(connection, "coverage_records", {"reference": "r", **record})
