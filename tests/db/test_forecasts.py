"""The division at a time to come is what the doors answer after that time has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from geo import areas, db, reservations
from geo.plans import calendar, previews, reviews, scheduling
from geo.space.redraw.changes import Merge, Rename, Transfer
from tests.drawn_plans import published
from tests.foretold import CLOCK, alike, come_true, schedule_some, seen
from tests.planned import divided_city
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, publish_small_city
from tests.small_plans import FIRST, LAST, NEW, PLANNER, SECOND, drawn, soon
from tests.undone import undone


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 100_000))
def test_the_forecast_of_every_hour_is_what_is_in_force_after_it(engine: sa.Engine, seed: int) -> None:
    """Plans of any changes are scheduled at few hours; those that could not come into force are those that cannot."""
    random, made = np.random.default_rng(seed), divided_city(seed, 6)
    with undone(engine) as connection:  # a transaction of its own: indexes are kept by the hour of the publish
        published(connection, made)
        hours = [soon(3600 * hour) for hour in (1, 2, 3)]
        schedule_some(connection, random, random.choice(hours, 6).tolist())
        come_true(connection, hours)


def test_nothing_scheduled_until_then_is_the_edition_in_force_itself(city: sa.Connection) -> None:
    scheduling.schedule(city, PLANNER, drawn(city).id, soon(7200))
    now = areas.current(city)
    assert calendar.edition_at(city, soon(3600)) == now
    assert calendar.edition_at(city, None) == now
    assert calendar.edition_at(city, soon(7300)) != now


def test_plans_of_one_community_are_foretold_together_and_in_their_order(city: sa.Connection) -> None:
    late = scheduling.schedule(city, PLANNER, drawn(city, Rename(SECOND, "晚")).id, soon(7200))
    early = scheduling.schedule(city, PLANNER, drawn(city).id, soon(3600))
    for until, plans, name in ((soon(3700), [early.id], None), (soon(7300), [early.id, late.id], "晚")):
        edition = calendar.edition_at(city, until)
        assert edition.forecast is not None
        assert [one.plan for one in edition.forecast.plans] == plans
        assert areas.place(city, NEW, edition).name == "北片网格"
        assert edition.forecast.id_of(areas.place(city, NEW, edition).id) is None
        assert name in (None, areas.place(city, SECOND, edition).name)
        assert areas.place(city, LAST, edition) == areas.place(city, LAST, areas.current(city))


def test_a_plan_that_could_not_come_into_force_is_left_out_and_says_why(city: sa.Connection) -> None:
    plan = scheduling.schedule(city, PLANNER, drawn(city).id, soon(3600))
    reservations.free(city, plan.id)  # as when a rule changed while it waited
    previews.publish(city, PLANNER, drawn(city, Rename(FIRST, "抢先")).id)
    edition = calendar.edition_at(city, soon(3700))
    assert edition.forecast is not None
    assert not edition.forecast.plans
    assert [(one.plan, "changed since plan" in one.why) for one in edition.forecast.omitted] == [(plan.id, True)]
    alike(seen(city, edition), seen(city, areas.current(city)))


def test_ground_that_moves_between_communities_moves_their_borders_in_the_forecast(city: sa.Connection) -> None:
    drawing = shapely.box(WEST + 0.5 * WIDE, SOUTH + 0.2 * HIGH, WEST + 1.5 * WIDE, SOUTH + 0.7 * HIGH)
    plan = drawn(city, Transfer(drawing, FIRST))
    scheduling.schedule(city, PLANNER, plan.id, soon(3600))
    forecast = calendar.edition_at(city, soon(3700))
    was, now = (areas.place(city, COMMUNITIES[1], one).area_m2 for one in (areas.current(city), forecast))
    assert now < was
    shown = seen(city, forecast)
    reviews.publish(city, CLOCK, plan.id)
    alike(shown, seen(city, areas.current(city)))


def test_a_forecast_is_worked_out_once(city: sa.Connection) -> None:
    scheduling.schedule(city, PLANNER, drawn(city).id, soon(3600))
    first, again = (calendar.edition_at(city, soon(3700 + more)) for more in (0, 60))
    assert first.forecast is again.forecast
    assert replace(first, forecast=None) == areas.current(city)


def test_the_clock_brings_about_what_was_foretold(fresh_engine: sa.Engine) -> None:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        plan = scheduling.schedule(connection, PLANNER, drawn(connection, Merge((FIRST, SECOND), FIRST)).id, soon(5))
        shown = seen(connection, calendar.edition_at(connection, soon(6)))
        back = sa.text("UPDATE plans SET effective_at = :hour WHERE id = :id")
        connection.execute(back, {"hour": datetime.now(UTC), "id": plan.id})
    assert [came.edition for came in scheduling.bring_into_force(fresh_engine)] == [2]
    with db.read(fresh_engine) as connection:
        alike(shown, seen(connection, areas.current(connection)))


def test_the_command_line_foretells_whose_ground_a_point_will_be(
    fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import cli

    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    hour = soon(3600)
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        plan = scheduling.schedule(connection, PLANNER, drawn(connection).id, hour)
    place = [str(WEST + WIDE / 2), str(SOUTH + 0.8 * HIGH)]
    said = [
        CliRunner().invoke(cli.build(), ["locate", *place, *more]).stdout for more in ([], ["--at", hour.isoformat()])
    ]
    assert [NEW in one for one in said] == [False, True]
    assert [f"预测 forecast: {plan.id} 调整" in one for one in said] == [False, True]
