"""What leaves the city can come back as it was, in every format and CRS, and says what it must not."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from typer.testing import CliRunner

from api import cli
from geo import areas, db, incidents, tables
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.sources import LayerSource, Sources
from geo.boundaries.standing import standing_of
from geo.crs import snapped
from geo.editions import Request
from geo.errors import Refused
from geo.exports import buildings, editions, targets
from geo.exports import incidents as exported
from geo.incidents import NewIncident
from geo.plans import imported
from geo.space.partition import faults, whole_of
from geo.writing import WRITERS
from tests import small_city

DEGREES = ("EPSG:4326", "EPSG:4490")
PROJECTED = ("auto-metric", "EPSG:4528", "EPSG:32651")
READABLE = (".gpkg", ".geojson", ".zip", ".parquet", ".fgb")
MOMENT = datetime(2025, 6, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine_of_city(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
        small_city.publish_small_city(connection, edition=2)
        for number, (column, row) in enumerate([(0, 1), (1, 1), (3, 2)]):
            where = small_city.cell_centre(column, row)
            new = NewIncident("12345", f"={number}", MOMENT, *where, reported_at=MOMENT, address="海悦路 1 号 302 室")
            incidents.add(connection, Actor("tests"), new)
        incidents.add(connection, Actor("tests"), NewIncident("12345", "lost", MOMENT, reported_at=MOMENT))
    return engine


@pytest.fixture
def standing(engine_of_city: sa.Engine) -> Iterator[sa.Connection]:
    with db.read(engine_of_city) as connection:
        yield connection


def written(connection: sa.Connection, path: Path, crs: str, level: str = "grid", number: int = 2) -> targets.Written:
    city = areas.city(connection)
    target = targets.target_of(path, crs, city)
    return editions.export(connection, areas.numbered(connection, number), [city.level(level)], target)


def read_back(connection: sa.Connection, path: Path, crs: str) -> imported.Preview:
    standing = standing_of(connection)
    assert standing is not None
    layer = LayerSource(path, "grid", crs, code="code", name="name", parent="parent", kind="kind")
    prepared = importing.prepare(Sources(None, (layer,)), standing)
    assert not prepared.is_refused, prepared.findings
    return imported.preview(connection, prepared, Request(Actor("tests"), "again", {}))


@pytest.mark.parametrize("crs", [*DEGREES, *PROJECTED])
@pytest.mark.parametrize("suffix", READABLE)
def test_an_edition_that_comes_back_is_the_same(standing: sa.Connection, tmp_path: Path, suffix: str, crs: str) -> None:
    done = written(standing, path := tmp_path / f"网格{suffix}", crs)
    assert done.rows == {"grid": 14}
    assert read_back(standing, path, done.crs).is_same


def test_a_crs_that_bends_long_edges_adds_nodes_and_changes_no_grid(standing: sa.Connection, tmp_path: Path) -> None:
    done = written(standing, path := tmp_path / "mercator.gpkg", "EPSG:3857")
    back = read_back(standing, path, done.crs)
    assert (back.changed, len(back.appeared), len(back.retired)) == (0, 0, 0)
    assert back.noded > 0


@pytest.mark.parametrize("crs", [*DEGREES, *PROJECTED, "EPSG:3857"])
def test_borders_that_matched_match_in_the_file(standing: sa.Connection, tmp_path: Path, crs: str) -> None:
    written(standing, path := tmp_path / "a.gpkg", crs)
    frame = geopandas.read_file(path)
    shapes = frame.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    if crs in DEGREES:
        single = np.where(shapely.get_num_geometries(shapes) == 1, shapely.get_geometry(shapes, 0), shapes)
        assert faults(single, whole_of(single)) == []
        assert shapely.equals_exact(snapped(shapes), shapes, 0).all()


@pytest.mark.parametrize("suffix", READABLE)
def test_east_stands_first_in_a_crs_whose_definition_names_north_first(
    standing: sa.Connection, tmp_path: Path, suffix: str
) -> None:
    written(standing, path := tmp_path / f"a{suffix}", "EPSG:4549")
    frame = geopandas.read_parquet(path) if suffix == ".parquet" else geopandas.read_file(path)
    assert frame.crs.to_epsg() == 4549
    west, south, *_ = frame.total_bounds
    assert 400_000 < west < 600_000
    assert 3_900_000 < south < 4_100_000
    there = frame.to_crs(4326).total_bounds
    assert there == pytest.approx([120.3, 36.1, 120.34, 36.124], abs=2e-3)


def test_a_geopackage_holds_every_level_as_a_layer(standing: sa.Connection, tmp_path: Path) -> None:
    city = areas.city(standing)
    target = targets.target_of(path := tmp_path / "all.gpkg", "EPSG:4490", city)
    done = editions.export(standing, areas.current(standing), list(range(5)), target)
    assert done.rows == {"city": 1, "district": 1, "subdistrict": 2, "community": 4, "grid": 14}
    assert [name for name, _ in pyogrio.list_layers(path)] == list(done.rows)
    communities = geopandas.read_file(path, layer="community")
    assert communities["code"].tolist() == list(small_city.COMMUNITIES)
    assert communities["parent"].tolist() == [code[:9] for code in small_city.COMMUNITIES]
    assert communities["district_code"].tolist() == [small_city.DISTRICT] * 4
    with pytest.raises(Refused, match=r"a\.fgb holds one level; say --level, or write a \.gpkg"):
        editions.export(standing, areas.current(standing), [0, 1], targets.target_of(tmp_path / "a.fgb", "wgs84", city))


def test_an_older_edition_leaves_as_it_was(standing: sa.Connection, tmp_path: Path) -> None:
    assert written(standing, tmp_path / "a.csv", "wgs84", number=1).rows == {"grid": 13}
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert {row["edition"] for row in rows} == {"1"}
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfcode,name,kind,parent")
    assert shapely.from_wkt(rows[0]["wkt"]).is_valid


def test_a_shapefile_says_its_encoding_and_what_its_short_names_mean(standing: sa.Connection, tmp_path: Path) -> None:
    written(standing, path := tmp_path / "a.zip", "EPSG:4490")
    with zipfile.ZipFile(path) as packed:
        assert {"grid.shp", "grid.shx", "grid.dbf", "grid.prj", "grid.cpg", "fields.csv"} <= set(packed.namelist())
        assert packed.read("grid.cpg") == b"UTF-8"
        fields = list(csv.DictReader(packed.read("fields.csv").decode("utf-8-sig").splitlines()))
    assert all(len(row["field"]) <= 10 for row in fields)
    assert next(row for row in fields if row["column"] == "parent_name")["field"] == "parentname"
    assert next(row for row in fields if row["column"] == "code")["含义"] == "编码"
    frame = geopandas.read_file(path)
    assert set(frame.columns) - {"geometry"} == {row["field"] for row in fields}
    assert "海悦广场专属网格" in frame["name"].tolist()


def test_geojson_keeps_the_eight_decimals_of_the_lattice(standing: sa.Connection, tmp_path: Path) -> None:
    written(standing, path := tmp_path / "a.geojson", "wgs84")
    document = json.loads(path.read_text(encoding="utf-8"))
    ground = {row["properties"]["code"]: shapely.geometry.shape(row["geometry"]) for row in document["features"]}
    leaves = areas.leaves(standing, areas.current(standing))
    for code, shape in zip(leaves.codes, leaves.shapes, strict=True):
        assert (shapely.get_coordinates(ground[str(code)]) == shapely.get_coordinates(shape)).all()


# -- incidents ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("suffix", WRITERS)
def test_incidents_leave_in_every_format_with_their_grids_and_without_their_addresses(
    standing: sa.Connection, tmp_path: Path, suffix: str
) -> None:
    target = targets.target_of(path := tmp_path / f"事件{suffix}", "EPSG:4490", areas.city(standing))
    assert exported.export(standing, (None, None), target).rows == {"incidents": 4}
    if suffix == ".csv":
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines()))
        assert [row["reference"] for row in rows][:3] == ["'=0", "'=1", "'=2"]
        assert (rows[0]["lon"], rows[0]["lat"]) == tuple(map(str, small_city.cell_centre(0, 1)))
        assert (rows[3]["lon"], rows[3]["rule"]) == ("", "no_position")
        assert rows[1]["grid"] == small_city.DEDICATED
        assert rows[2]["grid"] == small_city.FALLBACK
        assert rows[0]["occurred_at"].startswith("2025-06-01 16:00:00+08:00")
    elif suffix.endswith(("parquet", "pq")):
        assert pq.read_table(path)["grid"].to_pylist()[1] == small_city.DEDICATED
        assert geopandas.read_parquet(path).crs.to_epsg() == 4490
    elif suffix != ".csv.gz":
        frame = geopandas.read_file(path)
        assert len(frame) == 4
        assert small_city.DEDICATED in frame["grid"].tolist()
    assert "302" not in path.read_bytes().decode("utf-8", "replace") or suffix in (".zip", ".csv.gz")


def test_incidents_of_a_time_leave_alone(standing: sa.Connection, tmp_path: Path) -> None:
    target = targets.target_of(tmp_path / "a.parquet", "wgs84", areas.city(standing))
    after = datetime(2025, 6, 2, tzinfo=UTC)
    assert exported.export(standing, (after, None), target).rows == {"incidents": 0}
    assert exported.export(standing, (None, after), target).rows == {"incidents": 4}


def test_buildings_leave_with_their_counts_and_their_grid(fresh_engine: sa.Engine, tmp_path: Path) -> None:
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
        edition = areas.current(connection)
        grid = areas.place(connection, small_city.DEDICATED, edition)
        x, y = small_city.cell_centre(1, 1)
        known = {"source": "survey", "digest": b"", "area_m2": 900.0, "edition": 1, "name": "=海悦大厦", "workers": 120}
        for reference, there, west in (("1", grid.id, x), ("2", None, x + 1)):
            shape = shapely.MultiPolygon([shapely.box(west, y, west + 3e-4, y + 3e-4)])
            placed = {"grid_id": there, "community_id": there and grid.parent_id, "share": 1.0, "straddles": False}
            row = known | placed | {"reference": reference, "geom": f"SRID=4326;{shape.wkt}"}
            connection.execute(sa.insert(tables.buildings).values(row))
        for suffix in WRITERS:
            target = targets.target_of(tmp_path / f"b{suffix}", "auto-metric", areas.city(connection))
            assert buildings.export(connection, target).rows == {"buildings": 2}
    frame = geopandas.read_file(tmp_path / "b.gpkg")
    assert frame["grid"].fillna("").tolist() == [small_city.DEDICATED, ""]
    assert frame["community"].fillna("").tolist() == [small_city.COMMUNITIES[1], ""]
    assert frame["workers"].tolist() == [120, 120]
    assert frame.geometry.area[0] == pytest.approx(900, rel=0.01)
    rows = list(csv.DictReader((tmp_path / "b.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0]["name"] == "'=海悦大厦"
    assert shapely.from_wkt(rows[0]["wkt"]).area == pytest.approx(frame.geometry.area[0], rel=1e-4)


def test_no_column_of_what_leaves_is_an_address_or_a_person() -> None:
    names = set(exported.schema_of("Asia/Shanghai").names)
    assert not names & {"address", "raw_x", "raw_y", "reporter", "phone", "actor"}


# -- refusals ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "crs", "said"),
    [
        ("a.dwg", "EPSG:4326", r"a\.dwg cannot be written; its name must end in one of \.gpkg"),
        ("a.gpkg", "EPSG:1", "EPSG:1"),
        ("a.gpkg", "EPSG:999999", "is not in the EPSG register"),
        ("a.gpkg", "gcj02", "no file can say that it holds gcj02"),
        ("a.gpkg", "beijing", "datum 'beijing' is not known"),
    ],
)
def test_a_target_that_cannot_be_is_refused_before_anything_is_read(
    standing: sa.Connection, tmp_path: Path, name: str, crs: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        targets.target_of(tmp_path / name, crs, areas.city(standing))


def test_a_crs_made_for_elsewhere_is_refused_and_nothing_is_left(standing: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"EPSG:4513 is made for China .*73\.\d+ to 76\.5° E.* take --crs auto-metric"):
        written(standing, tmp_path / "a.gpkg", "EPSG:4513")
    assert list(tmp_path.iterdir()) == []


def test_a_text_longer_than_a_shapefile_holds_is_refused(fresh_engine: sa.Engine, tmp_path: Path) -> None:
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
        connection.execute(sa.text("UPDATE grids SET name = repeat('网', 100)"))
        with pytest.raises(Refused, match="a text of 300 bytes in 'name'; a Shapefile holds 254"):
            written(connection, tmp_path / "a.zip", "wgs84", number=1)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_says_and_replaces(
    engine_of_city: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "engine", lambda: engine_of_city)
    run, app, path = CliRunner(), cli.build(), tmp_path / "g.gpkg"
    path.write_text("older")
    done = run.invoke(app, ["export", "edition", str(path), "--crs", "auto-metric"])
    assert done.exit_code == 0, done.output
    assert "第 2 版 edition" in done.stdout
    assert "EPSG:4549" in done.stdout
    assert "grid 14" in done.stdout
    done = run.invoke(
        app, ["export", "edition", str(tmp_path / "c.geojson"), "--at", "2024-06-01", "--level", "community"]
    )
    assert done.exit_code == 0, done.output
    assert "第 1 版 edition" in done.stdout
    done = run.invoke(
        app, ["export", "incidents", str(tmp_path / "i.csv"), "--since", "2025-06-01", "--until", "2025-06-02"]
    )
    assert done.exit_code == 0, done.output
    assert "incidents 4" in done.stdout
