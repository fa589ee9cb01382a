"""How the buildings of a block stand: rows of slabs, towers, courtyards, sheds; one row for each layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Ints
from geo.demo.blocks import CENTRE, EDGE, INNER, OLD, OUTER
from geo.demo.ground import USES

RECT, STEPPED, ELL, CEE, TEE, AITCH, CROSS, COURT = range(8)
"""Shapes of a footprint; COURT has a hole."""


@dataclass(frozen=True)
class Layout:
    """Buildings of one kind on a lattice turned to their street; lengths in metres.

    ``size`` is width (along the street nearest to east-west, so that slabs face south) and depth, ``gap`` the space to
    the next, ``loose`` how far a building may stand off its place, ``empty`` the share of places left free,
    ``frontage`` true when shops line the streets around.
    """

    use: str
    size: tuple[float, float]
    gap: tuple[float, float]
    floors: tuple[int, int]
    shapes: tuple[int, ...] = (RECT,)
    loose: float = 0.08
    empty: float = 0.06
    frontage: bool = False
    half: bool = False
    court: bool = False


LAYOUTS: dict[str, Layout] = {
    "slabs": Layout("residential", (44, 12), (9, 14), (5, 7), (RECT, RECT, RECT, STEPPED), frontage=True),
    "walk_ups": Layout("residential", (34, 10.5), (7, 11), (4, 6), (RECT, RECT, STEPPED, ELL), frontage=True),
    "mid_rise": Layout("residential", (38, 13.5), (13, 21), (9, 12), (RECT, STEPPED, STEPPED), frontage=True),
    "towers": Layout("residential", (26, 21), (23, 28), (18, 33), (CROSS, TEE, AITCH, RECT), frontage=True),
    "courtyards": Layout("residential", (17.5, 18.5), (3.2, 3.6), (1, 2), (COURT, CEE, ELL, COURT, RECT), empty=0.07),
    "village": Layout("residential", (15, 13), (7, 9), (1, 3), (RECT, ELL, CEE, RECT), loose=0.25, empty=0.22),
    "offices": Layout("office", (42, 36), (30, 28), (9, 36), (RECT, AITCH, ELL, CROSS, STEPPED), empty=0.1),
    "office_old": Layout("office", (34, 15), (12, 14), (4, 8), (RECT, ELL, CEE, TEE), empty=0.05),
    "mall": Layout("commercial", (95, 70), (26, 26), (4, 7), (STEPPED, ELL, COURT, RECT), loose=0.04, empty=0.0),
    "market": Layout("market", (62, 19), (12, 9), (1, 3), (RECT,), loose=0.02, empty=0.04),
    "school": Layout("school", (54, 16), (16, 22), (3, 5), (RECT, ELL, CEE, AITCH), empty=0.05, half=True),
    "hospital": Layout("hospital", (66, 42), (24, 22), (5, 16), (AITCH, CEE, TEE, RECT), empty=0.05),
    "sheds": Layout("industrial", (66, 30), (16, 15), (1, 2), (RECT, RECT, RECT, STEPPED), loose=0.1, empty=0.12),
    "pavilions": Layout("public", (13, 9), (90, 85), (1, 2), (RECT, CROSS), loose=0.6, empty=0.5),
    "huts": Layout("site", (17, 7), (58, 50), (1, 2), (RECT,), loose=0.5, empty=0.55),
    "none": Layout("none", (9e9, 9e9), (9, 9), (1, 1)),
}
KEYS = tuple(LAYOUTS)
ROWS = tuple(LAYOUTS.values())
_MIX: dict[tuple[str, int | None], tuple[tuple[str, float], ...]] = {
    ("residential", OLD): (("courtyards", 1.0),),
    ("residential", CENTRE): (("towers", 0.75), ("mid_rise", 0.25)),
    ("residential", INNER): (("slabs", 0.40), ("walk_ups", 0.24), ("mid_rise", 0.18), ("towers", 0.18)),
    ("residential", OUTER): (("slabs", 0.34), ("mid_rise", 0.28), ("towers", 0.28), ("walk_ups", 0.10)),
    ("residential", EDGE): (("towers", 0.35), ("mid_rise", 0.35), ("slabs", 0.30)),
    ("office", CENTRE): (("offices", 1.0),),
    ("office", OLD): (("office_old", 1.0),),
    ("office", None): (("offices", 0.55), ("office_old", 0.45)),
    ("old_housing", None): (("courtyards", 0.72), ("walk_ups", 0.28)),
    ("village", None): (("village", 1.0),),
    ("mall", None): (("mall", 1.0),),
    ("market", None): (("market", 1.0),),
    ("school", None): (("school", 1.0),),
    ("hospital", None): (("hospital", 1.0),),
    ("industry", None): (("sheds", 1.0),),
    ("park", None): (("pavilions", 1.0),),
    ("building_site", None): (("huts", 1.0),),
}


def chosen(uses: Ints, zones: Ints, chance: np.random.Generator) -> Ints:
    """Layout of each block, a position in ``ROWS``; blocks of hills, banks and lakes have none."""
    drawn = chance.random(len(uses))
    found = np.full(len(uses), KEYS.index("none"), dtype=np.int64)
    for (use, zone), mix in sorted(_MIX.items(), key=lambda item: item[0][1] is not None):
        here = uses == USES.index(use)
        if zone is not None:
            here &= zones == zone
        steps = np.cumsum([share for _, share in mix])
        names = np.array([KEYS.index(key) for key, _ in mix])
        found[here] = names[np.minimum(np.searchsorted(steps, drawn[here]), len(mix) - 1)]
    return found
