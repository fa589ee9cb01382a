"""The changes of a plan: ground, names, kinds, parents and codes of a whole division, areas united from its leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import Refused, Unknown
from geo.plans import wire
from geo.space.division import Division, divide
from geo.space.partition import faults, whole_of
from geo.space.redraw.changes import (
    Cede,
    Change,
    CutDedicated,
    Dissolve,
    Merge,
    Recode,
    Rename,
    Reparent,
    Split,
    Transfer,
    changed,
)
from geo.space.redraw.scopes import ReplaceScope
from tests.cities import SCHEME, made_city
from tests.planned import KINDS, grids, shape, somehow, unused


def division(seed: int = 3, side: int = 4) -> Division:
    """A made city of grids and fallback ground, by communities, subdistricts and a district."""
    city = made_city(seed, side, torn=False)
    made, found = divide(city.grids(named_only=True), city.layers(), None, SCHEME)
    assert not found
    return made


def after(base: Division, *some: Change) -> Division:
    for one in some:
        base = changed(base, one, SCHEME).division
    return base


def stands(made: Division) -> None:
    """Leaves divide the city, and every area is the union of what is under it."""
    assert not faults(made.leaf_shapes, made.area_shapes[made.area_levels == 0][0])
    assert np.array_equal(made.leaf_codes, np.sort(made.leaf_codes))
    for code, level, outline in zip(made.area_codes, made.area_levels, made.area_shapes, strict=True):
        inside = made.areas_within(str(code))
        ground = whole_of(made.leaf_shapes[np.isin(made.leaf_parents, made.area_codes[inside])])
        assert outline.normalize().equals_exact(ground.normalize(), 0), (code, level)


def words(made: Division, code: str) -> tuple[str, str, str]:
    at = np.flatnonzero(made.leaf_codes == code)[0]
    return str(made.leaf_names[at]), str(made.leaf_kinds[at]), str(made.leaf_parents[at])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_after_any_changes_the_leaves_divide_the_city_and_areas_are_the_union_of_theirs(seed: int) -> None:
    random, made = np.random.default_rng(seed), division(seed % 7)
    for _ in range(4):
        before, asked = made, somehow(made, random)
        try:
            made = changed(made, asked, SCHEME).division
        except (Refused, Unknown):
            continue
        stands(made)
        kept = np.isin(before.leaf_codes, made.leaf_codes).sum()
        assert kept >= len(before.leaf_codes) - 1 or isinstance(asked, Transfer | CutDedicated | Cede | ReplaceScope)


@pytest.mark.slow
def test_laws_of_plans_draw_every_kind_of_change_that_people_ask_for_and_some_of_each_can_be_made() -> None:
    """What only files of boundaries ask for has a law of its own: see tests/unit/test_division.py."""
    random, base, made = np.random.default_rng(1), division(), set[type[Change]]()
    for _ in range(40 * len(KINDS)):
        asked = somehow(base, random)
        if type(asked) not in made:
            try:
                changed(base, asked, SCHEME)
            except (Refused, Unknown):
                continue
            made.add(type(asked))
    assert made == set(KINDS) == set(get_args(Change)) - {wire.KINDS[kind] for kind in wire.OF_FILES}


def test_a_grid_that_is_split_keeps_its_words_and_the_new_one_has_its_kind_and_parent() -> None:
    base = division()
    code = str(grids(base)[0])
    west, south, east, north = shape(base, code).bounds
    line = shapely.LineString([(west - 1e-3, (south + north) / 2), (east + 1e-3, (south + north) / 2)])
    made = after(base, Split(code, line, (code, unused(base, code)), ("", "北片")))
    stands(made)
    assert words(made, code) == words(base, code)
    assert words(made, unused(base, code)) == ("北片", "comprehensive", code[:12])


def test_fallback_ground_that_is_split_becomes_a_named_grid() -> None:
    base = division()
    code = str(grids(base, "fallback")[0])
    west, south, east, north = shape(base, code).bounds
    line = shapely.LineString([((west + east) / 2, south - 1e-3), ((west + east) / 2, north + 1e-3)])
    made = after(base, Split(code, line, (code, unused(base, code)), ("", "新划网格")))
    assert words(made, code)[1] == "fallback"
    assert words(made, unused(base, code))[:2] == ("新划网格", "comprehensive")


def test_a_dissolved_grid_becomes_the_fallback_of_its_community_and_may_return_as_it() -> None:
    base = division(seed=0)
    full = [code for code in np.unique(base.leaf_parents) if f"{code}000" not in base.leaf_codes]
    code = next(str(code) for code in grids(base) if code[:12] in full)
    made = after(base, Dissolve(code))
    assert words(made, f"{code[:12]}000")[1:] == ("fallback", code[:12])
    assert code not in made.leaf_codes
    beside = next((str(one) for one in grids(made) if one[:12] == code[:12]), None)
    if beside:
        assert code not in after(made, Dissolve(beside)).leaf_codes  # the fallback grows


def test_a_mall_over_two_communities_comes_under_the_one_that_gives_most() -> None:
    base = division(side=6)
    centre = base.area_shapes[base.area_levels == 0][0].centroid
    mall = centre.buffer(3e-3)
    given = {
        code: ground.intersection(mall).area
        for code, ground, level in zip(base.area_codes, base.area_shapes, base.area_levels, strict=True)
        if level == base.levels - 2
    }
    most = max(given, key=lambda code: given[code])
    made = after(base, CutDedicated(mall, f"{most}901", "商业综合体"))
    stands(made)
    assert words(made, f"{most}901") == ("商业综合体", "dedicated", most)


def test_a_grid_that_comes_under_another_community_takes_its_ground_along() -> None:
    base = division(side=5)
    low = base.area_codes[base.area_levels == base.levels - 2]
    code = next(str(c) for c in grids(base) if (base.leaf_parents == c[:12]).sum() > 1)
    other = next(str(c) for c in low if c != code[:12])
    done = changed(base, Reparent(code, other), SCHEME)
    stands(done.division)
    assert not done.redrawn.moved
    assert words(done.division, code)[2] == other
    with pytest.raises(Refused, match=r"under .* already"):
        changed(done.division, Reparent(code, other), SCHEME)


def test_what_a_change_does_not_concern_is_the_same_object() -> None:
    base = division(side=6)
    code = str(grids(base)[0])
    made = after(base, Rename(code, "改名"), Recode(code, unused(base, code)))
    same = [any(was is now for was in base.area_shapes) for now in made.area_shapes]
    assert all(same)
    assert words(made, unused(base, code))[0] == "改名"
    leaf = [any(was is now for was in base.leaf_shapes) for now in made.leaf_shapes]
    assert sum(leaf) == len(leaf)


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda code, new, free: Recode(code, "12"), "has not the form of a grid's"),
        (lambda code, new, free: Recode(code, "3799020090" + "09901"), "does not begin with that of its area"),
        (lambda code, new, free: Recode(code, f"{code[:12]}000"), "in use|kept for fallback"),
        (lambda code, new, free: Recode(free, new), "follows its area's"),
        (lambda code, new, free: Dissolve(free), "fallback ground already"),
        (lambda code, new, free: Reparent(free, code[:12]), "stays there"),
        (lambda code, new, free: Reparent(code, code[:9]), "not of the lowest level"),
        (lambda code, new, free: Reparent(code, "9"), "no area has the code 9"),
        (lambda code, new, free: Rename(code, " "), "name is blank"),
        (lambda code, new, free: Merge((code, free), "x"), "none of the grids to merge"),
        (lambda code, new, free: Rename("x", "y"), "no area has the code x"),
    ],
)
def test_what_cannot_be_is_refused_in_words(ask: Callable[[str, str, str], Change], told: str) -> None:
    base = division()
    code, free = str(grids(base)[0]), str(grids(base, "fallback")[0])
    with pytest.raises((Refused, Unknown), match=told):
        changed(base, ask(code, unused(base, code), free), SCHEME)


def test_an_area_keeps_some_ground() -> None:
    base = division()
    low = np.flatnonzero(base.area_levels == base.levels - 2)[0]
    other = next(str(code) for code in grids(base) if code[:12] != base.area_codes[low])
    with pytest.raises(Refused, match="would have no ground left") as refusal:
        changed(base, Transfer(base.area_shapes[low].buffer(1e-6), other), SCHEME)
    assert refusal.value.where is base.area_shapes[low]
    with pytest.raises(Refused, match="holds the whole city"):
        changed(base, Cede(base.area_shapes[base.area_levels == 0][0].buffer(1e-3)), SCHEME)
