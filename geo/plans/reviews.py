"""From a draft to what others decide on: checked, submitted, revised, withdrawn. Each step is in the audit trail."""

from __future__ import annotations

from datetime import datetime

import shapely
import sqlalchemy as sa

from geo import editions, reservations
from geo.actors import Actor
from geo.editions import Published
from geo.errors import Refused, Stale
from geo.plans import drafts, previews, trail, verdicts
from geo.plans.consequences import errors
from geo.plans.drafts import Plan
from geo.plans.previews import Preview

REVISED = ("checked", "submitted", "approved", "rejected")
"""States from which a plan may be drawn again."""


def check(connection: sa.Connection, actor: Actor, plan: Plan) -> tuple[Plan, Preview]:
    """The draft, checked, and what it would do.

    Raises
    ------
    Refused
        When it would change nothing, or a check finds an error; ``where`` shows the places.
    Stale
        When it is not being drawn.
    Refused, Broken, Stale, Unknown
        As :func:`geo.plans.previews.preview`.
    """
    drafts.refuse_settled(plan)
    shown = previews.preview(connection, plan)
    if shown.is_same:
        raise Refused(
            f"plan {plan.id} changes nothing; draw something first", zh=f"方案 {plan.id} 没有任何变化；先画出变更"
        )
    refuse_errors(connection, shown)
    checked = drafts.put(connection, plan, state="checked")
    trail.note(connection, actor, "plan.check", checked)
    return checked, shown


def submit(connection: sa.Connection, actor: Actor, plan: Plan) -> Plan:
    """The plan, checked and laid before others; it cannot be changed until it is revised. Raises as :func:`check`."""
    check(connection, actor, plan)
    values = {"state": "submitted", "round": plan.round + 1, "submitted_by": actor.name}
    submitted = drafts.put(connection, plan, **values)
    trail.note(connection, actor, "plan.submit", submitted)
    return submitted


def publish(
    connection: sa.Connection, actor: Actor, id: int, *, effective_at: datetime | None = None
) -> tuple[Plan, Published]:
    """The plan, in force. It is checked first, whatever was found when it was submitted; others build meanwhile.

    Raises
    ------
    Refused
        When a check finds an error.
    Stale, Refused, Broken, Unknown
        As :func:`geo.plans.previews.publish`; nothing is stored then.
    """
    editions.take_turn(connection)
    plan = drafts.one(connection, id, lock=True)
    verdicts.refuse_unready(plan)
    return previews.publish(
        connection, actor, id, effective_at=effective_at, refuse=lambda shown: refuse_errors(connection, shown)
    )


def refuse_errors(connection: sa.Connection, shown: Preview) -> None:
    """Raise Refused when a check of what a plan would do finds an error; what is less is for people to weigh."""
    if found := errors(connection, shown):
        places = [one.where for one in found if one.where is not None]
        told = "; ".join(f"{one.text.zh} · {one.text.en}" for one in found)
        raise Refused(told, where=shapely.GeometryCollection(places) if places else None)


def revise(connection: sa.Connection, actor: Actor, plan: Plan) -> Plan:
    """The plan, being drawn again; approvals it had are of an earlier round. Raises Stale when nobody waits for it."""
    if plan.state not in REVISED:
        raise Stale(
            f"plan {plan.id} is {plan.state.replace('_', ' ')}; only {', '.join(REVISED)} plans are revised",
            zh=f"方案 {plan.id} 现在是{drafts.WORDS[plan.state]}；只有已检查、待审、已通过、已退回的才能改回草稿",
        )
    revised = drafts.put(connection, plan, state="draft", submitted_by=None)
    trail.note(connection, actor, "plan.revise", revised)
    return revised


def withdraw(connection: sa.Connection, actor: Actor, plan: Plan) -> Plan:
    """The plan, withdrawn: kept, and never published. Raises Stale when it has ended."""
    drafts.refuse_ended(plan)
    reservations.free(connection, plan.id)
    withdrawn = drafts.put(connection, plan, state="withdrawn", effective_at=None)
    trail.note(connection, actor, "plan.withdraw", withdrawn)
    return withdrawn
