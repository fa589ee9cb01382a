"""Laws of what is drawn, on random cities: every border once, every simplified city still a partition."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from geo import drawings
from geo.areas import Ids
from tests.cities import MadeCity, cities


def lineage_of(city: MadeCity) -> Ids:
    """City, community and leaf of every leaf, as ids; the first digit keeps the levels apart."""
    leaf = np.arange(len(city.codes))
    return np.column_stack([np.ones_like(leaf), 1000 + city.community, 5000 + leaf]).astype(np.int32)


@given(cities())
@hypothesis_settings(max_examples=40)
def test_every_border_is_drawn_exactly_once(city: MadeCity) -> None:
    levels, lines = drawings.borders(city.shapes, lineage_of(city))
    rims = shapely.union_all(shapely.boundary(city.shapes))
    assert shapely.length(lines).sum() == pytest.approx(rims.length, rel=1e-9)
    assert shapely.union_all(lines).symmetric_difference(rims).length == pytest.approx(0, abs=1e-9)
    assert set(levels.tolist()) <= {0, 1, 2}


@given(cities())
@hypothesis_settings(max_examples=40)
def test_a_border_stands_under_the_highest_level_it_divides(city: MadeCity) -> None:
    lineage = lineage_of(city)
    levels, lines = drawings.borders(city.shapes, lineage)
    above = shapely.union_all([])
    for level in range(lineage.shape[1]):
        groups = [
            shapely.coverage_union_all(city.shapes[lineage[:, level] == one]) for one in np.unique(lineage[:, level])
        ]
        rims = shapely.union_all(shapely.boundary(groups))
        ours = shapely.union_all(lines[levels == level])
        assert ours.symmetric_difference(rims.difference(above)).length == pytest.approx(0, abs=1e-9)
        above = shapely.union_all([above, rims])


@given(cities())
@hypothesis_settings(max_examples=40)
def test_a_simplified_city_is_still_a_partition_with_the_same_borders(city: MadeCity) -> None:
    simple = np.asarray(shapely.coverage_simplify(city.shapes, 5e-4))
    assert shapely.coverage_is_valid(simple)
    _, lines = drawings.borders(simple, lineage_of(city))
    rims = shapely.union_all(shapely.boundary(simple))
    assert shapely.length(lines).sum() == pytest.approx(rims.length, rel=1e-9)


@pytest.mark.parametrize(("zoom", "band"), [(0, 10), (10, 10), (11, 11), (13, 13), (14, 14), (20, 14)])
def test_a_zoom_is_drawn_from_the_band_that_is_fine_enough(zoom: int, band: int) -> None:
    assert drawings.band_of(zoom) == band
