"""Addresses under which a plan can be read by whoever has them, for a while, and nothing else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from geo.actors import Actor
from geo.errors import Refused, Unknown
from geo.plans import drafts
from geo.plans.drafts import Plan
from geo.plans.tables import plan_links

BYTES = 24
"""Of chance in a token."""
LONGEST_DAYS = 366


@dataclass(frozen=True)
class Link:
    """A way to a plan that ends at ``ends_at``; its token is told once, when it is made."""

    id: int
    made_by: str
    made_at: datetime
    ends_at: datetime


_COLUMNS = [plan_links.c[name] for name in ("id", "made_by", "made_at", "ends_at")]


def links_of(connection: sa.Connection, plan: Plan) -> list[Link]:
    """The links of a plan, ended ones too, the oldest first."""
    query = sa.select(*_COLUMNS).where(plan_links.c.plan_id == plan.id).order_by(plan_links.c.id)
    return [Link(**row._mapping) for row in connection.execute(query)]


def share(connection: sa.Connection, actor: Actor, plan: Plan, days: float = 30) -> tuple[str, Link]:
    """A token that opens the plan for so many days, and the link; only a digest of the token is kept.

    Raises Refused when ``days`` is not above 0 and at most :data:`LONGEST_DAYS`.
    """
    if not 0 < days <= LONGEST_DAYS:
        raise Refused(
            f"a link of {days} days; it can stand for more than 0 and at most {LONGEST_DAYS}",
            zh=f"链接要 {days} 天；须大于 0，至多 {LONGEST_DAYS} 天",
        )
    token = secrets.token_urlsafe(BYTES)
    values = {"plan_id": plan.id, "digest": _digest(token), "made_by": actor.name}
    values["ends_at"] = datetime.now(UTC) + timedelta(days=days)
    row = connection.execute(sa.insert(plan_links).values(values).returning(*_COLUMNS)).one()
    return token, Link(**row._mapping)


def opened(connection: sa.Connection, token: str) -> Plan:
    """The plan that a token opens. Raises Unknown when it opens none, or not any more."""
    here = sa.and_(plan_links.c.digest == _digest(token), plan_links.c.ends_at > sa.func.now())
    id = connection.scalar(sa.select(plan_links.c.plan_id).where(here))
    if id is None:
        raise Unknown(
            "this link opens no plan, or it has ended; ask for a new one", zh="这个链接打不开方案，或已停用；请重新生成"
        )
    return drafts.one(connection, id)


def end(connection: sa.Connection, plan: Plan, id: int) -> None:
    """Let a link open nothing from now on. Raises Unknown when the plan has no such link."""
    here = sa.and_(plan_links.c.plan_id == plan.id, plan_links.c.id == id)
    change = sa.update(plan_links).where(here).values(ends_at=sa.func.least(plan_links.c.ends_at, sa.func.now()))
    if not connection.execute(change).rowcount:
        raise Unknown(f"plan {plan.id} has no link {id}", zh=f"方案 {plan.id} 没有编号 {id} 的链接")


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
