"""Metres without PROJ, and distances to borders from the cells alone: held to PROJ, to GEOS and to each other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.arrays import Floats, Positions, Shapes
from geo.crs import densified, metric_epsg, shapes_to_metres, to_metres
from geo.errors import Refused
from geo.space import nearness
from geo.space.cells import distances, files
from geo.space.cells.index import FEW, CellIndex
from geo.space.cells.layout import Lattice, Redraw
from geo.space.cells.metres import EXPRESSIBLE, FAR, forward, frame_at, isometric, narrowing, projection_of
from geo.space.locate import GridIndex
from geo.space.nearness import Borders
from tests.cities import MadeCity, cities, made_city, points_in

EPSG = metric_epsg(117, 36.6)
SEEDS = st.integers(0, 1000)
PLACES = st.tuples(st.floats(-180, 180), st.floats(-80, 84))


@pytest.fixture(scope="module", autouse=True)
def _a_handful_is_asked_without_kernels() -> Iterator[None]:
    """As in a process that has not loaded them, though this one has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearness, "is_few", lambda points, _: points <= FEW)
        yield


@given(PLACES, SEEDS, st.sampled_from([0.01, 1.0, 20.0, 70.0]))
def test_places_on_the_plane_are_those_of_proj(centre: tuple[float, float], seed: int, span: float) -> None:
    epsg = metric_epsg(*centre)
    projection = projection_of(epsg)
    random = np.random.default_rng(seed)
    lonlat = np.column_stack([centre[0] + random.uniform(-span, span, 50), random.uniform(-85, 85, 50)])
    lonlat = np.append(lonlat, [[projection.central, 0.0]], axis=0)
    metres, places = to_metres(lonlat, epsg), forward(projection, lonlat[:, 0], lonlat[:, 1])
    metres -= metres[-1]
    assert metres[:, 0] == pytest.approx(places.imag, abs=1e-4)
    assert metres[:, 1] == pytest.approx(places.real, abs=1e-4)


@given(SEEDS)
def test_what_proj_cannot_express_has_no_place(seed: int) -> None:
    projection = projection_of(EPSG)
    random = np.random.default_rng(seed)
    lonlat = np.column_stack([random.uniform(-180, 180, 400), random.uniform(-30, 30, 400)])
    beyond = np.abs(forward(projection, *lonlat.T).imag) > EXPRESSIBLE * projection.radius
    assert np.array_equal(np.isnan(to_metres(lonlat, EPSG)[:, 0]), beyond)


@given(PLACES, st.floats(-2.5, 2.5), st.complex_numbers(max_magnitude=FAR))
def test_places_near_a_point_err_by_less_than_a_tenth_of_a_millimetre(
    centre: tuple[float, float], aside: float, by: complex
) -> None:
    projection = projection_of(metric_epsg(*centre))
    x, y = centre[0] + aside, centre[1]
    frame = frame_at(projection, x, y)
    there = (x + np.degrees(by.imag), y + np.degrees(by.real / frame.p1))
    exact = forward(projection, *there) - forward(projection, x, y)
    assert abs(distances.offset(projection, frame, *there) - exact) < 1e-4
    assert abs(isometric(frame, *there)) < 2 * FAR


@given(PLACES, st.floats(-9, 9), st.floats(-9, 9), st.floats(0.001, 20))
def test_no_place_is_nearer_than_degrees_allow(
    centre: tuple[float, float], east: float, north: float, width: float
) -> None:
    projection = projection_of(metric_epsg(*centre))
    here, there = centre, (centre[0] + np.clip(east, -width, width), np.clip(centre[1] + north, -89, 89))
    metres = abs(forward(projection, *there) - forward(projection, *here))
    narrow = narrowing(width)
    metres += 1e-6  # what doubles of the size of a radius of the Earth lose
    assert metres >= abs(there[0] - here[0]) * frame_at(projection, *here).across * narrow
    assert metres >= abs(there[1] - here[1]) * np.radians(projection.least) * narrow


@given(PLACES, st.floats(-2.5, 2.5), SEEDS)
def test_an_edge_is_no_nearer_than_the_plane_at_the_point_says(
    centre: tuple[float, float], aside: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    projection = projection_of(metric_epsg(*centre))
    x, y = centre[0] + aside, centre[1]
    lattice = Lattice(x - 1, y - 1, 10.0, 10.0, 0, 0, 1, 20, 20)
    seen = distances.seen_from(lattice, projection, narrowing(2.0), x, y)
    size = 10.0 ** random.uniform(-7, -2, (50, 1))
    ends = np.array([x, y, x, y]) + size * random.uniform(-1, 1, (50, 4)) * np.tile([1, seen.east / seen.north], 2)
    here = forward(projection, x, y)
    squares = np.empty(50)
    distances.squares_about(seen, ends, 0, squares)
    for edge, about in enumerate(np.sqrt(squares)):
        share = np.linspace(0, 1, 200)
        way = ends[edge, :2] + share[:, None] * (ends[edge, 2:] - ends[edge, :2])
        nearest = np.abs(forward(projection, *way.T) - here).min()
        assert about <= nearest + 1e-7
        assert about == 0 or about >= nearest * 0.998 - np.abs(way[1] - way[0]).max() * seen.north - 1e-7


def test_metres_are_measured_in_a_transverse_mercator_projection_only() -> None:
    with pytest.raises(Refused, match="no transverse Mercator"):
        projection_of(3857)


def measured(borders: Borders, lonlat: Floats) -> tuple[Positions, Floats]:
    """Nearest leaf and metres to the nearest border, a handful at a time."""
    inside = borders.index.positions(lonlat)
    metres = [borders.distance_m(lonlat[at : at + 50], inside[at : at + 50]) for at in range(0, len(lonlat), 50)]
    position, _ = zip(*(borders.nearest(lonlat[at : at + 50]) for at in range(0, len(lonlat), 50)), strict=True)
    return np.concatenate(position), np.concatenate(metres)


def borders_of(shapes: Shapes) -> Borders:
    return Borders.of(CellIndex.build(np.array([f"{at:06d}" for at in range(len(shapes))]), shapes), EPSG)


@pytest.mark.slow
@settings(max_examples=15)
@given(cities(), SEEDS)
def test_a_handful_is_measured_without_a_compiler_as_a_batch_is_with(city: MadeCity, seed: int) -> None:
    borders, points = borders_of(city.shapes), points_in(city, seed, 2 * FEW + 100)
    points[: FEW // 2] += np.random.default_rng(seed).choice([-3.0, 0.5, 100.0], (FEW // 2, 2))
    inside = borders.index.positions(points)
    position, metres = measured(borders, points)
    assert borders.distance_m(points, inside) == pytest.approx(metres, abs=1e-3, nan_ok=True)
    assert np.array_equal(borders.nearest(points)[0], position)


def wide_city(seed: int) -> Shapes:
    """Leaves of some kilometres with straight edges as long."""
    random = np.random.default_rng(seed)
    x, y = (low + np.cumsum(random.uniform(0.01, 0.3, 4)) for low in (116.0, 36.0))
    return np.array(
        [shapely.box(x[at], y[up], x[at + 1], y[up + 1]) for up in range(3) for at in range(3)], dtype=object
    )


@pytest.mark.slow
@settings(max_examples=5)
@given(SEEDS)
def test_long_edges_are_straight_in_degrees_for_one_and_for_many(seed: int) -> None:
    shapes = wide_city(seed)
    borders = borders_of(shapes)
    west, south, east, north = shapely.total_bounds(shapes)
    points = np.random.default_rng(seed).uniform((west - 0.5, south - 0.5), (east + 0.5, north + 0.5), (300, 2))
    split = shapely.segmentize(shapes, 1e-3)  # until a chord is straight in metres too
    metric = shapes_to_metres(densified(split, lambda xy: to_metres(xy, EPSG), 1.0), EPSG)
    lines = shapely.union_all(shapely.boundary(metric))
    expected = shapely.distance(lines, shapely.points(to_metres(points, EPSG)))
    inside = borders.index.positions(points)
    outer = shapely.boundary(shapely.union_all(metric, grid_size=1e-4))
    expected[inside < 0] = shapely.distance(outer, shapely.points(to_metres(points[inside < 0], EPSG)))
    assert borders.distance_m(points, inside) == pytest.approx(expected, abs=5e-3)
    assert measured(borders, points)[1] == pytest.approx(expected, abs=5e-3)


@pytest.mark.slow
@settings(max_examples=25)
@given(cities(3), SEEDS)
def test_after_a_redraw_metres_are_those_of_an_index_built_anew(city: MadeCity, seed: int) -> None:
    random = np.random.default_rng(seed)
    slots = np.arange(1, len(city.shapes) + 1, dtype=np.int32)
    gone = np.sort(random.choice(len(slots), min(2, len(slots)), replace=False))
    united = shapely.union_all(city.shapes[gone])
    kept = np.setdiff1d(np.arange(len(slots)), gone)
    after, now = np.append(city.shapes[kept], [united]), np.append(slots[kept], [slots[-1] + 1]).astype(np.int32)
    redraw = Redraw(np.array(united.bounds), slots[gone], np.array([united], dtype=object), now[-1:])
    laid = CellIndex.build(city.codes, city.shapes, slots).redrawn(redraw, now)
    assert laid is not None
    points = points_in(city, seed, FEW + 50)
    found, anew = Borders.of(laid, EPSG), borders_of(after)
    inside = laid.positions(points)
    for these in (slice(0, 60), slice(0, None)):
        assert np.array_equal(found.nearest(points[these])[0], anew.nearest(points[these])[0])
        expected = anew.distance_m(points[these], inside[these])
        assert found.distance_m(points[these], inside[these]) == pytest.approx(expected, abs=1e-6)


ASKED = """
import sys
from pathlib import Path

import numpy as np

from geo.space.cells import files
from geo.space.cells.index import CellIndex
from geo.space.locate import GridIndex

index = GridIndex(np.array([]), int(sys.argv[2]), CellIndex(files.read(Path(sys.argv[1])).cells))
points = np.array([[117.003, 36.603], [110.0, 30.0]])
print(index.border_m(points).round(3).tolist(), index.nearest(points)[0].tolist(), index.candidates(points, 500.0))
sys.exit("numba" in sys.modules)
"""


@pytest.mark.slow
@pytest.mark.slow
def test_a_handful_is_measured_without_loading_a_compiler(tmp_path: Path) -> None:
    city = made_city(5)
    cells = CellIndex.build(city.codes, city.shapes)
    files.write(tmp_path / "index", cells.cells, {})
    command = [sys.executable, "-c", ASKED, str(tmp_path / "index"), str(EPSG)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    index, points = GridIndex(city.codes, EPSG, cells), np.array([[117.003, 36.603], [110.0, 30.0]])
    metres, nearest = index.border_m(points).round(3).tolist(), index.nearest(points)[0].tolist()
    assert told.strip() == f"{metres} {nearest} {index.candidates(points, 500.0)}"


def test_a_city_of_one_leaf_has_its_outline_for_border() -> None:
    square = shapely.box(117, 36.6, 117.01, 36.61)
    borders = borders_of(np.array([square], dtype=object))
    points = np.array([[117.005, 36.605], [117.02, 36.605]])
    metric = shapely.boundary(shapes_to_metres(np.array([square]), EPSG)[0])
    expected = shapely.distance(metric, shapely.points(to_metres(points, EPSG)))
    assert borders.distance_m(points, np.array([0, -1], dtype=np.int32)) == pytest.approx(expected, abs=0.02)


@pytest.mark.slow
@settings(max_examples=10)
@given(cities(), SEEDS, st.sampled_from([1e-3, 1.0, 30.0, 500.0]))
def test_up_to_a_limit_metres_are_as_without_and_infinite_beyond(city: MadeCity, seed: int, limit_m: float) -> None:
    borders, points = borders_of(city.shapes), points_in(city, seed, 2 * FEW)
    inside = borders.index.positions(points)
    points, inside = points[inside >= 0], inside[inside >= 0]
    for some in (slice(0, 50), slice(0, None)):
        whole = borders.distance_m(points[some], inside[some])
        limited = borders.distance_m(points[some], inside[some], limit_m)
        assert np.array_equal(limited, np.where(whole < limit_m, whole, np.inf))


def test_a_leaf_of_very_many_edges_is_measured_as_geos_does() -> None:
    """Boxes in boxes: a ring that winds in 6,000 edges around a square with a hole, beside a hole of four."""
    turn = np.linspace(0, 2 * np.pi, 6000, endpoint=False)
    far = (0.02 + 0.004 * np.sin(37 * turn) + 0.0004 * np.sin(911 * turn))[:, None]
    ring = np.array([117.0, 36.6]) + far * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    hole = shapely.box(117.001, 36.601, 117.003, 36.602)
    shapes = np.array([shapely.Polygon(ring, [shapely.get_coordinates(hole)]), hole], dtype=object)
    borders = borders_of(shapes)
    points = np.random.default_rng(5).uniform((116.98, 36.58), (117.02, 36.62), (3000, 2))
    inside = borders.index.positions(points)
    points, inside = points[inside >= 0], inside[inside >= 0]
    lines = shapely.union_all(shapely.boundary(shapes_to_metres(shapes, EPSG)))
    expected = shapely.distance(lines, shapely.points(to_metres(points, EPSG)))
    assert len(points) > 1000
    assert borders.distance_m(points, inside) == pytest.approx(expected, abs=2e-2)


def test_a_made_city_of_many_leaves_is_measured_alike_by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from geo.space.cells import index

    city = made_city(11, 5)
    borders, points = borders_of(city.shapes), points_in(city, 3, 1500)
    inside = borders.index.positions(points)
    alone = borders.distance_m(points, inside)
    monkeypatch.setattr(index, "MANY", 10)
    assert np.array_equal(borders.distance_m(points, inside), alone)
