"""Blind spots of the ground itself: no grid (G1), a grid without its people (G2), a building between grids (G3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.coverage.states import BITS
from geo.coverage.units import Keys


@dataclass(frozen=True, eq=False)
class GroundStates:
    """What each leaf (g,) is.

    Attributes
    ----------
    code
        ``G1``, ``G2``, ``U``, or blank where nothing is amiss.
    reasons
        Bits of :data:`~geo.coverage.states.BITS`.
    """

    code: Keys
    reasons: Ints


def leaves(is_fallback: Bools, area_m2: Floats, branch: Floats, full_time: Floats) -> GroundStates:
    """The state of every leaf (g,).

    A named grid is G2 as soon as one thing is known to be missing. It is unknown where nothing is known to be missing
    and something is not recorded: what nobody wrote down is neither there nor missing.

    Parameters
    ----------
    is_fallback
        Whether it is ground of a community in no named grid; such ground has no branch and no posts of its own.
    area_m2
        Geodesic area; a fallback leaf without ground is no blind spot.
    branch
        Grid branches on the day; NaN where neither a branch nor a post of the grid is recorded.
    full_time
        Full-time posts filled; NaN where no post is recorded.
    """
    named = ~is_fallback
    bits = {
        "no_grid": is_fallback & (area_m2 > 0),
        "no_branch": named & (branch == 0),
        "no_full_time": named & (full_time == 0),
        "branch_unknown": named & np.isnan(branch),
        "staff_unknown": named & np.isnan(full_time),
    }
    missing = bits["no_branch"] | bits["no_full_time"]
    unknown = bits["branch_unknown"] | bits["staff_unknown"]
    code = np.select([bits["no_grid"], missing, unknown], ["G1", "G2", "U"], default="").astype(np.str_)
    reasons = np.zeros(len(code), dtype=np.int64)
    for reason, holds in bits.items():
        reasons |= holds * BITS[reason]
    return GroundStates(code, reasons)


def straddling(straddles: Bools, is_pinned: Bools) -> Bools:
    """Which buildings (n,) are G3: no grid holds enough of the footprint, and no planner has pinned one."""
    return straddles & ~is_pinned
