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
from geo.boundaries.importing import prepare
from geo.boundaries.reading import read_raw
from geo.boundaries.repairs import repair_of
from geo.boundaries.sources import EvidenceSource, read_sources
from geo.boundaries.stated import read_stated
from geo.bulk import OfLayer, assign_file
from geo.errors import GeoError, Refused
from geo.frames import opened
from geo.frames.points import positions
from geo.imports.looking import look
from geo.incidents.mapping import mapped
from geo.layers import Layer, read_layer
from geo.lines import judging as lines
from geo.positions import Points
from tests.bad_files import write_good_files
from tests.damage import damaged
from tests.made_files import communities, grids, write, write_sources

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


def test_a_geopackage_whose_fault_cannot_be_told_in_letters_is_refused(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "words.gpkg"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE crooked (a)")
        file.execute("PRAGMA writable_schema = 1")
        file.execute("UPDATE sqlite_master SET sql = 'CREATE NONSENSE'")
    path.write_bytes(path.read_bytes().replace(b"crooked", b"crook\xffd"))
    with pytest.raises(Refused, match=r"words\.gpkg is a damaged GeoPackage"), opened(path):
        pass


def test_evidence_whose_positions_are_no_numbers_or_no_points_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lists.parquet"
    pq.write_table(pa.table({"lon": [[1.0]], "lat": [1.0], "area": ["a"]}), path)
    with pytest.raises(Refused, match=r"lists\.parquet: the column 'lon' holds list"):
        read_stated(EvidenceSource(path, "area"))
    geo = {"version": "1.0.0", "primary_column": "shape", "columns": {"shape": {"encoding": "WKB"}}}
    torn = geoparquet(tmp_path / "torn.parquet", geo, [b"\x01\x01", shapely.to_wkb(shapely.Point(1, 2))])
    assert np.isnan(read_stated(EvidenceSource(torn, "code")).lonlat).any(axis=1).tolist() == [True, False]


def test_a_missing_column_is_refused_by_the_name_of_the_file() -> None:
    for columns_there, told in (([], "none"), (["a", "b"], "a, b")):
        with pytest.raises(Refused, match=rf"^town\.shp: there is no column 'code'.*there are: {told}$"):
            mapped(columns_there, {"reference": "code"}, "town.shp")
        with pytest.raises(Refused, match=rf"^town\.shp: no column is known for .*there are: {told}$"):
            mapped(columns_there, {}, "town.shp")
    with pytest.raises(Refused, match=r"^town\.shp: 'colour' is no field"):
        lines.FIELDS.mapped(["a"], {"colour": "a"}, "town.shp")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('datum = "wgs84"', 'datum = "' + "[" * 200_000 + '"', r"datum '\[+ … is not known"),
        ('datum = "wgs84"', 'datum = "EPSG:999999"', "EPSG:999999 is not in the EPSG register"),
        ('datum = "wgs84"', 'datum = "wgs84"\nwhere = ' + "[" * 5_000, "is not TOML"),
        ('datum = "wgs84"', 'datum = "wgs84"\ncode_width = ' + "9" * 5_000, "is not TOML"),
        ("Asia/Shanghai", "Asia", "time_zone 'Asia' is not known"),
        ("Asia/Shanghai", "a" * 100_000, "time_zone 'a+ … is not known"),
        ("grids.geojson", "a" * 1_000, "can be no file"),
        ("grids.geojson", "a\\u0000b", "can be no file"),
        ("试验市", "a\\u0000b", "no text may hold"),
        ('datum = "wgs84"', 'datum = "wgs84"\nwhere = { a = "\\u0000" }', "no text may hold"),
    ],
)
def test_a_sources_toml_is_refused_by_its_name_and_in_few_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    write(tmp_path / "grids.geojson", grids())
    write(tmp_path / "communities.geojson", communities())
    path = write_sources(tmp_path)
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(Refused, match=rf"^sources\.toml.*{said}") as refused:
        read_sources(path)
    assert len(refused.value.detail) < 400


def test_a_level_the_city_has_not_is_refused_by_the_layer_that_names_it(tmp_path: Path) -> None:
    path = write_sources(tmp_path)
    path.write_text(path.read_text("utf-8").replace('level = "grid"', 'level = "grit"'), "utf-8")
    with pytest.raises(Refused, match=r"^grids\.geojson: level 'grit' is not one of the city's"):
        read_sources(path)


@pytest.mark.slow
def test_a_flatgeobuf_whose_bytes_are_nought_here_and_there_is_read_or_refused(
    good: Path, tmp_path: Path, layer: Layer
) -> None:
    data = (good / "spots.fgb").read_bytes()
    path = tmp_path / "noughts.fgb"
    for at in range(len(data) - 512, len(data), 4):  # tables of the last features: GDAL has cells beyond its memory
        path.write_bytes(data[:at] + b"\0" + data[at + 1 :])
        with suppress_named(path.name):
            assign_file(path, tmp_path / "out.csv", Points(datum="wgs84"), OfLayer(layer))


def test_lists_of_geojson_whose_texts_are_none_are_refused(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "lists.geojson"
    text = (good / "spots.geojson").read_bytes()
    for inside in (b'["\xc9\xe7"]', b'{"a": "\xc9\xe7"}'):
        path.write_bytes(text.replace(b'"category":', b'"listed": ' + inside + b', "category":'))
        with pytest.raises(Refused, match=r"lists\.geojson"):
            look(path, {})


def test_a_zip_whose_list_of_files_is_damaged_is_refused_when_it_is_looked_at(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "torn.zip"
    path.write_bytes((good / "grids.zip").read_bytes().replace(b"PK\x01\x02", b"PK\x01\x07"))
    with pytest.raises(Refused, match=r"torn\.zip is cut off or damaged"):
        look(path, {})


def test_structures_of_geoparquet_say_nothing_where_areas_want_texts(good: Path, tmp_path: Path) -> None:
    table = pq.read_table(good / "grids.parquet")
    table = table.replace_schema_metadata({b"geo": table.schema.metadata[b"geo"]})  # no pandas that foretells types
    at = table.column_names.index("name")
    path = tmp_path / "names.parquet"
    for cell, said in (
        ({"x": 1}, ""),
        ([1.0, 2.0], ""),
        (b"\xff\x00", ""),
        (b"A1", "A1"),
        (1e300, "1e+300"),
        ("A\0", "A"),
    ):
        pq.write_table(table.set_column(at, "name", pa.array([cell] * table.num_rows)), path)
        (source,) = sources_of(path, FLAGS, (None, None, "Asia/Shanghai")).layers
        assert set(read_raw(source).columns["name"].tolist()) == {said}


def test_files_whose_repair_leaves_no_ground_are_named(good: Path, tmp_path: Path) -> None:
    document = json.loads((good / "grids.geojson").read_text("utf-8"))
    for one in document["features"]:
        one["geometry"] = {"type": "Point", "coordinates": [117, 36.6]}
    path = tmp_path / "spots-only.geojson"
    path.write_text(json.dumps(document), "utf-8")
    sources = sources_of(path, FLAGS, ("试验市", "3799", "Asia/Shanghai"))
    with pytest.raises(Refused, match=r"spots-only\.geojson"):
        prepare(sources, None, repair=repair_of(2, 1_000, ()))
