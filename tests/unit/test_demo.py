"""The made city: the same bytes for the same seed, one division without a fault, buildings that stand on their own."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo import crs
from geo.arrays import Shapes
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.demo import names, parting, plans, towns, writing
from geo.demo.plans import FRAME, Order
from geo.demo.steps import BOUNDARIES, FILES, write_files
from geo.demo.towns import City
from geo.errors import Refused
from geo.space.partition import faults

LEVELS = ("district", "subdistrict", "community", "grid")


@pytest.fixture(scope="module")
def city() -> City:
    return towns.make(Order())


@pytest.fixture(scope="module")
def files(made_city_files: Path) -> Path:
    return made_city_files


@pytest.fixture(scope="module")
def buildings(files: Path) -> geopandas.GeoDataFrame:
    return geopandas.read_parquet(files / "buildings.parquet")


@pytest.fixture(scope="module")
def rows(files: Path) -> list[dict[str, str]]:
    with (files / "incidents.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def leaves(city: City) -> Shapes:
    return np.concatenate([city.town.levels["grid"].shapes, city.ground.faces[city.town.grid < 0]])


@pytest.mark.slow
def test_the_same_order_writes_the_same_bytes(files: Path, tmp_path: Path) -> None:
    write_files(tmp_path, Order(), lambda _: None, boundaries=True)
    assert digests(tmp_path) == digests(files)


def test_the_committed_boundaries_are_the_ones_the_generator_writes(files: Path) -> None:
    committed = digests(BOUNDARIES)
    assert committed == {name: digest for name, digest in digests(files).items() if name in committed}


@pytest.mark.slow
def test_files_that_stand_are_not_written_again_and_those_of_a_stopped_run_are(files: Path, tmp_path: Path) -> None:
    order = Order(grids=60, buildings=50, incidents=50)
    assert write_files(tmp_path, order, lambda _: None)
    assert not write_files(tmp_path, order, lambda _: None)
    (tmp_path / "order.json").unlink()
    assert write_files(tmp_path, order, lambda _: None)
    (tmp_path / FILES[2]).unlink()
    assert write_files(tmp_path, order, lambda _: None)
    assert write_files(tmp_path, Order(grids=60, buildings=50, incidents=50, seed=1), lambda _: None)


def test_the_boundary_import_finds_no_error_in_the_committed_files() -> None:
    prepared = importing.prepare(read_sources(BOUNDARIES / "sources.toml"), None)
    assert [one.kind for one in prepared.findings if one.severity == "error"] == []
    assert prepared.ground()["named"] == 260


@pytest.mark.slow
@hypothesis_settings(max_examples=6)
@given(seed=st.integers(0, 2**32), grids=st.integers(60, 420))
def test_any_seed_and_size_divides_its_city_without_a_fault(seed: int, grids: int) -> None:
    city = towns.make(Order(grids=grids, seed=seed))
    assert faults(leaves(city), city.town.outline) == []
    for key in LEVELS[:3]:
        assert faults(city.town.levels[key].shapes, city.town.outline) == []
    assert len(city.town.levels["grid"].codes) == grids
    assert set(shapely.get_type_id(city.town.levels["community"].shapes)) == {shapely.GeometryType.POLYGON}
    assert set(shapely.get_type_id(city.town.levels["grid"].shapes)) == {shapely.GeometryType.POLYGON}


def test_every_face_is_in_one_community_and_in_one_grid_or_none(city: City) -> None:
    town, area = city.town, shapely.area(city.ground.faces)
    assert (town.community >= 0).all()
    for number in np.unique(town.grid[town.grid >= 0]).tolist():
        here = town.grid == number
        assert len(np.unique(town.community[here])) == 1
        assert shapely.area(town.levels["grid"].shapes[number]) == pytest.approx(area[here].sum(), rel=1e-9)


def test_the_city_has_the_size_and_the_coverage_that_were_asked_for(city: City) -> None:
    town = city.town
    assert [len(town.levels[key].codes) for key in LEVELS] == [2, 8, 48, 260]
    kinds = Counter(town.levels["grid"].kinds)
    assert 0.12 < kinds["dedicated"] / 260 < 0.18
    area = shapely.area(city.ground.faces)
    named = np.bincount(town.community, weights=area * (town.grid >= 0))
    share = named / np.bincount(town.community, weights=area)
    assert 0.3 < share.min() < 0.5
    assert 8 <= (share < 0.999).sum() <= 14


def test_codes_nest_and_names_are_given_once_on_their_level(city: City) -> None:
    above = {"9901"}
    for key, digits in zip(LEVELS, (6, 9, 12, 15), strict=True):
        level = city.town.levels[key]
        assert {len(code) for code in level.codes} == {digits}
        assert len(set(level.codes)) == len(level.codes)
        assert all(code.startswith(parent) for code, parent in zip(level.codes, level.parents, strict=True))
        assert set(level.parents) <= above
        for column in range(2):
            assert len({name[column] for name in level.names}) == len(level.names)
        above = set(level.codes)
    assert not any(code.endswith("000") for code in city.town.levels["grid"].codes)


def test_no_real_place_has_the_codes_of_the_made_city(city: City, real: Path) -> None:
    import gzip

    text = gzip.decompress((real / "admin_codes/streets.csv.gz").read_bytes()).decode()
    assert "\n99" not in text
    assert ",99" not in text


def test_districts_meet_in_the_middle_of_the_river(city: City) -> None:
    west, east = city.town.levels["district"].shapes
    shared = FRAME.shapes_xy_m(np.array([shapely.intersection(west, east)], dtype=object))[0]
    river = shapely.union_all(np.array(city.terrain.rivers, dtype=object))
    assert shapely.intersection(shared, river.buffer(1)).length > 0.9 * shared.length


def test_every_shape_lies_on_the_lattice_and_inside_the_outline(city: City, buildings: geopandas.GeoDataFrame) -> None:
    shapes = buildings.geometry.to_numpy()
    for some in (leaves(city), shapes):
        xy = shapely.get_coordinates(some)
        assert (crs.snap(xy) == xy).all()
    shapely.prepare(city.town.outline)
    assert shapely.contains(city.town.outline, shapes).all()


def test_buildings_are_valid_apart_and_off_the_streets(city: City, buildings: geopandas.GeoDataFrame) -> None:
    shapes = buildings.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    tree = shapely.STRtree(shapes)
    first, second = tree.query(shapes, predicate="intersects")
    assert (first == second).all()
    ground = city.ground
    streets = ground.edges.lines()[~np.isin(ground.classes, (0, 1))]
    assert len(tree.query(streets, predicate="intersects")[0]) == 0


def test_buildings_are_of_many_uses_and_shapes(buildings: geopandas.GeoDataFrame) -> None:
    assert len(buildings) == pytest.approx(20_000, rel=0.05)
    assert set(buildings["use"]) >= {"residential", "shop", "office", "commercial", "industrial", "school", "hospital"}
    holes = shapely.get_num_interior_rings(buildings.geometry.to_numpy())
    assert (holes > 0).sum() > 300
    assert buildings["id"].is_unique
    homes = buildings["use"] == "residential"
    assert buildings.loc[~homes, "households"].sum() == 0
    assert 250 < buildings["households"].sum() / 260 < 800
    assert (buildings["firms"] <= buildings["workers"]).all()


def test_incidents_are_a_year_with_nights_weekends_and_seasons(rows: list[dict[str, str]]) -> None:
    assert len({row["reference"] for row in rows}) == 20_000
    times = [datetime.fromisoformat(row["occurred_at"]).replace(tzinfo=None) for row in rows]
    assert max(times) - min(times) > np.timedelta64(360, "D").astype(object)
    hours = Counter(time.hour for time in times)
    assert hours[10] > 4 * hours[3]
    week = Counter(time.weekday() for time in times)
    assert week[0] > 1.1 * week[6]
    cold = Counter(time.month for time, row in zip(times, rows, strict=True) if "供暖" in row["category"])
    assert cold[1] > 10 * max(cold[7], 1)


def test_incidents_have_hot_spots_and_lie_on_borders(city: City, rows: list[dict[str, str]]) -> None:
    placed = [row for row in rows if row["lon"] and row["datum"] == "wgs84"]
    lonlat = np.array([[float(row["lon"]), float(row["lat"])] for row in placed])
    points = shapely.points(lonlat)
    ground = city.ground
    face = shapely.STRtree(ground.faces).query(points, predicate="intersects")[1]
    load = np.sort(np.bincount(face, minlength=len(ground.faces)))[::-1]
    assert load[: len(load) // 20].sum() > 0.2 * load.sum()
    table, grid = ground.edges, np.r_[city.town.grid, -2]
    borders = table.lines()[grid[table.left] != grid[table.right]]
    near = shapely.STRtree(borders).query(points, predicate="dwithin", distance=1e-8)[0]
    assert len(np.unique(near)) > 1_000


def test_incidents_are_as_dirty_as_offices_hand_them_over(rows: list[dict[str, str]]) -> None:
    assert 60 < sum(not row["lon"] for row in rows) < 240
    assert 100 < sum(row["datum"] == "gcj02" for row in rows) < 320
    assert 50 < len(rows) - len({row["reference"] for row in rows}) < 250
    lon = np.array([float(row["lon"]) for row in rows if row["lon"]])
    assert 10 < (np.abs(lon - 36.6) < 1).sum() < 100
    assert 0 < (lon == 0).sum() < 60
    naive = sum("+" not in row["occurred_at"] for row in rows)
    assert 0.2 < naive / len(rows) < 0.7
    assert sum(row["category"] != row["category"].strip() for row in rows) > 50


def test_the_base_map_has_named_roads_of_each_class_water_and_green(files: Path) -> None:
    base = geopandas.read_parquet(files / "lines.parquet")
    assert set(base["kind"]) == {"road", "rail", "water", "green"}
    roads = base[base["kind"] == "road"]
    assert set(roads["class"]) == {"arterial", "secondary", "street"}
    assert (roads.loc[roads["class"] == "arterial", "name"] != "").all()
    assert set(base.loc[base["kind"] == "water", "class"]) == {"river", "lake", "moat"}
    assert base.geometry.is_valid.all()


def test_business_districts_are_polygons_of_five_kinds(files: Path) -> None:
    found = geopandas.read_parquet(files / "business_districts.parquet")
    assert len(found) == 12
    assert found["kind"].nunique() == 5
    assert found["name"].is_unique
    assert found.geometry.is_valid.all()


def test_geojson_reads_back_to_the_very_same_ground(city: City, tmp_path: Path) -> None:
    writing.write_boundaries(city.town, tmp_path)
    document = json.loads((tmp_path / "grids.geojson").read_text(encoding="utf-8"))
    shapes = np.array([shapely.from_geojson(json.dumps(one["geometry"])) for one in document["features"]])
    assert shapely.equals_exact(shapes, city.town.levels["grid"].shapes, 0).all()


@pytest.mark.slow
def test_there_are_names_for_the_streets_and_blocks_of_a_city_of_thirty_thousand_grids() -> None:
    found = names.Namer(np.random.default_rng(5)).many(150_000)
    assert len({zh for zh, _ in found}) == len({en for _, en in found}) == 150_000


@given(st.integers(1, 999))
def test_numerals_are_chinese_and_different(number: int) -> None:
    assert names.number_zh(number) not in {names.number_zh(other) for other in range(1, 1000) if other != number}


def test_numerals_read_as_people_write_them() -> None:
    assert [names.number_zh(number) for number in (1, 10, 12, 20, 35, 101)] == [
        "一",
        "十",
        "十二",
        "二十",
        "三十五",
        "一百零一",
    ]


@given(st.integers(1, 40), st.integers(1, 12), st.randoms(use_true_random=False))
def test_shares_add_up_and_stay_within_their_bounds(total: int, count: int, random: object) -> None:
    weight = np.array([random.random() for _ in range(count)])  # type: ignore[attr-defined]
    most = np.array([random.randint(1, 9) for _ in range(count)])  # type: ignore[attr-defined]
    given_out = parting.share_out(total, weight, most)
    assert given_out.sum() == min(max(total, count), most.sum())
    assert (given_out >= 1).all()
    assert (given_out <= most).all()


@given(st.integers(2, 9), st.integers(2, 9), st.integers(1, 12))
def test_a_graph_is_parted_into_connected_groups(wide: int, high: int, count: int) -> None:
    at = np.arange(wide * high).reshape(high, wide)
    pull: dict[int, dict[int, float]] = {}
    for a, b in [
        *zip(at[:, 1:].ravel(), at[:, :-1].ravel(), strict=True),
        *zip(at[1:].ravel(), at[:-1].ravel(), strict=True),
    ]:
        pull.setdefault(int(a), {})[int(b)] = 1.0
        pull.setdefault(int(b), {})[int(a)] = 1.0
    xy = np.column_stack([np.tile(np.arange(wide), high), np.repeat(np.arange(high), wide)]).astype(float)
    graph = parting.Graph(np.ones(len(xy)), xy, pull)
    groups = parting.part(graph, np.arange(len(xy)), count)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(xy)))
    assert len(groups) == min(count, len(xy))
    assert all(graph.connected(set(group.tolist())) for group in groups)


@pytest.mark.parametrize(("name", "value"), [("grids", 5), ("grids", 10**9), ("buildings", -1), ("incidents", -1)])
def test_an_order_that_cannot_be_met_is_refused(name: str, value: int) -> None:
    with pytest.raises(Refused, match=name):
        replace(Order(), **{name: value})  # type: ignore[arg-type]


def test_metres_and_degrees_of_the_frame_are_those_of_the_ellipsoid() -> None:
    square = FRAME.shapes_lonlat(np.array([shapely.box(-500, -500, 500, 500)], dtype=object))
    assert crs.area_m2(square)[0] == pytest.approx(1e6, rel=2e-4)
    there = plans.FRAME.lonlat(np.array([[1234.5, -987.6]]))
    assert np.allclose(FRAME.xy_m(there), [[1234.5, -987.6]])
