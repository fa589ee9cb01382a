"""Published cities filled with all that coverage is decided by, seeded."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.buildings import pinning
from geo.coverage.units import METHODS
from tests.covered import enter, remove
from tests.standing import stand

ACTOR = Actor("tests")
ON = date(2026, 11, 22)
UNITS, RECORDS, ORGANISATIONS = 24, 14, 5

IN_BUILDINGS = """
UPDATE units AS u SET grid_id = b.grid_id, community_id = b.community_id FROM buildings AS b WHERE b.id = u.building_id
"""
"""As loading leaves it, and the made city does not: a unit in a building is in its grid."""


class City:
    """A published city with buildings, districts, units and records, all drawn from one seed, dated around a day."""

    def __init__(self, connection: sa.Connection, seed: int, on: date = ON) -> None:
        self.connection, self.rng, self.on = connection, np.random.default_rng(seed), on
        ground = areas.geometry(connection, areas.city(connection).code, areas.current(connection))
        self.box = np.array(shapely.bounds(ground)).reshape(2, 2)
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
        """Places in the city and somewhat around it: degrees east, and north."""
        (west, south), (east, north) = self.box
        x, y = self.rng.uniform(-0.02, 1.02, (2, n))
        return west + x * (east - west), south + y * (north - south)

    @property
    def grids(self) -> list[int]:
        return list(self.connection.scalars(sa.text("SELECT DISTINCT id FROM grids ORDER BY id")))

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
        grid = self.pick(*self.grids)
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
        grid = self.grids[0]
        kind = self.pick("branch", "joint_branch", "committee", "grid_branch")
        row = {"reference": f"o{number}", "kind": kind, "members": self.pick(None, 3, 60), "place_id": grid}
        enter(self.connection, "party_organisations", row)

    def district(self, number: int) -> None:
        x, y = self.spots(1)
        wide = float(self.pick(4e-3, 1.2e-2))
        ground = shapely.box(x[0], y[0], x[0] + wide, y[0] + wide)
        enter(self.connection, "business_districts", {"reference": f"d{number}", "name": "园", "ground": ground})

    def slots(self) -> None:
        grid = self.pick(*self.grids)
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


def inhabit(connection: sa.Connection, seed: int, today: date) -> None:
    """A city of units, and of grids that have branches, posts and records of their own, or some, or none."""
    city = City(connection, seed, today)
    connection.execute(sa.text(IN_BUILDINGS))
    for number in range(12):
        x, y = city.spots(1)
        few = {"members": int(city.rng.integers(1, 3)), "surveyed_on": today, "workers": 9}
        enter(connection, "units", {"reference": f"few {number}", "lonlat": (float(x[0]), float(y[0])), **few})
    for grid in connection.scalars(sa.text("SELECT id FROM grids ORDER BY id")).all():
        about = {"grid_id": grid, "method": city.pick(*METHODS), "evidence_on": city.day(0.3)}
        organised = {"kind": "grid_branch", "place_id": grid, "members": city.pick(None, 3, 60)}
        post = {"place_id": grid, "line": "grid", "time": city.pick("full", "full", "part"), "filled": city.pick(0, 1)}
        if city.pick(True, False):
            enter(connection, "coverage_records", {"reference": f"of {grid}", **about})
        if city.pick(True, False):
            enter(connection, "party_organisations", {"reference": f"of {grid}", "name": "支部", **organised})
        if city.pick(True, False):
            enter(connection, "staff_slots", {"reference": f"of {grid}", "as_of": city.day(0.3), "slots": 1, **post})
