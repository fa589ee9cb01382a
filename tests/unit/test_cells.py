"""The cells that locate: exact against GEOS, compiled or not, and refused where leaves are no partition."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.arrays import Positions, Shapes
from geo.errors import Broken
from geo.space.arrangement import united
from geo.space.cells import building, checking, edges, index
from geo.space.cells.few import Handful
from geo.space.cells.index import CellIndex
from geo.space.cells.layout import Redraw
from geo.space.cells.orientation import side
from tests.cities import MadeCity, cities, made_city
from tests.hard_points import by_shapely, hard_points

SEEDS = st.integers(0, 1000)


def indexed(shapes: Shapes) -> CellIndex:
    return CellIndex.build(np.array([f"{at:06d}" for at in range(len(shapes))]), np.asarray(shapes, dtype=object))


@given(cities(), SEEDS)
def test_every_point_is_where_geos_says_and_on_a_border_in_the_lowest(city: MadeCity, seed: int) -> None:
    made = indexed(city.shapes)
    points = hard_points(city.shapes, made.cells.lattice, seed, 60)
    assert np.array_equal(made.positions(points), by_shapely(city.shapes, points))


@given(cities(), SEEDS)
def test_a_handful_is_answered_without_a_compiler_as_a_batch_is_with(city: MadeCity, seed: int) -> None:
    made = indexed(city.shapes)
    points = hard_points(city.shapes, made.cells.lattice, seed, 40)
    assert len(points) > index.FEW
    assert np.array_equal(Handful(made.cells).positions(points), made.positions(points))


def test_several_threads_answer_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    city = made_city(11, 5)
    made = indexed(city.shapes)
    points = hard_points(city.shapes, made.cells.lattice, 3, 400)
    alone = made.positions(points)
    monkeypatch.setattr(index, "MANY", 10)
    assert np.array_equal(made.positions(points), alone)


@given(cities())
def test_no_edge_of_a_partition_is_doubted(city: MadeCity) -> None:
    slots = np.arange(1, len(city.shapes) + 1, dtype=np.int32)
    found, _ = edges.edges_of(edges.rings_of(city.shapes, slots))
    lattice = indexed(city.shapes).cells.lattice
    window = building.window_of(found, lattice, np.zeros(lattice.rows, dtype=np.int32))
    assert not len(checking.doubtful_edges(found, window))


FLOATS = st.floats(-180, 180).map(lambda degrees: degrees if abs(degrees) > 1e-100 else 0.0)
STEPS = st.integers(-4, 4)


@given(st.tuples(FLOATS, FLOATS), st.tuples(FLOATS, FLOATS), st.floats(0, 1), STEPS)
def test_the_side_of_an_edge_is_exact_one_step_from_its_line(
    a: tuple[float, float], b: tuple[float, float], share: float, steps: int
) -> None:
    x, y = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
    for _ in range(abs(steps)):
        y = float(np.nextafter(y, np.inf if steps > 0 else -np.inf))
    ax, ay, bx, by, px, py = map(Fraction, (*a, *b, x, y))
    exact = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    assert side(*a, *b, x, y) == (exact > 0) - (exact < 0)


@st.composite
def any_shapes(draw: st.DrawFn) -> Shapes:
    """Boxes and triangles on a small lattice: they may meet, overlap, be the same, or lie in one another."""
    numbers = st.integers(0, 6)
    shapes = []
    for _ in range(draw(st.integers(1, 5))):
        corners = draw(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=4, unique=True))
        shape = shapely.MultiPoint(corners).convex_hull
        if shape.geom_type == "Polygon":
            shapes.append(shapely.Polygon(np.array([117.0, 36.6]) + shapely.get_coordinates(shape) * 1e-3))
    return np.asarray(shapes or [shapely.box(117, 36.6, 117.001, 36.601)], dtype=object)


@given(any_shapes(), SEEDS)
def test_any_shapes_are_refused_for_their_overlap_or_answered_right(shapes: Shapes, seed: int) -> None:
    one, other = np.triu_indices(len(shapes), 1)
    overlapping = shapely.relate_pattern(shapes[one], shapes[other], "T********")
    if overlapping.any():
        with pytest.raises(Broken, match="overlap"):
            indexed(shapes)
        return
    made = indexed(shapes)
    points = hard_points(shapes, made.cells.lattice, seed, 20)
    assert np.array_equal(made.positions(points), by_shapely(shapes, points))


def test_a_vertex_less_than_a_step_inside_another_leaf_is_an_overlap() -> None:
    inside = [
        "010300000001000000040000000000000000405D40941804560E4D42400000000000405D4077BE9F1A2F4D4240C74B378941405D40"
        "21B07268914D42400000000000405D40941804560E4D4240",
        "010300000001000000040000000000000000405D40CDCCCCCCCC4C42400000000000405D40B0726891ED4C4240E3A59BC420405D40"
        "5A643BDF4F4D42400000000000405D40CDCCCCCCCC4C4240",
    ]
    shapes = shapely.from_wkb(np.array([bytes.fromhex(one) for one in inside], dtype=object))
    assert shapely.area(shapely.intersection(*shapes)) == 0
    with pytest.raises(Broken, match=r"overlap near 117\.002"):
        indexed(shapes)


@given(cities(), SEEDS)
def test_a_leaf_laid_over_a_partition_is_refused_with_the_ground_in_common(city: MadeCity, seed: int) -> None:
    random = np.random.default_rng(seed)
    west, _, east, _ = city.outline.bounds
    size = (east - west) * 10.0 ** random.uniform(-5, -1)
    inside = shapely.get_coordinates(shapely.point_on_surface(city.shapes[random.integers(0, len(city.shapes))]))[0]
    laid = shapely.box(*inside, *(inside + size))
    with pytest.raises(Broken, match="overlap near") as refused:
        indexed(np.append(city.shapes, [laid]))
    assert refused.value.where is not None
    assert refused.value.where.intersects(laid)


def test_a_leaf_twice_is_refused() -> None:
    square = shapely.box(117, 36.6, 117.001, 36.601)
    with pytest.raises(Broken, match="'000000' and '000001' overlap"):
        indexed(np.array([square, square]))


def test_a_leaf_that_crosses_itself_is_refused_with_the_place() -> None:
    bow = shapely.Polygon([(117, 36), (117.001, 36.001), (117.001, 36), (117, 36.001)])
    with pytest.raises(Broken, match="no valid polygon: Self-intersection") as refused:
        indexed(np.array([bow]))
    assert refused.value.where == shapely.Point(117.0005, 36.0005)


def test_neighbours_that_share_no_vertex_are_no_overlap() -> None:
    wide = shapely.box(117, 36.6, 117.004, 36.601)
    above = [shapely.box(117 + at * 1e-3, 36.601, 117 + (at + 1) * 1e-3, 36.602) for at in range(4)]
    shapes = np.array([wide, *above])
    made = indexed(shapes)
    points = hard_points(shapes, made.cells.lattice, 1, 200)
    assert np.array_equal(made.positions(points), by_shapely(shapes, points))


@given(cities(3), SEEDS, st.integers(1, 4))
def test_after_redraws_the_cells_laid_over_answer_as_an_index_built_anew(city: MadeCity, seed: int, times: int) -> None:
    random = np.random.default_rng(seed)
    slot_of = random.integers(1, len(city.shapes) + 1, len(city.shapes)).astype(np.int32)
    slots, shapes = leaves_of(city, slot_of)
    made = CellIndex.build(slots.astype(np.str_), shapes, slots)
    for _ in range(times):
        some = random.integers(0, len(slot_of), random.integers(1, 4))
        slot_of[some] = random.choice([*slot_of, slot_of.max() + 1], len(some))  # to a leaf there is, or a new one
        was, were = slots, shapes
        slots, shapes = leaves_of(city, slot_of)
        change = redraw_between((was, were), (slots, shapes))
        if not len(change.gone):
            continue
        laid = made.redrawn(change, slots)
        assert laid is not None
        points = hard_points(city.shapes, made.cells.lattice, seed, 40)
        assert np.array_equal(laid.positions(points), by_shapely(shapes, points))
        assert np.array_equal(Handful(laid.cells).positions(points[::7]), by_shapely(shapes, points[::7]))
        assert np.array_equal(made.positions(points), by_shapely(were, points)), "the index before is as it was"
        made = laid


def test_a_redraw_of_a_few_leaves_touches_their_cells_only() -> None:
    city = made_city(5, 24, torn=False)
    slot_of = np.arange(1, len(city.shapes) + 1, dtype=np.int32)
    slots, shapes = leaves_of(city, slot_of)
    made = CellIndex.build(slots.astype(np.str_), shapes, slots)
    beside = np.flatnonzero(shapely.relate_pattern(shapes, shapes[300], "FF*F1****"))[0]
    slot_of[beside] = slot_of[300]
    now, after = leaves_of(city, slot_of)
    laid = made.redrawn(redraw_between((slots, shapes), (now, after)), now)
    assert laid is not None
    assert len(laid.cells.over.words) < len(made.cells.base.words) / 10
    assert laid.cells.base.words is made.cells.base.words


def test_a_redraw_that_reaches_beyond_the_lattice_or_overlaps_is_built_anew() -> None:
    city = made_city(5, 4)
    made = indexed(city.shapes)
    west, south, east, north = city.outline.bounds
    slots = np.arange(1, len(city.shapes) + 2, dtype=np.int32)
    for laid in (shapely.box(east, south, east + 1, north), shapely.box(west + 1e-3, south + 1e-3, east, north)):
        redraw = Redraw(np.array(laid.bounds), np.zeros(0, dtype=np.int32), np.array([laid]), slots[-1:])
        assert made.redrawn(redraw, slots) is None


def leaves_of(city: MadeCity, slot_of: Positions) -> tuple[Positions, Shapes]:
    """Slots, ascending, and shapes of leaves that are unions of a city's, each under the slot it is given."""
    ground = united(city.shapes, slot_of.astype(np.int64))
    return np.array(list(ground), dtype=np.int32), np.array(list(ground.values()), dtype=object)


def redraw_between(before: tuple[Positions, Shapes], after: tuple[Positions, Shapes]) -> Redraw:
    known = dict(zip(before[0].tolist(), before[1], strict=True))
    now = dict(zip(after[0].tolist(), after[1], strict=True))
    gone = [slot for slot in known if slot not in now or now[slot].wkb != known[slot].wkb]
    came = [slot for slot in now if slot not in known or now[slot].wkb != known[slot].wkb]
    shapes = np.array([now[slot] for slot in came], dtype=object)
    bounds = shapely.total_bounds([shapely.Point(), *(known[slot] for slot in gone), *shapes])
    return Redraw(bounds, np.array(gone, dtype=np.int32), shapes, np.array(came, dtype=np.int32))
