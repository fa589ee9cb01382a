"""Laws of what travels: thinned, rounded, cut into arcs and put together again, the leaves are a partition still."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.arrays import Shapes
from geo.space.partition import faults, rim, whole_of
from geo.space.topology import METRES_A_DEGREE, Topology, borders, document, lightened, polygons, strands, topology
from tests.cities import MadeCity, cities, made_city

TOLERANCES = st.sampled_from([0.0, 0.5, 5.0, 60.0])


def areas_of(city: MadeCity, shapes: Shapes) -> Shapes:
    return np.array([whole_of(shapes[city.community == at]) for at in range(city.community.max() + 1)], dtype=object)


def sent(city: MadeCity, tolerance_m: float) -> tuple[Topology, dict]:
    """The topology of a city, and the document as it arrives: through its text."""
    light = lightened(city.shapes, tolerance_m)
    found = topology(light, areas_of(city, light.shapes))
    lineage = np.column_stack([np.ones_like(city.community), 10 + city.community, 1000 + np.arange(len(city.shapes))])
    levels = found.levels(lineage)
    objects = {
        "grids": [polygons(rings, at, {}) for at, rings in enumerate(found.leaves)],
        "areas": [polygons(rings, at, {}) for at, rings in enumerate(found.above)],
        "borders": [borders(np.flatnonzero(levels == one), {"level": int(one)}) for one in np.unique(levels)],
    }
    return found, json.loads(json.dumps(document(found, objects)))


def arcs_of(read: dict) -> list[list[tuple[float, float]]]:
    (sx, _), (x0, y0) = read["transform"]["scale"], read["transform"]["translate"]
    digits = round(-np.log10(sx))
    steps = [np.cumsum(arc, axis=0) for arc in read["arcs"]]
    return [[(round(x0 + sx * x, digits), round(y0 + sx * y, digits)) for x, y in arc.tolist()] for arc in steps]


def shapes_of(read: dict, name: str) -> Shapes:
    arcs = arcs_of(read)

    def ring(names: list[int]) -> list[tuple[float, float]]:
        walked = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in names]
        assert all(a[-1] == b[0] for a, b in zip(walked, walked[1:] + walked[:1], strict=True))
        return [point for arc in walked for point in arc[:-1]]

    found = []
    for one in read["objects"][name]["geometries"]:
        parts = [shapely.Polygon(ring(shell), [ring(hole) for hole in holes]) for shell, *holes in one["arcs"]]
        found.append(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts))
    return np.array(found, dtype=object)


@given(cities(), TOLERANCES)
@hypothesis_settings(max_examples=60, deadline=None)
def test_what_arrives_is_a_partition_still(city: MadeCity, tolerance_m: float) -> None:
    _, read = sent(city, tolerance_m)
    leaves = shapes_of(read, "grids")
    assert len(leaves) == len(city.shapes)
    outline = whole_of(leaves)
    assert faults(leaves, outline) == []
    assert len(shapely.get_rings(shapely.get_parts(outline))) == len(shapely.get_rings(shapely.get_parts(city.outline)))


@given(cities(), TOLERANCES)
@hypothesis_settings(max_examples=60, deadline=None)
def test_an_area_that_arrives_is_the_union_of_its_leaves_vertex_by_vertex(city: MadeCity, tolerance_m: float) -> None:
    _, read = sent(city, tolerance_m)
    leaves, areas = shapes_of(read, "grids"), shapes_of(read, "areas")
    for at, area in enumerate(areas):
        assert shapely.is_valid(area)
        own, left = (set(map(tuple, rim(np.array(some)).ends)) for some in ([area], leaves[city.community == at]))
        assert own == left


@given(cities(), TOLERANCES)
@hypothesis_settings(max_examples=40, deadline=None)
def test_every_border_travels_once_under_the_highest_level_it_divides(city: MadeCity, tolerance_m: float) -> None:
    _, read = sent(city, tolerance_m)
    arcs = arcs_of(read)
    drawn = {
        one["properties"]["level"]: shapely.union_all([shapely.LineString(arcs[arc]) for (arc,) in one["arcs"]])
        for one in read["objects"]["borders"]["geometries"]
    }
    leaves = shapes_of(read, "grids")
    total = sum(len(one["arcs"]) for one in read["objects"]["borders"]["geometries"])
    assert total == len(arcs)
    assert sum(line.length for line in drawn.values()) == pytest.approx(
        shapely.union_all(shapely.boundary(leaves)).length, rel=1e-9
    )
    outline = shapely.boundary(whole_of(leaves))
    assert drawn[0].symmetric_difference(outline).length == pytest.approx(0, abs=1e-9)


@given(cities(), st.sampled_from([0.5, 5.0]))
@hypothesis_settings(max_examples=40, deadline=None)
def test_no_border_moves_farther_than_its_lattice_and_a_few_tolerances(city: MadeCity, tolerance_m: float) -> None:
    light = lightened(city.shapes, tolerance_m)
    # the tolerance is the root of a triangle's area: a flat one may be farther from its base than it is wide
    for before, after in zip(city.shapes, light.shapes, strict=True):
        moved = before.symmetric_difference(after).area * METRES_A_DEGREE**2
        assert moved <= (4 * tolerance_m + 1) * before.length * METRES_A_DEGREE


def test_without_tolerance_no_border_moves_by_more_than_half_a_step() -> None:
    city = made_city(3)
    found, read = sent(city, 0.0)
    assert found.decimals == 6
    assert shapely.hausdorff_distance(shapes_of(read, "grids"), city.shapes).max() < 0.71e-6


def test_leaves_that_a_coarser_lattice_would_fold_travel_as_they_are() -> None:
    hair = shapely.box(117.0, 36.0, 117.00000002, 36.01)
    rest = shapely.box(117.00000002, 36.0, 117.01, 36.01)
    light = lightened(np.array([hair, rest], dtype=object), 1.0)
    assert (light.decimals, light.tolerance_m) == (8, 0.0)
    assert light.shapes[0].equals(hair)


def test_lines_and_ponds_travel_beside_the_leaves_and_what_folds_is_left_out() -> None:
    found = topology(lightened(made_city(3).shapes, 0.5), np.array([], dtype=object))
    before = len(found.arcs)
    river = shapely.MultiLineString([[(117, 36), (117.01, 36.02)], [(117.02, 36), (117.03, 36)]])
    pond = shapely.Polygon([(117, 36), (117.001, 36), (117.001, 36.001)], [[(117.0008, 36.0003)] * 4])
    dust = shapely.LineString([(117, 36), (117 + 1e-8, 36)])
    drawn = strands(found, np.array([river, pond, dust], dtype=object))
    assert [one["type"] for one in drawn] == ["MultiLineString", "MultiPolygon", "MultiLineString"]
    assert [one["arcs"] for one in drawn] == [[[before], [before + 1]], [[[before + 2]]], []]
    assert (found.arcs[before] / 1e6).tolist() == [[117, 36], [117.01, 36.02]]
