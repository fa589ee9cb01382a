"""Which units form a joint branch: never a wrong group, near the most members possible, and the same for any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage.joint import JointGroups, JointRules, propose
from geo.coverage.joint.candidates import candidates
from geo.coverage.joint.components import components
from geo.coverage.rulebooks import read
from geo.coverage.units import Units
from geo.errors import Refused
from tests.joint_optimum import basis, groups_of, may_join, optimum, spread_m
from tests.scattered_units import INDUSTRIES, rearranged, scattered_units

RULES = JointRules()
SEEDS = st.integers(0, 100_000)


@st.composite
def scattered(draw: st.DrawFn, most: int = 60) -> Units:
    """Units at any density, from strangers to one crowd."""
    n = draw(st.integers(0, most))
    side = draw(st.sampled_from([200.0, 1000.0, 2000.0, 4000.0]))
    return scattered_units(draw(SEEDS), n, side, whole_metres=draw(st.booleans()))


def every(units: Units) -> np.ndarray:
    return np.ones(len(units.id), dtype=np.bool_)


def told(units: Units, joint: JointGroups) -> list[tuple[int, ...]]:
    """Ids of the units of each group."""
    return [tuple(units.id[row[row >= 0]].tolist()) for row in joint.units]


@settings(max_examples=50)
@given(scattered(90), st.sampled_from([RULES, JointRules(4, 6, 300, 0), JointRules(2, 3, 120, 50)]))
def test_every_group_may_be_a_branch_and_no_unit_is_in_two(units: Units, rules: JointRules) -> None:
    chosen = every(units) & (units.members < rules.least_members)
    joint = propose(units, chosen, rules)
    rows = [tuple(row[row >= 0].tolist()) for row in joint.units]
    assert all(len(row) <= rules.most_units and may_join(units, row, rules) for row in rows)
    flat = [one for row in rows for one in row]
    assert len(flat) == len(set(flat))
    assert chosen[flat].all()


@settings(max_examples=50)
@given(scattered(90))
def test_each_group_tells_its_reasons(units: Units) -> None:
    joint = propose(units, every(units), RULES)
    for at, row in enumerate(joint.units):
        group = tuple(row[row >= 0].tolist())
        assert joint.basis[at] == basis(units, group, RULES)
        assert joint.size[at] == len(group)
        assert joint.members[at] == units.members[list(group)].sum()
        assert joint.spread_m[at] == pytest.approx(spread_m(units, group, RULES), abs=1e-3)
        place = {"building": units.building[group[0]], "park": units.park[group[0]], "reach": 0}
        assert joint.place[at] == place[joint.basis[at]]
        have = units.industry[list(group)].tolist()
        assert joint.industries[at].split() == sorted({one for one in have if one and have.count(one) > 1})


@settings(max_examples=40)
@given(scattered(9))
def test_few_units_are_grouped_as_well_as_can_be(units: Units) -> None:
    joint = propose(units, every(units), RULES)
    best = optimum(units, groups_of(units, RULES), RULES)
    ours = (joint.members.sum(), len(joint.size), joint.spread_m.sum())
    assert ours == pytest.approx(best, abs=0.01)


@settings(max_examples=20)
@given(SEEDS, st.integers(12, 22), st.sampled_from([1500.0, 2500.0]))
def test_more_units_are_never_more_than_five_per_cent_below_the_best(seed: int, n: int, side_m: float) -> None:
    units = scattered_units(seed, n, side_m)
    joint = propose(units, every(units), RULES)
    best = optimum(units, groups_of(units, RULES), RULES, aims=1)
    assert joint.members.sum() >= 0.95 * best[0]


@settings(max_examples=50)
@given(scattered(80), SEEDS)
def test_the_order_of_rows_changes_nothing(units: Units, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(units.id))
    moved = rearranged(units, order)
    one, other = propose(units, every(units), RULES), propose(moved, every(moved), RULES)
    assert told(units, one) == told(moved, other)
    assert (one.basis == other.basis).all()


@settings(max_examples=50)
@given(scattered(80))
def test_compatible_units_are_in_one_component_and_no_component_falls_apart(units: Units) -> None:
    few = candidates(units, every(units), RULES)
    label = components(few, RULES)
    apart = few.xy_m[:, None] - few.xy_m[None, :]
    joined = np.hypot(apart[..., 0], apart[..., 1]) <= RULES.reach_m
    for shared in (few.building, few.park):
        joined |= (shared[:, None] == shared[None, :]) & (shared > 0)[:, None]
    wanted = np.arange(len(few))
    for _ in range(len(few)):
        wanted = np.where(joined, wanted[None, :], wanted[:, None]).min(axis=1)
    assert ((label[:, None] == label[None, :]) == (wanted[:, None] == wanted[None, :])).all()


def one_place(members: list[float], **more: object) -> Units:
    n = len(members)
    given_ = {
        "id": np.arange(1, n + 1),
        "building": np.zeros(n, dtype=np.int64),
        "grid": np.ones(n, dtype=np.int64),
        "park": np.zeros(n, dtype=np.int64),
        "xy_m": np.zeros((n, 2)),
        "industry": np.full(n, "retail"),
        "workers": np.full(n, np.nan),
        "members": np.array(members),
        "operating": np.ones(n, dtype=np.bool_),
        "surveyed": np.full(n, np.datetime64("2026-01-01")),
    }
    return Units(**(given_ | more))  # type: ignore[arg-type]


def test_two_units_with_two_and_one_members_in_a_building_are_one_branch() -> None:
    units = one_place([2, 1], building=np.array([7, 7]), xy_m=np.full((2, 2), np.nan))
    joint = propose(units, every(units), RULES)
    assert told(units, joint) == [(1, 2)]
    assert (joint.basis.tolist(), joint.place.tolist(), joint.members.tolist()) == (["building"], [7], [3])
    assert np.isnan(joint.diameter_m).all()
    assert joint.spread_m.tolist() == [0]
    assert joint.industries.tolist() == ["retail"]


def test_two_members_together_are_too_few() -> None:
    units = one_place([1, 1])
    assert told(units, propose(units, every(units), RULES)) == []


def test_units_exactly_the_reach_apart_may_join_and_a_millimetre_more_parts_them() -> None:
    joined = one_place([2, 2], xy_m=np.array([[0.0, 0.0], [300.0, 400.0]]))
    parted = one_place([2, 2], xy_m=np.array([[0.0, 0.0], [300.0, 400.001]]))
    assert told(joined, propose(joined, every(joined), RULES)) == [(1, 2)]
    assert told(parted, propose(parted, every(parted), RULES)) == []


def test_a_crowd_in_one_building_takes_the_fewest_branches_of_like_industry() -> None:
    industry = np.array(["retail", "catering"] * 500)
    units = one_place([1] * 1000, building=np.ones(1000, dtype=np.int64), industry=industry)
    joint = propose(units, every(units), RULES)
    assert len(joint.size) == 200
    assert joint.spread_m.sum() == 0
    assert sorted(set(joint.industries.tolist())) == ["catering", "retail"]


def test_a_unit_with_a_branch_of_its_own_or_unknown_members_is_refused() -> None:
    for members in (3.0, 0.0, 1.5, np.nan):
        with pytest.raises(Refused, match="unit 2 has"):
            candidates(one_place([1, members]), np.array([True, True]), RULES)
    with pytest.raises(Refused, match="chosen twice"):
        candidates(one_place([1, 1]), np.array([0, 0]), RULES)


def test_rules_no_branch_could_meet_are_refused() -> None:
    with pytest.raises(Refused, match="at least 6 members of at most 5 units"):
        JointRules(least_members=6)
    with pytest.raises(Refused, match="reach nan m"):
        JointRules(reach_m=float("nan"))


def test_the_made_units_have_every_industry() -> None:
    assert set(scattered_units(1, 200).industry) == set(INDUSTRIES)


def test_the_rules_are_those_of_the_rule_book() -> None:
    assert JointRules.of(read().thresholds) == JointRules()
