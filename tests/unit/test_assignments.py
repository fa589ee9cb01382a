"""Whose ground a point is written to: rules, certainty, words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.areas import Areas, Edition, Leaves
from geo.assignments import RULES, CityIndex, Rule, assign, in_force, microseconds
from geo.explaining import explain
from geo.space.locate import GridIndex
from tests.small_city import COMMUNITIES, DEDICATED, FALLBACK, FIRST, SMALL_CITY, WEST, cell_centre, small_division

EDITION = Edition(1, FIRST, FIRST, "tests", "", 13, 13, 0)


@pytest.fixture(scope="module")
def city() -> CityIndex:
    made = small_division()
    codes = np.concatenate([made.area_codes, made.leaf_codes])
    ids = {code: number for number, code in enumerate(codes.tolist(), start=1)}
    parents = dict(zip(codes.tolist(), np.concatenate([made.area_parents, made.leaf_parents]).tolist(), strict=True))
    lineage = []
    for code in made.leaf_codes.tolist():
        chain = [code]
        while parents[chain[0]]:
            chain.insert(0, parents[chain[0]])
        lineage.append([ids[one] for one in chain])

    def numbered(texts: np.ndarray) -> np.ndarray:
        return np.array([ids.get(code, 0) for code in texts.tolist()], dtype=np.int32)

    return CityIndex(
        city=SMALL_CITY,
        edition=EDITION,
        leaves=Leaves(
            numbered(made.leaf_codes),
            made.leaf_codes,
            made.leaf_names,
            made.leaf_kinds,
            numbered(made.leaf_parents),
            made.leaf_shapes,
        ),
        upper=Areas(
            numbered(made.area_codes),
            made.area_codes,
            made.area_names,
            made.area_levels,
            numbered(made.area_parents),
            made.area_shapes,
        ),
        index=GridIndex.build(made.leaf_codes, made.leaf_shapes, SMALL_CITY.metric_epsg),
        lineage=np.array(lineage, dtype=np.int32),
    )


def rules(city: CityIndex, *places: tuple[float, float]) -> list[str]:
    return [Rule(number).key for number in assign(city, np.array(places)).rule.tolist()]


def test_each_rule_has_its_place_and_its_words(city: CityIndex) -> None:
    node = (WEST + 0.01, 36.108)
    found = rules(city, cell_centre(0, 0), node, cell_centre(3, 2), (WEST - 1, 36.1), (np.nan, 36.1), (36.1, 120.3))
    assert found == ["inside", "border", "fallback", "outside", "no_position", "no_position"]
    assert set(RULES) == set(Rule)
    assert [rule.value for rule in Rule] == [0, 1, 2, 3, 4]


def test_on_a_border_the_lowest_code_answers(city: CityIndex) -> None:
    found = assign(city, np.array([[WEST + 0.01, 36.108]]))
    assert city.leaves.codes[found.position[0]] == COMMUNITIES[0] + "001"
    assert found.border_m[0] == pytest.approx(0, abs=0.001)


def test_the_tolerance_says_what_near_a_border_is_and_moves_nothing(city: CityIndex) -> None:
    place = np.array([cell_centre(2, 0)])
    narrow, wide = (assign(city, place, tolerance_m=metres) for metres in (1.0, 1_000.0))
    assert (narrow.rule[0], wide.rule[0]) == (Rule.INSIDE, Rule.BORDER)
    assert narrow.position == wide.position


@given(st.integers(0, 1000), st.sampled_from([0.0, 1.0, 40.0]))
def test_without_metres_the_rules_are_those_with_them(city: CityIndex, seed: int, tolerance_m: float) -> None:
    lonlat = np.random.default_rng(seed).uniform((120.29, 36.09), (120.35, 36.13), (600, 2))
    lonlat[::3, 0] = WEST + 0.01 + lonlat[::3, 0] % 1e-5  # beside a border, and on it
    lonlat[:20] = WEST + 0.01, 36.108
    whole = assign(city, lonlat, tolerance_m=tolerance_m)
    told = assign(city, lonlat, tolerance_m=tolerance_m, is_measured=False, is_nearest_sought=False)
    assert np.array_equal(told.rule, whole.rule)
    assert np.array_equal(told.position, whole.position)
    is_near = (whole.position >= 0) & (whole.border_m <= tolerance_m)
    assert np.array_equal(told.border_m[is_near], whole.border_m[is_near])
    assert is_near.any() or tolerance_m == 0
    assert not np.isfinite(told.border_m[whole.border_m > tolerance_m + 1]).any()


def test_accuracy_never_decides(city: CityIndex) -> None:
    places = np.repeat([cell_centre(2, 0)], 4, axis=0)
    found = assign(city, places, accuracy_m=np.array([np.nan, 5.0, 600.0, 50_000.0]))
    assert len(set(found.position.tolist())) == 1
    assert found.is_doubtful.tolist() == [False, False, True, True]
    assert (np.diff(found.probability) <= 0).all()


def test_a_point_far_outside_is_sure_to_be_outside(city: CityIndex) -> None:
    found = assign(city, np.array([[WEST - 0.1, 36.1]] * 2), accuracy_m=np.array([10.0, 9_500.0]))
    assert not found.is_doubtful.any()
    assert city.leaves.codes[found.nearest[0]].startswith(COMMUNITIES[0])


@given(st.lists(st.tuples(st.floats(120.29, 120.35), st.floats(36.09, 36.13)), min_size=1, max_size=30), st.data())
def test_order_and_chunking_change_nothing(
    city: CityIndex, places: list[tuple[float, float]], data: st.DataObject
) -> None:
    lonlat = np.array(places)
    order = np.array(data.draw(st.permutations(range(len(places)))))
    cut = data.draw(st.integers(0, len(places)))
    whole, parts = assign(city, lonlat), [assign(city, lonlat[rows]) for rows in (order[:cut], order[cut:])]
    for name in ("position", "border_m", "rule", "probability", "nearest"):
        np.testing.assert_array_equal(
            getattr(whole, name)[order], np.concatenate([getattr(one, name) for one in parts])
        )


def test_the_chain_leads_from_the_city_to_the_grid(city: CityIndex) -> None:
    found = explain(city, cell_centre(1, 1))
    assert [step["code"] for step in found["areas"]] == ["3799", "379901", "379901001", COMMUNITIES[1], DEDICATED]
    assert found["grid"] == {"code": DEDICATED, "name": "海悦广场专属网格", "kind": "dedicated"}
    assert [codes[0] for codes in city.level_codes][:2] == ["3799", "379901"]


def test_the_explanation_names_the_rule_the_distance_and_the_doubt_in_both_languages(city: CityIndex) -> None:
    found = explain(city, cell_centre(2, 0), accuracy_m=600.0)
    assert str(found["border_m"]) in found["explain"]["zh"]
    assert str(found["border_m"]) in found["explain"]["en"]
    assert "存疑" in found["explain"]["zh"]
    assert "doubtful" in found["explain"]["en"]
    assert sum(likely["probability"] for likely in found["candidates"]) == pytest.approx(0.93, abs=0.08)


def test_fallback_and_outside_say_who_answers_and_who_is_nearest(city: CityIndex) -> None:
    assert explain(city, cell_centre(3, 2))["grid"]["code"] == FALLBACK
    assert "属地兜底" in explain(city, cell_centre(3, 2))["explain"]["zh"]
    outside = explain(city, (WEST - 0.01, 36.104))
    assert outside["grid"] is None
    assert outside["nearest"]["code"] == COMMUNITIES[0]
    assert "柳林社区" in outside["explain"]["zh"]
    nowhere = explain(city, (float("nan"), 36.1))
    assert (nowhere["rule"], nowhere["border_m"], nowhere["candidates"]) == ("no_position", None, [])


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.lists(st.integers(-5, 25), max_size=20))
def test_the_edition_in_force_is_the_newest_that_has_begun(starts: list[int], asked: list[int]) -> None:
    def hour(number: int) -> datetime:
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number)

    editions = [Edition(number, hour(start), FIRST, "", "", 1, 1, 0) for number, start in enumerate(starts, start=1)]
    numbers, before = in_force(editions, np.array([microseconds(hour(one)) for one in asked], dtype=np.int64))
    for one, number, early in zip(asked, numbers.tolist(), before.tolist(), strict=True):
        begun = [at for at, start in enumerate(starts, start=1) if start <= one]
        assert (number, early) == ((max(begun), False) if begun else (1, True))
