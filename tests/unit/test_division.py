"""Divisions of random cities: fallback ground, faults with their parties, areas, comparison and scopes."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.codes import Scheme
from geo.crs import area_m2, snap
from geo.errors import Broken, Refused, Unknown
from geo.space.division import (
    BLOCKING,
    AreaLayer,
    Division,
    NamedGrids,
    compare,
    crosswalk,
    divide,
    nothing,
    party,
)
from geo.space.partition import Fault, faults, whole_of
from geo.space.redraw.redividing import asked, is_idle, redivided
from tests.cities import CITY, SCHEME, MadeCity, cities, made_city

SEEDS = st.integers(0, 1000)
few = settings(max_examples=40)


def divided(city: MadeCity, *, named_only: bool = False) -> Division:
    division, found = divide(city.grids(named_only=named_only), city.layers(), city.outline, SCHEME)
    assert [fault for fault in found if fault.kind in BLOCKING] == []
    return division


def stands(division: Division) -> None:
    """Leaves divide the outline, areas are unions of leaves at every level, codes ascend."""
    (outline,) = division.area_shapes[division.area_levels == 0]
    assert faults(division.leaf_shapes, outline) == []
    assert (division.leaf_codes[:-1] < division.leaf_codes[1:]).all()
    for code, shape in zip(division.area_codes, division.area_shapes, strict=True):
        below = np.isin(division.leaf_parents, division.area_codes[division.areas_within(str(code))])
        assert faults(division.leaf_shapes[below], shape) == []


@few
@given(cities())
def test_grids_that_fill_the_city_are_its_leaves(city: MadeCity) -> None:
    division = divided(city)
    stands(division)
    assert division.leaf_codes.tolist() == city.codes.tolist()
    assert [a.equals_exact(b, 0) for a, b in zip(division.leaf_shapes, city.shapes, strict=True)].count(False) == 0


@few
@given(cities())
def test_free_ground_falls_to_its_community(city: MadeCity) -> None:
    division = divided(city, named_only=True)
    stands(division)
    fallback = division.leaf_kinds == "fallback"
    free = whole_of(city.shapes[~city.named]) if (~city.named).any() else shapely.Polygon()
    left = area_m2(division.leaf_shapes[fallback]).sum()
    assert left == pytest.approx(area_m2(np.asarray([free]))[0], abs=0.01)
    for code, parent in zip(division.leaf_codes[fallback], division.leaf_parents[fallback], strict=True):
        assert code == parent + "000"
    whole = area_m2(np.asarray([city.outline]))[0]
    assert area_m2(division.leaf_shapes).sum() == pytest.approx(whole, rel=1e-9)


@few
@given(cities())
def test_areas_known_by_codes_alone_are_unions_of_their_grids(city: MadeCity) -> None:
    drawn = divided(city)
    division, found = divide(city.grids(), city.layers(drawn=False), None, SCHEME)
    assert found == []
    assert compare(drawn, division).same


@few
@given(cities(), SEEDS)
def test_two_grids_on_the_same_ground_are_told_with_both(city: MadeCity, seed: int) -> None:
    at, grids = seed % len(city.shapes), city.grids()
    wider = shapely.buffer(grids.shapes[at], 3e-4)
    shapes = grids.shapes.copy()
    shapes[at] = shapely.transform(wider, snap)
    _, found = divide(replace(grids, shapes=shapes), city.layers(), city.outline, SCHEME)
    near = np.flatnonzero(shapely.area(shapely.intersection(shapes, shapes[at])) > 1e-12)
    told = {fault.parties for fault in found if fault.kind == "overlap"}
    assert told == {tuple(sorted((at, int(other)))) for other in near if other != at}


@few
@given(cities(torn=False), SEEDS)
def test_a_grid_filed_under_another_community_lies_outside_its_parent(city: MadeCity, seed: int) -> None:
    grids, layers = city.grids(), city.layers()
    at, other = seed % len(city.shapes), seed % len(layers[-1].codes)
    if grids.parents[at] == layers[-1].codes[other]:
        return
    parents = grids.parents.copy()
    parents[at] = layers[-1].codes[other]
    wrong = replace(grids, parents=parents)
    _, found = divide(wrong, layers, city.outline, SCHEME)
    (fault,) = [fault for fault in found if fault.kind == "outside_parent"]
    assert [party(wrong, layers, at) for at in fault.parties] == [(4, grids.codes[at]), (3, parents[at])]
    assert fault.area_m2 == pytest.approx(area_m2(city.shapes[at : at + 1])[0])


def strip(width_m: float) -> tuple[Division, list[Fault]]:
    """Two grids with a strip left free between them, one kilometre long."""
    wide = width_m / 111_319.49
    left, right = shapely.box(0, 0, 0.004, 0.009), shapely.box(0.004 + wide, 0, 0.009, 0.009)
    text = np.asarray
    grids = NamedGrids(
        text(["11001", "11002"]), text(["甲", "乙"]), text(["comprehensive"] * 2), text(["11", "11"]),
        np.asarray([shapely.transform(shape, snap) for shape in (left, right)]),
    )  # fmt: skip
    outline = shapely.box(0, 0, 0.009, 0.009)
    layers = [
        AreaLayer(0, text(["1"]), text(["城"]), text([""])),
        AreaLayer(1, text(["11"]), text(["区"]), text(["1"]), np.asarray([outline])),
    ]
    return divide(grids, layers, outline, Scheme((1, 2, 5)))


@pytest.mark.parametrize(("width_m", "kinds"), [(0.003, ["hair"]), (0.5, ["gap"]), (0.9, ["gap"]), (3.0, []), (80, [])])
def test_a_strip_is_a_hair_a_gap_or_free_ground_by_its_width(width_m: float, kinds: list[str]) -> None:
    division, found = strip(width_m)
    assert {fault.kind for fault in found} <= set(kinds)
    assert (division.leaf_kinds == "fallback").sum() == (width_m > 1)
    if "gap" not in kinds:
        stands(division)
    else:
        assert found[0].area_m2 == pytest.approx(width_m * 1000, rel=0.02)
        assert set(found[0].parties) >= {0, 1}


@few
@given(cities(torn=False), SEEDS)
def test_ground_in_no_community_falls_to_the_subdistrict_and_is_told(city: MadeCity, seed: int) -> None:
    grids, layers = city.grids(), city.layers()
    lost = seed % len(layers[-1].codes)
    code = layers[-1].codes[lost]
    keep = grids.parents != code
    if not keep.any() or (np.char.startswith(layers[-1].codes, code[:9])).sum() < 2:
        return
    grids = NamedGrids(*(getattr(grids, name)[keep] for name in ("codes", "names", "kinds", "parents", "shapes")))
    low = layers[-1]
    rest = np.arange(len(low.codes)) != lost
    layers[-1] = AreaLayer(3, low.codes[rest], low.names[rest], low.parents[rest], low.shapes[rest])
    division, found = divide(grids, layers, city.outline, SCHEME)
    assert {fault.kind for fault in found} == {"no_community"}
    stands(division)
    assert division.leaf_codes[division.leaf_kinds == "fallback"].tolist() == [code[:9] + "000000"]


@few
@given(cities(torn=False), SEEDS)
def test_ground_beyond_the_declared_outline_is_told(city: MadeCity, seed: int) -> None:
    cut = city.outline.difference(city.shapes[seed % len(city.shapes)])
    _, found = divide(city.grids(), city.layers(), cut, SCHEME)
    assert (seed % len(city.shapes)) in {fault.parties[0] for fault in found if fault.kind == "outside"}


def test_unfit_shapes_are_told_and_the_rest_is_judged() -> None:
    city = made_city(4, torn=False)
    grids = city.grids()
    shapes = grids.shapes.copy()
    shapes[0] = shapely.Polygon([(117, 36.6), (117.001, 36.601), (117.001, 36.6), (117, 36.601)])
    shapes[1] = shapely.Polygon()
    shapes[2] = grids.shapes[3]
    _, found = divide(replace(grids, shapes=shapes), city.layers(), city.outline, SCHEME)
    kinds = {fault.kind: fault.parties for fault in found}
    assert kinds["invalid"] == (0,)
    assert kinds["empty"] == (1,)
    assert kinds["overlap"] == (2, 3)


def test_codes_that_repeat_or_hang_in_the_air_are_refused() -> None:
    city = made_city(4, torn=False)
    grids = city.grids()
    twice, lost, taken = grids.codes.copy(), grids.parents.copy(), city.grids(named_only=True)
    twice[1], lost[0] = twice[0], "379902009009"
    with pytest.raises(Refused, match="occurs 2 times"):
        divide(replace(grids, codes=twice), city.layers(), city.outline, SCHEME)
    with pytest.raises(Refused, match="no code of the level above"):
        divide(replace(grids, parents=lost), city.layers(), city.outline, SCHEME)
    with pytest.raises(Refused, match="one layer of areas for each level"):
        divide(grids, city.layers()[1:], city.outline, SCHEME)
    free = city.community[~city.named][0]
    codes = taken.codes.copy()
    codes[0] = city.community_codes[free] + "000"
    with pytest.raises(Refused, match="reserved for fallback"):
        divide(replace(taken, codes=codes), city.layers(), city.outline, SCHEME)


@few
@given(cities())
def test_a_division_is_the_same_as_itself_wherever_its_rings_start(city: MadeCity) -> None:
    division = divided(city)
    turned = replace(division, leaf_shapes=shapely.normalize(division.leaf_shapes))
    difference = compare(division, turned)
    assert difference.same
    assert difference.changed_count == 0
    many = np.asarray([shapely.multipolygons(shapely.get_parts(shape)) for shape in division.leaf_shapes], dtype=object)
    assert compare(replace(division, leaf_shapes=many), division).same
    first = compare(nothing(division.levels), division)
    assert first.appeared.all()
    assert first.opened_areas.all()
    assert first.outline_moved


@few
@given(cities(3, 5, torn=False), SEEDS)
def test_a_merge_is_told_by_code_and_its_ground_crosses_over(city: MadeCity, seed: int) -> None:
    old = divided(city)
    pairs = np.argwhere([[a != b and p == q and s.touches(t) and s.union(t).geom_type == "Polygon"
                          for b, (q, t) in enumerate(zip(city.community, city.shapes, strict=True))]
                         for a, (p, s) in enumerate(zip(city.community, city.shapes, strict=True))])  # fmt: skip
    if not len(pairs):
        return
    a, b = map(int, pairs[seed % len(pairs)])
    keep = np.arange(len(city.codes)) != b
    shapes = city.shapes.copy()
    shapes[a] = shapely.coverage_union_all(city.shapes[[a, b]])
    merged = replace(city, codes=city.codes[keep], shapes=shapes[keep], community=city.community[keep])
    new = divided(replace(merged, named=merged.named[:0]))
    difference = compare(old, new)
    assert old.leaf_codes[difference.retired].tolist() == [city.codes[b]]
    assert new.leaf_codes[difference.changed].tolist() == [city.codes[a]]
    assert not difference.noded.any()
    assert not difference.opened_areas.any()
    crossed = {(c.old, c.new): c.area_share for c in crosswalk(old, new, difference)}
    assert crossed == pytest.approx({(city.codes[a], city.codes[a]): 1, (city.codes[b], city.codes[a]): 1})


@few
@given(cities(), SEEDS)
def test_names_and_nodes_are_told_apart_from_ground(city: MadeCity, seed: int) -> None:
    division = divided(city)
    at = seed % len(division.leaf_codes)
    names, shapes = division.leaf_names.astype("<U40"), division.leaf_shapes.copy()
    names[at] = "改名"
    difference = compare(division, replace(division, leaf_names=names))
    assert difference.changed.nonzero()[0].tolist() == [at]
    assert not difference.left_ground.any()
    shapes[at] = shapely.transform(shapely.segmentize(shapes[at], 1e-3), snap)
    if shapes[at].is_valid and shapely.get_num_coordinates(shapes[at]) > shapely.get_num_coordinates(
        division.leaf_shapes[at]
    ):
        difference = compare(division, replace(division, leaf_shapes=shapes))
        assert difference.noded.nonzero()[0].tolist() == [at]
        assert not difference.changed.any()


@few
@given(cities(3, 5, torn=False), SEEDS, st.floats(0.2, 0.8))
def test_a_scope_is_replaced_and_the_rest_stays(city: MadeCity, seed: int, way: float) -> None:
    """A community is divided anew by a straight line; its neighbours may gain a node and nothing else."""
    base = divided(city)
    communities = base.area_codes[base.area_levels == 3]
    within = str(communities[seed % len(communities)])
    (ground,) = base.area_shapes[base.area_codes == within]
    part = _halved(base, within, ground, way)
    whole = replaced(base, part, within)
    stands(whole)
    difference = compare(base, whole)
    inside = whole.leaf_parents == within
    assert inside[difference.appeared | difference.changed].all()
    assert not difference.outline_moved
    assert area_m2(whole.leaf_shapes).sum() == pytest.approx(area_m2(base.leaf_shapes).sum(), rel=1e-6)
    back = replaced(whole, base_part(base, within), within)
    stands(back)
    again = compare(base, back)
    assert not again.changed.any()
    assert not again.appeared.any()


@few
@given(cities(), cities(2, 4), SEEDS)
def test_what_one_city_asks_of_another_makes_it_to_the_last_vertex(one: MadeCity, other: MadeCity, seed: int) -> None:
    """Whatever stands, files of a whole city are taken as they are, and the same files again ask for nothing."""
    base, wanted = divided(one), divided(other, named_only=bool(seed % 2))
    change = asked(base, wanted, None)
    made = redivided(base, change)
    for name in (one.name for one in fields(Division) if one.name.endswith(("codes", "names", "kinds", "parents"))):
        assert getattr(made, name).tolist() == getattr(wanted, name).tolist()
    assert made.area_levels.tolist() == wanted.area_levels.tolist()
    for name in ("leaf_shapes", "area_shapes"):
        assert shapely.equals_exact(*(shapely.normalize(getattr(each, name)) for each in (made, wanted)), 0.0).all()
    assert is_idle(asked(made, wanted, None))


def replaced(base: Division, part: Division, within: str) -> Division:
    """The city after what a part asks for was carried out."""
    return redivided(base, asked(base, part, within))


def base_part(base: Division, within: str) -> Division:
    """What a base holds in one community, as a division of its own."""
    these, area = base.leaf_parents == within, base.area_codes == within
    return Division(
        base.levels, base.leaf_codes[these], base.leaf_names[these], base.leaf_kinds[these], base.leaf_parents[these],
        base.leaf_shapes[these], base.area_codes[area], base.area_names[area], base.area_levels[area],
        base.area_parents[area], base.area_shapes[area],
    )  # fmt: skip


def _halved(base: Division, within: str, ground: shapely.Geometry, way: float) -> Division:
    west, south, east, north = ground.bounds
    middle = float(snap(np.asarray(west + way * (east - west))))
    left = ground.intersection(shapely.box(west - 1, south - 1, middle, north + 1))
    right = ground.difference(shapely.box(west - 1, south - 1, middle, north + 1))
    halves = np.asarray([shapely.transform(half, snap) for half in (left, right) if half.area > 1e-10], dtype=object)
    text, n = np.asarray, len(halves)
    codes = text([f"{within}{900 + at}" for at in range(n)])
    one = base_part(base, within)
    return replace(
        one, leaf_codes=codes, leaf_names=codes, leaf_kinds=np.full(n, "comprehensive"),
        leaf_parents=np.full(n, within), leaf_shapes=halves,
    )  # fmt: skip


def test_a_scope_that_is_not_filled_is_broken_and_says_where() -> None:
    city = made_city(8, torn=False)
    base = divided(city)
    within = str(base.leaf_parents[0])
    part = base_part(base, within)
    short = replace(part, **{name: getattr(part, name)[1:] for name in
                             ("leaf_codes", "leaf_names", "leaf_kinds", "leaf_parents", "leaf_shapes")})  # fmt: skip
    with pytest.raises(Broken, match="does not fill its area") as refusal:
        replaced(base, short, within)
    assert refusal.value.where is not None
    assert refusal.value.where.intersects(part.leaf_shapes[0])


def test_a_scope_with_a_code_of_elsewhere_is_refused() -> None:
    base = divided(made_city(8, torn=False))
    within = str(base.leaf_parents[0])
    part = base_part(base, within)
    codes = part.leaf_codes.copy()
    codes[0] = base.leaf_codes[base.leaf_parents != within][0]
    with pytest.raises(Refused, match="in use outside the scope"):
        replaced(base, replace(part, leaf_codes=codes), within)
    with pytest.raises(Unknown, match="no area"):
        replaced(base, part, CITY + "99")


@pytest.mark.slow
@pytest.mark.real
def test_taipei_is_divided_without_a_finding(real: Path) -> None:
    frame = geopandas.read_parquet(real / "taipei/base_units.parquet")
    levels = ["COUNTY_ID", "TOWN_ID", "CODE2", "CODE1", "CODEBASE"]
    layers = []
    for level, column in enumerate(levels[:-1]):
        above = levels[level - 1] if level else column
        rows = frame[[column, above]].drop_duplicates() if level else frame[[column]].drop_duplicates()
        codes = rows[column].to_numpy(np.str_)
        parents = rows[above].to_numpy(np.str_) if level else np.asarray([""])
        layers.append(AreaLayer(level, codes, codes, parents))
    codes = frame["CODEBASE"].to_numpy(np.str_)
    grids = NamedGrids(codes, codes, np.full(len(codes), "comprehensive"), frame["CODE1"].to_numpy(np.str_),
                       np.asarray(frame.geometry, dtype=object))  # fmt: skip
    division, found = divide(grids, layers, None, Scheme((0,) * 5))
    assert found == []
    assert len(division.leaf_codes) == 11_490
    assert [(division.area_levels == level).sum() for level in range(4)] == [1, 12, 907, 7_672]
    assert compare(division, division).same
