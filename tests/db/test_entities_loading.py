"""Files of entities: what rows become, what is refused and why, how they find each other, and that twice is once."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import revisions
from geo.actors import Actor
from geo.entities import ENTITIES, named
from geo.entities.loading import Intake, Loaded, load
from geo.errors import Refused
from geo.tables import audit_events, codes
from tests.small_city import COMMUNITIES, FALLBACK, WEST, cell_centre, publish_small_city
from tests.standing import stand

ACTOR = Actor("tests")
GRID = COMMUNITIES[0] + "001"
STEP = 1e-4


@pytest.fixture
def city(connection: sa.Connection) -> Iterator[sa.Connection]:
    publish_small_city(connection)
    return connection


def file(path: Path, *rows: dict[str, Any]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(city: sa.Connection, key: str, path: Path, **told: Any) -> Loaded:
    return load(city, ACTOR, replace(Intake(named(key), path, source="office", datum="wgs84", commit=True), **told))


def given_rows(city: sa.Connection, tmp_path: Path, key: str, *rows: dict[str, Any], **told: Any) -> Loaded:
    return read(city, key, file(tmp_path / f"{key}.csv", *rows), **told)


def stored(city: sa.Connection, key: str) -> dict[str, sa.Row[Any]]:
    table = named(key).table
    return {row.reference: row for row in city.execute(sa.select(table))}


def kinds(loaded: Loaded) -> list[tuple[int, str]]:
    return sorted((found.row, found.kind.key) for found in loaded.findings.listed)


def code_of(city: sa.Connection, number: int | None) -> str | None:
    return city.scalar(sa.select(codes.c.code).where(codes.c.id == number))


def building(city: sa.Connection, column: int, row: int) -> int:
    """The id of a building of four steps by two in the middle of a cell, called ``B`` of source ``register``."""
    x, y = cell_centre(column, row)
    stand(city, [shapely.box(x - 2 * STEP, y - STEP, x + 2 * STEP, y + STEP)])
    return int(city.scalar(sa.text("SELECT max(id) FROM buildings")) or 0)


# -- fields ------------------------------------------------------------------------------------------------------------
def test_a_unit_is_stored_with_what_its_row_says_and_in_the_grid_it_lies_in(
    city: sa.Connection, tmp_path: Path
) -> None:
    x, y = cell_centre(0, 0)
    loaded = given_rows(
        city,
        tmp_path,
        "units",
        {"编号": "U1", "单位名称": "云海软件", "单位类型": "非公企业", "行业门类": "I", "从业人员": "120", "党员数": 4,
         "是否在营": "在营", "普查日期": "2026年3月1日", "经度": x, "纬度": y},
        {"编号": "U2", "单位名称": "无名", "单位类型": "", "行业门类": "", "从业人员": "", "党员数": "", "是否在营": "",
         "普查日期": "", "经度": "", "纬度": ""},
    )  # fmt: skip
    one, two = stored(city, "units")["U1"], stored(city, "units")["U2"]
    assert (one.name, one.kind, one.industry, one.workers, one.members) == (
        "云海软件",
        "new_economic",
        "software",
        120,
        4,
    )
    assert (one.operating, one.surveyed_on, code_of(city, one.grid_id)) == (True, date(2026, 3, 1), GRID)
    assert (two.kind, two.workers, two.members, two.operating, two.surveyed_on, two.grid_id) == (None,) * 6
    assert (loaded.stored.read, loaded.stored.stored, loaded.stored.unplaced) == (2, 2, 1)
    assert kinds(loaded) == [(3, "no_position")]


def test_what_cannot_be_read_is_told_and_unknown_and_what_is_needed_refuses_the_row(
    city: sa.Connection, tmp_path: Path
) -> None:
    loaded = given_rows(
        city,
        tmp_path,
        "units",
        {"reference": "U1", "name": "甲", "kind": "联盟", "workers": "许多", "members": "1.5", "operating": "大概",
         "surveyed_on": "去年", "lon": "", "lat": ""},
        {"reference": "", "name": "乙"},
        {"reference": "U3", "name": ""},
        skip_bad=True,
    )  # fmt: skip
    told = [(2, "no_position"), (2, "unknown_word"), (2, "unknown_word"), (2, "unreadable_figure"),
            (2, "unreadable_figure"), (2, "unreadable_time"), (3, "no_reference"), (4, "blank")]  # fmt: skip
    assert kinds(loaded) == told
    only = stored(city, "units")
    assert set(only) == {"U1"}
    assert (only["U1"].kind, only["U1"].workers, only["U1"].members, only["U1"].operating) == (None,) * 4


def test_a_bad_row_keeps_the_whole_file_out(city: sa.Connection, tmp_path: Path) -> None:
    loaded = given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲"}, {"id": "U2", "name": ""})
    assert not loaded.is_kept
    assert stored(city, "units") == {}
    assert revisions.of(city, "units") == 0


def test_the_same_id_with_other_content_is_refused_and_a_repeat_is_left_out(
    city: sa.Connection, tmp_path: Path
) -> None:
    rows = [{"id": "U1", "name": "甲"}, {"id": "U1", "name": "甲"}, {"id": "U1", "name": "乙"}]
    loaded = given_rows(city, tmp_path, "units", *rows, skip_bad=True)
    assert [told for told in kinds(loaded) if told[1] in ("repeat", "twice")] == [(3, "repeat"), (4, "twice")]
    assert stored(city, "units")["U1"].name == "甲"
    told = loaded.stored
    assert told.read == told.stored + told.changed + told.already + told.repeated + told.refused == 3


def test_twice_is_once_and_a_change_keeps_the_id(city: sa.Connection, tmp_path: Path) -> None:
    given_rows(
        city, tmp_path, "units", {"id": "U1", "name": "甲", "members": 2}, {"id": "U2", "name": "乙", "members": 0}
    )
    before, revision = stored(city, "units"), revisions.of(city, "units")
    again = given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲", "members": 2})
    assert (again.stored.already, again.stored.stored, again.stored.changed) == (1, 0, 0)
    assert revisions.of(city, "units") == revision
    changed = given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲", "members": 3})
    after = stored(city, "units")
    assert (changed.stored.changed, after["U1"].members, after["U1"].id) == (1, 3, before["U1"].id)
    assert after["U2"].stored_at == before["U2"].stored_at
    assert after["U1"].stored_at > before["U1"].stored_at
    assert revisions.of(city, "units") == revision + 1
    actions = city.scalars(sa.select(audit_events.c.action).where(audit_events.c.action == "units.load")).all()
    assert len(actions) == 2


def test_a_dry_run_finds_the_same_and_stores_nothing(city: sa.Connection, tmp_path: Path) -> None:
    rows: Sequence[dict[str, Any]] = [
        {"id": "U1", "name": "甲", "members": "?"},
        {"id": "U2", "name": "乙", "members": 1},
    ]
    dry = given_rows(city, tmp_path, "units", *rows, commit=False)
    assert stored(city, "units") == {}
    wet = given_rows(city, tmp_path, "units", *rows)
    assert (dry.stored, kinds(dry)) == (wet.stored, kinds(wet))


def test_a_whole_file_removes_what_its_source_no_longer_has_unless_others_refer_to_it(
    city: sa.Connection, tmp_path: Path
) -> None:
    given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲"}, {"id": "U2", "name": "乙"})
    given_rows(city, tmp_path, "units", {"id": "U9", "name": "别处"}, source="elsewhere")
    loaded = given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲"}, is_whole=True)
    assert (loaded.stored.removed, set(stored(city, "units"))) == (1, {"U1", "U9"})
    given_rows(city, tmp_path, "coverage-records", {"id": "C1", "unit": "U1", "method": "指导员"})
    refusal = "'U1' is no longer in the file but coverage-records 'C1' refers to it"
    with pytest.raises(Refused, match=refusal), city.begin_nested():
        given_rows(city, tmp_path, "units", {"id": "U3", "name": "丙"}, is_whole=True)
    assert set(stored(city, "units")) == {"U1", "U9"}


# -- where rows lie ----------------------------------------------------------------------------------------------------
def test_a_unit_finds_its_building_by_position_and_its_position_by_building(
    city: sa.Connection, tmp_path: Path
) -> None:
    number = building(city, 1, 0)
    x, y = cell_centre(1, 0)
    reference = city.scalar(sa.text("SELECT reference FROM buildings"))
    given_rows(
        city,
        tmp_path,
        "units",
        {"id": "U1", "name": "甲", "lon": x, "lat": y, "building": ""},
        {"id": "U2", "name": "乙", "lon": "", "lat": "", "building": reference},
    )
    one, two = stored(city, "units")["U1"], stored(city, "units")["U2"]
    assert one.building_id == two.building_id == number
    assert one.grid_id == two.grid_id is not None
    inside = "SELECT ST_Covers(b.geom, u.geom) FROM units u JOIN buildings b ON b.id = u.building_id"
    assert list(city.scalars(sa.text(inside))) == [True, True]


def test_a_position_needs_a_datum_and_gcj02_is_taken_off(city: sa.Connection, tmp_path: Path) -> None:
    x, y = cell_centre(0, 0)
    with pytest.raises(Refused, match="no datum is told"):
        given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲", "lon": x, "lat": y}, datum="")
    given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲", "lon": x, "lat": y}, datum="gcj02")
    found = city.execute(sa.text("SELECT ST_X(geom), ST_Y(geom) FROM units")).one()
    assert 0.003 < abs(found[0] - x) + abs(found[1] - y) < 0.02


def test_what_lies_outside_is_kept_unassigned(city: sa.Connection, tmp_path: Path) -> None:
    loaded = given_rows(city, tmp_path, "units", {"id": "U1", "name": "甲", "lon": WEST - 1, "lat": 36.1})
    assert (kinds(loaded), loaded.stored.outside) == ([(2, "outside")], 1)
    assert stored(city, "units")["U1"].grid_id is None


def test_a_business_district_has_ground_and_the_grid_that_holds_most_of_it(city: sa.Connection, tmp_path: Path) -> None:
    x, y = cell_centre(2, 1)
    ground = shapely.box(x - 9 * STEP, y - 9 * STEP, x + 9 * STEP, y + 9 * STEP)
    table = geopandas.GeoDataFrame(
        [{"id": "D1", "name": "中心商圈", "kind": "商圈", "geometry": ground}], geometry="geometry", crs="EPSG:4326"
    )
    table.to_file(tmp_path / "d.gpkg")
    read(city, "business-districts", tmp_path / "d.gpkg")
    found = stored(city, "business_districts")["D1"]
    assert (found.kind, code_of(city, found.grid_id)) == ("commercial_area", COMMUNITIES[2] + "002")
    assert found.area_m2 == pytest.approx(18 * 8.99 * 18 * 11.1, rel=0.02)
    with pytest.raises(Refused, match="has no geometry; a business district is a polygon"):
        given_rows(city, tmp_path, "business-districts", {"id": "D2", "name": "乙", "kind": "商圈"})


# -- references --------------------------------------------------------------------------------------------------------
def test_places_are_found_by_code_or_a_name_that_only_one_bears(city: sa.Connection, tmp_path: Path) -> None:
    slots = {"line": "网格", "time": "专职", "slots": 2, "filled": 1}
    loaded = given_rows(
        city,
        tmp_path,
        "staff-slots",
        {"id": "S1", "place": GRID, **slots},
        {"id": "S2", "place": FALLBACK, **slots},
        {"id": "S3", "place": "999", **slots},
        skip_bad=True,
    )
    found = stored(city, "staff_slots")
    assert {key: code_of(city, row.place_id) for key, row in found.items()} == {"S1": GRID, "S2": FALLBACK}
    assert kinds(loaded) == [(4, "needed_place")]


def test_a_parent_may_stand_below_its_child_and_an_unknown_one_is_left_blank(
    city: sa.Connection, tmp_path: Path
) -> None:
    loaded = given_rows(
        city,
        tmp_path,
        "party-organisations",
        {"id": "P1", "name": "支部", "kind": "党支部", "parent": "P2"},
        {"id": "P2", "name": "党委", "kind": "党委", "parent": ""},
        {"id": "P3", "name": "孤岛", "kind": "党支部", "parent": "P9"},
    )
    found = stored(city, "party_organisations")
    assert (found["P1"].parent_id, found["P2"].parent_id, found["P3"].parent_id) == (found["P2"].id, None, None)
    assert (4, "unknown_reference") in kinds(loaded)
    given_rows(city, tmp_path, "party-organisations", {"id": "P1", "name": "支部", "kind": "党支部", "parent": "P3"})
    assert stored(city, "party_organisations")["P1"].parent_id == found["P3"].id


def test_a_reference_of_several_sources_is_ambiguous_until_its_source_is_named(
    city: sa.Connection, tmp_path: Path
) -> None:
    for source in ("a", "b"):
        given_rows(city, tmp_path, "units", {"id": "U1", "name": source}, source=source)
    loaded = given_rows(
        city,
        tmp_path,
        "coverage-records",
        {"id": "C1", "unit": "U1", "method": "联建"},
        {"id": "C2", "unit": "b:U1", "method": "联建"},
        source="c",
        skip_bad=True,
    )
    assert kinds(loaded) == [(2, "ambiguous"), (2, "no_subject")]
    named_unit = city.scalar(sa.text("SELECT id FROM units WHERE source = 'b'"))
    assert stored(city, "coverage_records")["C2"].unit_id == named_unit
    same = given_rows(city, tmp_path, "coverage-records", {"id": "C3", "unit": "U1", "method": "own"}, source="a")
    assert same.is_kept


def test_a_row_that_waited_for_what_it_names_is_tied_when_loaded_again(city: sa.Connection, tmp_path: Path) -> None:
    row = {"id": "U1", "name": "甲", "building": "B-later"}
    given_rows(city, tmp_path, "units", row)
    assert stored(city, "units")["U1"].building_id is None
    number = building(city, 0, 0)
    city.execute(sa.text("UPDATE buildings SET reference = 'B-later'"))
    again = given_rows(city, tmp_path, "units", row)
    assert (again.stored.changed, stored(city, "units")["U1"].building_id) == (1, number)


def test_a_stage_of_an_incident_keeps_its_instant(city: sa.Connection, tmp_path: Path) -> None:
    city.execute(sa.text("INSERT INTO incident_keys VALUES ('office', '2026-1', 7, '2026-01-01T00:00:00Z', '\\x00')"))
    row = {"id": "E1", "工单编号": "2026-1", "环节": "上呼", "时间": "2026-03-01 08:00", "上呼层级": "街道"}
    given_rows(city, tmp_path, "incident-stages", row)
    found = stored(city, "incident_stages")["E1"]
    assert (found.incident_id, found.stage, found.escalation_level) == (7, "called", "subdistrict")
    assert found.at == datetime(2026, 3, 1, 0, 0, tzinfo=UTC)


# -- every entity ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", list(ENTITIES))
def test_no_rows_and_no_header_are_refused_in_words(city: sa.Connection, tmp_path: Path, key: str) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("reference,name\n", encoding="utf-8")
    with pytest.raises(Refused):
        read(city, key, path)


CELL = st.sampled_from(
    ["", "0", "1", "3", "-1", "2.5", "甲", "是", "2026-01-01", "党支部", "指导员", GRID, "U1", "a\x00b", "1e99"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_cells_say_every_row_is_accounted_for_and_again_nothing_changes(
    city: sa.Connection, tmp_path: Path, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from([key for key in ENTITIES if key not in ("business_districts", "estates")]))
    names = ["reference", *(field.name for field in ENTITIES[key].fields)]
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, CELL)), min_size=1, max_size=6))
    with city.begin_nested() as kept:
        first = given_rows(city, tmp_path, key, *rows, skip_bad=True)
        told = first.stored
        sums = told.stored + told.changed + told.already + told.repeated + told.refused
        assert (told.read, len(stored(city, key))) == (sums, told.stored) == (len(rows), len(stored(city, key)))
        again = given_rows(city, tmp_path, key, *rows, skip_bad=True)
        assert (again.stored.stored, again.stored.changed, again.stored.already) == (0, 0, told.stored)
        kept.rollback()
