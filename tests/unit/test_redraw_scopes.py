"""A scope replaced by given leaves: what they are is what comes to be, and nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.errors import Refused, Unknown
from geo.space.arrangement import thickness
from geo.space.division import Division, compare
from geo.space.partition import faults
from geo.space.redraw.changes import Annex, Cede, Dissolve, Transfer, changed
from geo.space.redraw.scopes import GivenLeaf, ReplaceScope, is_idle, trimmed
from geo.space.redraw.slivers import THIN_M
from tests.cities import SCHEME
from tests.planned import divided_city, given_leaves, grids, somehow, unused

_M_PER_DEGREE = 111_319.49


def replaced(base: Division, change: ReplaceScope) -> Division:
    return changed(base, change, SCHEME).division


def stands(made: Division) -> None:
    assert not faults(made.leaf_shapes, made.area_shapes[made.area_levels == 0][0])
    assert np.array_equal(made.leaf_codes, np.sort(made.leaf_codes))


def low_areas(base: Division) -> list[str]:
    return [str(code) for code in base.area_codes[base.area_levels == base.levels - 2]]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_scope_replaced_by_its_own_leaves_is_the_same_to_the_last_object(seed: int) -> None:
    base = divided_city(seed % 7)
    within = str(base.area_codes[seed % len(base.area_codes)])
    asked = ReplaceScope(given_leaves(base, within), within)
    made = replaced(base, asked)
    assert all(was is now for was, now in zip(base.leaf_shapes, made.leaf_shapes, strict=True))
    assert all(was is now for was, now in zip(base.area_shapes, made.area_shapes, strict=True))
    assert compare(base, made).same
    assert is_idle(trimmed(base, asked))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_scope_replaced_by_what_a_chain_of_changes_made_of_it_is_what_the_chain_made(seed: int) -> None:
    random, base = np.random.default_rng(seed), divided_city(seed % 7, torn=bool(seed % 2))
    chained = base
    for _ in range(4):
        asked = somehow(chained, random)
        if isinstance(asked, Annex | Cede):
            continue
        try:
            chained = changed(chained, asked, SCHEME).division
        except (Refused, Unknown):
            continue
    new = [one for one in given_leaves(chained) if one.code not in base.leaf_codes]
    assume(all(SCHEME.nests(one.code, one.parent) for one in new))  # a file with another one is refused
    whole = ReplaceScope(given_leaves(chained))
    for change in (whole, trimmed(base, whole)):
        made = replaced(base, change)
        stands(made)
        assert made.leaf_codes.tolist() == chained.leaf_codes.tolist()
        for field in ("leaf_names", "leaf_kinds", "leaf_parents"):
            assert getattr(made, field).tolist() == getattr(chained, field).tolist()
        apart = compare(chained, made).changed
        strips = shapely.get_parts(shapely.symmetric_difference(made.leaf_shapes[apart], chained.leaf_shapes[apart]))
        assert (thickness(strips) * _M_PER_DEGREE < 1.1 * THIN_M).all()  # thinner ground is not cut off


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_outside_the_scope_nothing_changes_but_nodes(seed: int) -> None:
    random, base = np.random.default_rng(seed), divided_city(seed % 7, 5)
    within = str(random.choice(low_areas(base)))
    outside = base.leaf_codes[base.leaf_parents != within]
    some = [one for one in given_leaves(base, within) if random.random() < 0.6]
    made = replaced(base, ReplaceScope(tuple(some), within))
    stands(made)
    told = compare(base, made)
    assert not np.isin(outside, made.leaf_codes[told.changed | told.appeared]).any()
    assert np.isin(outside, made.leaf_codes).all()
    assert not told.outline_moved
    kept = {one.code for one in some if one.kind != "fallback"}  # that one takes what is left
    assert not kept & set(made.leaf_codes[told.changed].tolist())
    gone = {one.code for one in given_leaves(base, within)} - kept - {f"{within}000"}
    assert not gone or f"{within}000" in made.leaf_codes  # ground in no given leaf is the fallback's


def test_a_leaf_left_out_goes_to_fallback_ground_as_if_it_was_dissolved() -> None:
    base = divided_city(3)
    code = str(grids(base)[0])
    within = code[:12]
    some = tuple(one for one in given_leaves(base, within) if one.code not in (code, f"{within}000"))
    made, wanted = replaced(base, ReplaceScope(some, within)), changed(base, Dissolve(code), SCHEME).division
    assert made.leaf_codes.tolist() == wanted.leaf_codes.tolist()
    assert compare(made, wanted).same


def test_ground_given_twice_is_refused_with_the_place() -> None:
    base = divided_city(3)
    one, other = _neighbours(base)
    touching = shapely.buffer(shapely.point_on_surface(other.ground), 1e-4)
    leaves = {leaf.code: leaf for leaf in given_leaves(base)} | {
        one.code: replace(one, ground=shapely.union(one.ground, touching)),
        other.code: replace(other, ground=shapely.buffer(other.ground, -3e-6)),
    }
    with pytest.raises(Refused, match="given twice") as told:
        replaced(base, ReplaceScope(tuple(leaves.values())))
    assert told.value.where is not None
    assert shapely.area(shapely.intersection(told.value.where, touching)) > 0.99 * touching.area


def test_ground_beyond_the_scope_is_refused_with_the_place() -> None:
    base = divided_city(3)
    within = low_areas(base)[0]
    leaves = given_leaves(base, within)
    first = replace(leaves[0], ground=shapely.buffer(leaves[0].ground, 2e-4))
    with pytest.raises(Refused, match="not of the leaves that are replaced") as told:
        replaced(base, ReplaceScope((first, *leaves[1:]), within))
    assert told.value.where is not None
    assert not shapely.contains_properly(leaves[0].ground, told.value.where)


def test_a_border_drawn_twice_is_mended_within_the_width_and_refused_beyond() -> None:
    base = divided_city(3, torn=False)
    pair = _neighbours(base)
    centre = shapely.get_coordinates(shapely.centroid(pair[0].ground))[0]
    shrunk = tuple(
        replace(one, ground=shapely.transform(one.ground, lambda xy: centre + (xy - centre) * (1 - 2e-5)))
        for one in pair
    )
    codes = tuple(one.code for one in pair)
    mended = replaced(base, ReplaceScope(shrunk, None, (), mend_m=2.0))
    assert mended.leaf_codes.tolist() == base.leaf_codes.tolist()  # the hair gaps around are nobody's ground
    stands(mended)
    wide = tuple(
        replace(one, ground=shapely.buffer(one.ground, -3e-5, join_style="mitre")) for one in pair
    )  # gaps of six metres
    made = replaced(base, ReplaceScope(wide, None, (), mend_m=2.0))
    stands(made)
    for code in codes:
        parent = str(base.leaf_parents[base.leaf_codes == code][0])
        assert f"{parent}000" in made.leaf_codes


def _neighbours(base: Division) -> tuple[GivenLeaf, GivenLeaf]:
    leaves = {one.code: one for one in given_leaves(base)}
    codes = [str(code) for code in grids(base)]
    return next(
        (leaves[a], leaves[b])
        for a in codes
        for b in codes
        if a < b and shapely.length(shapely.intersection(leaves[a].ground, leaves[b].ground)) > 1e-4
    )


def test_codes_and_words_are_those_that_are_given() -> None:
    base = divided_city(3)
    code = str(grids(base)[0])
    new, other = unused(base, code), next(one for one in low_areas(base) if one != code[:12])
    [was] = [one for one in given_leaves(base) if one.code == code]
    recoded = replaced(base, ReplaceScope((replace(was, code=new, name="改码", kind="dedicated"),), None, (code,)))
    at = np.flatnonzero(recoded.leaf_codes == new)[0]
    assert (recoded.leaf_names[at], recoded.leaf_kinds[at]) == ("改码", "dedicated")
    assert code not in recoded.leaf_codes
    moved = replaced(base, ReplaceScope((replace(was, parent=other),), None, ()))
    stands(moved)
    assert str(moved.leaf_parents[moved.leaf_codes == code][0]) == other
    assert shapely.area(moved.area_shapes[moved.area_codes == other][0]) > shapely.area(
        base.area_shapes[base.area_codes == other][0]
    )


def test_a_trimmed_change_holds_what_differs_and_no_more() -> None:
    base = divided_city(3, torn=False)
    one, other = _neighbours(base)
    ring = shapely.point_on_surface(shapely.intersection(one.ground, other.ground))
    moved = changed(base, Transfer(shapely.buffer(ring, 1e-4), one.code), SCHEME).division
    found = trimmed(base, ReplaceScope(given_leaves(moved)))
    touched = set(compare(base, moved).changed.nonzero()[0])
    assert {leaf.code for leaf in found.leaves} == {str(moved.leaf_codes[at]) for at in touched}
    assert found.gone == ()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda one: replace(one, kind="park"), "no leaf is 'park'"),
        (lambda one: replace(one, kind="fallback"), "and no other leaf is"),
        (lambda one: replace(one, parent=one.parent[:9]), "no area of the lowest level"),
        (lambda one: replace(one, parent="9"), "no area has the code 9"),
        (lambda one: replace(one, code="12"), "has not the form of a grid's"),
        (lambda one: replace(one, ground=shapely.Point(1, 1)), "is no polygon"),
        (lambda one: replace(one, ground=shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])), "crosses itself"),
        (lambda one: replace(one, ground=shapely.box(500, 0, 501, 1)), "is no polygon in degrees"),
    ],
)
def test_what_no_leaf_can_be_is_refused_in_words(spoil: object, told: str) -> None:
    base = divided_city(3, torn=False)
    leaves = given_leaves(base)
    at = next(k for k, one in enumerate(leaves) if one.kind == "comprehensive")
    assert callable(spoil)
    with pytest.raises((Refused, Unknown), match=told):
        replaced(base, ReplaceScope((*leaves[:at], spoil(leaves[at]), *leaves[at + 1 :])))


def test_a_code_from_elsewhere_and_one_twice_are_refused() -> None:
    base = divided_city(3, torn=False)
    within, other = low_areas(base)[:2]
    leaves, strange = given_leaves(base, within), given_leaves(base, other)[0]
    with pytest.raises(Refused, match="lies outside"):
        replaced(base, ReplaceScope((*leaves, strange), within))
    with pytest.raises(Refused, match="given 2 times"):
        replaced(base, ReplaceScope((*leaves, leaves[0]), within))
    with pytest.raises(Refused, match="given and given up"):
        replaced(base, ReplaceScope(leaves, within, (leaves[0].code,)))
    with pytest.raises(Refused, match="can be mended"):
        replaced(base, ReplaceScope(leaves, within, None, 3.0))
