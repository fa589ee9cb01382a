"""What a thread makes ahead comes out as it would without one, and never runs away."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.pipes import ahead


def counted(made: list[int], most: int, broken: int | None = None) -> Generator[int, None, None]:
    """Numbers from 0, noted in ``made``; ``broken`` raises."""
    try:
        for number in range(most):
            if number == broken:
                raise ValueError(number)
            made.append(number)
            yield number
    finally:
        made.append(-1)


@given(st.integers(0, 30), st.integers(1, 5), st.integers(1, 5))
def test_every_item_comes_once_and_in_order_through_any_number_of_steps(items: int, first: int, second: int) -> None:
    assert list(ahead(ahead(counted([], items), first), second)) == list(range(items))


@given(st.integers(0, 20), st.integers(1, 4))
def test_what_is_raised_in_making_an_item_is_raised_where_it_is_taken(broken: int, most: int) -> None:
    items = ahead(counted([], 30, broken), most)
    assert [next(items) for _ in range(broken)] == list(range(broken))
    with pytest.raises(ValueError, match=str(broken)):
        next(items)


def test_no_more_is_made_than_was_asked_for_and_a_few() -> None:
    made: list[int] = []
    with closing(ahead(counted(made, 1000), 3)) as items:
        assert [next(items), next(items)] == [0, 1]
        time.sleep(0.05)
        assert max(made) <= 4
    assert made[-1] == -1, "what is left unread is closed"
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]
