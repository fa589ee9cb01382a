"""Random units of a city for laws of coverage: buildings, business districts, streets; pure and seeded."""

from __future__ import annotations

import numpy as np

from geo.arrays import Ints
from geo.coverage.units import Units

INDUSTRIES = np.array(["catering", "logistics", "manufacturing", "retail", "software", ""])


def scattered_units(seed: int, n: int, side_m: float = 1500.0, *, whole_metres: bool = False) -> Units:
    """n units with 1 or 2 members in a square of ``side_m``.

    Some share buildings, some buildings lie in business districts, one unit in twenty has no place. Whole hundreds
    of metres make many distances equal, and equal to the reach.
    """
    random = np.random.default_rng(seed)
    many = max(1, n * 2 // 3)
    place = random.random((many, 2)) * side_m
    if whole_metres:
        place = np.round(place, -2)
    building = random.integers(0, many, n)
    district = 1 + (place // (side_m / 3)).astype(np.int64) @ np.array([4, 1])
    park = np.where(random.random(many) < 0.3, district, 0)[building]
    xy = place[building].copy()
    xy[random.random(n) < 0.05] = np.nan
    return Units(
        id=np.sort(random.choice(10 * n + 1, n, replace=False)).astype(np.int64) + 1,
        building=np.where(random.random(n) < 0.2, 0, building + 1).astype(np.int64),
        grid=np.ones(n, dtype=np.int64),
        park=park.astype(np.int64),
        xy_m=xy,
        industry=INDUSTRIES[random.integers(0, len(INDUSTRIES), n)],
        workers=np.round(random.random(n) * 60),
        members=random.integers(1, 3, n).astype(np.float64),
        operating=np.ones(n, dtype=np.bool_),
        surveyed=np.full(n, np.datetime64("2026-01-01"), dtype="datetime64[D]"),
    )


def rearranged(units: Units, order: Ints) -> Units:
    """The same units in another order of rows."""
    return Units(
        units.id[order],
        units.building[order],
        units.grid[order],
        units.park[order],
        units.xy_m[order],
        units.industry[order],
        units.workers[order],
        units.members[order],
        units.operating[order],
        units.surveyed[order],
    )
