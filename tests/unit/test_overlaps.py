"""Which leaf holds most of a footprint: laws against GEOS, and the ties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.arrays import Floats, Positions, Shapes
from geo.crs import area_m2, shapes_to_metres, snap, snapped
from geo.ragged import NONE, Ragged
from geo.space.locate import GridIndex
from geo.space.overlaps import largest_overlap, overlaps
from tests.cities import MadeCity, cities, made_city, points_in
from tests.hard_footprints import hard_footprints, shares_by_geos
from tests.unit.test_cells import leaves_of, redraw_between

EPSG = 4549
SHORT = 1e-4
"""Degrees of an edge, some 10 m."""


def index_of(city: MadeCity) -> GridIndex:
    return GridIndex.build(np.array([f"{at:06d}" for at in range(len(city.shapes))]), city.shapes, EPSG)


def footprints_in(city: MadeCity, seed: int, n: int) -> Shapes:
    """Random footprints around a city, turned, some with a courtyard, some of two parts, some larger than a leaf."""
    rng = np.random.default_rng(seed)
    made = np.empty(n, dtype=object)
    west, south, east, north = city.outline.bounds
    for at, middle in enumerate(points_in(city, seed, n)):
        size = rng.uniform(0.001, 0.3) * np.array([east - west, north - south]) * rng.choice([0.1, 1.0])
        turn = rng.uniform(0, np.pi)
        unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        outer = middle + unit * size @ spin
        holes = [middle + 0.4 * unit * size @ spin] if rng.random() < 0.3 else []
        made[at] = shapely.Polygon(snap(outer), [snap(hole) for hole in holes])
        if rng.random() < 0.2:
            made[at] = shapely.union(made[at], shapely.box(*snap(middle + 2 * size), *snap(middle + 3 * size)))
    made = snapped(made)
    return made[shapely.is_valid(made) & (shapely.area(made) > 0)]


def oracle(city: MadeCity, footprints: Shapes) -> tuple[Positions, Floats]:
    """Every leaf against every footprint, no tree; ties to the lowest position."""
    position, share = np.full(len(footprints), -1), np.zeros(len(footprints))
    for at, footprint in enumerate(footprints):
        cut = shapely.area(shapes_to_metres(shapely.intersection(city.shapes, footprint), EPSG))
        shares = np.round(cut / shapely.area(shapes_to_metres(np.array([footprint]), EPSG)), 9)
        if shares.max() > 0:
            position[at], share[at] = int(np.argmax(shares)), min(shares.max(), 1.0)
    return position, share


@given(city=cities(), seed=st.integers(0, 10_000))
@hypothesis_settings(max_examples=40)
def test_the_largest_share_is_the_oracles(city: MadeCity, seed: int) -> None:
    footprints = footprints_in(city, seed, 25)
    position, share = largest_overlap(index_of(city), footprints)
    wanted, wanted_share = oracle(city, footprints)
    np.testing.assert_allclose(share, wanted_share, atol=2e-9)
    assert ((share >= 0) & (share <= 1)).all()
    assert ((share > 0) == (position >= 0)).all()
    # where two leaves hold the same to the last digit, the order of cutting may show in it
    near = np.array(
        [np.sum(np.abs(shares_of(city, one) - most) < 2e-9) > 1 for one, most in zip(footprints, share, strict=True)]
    )
    assert (position == wanted)[~near].all()


def shares_of(city: MadeCity, footprint: shapely.Geometry) -> Floats:
    cut = shapely.area(shapes_to_metres(shapely.intersection(city.shapes, footprint), EPSG))
    made: Floats = cut / shapely.area(shapes_to_metres(np.array([footprint]), EPSG))
    return made


@given(city=cities(), seed=st.integers(0, 10_000))
@hypothesis_settings(max_examples=20)
def test_all_shares_add_up_to_what_lies_in_the_city_by_geodesic_area(city: MadeCity, seed: int) -> None:
    # footprints of some 400 m: an edge of the metric CRS is straight where a geodesic is not, so edges are short
    footprints = shapely.segmentize(footprints_in(city, seed, 25), SHORT)
    found = overlaps(index_of(city), footprints)
    total = np.bincount(found.footprint, weights=found.share, minlength=len(footprints))
    inside = area_m2(shapely.segmentize(shapely.intersection(footprints, city.outline), SHORT))
    np.testing.assert_allclose(total, inside / area_m2(footprints), atol=5e-6)


@given(city=cities(), seed=st.integers(0, 10_000), data=st.data())
@hypothesis_settings(max_examples=20)
def test_order_and_chunking_change_nothing(city: MadeCity, seed: int, data: st.DataObject) -> None:
    index, footprints = index_of(city), footprints_in(city, seed, 25)
    position, share = largest_overlap(index, footprints)
    order = np.array(data.draw(st.permutations(range(len(footprints)))), dtype=np.int64)
    turned = largest_overlap(index, footprints[order])
    assert (turned[0] == position[order]).all()
    assert (turned[1] == share[order]).all()
    singly = [largest_overlap(index, footprints[at : at + 1]) for at in range(len(footprints))]
    assert [int(one[0][0]) for one in singly] == position.tolist()
    assert [float(one[1][0]) for one in singly] == share.tolist()


@pytest.mark.slow
@given(city=cities(), seed=st.integers(0, 10_000))
@hypothesis_settings(max_examples=20)
def test_footprints_as_arrays_are_answered_as_objects_are(city: MadeCity, seed: int) -> None:
    shapes = np.concatenate([footprints_in(city, seed, 25), hard_footprints(city.shapes, seed, 6)])
    index, footprints = index_of(city), np.array([multi(one) for one in shapes], dtype=object)
    wanted, found = overlaps(index, footprints), overlaps(index, Ragged.of(footprints))
    assert found.footprint.tolist() == wanted.footprint.tolist()
    assert found.position.tolist() == wanted.position.tolist()
    assert found.share.tolist() == wanted.share.tolist()
    assert not len(overlaps(index, NONE).footprint)


def multi(shape: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shape]) if isinstance(shape, shapely.Polygon) else shape


@given(city=cities(), seed=st.integers(0, 10_000))
@hypothesis_settings(max_examples=60)
def test_what_touches_shares_borders_or_holds_leaves_is_cut_as_geos_cuts_it(city: MadeCity, seed: int) -> None:
    footprints = hard_footprints(city.shapes, seed, 12)
    found = overlaps(index_of(city), footprints)
    for at, footprint in enumerate(footprints):
        wanted, error = shares_by_geos(city.shapes, footprint, EPSG)
        here = found.footprint == at
        shares = np.zeros(len(city.shapes))
        shares[found.position[here]] = found.share[here]
        np.testing.assert_allclose(shares, wanted, atol=error, rtol=0)
        assert (np.diff(found.share[here]) <= 0).all()
    whole = largest_overlap(index_of(city), footprints)[1] == 1
    covered = np.array([shapely.covers(city.shapes, one).any() for one in footprints], dtype=np.bool_)
    assert whole[covered].all(), "what a leaf covers lies in it whole, whatever the vertices along it"


@given(city=cities(3), seed=st.integers(0, 10_000))
@hypothesis_settings(max_examples=20)
def test_cells_laid_over_after_a_redraw_cut_as_an_index_built_anew(city: MadeCity, seed: int) -> None:
    random = np.random.default_rng(seed)
    slot_of = random.integers(1, len(city.shapes) + 1, len(city.shapes)).astype(np.int32)
    before = leaves_of(city, slot_of)
    slot_of[random.integers(0, len(slot_of), 2)] = random.choice(slot_of, 2)
    slots, shapes = leaves_of(city, slot_of)
    codes = np.array([f"{slot:06d}" for slot in slots])
    anew = GridIndex.build(codes, shapes, EPSG)
    cells = type(anew.cells).build(before[0].astype(np.str_), before[1], before[0])
    change = redraw_between(before, (slots, shapes))
    laid = cells.redrawn(change, slots) if len(change.gone) else cells
    assert laid is not None
    footprints = np.concatenate([hard_footprints(shapes, seed, 20), footprints_in(city, seed, 10)])
    one, other = overlaps(replace(anew, cells=laid), footprints), overlaps(anew, footprints)
    assert one.footprint.tolist() == other.footprint.tolist()
    assert one.position.tolist() == other.position.tolist()
    assert one.share.tolist() == other.share.tolist()


@pytest.mark.slow
def test_many_footprints_in_any_order_are_answered_as_one_by_one() -> None:
    city = made_city(8, 6)
    index, footprints = index_of(city), footprints_in(city, 8, 6_000)
    assert len(footprints) > 4_096
    position, share = largest_overlap(index, footprints)
    some = np.random.default_rng(8).integers(0, len(footprints), 300)
    for at in some:
        one = largest_overlap(index, footprints[at : at + 1])
        assert (one[0][0], one[1][0]) == (position[at], share[at])


def test_a_footprint_of_many_vertices_over_many_leaves_is_cut_like_a_small_one() -> None:
    city = made_city(3, 8)
    middle = np.array(city.outline.centroid.coords[0])
    turn = np.linspace(0, 2 * np.pi, 2_000, endpoint=False)
    radius = 0.012 * (1 + 0.02 * np.cos(40 * turn))
    star = shapely.Polygon(snap(middle + radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)))
    wanted, error = shares_by_geos(city.shapes, star, EPSG)
    found = overlaps(index_of(city), np.array([star]))
    shares = np.zeros(len(city.shapes))
    shares[found.position] = found.share
    assert (shares > 0).sum() > 20
    np.testing.assert_allclose(shares, wanted, atol=error, rtol=0)


@pytest.fixture(scope="module")
def two() -> GridIndex:
    """Two leaves side by side; the border is the meridian 120.01."""
    shapes = np.array([shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.01, 36.0, 120.02, 36.01)])
    return GridIndex.build(np.array(["1", "2"]), shapes, EPSG)


def test_equal_halves_go_to_the_lowest_code(two: GridIndex) -> None:
    halved = np.array([shapely.box(120.0099, 36.005, 120.0101, 36.0052)])
    position, share = largest_overlap(two, halved)
    assert (position[0], share[0]) == (0, 0.5)
    found = overlaps(two, halved)
    assert found.position.tolist() == [0, 1]


def test_what_only_touches_the_city_has_no_leaf(two: GridIndex) -> None:
    beside = [
        shapely.box(119.999, 36.0, 120.0, 36.01),
        shapely.box(120.02, 36.01, 120.03, 36.02),
        shapely.Polygon(),
        None,
    ]
    position, share = largest_overlap(two, np.array(beside, dtype=object))
    assert position.tolist() == [-1] * 4
    assert share.tolist() == [0.0] * 4


def test_a_footprint_beyond_the_rim_tells_the_share_that_lies_inside(two: GridIndex) -> None:
    position, share = largest_overlap(two, np.array([shapely.box(119.9997, 36.002, 120.0001, 36.003)]))
    assert position[0] == 0
    assert share[0] == pytest.approx(0.25, abs=1e-6)


def test_no_footprints_have_no_leaves(two: GridIndex) -> None:
    position, share = largest_overlap(two, np.empty(0, dtype=object))
    assert (len(position), len(share)) == (0, 0)


def test_a_building_around_a_leaf_and_one_in_its_courtyard_are_told_apart() -> None:
    """The middle leaf lies wholly within the footprint; with a courtyard of its size, wholly without it."""
    middle, outer = shapely.box(120.001, 36.001, 120.002, 36.002), shapely.box(120.0, 36.0, 120.003, 36.003)
    index = GridIndex.build(np.array(["1", "2"]), np.array([middle, outer - middle]), EPSG)
    around = shapely.box(120.0005, 36.0005, 120.0025, 36.0025)
    found = overlaps(index, np.array([around, around - middle, middle]))
    assert found.footprint.tolist() == [0, 0, 1, 2]
    assert found.position.tolist() == [1, 0, 1, 0]
    assert found.share == pytest.approx([0.75, 0.25, 1, 1], abs=1e-5)


def test_what_is_no_polygon_has_no_ground(two: GridIndex) -> None:
    line, point = shapely.LineString([(120.001, 36.001), (120.015, 36.002)]), shapely.Point(120.001, 36.001)
    assert largest_overlap(two, np.array([line, point]))[0].tolist() == [-1, -1]


def test_halves_that_a_crooked_border_makes_equal_are_a_tie_in_any_order_of_vertices() -> None:
    """A border with a step to either side; the footprint is turned around and begun at each vertex."""
    border = [
        (120.01, 36.0),
        (120.01, 36.004),
        (120.011, 36.0045),
        (120.009, 36.0055),
        (120.01, 36.006),
        (120.01, 36.01),
    ]
    west = shapely.Polygon([(120.0, 36.0), *border, (120.0, 36.01)])
    east = shapely.Polygon([*border[::-1], (120.02, 36.0), (120.02, 36.01)])
    index = GridIndex.build(np.array(["1", "2"]), np.array([west, east]), EPSG)
    corners = [(120.008, 36.003), (120.012, 36.003), (120.012, 36.007), (120.008, 36.007)]
    turned = [shapely.Polygon((corners[at:] + corners[:at])[::way]) for at in range(4) for way in (1, -1)]
    position, share = largest_overlap(index, np.array(turned))
    assert len(set(share.tolist())) == 1
    assert set(position.tolist()) <= {0, 1}
    assert len(set(position.tolist())) == 1
