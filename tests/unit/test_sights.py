"""What of a city is looked at: whatever is demanded is taken in once, and not demanded again."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.space.sights import MARGIN, Sight, Unseen

_RINGS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=6)


def taken_in(sight: Sight, unseen: Unseen) -> Sight:
    """What is seen once what was wanted is taken in: the boxes of all grounds, as the store reads them."""
    wider = np.array([-MARGIN, -MARGIN, MARGIN, MARGIN])
    boxes = shapely.bounds(np.asarray(unseen.wanted.grounds, dtype=object)) + wider
    return Sight(shapely.union(sight.ground, shapely.union_all(shapely.box(*boxes.T))), sight.codes)


def is_answered(shape: BaseGeometry, shapes: list[BaseGeometry]) -> bool:
    """Whether leaves around a shape are demanded no more once they were taken in."""
    wanted = np.array([shape, *shapes], dtype=object)
    sight = Sight(shapely.Polygon(), frozenset())
    with pytest.raises(Unseen) as unseen:
        sight.demand_around(wanted)
    taken_in(sight, unseen.value).demand_around(wanted)
    return True


def test_a_hole_that_lies_outside_its_shell_is_taken_in_with_it() -> None:
    shell, hole = shapely.box(0, 0, 1, 1).exterior, shapely.box(-5, -5, 6, 6).exterior
    assert is_answered(shapely.Polygon(shell, [hole]), [])


@given(_RINGS, st.lists(_RINGS, max_size=2), _RINGS)
def test_whatever_is_drawn_is_demanded_once(
    shell: list[tuple[int, int]], holes: list[list[tuple[int, int]]], line: list[tuple[int, int]]
) -> None:
    assert is_answered(shapely.Polygon(shell, holes), [shapely.LineString(line)])
