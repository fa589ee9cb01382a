"""How load stands over grids: equal loads are even, and what is not known is counted and left out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.plans.balances import balance, compactness, staying

NONE = np.zeros(0, dtype=object)
LOADS = st.lists(st.integers(1, 2_000), min_size=1, max_size=30)


@given(LOADS, st.floats(0.5, 20))
def test_balance_does_not_depend_on_the_order_nor_evenness_on_the_unit(loads: list[int], factor: float) -> None:
    load = np.array(loads, dtype=np.float64)
    one, turned, scaled = (balance(some, NONE, (300, 500)) for some in (load, load[::-1], load * factor))
    assert turned.in_band == one.in_band
    assert (turned.cv, scaled.cv) == (pytest.approx(one.cv), pytest.approx(one.cv))
    assert scaled.max_min == pytest.approx(one.max_min)
    assert one.max_min is not None
    assert one.max_min >= 1


@given(LOADS, st.integers(0, 5))
def test_loads_that_are_not_known_are_counted_and_make_up_nothing(loads: list[int], unknown: int) -> None:
    known = balance(np.array(loads, dtype=np.float64), NONE, (300, 500))
    mixed = balance(np.array([*loads, *[np.nan] * unknown]), NONE, (300, 500))
    assert (mixed.grids, mixed.unknown) == (len(loads) + unknown, unknown)
    assert (mixed.mean, mixed.cv, mixed.in_band) == (known.mean, known.cv, known.in_band)


def test_both_ends_of_the_band_are_in_it_and_a_grid_of_nobody_has_no_ratio() -> None:
    found = balance(np.array([299, 300, 500, 501]), NONE, (300, 500))
    assert (found.in_band, found.mean) == (2, 400)
    assert found.cv == pytest.approx(np.std([299, 300, 500, 501]) / 400)
    empty = balance(np.array([0.0, 400]), NONE, (300, 500))
    assert (empty.in_band, empty.max_min) == (1, None)
    nothing = balance(np.array([np.nan]), NONE, (300, 500))
    assert (nothing.mean, nothing.cv, nothing.max_min, nothing.compactness) == (None, None, None, None)


def test_a_circle_is_most_compact_then_a_square_then_a_strip() -> None:
    shapes = np.array([shapely.Point(0, 0).buffer(9, 64), shapely.box(0, 0, 3, 3), shapely.box(0, 0, 90, 1)])
    found = compactness(shapes)
    assert found[0] == pytest.approx(1, abs=1e-3)
    assert found[1] == pytest.approx(np.pi / 4)
    assert found[2] < 0.05


def test_what_stays_is_not_known_where_nothing_was() -> None:
    assert (staying(0, 8), staying(2, 8), staying(None, 8), staying(1, None), staying(0, 0)) == (
        1,
        0.75,
        None,
        None,
        None,
    )
