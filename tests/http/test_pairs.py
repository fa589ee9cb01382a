"""Pairs of numbers are read out of bytes as json reads them, number by number, and what is no pair is none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api import points
from api.errors import Malformed
from geo.space.cells import pairs  # loaded, so that a handful is read by the kernel too

WRITTEN = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-200, 200).map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.just("null"),
)
GAP = st.sampled_from(["", "", " ", "\n", " \t\r\n"])


@given(st.lists(st.tuples(WRITTEN, WRITTEN), max_size=8), GAP, GAP)
@example([("9007199254740993", "0.1"), ("9007199254740992.5", "-0.0")], "", "")
@example([("123456789012345678e-22", "179769313486231580793e289"), ("4.35", "1e400")], " ", "")
def test_every_number_is_the_double_that_json_reads(told: list[tuple[str, str]], before: str, after: str) -> None:
    comma = f"{before},{after}"
    body = f'{{"points":[{comma.join(f"[{before}{x}{comma}{y}{after}]" for x, y in told)}]}}'
    known = json.loads(body, parse_int=float)["points"]
    expected = np.array(known, dtype=np.float64).reshape(-1, 2)
    for read in (points._many, points._few):
        found = read(body[10:-1].encode(), len(told)) if read is points._many else read(body[10:-1].encode())
        assert found is not None
        assert np.array_equal(found, expected, equal_nan=True)
        assert np.array_equal(np.signbit(found), np.signbit(expected))
    assert len(points.parse(body.encode(), 10).points) == len(told)


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "[",
        "[1,2]",
        "[[1,2]",
        "[[1,2],]",
        "[[1,2,3]]",
        "[[1],[2]]",
        "[[01,2]]",
        "[[1.,2]]",
        "[[.5,2]]",
        "[[+1,2]]",
        "[[1 2,3]]",
        "[[nul,1]]",
        "[[1e,2]]",
        "[[-,1]]\n    ",
        "[[1,2] [3,4]]",
        "[[1,2]]x",
        "[[1,NaN]]",
        "[[,]]",
        "[[]]",
        "[[1,Infinity]]",
        "[[true,1]]",
        "[[1,[2]]]",
        "[[1,2],[3,4]",
        "[[1,-]]",
        "-",
        "1",
    ],
)
def test_what_is_no_array_of_pairs_is_none_to_both(text: str) -> None:
    assert points._few(text.encode()) is None
    assert points._many(text.encode(), max(text.count("[") - 1, 0)) is None
    assert pairs.NO_PAIRS < 0
    with pytest.raises(Malformed):
        points.parse(f'{{"points":{text}}}'.encode(), 10)
