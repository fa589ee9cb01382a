"""Which leaf is this point in, how far is its border, which leaves may it be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import from_metres, metric_epsg, shapes_to_metres, to_metres
from geo.errors import Refused
from geo.space.locate import GridIndex
from tests.cities import MadeCity, border_distance, cities, made_city, points_in

EPSG = metric_epsg(117, 36.6)
SEEDS = st.integers(0, 1000)


def index_of(city: MadeCity) -> GridIndex:
    return GridIndex.build(city.codes, city.shapes, EPSG)


@given(cities(), SEEDS)
def test_a_point_off_the_borders_is_in_the_leaf_that_shapely_says(city: MadeCity, seed: int) -> None:
    points = points_in(city, seed, 200)
    points = points[border_distance(city, points) > 1e-9]
    holds = np.asarray([shapely.contains_xy(shape, points) for shape in city.shapes])
    expected = np.where(holds.any(axis=0), holds.argmax(axis=0), -1)
    found = index_of(city).locate(points)
    assert found.dtype == np.int32
    assert (found == expected).all()


@given(cities())
def test_a_point_on_a_border_takes_the_lowest_code(city: MadeCity) -> None:
    vertices = np.unique(shapely.get_coordinates(city.shapes), axis=0)
    covers = np.asarray([shapely.intersects_xy(shape, vertices) for shape in city.shapes])
    assert (index_of(city).locate(vertices) == covers.argmax(axis=0)).all()


@given(cities(), SEEDS, st.integers(1, 50))
def test_order_and_chunks_of_points_change_nothing(city: MadeCity, seed: int, chunk: int) -> None:
    index, points = index_of(city), points_in(city, seed, 100)
    whole = index.locate(points)
    order = np.random.default_rng(seed).permutation(len(points))
    assert (index.locate(points[order]) == whole[order]).all()
    pieces = [index.locate(points[start : start + chunk]) for start in range(0, len(points), chunk)]
    assert (np.concatenate(pieces) == whole).all()


def test_what_is_not_finite_or_not_in_the_city_is_in_no_leaf() -> None:
    index = index_of(made_city(3))
    strange = np.asarray([[np.nan, 36.6], [np.inf, -np.inf], [0, 0], [36.601, 117.001], [1e308, -1e308]])
    assert index.locate(strange).tolist() == [-1] * 5
    assert index.locate(np.zeros((0, 2))).tolist() == []
    assert np.isnan(index.border_m(strange[:2])).all()
    assert index.candidates(strange[:2], 10.0) == [[], []]
    position, metres = index.nearest(strange[:2])
    assert position.tolist() == [-1, -1]
    assert np.isnan(metres).all()


@given(cities(), SEEDS)
def test_the_border_distance_is_to_the_leaf_that_holds_the_point(city: MadeCity, seed: int) -> None:
    index, points = index_of(city), points_in(city, seed, 60)
    position, metres = index.locate(points), index.border_m(points)
    metric, there = shapes_to_metres(city.shapes, EPSG), shapely.points(to_metres(points, EPSG))
    for at, point, found in zip(position, there, metres, strict=True):
        border = shapely.boundary(metric[at]) if at >= 0 else shapely.boundary(shapely.union_all(metric))
        assert found == pytest.approx(shapely.distance(border, point), abs=0.02)


@given(cities(), SEEDS)
def test_the_nearest_leaf_of_a_point_outside_is_the_nearest_by_shapely(city: MadeCity, seed: int) -> None:
    index, points = index_of(city), points_in(city, seed, 60)
    metric, there = shapes_to_metres(city.shapes, EPSG), shapely.points(to_metres(points, EPSG))
    distance = np.asarray([shapely.distance(shape, there) for shape in metric])
    position, metres = index.nearest(points)
    assert metres == pytest.approx(distance.min(axis=0), abs=0.02)
    assert distance[position, np.arange(len(points))] == pytest.approx(distance.min(axis=0), abs=0.02)
    inside = index.locate(points) >= 0
    assert (metres[inside] == 0).all()


def test_two_leaves_equally_near_give_the_lowest_code() -> None:
    shapes = np.asarray([shapely.box(116.99, 36, 117, 36.01), shapely.box(117, 36, 117.01, 36.01)])
    for order in ([0, 1], [1, 0]):
        index = GridIndex.build(np.asarray(["a", "b"]), shapes[order], EPSG)
        assert index.nearest(np.asarray([[117.0, 35.99]]))[0].tolist() == [0]


@given(cities(torn=False), SEEDS, st.floats(1, 300))
def test_candidates_are_the_shares_of_the_disc(city: MadeCity, seed: int, accuracy_m: float) -> None:
    index, points = index_of(city), points_in(city, seed, 10)
    metric = shapes_to_metres(shapely.segmentize(city.shapes, 5e-4), EPSG)
    for point, found in zip(points, index.candidates(points, accuracy_m), strict=True):
        disc = shapely.buffer(shapely.points(to_metres(point[None], EPSG))[0], accuracy_m, quad_segs=256)
        share = shapely.area(shapely.intersection(metric, disc)) / disc.area
        for at, probability in found:
            assert probability == pytest.approx(share[at], abs=1e-4)
        probabilities = [probability for _, probability in found]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(share.sum(), abs=1e-4)
        assert sum(probabilities) <= 1 + 1e-6


@given(cities(), SEEDS)
def test_discs_measured_together_are_those_measured_alone(city: MadeCity, seed: int) -> None:
    index, points = index_of(city), points_in(city, seed, 12)
    accuracy_m = np.random.default_rng(seed).choice([0.0, 5.0, 80.0, 300.0, np.nan], 12)
    alone = [index.candidates(point[None], metres)[0] for point, metres in zip(points, accuracy_m, strict=True)]
    assert index.candidates(points, accuracy_m) == alone


def test_without_an_accuracy_the_leaf_that_holds_the_point_is_sure() -> None:
    city = made_city(5, torn=False)
    index, middle = index_of(city), shapely.get_coordinates(shapely.point_on_surface(city.shapes[7]))
    for accuracy in (0.0, np.nan, -1.0, np.inf):
        assert index.candidates(middle, accuracy) == [[(7, 1.0)]]


def test_equal_shares_are_told_lowest_code_first() -> None:
    at = to_metres(np.asarray([[117.0, 36.6]]), EPSG)[0]
    squares = [shapely.box(at[0] - 100, at[1] - 100, at[0], at[1] + 100), shapely.box(*at - [0, 100], *at + 100)]
    shapes = np.asarray([shapely.transform(square, lambda xy: from_metres(xy, EPSG)) for square in squares[::-1]])
    index = GridIndex.build(np.asarray(["a", "b"]), shapes, EPSG)
    (found,) = index.candidates(from_metres(at[None], EPSG), 50.0)
    assert [position for position, _ in found] == [0, 1]
    assert [probability for _, probability in found] == pytest.approx([0.5, 0.5], abs=1e-4)


@pytest.mark.slow
def test_many_threads_ask_one_index_and_get_one_answer() -> None:
    city = made_city(11, 5)
    index, points = index_of(city), points_in(city, 1, 2000)
    expected, metres = index.locate(points), index_of(city).border_m(points)
    with ThreadPoolExecutor(8) as pool:
        located = list(pool.map(lambda _: index.locate(points), range(16)))
        measured = list(pool.map(lambda _: index.border_m(points), range(16)))
    assert all((found == expected).all() for found in located)
    assert all((found == metres).all() for found in measured)


@pytest.mark.parametrize(
    ("codes", "shapes", "says"),
    [
        (["b", "a"], [shapely.box(0, 0, 1, 1)] * 2, "ascend"),
        (["a", "a"], [shapely.box(0, 0, 1, 1)] * 2, "unique"),
        (["a"], [shapely.box(0, 0, 1, 1)] * 2, "one shape for each code"),
        ([], [], "at least one"),
        (["a"], [shapely.Point(0, 0)], "no polygon"),
        (["a"], [shapely.Polygon()], "no polygon"),
        (["a", "b"], [shapely.box(-180, 0, -179, 1), shapely.box(179, 0, 180, 1)], "180° meridian"),
        (["a"], [shapely.box(179, 0, 181, 1)], "180° meridian"),
    ],
)
def test_an_index_that_would_answer_wrongly_is_refused(
    codes: list[str], shapes: list[shapely.Geometry], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        GridIndex.build(np.asarray(codes, dtype=np.str_), np.asarray(shapes, dtype=object), EPSG)


def test_a_city_across_the_180_meridian_is_refused_with_the_leaves_at_both_ends() -> None:
    shapes = np.asarray([shapely.box(0, 0, 1, 1), shapely.box(-180, 0, -179, 1), shapely.box(179, 0, 180, 1)])
    with pytest.raises(Refused, match=r"'b' reaches to -180[.]0° and 'c' to 180[.]0°") as refused:
        GridIndex.build(np.asarray(["a", "b", "c"]), shapes, EPSG)
    assert refused.value.where == shapely.MultiPoint([(-179.5, 0.5), (179.5, 0.5)])


def test_points_of_another_form_are_refused() -> None:
    with pytest.raises(Refused, match="n rows"):
        index_of(made_city(1)).locate(np.zeros((3, 3)))
