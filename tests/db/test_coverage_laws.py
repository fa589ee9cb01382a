"""The law of runs: what a run after some changes leaves is what a run of everything from scratch would find."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.actors import Actor
from geo.buildings import pinning
from geo.coverage import running
from geo.coverage.units import METHODS
from tests.covered import enter, remove
from tests.small_city import COLUMNS, HIGH, ROWS, SOUTH, WEST, WIDE, publish_small_city
from tests.standing import stand
from tests.undone import undone

ACTOR = Actor("tests")
ON = date(2026, 11, 22)
UNITS, RECORDS, ORGANISATIONS = 24, 14, 5


@pytest.fixture(scope="module")
def city_engine(engine: sa.Engine) -> sa.Engine:
    """The small city, published once; each example lays its rows on it and takes them away."""
    with engine.begin() as connection:
        publish_small_city(connection)
    return engine


class City:
    """The small city with buildings, districts, units and records, all drawn from one seed, dated around a day."""

    def __init__(self, connection: sa.Connection, seed: int, on: date = ON) -> None:
        self.connection, self.rng, self.on = connection, np.random.default_rng(seed), on
        x, y = self.spots(8)
        stand(connection, shapely.box(x, y, x + self.rng.choice([2e-4, 8e-3], 8), y + 2e-4))
        self.buildings = list(connection.scalars(sa.text("SELECT id FROM buildings ORDER BY id")))
        for number in range(3):
            self.district(number)
        for number in range(ORGANISATIONS):
            self.organisation(number)
        self.units = [self.unit(number) for number in range(UNITS)]
        for number in range(RECORDS):
            self.record(number)

    def spots(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        x, y = self.rng.uniform(-0.02, 1.02, (2, n))
        return WEST + x * COLUMNS * WIDE, SOUTH + y * ROWS * HIGH

    def day(self, share_none: float = 0.1) -> date | None:
        return None if self.rng.random() < share_none else self.on - timedelta(days=int(self.rng.integers(-20, 420)))

    def pick(self, *values: object) -> object:
        return values[int(self.rng.integers(len(values)))]

    def unit(self, number: int) -> int:
        x, y = self.spots(1)
        row = {
            "reference": f"u{number}",
            "building_id": self.pick(None, *self.buildings),
            "lonlat": self.pick(None, (float(x[0]), float(y[0])), (float(x[0]), float(y[0]))),
            "members": self.pick(None, 0, 1, 1, 2, 2, 3, 7),
            "workers": self.pick(None, 1, 30),
            "operating": self.pick(None, True, True, False),
            "surveyed_on": self.day(),
            "industry": self.pick(None, "software", "trade"),
        }
        return enter(self.connection, "units", row)[0]

    def record(self, number: int) -> None:
        grid = self.connection.scalar(sa.text("SELECT id FROM grids ORDER BY random() LIMIT 1"))
        row = {
            "reference": f"r{number}",
            "unit_id": self.pick(None, *self.units, *self.units),
            "building_id": self.pick(None, *self.buildings),
            "grid_id": self.pick(None, grid),
            "organisation_id": self.pick(None, *self.organisations),
            "method": self.pick(*METHODS),
            "evidence_on": self.day(),
            "since": self.day(0.6),
            "until": self.day(0.8),
        }
        enter(self.connection, "coverage_records", row)

    @property
    def organisations(self) -> list[int]:
        return list(self.connection.scalars(sa.text("SELECT id FROM party_organisations ORDER BY id")))

    def organisation(self, number: int) -> None:
        grid = self.connection.scalar(sa.text("SELECT id FROM grids ORDER BY id LIMIT 1"))
        kind = self.pick("branch", "joint_branch", "committee", "grid_branch")
        row = {"reference": f"o{number}", "kind": kind, "members": self.pick(None, 3, 60), "place_id": grid}
        enter(self.connection, "party_organisations", row)

    def district(self, number: int) -> None:
        x, y = self.spots(1)
        wide = float(self.pick(4e-3, 1.2e-2))
        ground = shapely.box(x[0], y[0], x[0] + wide, y[0] + wide)
        enter(self.connection, "business_districts", {"reference": f"d{number}", "name": "园", "ground": ground})

    def slots(self) -> None:
        grid = self.connection.scalar(sa.text("SELECT id FROM grids ORDER BY random() LIMIT 1"))
        row = {"reference": "s", "place_id": grid, "line": "grid", "time": self.pick("full", "part"), "slots": 2}
        enter(self.connection, "staff_slots", row | {"filled": self.pick(0, 2), "as_of": self.day()})

    def pin(self) -> None:
        number = self.pick(*self.buildings)
        pinning.unpin(self.connection, ACTOR, number)
        code = self.connection.scalar(
            sa.text("SELECT c.code FROM buildings b JOIN codes c ON c.id = b.grid_id WHERE b.id = :id"), {"id": number}
        )
        if code:
            pinning.pin(self.connection, ACTOR, number, code)

    def change(self, kind: str, number: int) -> None:
        """One change of the rows that runs read."""
        if kind == "unit":
            self.unit(number % UNITS)
        elif kind == "record":
            self.record(number % RECORDS)
        elif kind == "no record":
            rows = list(self.connection.scalars(sa.text("SELECT id FROM coverage_records ORDER BY id")))
            remove(self.connection, "coverage_records", *rows[:1])
        elif kind == "organisation":
            self.organisation(number % ORGANISATIONS)
        elif kind == "district":
            self.district(number % 3)
        elif kind == "slots":
            self.slots()
        elif kind == "pin":
            self.pin()


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
