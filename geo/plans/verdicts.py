"""What others say of a submitted plan: approved as often as the setting asks, never by who drew it, or rejected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from geo.actors import Actor
from geo.errors import Denied, Refused, Stale
from geo.plans import drafts, trail
from geo.plans.drafts import Plan
from geo.plans.tables import plan_changes, plan_verdicts, plans
from geo.settings import settings

READY = ("approved", "scheduled")


@dataclass(frozen=True)
class Verdict:
    """An approval or a rejection of the plan as it was submitted the ``round``-th time."""

    round: int
    made_by: str
    made_at: datetime
    is_approval: bool
    note: str


def wanted() -> int:
    """How many approvals a plan takes before it is published; 0 lets a planner publish at once."""
    return settings().approvals


def verdicts_of(connection: sa.Connection, plan: Plan) -> list[Verdict]:
    """All verdicts on a plan in the order they were given, those of earlier rounds too."""
    columns = [column for column in plan_verdicts.c if column.name != "plan_id"]
    query = sa.select(*columns).where(plan_verdicts.c.plan_id == plan.id)
    query = query.order_by(plan_verdicts.c.round, plan_verdicts.c.made_at, plan_verdicts.c.made_by)
    return [Verdict(**row._mapping) for row in connection.execute(query)]


def approve(connection: sa.Connection, actor: Actor, plan: Plan, note: str = "") -> Plan:
    """The plan with one approval more; approved when there are as many as the setting ``approvals`` asks, at least one.

    Raises
    ------
    Denied
        When the actor began, drew or submitted it.
    Stale
        When it is not submitted, or the actor gave a verdict on it already.
    """
    _give(connection, actor, plan, is_approval=True, note=note)
    return drafts.put(connection, plan, state=standing(connection, plan))


def reject(connection: sa.Connection, actor: Actor, plan: Plan, note: str) -> Plan:
    """The plan, rejected: one rejection is enough. It can be revised and submitted anew.

    Raises
    ------
    Refused
        When the note, which says why, is blank.
    Denied, Stale
        As :func:`approve`.
    """
    if not note.strip():
        raise Refused(
            "a rejection says why, so that the plan can be revised; the note is blank",
            zh="退回要写明原因，好让人修改；意见是空的",
        )
    _give(connection, actor, plan, is_approval=False, note=note)
    return drafts.put(connection, plan, state="rejected")


def standing(connection: sa.Connection, plan: Plan) -> str:
    """How far a plan is before others: approved by as many as are asked, submitted, or a draft."""
    if plan.submitted_by is None:
        return "draft"
    given = sum(one.is_approval for one in verdicts_of(connection, plan) if one.round == plan.round)
    return "approved" if given >= max(1, wanted()) else "submitted"


def refuse_unready(plan: Plan) -> None:
    """Raise Stale when a plan may not be published: ended, rejected, or short of the approvals that are asked."""
    drafts.refuse_ended(plan)
    if plan.state == "rejected":
        raise Stale(
            f"plan {plan.id} was rejected; revise it and submit it anew",
            zh=f"方案 {plan.id} 已退回；改回草稿，修改后重新送审",
        )
    if wanted() and plan.state not in READY:
        raise Stale(
            f"plan {plan.id} is {plan.state}; it takes {wanted()} approval(s) by others than those who drew it: "
            "submit it and have it approved",
            zh=f"方案 {plan.id} 现在是{drafts.WORDS[plan.state]}；要起草人以外 {wanted()} 人同意：先送审",
        )


def _give(connection: sa.Connection, actor: Actor, plan: Plan, *, is_approval: bool, note: str) -> None:
    if plan.state != "submitted":
        raise Stale(
            f"plan {plan.id} is {plan.state.replace('_', ' ')}; verdicts are given on a submitted plan",
            zh=f"方案 {plan.id} 现在是{drafts.WORDS[plan.state]}；只有待审的方案才能同意或退回",
        )
    if actor.name in _own(connection, plan):
        raise Denied(
            f"{actor.name} drew or submitted plan {plan.id}; nobody gives a verdict on a plan of their own",
            zh=f"{actor.name} 画过或送审过方案 {plan.id}，不能批自己的；请别人批",
        )
    if any(one.made_by == actor.name and one.round == plan.round for one in verdicts_of(connection, plan)):
        raise Stale(
            f"{actor.name} gave a verdict on plan {plan.id} already; it counts once",
            zh=f"{actor.name} 对方案 {plan.id} 已经给过意见，只算一次",
        )
    values = {"plan_id": plan.id, "round": plan.round, "made_by": actor.name}
    values |= {"is_approval": is_approval, "note": note.strip()}
    connection.execute(sa.insert(plan_verdicts).values(values))
    trail.note(connection, actor, "plan.approve" if is_approval else "plan.reject", plan, note=note.strip())


def _own(connection: sa.Connection, plan: Plan) -> set[str]:
    """Who began, drew or submitted a plan, undone changes included, and who drew what it was forked from."""
    line = sa.select(plans.c.id, plans.c.forked_from).where(plans.c.id == plan.id).cte("line", recursive=True)
    line = line.union(sa.select(plans.c.id, plans.c.forked_from).where(plans.c.id == line.c.forked_from))
    drawn = sa.select(plan_changes.c.made_by).where(plan_changes.c.plan_id.in_(sa.select(line.c.id)))
    return {plan.made_by, plan.submitted_by or plan.made_by, *connection.scalars(drawn)}
