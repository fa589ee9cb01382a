"""Evidence out of files, and what an import and ``gridatlas evidence`` say of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from api.cli import build
from geo.arrays import Floats
from geo.boundaries import importing
from geo.boundaries.evidence import hold_file
from geo.boundaries.findings import Finding
from geo.boundaries.flags import sources_of
from geo.boundaries.sources import EvidenceSource, LayerSource, Sources, read_sources
from geo.boundaries.stated import read_stated
from geo.crs import Datum, from_wgs84
from geo.errors import GeoError, Refused
from tests.made_files import COMMUNITIES, SIDE, SOUTH, WEST, kinds, one, prepare, write, write_city

NAMED = pd.DataFrame({"区域": ["社区0", "社区1", "未知", None], "lon": [117.01, 117.03, 117.01, 117.01], "lat": 36.61})


def as_csv(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False, encoding="gbk")
    return path


def as_gz(frame: pd.DataFrame, path: Path) -> Path:
    with gzip.open(path, "wt", encoding="gbk") as file:
        frame.to_csv(file, index=False)
    return path


def as_parquet(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_parquet(path)
    return path


def as_xlsx(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_excel(path, index=False)
    return path


def as_layer(frame: pd.DataFrame, path: Path) -> Path:
    points = gpd.GeoDataFrame(frame[["区域"]], geometry=gpd.points_from_xy(frame.lon, frame.lat), crs="EPSG:4326")
    if path.suffix == ".geoparquet":
        points.to_parquet(path)
    else:
        points.to_file(path)
    return path


@pytest.mark.parametrize(
    ("writer", "name"),
    [
        (as_csv, "a.csv"),
        (as_gz, "a.csv.gz"),
        (as_parquet, "a.parquet"),
        (as_xlsx, "a.xlsx"),
        (as_layer, "a.gpkg"),
        (as_layer, "a.geojson"),
        (as_layer, "a.geoparquet"),
    ],
)
def test_every_format_states_the_same(tmp_path: Path, writer: Callable[[pd.DataFrame, Path], Path], name: str) -> None:
    stated = read_stated(EvidenceSource(writer(NAMED, tmp_path / name), "区域"))
    assert stated.texts.tolist() == ["社区0", "社区1"]
    assert stated.area.tolist() == [0, 1, -1, -1]
    assert np.allclose(stated.lonlat, NAMED[["lon", "lat"]].to_numpy())
    assert len(stated.useful) == 2


def test_numbers_are_stated_without_a_point_and_points_nowhere_have_no_position(tmp_path: Path) -> None:
    frame = pd.DataFrame({"ward": [12.0, np.nan, 3.0], "lon": [0.0, 1.0, 500.0], "lat": [0.0, 1.0, 2.0]})
    stated = read_stated(EvidenceSource(as_parquet(frame, tmp_path / "a.parquet"), "ward"))
    assert stated.texts.tolist() == ["12", "3"]
    assert np.isnan(stated.lonlat[[0, 2]]).all()
    assert len(stated.useful) == 0


def test_positions_are_taken_off_their_declared_datum(tmp_path: Path) -> None:
    shifted = from_wgs84(NAMED[["lon", "lat"]].to_numpy(), Datum("gcj02"))
    frame = NAMED.assign(lon=shifted[:, 0], lat=shifted[:, 1])
    stated = read_stated(EvidenceSource(as_parquet(frame, tmp_path / "a.parquet"), "区域", datum="gcj02"))
    assert stated.datum == "gcj02"
    assert np.allclose(stated.lonlat, NAMED[["lon", "lat"]].to_numpy(), atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"area": "区划"}, "no column '区划'.*区域.*did you mean '区域'"),
        ({"lon": "x"}, "no column 'x'"),
        ({"file": Path("there_is_none.csv")}, "no file"),
        ({"datum": "wgs72"}, "wgs72"),
    ],
)
def test_evidence_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    source = EvidenceSource(as_parquet(NAMED, tmp_path / "a.parquet"), "区域")
    with pytest.raises(Refused, match=message):
        read_stated(replace(source, **changes))  # type: ignore[arg-type]


def test_evidence_without_rows_or_positions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no rows"):
        read_stated(EvidenceSource(as_parquet(NAMED.iloc[:0], tmp_path / "a.parquet"), "区域"))
    with pytest.raises(Refused, match="--evidence-lon"):
        read_stated(EvidenceSource(as_parquet(NAMED[["区域"]], tmp_path / "b.parquet"), "区域"))


# -- an import ---------------------------------------------------------------------------------------------------------
def statements(folder: Path, change: Callable[[Floats], Floats] = lambda xy: xy, column: str = "community") -> Path:
    """Points all over the made city of ``made_files`` with the community each lies in."""
    xy = np.random.default_rng(7).uniform((WEST, SOUTH), (WEST + 4 * SIDE, SOUTH + 2 * SIDE), (3000, 2))
    at = (xy[:, 0] > WEST + 2 * SIDE).astype(int)
    moved = change(xy)
    frame = pd.DataFrame({column: np.asarray(COMMUNITIES)[at], "lon": moved[:, 0], "lat": moved[:, 1]})
    return as_parquet(frame, folder / "points.parquet")


def told(path: Path, evidence: EvidenceSource) -> list[Finding]:
    return importing.prepare(replace(read_sources(path), evidence=evidence), None).findings


def test_an_import_without_evidence_says_that_the_datum_is_not_verifiable(tmp_path: Path) -> None:
    found = one(prepare(write_city(tmp_path)).findings, "datum_unverifiable")
    assert found.severity == "info"
    assert "坐标基准无法核验" in found.zh
    assert "datum not verifiable" in found.en
    assert "communities.geojson, grids.geojson" in found.en


def test_evidence_that_agrees_is_told_for_every_file_that_names_the_level(tmp_path: Path) -> None:
    found = told(write_city(tmp_path), EvidenceSource(statements(tmp_path), "community"))
    assert {one.kind for one in found} == {"datum_agreement"}
    assert {one.file for one in found} == {"communities.geojson", "grids.geojson"}
    assert "boundaries wgs84 and points wgs84 as declared 1.0000" in found[0].en


def test_points_that_fit_another_datum_are_warned_of_with_their_places(tmp_path: Path) -> None:
    shifted = statements(tmp_path, lambda xy: from_wgs84(xy, Datum("gcj02")))
    found = told(write_city(tmp_path), EvidenceSource(shifted, "community"))
    assert kinds(found, "warning") == {"datum_contradicted_by_evidence"}
    warning = next(one for one in found if one.kind == "datum_contradicted_by_evidence")
    assert "points read as gcj02 1.0000" in warning.en
    assert "点按 gcj02 1.0000" in warning.zh
    assert warning.place is not None
    right = told(write_city(tmp_path), EvidenceSource(shifted, "community", datum="gcj02"))
    assert kinds(right, "warning") == set()


def test_a_warning_refuses_nothing(tmp_path: Path) -> None:
    shifted = statements(tmp_path, lambda xy: from_wgs84(xy, Datum("gcj02")))
    sources = replace(read_sources(write_city(tmp_path)), evidence=EvidenceSource(shifted, "community"))
    assert not importing.prepare(sources, None).is_refused


def test_a_column_that_names_no_area_is_warned_of(tmp_path: Path) -> None:
    path = as_parquet(NAMED.assign(区域="某处"), tmp_path / "points.parquet")
    found = [one for one in told(write_city(tmp_path), EvidenceSource(path, "区域")) if one.severity == "warning"]
    assert {one.kind for one in found} == {"datum_unverifiable"}
    assert "某处" in found[0].zh
    assert "right column" in found[0].en


def test_areas_that_do_not_exist_here_are_listed_and_too_many_silence_the_evidence(tmp_path: Path) -> None:
    path = statements(tmp_path)
    frame = pd.read_parquet(path)
    few, most = frame.index % 10 == 0, frame.index % 10 != 0
    frame.assign(community=frame.community.where(~few, "旧社区")).to_parquet(path)
    found = told(write_city(tmp_path), EvidenceSource(path, "community"))
    assert {one.kind for one in found} == {"datum_agreement", "stated_area_unknown"}
    unknown = next(one for one in found if one.kind == "stated_area_unknown")
    assert "旧社区 300" in unknown.zh
    frame.assign(community=frame.community.where(~most, "旧社区")).to_parquet(path)
    found = told(write_city(tmp_path), EvidenceSource(path, "community"))
    assert {one.kind for one in found} == {"datum_unverifiable", "stated_area_unknown"}
    assert kinds(found, "warning") == {"datum_unverifiable"}


def test_a_file_that_has_no_such_level_is_told_apart(tmp_path: Path) -> None:
    points = as_parquet(
        pd.DataFrame({"grid": ["网格00"] * 4, "lon": [117.001] * 4, "lat": [36.601] * 4}), tmp_path / "points.parquet"
    )
    found = told(write_city(tmp_path), EvidenceSource(points, "grid"))
    silent = next(one for one in found if one.file == "communities.geojson")
    assert silent.kind == "datum_unverifiable"
    assert "no column" in silent.en
    assert silent.severity == "info"


def test_evidence_may_stand_in_the_sources_and_its_keys_are_checked(tmp_path: Path) -> None:
    statements(tmp_path)
    path = write_city(tmp_path)
    plain = path.read_text(encoding="utf-8")
    path.write_text(plain + '\n[evidence]\nfile = "points.parquet"\narea = "community"\n', encoding="utf-8")
    assert {one.kind for one in prepare(path).findings} == {"datum_agreement"}
    for lines, message in (
        ('file = "points.parquet"\n', "lacks 'area'"),
        ('area = "community"\n', "needs file"),
        ('file = "points.parquet"\narea = "community"\nfeild = "x"\n', "no key 'feild'"),
        ('file = "points.parquet"\narea = "community"\ndatum = "wgs72"\n', "wgs72"),
        ('file = "points.parquet"\narea = "community"\nlevel = "ward"\n', "ward"),
    ):
        path.write_text(f"{plain}\n[evidence]\n{lines}", encoding="utf-8")
        with pytest.raises(GeoError, match=message):
            prepare(path)


def test_half_of_the_evidence_is_refused(tmp_path: Path) -> None:
    ran = CliRunner().invoke(build(), ["import", "boundaries", str(write_city(tmp_path)), "--evidence", "points.csv"])
    assert isinstance(ran.exception, Refused)
    assert "--evidence-area" in ran.exception.detail


# -- the command -------------------------------------------------------------------------------------------------------
def evidence(*arguments: str) -> tuple[int, dict[str, list[str]]]:
    """Exit code and, for each kind of finding, its English messages."""
    ran = CliRunner().invoke(build(), ["evidence", *arguments, "--json"], catch_exceptions=False)
    said: dict[str, list[str]] = {}
    for found in json.loads(ran.stdout)["findings"]:
        said.setdefault(found["kind"], []).append(found["message"]["en"])
    return ran.exit_code, said


@pytest.mark.slow
def test_any_file_of_areas_is_held_against_points(tmp_path: Path) -> None:
    write_city(tmp_path)
    areas = ("--areas", str(tmp_path / "communities.geojson"), "--code", "code", "--datum")
    points = str(statements(tmp_path))
    assert evidence(points, "--area", "community", *areas, "wgs84")[0] == 0
    code, said = evidence(points, "--area", "community", *areas, "gcj02")
    assert code == 1
    assert "boundaries gcj02 and points wgs84 as declared" in said["datum_contradicted_by_evidence"][0]
    assert "boundaries read as wgs84" in said["datum_contradicted_by_evidence"][0]


def test_areas_of_another_vintage_are_named_with_the_places(tmp_path: Path) -> None:
    halves = [shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + 2 * SIDE)]
    halves.append(shapely.box(WEST + SIDE, SOUTH, WEST + 4 * SIDE, SOUTH + 2 * SIDE))
    features = gpd.GeoDataFrame({"code": COMMUNITIES}, geometry=halves, crs="EPSG:4326")
    file = write(tmp_path / "old.geojson", json.loads(features.to_json())["features"])
    layer = LayerSource(file, "area", "wgs84", code="code")
    found = hold_file(layer, EvidenceSource(statements(tmp_path), "community"))
    assert kinds(found, "warning") == {"vintage_differs", "stated_elsewhere"}
    redrawn = one(found, "stated_elsewhere")
    assert redrawn.codes == COMMUNITIES
    assert redrawn.where is not None
    assert shapely.box(WEST + SIDE, SOUTH, WEST + 2 * SIDE, SOUTH + 2 * SIDE).buffer(1e-6).covers(redrawn.where)


# -- real cities -------------------------------------------------------------------------------------------------------
def shanghai(real: Path, datum: str) -> Sources:
    columns = {"level": "district", "layer": None, "datum": datum, "code": "adcode", "name": "name"}
    sources = sources_of(real / "shanghai/districts_gcj02.geojson", columns, ("上海市", "310000", "Asia/Shanghai"))
    return replace(sources, evidence=EvidenceSource(real / "shanghai/poi_wgs84.parquet", "adname"))


@pytest.mark.slow
@pytest.mark.real
def test_shanghai_declared_wgs84_is_warned_of(real: Path) -> None:
    found = importing.prepare(shanghai(real, "wgs84"), None).findings
    assert kinds(found, "warning") == {"datum_contradicted_by_evidence"}
    said = one(found, "datum_contradicted_by_evidence").en
    assert "boundaries read as gcj02 0.9998" in said
    assert "as declared 0.9534" in said
    assert ", or " not in said


@pytest.mark.slow
@pytest.mark.real
def test_shanghai_declared_gcj02_is_silent(real: Path) -> None:
    found = importing.prepare(shanghai(real, "gcj02"), None).findings
    assert {one.kind for one in found} == {"datum_agreement"}
    assert "boundaries gcj02 and points wgs84 as declared 0.9998" in found[0].en


@pytest.mark.slow
@pytest.mark.real
def test_shanghai_declared_bd09_is_told_to_be_gcj02(real: Path) -> None:
    said = one(importing.prepare(shanghai(real, "bd09"), None).findings, "datum_contradicted_by_evidence").en
    assert "boundaries read as gcj02 0.9998" in said


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize(
    ("layer", "code", "points", "area", "share"),
    [
        ("beat", "beat_num", "crimes_2019_50k", "beat", "0.9117"),
        ("district", "dist_num", "crimes_2019_50k", "district", "0.9838"),
        ("ward", "ward", "crimes_2019_50k", "ward", "0.9513"),
        ("community", "area_num_1", "crimes_2019_50k", "community_area", "0.9734"),
        ("community", "area_num_1", "crimes_2018_156k", "CommunityArea", "0.9732"),
    ],
)
def test_chicago_is_silent(real: Path, layer: str, code: str, points: str, area: str, share: str) -> None:
    file = ("--areas", str(real / "chicago/boundaries.gpkg"), "--layer", layer, "--code", code, "--datum", "wgs84")
    ended, said = evidence(str(real / f"chicago/{points}.parquet"), "--area", area, *file)
    assert ended == 0
    assert said.keys() == {"datum_agreement"}
    assert f"as declared {share}" in said["datum_agreement"][0]


@pytest.mark.slow
@pytest.mark.real
def test_chicagos_wards_of_2018_are_another_vintage(real: Path) -> None:
    file = ("--areas", str(real / "chicago/boundaries.gpkg"), "--layer", "ward", "--code", "ward", "--datum", "wgs84")
    ended, said = evidence(str(real / "chicago/crimes_2018_156k.parquet"), "--area", "Ward", *file)
    assert ended == 1
    assert said.keys() == {"datum_agreement", "vintage_differs", "stated_elsewhere"}
    assert "as declared 0.7474" in said["datum_agreement"][0]
    assert "2 (902 of 902 places, mostly in 27)" in said["vintage_differs"][0]
    assert len(said["stated_elsewhere"]) == 15


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize(
    ("points", "area", "areas", "code", "warned"),
    [
        ("taipei/base_units.parquet", "CODE1", "taipei/base_units.parquet", "CODE1", set()),
        ("hangzhou_xihu/grid.geojson.gz", "zhenjie", "hangzhou_xihu/town.geojson.gz", "name", set()),
        (
            *("hangzhou_xihu/grid.geojson.gz", "CS_XZQHBM", "hangzhou_xihu/community.geojson.gz", "xzqhbm"),
            {"vintage_differs"},  # the grids and the communities are of different dates
        ),
    ],
)
def test_taipei_and_xihu_are_silent_but_where_two_layers_are_of_different_dates(
    real: Path, points: str, area: str, areas: str, code: str, warned: set[str]
) -> None:
    columns = {"name": code} if code == "name" else {"code": code}
    layer = LayerSource(real / areas, "area", "cgcs2000", **columns)
    found = hold_file(layer, EvidenceSource(real / points, area))
    mine = {"datum_contradicted_by_evidence", "datum_unverifiable", "vintage_differs", "stated_elsewhere"}
    assert {one.kind for one in found if one.severity == "warning"} & mine == warned
