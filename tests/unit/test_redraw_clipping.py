"""A polygon that reaches beyond a scope redraws what lies inside, and nothing outside changes."""

from __future__ import annotations

import re

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.crs import SNAP, area_m2
from geo.errors import Refused
from geo.space.division import Division, compare
from geo.space.redraw.changes import CutDedicated, Transfer, changed
from geo.space.redraw.clipping import Polygonal, clipped, may_reach_beyond
from tests.cities import SCHEME
from tests.hand_drawings import polygon_over
from tests.planned import grids, shape, unused
from tests.unit.test_redraw_changes import division, stands

METRE = 1 / 111_319.49
PULLED = 14
"""A seed whose drawing has a corner that a neighbour's vertex would pull beyond the scope."""

SLIVER = 856
"""A seed whose drawing leaves a sliver of the scope along its rim, which borders the neighbour beyond the longest."""


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
@example(seed=SLIVER)
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


def notched(base: Division, random: np.random.Generator) -> tuple[Division, Transfer, str]:
    """A city with a small grid just beyond the rim of a scope, and a drawing inside the scope with a corner beside it.

    The drawing is covered by the scope, and the small grid has vertices that a pull reaches.
    """
    code = str(random.choice(grids(base)))
    scope = str(base.leaf_parents[base.leaf_codes == code][0])
    ground = base.area_shapes[base.area_codes == scope][0]
    beyond = np.isin(base.leaf_codes, grids(base)) & (base.leaf_parents != scope)
    shared = shapely.intersection(shapely.boundary(ground), base.leaf_shapes)
    other = str(random.choice(base.leaf_codes[beyond & (shapely.length(shared) > 100 * METRE)]))
    parts = shapely.get_parts(shapely.line_merge(shared[base.leaf_codes == other][0]))
    line = max(parts, key=shapely.length)
    place = shapely.line_interpolate_point(line, random.uniform(0.1, 0.9), normalized=True)
    wide, high = random.uniform(0.3, 1.5, 2) * METRE
    notch = shape(base, other).intersection(shapely.box(*place.coords[0], *place.coords[0]).buffer(max(wide, high)))
    made = changed(base, CutDedicated(notch, unused(base, other), "岗亭", 0.0), SCHEME).division
    x, y = place.coords[0]
    turns = random.uniform(0, 2 * np.pi) + np.array([0.0, 1.0])
    far = [(x + 30 * METRE * np.cos(turn), y + 30 * METRE * np.sin(turn)) for turn in turns]
    drawn = shapely.Polygon([(x, y), *far]).intersection(ground.buffer(-2 * SNAP))
    largest = max(shapely.get_parts(drawn), key=shapely.area)
    inside = np.flatnonzero(made.leaf_parents == scope)
    to = str(made.leaf_codes[random.choice(inside)])
    return made, Transfer(largest, to, float(random.choice([0.5, 2]))), scope


def may_be_pulled_beyond(seed: int) -> tuple[Division, Transfer, str] | None:
    """A notched city; None where the drawing has no ground or the notch cannot be cut there."""
    random, base = np.random.default_rng(seed), division(seed % 5)
    try:
        base, change, scope = notched(base, random)
    except Refused:
        return None
    return (base, change, scope) if shapely.area(change.drawn) > 100 * METRE**2 else None


@settings(max_examples=60, deadline=None)
@example(seed=PULLED)
@given(seed=st.integers(0, 1_000_000))
def test_what_is_drawn_inside_a_scope_is_not_pulled_beyond_it(seed: int) -> None:
    found = may_be_pulled_beyond(seed)
    if found is None:
        return
    base, change, scope = found
    inside = clipped(base, change, scope)
    try:
        made = changed(base, inside.change, SCHEME).division
    except Refused as refusal:
        is_its_own = re.search("no ground of another leaf|nothing changes hands", str(refusal))
        assert is_its_own
        return
    stands(made)
    assert touched_outside(base, made, scope) == set()


def test_left_as_it_is_a_drawing_inside_would_be_pulled_beyond_by_a_neighbours_vertex() -> None:
    found = may_be_pulled_beyond(PULLED)
    assert found is not None
    base, change, scope = found
    assert change.drawn.within(base.area_shapes[base.area_codes == scope][0])
    assert touched_outside(base, changed(base, change, SCHEME).division, scope)
    inside = clipped(base, change, scope)
    assert (inside.change.snap_m, inside.left_out_m2) == (0.0, 0.0)
    assert touched_outside(base, changed(base, inside.change, SCHEME).division, scope) == set()


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


def test_a_drawing_on_the_rim_may_reach_beyond_and_one_well_inside_may_not() -> None:
    ground = shapely.box(117, 36, 117.01, 36.01)
    for drawn, may in (
        (shapely.box(117.001, 36.001, 117.002, 36.002), False),
        (shapely.box(117.001, 36.001, 117.01, 36.002), True),
        (shapely.box(117.001, 36.001, 117.02, 36.002), True),
        (shapely.Polygon([(117.001, 36.001), (117.002, 36.002), (117.002, 36.001), (117.001, 36.002)]), True),
    ):
        assert may_reach_beyond(drawn, ground) is may
