"""What scheduled plans will make of a place: whose ground it is to be, and from when on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import shapely
import sqlalchemy as sa

from geo.plans import drafts, previews
from geo.plans.tables import plans
from geo.space.division import Division


@dataclass(frozen=True)
class Foreseen:
    """A scheduled plan that concerns a place: the grid it will lie in, "" outside the city."""

    plan: int
    plan_name: str
    effective_at: datetime
    code: str
    name: str


def foreseen(connection: sa.Connection, lon: float, lat: float, until: datetime) -> list[Foreseen]:
    """What the plans scheduled up to an instant will change about a place, the earliest first; empty for most places.

    Degrees WGS 84. On a border the lowest code has it, as everywhere. Scheduled plans reserve what they change, so each
    can be worked out by itself.

    Raises
    ------
    Refused, Broken, Stale, Unknown
        As :func:`geo.plans.previews.preview`, for a plan that could not come into force as things stand.
    """
    due = sa.select(plans.c.id).where(plans.c.state == "scheduled", plans.c.effective_at <= until)
    place = shapely.Point(lon, lat)
    found = []
    for id in connection.scalars(due.order_by(plans.c.effective_at, plans.c.id)).all():
        plan = drafts.one(connection, id)
        shown = previews.preview(connection, plan)
        was, now = _leaf(shown.weighed.base, place), _leaf(shown.weighed.whole, place)
        if plan.effective_at is not None and shown.codes & {was[0], now[0]}:
            found.append(Foreseen(plan.id, plan.name, plan.effective_at, *now))
    return found


def _leaf(division: Division, place: shapely.Point) -> tuple[str, str]:
    """Code and name of the leaf a place lies in, among those that were looked at; blank for none."""
    at = shapely.covers(division.leaf_shapes, place).nonzero()[0]
    return (str(division.leaf_codes[at[0]]), str(division.leaf_names[at[0]])) if len(at) else ("", "")
