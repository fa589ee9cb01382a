"""Which leaf holds most of a footprint: laws against a brute-force oracle, and the ties."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.arrays import Floats, Positions, Shapes
from geo.crs import area_m2, shapes_to_metres, snap, snapped
from geo.space.locate import GridIndex
from geo.space.overlaps import largest_overlap, overlaps
from tests.cities import MadeCity, cities, points_in

EPSG = 4549


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
    footprints = footprints_in(city, seed, 25)
    found = overlaps(index_of(city), footprints)
    total = np.bincount(found.footprint, weights=found.share, minlength=len(footprints))
    inside = area_m2(shapely.intersection(footprints, city.outline))
    # footprints of some 400 m: an edge of the metric CRS is straight where a geodesic is not
    np.testing.assert_allclose(total, inside / area_m2(footprints), atol=1e-5)


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
