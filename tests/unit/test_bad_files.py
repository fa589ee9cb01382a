"""Damaged files are refused in words: each case once ended in a traceback."""

from __future__ import annotations

import json
import sqlite3
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo.boundaries.flags import sources_of
from geo.boundaries.reading import read_raw
from geo.bulk import OfLayer, Points, assign_file
from geo.errors import GeoError, Refused
from geo.frames import opened
from geo.frames.points import positions
from geo.layers import Layer, read_layer
from tests.bad_files import write_good_files
from tests.damage import damaged

FLAGS = {"level": "grid", "datum": "wgs84", "code": "code", "name": "name", "parent": "parent"}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad") / "good"
    write_good_files(folder)
    return folder


@pytest.fixture(scope="module")
def layer(good: Path) -> Layer:
    return read_layer(good / "grids.geojson", "code")


@pytest.mark.parametrize(
    "name",
    [
        *("grids.geojson", "grids.gpkg", "grids.zip", "grids.parquet", "grids.fgb", "grids-mif.zip", "town.osm.pbf"),
        *("points.csv", "points.csv.gz", "points.parquet", "points.xlsx", "spots.parquet", "spots.gpkg"),
    ],
)
def test_a_damaged_file_is_read_or_refused_by_its_name(good: Path, layer: Layer, tmp_path: Path, name: str) -> None:
    others = [path.read_bytes() for path in sorted(good.iterdir())]
    path = tmp_path / name
    for seed in range(6):
        path.write_bytes(damaged((good / name).read_bytes(), name.split(".", 1)[1], others, Random(f"{name} {seed}")))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what GDAL and openpyxl say of damage is not what is tested
            with suppress_named(name):
                read_as_anything(path, layer)


@contextmanager
def suppress_named(name: str) -> Iterator[None]:
    """Let a refusal pass that names the file; anything else is raised."""
    try:
        yield
    except GeoError as refused:
        if name not in refused.detail:
            raise


def read_as_anything(path: Path, layer: Layer) -> None:
    """Read as areas where it is one of grids, else as points."""
    if path.name.startswith("grids"):
        read_layer(path, "code")
        (source,) = sources_of(path, FLAGS, (None, None, "Asia/Shanghai")).layers
        read_raw(source)
    else:
        assign_file(path, path.with_name("out.parquet"), Points(datum="wgs84"), OfLayer(layer))


def geoparquet(path: Path, geo: object, cells: list[bytes]) -> Path:
    told = geo if isinstance(geo, bytes) else json.dumps(geo).encode()
    table = pa.table({"code": ["1"] * len(cells), "shape": pa.array(cells, type=pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": told}), path)
    return path


@pytest.mark.parametrize(
    "geo",
    [b"", b"\xff", [], {}, {"primary_column": "none", "columns": {"none": {}}}]
    + [{"primary_column": "shape", "columns": {"shape": {"crs": crs}}} for crs in (4326, "EPSG:4326", {"id": 1})]
    + [{"primary_column": "code", "columns": {"code": {}}}],
)
def test_a_geoparquet_that_lies_about_its_geometry_is_refused(tmp_path: Path, geo: object) -> None:
    path = geoparquet(tmp_path / "lies.parquet", geo, [shapely.to_wkb(shapely.Point(1, 2))])
    with pytest.raises(Refused, match=r"lies\.parquet"), opened(path):
        pass


def test_a_shape_that_is_none_is_named(tmp_path: Path) -> None:
    geo = {
        "version": "1.0.0",
        "primary_column": "shape",
        "columns": {"shape": {"encoding": "WKB", "geometry_types": []}},
    }
    path = geoparquet(tmp_path / "torn.parquet", geo, [shapely.to_wkb(shapely.box(0, 0, 1, 1))[:-9]])
    with pytest.raises(Refused, match=r"torn\.parquet: the shape of feature 1"):
        read_layer(path, "code")
    (source,) = sources_of(path, FLAGS, (None, None, "Asia/Shanghai")).layers
    with pytest.raises(Refused, match=r"torn\.parquet cannot be read"):
        read_raw(source)


def test_a_parquet_of_texts_that_are_none_or_of_columns_named_twice_is_refused(tmp_path: Path) -> None:
    bad = pa.array([b"\xff\xfe"], type=pa.binary()).view(pa.string())
    pq.write_table(pa.table({"name": bad}), tmp_path / "texts.parquet")
    with pytest.raises(Refused, match=r"texts\.parquet, column 'name'"), opened(tmp_path / "texts.parquet") as sheet:
        list(sheet.frames)
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(Refused, match="'a' twice"), opened(tmp_path / "twice.parquet"):
        pass


def test_positions_that_are_no_numbers_are_refused(tmp_path: Path, layer: Layer) -> None:
    pq.write_table(pa.table({"lon": [[1.0, 2.0]], "lat": [1.0]}), tmp_path / "lists.parquet")
    with pytest.raises(Refused, match=r"lists\.parquet: the column 'lon' holds list"):
        assign_file(tmp_path / "lists.parquet", tmp_path / "out.csv", Points(datum="wgs84"), OfLayer(layer))


def test_a_member_of_a_zip_may_have_no_endless_name_and_no_empty_one(tmp_path: Path) -> None:
    for name in ("x" * 300 + ".shp", ""):
        with zipfile.ZipFile(tmp_path / "names.zip", "w") as packed:
            packed.writestr(zipfile.ZipInfo(name or "?"), b"")
        if not name:
            (tmp_path / "names.zip").write_bytes((tmp_path / "names.zip").read_bytes().replace(b"?", b"\0"))
        with pytest.raises(Refused, match=r"names\.zip"), opened(tmp_path / "names.zip"):
            pass


def test_a_workbook_torn_within_its_sheet_is_refused_by_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in range(50):
        book.worksheets[0].append([f"a{row}", row])
    book.save(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "torn.xlsx", "w") as torn:
        for name in whole.namelist():
            data = whole.read(name)
            torn.writestr(name, data[: len(data) // 2] if "sheet1" in name else data)
    with pytest.raises(Refused, match=r"torn\.xlsx is damaged after row \d+"), opened(tmp_path / "torn.xlsx") as sheet:
        list(sheet.frames)


def test_positions_of_points_are_read_without_objects_and_with() -> None:
    lonlat = np.random.default_rng(1).uniform(-10, 10, (50, 2))
    plain = pa.chunked_array([pa.array(shapely.to_wkb(shapely.points(lonlat)), type=pa.binary())])
    other = pa.chunked_array([pa.array(shapely.to_wkb(shapely.points(lonlat), byte_order=0), type=pa.large_binary())])
    assert (positions(plain) == lonlat).all()
    assert (positions(plain.slice(7, 9)) == lonlat[7:16]).all()
    assert (positions(other) == lonlat).all()
    none = shapely.to_wkb(np.array([shapely.Point(), shapely.from_wkt("POINT Z EMPTY"), shapely.box(0, 0, 1, 1)]))
    assert np.isnan(positions(pa.chunked_array([pa.array([None, b"", b"\x01", *none], type=pa.binary())]))).all()
    assert positions(pa.chunked_array([], type=pa.binary())).shape == (0, 2)


def test_a_geopackage_whose_damaged_names_are_no_texts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.gpkg"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE crooked (a)")
        file.execute("INSERT INTO crooked VALUES (NULL)")
        file.execute("PRAGMA writable_schema = 1")
        file.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE crooked (a NOT NULL)'")
    path.write_bytes(path.read_bytes().replace(b"crooked", b"crook\xc5d"))
    with pytest.raises(Refused, match=r"names\.gpkg is a damaged GeoPackage"), opened(path):
        pass


@pytest.mark.parametrize(
    "inner",
    [
        '<way id="1" version="\U0001d800x"><nd ref="1"/><tag k="highway" v="path"/></way>',
        '<node id="1" lat="36x10" lon="117"/><way id="1"><nd ref="1"/><tag k="highway" v="path"/></way>',
    ],
)
@pytest.mark.parametrize("layer", ["lines", "multipolygons"])
def test_an_openstreetmap_object_whose_figures_are_none_is_refused(tmp_path: Path, inner: str, layer: str) -> None:
    path = tmp_path / "town.osm"
    path.write_text(f'<osm version="0.6">{inner}</osm>', "utf-8")
    with pytest.raises(Refused, match=r"town\.osm is cut off or damaged"), opened(path, layer=layer) as sheet:
        list(sheet.frames)


def test_bytes_that_are_no_text_say_nothing_where_a_text_is_wanted() -> None:
    from geo.frames import Frame
    from geo.incidents.findings import Findings
    from geo.judging import Judging

    table = pa.table({"ref": pa.array([b"A1", b"\xff\xfe\x00", None], type=pa.binary())})
    judging = Judging(Frame(np.arange(1, 4), table), {"reference": "ref"}, Findings())
    assert judging.texts("reference").to_pylist() == ["A1", "", ""]


def test_a_list_where_a_text_is_wanted_says_nothing() -> None:
    from geo.frames import Frame
    from geo.incidents.findings import Findings
    from geo.judging import Judging

    table = pa.table({"x": pa.array([[1.0, 2.0], None], type=pa.list_(pa.float64()))})
    judging = Judging(Frame(np.arange(1, 3), table), {"lon": "x", "category": "x"}, Findings())
    assert judging.texts("category").to_pylist() == ["", ""]
    figures, blank, wrong = judging.figures("lon")
    assert (np.isnan(figures).all(), blank.all(), wrong.any()) == (True, True, False)
