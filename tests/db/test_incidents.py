"""Incidents taken in one by one, found again page by page, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from geo import areas, incidents
from geo.actors import Actor
from geo.errors import Refused, Stale, Unknown
from geo.incidents import Filters, NewIncident
from tests.small_city import (
    COMMUNITIES,
    FALLBACK,
    SECOND,
    SPLIT_OFF,
    SUBDISTRICTS,
    WEST,
    WIDE,
    cell_centre,
    publish_small_city,
)

ACTOR = Actor("tests")
WHEN = datetime(2024, 6, 1, 8, 30, tzinfo=UTC)
SPLIT_CELL_EAST = (WEST + 0.8 * WIDE, cell_centre(0, 0)[1])


@pytest.fixture
def city(connection: sa.Connection) -> Iterator[sa.Connection]:
    publish_small_city(connection)
    return connection


def incident(reference: str, place: tuple[float | None, float | None] = cell_centre(0, 0)) -> NewIncident:
    return NewIncident("12345", reference, WHEN, *place, category="市容")


def test_an_incident_is_kept_with_its_grid_and_the_chain_above(city: sa.Connection) -> None:
    stored = incidents.add(city, ACTOR, incident("A1", cell_centre(2, 1))).incident
    assert stored.grid == stored.grid_then == COMMUNITIES[2] + "002"
    assert stored.community == COMMUNITIES[2]
    assert stored.rule == "inside"
    assert (stored.lon, stored.lat) == cell_centre(2, 1)
    assert stored.occurred_at == WHEN


def test_the_same_report_twice_is_one_incident(city: sa.Connection) -> None:
    first = incidents.add(city, ACTOR, incident("A1"))
    again = incidents.add(city, ACTOR, incident("A1"))
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.incident == first.incident
    assert city.scalar(sa.text("SELECT count(*) FROM incidents")) == 1


def test_the_same_key_with_other_content_is_refused_and_the_first_stays(city: sa.Connection) -> None:
    incidents.add(city, ACTOR, incident("A1"))
    with pytest.raises(Stale, match=r"'A1'.*first reported"):
        incidents.add(city, ACTOR, replace(incident("A1"), category="噪声"))
    assert [found.category for found in incidents.search(city).incidents] == ["市容"]


def test_the_same_reference_of_two_sources_is_two_incidents(city: sa.Connection) -> None:
    incidents.add(city, ACTOR, incident("A1"))
    assert not incidents.add(city, ACTOR, replace(incident("A1"), source="巡查")).is_repeat


@pytest.mark.parametrize("place", [(None, None), (float("nan"), 36.1), (float("inf"), 36.1), (36.1, 120.3)])
def test_a_position_that_is_none_is_kept_unassigned(
    city: sa.Connection, place: tuple[float | None, float | None]
) -> None:
    stored = incidents.add(city, ACTOR, incident("A1", place)).incident
    assert (stored.grid, stored.grid_then, stored.rule, stored.lon) == (None, None, "no_position", None)


def test_outside_the_city_the_nearest_community_and_the_distance_are_told(city: sa.Connection) -> None:
    stored = incidents.add(city, ACTOR, incident("A1", (WEST - 0.01, cell_centre(0, 0)[1]))).incident
    assert (stored.grid, stored.rule) == (None, "outside")
    assert stored.nearest is not None
    assert stored.nearest["code"] == COMMUNITIES[0]
    assert stored.nearest["distance_m"] == pytest.approx(900, abs=40)


def test_ground_in_no_named_grid_falls_to_its_community(city: sa.Connection) -> None:
    stored = incidents.add(city, ACTOR, incident("A1", cell_centre(3, 2))).incident
    assert (stored.grid, stored.community, stored.rule) == (FALLBACK, COMMUNITIES[3], "fallback")


def test_accuracy_marks_doubt_and_decides_nothing(city: sa.Connection) -> None:
    sure = incidents.add(city, ACTOR, replace(incident("A1"), accuracy_m=5.0)).incident
    doubtful = incidents.add(city, ACTOR, replace(incident("A2"), accuracy_m=2_000.0)).incident
    assert (sure.is_doubtful, doubtful.is_doubtful) == (False, True)
    assert sure.grid == doubtful.grid


def test_an_incident_keeps_the_grid_of_its_hour(city: sa.Connection) -> None:
    before = incidents.add(city, ACTOR, incident("A1", SPLIT_CELL_EAST)).incident
    publish_small_city(city, 2)
    late = incidents.add(city, ACTOR, incident("A2", SPLIT_CELL_EAST)).incident
    after = incidents.add(city, ACTOR, replace(incident("A3", SPLIT_CELL_EAST), occurred_at=SECOND)).incident
    before = incidents.add(city, ACTOR, incident("A1", SPLIT_CELL_EAST)).incident
    old = COMMUNITIES[0] + "001"
    assert [(one.grid_then, one.edition_then) for one in (before, late, after)] == [(old, 1), (old, 1), (SPLIT_OFF, 2)]
    assert [one.grid for one in (before, late, after)] == [SPLIT_OFF] * 3


def test_before_the_first_edition_the_first_answers_and_it_is_marked(city: sa.Connection) -> None:
    early = replace(incident("A1"), occurred_at=datetime(2019, 5, 1, tzinfo=UTC))
    stored = incidents.add(city, ACTOR, early).incident
    assert (stored.edition_then, stored.is_before_first_edition) == (1, True)


def test_a_time_without_offset_is_read_in_the_city_s_time_zone(city: sa.Connection) -> None:
    naive = replace(incident("A1"), occurred_at=datetime(2024, 6, 1, 16, 30))  # noqa: DTZ001
    assert incidents.add(city, ACTOR, naive).incident.occurred_at == WHEN


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"reference": "  "}, "without reference"),
        ({"source": ""}, "without source"),
        ({"urgency": 7}, "urgency 7"),
        ({"datum": "beijing54"}, "beijing54"),
        ({"occurred_at": datetime(2924, 6, 1, tzinfo=UTC)}, "cannot be"),
    ],
)
def test_all_but_a_position_can_be_refused(city: sa.Connection, wrong: dict[str, object], why: str) -> None:
    with pytest.raises(Refused, match=why):
        incidents.add(city, ACTOR, replace(incident("A1"), **wrong))
    assert not incidents.search(city).incidents


def test_a_datum_is_taken_off_and_the_raw_position_kept(city: sa.Connection) -> None:
    lon, lat = cell_centre(1, 0)
    stored = incidents.add(city, ACTOR, replace(incident("A1", (lon, lat)), datum="gcj02")).incident
    assert (stored.raw_x, stored.raw_y, stored.datum) == (lon, lat, "gcj02")
    assert stored.lon is not None
    assert 0.003 < lon - stored.lon < 0.008


def test_pages_follow_each_other_without_gap_or_repeat(city: sa.Connection) -> None:
    for number in range(7):
        incidents.add(city, ACTOR, replace(incident(f"A{number}"), occurred_at=WHEN + timedelta(hours=number // 3)))
    seen: list[tuple[datetime, int]] = []
    after = None
    while True:
        page = incidents.search(city, after=after, limit=2)
        seen += [(found.occurred_at, found.id) for found in page.incidents]
        if page.after is None:
            break
        after = page.after
    assert len(seen) == 7
    assert seen == sorted(seen, reverse=True)


def test_incidents_are_found_by_box_area_time_category_and_lack_of_a_grid(city: sa.Connection) -> None:
    lon, lat = cell_centre(2, 0)
    incidents.add(city, ACTOR, incident("west"))
    incidents.add(
        city, ACTOR, replace(incident("east", (lon, lat)), category="噪声", occurred_at=WHEN + timedelta(days=2))
    )
    incidents.add(city, ACTOR, incident("lost", (None, None)))

    def found(**wanted: object) -> list[str]:
        return [one.reference for one in incidents.search(city, Filters(**wanted)).incidents]

    assert found(bbox=(lon, lat, lon, lat)) == ["east"]
    assert found(bbox=(lon + 1e-7, lat, lon + 1, lat + 1)) == []
    assert found(area_code=SUBDISTRICTS[0]) == ["west"]
    assert found(area_code=COMMUNITIES[2] + "001") == ["east"]
    assert found(since=WHEN + timedelta(days=1)) == ["east"]
    assert found(until=WHEN + timedelta(days=1)) == ["lost", "west"]
    assert found(category="噪声") == ["east"]
    assert found(unassigned=True) == ["lost"]
    assert found(unassigned=False) == ["east", "west"]


def test_questions_that_make_no_sense_are_refused(city: sa.Connection) -> None:
    with pytest.raises(Refused, match="cursor"):
        incidents.search(city, after="nonsense")
    with pytest.raises(Refused, match="limit 0"):
        incidents.search(city, limit=0)
    with pytest.raises(Refused, match="west,south,east,north"):
        incidents.search(city, Filters(bbox=(121.0, 36.0, 120.0, 37.0)))
    with pytest.raises(Unknown, match="nowhere"):
        incidents.search(city, Filters(area_code="nowhere"))


def test_counts_as_it_was_and_on_the_borders_of_any_edition_sum_to_the_same(city: sa.Connection) -> None:
    places = [SPLIT_CELL_EAST, cell_centre(0, 0), cell_centre(3, 2), (None, None), (WEST - 1, 36.0), SPLIT_CELL_EAST]
    for number, place in enumerate(places):
        incidents.add(city, ACTOR, incident(f"A{number}", place))
    publish_small_city(city, 2)
    incidents.add(city, ACTOR, replace(incident("late", SPLIT_CELL_EAST), occurred_at=SECOND))
    first, second = areas.numbered(city, 1), areas.numbered(city, 2)
    ids = dict(zip(areas.leaves(city, second).codes.tolist(), areas.leaves(city, second).ids.tolist(), strict=True))
    was, old, today = (
        dict(zip(*(column.tolist() for column in counted), strict=True))
        for counted in (
            incidents.counts(city, second, borders="then"),
            incidents.counts(city, first),
            incidents.counts(city, second),
        )
    )
    assert sum(was.values()) == sum(old.values()) == sum(today.values()) == 7
    assert was[0] == old[0] == today[0] == 2
    west, east = ids[COMMUNITIES[0] + "001"], ids[SPLIT_OFF]
    assert (was[west], was[east]) == (3, 1)
    assert old[west] == 4
    assert (today[west], today[east]) == (1, 3)
