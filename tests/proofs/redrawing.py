"""Proof: thousands of random changes one after the other, and the leaves divide the city after each.

Lines and polygons as hands draw them split, merge, transfer, cut out, dissolve, move borders, annex and cede ground of
made cities with holes and enclaves, of Taipei and of mended Xihu. Each is accepted and every law of
``tests/hand_drawings.py`` holds around it, or refused with the place; now and then the whole city is proved.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import shapely

from geo.crs import area_m2
from geo.space.partition import faults, whole_of
from geo.space.redraw.leaves import Leaves, Redrawn
from tests.cities import made_city
from tests.hand_drawings import is_refused_in_place, stands, tried
from tests.real_leaves import REAL, real_leaves

TRIES = {"small": 60, "full": 4_000}
WHOLE_EVERY = {"small": 60, "full": 200}
REALS = {"small": ("hangzhou",), "full": ("hangzhou", "taipei")}
SEED = 20_261_126


def prove(size: str) -> dict[str, object]:
    """Figures by city; raises AssertionError where a law does not hold, naming the try."""
    return {name: _proved(leaves, size, may_move) for name, leaves, may_move in _cities(size)}


def _cities(size: str) -> Iterator[tuple[str, Leaves, bool]]:
    """Leaves, and whether their outline may move: that of a real city stays, so that its ground can be added up."""
    torn = made_city(3, 12)
    yield "made, with holes, enclaves and parts", Leaves.of(torn.codes, torn.shapes), True
    for name in REALS[size] if REAL.is_dir() else ():
        yield name, Leaves.of(*real_leaves(name)), False


def _proved(leaves: Leaves, size: str, may_move: bool) -> dict[str, object]:
    first, random = leaves, np.random.default_rng(SEED)
    told: Counter[str] = Counter()
    took: list[float] = []
    for number in range(TRIES[size]):
        if 2 * len(leaves.codes) < len(first.codes):  # merged and ceded away: begin again
            leaves, told["begun again"] = first, told["begun again"] + 1
        begun = time.process_time()
        one = tried(leaves, random, number, outline=may_move)
        took.append(time.process_time() - begun)
        if isinstance(one.answer, Redrawn):
            leaves = _after(leaves, one.answer, one.drawn, number)
            told[one.kind] += 1
        else:
            assert is_refused_in_place(leaves, one), f"try {number}: {one.answer.detail}"
            told["refused"] += 1
        if (number + 1) % WHOLE_EVERY[size] == 0:
            assert not faults(leaves.shapes, None), number
    return {
        "tries": TRIES[size],
        "begun again": told.pop("begun again", 0),
        "refused, with the place": told.pop("refused", 0),
        "accepted": dict(sorted(told.items())),
        "leaves": [len(first.codes), len(leaves.codes)],
        "vertices": [int(shapely.get_num_coordinates(some.shapes).sum()) for some in (first, leaves)],
        **({} if may_move else _drift(first, leaves)),
        "cpu_ms": {"median": _ms(took, 50), "p95": _ms(took, 95), "most": _ms(took, 100)},
    }


def _after(leaves: Leaves, change: Redrawn, drawn: shapely.Geometry, number: int) -> Leaves:
    """The leaves afterwards, the laws asked of the leaves concerned and of all that touch them."""
    concerned = [code for code in (*change.shapes, *change.retired) if leaves.has(code)]
    near = leaves.at(concerned)
    for _ in range(2):
        near = np.union1d(near, leaves.tree.query(leaves.shapes[near], predicate="intersects")[1])
    try:
        stands(Leaves(leaves.codes[near], leaves.shapes[near]), change, drawn)
    except AssertionError as error:
        raise AssertionError(f"try {number}: {error}") from error
    return change.applied(leaves)


def _drift(first: Leaves, last: Leaves) -> dict[str, float]:
    """How far the outline moved, which no change was to move: metres, and m² in all."""
    outlines = [whole_of(some.shapes) for some in (first, last)]
    apart = shapely.hausdorff_distance(*outlines) * 111_319.49
    assert apart <= 5e-3, apart
    off = float(area_m2(np.asarray(outlines, dtype=object)) @ [-1, 1])
    return {"outline_apart_m": round(float(apart), 5), "outline_off_m2": round(off, 3)}


def _ms(took: list[float], percentile: float) -> float:
    return round(float(np.percentile(took, percentile)) * 1e3, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=TRIES, default="small")
    print(json.dumps(prove(parser.parse_args().size), indent=2, ensure_ascii=False))
