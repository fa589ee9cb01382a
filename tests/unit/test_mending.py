"""Damaged partitions are mended within their limits or left as faults with their place: laws on random cities."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries.grounds import unsettled
from geo.space.mending import rounds
from tests.cities import MadeCity, cities, made_city
from tests.damages import AUTHORITIES, DAMAGES, LAWS, SIZES_M, Case, random_case

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


FOUND: dict[str, Callable[[], Case]] = {
    "a node that matching put beside the sharp corner of free ground was the place of a cut the second time": lambda: (
        Case(made_city(252, 3, 0.3), 0, ["double", "grow"], 0.3, (3, 4), False)
    ),
    "an overlap of two was told that a third holds too, in places too large": lambda: Case(
        made_city(94_613, 5, 0.2), 54, ["grow", "shake"], 2.5, (), False
    ),
    "an overlap across the rim was mended inside and left outside": lambda: random_case(36),
}


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("found", FOUND)
def test_a_case_that_once_broke_a_law_breaks_none(law: Callable[[Case], object], found: str) -> None:
    law(FOUND[found]())


@pytest.mark.slow
def test_where_the_rounds_are_used_up_what_is_left_to_mend_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(iter(FOUND.values()))
    assert unsettled(case().done.unsettled) == []
    monkeypatch.setattr(rounds, "_ROUNDS", 1)
    stopped = case()
    left = stopped.done.unsettled
    (told,) = unsettled(left)
    assert (told.kind, told.severity, told.where) == ("mending_unsettled", "info", left)
    assert told.area_m2 is not None
    assert 0 < told.area_m2 < 0.01
    assert "1 处" in told.zh
    monkeypatch.undo()
    assert any(one.ground.intersects(left) for one in stopped.again.mends), "which the next run mends"


@settings(max_examples=6, deadline=None)
@given(cities())
def test_a_partition_is_left_as_it_is(city: MadeCity) -> None:
    done = Case(city, 0, [], 0.0).done
    assert done.mends == []
    assert all(a is b or a.equals_exact(b, 0) for a, b in zip(done.layers.named.shapes, city.shapes, strict=True))
