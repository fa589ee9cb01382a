"""Codes that changes take by themselves: the largest keeps its own, new ones are the next that were never given."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.arrays import Floats, Shapes
from geo.errors import Refused
from geo.space.division import Division
from geo.space.redraw.changes import CutDedicated, Merge, Rename, Split, changed
from geo.space.redraw.numbering import Numbers, is_numbered, numbered
from tests.cities import SCHEME
from tests.hand_drawings import line_over
from tests.unit.test_redraw_changes import division, grids, shape, words

BASE = division(seed=0)
"""Read by every test, changed by none."""
CODE = str(grids(BASE)[0])


def middle(code: str, at: float = 0.5) -> shapely.LineString:
    """A line from west to east through a grid, so far up."""
    west, south, east, north = shape(BASE, code).bounds
    y = south + at * (north - south)
    return shapely.LineString([(west - 1e-3, y), (east + 1e-3, y)])


def most_south(shapes: Shapes) -> Floats:
    """A size by which the southernmost ground is the largest."""
    return 90 - shapely.bounds(shapes)[:, 1]


def ground(made: Division, code: str) -> float:
    return float(shapely.area(shape(made, code)))


def test_the_largest_piece_keeps_the_code_and_the_new_one_is_the_next_never_given() -> None:
    highest = max(code for code in BASE.leaf_codes.tolist() if code.startswith(CODE[:12]))
    retired = f"{int(highest) + 1:015d}"
    asked = Split(CODE, middle(CODE, 0.3))
    change = numbered(BASE, asked, Numbers(SCHEME, lambda area: [retired]))
    assert isinstance(change, Split)
    assert set(change.codes) == {CODE, f"{int(retired) + 1:015d}"}
    made = changed(BASE, change, SCHEME).division
    assert ground(made, CODE) > ground(made, f"{int(retired) + 1:015d}")
    assert words(made, f"{int(retired) + 1:015d}")[0] == ""


def test_what_counts_as_large_is_for_the_caller_to_say() -> None:
    change = numbered(BASE, Split(CODE, middle(CODE, 0.3)), Numbers(SCHEME, size=most_south))
    made = changed(BASE, change, SCHEME).division
    new = next(code for code in made.leaf_codes.tolist() if code not in BASE.leaf_codes)
    assert shape(made, CODE).bounds[1] < shape(made, new).bounds[1]
    assert ground(made, CODE) < ground(made, new)


def test_names_go_to_the_piece_that_keeps_the_code_then_to_the_new_ones() -> None:
    change = numbered(BASE, Split(CODE, middle(CODE, 0.3), names=("留下", "分出")), Numbers(SCHEME, size=most_south))
    assert isinstance(change, Split)
    assert dict(zip(change.codes, change.names, strict=True))[CODE] == "留下"
    with pytest.raises(Refused, match="2 pieces and there are 1 names"):
        numbered(BASE, Split(CODE, middle(CODE), names=("一",)), Numbers(SCHEME))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000), by_place=st.booleans())
def test_a_split_that_is_merged_again_restores_the_grid(seed: int, by_place: bool) -> None:
    random = np.random.default_rng(seed)
    code = str(random.choice(grids(BASE)))
    numbers = Numbers(SCHEME, size=most_south if by_place else None)
    try:
        change = numbered(BASE, Split(code, line_over(shape(BASE, code), random)), numbers)
        made = changed(BASE, change, SCHEME).division
    except Refused:
        return
    assert isinstance(change, Split)
    again = changed(made, numbered(made, Merge(change.codes), numbers), SCHEME).division
    assert again.leaf_codes.tolist() == BASE.leaf_codes.tolist()
    assert shape(again, code).symmetric_difference(shape(BASE, code)).area < 1e-12


def test_a_merge_keeps_the_code_of_the_largest_named_grid() -> None:
    free = str(grids(BASE, "fallback")[0])
    other = str(grids(BASE)[1])
    change = numbered(BASE, Merge((free, CODE, other)), Numbers(SCHEME))
    assert isinstance(change, Merge)
    assert change.keep == max((CODE, other), key=lambda code: ground(BASE, code))
    even = numbered(BASE, Merge((other, CODE)), Numbers(SCHEME, size=lambda shapes: np.zeros(len(shapes))))
    assert isinstance(even, Merge)
    assert even.keep == change.keep


def test_a_dedicated_grid_takes_the_next_code_of_the_area_that_gives_most() -> None:
    mall = shape(BASE, CODE).representative_point().buffer(2e-4)
    change = numbered(BASE, CutDedicated(mall), Numbers(SCHEME))
    assert isinstance(change, CutDedicated)
    assert change.code is not None
    assert change.code[:12] == CODE[:12]
    assert change.code not in BASE.leaf_codes
    assert words(changed(BASE, change, SCHEME).division, change.code)[:2] == ("", "dedicated")


def test_a_change_that_has_its_codes_is_left_as_it_is_and_one_without_is_not_made() -> None:
    whole = Rename(CODE, "甲")
    assert is_numbered(whole)
    assert numbered(BASE, whole, Numbers(SCHEME)) is whole
    for change in (Split(CODE, middle(CODE)), Merge((CODE, str(grids(BASE)[1]))), CutDedicated(shape(BASE, CODE))):
        assert not is_numbered(change)
        with pytest.raises(Refused, match="has no code yet"):
            changed(BASE, change, SCHEME)
    with pytest.raises(Refused, match="1 piece, not 2"):
        numbered(BASE, Split(CODE, shapely.LineString([(0, 0), (1, 1)])), Numbers(SCHEME))
