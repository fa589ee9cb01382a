"""The proof of a partition, held against what shapely counts."""

from __future__ import annotations

import time
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.arrays import Shapes
from geo.crs import snapped
from geo.space.arrangement import faces_of, matched, same_ground, united
from geo.space.partition import OUTSIDE, edges_of, faults, rim, whole_of
from tests.cities import MadeCity, border_distance, cities, made_city, points_in

SEEDS = st.integers(0, 1000)


def kinds(shapes: Shapes, outline: shapely.Geometry | None) -> set[str]:
    return {fault.kind for fault in faults(shapes, outline)}


@given(cities(), SEEDS)
def test_a_proved_partition_holds_every_point_exactly_once(city: MadeCity, seed: int) -> None:
    assert faults(city.shapes, city.outline) == []
    points = points_in(city, seed, 200)
    points = points[border_distance(city, points) > 1e-7]
    held = sum(shapely.contains_xy(shape, points).astype(int) for shape in city.shapes)
    assert (held == shapely.contains_xy(city.outline, points)).all()


@given(cities(), SEEDS)
def test_a_missing_leaf_is_a_gap_although_the_coverage_is_valid(city: MadeCity, seed: int) -> None:
    at = seed % len(city.shapes)
    found = faults(np.delete(city.shapes, at), city.outline)
    assert {fault.kind for fault in found} == {"unmatched", "gap"}
    lost = shapely.union_all([fault.where for fault in found if fault.kind == "gap"])
    assert lost.symmetric_difference(city.shapes[at]).area < 1e-14


@given(cities(), SEEDS)
def test_a_doubled_leaf_is_an_overlap_with_both_parties(city: MadeCity, seed: int) -> None:
    at = seed % len(city.shapes)
    found = faults(np.append(city.shapes, city.shapes[at : at + 1]), city.outline)
    assert {fault.kind for fault in found} == {"unmatched", "overlap"}
    assert [fault.parties for fault in found if fault.kind == "overlap"] == [(at, len(city.shapes))]


@given(cities(torn=False), SEEDS)
def test_ground_beyond_the_outline_is_outside(city: MadeCity, seed: int) -> None:
    at = seed % len(city.shapes)
    found = faults(city.shapes, city.outline.difference(city.shapes[at]))
    assert (at,) in [fault.parties for fault in found if fault.kind == "outside"]


@given(cities(), SEEDS)
def test_a_vertex_off_its_place_is_never_proved(city: MadeCity, seed: int) -> None:
    at = seed % len(city.shapes)
    shapes = city.shapes.copy()

    def push(xy: np.ndarray) -> np.ndarray:
        pushed = xy.copy()
        vertex = xy[seed % len(xy)]
        pushed[(xy == vertex).all(axis=1)] += 3e-8
        return pushed

    shapes[at] = snapped(np.asarray([shapely.transform(shapes[at], push)]))[0]
    assert faults(shapes, city.outline) != []


def test_shapes_that_cannot_be_reckoned_with_are_told_by_place_and_position() -> None:
    bowtie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    shapes = np.asarray([shapely.box(2, 0, 3, 1), bowtie, None, shapely.Polygon(), shapely.Point(1, 1)], dtype=object)
    found = faults(shapes, None)
    assert [(fault.kind, fault.parties) for fault in found] == [
        ("empty", (2,)), ("empty", (3,)), ("invalid", (1,)), ("invalid", (4,)),
    ]  # fmt: skip
    assert found[2].where.equals(shapely.Point(0.5, 0.5))


def test_vertices_off_the_lattice_are_told() -> None:
    assert kinds(np.asarray([shapely.box(0, 0, 1, 1 / 3)]), None) == {"off_grid"}


def test_two_leaves_on_the_same_edge_with_other_nodes_are_unmatched() -> None:
    left, right = shapely.box(0, 0, 1, 1), shapely.Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (1, 0.5)])
    shapes = np.asarray([left, right], dtype=object)
    assert kinds(shapes, None) == {"unmatched"}
    assert faults(matched(shapes, None), None) == []


def test_a_city_too_wide_for_packed_keys_is_proved_as_well() -> None:
    shapes = np.asarray([shapely.box(-170, -80, 0, 80), shapely.box(0, -80, 170, 80)], dtype=object)
    assert faults(shapes, None) == []
    assert len(rim(shapes).ends) == 6


@given(cities())
def test_edges_run_with_their_ground_on_the_left(city: MadeCity) -> None:
    edges = edges_of(city.shapes)
    x0, y0, x1, y1 = edges.ends.T
    twice = np.bincount(edges.owner, weights=(x0 - 117) * (y1 - 36) - (x1 - 117) * (y0 - 36))
    assert twice / 2 == pytest.approx(shapely.area(city.shapes), abs=1e-12)
    inner = edges.right != OUTSIDE
    assert (edges.right[inner] != edges.owner[inner]).all()
    assert len(rim(city.shapes).ends) == (~inner).sum()
    assert whole_of(city.shapes).equals(city.outline)


@given(cities())
def test_noding_a_partition_again_changes_nothing(city: MadeCity) -> None:
    assert matched(city.shapes, city.outline).tolist() == city.shapes.tolist()
    faces = faces_of(shapely.boundary(city.shapes))
    assert shapely.get_num_coordinates(faces).sum() >= shapely.get_num_coordinates(city.shapes).sum() * 0.5
    inside = shapely.intersects(city.outline, shapely.point_on_surface(faces))
    assert faults(faces[inside], city.outline) == []


@given(cities(), SEEDS, st.floats(0.2, 0.8))
def test_a_node_that_one_neighbour_lacks_is_set_right_for_both(city: MadeCity, seed: int, way: float) -> None:
    """The shapes are given nodes on their edges, each for itself; matching finds the partition again."""
    rng = np.random.default_rng(seed)
    shapes = np.asarray([_noded(shape, rng, way) for shape in city.shapes], dtype=object)
    found = matched(shapes, city.outline)
    whole = whole_of(found)
    assert same_ground(whole, city.outline)
    assert faults(found, whole) == []
    apart = shapely.area(shapely.symmetric_difference(found, city.shapes))
    assert (apart <= 2e-8 * shapely.length(city.shapes)).all()


def _noded(shape: shapely.Geometry, rng: np.random.Generator, way: float) -> shapely.Geometry:
    parts = []
    for part in shapely.get_parts(shape):
        rings = []
        for ring in shapely.get_rings(part):
            xy = shapely.get_coordinates(ring)
            at = int(rng.integers(0, len(xy) - 1))
            rings.append(np.insert(xy, at + 1, xy[at] + way * (xy[at + 1] - xy[at]), axis=0))
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    noded = snapped(np.asarray([parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)], dtype=object))[0]
    return noded if noded.is_valid else shape


def test_shapes_are_united_by_label_and_the_unlabelled_left_out() -> None:
    city = made_city(1, 3, torn=False)
    ground = united(city.shapes, np.asarray([0, 0, 0, 5, 5, 5, OUTSIDE, OUTSIDE, OUTSIDE]))
    assert list(ground) == [0, 5]
    assert ground[5].area == pytest.approx(shapely.area(city.shapes[3:6]).sum())


@pytest.mark.slow
@pytest.mark.real
def test_taipei_is_a_partition_and_the_proof_is_cheap(real: Path) -> None:
    shapes = snapped(np.asarray(geopandas.read_parquet(real / "taipei/base_units.parquet").geometry, dtype=object))
    outline = whole_of(shapes)
    start = time.process_time()
    validity = shapely.is_valid(shapes).all()
    bare = time.process_time() - start
    start = time.process_time()
    assert faults(shapes, outline) == []
    assert validity
    assert time.process_time() - start < max(40 * bare, 1.0)
    assert kinds(np.delete(shapes, 5000), outline) == {"unmatched", "gap"}
