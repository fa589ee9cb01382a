"""Datums there and back, the snap, axis orders, areas."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj.network import is_network_enabled

from geo.crs import (
    area_m2,
    datum_of,
    from_wgs84,
    metric_epsg,
    shapes_to_metres,
    shapes_to_wgs84,
    small_area_m2,
    snap,
    snapped,
    to_metres,
    to_wgs84,
)
from geo.errors import Refused
from geo.ragged import NONE, Ragged
from geo.space.partition import faults
from tests.cities import MadeCity, cities

MAINLAND = st.tuples(st.floats(73, 135, allow_subnormal=False), st.floats(18, 53.5, allow_subnormal=False))
DATUMS = ["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4549", "EPSG:4528", "EPSG:3857"]
MM = 1e-3 / 111_319.49


@given(st.lists(MAINLAND, min_size=1, max_size=20), st.sampled_from(DATUMS))
def test_a_datum_there_and_back_is_under_a_millimetre(points: list[tuple[float, float]], name: str) -> None:
    datum, lonlat = datum_of(name), np.asarray(points)
    if name in ("EPSG:4549", "EPSG:4528"):  # 3° zones are meant for their own surroundings
        lonlat[:, 0] = 120 + (lonlat[:, 0] - 104) / 20
    back = to_wgs84(from_wgs84(lonlat, datum), datum)
    assert np.abs(back - lonlat).max() < MM


@given(st.lists(MAINLAND, min_size=1, max_size=20), st.sampled_from(["gcj02", "bd09"]))
def test_a_shifted_position_comes_back_to_itself(points: list[tuple[float, float]], name: str) -> None:
    datum, shifted = datum_of(name), np.asarray(points)
    assert np.abs(from_wgs84(to_wgs84(shifted, datum), datum) - shifted).max() < MM


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),  # Shanghai
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),  # Shenzhen
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),  # Beijing
        ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    ],
)
def test_gcj02_is_what_others_publish(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert from_wgs84(np.asarray([wgs84]), datum_of("gcj02")) == pytest.approx(np.asarray([gcj02]), abs=1e-9)


def test_bd09_is_what_others_publish() -> None:
    wgs84 = to_wgs84(np.asarray([[116.404, 39.915]]), datum_of("gcj02"))
    published = np.asarray([[116.41036949371029, 39.92133699351021]])
    assert from_wgs84(wgs84, datum_of("bd09")) == pytest.approx(published, abs=1e-9)


def test_outside_china_gcj02_is_wgs84() -> None:
    away = np.asarray([[-87.6, 41.8], [150.0, -33.0], [2.35, 48.85]])
    assert (from_wgs84(away, datum_of("gcj02")) == away).all()


@pytest.mark.real
def test_664_cities_agree_with_gcoord(real: Path) -> None:
    cases = json.loads((real / "coord_vectors/gcj_bd_wgs.json").read_text("utf-8"))["gcoord"]["cases"]
    wgs84 = np.asarray([case["WGS84"] for case in cases])
    for name, key in (("gcj02", "GCJ02"), ("bd09", "BD09")):
        shifted = np.asarray([case[key] for case in cases])
        assert np.abs(from_wgs84(wgs84, datum_of(name)) - shifted).max() < 1e-5
        assert np.abs(to_wgs84(shifted, datum_of(name)) - wgs84).max() < 1e-5


def test_projected_cgcs2000_is_read_east_first_although_it_is_defined_north_first() -> None:
    lonlat = to_wgs84(np.asarray([[500_000.0, 3_300_000.0]]), datum_of("EPSG:4549"))
    assert lonlat[0] == pytest.approx([120.0, 29.8186], abs=1e-4)


def test_a_zone_number_before_the_easting_is_understood() -> None:
    lonlat = to_wgs84(np.asarray([[40_500_000.0, 3_300_000.0]]), datum_of("EPSG:4528"))
    assert lonlat[0] == pytest.approx([120.0, 29.8186], abs=1e-4)


def test_what_is_not_finite_becomes_nan_and_disturbs_no_one() -> None:
    for name in DATUMS:
        good = from_wgs84(np.asarray([[120.0, 30.0]]), datum_of(name))
        xy = np.concatenate([[[np.nan, 30.0], [120.0, np.inf]], good])
        found = to_wgs84(xy, datum_of(name))
        assert np.isnan(found[:2]).all()
        assert np.isfinite(found[2]).all()


@pytest.mark.parametrize("name", ["", "gcj", "EPSG:", "EPSG:99999", "EPSG:5773", "4326", "EPSG:4326 "[:4]])
def test_a_datum_that_is_none_is_refused_with_what_is_allowed(name: str) -> None:
    with pytest.raises(Refused, match="EPSG"):
        datum_of(name)


@pytest.mark.parametrize(("name", "plain"), [("epsg:4326", "wgs84"), ("EPSG:4490", "cgcs2000"), (" WGS84 ", "wgs84")])
def test_names_of_degrees_mean_the_same(name: str, plain: str) -> None:
    assert datum_of(name) == datum_of(plain)


def test_nothing_is_fetched_to_convert() -> None:
    assert not is_network_enabled()


@given(st.lists(st.floats(-180, 180), min_size=1))
def test_a_snapped_coordinate_is_its_own_shortest_text(values: list[float]) -> None:
    once = snap(np.asarray(values))
    assert (snap(once) == once).all()
    assert [float(f"{value:.8f}") for value in once] == once.tolist()
    assert np.abs(once - values).max() <= 0.5000001e-8


@given(cities(torn=True), st.sampled_from(["EPSG:4548", "gcj02", "bd09"]))
def test_a_partition_of_another_datum_is_a_partition_of_degrees(city: MadeCity, name: str) -> None:
    datum = datum_of(name)
    there = np.asarray([shapely.transform(shape, lambda xy: from_wgs84(xy, datum)) for shape in city.shapes])
    back = shapes_to_wgs84(there, datum)
    assert [fault.kind for fault in faults(back, None)] == []
    # an edge that is straight in BD-09 bends by decimetres on the ground: the area is that of its many points
    lengths = shapely.length(there)
    true = [
        shapely.transform(shapely.segmentize(shape, length / 500), lambda xy: to_wgs84(xy, datum))
        for shape, length in zip(there, lengths, strict=True)
    ]
    unit_m = 1 if name.startswith("EPSG") else 111_319
    assert (np.abs(area_m2(back) - area_m2(np.asarray(true))) <= 0.011 * lengths * unit_m).all()


def test_a_long_projected_edge_bends_under_a_centimetre() -> None:
    datum = datum_of("EPSG:4549")
    edge = shapely.box(440_000, 3_300_000, 560_000, 3_400_000)
    lonlat = shapes_to_wgs84(np.asarray([edge]), datum)[0]
    line = shapely.segmentize(edge.exterior, 100)
    true = shapely.points(to_wgs84(shapely.get_coordinates(line), datum))
    assert shapely.distance(lonlat.exterior, true).max() * 111_319 < 0.011
    assert shapely.get_num_coordinates(lonlat) > 100


def test_lines_points_missing_and_empty_shapes_are_converted_too() -> None:
    shapes = np.asarray([None, shapely.Polygon(), shapely.Point(120, 30), shapely.LineString([(120, 30), (121, 31)])])
    found = shapes_to_wgs84(shapes, datum_of("gcj02"))
    assert found[0] is None
    assert found[1].is_empty
    assert found[2].distance(shapes[2]) > 0.001
    assert found[3].length == pytest.approx(2**0.5, abs=0.01)
    assert (snapped(found[2:]) == found[2:]).all()


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [(120.0, 30.2, 4549), (117.0, 36.7, 4548), (75.0, 40, 4534), (135.0, 48, 4554), (-87.6, 41.8, 32616),
     (151, -34, 32756), (179.9, 10, 32660)],
)  # fmt: skip
def test_the_metric_crs_follows_the_centre(lon: float, lat: float, epsg: int) -> None:
    assert metric_epsg(lon, lat) == epsg
    assert np.isfinite(to_metres(np.asarray([[lon, lat]]), epsg)).all()


@pytest.mark.parametrize(("lon", "lat"), [(0, 89), (float("nan"), 0), (200, 0)])
def test_a_centre_without_a_metric_crs_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(Refused, match="no metric CRS"):
        metric_epsg(lon, lat)


def test_areas_are_geodesic_and_holes_are_taken_off() -> None:
    block, hole = shapely.box(120, 30, 121, 31), shapely.box(120.2, 30.2, 120.4, 30.4)
    shapes = np.asarray([None, shapely.Polygon(), shapely.Point(0, 0), block, block.difference(hole)], dtype=object)
    found = area_m2(shapes)
    assert found[:3].tolist() == [0, 0, 0]
    # a cell of one degree at 30° N on WGS 84 has 10 644 km² (authalic), geodesics north of its parallels a little less
    assert found[3] == pytest.approx(1.0644e10, rel=2e-3)
    assert found[3] - found[4] == pytest.approx(area_m2(np.asarray([hole]))[0], rel=1e-12)
    assert area_m2(np.asarray([], dtype=object)).tolist() == []


@given(cities())
def test_areas_of_leaves_add_up_to_the_outline(city: MadeCity) -> None:
    assert area_m2(city.shapes).sum() == pytest.approx(area_m2(np.asarray([city.outline]))[0], rel=1e-9)
    metric = shapes_to_metres(city.shapes, metric_epsg(117, 36.6))
    assert shapely.area(metric).sum() == pytest.approx(area_m2(city.shapes).sum(), rel=1e-3)


@given(
    lon=st.floats(-179.0, 179.0),
    lat=st.floats(-80.0, 80.0),
    size=st.floats(1e-5, 0.05),
    reach=st.lists(st.floats(0.3, 1.0), min_size=3, max_size=12),
)
@settings(max_examples=50)
def test_a_small_ground_has_the_area_that_karneys_geodesics_give_it(
    lon: float, lat: float, size: float, reach: list[float]
) -> None:
    angle = np.linspace(0, 2 * np.pi, len(reach), endpoint=False)
    around = np.column_stack([np.cos(angle) / np.cos(np.radians(lat)), np.sin(angle)]) * np.array(reach)[:, None]
    ring = shapely.Polygon((lon, lat) + around * size)
    holed = shapely.Polygon((lon, lat) + around * size, [(lon, lat) + around * size * 0.4])
    two = shapely.MultiPolygon([holed, shapely.affinity.translate(ring, 0.0, 3 * size)])
    shapes = np.array([shapely.MultiPolygon([ring]), two, shapely.MultiPolygon([holed])], dtype=object)
    exact = area_m2(shapes)
    # PROJ itself is good for a tenth of a square metre at worst
    assert np.abs(small_area_m2(Ragged.of(shapes)) - exact).max() <= 5e-6 * exact.max() + 0.01


def test_nothing_has_no_small_areas() -> None:
    assert small_area_m2(NONE).shape == (0,)
