"""Bench: joint branches of a whole city — seconds of the processor, and members in them beside what could be at most.

A made city of business districts (dense, hundreds of units each), streets (shops ten metres apart) and scattered firms.
No set of groups can hold a unit that no group may have, so the members of those that some group may have are a bound
from above: within five per cent of it means within five per cent of the best, whatever that is.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from geo.arrays import Bools, Floats, Ints
from geo.coverage.joint import JointGroups, JointRules, Settled, settle, told
from geo.coverage.joint.candidates import candidates
from geo.coverage.joint.components import components
from geo.coverage.joint.renewing import renewed
from geo.coverage.units import Units
from tests.joint_grounds import KeptInMemory, as_found, laid_over, unequal

UNITS = {"small": 4_000, "full": 200_000}
REACHES_M = (500.0, 100.0)
SEED = 20_261_201
CHANGES = 10
MOST_LOOKED = 5_000  # rows read for one change, of 80,000 that hang together
INDUSTRIES = np.array(["", "catering", "finance", "logistics", "manufacturing", "retail", "services", "software"])


def made_units(n: int) -> Units:
    """n units over ground that grows with them; two of five have 1 or 2 members and may join a branch."""
    random = np.random.default_rng(SEED)
    side_m = 100.0 * np.sqrt(n)
    parts = [_in_parks(random, n * 3 // 5, side_m), _on_streets(random, n // 4, side_m)]
    parts.append(_scattered(random, n - sum(len(part[0]) for part in parts), side_m))
    xy, building, park = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    numbered = np.unique(building, return_inverse=True)[1] + 1
    order = random.permutation(n)
    return Units(
        id=np.arange(1, n + 1),
        building=np.where(random.random(n) < 0.03, 0, numbered[order]),
        grid=np.ones(n, dtype=np.int64),
        park=park[order],
        xy_m=np.where(random.random((n, 1)) < 0.01, np.nan, xy[order]),
        industry=INDUSTRIES[random.integers(0, len(INDUSTRIES), n)],
        workers=np.round(random.lognormal(2.5, 1.0, n)),
        members=random.choice(np.arange(5.0), n, p=[0.45, 0.27, 0.13, 0.1, 0.05]),
        operating=np.ones(n, dtype=np.bool_),
        surveyed=np.full(n, np.datetime64("2026-06-01")),
    )


Part = tuple[Floats, Ints, Ints]


def _in_parks(random: np.random.Generator, n: int, side_m: float) -> Part:
    """Business districts of 100 to 800 units in buildings of one to dozens."""
    parks = max(2, n // 400)
    centre, wide = random.random((parks, 2)) * side_m, random.uniform(100, 400, parks)
    buildings = max(parks, n // 8)
    of = random.integers(0, parks, buildings)
    place = centre[of] + random.uniform(-1, 1, (buildings, 2)) * wide[of, None]
    weight = random.lognormal(0, 1, buildings)
    building = random.choice(buildings, n, p=weight / weight.sum())
    return place[building], building, of[building] + 1


def _on_streets(random: np.random.Generator, n: int, side_m: float) -> Part:
    """Shops every ten metres along streets of a kilometre, some buildings of several."""
    streets = max(1, n // 120)
    start, angle = random.random((streets, 2)) * side_m, random.random(streets) * np.pi
    of, along = random.integers(0, streets, n), random.integers(0, 100, n)
    place = start[of] + (along * 10.0)[:, None] * np.column_stack([np.cos(angle[of]), np.sin(angle[of])])
    return place, 10_000_000 + of * 100 + along, np.zeros(n, dtype=np.int64)


def _scattered(random: np.random.Generator, n: int, side_m: float) -> Part:
    return random.random((n, 2)) * side_m, 90_000_000 + np.arange(n), np.zeros(n, dtype=np.int64)


def small(units: Units) -> Bools:
    """Which units may join a branch (n,)."""
    chosen: Bools = (units.members >= 1) & (units.members <= 2)
    return chosen


def bound(units: Units, chosen: Bools, rules: JointRules) -> float:
    """Members of the chosen units that some group may have, or more: no set of groups holds more."""
    some = np.zeros(len(units.id), dtype=np.bool_)
    for shared in (units.building, units.park):
        together = np.bincount(shared[chosen], weights=units.members[chosen], minlength=int(shared.max()) + 1)
        some |= (shared > 0) & (together[shared] >= rules.least_members)
    rest = np.flatnonzero(chosen & ~some & np.isfinite(units.xy_m).all(axis=1))
    placed = np.flatnonzero(chosen & np.isfinite(units.xy_m).all(axis=1))
    tree = cKDTree(units.xy_m[placed])
    for one in rest.tolist():
        near = placed[tree.query_ball_point(units.xy_m[one], rules.reach_m * (1 + 1e-9))]
        some[one] = units.members[near].sum() >= rules.least_members
    return float(units.members[chosen & some].sum())


def bench(size: str) -> list[dict[str, object]]:
    """Figures of one run a reach; raises AssertionError for too few members in groups, or a change mistaken or dear."""
    units = made_units(UNITS[size])
    return [_at_reach(units, JointRules(reach_m=reach_m)) for reach_m in REACHES_M]


def _at_reach(units: Units, rules: JointRules) -> dict[str, object]:
    begun, wall = time.process_time(), time.perf_counter()
    given, found = as_found(units, small(units), rules)
    settled = settle(given, found.industry, rules)
    joint = told(given, found.industry, settled.groups(rules), rules)
    spent, wall = time.process_time() - begun, time.perf_counter() - wall
    figure = figures(units, small(units), joint, rules) | {"cpu_s": round(spent, 2), "s": round(wall, 2)}
    assert figure["of_the_bound"] >= 0.95, figure
    return figure | _changes(units, settled, rules)


def _changes(units: Units, settled: Settled, rules: JointRules) -> dict[str, object]:
    """What it takes to settle some changes, one after the other; AssertionError where all would come to another."""
    now, ms, looked = units, [], []
    for at in np.random.default_rng(SEED).choice(np.flatnonzero(small(units)), CHANGES, replace=False).tolist():
        members = now.members.copy()
        members[at] = 3 - members[at]
        now = replace(now, members=members)
        told_of, ground = as_found(now, np.array([at]), rules)[1], KeptInMemory(settled, rules)
        begun = time.process_time()
        new = renewed(ground, told_of.id, told_of, rules)
        ms.append((time.process_time() - begun) * 1e3)
        looked.append(ground.given)
        settled = laid_over(settled, new)
    given, found = as_found(now, small(now), rules)
    assert unequal(settle(given, found.industry, rules), settled) == []
    assert max(looked) <= MOST_LOOKED, looked
    return {"a_change_cpu_ms": [round(float(np.median(ms)), 1), round(max(ms), 1)], "units_looked_at_most": max(looked)}


def figures(units: Units, chosen: Bools, joint: JointGroups, rules: JointRules) -> dict[str, Any]:
    """What a run came to."""
    component = np.unique(components(candidates(units, chosen, rules), rules), return_counts=True)[1]
    in_groups, most = float(joint.members.sum()), bound(units, chosen, rules)
    known = joint.diameter_m[~np.isnan(joint.diameter_m)]
    return {
        "reach_m": rules.reach_m,
        "units": len(units.id),
        "may_join": int(chosen.sum()),
        "components": len(component),
        "largest_component": int(component.max()),
        "groups": len(joint.size),
        "units_a_group": round(float(joint.size.mean()), 3),
        "by": {key: int((joint.basis == key).sum()) for key in ("building", "park", "reach")},
        "members": round(in_groups),
        "members_at_most": round(most),
        "of_the_bound": round(in_groups / most, 4),
        "diameter_m_median_95": [round(float(x), 1) for x in np.quantile(known, [0.5, 0.95])],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=UNITS, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
