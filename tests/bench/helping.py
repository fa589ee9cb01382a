"""Bench: who can help each of many places — seconds of the processor, and some answers beside a look at every one."""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from geo.coverage.helping import HelpRules, helpers
from geo.coverage.units import Organisations

PLACES = {"small": 5_000, "full": 100_000}
ORGANISATIONS = {"small": 400, "full": 8_000}
SIDE_M = 40_000.0
INDUSTRIES = np.array(["", "construction", "finance", "hospitality", "manufacturing", "software", "trade", "transport"])
KINDS = np.array(["committee", "general_branch", "branch", "joint_branch", "grid_branch", "industry_committee"])
CHECKED = 50
SEED = 20_261_202


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where the first helper of a place is not the best of all."""
    random = np.random.default_rng(SEED)
    n, p = ORGANISATIONS[size], PLACES[size]
    made = Organisations(
        id=np.arange(1, n + 1),
        xy_m=random.random((n, 2)) * SIDE_M,
        kind=KINDS[random.integers(0, len(KINDS), n)],
        industry=INDUSTRIES[random.integers(0, len(INDUSTRIES), n)],
        free=random.choice([0, 1, 3, np.nan], n),
    )
    xy, industry = random.random((p, 2)) * SIDE_M, INDUSTRIES[random.integers(0, len(INDUSTRIES), p)]
    rules = HelpRules()
    begun = time.process_time()
    found = helpers(xy, industry, made, rules)
    spent = time.process_time() - begun
    for at in random.choice(p, CHECKED, replace=False).tolist():
        away = np.hypot(*(made.xy_m - xy[at]).T)
        may = np.isin(made.kind, rules.kinds) & ~(made.free <= 0) & (away <= rules.reach_m)
        counted = away - rules.like_m * ((made.industry == industry[at]) & (industry[at] != ""))
        order = np.lexsort((counted, np.isnan(made.free), ~may))
        assert found.organisation[at, 0] == (order[0] if may.any() else -1)
    return {
        "places": p,
        "organisations": n,
        "places_with_a_helper": int((found.organisation[:, 0] >= 0).sum()),
        "median_first_m": round(float(np.nanmedian(found.distance_m[:, 0]))),
        "cpu_s": round(spent, 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=PLACES, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
