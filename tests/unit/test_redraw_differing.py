"""The changes that make one division of another: as few as are needed, and they do make it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import Refused, Unknown
from geo.space.arrangement import thickness
from geo.space.division import compare
from geo.space.redraw.changes import Annex, Cede, Dissolve, Rename, Transfer, changed
from geo.space.redraw.differing import changes_between
from geo.space.redraw.slivers import THIN_M
from tests.cities import SCHEME
from tests.planned import divided_city, somehow


@pytest.mark.slow
@settings(max_examples=40)
@given(seed=st.integers(0, 100_000))
def test_the_changes_between_two_divisions_make_one_of_the_other(seed: int) -> None:
    random, base = np.random.default_rng(seed), divided_city(seed % 7, torn=False)
    made = base
    for _ in range(3):
        asked = somehow(made, random)
        if isinstance(asked, Annex | Cede):
            continue
        try:
            made = changed(made, asked, SCHEME).division
        except (Refused, Unknown):
            continue
    again = base
    for change in changes_between(base, made, SCHEME, ()):
        again = changed(again, change, SCHEME).division
    difference = compare(made, again)
    assert again.leaf_codes.tolist() == made.leaf_codes.tolist()
    for field in ("leaf_names", "leaf_kinds", "leaf_parents"):
        assert getattr(again, field).tolist() == getattr(made, field).tolist()
    apart = shapely.get_parts(
        shapely.symmetric_difference(again.leaf_shapes[difference.changed], made.leaf_shapes[difference.changed])
    )
    assert (thickness(apart) * 111_319.49 < 1.1 * THIN_M).all()  # thinner strips are not cut off


def test_the_same_division_asks_for_nothing() -> None:
    base = divided_city(3, torn=False)
    assert changes_between(base, base, SCHEME, ()) == []


def test_a_name_and_a_border_are_one_change_each() -> None:
    base = divided_city(3, torn=False)
    code = str(base.leaf_codes[base.leaf_kinds == "comprehensive"][0])
    other = str(base.leaf_codes[base.leaf_kinds == "comprehensive"][1])
    named = replace(base, leaf_names=np.where(base.leaf_codes == code, "新名", base.leaf_names))
    assert changes_between(base, named, SCHEME, ()) == [Rename(code, "新名")]
    shape = base.leaf_shapes[base.leaf_codes == other][0]
    drawn = shapely.buffer(shapely.point_on_surface(shapely.boundary(shape)), 3e-4)
    moved = changed(base, Transfer(drawn, code), SCHEME).division
    asked = changes_between(base, moved, SCHEME, ())
    [given] = asked
    assert isinstance(given, Transfer)
    assert given.to == code


def test_a_grid_that_is_gone_leaves_fallback_ground() -> None:
    base = divided_city(3, torn=False)
    code = str(base.leaf_codes[base.leaf_kinds == "comprehensive"][0])
    made = changed(base, Dissolve(code), SCHEME).division
    again = base
    for change in changes_between(base, made, SCHEME, ()):
        again = changed(again, change, SCHEME).division
    assert compare(made, again).changed_count == 0


def test_what_no_plan_does_is_refused() -> None:
    base = divided_city(3, torn=False)
    kinds = base.leaf_kinds.copy().astype(object)
    kinds[np.flatnonzero(kinds == "comprehensive")[0]] = "dedicated"
    with pytest.raises(Refused, match="takes another code"):
        changes_between(base, replace(base, leaf_kinds=kinds.astype(np.str_)), SCHEME, ())
