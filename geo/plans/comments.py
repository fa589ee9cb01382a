"""What people say of a plan, as a whole or of a place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geo.actors import Actor
from geo.errors import Refused, Unknown, shown
from geo.plans import wire
from geo.plans.drafts import Plan
from geo.plans.tables import plan_comments

LONGEST = 4000
"""Characters of a comment."""


@dataclass(frozen=True)
class Comment:
    """Something said; ``place`` is GeoJSON in degrees WGS 84, or None for the whole plan."""

    id: int
    text: str
    place: Mapping[str, Any] | None
    made_by: str
    made_at: datetime
    settled_by: str | None
    settled_at: datetime | None


_COLUMNS = [column for column in plan_comments.c if column.name != "plan_id"]


def comments_of(connection: sa.Connection, plan: Plan) -> list[Comment]:
    """Everything said of a plan, in the order it was said."""
    query = sa.select(*_COLUMNS).where(plan_comments.c.plan_id == plan.id).order_by(plan_comments.c.id)
    return [Comment(**row._mapping) for row in connection.execute(query)]


def say(connection: sa.Connection, actor: Actor, plan: Plan, text: str, place: object = None) -> Comment:
    """The comment, kept; a plan in any state can be spoken of.

    Raises
    ------
    Refused
        When the text is blank or longer than :data:`LONGEST`, or the place is no GeoJSON geometry.
    """
    if not text.strip() or len(text) > LONGEST:
        raise Refused(
            f"a comment has 1 to {LONGEST} characters; this one has {len(text.strip())}",
            zh=f"意见要 1 到 {LONGEST} 个字；这条有 {len(text.strip())} 个",
        )
    there = None if place is None else mapping(_place(place))
    values = {"plan_id": plan.id, "text": text.strip(), "place": there, "made_by": actor.name}
    row = connection.execute(sa.insert(plan_comments).values(values).returning(*_COLUMNS)).one()
    return Comment(**row._mapping)


def _place(told: object) -> BaseGeometry:
    shape = wire.geometry(told)
    if shape.is_empty:
        raise Refused(
            f"the place is empty: {shown(told)}; give a point, a line or a polygon, or leave it out",
            zh=f"位置是空的：{shown(told)}；给一个点、一条线或一块地，或不写位置",
        )
    return shape


def settle(connection: sa.Connection, actor: Actor, plan: Plan, id: int, *, settled: bool = True) -> Comment:
    """The comment, dealt with, or open again. Raises Unknown when the plan has no such comment."""
    who, when = (actor.name, sa.func.now()) if settled else (None, None)
    here = sa.and_(plan_comments.c.plan_id == plan.id, plan_comments.c.id == id)
    change = sa.update(plan_comments).where(here).values(settled_by=who, settled_at=when)
    row = connection.execute(change.returning(*_COLUMNS)).one_or_none()
    if row is None:
        raise Unknown(f"plan {plan.id} has no comment {id}", zh=f"方案 {plan.id} 没有编号 {id} 的意见")
    return Comment(**row._mapping)
