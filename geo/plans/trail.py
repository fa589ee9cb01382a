"""What is done with a plan, in the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from geo.actors import Actor
from geo.plans.drafts import Plan
from geo.tables import audit_events


def note(connection: sa.Connection, actor: Actor, action: str, plan: Plan, **more: object) -> None:
    """An entry of the audit trail about a plan."""
    detail = {"plan": plan.id, "name": plan.name, "state": plan.state, **more}
    connection.execute(sa.insert(audit_events).values(actor=actor.name, action=action, detail=detail))
