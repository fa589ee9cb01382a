"""Proof: joint branches hold nearly as many members as any choice of groups could, in nearly as few and tight groups.

Random cities from strangers to crowds. Every feasible group is grown unit by unit, and an integer program finds the
most members, then the fewest groups, then the least spread. Ours must be feasible and hold 95 % of the members or more.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from geo.coverage.joint import JointRules, propose
from geo.coverage.units import Units
from tests.joint_optimum import groups_of, may_join, optimum
from tests.scattered_units import scattered_units

CASES = {"small": 6, "full": 40}
FIRST = 20_261_201
MOST_GROUPS = 4_000  # more take the solver minutes


def prove(cases: int) -> dict[str, object]:
    """Figures of one run; raises AssertionError where a group is wrong or too few members are in groups."""
    begun, rules = time.perf_counter(), JointRules()
    ours, best, units_, groups_, worst, seed = np.zeros(3), np.zeros(3), 0, 0, 1.0, FIRST
    as_many = as_few = as_tight = done = 0
    while done < cases:
        seed += 1
        units = case(seed)
        try:
            groups = groups_of(units, rules, MOST_GROUPS)
        except OverflowError:
            continue
        found, most = told(units, rules), np.array(optimum(units, groups, rules))
        assert found[0] >= 0.95 * most[0], (seed, found, most)
        ours, best, done = ours + found, best + most, done + 1
        units_, groups_ = units_ + len(units.id), groups_ + len(groups)
        worst = min(worst, found[0] / most[0] if most[0] else 1.0)
        as_many += found[0] == most[0]
        as_few += found[0] == most[0] and found[1] <= most[1]
        as_tight += found[0] == most[0] and found[1] <= most[1] and found[2] <= most[2] + 0.1
    return {
        "cities": cases,
        "units": units_,
        "feasible_groups": groups_,
        "members": [int(ours[0]), int(best[0])],
        "worst_city": round(float(worst), 4),
        "groups": [int(ours[1]), int(best[1])],
        "spread_m": [round(float(ours[2])), round(float(best[2]))],
        "cities_with_as_many_members": int(as_many),
        "and_as_few_groups": int(as_few),
        "and_as_tight": int(as_tight),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def case(seed: int) -> Units:
    """A random city: how many units, and how near they are to one another, is chance too."""
    random = np.random.default_rng(seed)
    n = int(random.integers(12, 160))
    return scattered_units(
        seed, n, float(np.sqrt(n) * random.uniform(150, 600)), whole_metres=bool(random.random() < 0.2)
    )


def told(units: Units, rules: JointRules) -> np.ndarray:
    """Members, groups and metres of spread of our choice; every group of it may be."""
    joint = propose(units, np.ones(len(units.id), dtype=np.bool_), rules)
    assert all(may_join(units, tuple(row[row >= 0].tolist()), rules) for row in joint.units)
    assert np.bincount(joint.units[joint.units >= 0], minlength=1).max() <= 1
    return np.array([joint.members.sum(), len(joint.size), joint.spread_m.sum()])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="small")
    size = parser.parse_args().size
    print(json.dumps(prove(CASES.get(size) or int(size)), indent=2, ensure_ascii=False))
