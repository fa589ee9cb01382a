"""Runs: what is found is stored as spans, nothing changed makes no new run, and a part looked at is as good as all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa

from geo import revisions
from geo.actors import Actor
from geo.buildings import pinning
from geo.coverage import histories, rulebooks, running, runs
from geo.entities import ENTITIES, loading
from geo.entities.loading import Intake
from geo.errors import Unknown
from tests.covered import enter
from tests.small_city import COMMUNITIES, SPLIT_OFF, cell_centre, publish_small_city
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
    plain = {"reference": reference, "name": reference, "lonlat": cell_centre(*at), "surveyed_on": SURVEYED}
    return plain | told


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


def statements_of_a_look(connection: sa.Connection) -> int:
    """How many statements a look sends, and that it found something."""
    sent = []

    def note(*told: object) -> None:
        sent.append(told[2])

    sa.event.listen(connection, "before_cursor_execute", note)
    try:
        _, is_new = running.run(connection, ACTOR, ON)
    finally:
        sa.event.remove(connection, "before_cursor_execute", note)
    assert is_new
    return len(sent)


@pytest.mark.parametrize(("crowd", "most"), [(1, 25), (12, 29), (120, 35)])
def test_a_look_after_one_change_sends_few_statements_however_many_stand_beside(
    city: sa.Connection, crowd: int, most: int
) -> None:
    stand(city, [box(0, 0)])
    building = city.scalar(sa.text("SELECT id FROM buildings"))
    there = [unit(f"u{at}", (0, 0), building_id=building, members=2) for at in range(crowd)]
    enter(city, "units", *there)
    running.run(city, ACTOR, ON)
    enter(city, "units", there[0] | {"members": 1})
    assert statements_of_a_look(city) <= most


def test_a_border_redrawn_takes_units_and_figures_along_and_totals_stay(city: sa.Connection) -> None:
    x, y = cell_centre(0, 0)
    east, west = (x + 2e-3, y), (x - 2e-3, y)
    stand(city, [shapely.box(east[0] - 1e-4, y - 1e-4, east[0] + 1e-4, y + 1e-4)])
    building = city.scalar(sa.text("SELECT id FROM buildings"))
    enter(
        city,
        "units",
        unit("east", (0, 0), lonlat=east, building_id=building, members=4, workers=30),
        unit("west", (0, 0), lonlat=west, members=0, workers=5),
    )
    before, _ = running.run(city, ACTOR, ON)
    publish_small_city(city, 2)
    after, _ = running.run(city, ACTOR, ON)
    assert (after.kind, after.edition) == ("partial", 2)
    assert {name: after.counts[name] for name in ("units", "buildings")} == {
        name: before.counts[name] for name in ("units", "buildings")
    }
    told = city.execute(
        sa.text(
            "SELECT c.code, s.units, s.workers FROM grid_states AS s JOIN codes AS c ON c.id = s.grid_id "
            "WHERE s.last_run IS NULL AND s.units <> '{}' ORDER BY c.code"
        )
    ).all()
    assert [tuple(row) for row in told] == [
        (COMMUNITIES[0] + "001", {"P3": 1}, {"P3": 5}),
        (SPLIT_OFF, {"P1": 1}, {"P1": 30}),
    ]
    assert histories.trend(city, COMMUNITIES[0])[0].units == histories.trend(city, COMMUNITIES[0])[1].units


def test_rows_that_came_by_files_are_looked_at_again_in_part(fresh_engine: sa.Engine, tmp_path: Path) -> None:
    x, y = cell_centre(0, 0)
    with fresh_engine.begin() as connection:
        publish_small_city(connection)

    def load_and_run(members: int) -> tuple[runs.Run, bool]:
        path = tmp_path / f"units-{members}.csv"
        head = "reference,name,lon,lat,members,surveyed_on\n"
        path.write_text(f"{head}a,甲,{x},{y},{members},2026-09-30\n", encoding="utf-8")
        intake = Intake(ENTITIES["units"], path, datum="wgs84", source="s", commit=True)
        with fresh_engine.begin() as connection:
            assert loading.load(connection, ACTOR, intake).is_kept
        with fresh_engine.begin() as connection:
            return running.run(connection, ACTOR, ON)

    first, _ = load_and_run(0)
    second, _ = load_and_run(4)
    assert (first.counts["units"], second.counts["units"], second.kind) == ({"P3": 1}, {"P1": 1}, "partial")
    assert load_and_run(4) == (second, False)


def test_other_rules_make_a_run_of_everything(city: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(city, "units", unit("a", (0, 0), members=4))
    first, _ = running.run(city, ACTOR, ON)
    book = rulebooks.current()
    stricter = replace(
        book, thresholds=replace(book.thresholds, must_form_members=5, joint_min_members=5), fingerprint="0" * 12
    )
    monkeypatch.setattr(rulebooks, "current", lambda: stricter)
    second, is_new = running.run(city, ACTOR, ON)
    assert (is_new, second.kind, second.rules) == (True, "full", "0" * 12)
    assert (first.counts["units"], second.counts["units"]) == ({"P1": 1}, {"P3": 1})
    assert runs.is_stale(city, first)


def test_a_noun_that_changed_without_a_mark_costs_a_run_of_everything(city: sa.Connection) -> None:
    (number,) = enter(city, "units", unit("a", (0, 0), members=4))
    running.run(city, ACTOR, ON)
    city.execute(sa.text("UPDATE units SET members = 0 WHERE id = :id"), {"id": number})
    revisions.raise_(city, "units")
    found, is_new = running.run(city, ACTOR, ON)
    assert (is_new, found.kind, found.counts["units"]) == (True, "full", {"P3": 1})


def test_units_go_with_the_grid_of_the_building_they_are_in(city: sa.Connection) -> None:
    x, y = cell_centre(0, 0)
    stand(city, [shapely.box(x + 3e-3, y, x + 6.5e-3, y + 1e-4)])  # astride the border of two communities
    number, grid = city.execute(sa.text("SELECT id, grid_id FROM buildings")).one()
    enter(city, "units", unit("a", (0, 0), lonlat=(x + 4e-3, y), building_id=number, members=4))
    city.execute(sa.text("UPDATE units SET grid_id = :grid"), {"grid": grid})
    running.run(city, ACTOR, ON)
    other = city.scalar(
        sa.text(
            "SELECT c.code FROM grids g JOIN codes c ON c.id = g.id JOIN buildings b ON ST_Intersects(g.geom, b.geom) "
            "WHERE g.id <> b.grid_id"
        )
    )
    assert other is not None
    pinning.pin(city, ACTOR, number, other)
    found, _ = running.run(city, ACTOR, ON)
    assert found.kind == "partial"
    there = sa.text("SELECT c.code FROM unit_states s JOIN codes c ON c.id = s.grid_id WHERE s.last_run IS NULL")
    assert list(city.scalars(there)) == [other]
