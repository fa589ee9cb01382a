"""Joint branches after a change: what settling everything would find, at a cost that the surroundings bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage.joint import JointRules, Settled, parts, propose, renewing, settle
from geo.coverage.joint.candidates import candidates
from geo.coverage.joint.components import components
from geo.coverage.joint.renewing import Renewed, renewed
from geo.coverage.units import Units
from tests.joint_grounds import KeptInMemory, as_found, laid_over, unequal
from tests.scattered_units import scattered_units

CITIES = st.tuples(st.integers(0, 100_000), st.integers(1, 240), st.sampled_from([200.0, 1000.0, 3000.0, 8000.0]))
SMALLER = st.sampled_from([(3, 8, 60.0), (8, 20, 150.0), (20, 60, 100.0), (3, 8, 500.0), (64, 256, 500.0)])
"""Units of a whole component, units of a part, and the reach: components are cut by borders of every lattice."""


def another(units: Units, chosen: np.ndarray, random: np.random.Generator) -> tuple[Units, np.ndarray, np.ndarray]:
    """The units with some that moved or are told otherwise, which may join now, and the ids of those that changed."""
    n = len(units.id)
    other = scattered_units(int(random.integers(1 << 30)), n, 200 + np.nanmax(np.append(units.xy_m, 0.0)))
    differs, flips = random.random(n) < random.choice([0.005, 0.02, 0.1]), random.random(n) < random.choice([0, 0.02])
    told = {}
    for name in ("building", "park", "xy_m", "industry", "members"):
        old, new = getattr(units, name), getattr(other, name)
        told[name] = np.where(differs if old.ndim == 1 else differs[:, None], new, old)
    return replace(units, **told), chosen ^ flips, units.id[differs | flips]


def after(settled: Settled, units: Units, chosen: np.ndarray, ids: np.ndarray, rules: JointRules) -> Renewed | None:
    found = as_found(units, chosen, rules)[1]
    return renewed(KeptInMemory(settled, rules), ids, found.taken(np.isin(found.id, ids)), rules)


@pytest.mark.slow
@settings(max_examples=60)
@given(CITIES, SMALLER)
def test_after_every_change_all_is_as_if_settled_from_scratch(
    city: tuple[int, int, float], smaller: tuple[int, int, float]
) -> None:
    seed, n, side = city
    whole, most, reach_m = smaller
    rules, random = JointRules(reach_m=reach_m), np.random.default_rng(seed)
    with pytest.MonkeyPatch.context() as patch:
        for module in (parts, renewing):
            patch.setattr(module, "WHOLE", whole)
            patch.setattr(module, "MOST", most)
        units, chosen = scattered_units(seed, n, side, whole_metres=bool(seed % 3 == 0)), random.random(n) < 0.95
        given_, found = as_found(units, chosen, rules)
        settled = settle(given_, found.industry, rules)
        for _ in range(3):
            units, chosen, ids = another(units, chosen, random)
            settled = laid_over(settled, after(settled, units, chosen, ids, rules))
            given_, found = as_found(units, chosen, rules)
            assert unequal(settled, settle(given_, found.industry, rules)) == []


def crowd(n: int) -> Units:
    """n units at one density, whose ground grows with them; all hang together."""
    return scattered_units(7, n, float(np.sqrt(n)) * 60)


@pytest.mark.slow
def test_a_change_looks_at_its_surroundings_however_much_hangs_together() -> None:
    rules, most = JointRules(reach_m=150), []
    for n in (1_500, 6_000):
        units = crowd(n)
        every = np.ones(n, dtype=np.bool_)
        given_, found = as_found(units, every, rules)
        assert np.bincount(components(given_, rules)).max() > 0.8 * n
        settled = settle(given_, found.industry, rules)
        looked, solved = [], []
        for at in range(0, n, n // 25):
            changed = replace(units, members=np.where(np.arange(n) == at, 3 - units.members, units.members))
            ground = KeptInMemory(settled, rules)
            new = renewed(ground, units.id[[at]], as_found(changed, np.array([at]), rules)[1], rules)
            assert new is not None
            looked.append(ground.given)
            solved.append(new.solved)
        most.append((max(looked), max(solved)))
    assert most[1][0] <= 1_600
    assert most[1][1] <= 1_600


def test_a_unit_told_as_it_was_is_not_looked_at() -> None:
    rules, units = JointRules(), crowd(300)
    given_, found = as_found(units, np.ones(300, dtype=np.bool_), rules)
    settled = settle(given_, found.industry, rules)
    ground = KeptInMemory(settled, rules)
    assert renewed(ground, units.id[:3], found.taken(np.arange(3)), rules) is None
    assert ground.given == 3


def in_a_row(n: int, gap_m: float, members: list[float]) -> Units:
    """n units of a road, each so far from the next."""
    units = scattered_units(1, n)
    return replace(
        units,
        building=np.zeros(n, dtype=np.int64),
        park=np.zeros(n, dtype=np.int64),
        xy_m=np.column_stack([np.arange(n) * gap_m, np.zeros(n)]),
        members=np.resize(np.array(members), n),
    )


def most_in_a_row(units: Units, rules: JointRules) -> float:
    """Most members in groups of units that follow each other on a road: no others do better there."""
    x, members = units.xy_m[:, 0], units.members
    best = [0.0]
    for last in range(len(x)):
        best.append(best[-1])
        for first in range(max(0, last - rules.most_units + 1), last):
            together = members[first : last + 1].sum()
            if x[last] - x[first] <= rules.reach_m and together >= rules.least_members:
                best[-1] = max(best[-1], best[first] + together)
    return best[-1]


@pytest.mark.slow
@pytest.mark.parametrize("gap_m", [90.0, 60.0, 45.0, 34.0, 26.0])
@pytest.mark.parametrize("members", [[2.0], [1.0], [1.0, 2.0]])
def test_along_a_road_that_all_borders_cut_groups_hold_as_many_members_as_can_be(
    gap_m: float, members: list[float]
) -> None:
    rules = JointRules(reach_m=100)
    for n in (parts.WHOLE + 2, 200, 700):
        units = in_a_row(n, gap_m, members)
        joint = propose(units, np.ones(n, dtype=np.bool_), rules)
        assert joint.members.sum() >= 0.97 * most_in_a_row(units, rules)


def test_small_components_are_parts_of_their_own() -> None:
    units = in_a_row(parts.WHOLE + 1, 90.0, [2.0])
    given_ = candidates(units, np.ones(len(units.id), dtype=np.bool_), JointRules(reach_m=100))
    assert (parts.wholes(given_, JointRules(reach_m=100)) == 0).all()
    few = given_.taken(slice(1, None))
    assert (parts.wholes(few, JointRules(reach_m=100)) == few.id[0]).all()
