"""Damaged partitions are mended within their limits or left as faults with their place: laws on random cities."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cities import MadeCity, cities
from tests.damages import AUTHORITIES, DAMAGES, LAWS, SIZES_M, Case

CASES = st.builds(
    Case,
    city=cities(),
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(sorted(DAMAGES)), min_size=1, max_size=4),
    size_m=st.sampled_from(SIZES_M),
    authority=st.sampled_from(AUTHORITIES),
    is_declared=st.booleans(),
)


@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=6, deadline=None)
@given(case=CASES)
def test_what_holds_of_every_damaged_partition(law: Callable[[Case], object], case: Case) -> None:
    law(case)


@settings(max_examples=6, deadline=None)
@given(cities())
def test_a_partition_is_left_as_it_is(city: MadeCity) -> None:
    done = Case(city, 0, [], 0.0).done
    assert done.mends == []
    assert all(a is b or a.equals_exact(b, 0) for a, b in zip(done.named.shapes, city.shapes, strict=True))
