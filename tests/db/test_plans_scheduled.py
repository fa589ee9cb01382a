"""Plans that come into force by themselves, and the grids that are theirs until then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from geo import areas, db, reservations
from geo.actors import Actor
from geo.errors import Refused, Stale
from geo.plans import comments, drafts, previews, scheduling
from geo.plans.drafts import Plan
from geo.space.redraw.changes import Merge, Rename
from geo.tables import audit_events
from tests.small_city import COMMUNITIES, publish_small_city
from tests.small_plans import FIRST, LAST, PLANNER, SECOND, drawn, soon

OFFICIAL = Actor("official")


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


@pytest.fixture
def stored(fresh_engine: sa.Engine) -> sa.Engine:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
    return fresh_engine


def test_the_grids_of_a_scheduled_plan_are_for_no_other_to_change(city: sa.Connection) -> None:
    other = drawn(city, Merge((FIRST, SECOND), FIRST))
    beside = drawn(city, Rename(LAST, "改名"))
    plan = scheduling.schedule(city, PLANNER, drawn(city).id, soon())
    assert plan.state == "scheduled"
    for act in (
        lambda: previews.publish(city, OFFICIAL, other.id),
        lambda: scheduling.schedule(city, OFFICIAL, other.id, soon(60)),
        lambda: drawn(city, Rename(FIRST, "抢先")),
    ):
        with pytest.raises(Stale, match=f"{FIRST} reserved by plan {plan.id}"):
            act()
    assert previews.publish(city, OFFICIAL, beside.id)[1].edition.number == 2
    scheduling.unschedule(city, PLANNER, plan)
    assert previews.publish(city, OFFICIAL, other.id)[1].edition.number == 3
    for hour in (soon(-1), soon(400 * 86_400)):
        with pytest.raises(Refused, match="no hour to schedule for"):
            scheduling.schedule(city, PLANNER, drawn(city, Rename(LAST, "再改")).id, hour)


def test_the_name_of_an_area_is_reserved_by_the_scheduled_plan_that_changes_it(city: sa.Connection) -> None:
    other = drawn(city, Rename(COMMUNITIES[0], "抢先"))
    plan = scheduling.schedule(city, PLANNER, drawn(city, Rename(COMMUNITIES[0], "到时改名")).id, soon())
    with pytest.raises(Stale, match=f"{COMMUNITIES[0]} reserved by plan {plan.id}"):
        previews.publish(city, OFFICIAL, other.id)
    assert previews.publish(city, OFFICIAL, drawn(city).id)[1].edition.number == 2  # its grids are not


def _scheduled(engine: sa.Engine, seconds: float, *changes: Any) -> Plan:
    with db.write(engine) as connection:
        return scheduling.schedule(connection, PLANNER, drawn(connection, *changes).id, soon(seconds))


def test_scheduled_plans_come_into_force_at_their_hours_and_once(stored: sa.Engine) -> None:
    later = _scheduled(stored, 3600, Rename(LAST, "晚"))
    sooner = _scheduled(stored, 1800)
    with db.write(stored) as connection:  # both hours have come a moment ago, in their order
        back = sa.text("UPDATE plans SET effective_at = now() - make_interval(secs => :ago) WHERE id = :id")
        connection.execute(back, {"ago": 0.2, "id": sooner.id})
        connection.execute(back, {"ago": 0.1, "id": later.id})
        sooner, later = drafts.one(connection, sooner.id), drafts.one(connection, later.id)
    assert list(scheduling.bring_into_force(stored, soon(-60))) == []
    with db.read(stored) as connection:
        assert scheduling.next_hour(connection) == sooner.effective_at
    came = list(scheduling.bring_into_force(stored))
    assert [(one.plan.id, one.edition) for one in came] == [(sooner.id, 2), (later.id, 3)]
    assert list(scheduling.bring_into_force(stored)) == []
    with db.read(stored) as connection:
        hours = [areas.numbered(connection, number).effective_at for number in (2, 3)]
        assert hours == [sooner.effective_at, later.effective_at]
        assert scheduling.next_hour(connection) is None
        by = connection.scalars(sa.select(audit_events.c.actor).where(audit_events.c.action == "publish")).all()
        assert by[-2:] == ["gridatlas", "gridatlas"]


def test_a_plan_that_cannot_come_into_force_is_taken_off_the_schedule_and_says_why(stored: sa.Engine) -> None:
    plan = _scheduled(stored, 60)
    with db.write(stored) as connection:  # as when a rule changed while it waited
        reservations.free(connection, plan.id)
        previews.publish(connection, OFFICIAL, drawn(connection, Rename(FIRST, "抢先")).id)
    came = list(scheduling.bring_into_force(stored, soon(61)))
    assert [(one.edition, "changed since plan" in one.why) for one in came] == [(None, True)]
    with db.read(stored) as connection:
        plan = drafts.one(connection, plan.id)
        assert (plan.state, plan.effective_at) == ("draft", None)
        assert FIRST in comments.comments_of(connection, plan)[-1].text


def test_a_plan_that_missed_its_hour_is_in_force_from_now(stored: sa.Engine) -> None:
    plan = _scheduled(stored, 1)
    with db.write(stored) as connection:  # nothing ran at its hour, and another one was published a little later
        previews.publish(connection, OFFICIAL, drawn(connection, Rename(LAST, "别处")).id)
        connection.execute(
            sa.text("UPDATE plans SET effective_at = now() - interval '1 day' WHERE state = 'scheduled'")
        )
    before = datetime.now(UTC)
    came = list(scheduling.bring_into_force(stored))
    assert [(one.plan.id, one.edition) for one in came] == [(plan.id, 3)]
    with db.read(stored) as connection:
        assert areas.numbered(connection, 3).effective_at >= before
