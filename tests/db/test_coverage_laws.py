"""The law of runs: what a run after some changes leaves is what a run of everything from scratch would find."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.coverage import running
from tests.inhabited import ACTOR, ON, City
from tests.small_city import publish_small_city
from tests.undone import undone


@pytest.fixture(scope="module")
def city_engine(engine: sa.Engine) -> sa.Engine:
    """The small city, published once; each example lays its rows on it and takes them away."""
    with engine.begin() as connection:
        publish_small_city(connection)
    return engine


CHANGES = ["unit", "unit", "record", "no record", "organisation", "district", "slots", "pin", "day"]


def assert_as_from_scratch(connection: sa.Connection, day: date) -> None:
    before, _ = running.run(connection, ACTOR, day)
    nested = connection.begin_nested()
    whole, _ = running.run(connection, ACTOR, day, full=True)
    assert whole.counts == before.counts
    assert {name: number for name, number in whole.changed.items() if number} == {}
    nested.rollback()


@given(seed=st.integers(0, 2**32), steps=st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 99)), max_size=6))
@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_part_looked_at_is_as_good_as_all(city_engine: sa.Engine, seed: int, steps: list[tuple[str, int]]) -> None:
    with undone(city_engine) as connection:
        city, day = City(connection, seed), ON
        first, _ = running.run(connection, ACTOR, day)
        assert first.kind == "full"
        for kind, number in steps:
            if kind == "day":
                day = ON + timedelta(days=number * 5 - 100)
            city.change(kind, number)
            found, is_new = running.run(connection, ACTOR, day)
            assert not is_new or found.kind == "partial"
            assert_as_from_scratch(connection, day)


@given(seed=st.integers(0, 2**32))
@hypothesis_settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_border_redrawn_is_followed_by_a_part_and_totals_stay(city_engine: sa.Engine, seed: int) -> None:
    with undone(city_engine) as connection:
        city = City(connection, seed)
        first, _ = running.run(connection, ACTOR, ON)
        publish_small_city(connection, 2)
        found, _ = running.run(connection, ACTOR, ON)
        assert (found.kind, found.edition) == ("partial", 2)
        assert found.counts["units"] == first.counts["units"]
        assert_as_from_scratch(connection, ON)
        city.change("unit", 1)
        assert_as_from_scratch(connection, ON)


def test_the_seeded_city_shows_nearly_every_state(city_engine: sa.Engine) -> None:
    states: set[str] = set()
    for seed in range(6):
        with undone(city_engine) as connection:
            City(connection, seed)
            found, _ = running.run(connection, ACTOR, ON)
            states |= found.counts["units"].keys()
    assert {"U", "covered", "P5", "P1", "P2", "P3", "work"} <= states
