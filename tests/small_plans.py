"""Plans on the small city: the grids they name, a line that splits the first, and plans with changes already drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import shapely
import sqlalchemy as sa

from geo.actors import Actor
from geo.plans import drafts, previews
from geo.plans.drafts import Plan
from geo.space.redraw.changes import Change, Split
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE

PLANNER = Actor("planner")
FIRST, SECOND, LAST = f"{COMMUNITIES[0]}001", f"{COMMUNITIES[0]}002", f"{COMMUNITIES[3]}001"
NEW = f"{COMMUNITIES[0]}009"
_Y = SOUTH + 0.6 * HIGH
SPLIT = Split(
    FIRST, shapely.LineString([(WEST - 0.2 * WIDE, _Y), (WEST + 1.2 * WIDE, _Y)]), (FIRST, NEW), ("", "北片网格")
)


def drawn(connection: sa.Connection, *changes: Change, name: str = "调整") -> Plan:
    """A draft with these changes, without any the split."""
    plan = drafts.begin(connection, PLANNER, name)
    for change in changes or (SPLIT,):
        previews.add(connection, PLANNER, plan, change)
    return drafts.one(connection, plan.id)


def soon(seconds: float = 3600) -> datetime:
    """An hour that comes."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
