"""Plans that come into force by themselves: at an hour, with their grids reserved until then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from geo import areas, db, editions, reservations
from geo.actors import Actor
from geo.errors import GeoError, Refused, Stale
from geo.plans import comments, drafts, previews, reviews, trail, verdicts
from geo.plans.drafts import Plan
from geo.plans.hours import due
from geo.plans.tables import plans

CLOCK = Actor("gridatlas")
"""In whose name a plan comes into force at its hour."""
LONGEST = timedelta(days=366)
"""Further ahead nothing is reserved: the ground would be barred for everybody."""


@dataclass(frozen=True)
class Came:
    """A scheduled plan at its hour: the edition it became, or why it could not."""

    plan: Plan
    edition: int | None
    why: str = ""


def schedule(connection: sa.Connection, actor: Actor, id: int, hour: datetime) -> Plan:
    """The plan, to come into force at ``hour``; until then nobody else may change the grids it changes.

    Raises
    ------
    Refused
        When the hour is past, more than a year ahead, or the plan would change nothing.
    Stale
        When the plan may not be published, or another scheduled plan has reserved any of its grids.
    Refused, Broken, Unknown
        As :func:`geo.plans.previews.preview`.
    """
    now = datetime.now(UTC)
    if not now < hour <= now + LONGEST:
        raise Refused(
            f"{hour.isoformat()} is no hour to schedule for; choose one from now to a year ahead",
            zh=f"{hour.isoformat()} 不能排期；选从现在起一年之内的时刻",
        )
    editions.take_turn(connection)
    plan = drafts.one(connection, id, lock=True)
    verdicts.refuse_unready(plan)
    shown = previews.preview(connection, plan)
    if shown.is_same:
        raise Refused(
            f"plan {plan.id} changes nothing; there is nothing to schedule",
            zh=f"方案 {plan.id} 没有任何变化，没有可排期的；先画出变更",
        )
    reviews.refuse_errors(connection, shown)
    reservations.reserve(connection, plan.id, shown.codes | shown.areas)
    scheduled = drafts.put(connection, plan, state="scheduled", effective_at=hour)
    trail.note(connection, actor, "plan.schedule", scheduled, effective_at=hour.isoformat())
    return scheduled


def unschedule(connection: sa.Connection, actor: Actor, plan: Plan) -> Plan:
    """The plan off the schedule, its grids free: approved or submitted where it was, else a draft.

    Raises Stale when it is not scheduled.
    """
    if plan.state != "scheduled":
        raise Stale(
            f"plan {plan.id} is {plan.state.replace('_', ' ')}, not scheduled",
            zh=f"方案 {plan.id} 现在是{drafts.WORDS[plan.state]}，没有排期",
        )
    freed = _off(connection, plan)
    trail.note(connection, actor, "plan.unschedule", freed)
    return freed


def next_hour(connection: sa.Connection) -> datetime | None:
    """When the next scheduled plan is to come into force; None without one. It may be past."""
    hour: datetime | None = connection.scalar(
        sa.select(sa.func.min(plans.c.effective_at)).where(plans.c.state == "scheduled")
    )
    return hour


def bring_into_force(engine: sa.Engine, now: datetime | None = None) -> Iterator[Came]:
    """Publish every plan whose hour has come, the earliest first, each in a transaction of its own.

    Whoever comes second finds nothing left to do. A plan that cannot come into force is taken off the schedule, with a
    comment that says why. One that is late, because nothing ran at its hour and another edition came in between, is in
    force from now on.
    """
    for id in _due(engine, now or datetime.now(UTC)):
        if came := _bring(engine, id):
            yield came


def _due(engine: sa.Engine, now: datetime) -> list[int]:
    with db.read(engine) as connection:
        return due(connection, now)


def _bring(engine: sa.Engine, id: int) -> Came | None:
    try:
        with db.write(engine) as connection:
            editions.take_turn(connection)
            plan = drafts.one(connection, id, lock=True)
            if plan.effective_at is None:
                return None  # another worker was first
            hour = _not_before(connection, plan.effective_at)
            plan, done = reviews.publish(connection, CLOCK, id, effective_at=hour)
            return Came(plan, done.edition.number)
    except GeoError as error:
        return _lapsed(engine, id, str(error))


def _not_before(connection: sa.Connection, hour: datetime) -> datetime | None:
    return hour if hour > areas.numbered(connection, areas.newest_number(connection)).effective_at else None


def _lapsed(engine: sa.Engine, id: int, why: str) -> Came | None:
    with db.write(engine) as connection:
        plan = drafts.one(connection, id, lock=True)
        if plan.effective_at is None:
            return None
        plan = _off(connection, plan)
        comments.say(connection, CLOCK, plan, f"未能按时生效，已取消排期 · It could not come into force: {why}")
        trail.note(connection, CLOCK, "plan.lapse", plan, why=why)
        return Came(plan, None, why)


def _off(connection: sa.Connection, plan: Plan) -> Plan:
    reservations.free(connection, plan.id)
    return drafts.put(connection, plan, state=verdicts.standing(connection, plan), effective_at=None)
