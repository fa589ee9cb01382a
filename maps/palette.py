"""Colours, class breaks and patterns of every map: fixed, so that classes never move when one pans or zooms.

Dark is what a reader looks for: little coverage, many incidents. The ramp is a softened viridis whose lightness rises
strictly, so it survives grey printing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from geo.arrays import Floats
from geo.coverage.indicators import Indicator

RAMP = ("#453781", "#3a6a93", "#3f9a8c", "#8fc77c", "#f1e58a")
"""Dark to light."""

KINDS = {"comprehensive": "#cfe3dc", "dedicated": "#e7c98f", "fallback": "hatch-fallback"}
"""Colours of grids where the map shows what they are and not how much; fallback ground has a pattern."""

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


@dataclass(frozen=True)
class Class:
    """One class of a legend: from ``lower`` (taken in) to ``upper`` (left out); None is open."""

    colour: str
    lower: float | None
    upper: float | None


def classes(indicator: Indicator, value: Floats) -> list[Class]:
    """The classes of an indicator, highest first: its fixed breaks, or rounded fifths of ``value`` where it has none.

    Parameters
    ----------
    value
        (n,) of the whole city, so the breaks are the same whatever part is looked at; NaN are left out.
    """
    ramp = RAMP if indicator.dark == "low" else RAMP[::-1]
    if indicator.breaks:
        return _between(indicator.breaks, ramp)
    known = value[np.isfinite(value) & (value > 0)]
    if not len(known):
        return []
    breaks = sorted({rounded(float(one)) for one in np.quantile(known, (0.2, 0.4, 0.6, 0.8))})
    return _between(tuple(breaks), tuple(ramp[round(k * 4 / max(len(breaks), 1))] for k in range(len(breaks) + 1)))


def _between(breaks: tuple[float, ...], colours: tuple[str, ...]) -> list[Class]:
    edges: list[float | None] = [None, *breaks, None]
    found = [Class(colour, edges[k], edges[k + 1]) for k, colour in enumerate(colours[: len(breaks) + 1])]
    return found[::-1]


def rounded(value: float) -> float:
    """``value`` to the nearest round step, as 12, 15, 20, 25, 30, 40; less than a billionth is 0."""
    if value < 1e-9:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    nearest = min((*_STEPS, 10.0), key=lambda step: abs(math.log(value / (step * power))))
    return float(f"{nearest * power:.12g}")
