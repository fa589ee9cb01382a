"""Every vector format gives the same rows for the same content; a bad file is refused by its name."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import GeoError, Refused, TooMuch
from geo.frames import opened, sheets
from geo.frames.vectors import epsg_of

FORMATS = {
    "a.gpkg": "GPKG",
    "a.geojson": "GeoJSON",
    "a.fgb": "FlatGeobuf",
    "a.shp": "ESRI Shapefile",
    "a.tab": "MapInfo File",
    "a.mif": "MapInfo File",
    "a.kml": "LIBKML",
    "a.kmz": "LIBKML",
    "a.parquet": "",
}
SHIFT = {"a.tab": 1e-6, "a.mif": 1e-6, "a.kml": 1e-9, "a.kmz": 1e-9, "a.geojson": 1e-12}
"""Degrees a format may move a vertex: MapInfo keeps whole numbers of its own step, texts fifteen digits."""

texts = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=8)
cells = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), texts), min_size=1, max_size=12)


def write(folder: Path, name: str, frame: gpd.GeoDataFrame) -> Path:
    path = folder / name
    if not FORMATS[name]:
        frame.to_parquet(path)
        return path
    options = {"FORMAT": "MIF"} if name == "a.mif" else {}
    pyogrio.write_dataframe(frame, path, driver=FORMATS[name], layer="a", **options)
    return path


def packed(path: Path, *, encoding: str = "utf-8") -> Path:
    """The file and those beside it in a zip, in a folder with a Chinese name."""
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as folder:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part not in (target,) and part.suffix in _parts(path):
                folder.writestr(f"{part.stem}{part.suffix}", part.read_bytes())
    return target


def _parts(path: Path) -> tuple[str, ...]:
    parts = {".shp": (".shp", ".shx", ".dbf", ".prj", ".cpg"), ".tab": (".tab", ".dat", ".map", ".id")}
    return parts.get(path.suffix, (path.suffix, ".mid"))


def read(path: Path, **told: str) -> tuple[dict[str, tuple[str, shapely.Geometry]], str | None]:
    with opened(path, **told) as sheet:
        assert sheet.geometry is not None
        rows = [row for frame in sheet.frames for row in frame.table.to_pylist()]
        name = "Name" if "Name" in sheet.schema.names else "name"
        made = {row["code"]: (row[name], shapely.from_wkb(row[sheet.geometry])) for row in rows}
        return made, sheet.crs


def content(rows: list[tuple[int, int, str]]) -> gpd.GeoDataFrame:
    shapes = [shapely.box(117 + x / 100, 36 + y / 100, 117.01 + x / 100, 36.02 + y / 100) for x, y, _ in rows]
    columns = {"code": [f"{number:03}" for number in range(len(rows))], "name": [name for _, _, name in rows]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cells)
def test_every_format_gives_the_same_rows(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    frame = content(rows)
    right = dict(zip(frame["code"], zip(frame["name"], frame.geometry, strict=True), strict=True))
    folder = tmp_path_factory.mktemp("formats")
    files = [write(folder, name, frame) for name in FORMATS]
    for path in files:
        made, crs = read(path)
        assert crs == "EPSG:4326", path.name
        assert {code: name for code, (name, _) in made.items()} == {code: name for code, (name, _) in right.items()}
        for code, (_, shape) in made.items():
            apart = shapely.hausdorff_distance(shapely.normalize(shape), shapely.normalize(right[code][1]))
            assert apart <= SHIFT.get(path.name, 0), path.name


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("a.kmz", "a.parquet")])
def test_a_format_reads_the_same_zipped(tmp_path: Path, name: str) -> None:
    frame = content([(0, 0, "东风路"), (1, 0, "解放路")])
    path = write(tmp_path, name, frame)
    assert read(packed(path)) == read(path)


def test_a_gbk_shapefile_without_a_word_of_it_is_recognised_and_a_wrong_word_refused(tmp_path: Path) -> None:
    frame = content([(0, 0, "东风路社区"), (1, 0, "解放路社区")])
    frame.to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    with opened(tmp_path / "a.shp") as sheet:
        assert sheet.recognised == "gbk"
        assert next(sheet.frames).table["name"].to_pylist() == ["东风路社区", "解放路社区"]
    assert read(tmp_path / "a.shp", encoding="gbk")[0]["000"][0] == "东风路社区"
    with pytest.raises(Refused, match=r"a\.shp is gbk, not utf-8; declare --encoding gbk"):
        read(tmp_path / "a.shp", encoding="utf-8")


def test_mapinfo_texts_that_are_no_utf8_ask_for_the_encoding_by_name(tmp_path: Path) -> None:
    frame = content([(0, 0, "东风路社区")])
    pyogrio.write_dataframe(frame, tmp_path / "a.tab", driver="MapInfo File", encoding="GBK")
    with pytest.raises(Refused, match=r"a\.tab is gbk"):
        read(tmp_path / "a.tab")
    assert read(tmp_path / "a.tab", encoding="gbk")[0]["000"][0] == "东风路社区"


def test_the_lines_of_a_drawing_come_with_their_layer(tmp_path: Path) -> None:
    shapes = [shapely.LineString([(0, 0), (5, 0), (5, 5)]), shapely.LineString([(1, 1), (2, 2)])]
    frame = gpd.GeoDataFrame({"Layer": ["道路", "河流"]}, geometry=shapes, crs=4548)
    pyogrio.write_dataframe(frame, tmp_path / "a.dxf", driver="DXF")
    office = (tmp_path / "a.dxf").read_text("utf-8").replace("ANSI_1252", "ANSI_936")  # as a Chinese AutoCAD writes
    (tmp_path / "a.dxf").write_text(office, "gbk")
    with opened(tmp_path / "a.dxf") as sheet:
        table = next(sheet.frames).table
        assert (sheet.crs, sheet.kind) == (None, "dxf")
        assert table["Layer"].to_pylist() == ["道路", "河流"]
        assert shapely.equals(shapely.from_wkb(table[sheet.geometry].to_numpy()), shapes).all()


def test_only_the_columns_that_are_asked_for_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a.gpkg", content([(0, 0, "东"), (1, 0, "西")]))
    with opened(path, columns=["name"]) as sheet:
        assert sheet.schema.names == ["name", "geom"]


def test_a_projected_crs_is_told_by_its_number(tmp_path: Path) -> None:
    frame = content([(0, 0, "东")]).to_crs(4548)
    for name in ("a.shp", "a.fgb", "a.gpkg", "a.geojson"):
        assert read(write(tmp_path, name, frame))[1] == "EPSG:4548"
    assert epsg_of(None) is None
    assert epsg_of('LOCAL_CS["of the office"]') == 'LOCAL_CS["of the office"]'


def test_chunks_are_numbered_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a.fgb", content([(number, 0, "格") for number in range(7)]))
    monkeypatch.setattr(sheets, "CHUNK", 3)
    with opened(path) as sheet:
        assert np.concatenate([frame.rows for frame in sheet.frames]).tolist() == list(range(1, 8))


def test_a_layer_is_named_where_there_are_several(tmp_path: Path) -> None:
    frame = content([(0, 0, "东")])
    for layer in ("old", "new"):
        frame.to_file(tmp_path / "a.gpkg", driver="GPKG", layer=layer)
    with pytest.raises(Refused, match="2 layers: old, new; name one"):
        read(tmp_path / "a.gpkg")
    with pytest.raises(Refused, match="did you mean 'new'"):
        read(tmp_path / "a.gpkg", layer="nwe")
    assert len(read(tmp_path / "a.gpkg", layer="new")[0]) == 1


OSM = """<?xml version='1.0' encoding='UTF-8'?>
<!-- made by hand -->
<osm version="0.6" generator="hand">
 <node id="1" lon="117.0" lat="36.0"/><node id="2" lon="117.1" lat="36.0"/><node id="3" lon="117.1" lat="36.1"/>
 <node id="4" lon="117.0" lat="36.1"/><node id="5" lon="117.04" lat="36.04"/><node id="6" lon="117.06" lat="36.04"/>
 <node id="7" lon="117.06" lat="36.06"/>
 <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>
 <way id="11"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="5"/></way>
 <way id="12"><nd ref="1"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="name:zh" v="东风路"/></way>
 <relation id="20"><member type="way" ref="10" role="outer"/><member type="way" ref="11" role="inner"/>
  <tag k="type" v="multipolygon"/><tag k="building" v="office"/><tag k="building:levels" v="3"/></relation>
</osm>
"""


@pytest.mark.parametrize("name", ["a.osm", "a.osm.gz", "a.osm.bz2", "a.zip"])
def test_openstreetmap_is_read_plain_and_packed_with_its_own_tags(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as folder:
            folder.writestr("a.osm", OSM)
    else:
        pack = {".gz": gzip.compress, ".bz2": bz2.compress}.get(path.suffix, bytes)
        path.write_bytes(pack(OSM.encode()))
    with opened(path, layer="multipolygons") as sheet:
        (row,) = next(sheet.frames).table.to_pylist()
        assert (row["osm_id"], row["osm_way_id"], row["building"], row["building:levels"]) == (
            "20",
            None,
            "office",
            "3",
        )
        assert shapely.get_num_interior_rings(shapely.from_wkb(row[sheet.geometry]).geoms[0]) == 1
    with opened(path, layer="lines") as sheet:
        (row,) = next(sheet.frames).table.to_pylist()
        assert (row["osm_id"], row["highway"], row["name:zh"]) == ("12", "primary", "东风路")


BAD = {
    "a.gpkg": b"dear colleague, here are the roads",
    "a.geojson": b'{"type": "FeatureCollection", "features": [{"type"',
    "a.shp": b"\x00\x00\x27\x0a" + bytes(40),
    "a.fgb": b"fgb\x03fgb\x00" + bytes(8),
    "a.tab": b"!table\n!version 300\n",
    "a.mif": b'VERSION 300\nCharset "Neutral"\nCOLUMNS 900\n',
    "a.kml": b"<?xml version='1.0'?><kml><Document><Placemark>",
    "a.dxf": b"  0\nSECTION\n  2\nENTITIES\n  0\nLWPOLYLINE\n 90\n",
    "a.osm": OSM[:-20].encode(),
    "a.osm.pbf": b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7f" + bytes(3),
    "a.zip": b"PK\x03\x04" + bytes(30),
    "a.osm.bz2": bz2.compress(OSM.encode())[:-9],
    "a.kmz": b"",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_of_any_format_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    with pytest.raises(GeoError, match=name) as refused:
        read(tmp_path / name, layer="lines") if ".osm" in name else read(tmp_path / name)
    assert str(tmp_path) not in refused.value.detail


CUT = ["a.gpkg", "a.geojson", "a.fgb", "a.shp", "a.dbf", "a.tab", "a.dat", "a.map", "a.mif", "a.mid", "a.kml", "a.dxf"]


@pytest.mark.parametrize("share", [0.3, 0.97])
@pytest.mark.parametrize("cut", CUT)
def test_a_file_that_is_cut_off_is_never_read_as_a_shorter_one(tmp_path: Path, cut: str, share: float) -> None:
    frame = content([(number % 40, number // 40, "东风路") for number in range(600)])
    name = {"a.dbf": "a.shp", "a.dat": "a.tab", "a.map": "a.tab", "a.mid": "a.mif"}.get(cut, cut)
    if name == "a.dxf":
        frame.boundary.to_frame("geometry").to_file(tmp_path / name, driver="DXF")
    else:
        write(tmp_path, name, frame)
    whole = (tmp_path / cut).read_bytes()
    (tmp_path / cut).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Refused, match=name), opened(tmp_path / name) as sheet:
        list(sheet.frames)


def test_a_bomb_is_stopped_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.unpacking._limit", lambda: 1_000_000)
    (tmp_path / "a.osm.bz2").write_bytes(bz2.compress(bytes(20_000_000)))
    with pytest.raises(TooMuch, match="unpacks to more than"):
        read(tmp_path / "a.osm.bz2")
