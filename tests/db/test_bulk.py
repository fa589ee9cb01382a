"""Files of points assigned: every format, every row in its place, by the edition of its time."""

from __future__ import annotations

import csv
import json
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import areas, codebooks, writing
from geo.bulk import Calendar, OfCity, OfLayer, assign_file
from geo.errors import Broken, Refused
from geo.frames import sheets
from geo.layers import read_layer
from geo.positions import Points
from tests.small_city import COMMUNITIES, FALLBACK, SPLIT_OFF, WEST, WIDE, cell_centre, publish_small_city

EAST = (WEST + 0.8 * WIDE, cell_centre(0, 0)[1])
PLACES = [cell_centre(2, 0), cell_centre(3, 2), (WEST - 1, 36.0), (np.nan, np.nan), EAST]
GRIDS = [COMMUNITIES[2] + "001", FALLBACK, None, None, SPLIT_OFF]
RULES = ["inside", "fallback", "outside", "no_position", "inside"]
WGS84 = Points(datum="wgs84")


@pytest.fixture
def city(connection: sa.Connection) -> Iterator[sa.Connection]:
    publish_small_city(connection)
    publish_small_city(connection, 2)
    return connection


def parquet(path: Path, places: list[tuple[float, float]] = PLACES, **columns: list[object]) -> Path:
    lon, lat = zip(*places, strict=True) if places else ((), ())
    told = {"name": [f"点{at}" for at in range(len(places))], "lon": lon, "lat": lat, **columns}
    table = pa.table({name: pa.array(column, from_pandas=True) for name, column in told.items()})
    pq.write_table(table, path)
    return path


def test_every_row_comes_out_in_order_with_the_codes_of_every_level(city: sa.Connection, tmp_path: Path) -> None:
    told = assign_file(parquet(tmp_path / "in.parquet"), tmp_path / "out.parquet", WGS84, OfCity.now(city))
    out = pq.read_table(tmp_path / "out.parquet").to_pydict()
    assert out["name"] == [f"点{at}" for at in range(5)]
    assert out["grid"] == GRIDS
    assert out["community"] == [COMMUNITIES[2], COMMUNITIES[3], None, None, COMMUNITIES[0]]
    assert out["city"] == ["3799", "3799", None, None, "3799"]
    assert out["rule"] == RULES
    assert out["edition"] == [2] * 5
    assert out["border_m"][3] is None
    assert out["border_m"][0] == pytest.approx(414, abs=5)
    assert out["candidates"] == [None] * 5
    assert (told.rows, told.unplaced, told.rules["outside"]) == (5, 2, 1)


def test_csv_keeps_its_texts_and_its_order(city: sa.Connection, tmp_path: Path) -> None:
    rows = [["工单", "经度", "纬度", "备注"], ["007", *map(str, cell_centre(1, 0)), 'a,"b"\nc'], ["x", "?", "", ""]]
    with (tmp_path / "in.csv").open("w", encoding="gbk", newline="") as file:
        csv.writer(file).writerows(rows)
    points = Points(datum="wgs84", encoding="gbk")
    assign_file(tmp_path / "in.csv", tmp_path / "out.csv", points, OfCity.now(city))
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        out = list(csv.reader(file))
    assert [row[:4] for row in out] == rows
    assert [row[out[0].index("grid")] for row in out[1:]] == [COMMUNITIES[1] + "001", ""]


def test_layers_and_geoparquet_are_placed_by_their_geometry(city: sa.Connection, tmp_path: Path) -> None:
    import geopandas

    known = [place for place in PLACES if np.isfinite(place).all()]
    frame = geopandas.GeoDataFrame({"name": range(len(known))}, geometry=shapely.points(known), crs=4326)
    frame.to_parquet(tmp_path / "in.parquet")
    frame.to_file(tmp_path / "in.gpkg")
    for source, target in (("in.parquet", "a.parquet"), ("in.gpkg", "b.gpkg"), ("in.gpkg", "c.csv")):
        assign_file(tmp_path / source, tmp_path / target, Points(), OfCity.now(city))
    expected = [grid for grid, rule in zip(GRIDS, RULES, strict=True) if rule != "no_position"]
    assert pq.read_table(tmp_path / "a.parquet")["grid"].to_pylist() == expected
    assert geopandas.read_parquet(tmp_path / "a.parquet").geometry.geom_equals(frame.geometry).all()
    written = geopandas.read_file(tmp_path / "b.gpkg")
    assert [None if str(grid) == "nan" else grid for grid in written["grid"]] == expected
    assert written.geometry.geom_equals(frame.geometry).all()


def native(path: Path, places: list[tuple[float, float]] = PLACES) -> Path:
    """GeoParquet whose points are coordinates and no WKB; null where there is none."""
    told = [{"x": lon, "y": lat} if np.isfinite(lon) else None for lon, lat in places]
    kind = pa.struct([pa.field("x", pa.float64()), pa.field("y", pa.float64())])
    table = pa.table({"id": range(len(places)), "where": pa.array(told, kind)})
    about = {"version": "1.1.0", "primary_column": "where", "columns": {"where": {"encoding": "point"}}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), path)
    return path


@pytest.mark.parametrize("suffix", ["parquet", "csv", "gpkg"])
def test_points_that_are_coordinates_in_geoparquet_are_placed_and_written(
    city: sa.Connection, tmp_path: Path, suffix: str
) -> None:
    import geopandas

    target = tmp_path / f"out.{suffix}"
    assign_file(native(tmp_path / "in.parquet"), target, Points(), OfCity.now(city))
    if suffix == "csv":
        with target.open(encoding="utf-8-sig", newline="") as file:
            assert [row["grid"] or None for row in csv.DictReader(file)] == GRIDS
    elif suffix == "gpkg":
        written = geopandas.read_file(target)
        assert [None if str(grid) == "nan" else grid for grid in written["grid"]] == GRIDS
        known = [place for place in PLACES if np.isfinite(place).all()]
        np.testing.assert_array_equal(shapely.get_coordinates(written.geometry[written.geometry.notna()]), known)
    else:
        out, came = pq.read_table(target), pq.read_table(tmp_path / "in.parquet")
        assert out["grid"].to_pylist() == GRIDS
        assert out["where"].equals(came["where"])
        assert out.schema.metadata[b"geo"] == came.schema.metadata[b"geo"]


@pytest.mark.parametrize("held", [writing.RTREE_BYTES, 1000], ids=["in memory", "on the disk"])
def test_a_geopackage_has_its_spatial_index_however_little_memory_it_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(writing, "RTREE_BYTES", held)
    layer = read_layer(wards(tmp_path / "wards.gpkg", [shapely.box(0, 0, 1, 1)], ["A"]), "ward")
    places = np.random.default_rng(1).uniform(-1, 2, (20_000, 2))
    wards(tmp_path / "in.gpkg", shapely.points(places), range(len(places)))
    assign_file(tmp_path / "in.gpkg", tmp_path / "out.gpkg", Points(prefix="at_"), OfLayer(layer))
    window = (0.2, 0.3, 0.4, 1.7)
    inside = shapely.intersects_xy(shapely.box(*window), places)
    with closing(sqlite3.connect(tmp_path / "out.gpkg")) as file:
        asked = "minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?"
        found = file.execute(f"SELECT id FROM rtree_assigned_geom WHERE {asked}", (0.4, 0.2, 1.7, 0.3)).fetchall()
        assert file.execute("SELECT count(*) FROM rtree_assigned_geom").fetchone() == (len(places),)
    assert inside[[number - 1 for (number,) in found]].mean() > 0.99  # the index holds float32, rounded outwards
    assert len(found) >= inside.sum()
    assert pyogrio.get_gdal_config_option("OGR_GPKG_MAX_RAM_USAGE_RTREE") is None


def test_each_row_takes_the_edition_of_its_time(city: sa.Connection, tmp_path: Path) -> None:
    times = ["2024-06-01", "2025-06-01T00:00Z", "2019-01-01T00:00Z", "soon"]
    source = parquet(tmp_path / "in.parquet", [EAST] * 4, when=times)
    told = assign_file(source, tmp_path / "out.parquet", Points(datum="wgs84", at="when"), OfCity.now(city))
    out = pq.read_table(tmp_path / "out.parquet").to_pydict()
    old = COMMUNITIES[0] + "001"
    assert out["grid"] == [old, SPLIT_OFF, old, SPLIT_OFF]
    assert out["edition"] == [1, 2, 1, 2]
    assert out["name"] == ["点0", "点1", "点2", "点3"]
    assert (told.untimed, told.naive, told.before_first) == (1, 1, 1)


def test_files_of_editions_answer_as_the_database_does(city: sa.Connection, tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", PLACES * 2, when=["2024-06-01"] * len(PLACES) + [None] * len(PLACES))
    asked = Points(datum="wgs84", at="when")
    books = {edition.number: codebooks.made(city, edition) for edition in areas.all_editions(city)}
    of_files = OfCity(
        Calendar.of(city), lambda number: codebooks.opened(books[number]), lambda stage: codebooks.opened(books[stage])
    )
    made = [
        (assign_file(source, tmp_path / target, asked, division), pq.read_table(tmp_path / target))
        for target, division in (("one.parquet", OfCity.now(city)), ("two.parquet", of_files))
    ]
    assert made[0] == made[1]
    books[2].with_suffix(".cells").write_bytes(b"")
    with pytest.raises(Refused, match="every worker must see that folder"):
        codebooks.opened(books[2])
    assert codebooks.made(city, areas.numbered(city, 2)) == books[2], "what is damaged is made anew"
    assert len(codebooks.opened(books[2]).codes) == len(codebooks.opened(books[1]).codes) + 1
    for damaged in (books[2].read_bytes()[:-9], books[2].read_bytes().replace(b"001", b"002")):
        books[2].write_bytes(damaged)
        with pytest.raises(Refused, match="every worker must see that folder"):
            codebooks.opened(books[2])
        codebooks.made(city, areas.numbered(city, 2))
        assert len(codebooks.opened(books[2]).codes) == len(codebooks.opened(books[1]).codes) + 1


@given(
    st.lists(st.tuples(st.floats(120.29, 120.35), st.floats(36.09, 36.13)), max_size=40),
    st.integers(1, 7),
    st.randoms(use_true_random=False),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_and_chunking_change_nothing(
    city: sa.Connection, tmp_path: Path, places: list[tuple[float, float]], chunk: int, random: object
) -> None:
    shuffled = np.random.default_rng(random.randrange(2**32)).permutation(len(places))  # type: ignore[attr-defined]
    whole = sheets.CHUNK
    answers = []
    try:
        for size, order in ((whole, np.arange(len(places))), (chunk, shuffled)):
            sheets.CHUNK = size
            source = parquet(tmp_path / "in.parquet", [places[at] for at in order])
            assign_file(source, tmp_path / "out.parquet", WGS84, OfCity.now(city))
            out = pq.read_table(tmp_path / "out.parquet").drop_columns(["name"]).to_pylist()
            answers.append([out[at] for at in np.argsort(order)])
    finally:
        sheets.CHUNK = whole
    assert str(answers[0]) == str(answers[1])


def test_columns_of_the_file_are_never_overwritten(city: sa.Connection, tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", grid=[1, 2, 3, 4, 5])
    with pytest.raises(Refused, match="named grid; add --prefix"):
        assign_file(source, tmp_path / "out.parquet", WGS84, OfCity.now(city))
    assign_file(source, tmp_path / "out.parquet", Points(datum="wgs84", prefix="at_"), OfCity.now(city))
    out = pq.read_table(tmp_path / "out.parquet")
    assert (out["grid"].to_pylist(), out["at_grid"].to_pylist()) == ([1, 2, 3, 4, 5], GRIDS)


def test_a_failure_leaves_the_older_output_and_nothing_else(city: sa.Connection, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("older")
    (tmp_path / "in.csv").write_text("lon,lat\n120.305,36.104\n120.305,36.104,7\n")
    with pytest.raises(Refused, match="row 3: 3 cells"):
        assign_file(tmp_path / "in.csv", tmp_path / "out.csv", WGS84, OfCity.now(city))
    assert (tmp_path / "out.csv").read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "gpkg"])
def test_where_there_is_no_room_it_is_said_and_the_older_output_stays(
    city: sa.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(writing, "LEAST_BYTES", 1 << 62)  # GDAL does not say why: the disk is asked
    random = np.random.default_rng(1).uniform((120.3, 36.1), (120.4, 36.2), (3_000, 2))
    source, target = (
        native(tmp_path / "in.parquet", [(lon, lat) for lon, lat in random.tolist()]),
        tmp_path / f"o.{suffix}",
    )
    target.write_text("older")
    division = OfCity.now(city)
    assert division.bounds, "its index is there already"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(Refused, match=r"o\..* cannot be written: (File too large|No space left).*make room"):
            assign_file(source, target, Points(), division)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert target.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", f"o.{suffix}"]


def test_what_is_amiss_with_positions_and_times_is_told_with_the_first_row(city: sa.Connection, tmp_path: Path) -> None:
    lon, lat = cell_centre(0, 0)
    rows = [
        (lon, lat, ""),
        (lat, lon, "2024-13-01"),
        (lat, lon, "2024-06-01"),
        ("1,5", lat, "?"),
        ("", "-", "2024-06-01"),
    ]
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("lon", "lat", "when"), *rows, ("inf", "nan", ""), (999, 5, "")])
    points = Points(datum="wgs84", at="when")
    told = assign_file(tmp_path / "in.csv", tmp_path / "out.parquet", points, OfCity.now(city))
    assert told.amiss == {
        "latitude_first": (2, f"in.csv, row 3: {lat:.9g} {lon:.9g}"),
        "out_of_range": (1, "in.csv, row 8: 999 5"),
        "unreadable_position": (2, "in.csv, row 5: lon: '1,5'"),
        "unreadable_time": (2, "in.csv, row 3: '2024-13-01'"),
    }
    assert (told.rows, told.unplaced, told.untimed) == (7, 6, 5)


def test_shapes_that_are_no_points_are_told_and_blank_ones_are_not(city: sa.Connection, tmp_path: Path) -> None:
    import geopandas

    at = shapely.Point(cell_centre(0, 0))
    shapes = [at, None, shapely.Point(), shapely.MultiPoint([at]), at.buffer(0.001)]
    geopandas.GeoDataFrame(geometry=shapes, crs=4326).to_parquet(tmp_path / "in.parquet")
    told = assign_file(tmp_path / "in.parquet", tmp_path / "out.csv", Points(), OfCity.now(city))
    assert told.amiss == {"no_point": (2, "in.parquet, row 4: MultiPoint")}


def test_a_layer_becomes_geoparquet(city: sa.Connection, tmp_path: Path) -> None:
    import geopandas

    known = [place for place in PLACES if np.isfinite(place).all()]
    geopandas.GeoDataFrame({"n": range(4)}, geometry=shapely.points(known), crs=4490).to_file(tmp_path / "in.gpkg")
    assign_file(tmp_path / "in.gpkg", tmp_path / "out.parquet", Points(), OfCity.now(city))
    written = geopandas.read_parquet(tmp_path / "out.parquet")
    assert written.geometry.geom_equals(geopandas.GeoSeries(shapely.points(known), crs=4490)).all()
    assert written.crs.to_epsg() == 4490


def test_a_geopackage_takes_no_two_columns_of_one_name(city: sa.Connection, tmp_path: Path) -> None:
    import geopandas

    frame = geopandas.GeoDataFrame({"Rule": [1]}, geometry=shapely.points([cell_centre(0, 0)]), crs=4326)
    frame.to_file(tmp_path / "in.gpkg")
    with pytest.raises(Refused, match="named Rule; add --prefix"):
        assign_file(tmp_path / "in.gpkg", tmp_path / "out.gpkg", Points(), OfCity.now(city))


def test_positions_without_declared_datum_are_refused(city: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--datum"):
        assign_file(parquet(tmp_path / "in.parquet"), tmp_path / "out.parquet", Points(), OfCity.now(city))
    with pytest.raises(Refused, match="beijing54"):
        assign_file(tmp_path / "in.parquet", tmp_path / "out.parquet", Points(datum="beijing54"), OfCity.now(city))


# -- layers ----------------------------------------------------------------------------------------------------------
def wards(path: Path, shapes: list[shapely.Polygon], codes: list[object], crs: str | None = "EPSG:4326") -> Path:
    import geopandas

    geopandas.GeoDataFrame({"ward": codes}, geometry=shapes, crs=crs).to_file(path)
    return path


def undeclared(path: Path, shape: shapely.Polygon) -> Path:
    import geopandas

    geopandas.GeoDataFrame({"ward": ["A"]}, geometry=[shape], crs=None).to_parquet(path)
    return path


def test_any_flat_partition_answers_without_a_database_and_parts_are_one_area(tmp_path: Path) -> None:
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(5, 0, 6, 1)]
    layer = read_layer(wards(tmp_path / "wards.gpkg", shapes, [3100, 12, 3100]), "ward")
    places = [(0.5, 0.5), (1.5, 0.5), (5.5, 0.5), (3.0, 0.5), (1.0, 0.5)]
    told = assign_file(parquet(tmp_path / "in.parquet", places), tmp_path / "out.parquet", WGS84, OfLayer(layer))
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["ward"].to_pylist() == ["3100", "12", "3100", None, "12"]
    assert sorted(out["candidates"].to_pylist()[4].split(";")) == ["12 0.500", "3100 0.500"]
    assert told.unplaced == 1


def test_areas_are_read_from_geoparquet_as_well(tmp_path: Path) -> None:
    import geopandas

    geopandas.GeoDataFrame({"ward": [2.0]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326).to_parquet(
        tmp_path / "a.parquet"
    )
    assert read_layer(tmp_path / "a.parquet", "ward").codes.tolist() == ["2"]


def test_overlapping_invalid_or_nameless_areas_are_refused_by_name(tmp_path: Path) -> None:
    over = [shapely.box(0, 0, 1, 1), shapely.box(0.5, 0, 2, 1)]
    with pytest.raises(Broken, match="overlap A and B"):
        read_layer(wards(tmp_path / "a.gpkg", over, ["A", "B"]), "ward")
    bow = [shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), shapely.box(5, 0, 6, 1)]
    with pytest.raises(Broken, match="invalid A"):
        read_layer(wards(tmp_path / "b.gpkg", bow, ["A", "B"]), "ward")
    with pytest.raises(Refused, match="blank in feature 2"):
        read_layer(wards(tmp_path / "c.gpkg", over, ["A", None]), "ward")
    with pytest.raises(Refused, match="no column 'beat'; there are: ward"):
        read_layer(tmp_path / "a.gpkg", "beat")
    with pytest.raises(Refused, match="--areas-datum"):
        read_layer(undeclared(tmp_path / "d.parquet", over[0]), "ward")


def test_a_layer_is_written_only_with_geometry(city: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="without geometry"):
        assign_file(parquet(tmp_path / "in.parquet"), tmp_path / "out.gpkg", WGS84, OfCity.now(city))
    assert not (tmp_path / "out.gpkg").exists()
