"""Proof: damaged partitions are mended within their limits or refused with the place, and never a second time.

Random cities are damaged (grids shrunk, grown, shifted, shaken, thinned out, dropped, doubled; by centimetres to tens
of metres), mended under random authorities, with and without a declared outline, and every law of ``tests/damages.py``
is asked. Points are counted by shapely. ``shapely.coverage_clean`` is the oracle for how much ground is covered.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter

import numpy as np
import shapely

from geo.crs import area_m2
from tests.damages import LAWS, METRE, Case, random_case

CASES = {"small": 25, "full": 2000}
FIRST = 20_261_125


def prove(cases: int) -> dict[str, object]:
    """Figures of one run; raises AssertionError where a law does not hold, naming the case."""
    begun, stood = time.perf_counter(), 0
    moved: Counter[str] = Counter()
    ground: Counter[str] = Counter()
    worst = 0.0
    for seed in range(FIRST, FIRST + cases):
        case = random_case(seed)
        stood += bool(LAWS[0](case))
        for law in LAWS[1:]:
            law(case)
        worst = max(worst, _off_the_oracle(case))
        for one in case.done.mends:
            moved[one.kind] += 1
            ground[one.kind] += round(one.area_m2, 2)  # type: ignore[assignment]
    return {
        "cases": cases,
        "stand": stood,
        "refused_with_their_place": cases - stood,
        "mends": dict(sorted(moved.items())),
        "m2": {kind: round(m2, 1) for kind, m2 in sorted(ground.items())},
        "widest_off_coverage_clean_m": round(worst, 4),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def _off_the_oracle(case: Case) -> float:
    """By how many metres of width, at most, the covered ground differs from coverage_clean's where only cracks were."""
    if case.divided[1] or case.size_m > 1 or case.authority or not case.is_declared or set(case.kinds) != {"thin_out"}:
        return 0.0
    there = case.shapes[~shapely.is_empty(case.shapes)]
    clean = shapely.coverage_clean(there, snapping_distance=1e-8, gap_maximum_width=case.limits.width_m * METRE)
    mine = shapely.union_all(case.done.named.shapes)
    apart = shapely.symmetric_difference(mine, shapely.union_all(clean))
    return float(area_m2(np.asarray([apart]))[0] / max(shapely.length(apart) / METRE / 2, 1e-9)) if apart.area else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="small")
    size = parser.parse_args().size
    print(json.dumps(prove(CASES.get(size) or int(size)), indent=2, ensure_ascii=False))
