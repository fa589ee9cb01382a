"""Different rows are told apart as numpy tells them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from geo.arrays import distinct

SHAPES = st.tuples(st.integers(0, 30), st.integers(1, 4))
ROWS = arrays.arrays(np.int64, SHAPES, elements=st.sampled_from([-(2**62), -2, -1, 0, 1, 2, 2**62]))


@given(ROWS)
def test_different_rows_are_those_that_numpy_finds_along_an_axis(rows: np.ndarray) -> None:
    found, number = distinct(rows)
    wanted, of = np.unique(rows, axis=0, return_inverse=True)
    assert np.array_equal(found, wanted)
    assert np.array_equal(number, of.reshape(-1))
