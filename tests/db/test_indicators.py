"""Indicators on a city whose registers are known by heart, and the laws every one of them keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
import sqlalchemy as sa

from geo import areas
from geo.coverage import running
from geo.coverage.indicators import registry
from geo.coverage.matrix import Posts, matrix
from geo.coverage.values import Parts, Reader, Values, told
from tests.covered import enter
from tests.registered import ACTOR, NOW, ON, place, register, unit
from tests.small_city import CITY, COMMUNITIES, SUBDISTRICTS, publish_small_city

GRID_LEVEL = 4


@pytest.fixture(scope="module")
def reader(engine: sa.Engine) -> Iterator[Reader]:
    with engine.begin() as connection:
        register(connection)
    with engine.connect() as connection:
        yield Reader(connection, areas.current(connection), NOW)


def test_what_is_kept_of_an_edition_is_told_again_and_never_added_to(reader: Reader) -> None:
    keys = ["grid-coverage", "incidents", "organisational-coverage"]
    again = [Reader(reader.connection, reader.edition, NOW) for _ in range(2)]
    first, second = ({key: told(one, key, GRID_LEVEL - 1) for key in keys} for one in again)
    for key in keys:
        assert first[key].places == second[key].places
        assert all(
            (getattr(first[key].rows, name) == getattr(second[key].rows, name)).all() for name in Parts.__annotations__
        )
    fresh = Reader(reader.connection, reader.edition, NOW)
    assert "incidents" not in fresh.totals.columns
    assert fresh.on_level(GRID_LEVEL) == areas.on_level(reader.connection, GRID_LEVEL, reader.edition)
    assert fresh.on_level(1) == areas.on_level(reader.connection, 1, reader.edition)


def parts(found: Values, code: str) -> tuple[float, float, float, float]:
    """``of``, ``among``, ``unknown`` and ``whole`` of a place, on the level or above."""
    for places, told_of in ((found.places, found.rows), (found.above, found.upper)):
        for at, one in enumerate(places):
            if one.code == code:
                return told_of.of[at], told_of.among[at], told_of.unknown[at], told_of.whole[at]
    raise AssertionError(code)


CITY_WIDE = {
    "organisational-coverage": (1, 4, 1, 5),
    "organisational-coverage-workers": (60, 140, 90, 230),
    "work-coverage": (2, 4, 1, 5),
    "work-coverage-workers": (90, 140, 90, 230),
    "standalone-rate": (1, 4, 1, 5),
    "must-form-gap": (2, 3, 1, 5),
    "reachable-gap": (2, 4, 1, 5),
    "on-paper": (0, 4, 1, 5),
    "surveyed": (4, 5, 0, 0),
    "surveyed-workers": (140, 230, 0, 0),
    "isolated-organisations": (1, 3, 1, 4),
    "grids-with-branch": (1, 2, 10, 12),
    "staffing": (6, 8, 10, 12),
    "staffing-full-time": (5, 7, 10, 12),
    "staffing-part-time": (1, 1, 10, 12),
    "staffing-grid": (2, 3, 10, 12),
    "staffing-police": (1, 1, 10, 12),
    "staffing-party": (3, 4, 10, 12),
    "service-points": (2, 0, 0, 0),
    "service-points-residents": (1, 1000, 12, 13),
    "service-points-households": (2, 700, 11, 13),
    "report-in-met": (15, 20, 3, 4),
    "report-in-members": (40, 20, 3, 4),
    "pairings": (2, 0, 0, 0),
    "deliberations": (11, 0, 0, 0),
    "deliberations-resolved": (8, 9, 2, 11),
    "deliberations-estate": (4, 3, 0, 0),
    "owners-committee": (1, 2, 1, 3),
    "member-majority": (1, 1, 1, 3),
    "property-party": (1, 1, 2, 3),
    "property-branch": (1, 1, 2, 3),
    "mediation": (1, 2, 1, 3),
    "reserved-floor-met": (2, 3, 1, 4),
    "reserved-floor": (120, 400, 1, 4),
    "households": (700, 0, 11, 13),
    "residents": (1000, 0, 12, 13),
    "firms": (25, 0, 11, 13),
    "workers": (350, 0, 11, 13),
    "incidents": (4, 0, 0, 0),
    "open-calls": (1, 0, 0, 0),
    "calls-answered": (1, 2, 0, 0),
    "overdue": (1, 2, 1, 3),
    "not-admitted": (2, 3, 1, 4),
}


@pytest.mark.parametrize("key", CITY_WIDE)
def test_the_city_has_the_parts_counted_by_hand(reader: Reader, key: str) -> None:
    assert parts(told(reader, key, 3), CITY) == pytest.approx(CITY_WIDE[key])


@pytest.mark.parametrize("key", registry())
def test_a_place_has_what_its_children_have_and_what_it_is_told_of_itself(reader: Reader, key: str) -> None:
    told(reader, key, GRID_LEVEL)
    indicator, totals = registry()[key], reader.totals
    parent = {row[row > 0][-1]: (row[row > 0][-2] if (row > 0).sum() > 1 else 0) for row in totals.tree.above}
    above = np.array([parent[one] for one in totals.tree.ids.tolist()])
    for name in indicator.columns:
        column = totals.columns[name]
        children = np.array([column.of_place[above == one].sum() for one in totals.tree.ids.tolist()])
        np.testing.assert_allclose(column.of_place, children + column.own, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("key", registry())
def test_every_level_adds_up_to_the_city_with_what_is_told_of_higher_places_only(reader: Reader, key: str) -> None:
    of, among, *_ = parts(told(reader, key, 1), CITY)
    for level in range(GRID_LEVEL + 1):
        found = told(reader, key, level)
        assert found.rows.of.sum() + found.held[0] == pytest.approx(of)
        assert found.rows.among.sum() + found.held[1] == pytest.approx(among)


@pytest.mark.parametrize("key", [key for key, one in registry().items() if one.kind == "share"])
@pytest.mark.parametrize("level", range(GRID_LEVEL + 1))
def test_a_share_is_one_of_its_whole_and_what_is_unknown_is_in_neither_part(
    reader: Reader, key: str, level: int
) -> None:
    found = told(reader, key, level)
    rows: Parts = found.rows
    assert (rows.of <= rows.among + 1e-6).all()
    assert (rows.unknown <= rows.whole).all()
    there = rows.among > 0
    assert np.isnan(found.value[~there]).all()
    assert ((found.value[there] >= 0) & (found.value[there] <= 1)).all()
    if registry()[key].tallies == ("run",) and rows.whole.any() and key != "must-form-gap":
        assert (rows.among + rows.unknown <= rows.whole + 1e-6).all()


def test_an_unknown_unit_adds_to_neither_side_and_everything_known_to_one(reader: Reader) -> None:
    found = told(reader, "organisational-coverage", GRID_LEVEL)
    of, among, unknown, whole = parts(found, COMMUNITIES[0] + "002")
    assert (of, among, unknown, whole) == (0, 1, 1, 2)


def test_where_nothing_can_be_a_share_there_is_no_value_and_it_is_not_nought(reader: Reader) -> None:
    found = told(reader, "organisational-coverage", 3)
    at = [place.code for place in found.places].index(COMMUNITIES[1])
    assert np.isnan(found.value[at])
    assert not found.is_unknown[at]
    assert found.is_scarce[0]


def test_a_place_of_which_too_little_is_known_is_unknown(reader: Reader) -> None:
    found = told(reader, "households", 3)
    assert found.is_unknown.tolist() == [False, True, True, True]
    assert np.isnan(found.value[1])


def test_posts_told_of_a_community_are_not_handed_to_its_grids(reader: Reader) -> None:
    found = told(reader, "staffing-party", GRID_LEVEL)
    assert found.rows.of.sum() == 0
    assert found.held == (3, 4)
    assert parts(found, COMMUNITIES[0])[:2] == (3, 4)


def test_the_staffing_matrix_adds_up_to_its_indicators(reader: Reader) -> None:
    found = matrix(reader, place(reader.connection, COMMUNITIES[0]))
    assert found.lines["grid"]["full"] == Posts(slots=3, filled=2)
    assert found.lines["police"]["part"] == Posts(slots=1, filled=1)
    assert found.lines["party"]["full"] == Posts(slots=4, filled=3)
    of, among, *_ = parts(told(reader, "staffing", 3), COMMUNITIES[0])
    every = [one for times in found.lines.values() for one in times.values()]
    assert (sum(one.filled for one in every), sum(one.slots for one in every)) == (of, among)


def test_what_is_told_of_a_subdistrict_stands_there_and_above(reader: Reader) -> None:
    found = told(reader, "deliberations", 3)
    assert parts(found, COMMUNITIES[0])[0] == 6
    assert parts(found, SUBDISTRICTS[0])[0] == 11
    assert found.held[0] == 5


def test_values_say_their_run_and_their_dates(reader: Reader) -> None:
    found = told(reader, "work-coverage", 2)
    assert found.run is not None
    assert (found.run.day, found.dated, found.until) == (ON, "survey", "2026-09-30")
    assert told(reader, "households", 2).since == told(reader, "households", 2).until == "2026-06-01"


# -- several editions --------------------------------------------------------------------------------------------------
@pytest.fixture
def own(fresh_engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to a database of the test's own."""
    with fresh_engine.begin() as connection:
        yield connection


def test_an_earlier_run_is_told_beside_on_the_borders_of_today(own: sa.Connection) -> None:
    publish_small_city(own)
    ids = enter(own, "units", unit("a", (0, 0), members=4), unit("b", (0, 0), members=4))
    running.run(own, ACTOR, date(2026, 10, 1))
    publish_small_city(own, edition=2)
    enter(
        own,
        "coverage_records",
        {"unit_id": ids[0], "method": "own", "evidence_on": date(2026, 11, 1), "since": date(2026, 11, 1)},
    )
    running.run(own, ACTOR, ON)
    found = told(Reader(own, areas.current(own), NOW), "organisational-coverage", 3)
    assert found.before is not None
    assert (found.before.run.number, found.before.run.edition) == (1, 1)
    assert (found.rows.of[0], found.rows.among[0]) == (1, 2)
    assert (found.before.rows.of[0], found.before.rows.among[0]) == (0, 2)


def test_without_a_run_on_an_edition_nothing_is_told_of_its_units(own: sa.Connection) -> None:
    publish_small_city(own)
    publish_small_city(own, edition=2)
    enter(own, "units", unit("a", (0, 0), members=4))
    running.run(own, ACTOR, ON)
    found = told(Reader(own, areas.numbered(own, 1), NOW), "organisational-coverage", 3)
    assert found.run is None
    assert np.isnan(found.value).all()


def test_rows_of_the_registers_are_placed_anew_on_the_borders_of_a_past_edition(own: sa.Connection) -> None:
    publish_small_city(own)
    publish_small_city(own, edition=2)
    split = COMMUNITIES[0] + "005"
    codes = {place.code: place.id for place in areas.on_level(own, GRID_LEVEL, areas.current(own))}
    enter(
        own,
        "staff_slots",
        {"place_id": codes[split], "line": "grid", "time": "full", "slots": 2, "filled": 1},
    )
    now = told(Reader(own, areas.current(own), NOW), "staffing", GRID_LEVEL)
    then = told(Reader(own, areas.numbered(own, 1), NOW), "staffing", GRID_LEVEL)
    assert parts(now, split)[:2] == (1, 2)
    assert parts(then, COMMUNITIES[0] + "001")[:2] == (1, 2)
