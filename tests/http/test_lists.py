"""Columns written as JSON without objects are read as those of objects are."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.answers import plain_column
from api.lists import hundredths, listed, texts_of

distances = st.one_of(
    st.floats(0, 1e6), st.floats(0, 0.02), st.just(np.nan), st.floats(allow_nan=True, allow_infinity=True)
)


@given(st.lists(distances, max_size=30))
def test_figures_are_written_to_two_decimals_as_the_plain_way_writes_them(figures: list[float]) -> None:
    column = np.array(figures, dtype=np.float64)
    assert json.loads(hundredths(column)) == plain_column(column)


@given(st.lists(st.none() | st.text(st.characters(blacklist_categories=["Cs"])), max_size=20))
def test_texts_of_any_letters_are_read_back(texts: list[str | None]) -> None:
    position = np.arange(-1, len(texts))
    assert json.loads(listed(texts_of(texts), position)) == [None, *texts]
