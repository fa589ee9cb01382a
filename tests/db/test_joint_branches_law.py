"""The law of joint branches as they are stored: a run after changes leaves what a run of everything would."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.actors import Actor
from geo.coverage import running
from geo.coverage.joint import parts, renewing
from tests.covered import enter, remove
from tests.small_city import COLUMNS, HIGH, ROWS, SOUTH, WEST, WIDE, publish_small_city

ACTOR = Actor("tests")
ON = date(2026, 11, 22)
UNITS = 90


@pytest.fixture(scope="module")
def city_engine(engine: sa.Engine) -> sa.Engine:
    """The small city, published once."""
    with engine.begin() as connection:
        publish_small_city(connection)
    return engine


def unit(random: np.random.Generator, number: int) -> dict[str, object]:
    """A unit that may join a branch, somewhere in a crowd; some are nowhere."""
    x, y = random.random(2)
    place = (WEST + float(x) * COLUMNS * WIDE, SOUTH + float(y) * ROWS * HIGH)
    return {
        "reference": f"u{number}",
        "lonlat": place if random.random() < 0.95 else None,
        "members": int(random.integers(1, 3)),
        "surveyed_on": ON,
        "industry": ["software", "trade"][int(random.integers(2))],
    }


def stored(connection: sa.Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM joint_candidates ORDER BY unit_id"))]


@given(seed=st.integers(0, 2**32), smaller=st.sampled_from([(3, 8), (8, 20), (64, 256)]))
@hypothesis_settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_joint_branches_after_changes_are_those_of_a_run_of_everything(
    city_engine: sa.Engine, seed: int, smaller: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    with pytest.MonkeyPatch.context() as patch, city_engine.connect() as connection:
        transaction = connection.begin()
        for module in (parts, renewing):
            patch.setattr(module, "WHOLE", smaller[0])
            patch.setattr(module, "MOST", smaller[1])
        enter(connection, "units", *(unit(random, number) for number in range(UNITS)))
        first, _ = running.run(connection, ACTOR, ON)
        assert sum(first.counts["groups"].values()) > 5
        for _ in range(4):
            some = random.choice(UNITS, int(random.integers(1, 4)), replace=False).tolist()
            enter(connection, "units", *(unit(random, number) for number in some))
            ids = connection.scalars(sa.text("SELECT id FROM units ORDER BY id")).all()
            remove(connection, "units", ids[int(random.integers(len(ids)))])
            found, _ = running.run(connection, ACTOR, ON)
            assert found.kind == "partial"
            before, nested = stored(connection), connection.begin_nested()
            whole, _ = running.run(connection, ACTOR, ON, full=True)
            assert (whole.counts, whole.changed["groups"]) == (found.counts, 0)
            assert stored(connection) == before
            nested.rollback()
        transaction.rollback()
