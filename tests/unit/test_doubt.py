"""How likely a point of some accuracy lies in each leaf: held to samples, to GEOS, and to each other."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.arrays import Floats, Shapes
from geo.crs import from_metres, metric_epsg, shapes_to_metres, to_metres
from geo.space import nearness
from geo.space.cells.index import FEW, CellIndex
from geo.space.cells.layout import Redraw
from geo.space.cells.spreads import DIGITS, Kind, Shares, sigma_of
from geo.space.locate import GridIndex
from tests.cities import MadeCity, cities, made_city, points_in
from tests.hard_points import hard_points

EPSG = metric_epsg(117, 36.6)
SEEDS = st.integers(0, 1000)
KINDS: list[Kind] = ["disc", "gaussian"]
SAMPLES = 200_000


@pytest.fixture(scope="module", autouse=True)
def _a_handful_is_asked_without_kernels() -> Iterator[None]:
    """As in a process that has not loaded them, though this one has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearness, "is_few", lambda points, _: points <= FEW)
        yield


def index_of(shapes: Shapes) -> GridIndex:
    codes = np.array([f"{at:06d}" for at in range(len(shapes))])
    return GridIndex.build(codes, np.asarray(shapes, dtype=object), EPSG)


def dense(shares: Shares, leaves: int) -> Floats:
    """Shares (n, leaves)."""
    n = len(shares.begins) - 1
    table = np.zeros((n, leaves))
    table[np.repeat(np.arange(n), np.diff(shares.begins)), shares.position] = shares.share
    return table


def by_samples(index: GridIndex, point: Floats, accuracy_m: float, kind: Kind, seed: int) -> Floats:
    """Of so many places where the point may be, the share that lies in each leaf."""
    random = np.random.default_rng(seed)
    if kind == "disc":
        radius, angle = accuracy_m * np.sqrt(random.random(SAMPLES)), random.uniform(0, 2 * np.pi, SAMPLES)
        moved = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    else:
        moved = random.normal(0, 1, (SAMPLES, 2))
        moved *= accuracy_m / np.sqrt(np.quantile((moved**2).sum(axis=1), 0.68))
    there = index.locate(from_metres(to_metres(point[None], EPSG) + moved, EPSG))
    return np.bincount(there[there >= 0], minlength=len(index.codes)) / SAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_shares_are_those_of_samples(kind: Kind, seed: int) -> None:
    city = made_city(seed, 5)
    index, (point,) = index_of(city.shapes), points_in(city, seed, 1)
    for accuracy_m in (30.0, 250.0, 900.0):
        expected = by_samples(index, point, accuracy_m, kind, seed)
        found = dense(index.shares(point[None], accuracy_m, kind), len(city.shapes))[0]
        error = np.sqrt(found * (1 - found) / SAMPLES)
        assert (np.abs(found - expected) <= 5 * error + 1e-4).all()


@pytest.mark.parametrize("kind", KINDS)
def test_beside_a_straight_border_the_share_is_that_of_a_half_plane(kind: Kind) -> None:
    middle = to_metres(np.array([[117.0, 36.6]]), EPSG)[0]
    halves = [
        shapely.box(*middle - [9000, 9000], middle[0], middle[1] + 9000),
        shapely.box(*middle - [0, 9000], *middle + 9000),
    ]
    straight = shapely.segmentize(np.array(halves, dtype=object), 20.0)
    index = index_of(shapely.transform(straight, lambda xy: from_metres(xy, EPSG)))
    for off in (-120.0, -30.0, -1e-3, 0.0, 5.0, 77.0):
        point = from_metres(middle[None] + [off, 3.0], EPSG)
        found = dense(index.shares(np.repeat(point, FEW + 1, axis=0), 80.0, kind), 2)
        handful = dense(index.shares(point, 80.0, kind), 2)
        t = float(np.clip(off / 80.0, -1, 1))
        east = (np.pi / 2 + np.arcsin(t) + t * np.sqrt(1 - t * t)) / np.pi
        if kind == "gaussian":
            east = NormalDist(0, float(sigma_of(np.float64(80.0)))).cdf(off)
        for shares in (found[0], handful[0]):
            assert shares == pytest.approx([1 - east, east], abs=2e-6)


def test_a_gaussian_spread_holds_68_per_cent_within_the_accuracy() -> None:
    sigma = sigma_of(np.array([10.0]))
    assert 1 - np.exp(-(10.0**2) / (2 * sigma**2)) == pytest.approx(0.68)


@pytest.mark.parametrize("kind", KINDS)
def test_an_accuracy_of_any_size_has_shares(kind: Kind) -> None:
    index = index_of(np.array([shapely.box(120, 36, 120.1, 36.1), shapely.box(120.1, 36, 120.2, 36.1)]))
    for accuracy_m in (1e9, 1e160, 1e300):
        assert dense(index.shares(np.array([[120.05, 36.05]]), accuracy_m, kind), 2).sum() < 1e-6


@pytest.mark.slow
@settings(max_examples=12)
@given(cities(), SEEDS, st.sampled_from(KINDS))
def test_a_handful_is_shared_out_without_a_compiler_as_a_batch_is_with(city: MadeCity, seed: int, kind: Kind) -> None:
    index = index_of(city.shapes)
    points = hard_points(city.shapes, index.cells.cells.lattice, seed, 100)
    points = points[np.isfinite(points).all(axis=1)]
    random = np.random.default_rng(seed)
    points = random.choice(points, FEW + 50)
    accuracy_m = random.choice([0.5, 20.0, 150.0, 1200.0], len(points))
    together = dense(index.shares(points, accuracy_m, kind), len(city.shapes))
    some = random.choice(len(points), 40, replace=False)
    alone = dense(index.shares(points[some], accuracy_m[some], kind), len(city.shapes))
    assert together[some] == pytest.approx(alone, abs=5e-6)
    assert (together.sum(axis=1) <= 1 + len(city.shapes) * 10.0**-DIGITS).all()


@given(cities(), SEEDS, st.sampled_from(KINDS))
def test_what_lies_within_the_city_adds_up_to_one_and_on_its_vertices_too(
    city: MadeCity, seed: int, kind: Kind
) -> None:
    index = index_of(city.shapes)
    rim = shapely.boundary(city.outline)
    vertices = np.unique(shapely.get_coordinates(city.shapes), axis=0)
    points = np.append(points_in(city, seed, 30), np.random.default_rng(seed).choice(vertices, 30), axis=0)
    away = shapely.distance(rim, shapely.points(points)) * 85_000
    points, away = points[away > 30], away[away > 30]
    if kind == "gaussian":
        away = away / 5
    inside = index.locate(points) >= 0
    shares = index.shares(points[inside], away[inside] * 0.9, kind)
    assert shares.total() == pytest.approx(1, abs=1e-5)
    assert (np.diff(shares.begins) > 0).all()


@pytest.mark.slow
@settings(max_examples=10)
@given(SEEDS, st.floats(500, 60_000))
def test_wide_discs_over_long_edges_are_those_of_geos(seed: int, accuracy_m: float) -> None:
    random = np.random.default_rng(seed)
    x, y = (low + np.cumsum(random.uniform(0.01, 0.3, 4)) for low in (116.0, 36.0))
    boxes = [shapely.box(x[at], y[up], x[at + 1], y[up + 1]) for up in range(3) for at in range(3)]
    index = index_of(np.array(boxes, dtype=object))
    point = random.uniform((x[0] - 0.1, y[0] - 0.1), (x[-1] + 0.1, y[-1] + 0.1), (1, 2))
    metric = shapes_to_metres(shapely.segmentize(np.array(boxes, dtype=object), 2e-3), EPSG)
    disc = shapely.buffer(shapely.points(to_metres(point, EPSG))[0], accuracy_m, quad_segs=2000)
    expected = shapely.area(shapely.intersection(metric, disc)) / disc.area
    for points in (point, np.repeat(point, FEW + 1, axis=0)):
        assert dense(index.shares(points, accuracy_m), 9)[0] == pytest.approx(expected, abs=1e-5)


def test_after_a_redraw_shares_are_those_of_an_index_built_anew() -> None:
    city = made_city(3, 6, torn=False)
    slots = np.arange(1, len(city.shapes) + 1, dtype=np.int32)
    cells, shapes = CellIndex.build(city.codes, city.shapes, slots), city.shapes
    for one, other in ((14, 15), (2, 3)):
        gone = shapely.union_all(shapes[[one, other]])
        kept = np.setdiff1d(np.arange(len(slots)), [one, other])
        now = np.append(slots[kept], slots.max() + 1).astype(np.int32)
        redraw = Redraw(np.array(gone.bounds), slots[[one, other]], np.array([gone], dtype=object), now[-1:])
        laid = cells.redrawn(redraw, now)
        assert laid is not None
        cells, slots, shapes = laid, now, np.append(shapes[kept], [gone])
    anew = index_of(shapes)
    found = GridIndex(anew.codes, EPSG, cells)
    points = points_in(city, 1, FEW + 20)
    for these in (points, points[:30]):
        expected = dense(anew.shares(these, 300.0), len(shapes))
        assert dense(found.shares(these, 300.0), len(shapes)) == pytest.approx(expected, abs=1e-6)
