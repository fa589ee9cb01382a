"""Who can help a place: the nearest able ones, by an order that can be told in one sentence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.arrays import Floats, Ints
from geo.coverage.helping import REASONS, HelpRules, helpers, sentences
from geo.coverage.rulebooks import read
from geo.coverage.units import Keys, Organisations
from geo.errors import Refused

RULES = HelpRules(reach_m=1000, most=3, like_m=250)
KINDS = np.array(["committee", "branch", "joint_branch", "grid_branch"])
INDUSTRIES = np.array(["", "finance", "trade"])
SEEDS = st.integers(0, 100_000)


def organisations(seed: int, n: int, *, step_m: float) -> Organisations:
    """Some within three kilometres, many on one spot where ``step_m`` is wide; some full, some of unknown capacity."""
    random = np.random.default_rng(seed)
    xy = np.round(random.random((n, 2)) * 3000 / step_m) * step_m
    xy[random.random(n) < 0.05] = np.nan
    return Organisations(
        id=np.sort(random.choice(5 * n + 1, n, replace=False)) + 1,
        xy_m=xy,
        kind=KINDS[random.integers(0, len(KINDS), n)],
        industry=INDUSTRIES[random.integers(0, len(INDUSTRIES), n)],
        free=random.choice([0, 1, 2, 5, np.nan], n),
    )


@st.composite
def asked(draw: st.DrawFn) -> tuple[Floats, Keys, Organisations]:
    step = draw(st.sampled_from([0.001, 100.0, 700.0, 1500.0]))
    made = organisations(draw(SEEDS), draw(st.integers(0, 60)), step_m=step)
    random = np.random.default_rng(draw(SEEDS))
    p = draw(st.integers(0, 12))
    xy = np.round(random.random((p, 2)) * 3000 / step) * step
    xy[random.random(p) < 0.1] = np.nan
    return xy, INDUSTRIES[random.integers(0, len(INDUSTRIES), p)], made


def plainly(xy: Floats, industry: str, made: Organisations, rules: HelpRules) -> list[int]:
    """Positions of the helpers of one place, by looking at every organisation."""
    able = []
    for at in range(len(made.id)):
        away = math.dist(xy, made.xy_m[at])
        if made.kind[at] in rules.kinds and not made.free[at] <= 0 and away <= rules.reach_m:
            like = industry != "" and made.industry[at] == industry
            metre = round(away * 1000)
            counted = metre - (rules.like_m * 1000 if like else 0)
            able.append((bool(np.isnan(made.free[at])), counted, metre, int(made.id[at]), at))
    return [one[-1] for one in sorted(able)[: rules.most]]


@given(asked())
def test_the_helpers_are_those_that_looking_at_every_organisation_finds(
    given_: tuple[Floats, Keys, Organisations],
) -> None:
    xy, industry, made = given_
    found = helpers(xy, industry, made, RULES)
    for at in range(len(xy)):
        assert [one for one in found.organisation[at].tolist() if one >= 0] == plainly(
            xy[at], industry[at], made, RULES
        )


@given(asked())
def test_distance_capacity_and_likeness_are_told_as_they_are(given_: tuple[Floats, Keys, Organisations]) -> None:
    xy, industry, made = given_
    found = helpers(xy, industry, made, RULES)
    place, rank = np.nonzero(found.organisation >= 0)
    who = found.organisation[place, rank]
    assert np.allclose(found.distance_m[place, rank], np.hypot(*(xy[place] - made.xy_m[who]).T), atol=1e-9)
    assert np.array_equal(found.free[place, rank], made.free[who], equal_nan=True)
    assert (found.like[place, rank] == ((industry[place] == made.industry[who]) & (industry[place] != ""))).all()
    assert np.isnan(found.distance_m[found.organisation < 0]).all()
    assert ((found.lack == "") == (found.organisation[:, 0] >= 0)).all()


@given(asked(), SEEDS)
def test_neither_the_order_of_organisations_nor_the_other_places_change_the_answer(
    given_: tuple[Floats, Keys, Organisations], seed: int
) -> None:
    xy, industry, made = given_
    whole = helpers(xy, industry, made, RULES)
    order: Ints = np.random.default_rng(seed).permutation(len(made.id))
    moved = Organisations(made.id[order], made.xy_m[order], made.kind[order], made.industry[order], made.free[order])
    for at in range(len(xy)):
        alone = helpers(xy[at : at + 1], industry[at : at + 1], moved, RULES)
        ids = [int(moved.id[one]) for one in alone.organisation[0] if one >= 0]
        assert ids == [int(made.id[one]) for one in whole.organisation[at] if one >= 0]


def some(*told: tuple[float, str, str, float]) -> Organisations:
    """Organisations so many metres east of the origin, each with kind, industry and free capacity."""
    east = np.array([one[0] for one in told])
    return Organisations(
        id=np.arange(1, len(told) + 1),
        xy_m=np.column_stack([east, np.zeros(len(told))]),
        kind=np.array([one[1] for one in told]),
        industry=np.array([one[2] for one in told]),
        free=np.array([one[3] for one in told]),
    )


def ask(made: Organisations, industry: str = "trade", rules: HelpRules = RULES) -> list[int]:
    found = helpers(np.zeros((1, 2)), np.array([industry]), made, rules)
    return [int(made.id[one]) for one in found.organisation[0] if one >= 0]


def test_one_of_the_same_industry_comes_before_one_that_is_less_than_the_bonus_nearer() -> None:
    made = some((100, "branch", "finance", 1), (349, "branch", "trade", 1))
    assert ask(made) == [2, 1]
    assert ask(made, "finance") == [1, 2]
    assert ask(made, "") == [1, 2]
    assert ask(some((100, "branch", "finance", 1), (351, "branch", "trade", 1))) == [1, 2]


def test_one_whose_capacity_is_not_known_comes_after_all_that_are_and_says_so() -> None:
    made = some((10, "branch", "trade", np.nan), (900, "branch", "finance", 1))
    assert ask(made) == [2, 1]
    found = helpers(np.zeros((1, 2)), np.array(["trade"]), made, RULES)
    assert found.reasons(0, 0) == ("other_industry", "free_known")
    assert found.reasons(0, 1) == ("like_industry", "free_unknown")
    assert found.reasons(0, 2) == ()


def test_who_is_full_of_another_kind_or_too_far_is_not_told() -> None:
    assert (
        ask(some((10, "branch", "trade", 0), (20, "joint_branch", "trade", 3), (1000.001, "branch", "trade", 3))) == []
    )
    assert ask(some((1000, "branch", "trade", 3))) == [1]


def test_why_a_place_has_no_helper_is_told() -> None:
    xy = np.array([[0.0, 0.0], [np.nan, 0.0]])
    found = helpers(xy, np.array(["", ""]), some((1001, "branch", "trade", 3)), RULES)
    assert found.lack.tolist() == ["none_in_reach", "no_place"]
    assert found.reasons(1, 0) == ("no_place",)


def test_capacity_is_shown_to_every_place_and_given_to_none() -> None:
    found = helpers(np.zeros((3, 2)), np.array(["", "", ""]), some((10, "branch", "", 1)), RULES)
    assert found.organisation[:, 0].tolist() == [0, 0, 0]
    assert found.free[:, 0].tolist() == [1, 1, 1]


def test_every_reason_is_a_sentence_in_both_languages() -> None:
    assert tuple(sentences()) == REASONS
    for said in sentences().values():
        assert {tongue: bool(text.format(free=2, reach_m=3000)) for tongue, text in said.items()} == {
            "zh": True,
            "en": True,
        }


def test_rules_by_which_no_one_could_be_found_are_refused() -> None:
    for wrong in ({"reach_m": 0}, {"reach_m": np.nan}, {"most": 0}, {"like_m": -1}):
        with pytest.raises(Refused, match="helpers by"):
            HelpRules(**wrong)  # type: ignore[arg-type]


def test_the_rules_are_those_of_the_rule_book() -> None:
    assert HelpRules.of(read().help) == HelpRules()
