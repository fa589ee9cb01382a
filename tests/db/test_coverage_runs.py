"""Runs: what is found is stored as spans, nothing changed makes no new run, and a part looked at is as good as all."""

from __future__ import annotations

from datetime import date

import pytest
import shapely
import sqlalchemy as sa

from geo.actors import Actor
from geo.coverage import running, runs
from geo.errors import Unknown
from tests.covered import enter
from tests.small_city import cell_centre, publish_small_city
from tests.standing import stand

ACTOR = Actor("tests")
ON = date(2026, 11, 22)
SURVEYED = date(2026, 9, 30)


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


def box(column: int, row: int, half: float = 2e-4) -> shapely.Polygon:
    x, y = cell_centre(column, row)
    return shapely.box(x - half, y - half, x + half, y + half)


def unit(reference: str, at: tuple[int, int], **told: object) -> dict[str, object]:
    return {"reference": reference, "name": reference, "lonlat": cell_centre(*at), "surveyed_on": SURVEYED, **told}


def codes_of(connection: sa.Connection) -> dict[str, str]:
    query = "SELECT u.reference, s.code FROM unit_states s JOIN units u ON u.id = s.unit_id WHERE s.last_run IS NULL"
    return {row.reference: row.code for row in connection.execute(sa.text(query))}


def test_before_the_first_run_there_is_none(city: sa.Connection) -> None:
    assert runs.last(city) is None
    with pytest.raises(Unknown, match="not been looked for"):
        runs.numbered(city)


def test_a_run_finds_every_unit_building_and_grid(city: sa.Connection) -> None:
    stand(city, [box(0, 0), box(1, 0)])
    first, second = city.scalars(sa.text("SELECT id FROM buildings ORDER BY id"))
    enter(
        city,
        "units",
        unit("must", (0, 0), building_id=first, workers=40, members=4),
        unit("none", (0, 0), building_id=first, workers=7, members=0),
        unit("unknown", (1, 0), building_id=second, surveyed_on=None),
        unit("closed", (1, 0), building_id=second, operating=False),
    )
    found, is_new = running.run(city, ACTOR, ON)
    assert is_new
    assert (found.number, found.kind, found.day, found.surveyed_until) == (1, "full", ON, SURVEYED)
    assert codes_of(city) == {"must": "P1", "none": "P3", "unknown": "U"}
    assert found.counts == {
        "units": {"P1": 1, "P3": 1, "U": 1},
        "buildings": {"P1": 1, "U": 1},
        "grids": {"G1": 1, "U": 12},
        "groups": {},
    }
    row = city.execute(sa.text("SELECT * FROM building_states WHERE code = 'P1'")).one()
    assert (row.units, row.workers) == ({"P1": 1, "P3": 1}, {"P1": 40, "P3": 7})
    assert row.score == pytest.approx(40 * 1.0 + 7 * 0.6)


def test_nothing_changed_makes_no_new_run(city: sa.Connection) -> None:
    enter(city, "units", unit("a", (0, 0), members=4))
    first, _ = running.run(city, ACTOR, ON)
    again, is_new = running.run(city, ACTOR, ON)
    assert (again, is_new) == (first, False)
    assert city.scalar(sa.text("SELECT count(*) FROM coverage_runs")) == 1


def test_what_changed_opens_a_new_span_and_the_rest_stays(city: sa.Connection) -> None:
    enter(city, "units", unit("a", (0, 0), members=4), unit("b", (3, 0), members=0))
    running.run(city, ACTOR, ON)
    enter(city, "units", unit("a", (0, 0), members=5))
    found, is_new = running.run(city, ACTOR, date(2026, 11, 23))
    assert is_new
    spans = city.execute(
        sa.text(
            "SELECT u.reference, s.code, s.seen_on, s.first_run, s.last_run, s.members FROM unit_states s "
            "JOIN units u ON u.id = s.unit_id ORDER BY 1, 4"
        )
    ).all()
    assert [tuple(row) for row in spans] == [
        ("a", "P1", ON, 1, 2, 4),
        ("a", "P1", ON, 2, None, 5),
        ("b", "P3", ON, 1, None, 0),
    ]
    assert found.changed["units"] == 1


def groups_of(connection: sa.Connection) -> set[frozenset[str]]:
    query = (
        "SELECT array_agg(u.reference) AS units FROM joint_groups AS g JOIN joint_members AS m ON m.group_id = g.id "
        "JOIN units AS u ON u.id = m.unit_id WHERE g.last_run IS NULL GROUP BY g.id"
    )
    return {frozenset(units) for units in connection.scalars(sa.text(query))}


def test_joint_branches_are_kept_and_found_anew_where_a_unit_changed(city: sa.Connection) -> None:
    there = [unit(f"west {at}", (0, 0), members=1) for at in range(3)] + [unit("alone", (0, 2), members=2)]
    enter(city, "units", *there, *(unit(f"east {at}", (3, 0), members=2) for at in range(2)))
    first, _ = running.run(city, ACTOR, ON)
    west, east = frozenset(f"west {at}" for at in range(3)), frozenset(f"east {at}" for at in range(2))
    assert groups_of(city) == {west, east}
    assert first.counts["groups"] == {"reach": 2}
    enter(city, "units", unit("west 0", (0, 0), members=3))
    second, _ = running.run(city, ACTOR, ON)
    assert second.kind == "partial"
    assert groups_of(city) == {east}
    assert codes_of(city)["west 1"] == "P3"
    enter(city, "units", unit("west 0", (0, 0), members=2))
    running.run(city, ACTOR, ON)
    assert groups_of(city) == {west, east}
