"""Columns of strange types, and cells no type of ours holds: told by row, never a traceback."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from geo import columns, instants
from geo.boundaries.sources import EvidenceSource
from geo.boundaries.stated import read_stated
from geo.bulk import OfLayer, assign_file
from geo.errors import Refused
from geo.frames import Frame, opened
from geo.imports.looking import look
from geo.incidents.findings import Findings
from geo.judging import Judging
from geo.layers import Layer, read_layer
from geo.positions import Points
from tests.bad_files import write_good_files


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("columns") / "good"
    write_good_files(folder)
    return folder


@pytest.fixture(scope="module")
def layer(good: Path) -> Layer:
    return read_layer(good / "grids.geojson", "code")


def test_bytes_that_are_no_text_say_nothing_where_a_text_is_wanted() -> None:
    table = pa.table({"ref": pa.array([b"A1", b"\xff\xfe\x00", None], type=pa.binary())})
    judging = Judging(Frame(np.arange(1, 4), table), {"reference": "ref"}, Findings())
    assert judging.texts("reference").to_pylist() == ["A1", "", ""]


def test_a_list_where_a_text_is_wanted_says_nothing() -> None:
    table = pa.table({"x": pa.array([[1.0, 2.0], None], type=pa.list_(pa.float64()))})
    judging = Judging(Frame(np.arange(1, 3), table), {"lon": "x", "category": "x"}, Findings())
    assert judging.texts("category").to_pylist() == ["", ""]
    figures, blank, wrong = judging.figures("lon")
    assert (np.isnan(figures).all(), blank.all(), wrong.any()) == (True, True, False)


STRANGE = {
    "list": pa.array([[1.0, 2.0], None]),
    "structure": pa.array([{"x": 1.0}, None]),
    "map": pa.array([[("a", 1)], None], type=pa.map_(pa.string(), pa.int64())),
    "interval": pa.array([None, (1, 2, 3)], type=pa.month_day_nano_interval()),
    "bytes": pa.array([b"\xff\xfe", None]),
    "bytes of one length": pa.array([b"\xff\xfe", None], type=pa.binary(2)),
    "view of bytes": pa.array([b"\xff\xfe", None], type=pa.binary_view()),
    "dictionary of bytes": pa.array([b"\xff\xfe", None]).dictionary_encode(),
    "half a float": pa.array([float("nan"), None], type=pa.float16()),
    "nothing": pa.nulls(2),
}


@pytest.mark.parametrize("column", STRANGE.values(), ids=STRANGE)
def test_what_is_neither_text_nor_time_says_no_time(column: pa.Array) -> None:
    assert columns.texts(column).to_pylist() == [None, None]
    read = instants.read(column, "Asia/Shanghai")
    assert (read.is_blank.all(), (read.us == instants.NEVER_US).all()) == (True, True)


def test_texts_are_texts_in_whatever_type_they_come() -> None:
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()):
        assert columns.texts(pa.array([" A1 ", "", "B\0", None], type=kind)).to_pylist() == ["A1", None, "B", None]
    assert columns.texts(pa.array([b"A1"], type=pa.binary(2))).to_pylist() == ["A1"]
    assert columns.texts(pa.array([12.0, 0.5, float("inf"), 1e300])).to_pylist() == ["12", "0.5", "inf", "1e+300"]
    nowhere = pa.array([0], type=pa.timestamp("s", tz="No/Where"))
    assert columns.texts(nowhere).to_pylist() == ["1970-01-01 00:00:00Z"]


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms", tz="Asia/Shanghai"), pa.date32()])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_time_that_microseconds_cannot_count_is_no_time(kind: pa.DataType, sign: int) -> None:
    most = 2**31 - 1 if kind == pa.date32() else 2**62
    column = pa.array([sign * most], type=pa.int32() if kind == pa.date32() else pa.int64()).cast(kind)
    read = instants.read(column, "Asia/Shanghai")
    assert (read.us[0], read.is_blank[0]) == (instants.NEVER_US, False)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_the_ends_of_the_calendar_are_read_in_every_zone_and_nothing_beyond(zone: str) -> None:
    told = ["9999-12-31 12:00:00", "9999-07-01 00:00:00", "0001-01-01 12:00:00", "0000-12-31 00:00:00"]
    read = instants.read(pa.array(told), zone)
    moved = [datetime.fromisoformat(one.replace("9999", "9599")).replace(tzinfo=ZoneInfo(zone)) for one in told[:3]]
    cycle_us = 146_097 * 86_400_000_000
    assert [us - cycle_us * (at < 2) for at, us in enumerate(read.us[:3].tolist())] == [
        int(one.timestamp()) * 1_000_000 for one in moved
    ]
    assert read.us[3] == instants.NEVER_US
    beyond = pa.array([2**63 - 1, -(2**63) + 1], type=pa.timestamp("us"))
    assert instants.read(beyond, zone).us.tolist() == [instants.NEVER_US] * 2


def test_figures_that_no_double_holds_are_the_nearest_one(tmp_path: Path, layer: Layer) -> None:
    table = pa.table({"x": pa.array([2**63 - 1, None])})
    figures, blank, wrong = Judging(Frame(np.arange(1, 3), table), {"lon": "x"}, Findings()).figures("lon")
    assert (figures[0], np.isnan(figures[1]), blank.tolist(), wrong.any()) == (2.0**63, True, [False, True], False)
    path = tmp_path / "large.parquet"
    pq.write_table(pa.table({"lon": [2**63 - 1], "lat": [1], "area": pa.array([2**53 + 1])}), path)
    assert assign_file(path, tmp_path / "out.csv", Points(datum="wgs84"), OfLayer(layer)).unplaced == 1
    stated = read_stated(EvidenceSource(path, "area"))
    assert (np.isnan(stated.lonlat).all(), stated.texts.tolist()) == (True, [str(2**53 + 1)])


def test_codes_of_a_layer_that_are_no_texts_are_blank(good: Path, tmp_path: Path) -> None:
    table = pq.read_table(good / "grids.parquet")
    strange = pa.array([{"x": 1}] * table.num_rows)
    path = tmp_path / "codes.parquet"
    pq.write_table(table.set_column(table.column_names.index("code"), "code", strange), path)
    with pytest.raises(Refused, match=r"codes\.parquet: code is blank in feature 1"):
        read_layer(path, "code")


FAR = {
    "stamps": pa.array([2**62, None], type=pa.timestamp("ms", tz="Asia/Shanghai")),
    "clocks": pa.array([-(2**62), 0], type=pa.timestamp("us")),
    "days": pa.array([2**31 - 1, 0], type=pa.int32()).cast(pa.date32()),
    "spans": pa.array([2**62, 1], type=pa.duration("s")),
    "a zone there is none of": pa.array([0, None], type=pa.timestamp("ms", tz="No/Where")),
}


@pytest.mark.parametrize("column", FAR.values(), ids=FAR)
def test_a_time_beyond_the_calendar_is_looked_at_and_written_as_a_text(
    tmp_path: Path, layer: Layer, column: pa.Array
) -> None:
    path = tmp_path / "far.parquet"
    pq.write_table(pa.table({"lon": [117.005, 117.005], "lat": [36.605, 36.605], "told": column}), path)
    told = [one or "" for one in columns.texts(pq.read_table(path)["told"]).to_pylist()]
    assert look(path, {}).columns["told"] == told
    assert assign_file(path, tmp_path / "out.csv", Points(datum="wgs84"), OfLayer(layer)).unplaced == 0
    lines_there = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert lines_there[1].split(",")[2] == told[0]


def test_times_without_offset_and_columns_of_nothing_are_written_as_layers(
    good: Path, tmp_path: Path, layer: Layer
) -> None:
    table = pq.read_table(good / "spots.parquet")
    clock = pa.array([1_700_000_000] * table.num_rows, type=pa.timestamp("s"))
    strange = {
        "clock": clock,
        "nothing": pa.nulls(table.num_rows),
        "view": pa.array(["a"] * table.num_rows, type=pa.string_view()),
    }
    for name, column in strange.items():
        table = table.append_column(name, column)
    path = tmp_path / "layers.parquet"
    pq.write_table(table, path)
    for name in ("out.geojson", "out.gpkg", "out.fgb"):
        assign_file(path, tmp_path / name, Points(datum="wgs84"), OfLayer(layer))
        with opened(tmp_path / name) as sheet:
            written = pa.concat_tables([frame.table for frame in sheet.frames])
        assert columns.texts(written["view"]).to_pylist() == ["a"] * table.num_rows
        assert columns.texts(written["clock"])[0].as_py().replace("T", " ").startswith("2023-11-14 22:13:20")
        assert "nothing" not in written.column_names or written["nothing"].null_count == table.num_rows
