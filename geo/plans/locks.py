"""What a plan must leave as it is: grids, or areas with all their grids."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.actors import Actor
from geo.errors import Refused, Unknown
from geo.plans import drafts
from geo.plans.drafts import Plan
from geo.plans.tables import plan_locks
from geo.space.division import Division, ground_of

_SHOWN = 5  # codes named in a message


@dataclass(frozen=True)
class Lock:
    """A grid or an area that a plan must not change."""

    code: str
    made_by: str
    made_at: datetime


def locks_of(connection: sa.Connection, plan: Plan) -> list[Lock]:
    """The locks of a plan, by code."""
    columns = [column for column in plan_locks.c if column.name != "plan_id"]
    query = sa.select(*columns).where(plan_locks.c.plan_id == plan.id).order_by(plan_locks.c.code)
    return [Lock(**row._mapping) for row in connection.execute(query)]


def lock(connection: sa.Connection, actor: Actor, plan: Plan, code: str) -> Lock:
    """The lock, set; again is the same. It is for the caller to see that the plan does not change it already.

    Raises
    ------
    Unknown
        When the edition in force has no area and no grid of this code.
    Stale
        When the plan is not being drawn.
    """
    drafts.refuse_settled(plan)
    areas.place(connection, code, areas.current(connection))
    row = {"plan_id": plan.id, "code": code, "made_by": actor.name}
    connection.execute(pg.insert(plan_locks).values(row).on_conflict_do_nothing())
    return next(one for one in locks_of(connection, plan) if one.code == code)


def unlock(connection: sa.Connection, plan: Plan, code: str) -> None:
    """Take a lock off. Raises Unknown when there is none, Stale when the plan is not being drawn."""
    drafts.refuse_settled(plan)
    here = sa.and_(plan_locks.c.plan_id == plan.id, plan_locks.c.code == code)
    if not connection.execute(sa.delete(plan_locks).where(here)).rowcount:
        raise Unknown(f"plan {plan.id} has no lock on {code!r}", zh=f"方案 {plan.id} 没有锁定 {code!r}")


def refuse_locked(
    connection: sa.Connection, plan: Plan, divisions: Sequence[Division], touched: Collection[str]
) -> None:
    """Raise Refused when any of the codes ``touched``, of grids and areas, is locked or in a locked area on a side."""
    locked = [one.code for one in locks_of(connection, plan)]
    if not locked:
        return
    found = sorted({code for division in divisions for code in _locked(division, locked)} & set(touched))
    if found:
        raise Refused(
            f"{', '.join(found[:_SHOWN])} locked in plan {plan.id}, which would change that; "
            "unlock it, or leave it as it is",
            zh=f"{'、'.join(found[:_SHOWN])} 在方案 {plan.id} 里已锁定，而方案会改动它；先解锁，或不动它",
            where=ground_of(found, divisions),
        )


def _locked(division: Division, locked: Sequence[str]) -> list[str]:
    """Codes of the leaves that are locked, or in a locked area, and of these areas."""
    inside, areas_inside = np.isin(division.leaf_codes, locked), np.zeros(len(division.area_codes), dtype=np.bool_)
    for area in set(locked) & set(division.area_codes.tolist()):
        areas_inside |= division.areas_within(area)
    inside |= np.isin(division.leaf_parents, division.area_codes[areas_inside])
    return [*division.leaf_codes[inside].tolist(), *division.area_codes[areas_inside].tolist()]
