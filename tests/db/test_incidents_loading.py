"""Files of incidents: what is refused and why, what is kept, and that twice is once."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from geo import incidents
from geo.actors import Actor
from geo.errors import Refused
from geo.frames import sheets
from geo.incidents.loading import Intake, Loaded, load
from tests.small_city import COMMUNITIES, FALLBACK, SPLIT_OFF, WEST, WIDE, cell_centre, publish_small_city

ACTOR = Actor("tests")
HEADER = ["工单编号", "发生时间", "经度", "纬度", "来源", "类别", "精度", "坐标系"]


@pytest.fixture
def city(connection: sa.Connection) -> Iterator[sa.Connection]:
    publish_small_city(connection)
    return connection


def row(reference: str, place: tuple[object, object] = cell_centre(0, 0), **told: str) -> list[str]:
    values = {"time": "2024-06-01 08:30", "source": "12345", "category": "市容", "accuracy": "", "datum": "", **told}
    return [
        reference,
        values["time"],
        *map(str, place),
        values["source"],
        values["category"],
        values["accuracy"],
        values["datum"],
    ]


def table(path: Path, *rows: list[str], encoding: str = "utf-8", header: list[str] = HEADER) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def read(city: sa.Connection, path: Path, **told: object) -> Loaded:
    return load(city, ACTOR, replace(Intake(path, "wgs84", commit=True), **told))


def kinds(loaded: Loaded) -> list[tuple[int, str]]:
    return sorted((found.row, found.kind.key) for found in loaded.findings.listed)


def test_a_good_file_is_stored_whole_and_twice_is_once(city: sa.Connection, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", row("A1"), row("A2", cell_centre(2, 1)), row("A3", cell_centre(3, 2)))
    first = read(city, path)
    assert (first.stored.read, first.stored.stored, first.stored.refused, first.is_kept) == (3, 3, 0, True)
    again = read(city, path)
    assert (again.stored.stored, again.stored.already) == (0, 3)
    found = {one.reference: one for one in incidents.search(city).incidents}
    assert {key: one.grid for key, one in found.items()} == {
        "A1": COMMUNITIES[0] + "001",
        "A2": COMMUNITIES[2] + "002",
        "A3": FALLBACK,
    }
    assert found["A1"].occurred_at == datetime(2024, 6, 1, 0, 30, tzinfo=UTC)
    assert found["A1"].reported_at == found["A1"].occurred_at
    assert first.findings.totals == {"naive_time": 3}


def test_a_dry_run_stores_nothing_and_says_the_same(city: sa.Connection, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", row("A1"), row("A2", ("", "")))
    dry = read(city, path, commit=False)
    assert not dry.is_kept
    assert not incidents.search(city).incidents
    assert read(city, path).stored == dry.stored


def test_every_refused_row_is_named_with_its_column_its_value_and_why(city: sa.Connection, tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        row(""),
        row("A2", time="soon"),
        row("A3", time=""),
        row("A4", time="3024-01-01"),
        row("A5", source=""),
        row("A6"),
        row("A6", category="噪声"),
        [*row("A8"), "one cell too many"],
        row("A" * 2000),
        row("A10", time="2024-06-01T08:30+99:99"),
    )
    loaded = read(city, path)
    assert kinds(loaded) == [
        (2, "no_reference"),
        (3, "unreadable_time"),
        (4, "no_time"),
        (5, "impossible_time"),
        (6, "no_source"),
        (8, "duplicate"),
        (9, "ragged"),
        (10, "long_reference"),
        (11, "unreadable_time"),
    ]
    assert not loaded.is_kept
    assert not incidents.search(city).incidents
    told = next(found.message for found in loaded.findings.listed if found.row == 3)
    assert "row 3, 发生时间: 'soon'" in told
    assert "2024-01-05T08:30:00+08:00" in told
    kept = read(city, path, skip_bad=True)
    assert kept.is_kept
    assert [one.reference for one in incidents.search(city).incidents] == ["A6"]
    stored = kept.stored
    assert stored.read == stored.stored + stored.already + stored.changed + stored.refused == 10


def test_an_accuracy_beyond_any_is_told_and_left_out(city: sa.Connection, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", *(row(told, accuracy=told) for told in ("25", "1e6", "1.1e6", "1e300", "-1")))
    loaded = read(city, path)
    assert kinds(loaded) == [(row, "unreadable_accuracy") for row in (4, 5, 6)]
    stored = city.execute(sa.text("SELECT reference, accuracy_m FROM incidents ORDER BY id")).all()
    assert [tuple(one) for one in stored] == [("25", 25), ("1e6", 1e6), ("1.1e6", None), ("1e300", None), ("-1", None)]


def test_no_row_is_refused_for_its_position(city: sa.Connection, tmp_path: Path) -> None:
    lon, lat = cell_centre(0, 0)
    path = table(
        tmp_path / "a.csv",
        row("blank", ("", "")),
        row("text", ("abc", lat)),
        row("infinite", ("inf", lat)),
        row("swapped", (lat, lon)),
        row("far", (999, 5)),
        row("outside", (WEST - 1, lat)),
        row("datum", datum="beijing54"),
    )
    loaded = read(city, path)
    assert kinds(loaded) == [
        (3, "unreadable_position"),
        (4, "unreadable_position"),
        (5, "latitude_first"),
        (6, "out_of_range"),
        (7, "outside"),
        (8, "unknown_datum"),
    ]
    assert loaded.findings.totals["no_position"] == 1
    assert (loaded.stored.stored, loaded.stored.unassigned) == (7, 7)
    assert {one.rule for one in incidents.search(city).incidents} == {"no_position", "outside"}


def test_other_content_under_a_stored_key_is_told_and_the_first_stays(city: sa.Connection, tmp_path: Path) -> None:
    read(city, table(tmp_path / "a.csv", row("A1")))
    again = read(city, table(tmp_path / "b.csv", row("A1", category="噪声"), row("A2")))
    assert kinds(again) == [(2, "changed")]
    assert (again.stored.changed, again.stored.stored) == (1, 1)
    assert {one.category for one in incidents.search(city).incidents} == {"市容"}


def test_one_by_one_and_by_the_file_are_the_same_incident(city: sa.Connection, tmp_path: Path) -> None:
    lon, lat = cell_centre(0, 0)
    when = datetime(2024, 6, 1, 0, 30, tzinfo=UTC)
    incidents.add(city, ACTOR, incidents.NewIncident("12345", "A1", when, lon, lat, category="市容"))
    assert read(city, table(tmp_path / "a.csv", row("A1"))).stored.already == 1


def test_the_grid_of_its_hour_is_frozen_whatever_edition_is_in_force(city: sa.Connection, tmp_path: Path) -> None:
    publish_small_city(city, 2)
    east = (WEST + 0.8 * WIDE, cell_centre(0, 0)[1])
    times = {"early": "2019-01-01", "old": "2024-06-01", "new": "2025-06-01"}
    loaded = read(city, table(tmp_path / "a.csv", *(row(name, east, time=time) for name, time in times.items())))
    assert loaded.stored.before_first == 1
    found = {one.reference: (one.grid_then, one.grid) for one in incidents.search(city).incidents}
    old = COMMUNITIES[0] + "001"
    assert found == {"early": (old, SPLIT_OFF), "old": (old, SPLIT_OFF), "new": (SPLIT_OFF, SPLIT_OFF)}


def test_an_edition_published_while_the_file_is_read_places_it_anew(city: sa.Connection, tmp_path: Path) -> None:
    east = (WEST + 0.8 * WIDE, cell_centre(0, 0)[1])
    path = table(tmp_path / "a.csv", row("old", east), row("new", east, time="2025-06-01"), row("lost", ("", "")))
    intake = Intake(path, "wgs84", commit=True)
    load(city, ACTOR, intake, progress=lambda done, total: publish_small_city(city, 2) and None)
    found = {one.reference: (one.grid_then, one.grid, one.edition) for one in incidents.search(city).incidents}
    assert found == {
        "old": (COMMUNITIES[0] + "001", SPLIT_OFF, 2),
        "new": (SPLIT_OFF, SPLIT_OFF, 2),
        "lost": (None, None, 2),
    }


def test_gbk_is_read_when_declared_and_else_recognised_and_said(city: sa.Connection, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", row("A1"), encoding="gbk")
    with pytest.raises(Refused, match="--encoding gbk"):
        read(city, path, encoding="utf-8")
    undeclared = read(city, path, commit=False)
    assert kinds(undeclared) == [(1, "encoding")]
    assert undeclared.columns["reference"] == "工单编号"
    assert kinds(read(city, path, encoding="gbk")) == []
    with_mark = table(tmp_path / "b.csv", row("A2"), encoding="utf-8-sig")
    assert read(city, with_mark).columns["reference"] == "工单编号"


def test_a_workbook_is_read_with_its_own_times_and_numbers(city: sa.Connection, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADER)
    sheet.append([1001, datetime(2024, 6, 1, 8, 30), *cell_centre(0, 0), "12345", "市容", 2000, None])  # noqa: DTZ001
    book.save(tmp_path / "a.xlsx")
    book.create_sheet("说明", 0).append(["note"])
    book.save(tmp_path / "b.xlsx")
    assert read(city, tmp_path / "b.xlsx", layer="Sheet", commit=False).stored.stored == 1
    loaded = read(city, tmp_path / "a.xlsx")
    assert loaded.stored.doubtful == 1
    (one,) = incidents.search(city).incidents
    assert (one.reference, one.occurred_at) == ("1001", datetime(2024, 6, 1, 0, 30, tzinfo=UTC))


def test_parquet_is_read_by_its_types(city: sa.Connection, tmp_path: Path) -> None:
    lon, lat = cell_centre(0, 0)
    when = datetime(2024, 6, 1, 0, 30, tzinfo=UTC)
    columns = {"id": [7, 8], "date": [when, None], "lon": [lon, None], "lat": [lat, None], "type": ["市容", None]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    loaded = read(city, tmp_path / "a.parquet", source="12345", skip_bad=True)
    assert kinds(loaded) == [(2, "no_time")]
    (one,) = incidents.search(city).incidents
    assert (one.reference, one.source, one.category, one.grid) == ("7", "12345", "市容", COMMUNITIES[0] + "001")


def test_chunks_change_nothing(city: sa.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(
        tmp_path / "a.csv", *(row(f"A{number % 9}", cell_centre(number % 4, 0)) for number in range(13)), row("")
    )
    whole = read(city, path, commit=False)
    monkeypatch.setattr(sheets, "CHUNK", 3)
    parted = read(city, path, commit=False)
    assert (parted.stored, kinds(parted)) == (whole.stored, kinds(whole))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n\n", "header"),
        (b"a,b\n1,2\n", "--map reference=COLUMN"),
        (b"\xff\xfe\x00", "is not utf-16"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(city: sa.Connection, tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(Refused, match=why):
        read(city, tmp_path / "a.csv")
    for name in ("a.parquet", "a.xlsx"):
        (tmp_path / name).write_bytes(b"no such thing")
        with pytest.raises(Refused, match=name):
            read(city, tmp_path / name)


def test_a_map_that_names_no_column_says_which_there_are(city: sa.Connection, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", row("A1"))
    with pytest.raises(Refused, match=r"'经纬'.*工单编号"):
        read(city, path, columns={"lon": "经纬"})
    with pytest.raises(Refused, match="'longitud' is no field"):
        read(city, path, columns={"longitud": "经度"})
