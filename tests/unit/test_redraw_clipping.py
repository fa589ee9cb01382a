"""A polygon that reaches beyond a scope redraws what lies inside, and nothing outside changes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import area_m2
from geo.errors import Refused
from geo.space.division import Division, compare
from geo.space.redraw.changes import CutDedicated, Transfer, changed
from geo.space.redraw.clipping import Polygonal, clipped
from tests.cities import SCHEME
from tests.hand_drawings import polygon_over
from tests.planned import grids, shape, unused
from tests.unit.test_redraw_changes import division, stands


def codes_within(made: Division, scope: str) -> set[str]:
    inside = made.area_codes[made.areas_within(scope)]
    return set(made.leaf_codes[np.isin(made.leaf_parents, inside)].tolist())


def touched_outside(base: Division, made: Division, scope: str) -> set[str]:
    difference = compare(base, made)
    new = set(made.leaf_codes[difference.appeared | difference.changed].tolist()) - codes_within(made, scope)
    return new | (set(base.leaf_codes[difference.left_ground].tolist()) - codes_within(base, scope))


def drawn_somewhere(base: Division, random: np.random.Generator) -> tuple[Polygonal, str]:
    """A polygon over a grid and around it, given to it or cut out, and the scope: an area above the grid."""
    code = str(random.choice(grids(base)))
    community = str(base.leaf_parents[base.leaf_codes == code][0])
    scope = community if random.random() < 0.7 else base.parent_of_area(community)
    drawn, snap_m = polygon_over(shape(base, code), random), float(random.choice([0, 0.5, 2]))
    if random.random() < 0.5:
        return CutDedicated(drawn, unused(base, code), "商场", snap_m), scope
    return Transfer(drawn, code, snap_m), scope


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_what_is_clipped_to_a_scope_changes_nothing_outside_it(seed: int) -> None:
    random, base = np.random.default_rng(seed), division(seed % 5)
    change, scope = drawn_somewhere(base, random)
    try:
        inside = clipped(base, change, scope)
        made = changed(base, inside.change, SCHEME).division
    except Refused:
        return
    stands(made)
    assert touched_outside(base, made, scope) == set()


def over_the_rim(base: Division) -> tuple[Transfer, str, float]:
    """A box half over another community, the scope, and the square metres of the drawing that lie beyond it."""
    code = str(grids(base)[0])
    scope = str(base.leaf_parents[base.leaf_codes == code][0])
    ground = base.area_shapes[base.area_codes == scope][0]
    drawn = shapely.box(*ground.centroid.buffer(shapely.length(ground) / 4).bounds)
    beyond = drawn.difference(ground)
    return Transfer(drawn, code, 0.0), scope, float(area_m2(np.array([beyond], dtype=object))[0])


def test_how_much_was_drawn_beyond_the_scope_is_told() -> None:
    base = division()
    change, scope, beyond_m2 = over_the_rim(base)
    assert touched_outside(base, changed(base, change, SCHEME).division, scope)
    inside = clipped(base, change, scope)
    assert inside.left_out_m2 == pytest.approx(beyond_m2, rel=1e-4)
    assert touched_outside(base, changed(base, inside.change, SCHEME).division, scope) == set()


def test_a_drawing_inside_the_scope_is_the_same_change() -> None:
    base = division()
    code = str(grids(base)[0])
    change = Transfer(shape(base, code).buffer(-1e-5), code)
    inside = clipped(base, change, str(base.leaf_parents[base.leaf_codes == code][0]))
    assert inside.change is change
    assert inside.left_out_m2 == 0


def test_a_drawing_outside_the_scope_altogether_is_refused_with_its_place() -> None:
    base = division()
    code, other = (str(grids(base)[at]) for at in (0, -1))
    scope = str(base.leaf_parents[base.leaf_codes == code][0])
    drawn = shape(base, other).buffer(-1e-5)
    with pytest.raises(Refused, match=f"lies outside {scope}") as refusal:
        clipped(base, Transfer(drawn, code), scope)
    assert refusal.value.where is drawn
