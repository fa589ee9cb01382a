"""Bad files are refused by name, row and what would be right; every good format reads the same."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo import unpacking
from geo.boundaries.flags import sources_of
from geo.boundaries.sources import read_sources
from geo.errors import GeoError, Refused, TooMuch, Unknown
from tests.made_files import (
    CITY,
    communities,
    feature,
    grids,
    kinds,
    moved,
    one,
    prepare,
    square,
    write,
    write_city,
    write_sources,
)

FLAGS = {
    "level": "grid",
    "layer": None,
    "datum": "wgs84",
    "code": "code",
    "name": "name",
    "parent": None,
    "kind": None,
    "encoding": None,
}


def _refusal(folder: Path, file: str, content: bytes | None) -> str:
    write_city(folder)
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(GeoError) as refused:
        prepare(write_sources(folder, file=file))
    assert file in refused.value.detail
    return refused.value.detail


def _frame() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame.from_features(grids(), crs="EPSG:4326")


def test_a_text_file_is_refused_with_the_formats_that_are_right(tmp_path: Path) -> None:
    assert "GeoPackage" in _refusal(tmp_path, "notes.geojson", b"dear colleague, here are the grids")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert "empty (0 bytes)" in _refusal(tmp_path, "empty.geojson", b"")


def test_a_missing_file_is_unknown(tmp_path: Path) -> None:
    assert "there is no file" in _refusal(tmp_path, "gone.geojson", None)


def test_a_truncated_geopackage_is_refused_by_its_size(tmp_path: Path) -> None:
    _frame().to_file(tmp_path / "whole.gpkg", driver="GPKG")
    content = (tmp_path / "whole.gpkg").read_bytes()
    assert "cut off" in _refusal(tmp_path, "half.gpkg", content[: len(content) // 2])


def test_a_geopackage_with_overwritten_pages_is_refused(tmp_path: Path) -> None:
    _frame().to_file(tmp_path / "whole.gpkg", driver="GPKG")
    content = bytearray((tmp_path / "whole.gpkg").read_bytes())
    content[5000:60000] = b"\x55" * 55000
    assert "damaged" in _refusal(tmp_path, "torn.gpkg", bytes(content))


def test_a_truncated_geojson_and_a_truncated_gz_are_refused(tmp_path: Path) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": grids()}).encode()
    assert "cannot be read" in _refusal(tmp_path, "half.geojson", text[:-40])
    assert "cut off" in _refusal(tmp_path, "half.geojson.gz", gzip.compress(text)[:-40])


def test_a_geojson_without_features_is_refused(tmp_path: Path) -> None:
    assert "no rows" in _refusal(tmp_path, "none.geojson", b'{"type":"FeatureCollection","features":[]}')


def test_a_gz_bomb_is_stopped_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_limit", lambda: 1_000_000)
    assert "unpacks to more than" in _refusal(tmp_path, "bomb.geojson.gz", gzip.compress(b" " * 50_000_000))


def test_a_zip_bomb_is_stopped_by_what_comes_out_not_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "_limit", lambda: 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("grids.geojson", b" " * 50_000_000)
    content = (tmp_path / "bomb.zip").read_bytes()
    with pytest.raises(TooMuch, match="GRIDATLAS_MAX_IMPORT_MB"), unpacking.opened(tmp_path / "bomb.zip"):
        pass
    assert "unpacks to more than" in _refusal(tmp_path, "bomb.zip", content)


def test_a_zip_of_very_many_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as packed:
        for number in range(unpacking.MEMBERS_MAX + 1):
            packed.writestr(f"{number}.txt", b"")
    assert "files" in _refusal(tmp_path, "many.zip", None)


SLY = ["../grids.geojson", "/etc/grids.geojson", "a/../../grids.geojson", "..\\grids.geojson"]


@pytest.mark.parametrize("name", SLY)
def test_a_zip_that_would_write_outside_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "sly.zip", "w") as packed:
        packed.writestr(name, json.dumps({"type": "FeatureCollection", "features": grids()}))
    assert "outside its folder" in _refusal(tmp_path, "sly.zip", None)


def test_a_zip_without_boundaries_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "docs.zip", "w") as packed:
        packed.writestr("readme.txt", "nothing")
    assert "only readme.txt" in _refusal(tmp_path, "docs.zip", None)


def test_a_file_with_another_checksum_is_refused(tmp_path: Path) -> None:
    write_city(tmp_path)
    right = hashlib.sha256((tmp_path / "grids.geojson").read_bytes()).hexdigest()
    lines = 'datum = "wgs84"\ncode = "code"\nname = "name"\nparent = "parent"\nsha256 = "{}"\n'
    assert not prepare(write_sources(tmp_path, grid=lines.format(right))).is_refused
    with pytest.raises(Refused, match="not the file that was declared"):
        prepare(write_sources(tmp_path, grid=lines.format("0" * 64)))


def test_an_unknown_column_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    write_city(tmp_path)
    lines = 'datum = "wgs84"\ncode = "codes"\nname = "name"\nparent = "parent"\n'
    with pytest.raises(Refused, match=r"no column 'codes'.*did you mean 'code'"):
        prepare(write_sources(tmp_path, grid=lines))


def test_no_datum_is_refused_in_sources_and_by_flags(tmp_path: Path) -> None:
    write_city(tmp_path)
    with pytest.raises(Refused, match=r"declares no datum.*never guessed"):
        prepare(write_sources(tmp_path, grid='code = "code"\n'))
    with pytest.raises(Refused, match=r"itself says EPSG:4326.*EPSG:nnnn"):
        sources_of(tmp_path / "grids.geojson", {**FLAGS, "datum": None}, ("市", CITY, "Asia/Shanghai"))
    bare = _frame().set_crs(None, allow_override=True)
    bare.to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(Refused, match="names no CRS"):
        sources_of(tmp_path / "bare.parquet", {**FLAGS, "datum": None}, ("市", CITY, "Asia/Shanghai"))


def test_an_unknown_datum_key_table_and_level_are_refused_by_name(tmp_path: Path) -> None:
    write_city(tmp_path)
    with pytest.raises(Refused, match="wgs84, cgcs2000, gcj02, bd09"):
        prepare(write_sources(tmp_path, grid='datum = "wgs48"\ncode = "code"\n'))
    with pytest.raises(Refused, match="did you mean 'code'"):
        prepare(write_sources(tmp_path, grid='datum = "wgs84"\ncodes = "code"\n'))
    with pytest.raises(Refused, match=r"no table \[outlines\].*did you mean 'outline'"):
        prepare(write_sources(tmp_path, head='[outlines]\nfile = "x"\n'))
    sources = write_sources(tmp_path)
    sources.write_text(sources.read_text().replace('level = "grid"', 'level = "grids"'))
    with pytest.raises(Refused, match="did you mean 'grid'"):
        read_sources(sources)
    with pytest.raises(Unknown, match="there is no file"):
        read_sources(tmp_path / "none.toml")


def test_a_file_that_contradicts_the_declared_datum_is_found(tmp_path: Path) -> None:
    write_city(tmp_path)
    _frame().to_crs(4549).to_file(tmp_path / "grids.gpkg", driver="GPKG")
    found = prepare(write_sources(tmp_path, file="grids.gpkg")).findings
    assert "EPSG:4549" in one(found, "datum_contradicted").en
    lines = 'datum = "EPSG:4549"\ncode = "code"\nname = "name"\nparent = "parent"\n'
    assert "datum_contradicted" not in kinds(prepare(write_sources(tmp_path, file="grids.gpkg", grid=lines)).findings)


def test_latitude_first_is_said_with_the_numbers_turned(tmp_path: Path) -> None:
    def turn(features: list[dict[str, object]]) -> None:
        for each in features:
            moved(each, lambda ring: ring[:, ::-1])

    found = prepare(write_city(tmp_path, turn)).findings
    said = one(found, "latitude_first")
    assert said.file == "grids.geojson"
    assert "all 8 rows" in said.en
    assert "117" in said.en


def test_one_row_with_latitude_first_is_named(tmp_path: Path) -> None:
    found = prepare(write_city(tmp_path, lambda rows: moved(rows[3], lambda ring: ring[:, ::-1]))).findings
    assert one(found, "latitude_first").rows == (4,)


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf")])
def test_a_coordinate_that_is_no_number_is_named_by_row(tmp_path: Path, nonsense: float) -> None:
    def spoil(ring: np.ndarray) -> np.ndarray:
        ring[1, 0] = nonsense
        return ring

    found = prepare(write_city(tmp_path, lambda rows: moved(rows[2], spoil))).findings
    assert one(found, "coordinates_not_finite").rows == (3,)


def test_projected_numbers_read_as_degrees_are_named_by_row(tmp_path: Path) -> None:
    found = prepare(write_city(tmp_path, lambda rows: moved(rows[1], lambda ring: ring * 1e4))).findings
    said = one(found, "coordinates_out_of_range")
    assert said.rows == (2,)
    assert "EPSG:nnnn" in said.en


def test_a_ring_that_crosses_itself_is_named_with_row_place_and_reason(tmp_path: Path) -> None:
    found = prepare(write_city(tmp_path, lambda rows: moved(rows[5], lambda ring: ring[[0, 2, 1, 3, 0]]))).findings
    said = one(found, "ring_invalid")
    assert said.rows == (6,)
    assert "Self-intersection" in said.en
    assert said.place is not None


def test_missing_unclosed_and_wrong_geometries_are_named_by_row(tmp_path: Path) -> None:
    def spoil(rows: list[dict[str, object]]) -> None:
        rows[0]["geometry"] = None
        rows[1]["geometry"] = {"type": "Point", "coordinates": [117, 36]}
        rows[2]["geometry"] = {"type": "Polygon", "coordinates": [[[117, 36], [117.1, 36], [117.1, 36.1]]]}

    found = prepare(write_city(tmp_path, spoil)).findings
    assert one(found, "geometry_empty").rows == (1,)
    assert one(found, "geometry_not_polygon").rows == (2,)
    assert one(found, "geometry_unreadable").rows == (3,)


@pytest.mark.slow
def test_a_ring_of_a_million_vertices_is_read_and_judged(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = np.stack([117 + 0.5 * np.cos(angle), 36.6 + 0.5 * np.sin(angle)], axis=1)
    shape = shapely.Polygon(ring)
    gpd.GeoDataFrame({"code": ["1"]}, geometry=[shape], crs=4326).to_parquet(tmp_path / "round.parquet")
    flags = {**FLAGS, "name": None}
    from geo.boundaries import importing

    prepared = importing.prepare(sources_of(tmp_path / "round.parquet", flags, ("圆城", "1000", "Asia/Shanghai")), None)
    assert not prepared.is_refused, prepared.findings
    assert shapely.get_num_coordinates(prepared.judgement.division.leaf_shapes[0]) > 900_000


FORMS = ["grids.gpkg", "grids.parquet", "grids.zip", "grids.gpkg.gz", "grids.geojson.gz", "grids.fgb", "grids.mif"]


@pytest.mark.parametrize("form", FORMS)
def test_every_format_makes_the_same_division(tmp_path: Path, form: str) -> None:
    right = prepare(write_city(tmp_path)).judgement.division
    _write(tmp_path, form)
    prepared = prepare(write_sources(tmp_path, file=form))
    assert not prepared.is_refused, prepared.findings
    made = prepared.judgement.division
    assert made.leaf_codes.tolist() == right.leaf_codes.tolist()
    assert made.leaf_names.tolist() == right.leaf_names.tolist()
    assert shapely.equals(made.leaf_shapes, right.leaf_shapes).all()


def _write(folder: Path, form: str) -> None:
    plain = folder / form.removesuffix(".gz")
    if plain.suffix == ".gpkg":
        _frame().to_file(plain, driver="GPKG")
    elif plain.suffix == ".parquet":
        _frame().to_parquet(plain)
    elif plain.suffix == ".fgb":
        _frame().to_file(plain, driver="FlatGeobuf")
    elif plain.suffix == ".mif":
        _frame().to_file(plain, driver="MapInfo File", FORMAT="MIF")
    elif plain.suffix == ".zip":
        _shapefile(folder, plain, "UTF-8")
    if form.endswith(".gz"):
        (folder / form).write_bytes(gzip.compress(plain.read_bytes()))


def _shapefile(folder: Path, path: Path, encoding: str, *, cpg: bool = True) -> None:
    inner = folder / "shape"
    inner.mkdir()
    _frame().to_file(inner / "grids.shp", driver="ESRI Shapefile", encoding=encoding)
    with zipfile.ZipFile(path, "w") as packed:
        for file in inner.iterdir():
            if cpg or file.suffix != ".cpg":
                packed.write(file, f"map/{file.name}")


def test_a_gbk_shapefile_is_read_by_its_declared_encoding_and_betrays_a_wrong_one(tmp_path: Path) -> None:
    write_city(tmp_path)
    _shapefile(tmp_path, tmp_path / "gbk.zip", "GBK", cpg=False)
    lines = 'datum = "wgs84"\ncode = "code"\nname = "name"\nparent = "parent"\n'
    right = prepare(write_sources(tmp_path, file="gbk.zip", grid=lines + 'encoding = "GBK"\n'))
    assert "网格00" in right.judgement.division.leaf_names
    found = prepare(write_sources(tmp_path, file="gbk.zip", grid=lines)).findings
    assert "encoding = GBK" in one(found, "text_damaged").en
    with pytest.raises(Refused, match="encoding"):
        prepare(write_sources(tmp_path, file="gbk.zip", grid=lines + 'encoding = "UTF-8"\n'))


def test_a_geopackage_of_several_layers_asks_for_one(tmp_path: Path) -> None:
    write_city(tmp_path)
    for name in ("old", "new"):
        _frame().to_file(tmp_path / "two.gpkg", driver="GPKG", layer=name)
    with pytest.raises(Refused, match="2 layers: old, new; name one"):
        prepare(write_sources(tmp_path, file="two.gpkg"))
    lines = 'layer = "nwe"\ndatum = "wgs84"\ncode = "code"\n'
    with pytest.raises(Refused, match="did you mean 'new'"):
        prepare(write_sources(tmp_path, file="two.gpkg", grid=lines))


def test_the_outline_is_read_and_ground_beyond_it_found(tmp_path: Path) -> None:
    write_city(tmp_path)
    write(tmp_path / "outline.geojson", [feature(square(0, 0, 4, 1))])
    head = '[outline]\nfile = "outline.geojson"\ndatum = "wgs84"\n'
    found = prepare(write_sources(tmp_path, head=head)).findings
    outside = [each for each in found if each.kind == "outside_outline" and each.level == "grid"]
    assert {each.codes[0][-3:] for each in outside} == {"003", "004"}
    write(tmp_path / "communities.geojson", communities())


def test_only_the_rows_that_are_asked_for_are_boundaries(tmp_path: Path) -> None:
    write_city(tmp_path)
    rows = [*grids(), feature(square(0, 0, 4, 2), code="x", name="区界", parent="")]
    for row in rows:
        row["properties"]["what"] = "grid" if row["properties"]["code"] != "x" else "district"
    write(tmp_path / "mixed.geojson", rows)
    lines = 'datum = "wgs84"\ncode = "code"\nname = "name"\nparent = "parent"\n'
    prepared = prepare(write_sources(tmp_path, file="mixed.geojson", grid=lines + 'where = { what = "grid" }\n'))
    assert not prepared.is_refused, prepared.findings
    assert prepared.rows == prepare(write_sources(tmp_path)).rows
    with pytest.raises(Refused, match="no column 'wat'; it has code, name, parent, what; did you mean 'what'"):
        prepare(write_sources(tmp_path, file="mixed.geojson", grid=lines + 'where = { wat = "grid" }\n'))


def test_closed_lines_of_a_drawing_are_ground(tmp_path: Path) -> None:
    write_city(tmp_path)
    drawn = gpd.GeoDataFrame({"Layer": _frame()["code"]}, geometry=_frame().boundary, crs=4326)
    drawn.to_file(tmp_path / "grids.dxf", driver="DXF")
    prepared = prepare(write_sources(tmp_path, file="grids.dxf", grid='datum = "wgs84"\ncode = "Layer"\n'))
    right = prepare(write_sources(tmp_path)).judgement.division
    assert not prepared.is_refused, prepared.findings
    assert shapely.equals(prepared.judgement.division.leaf_shapes, right.leaf_shapes).all()
