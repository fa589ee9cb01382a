"""Shares of small places drawn towards what the whole city shows: an empirical-Bayes estimate and its interval.

In a place with few units a raw share says more about chance than about the place: of places that do not differ at all
the smallest lead every ranking. A beta prior is fitted to all places; each share then moves towards the mean of them,
the further the fewer units stand behind it, and its interval says how far it may be from the truth.

With ``k`` of ``n`` in a place, the mean ``m`` and the strength ``s`` of the prior, the share is taken to follow
``Beta(m s + k, (1 - m) s + n - k)``: its mean is ``(m s + k) / (s + n)``, and its interval holds 90 % of it.
``m`` and ``s`` are found by moments: ``s = 1 / rho - 1`` with ``rho`` the correlation within places,

    rho = (S / (m (1 - m)) - (g - 1)) / (N - sum(n²) / N - (g - 1)),   S = sum(n (k / n - m)²)

over the ``g`` places with ``n > 0``, ``N = sum(n)``, ``m = (sum(k) + 1/2) / (N + 1)``.

References
----------
Kleinman, J. C. (1973), Proportions with extraneous variance: single and independent samples, Journal of the American
Statistical Association 68, 46-54, for the moments with weights ``n``.
Marshall, R. J. (1991), Mapping disease and mortality rates using empirical Bayes estimators, Applied Statistics 40,
283-294, for the use on maps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Floats

LEVEL = 0.9
"""How much of what may be true an interval holds."""

WEAKEST, STRONGEST = 1.0, 500.0
"""Bounds of the strength. Where places differ by no more than chance would, its estimate runs to infinity and an
interval to nothing; nobody knows the mean of a city as well as that, so it is never worth more than 500 units."""


@dataclass(frozen=True)
class Prior:
    """What all places together show: the mean share, and to how many units it is worth in a place."""

    mean: float
    strength: float


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Shares (n,) as estimated, and the interval that holds :data:`LEVEL` of what may be true; NaN without a unit."""

    share: Floats
    low: Floats
    high: Floats


def prior(of: Floats, among: Floats) -> Prior:
    """The prior fitted to places (g,) with ``of`` units among ``among``; places without a unit say nothing.

    Where there are none at all it is that of ignorance, 1/2 worth one unit.
    """
    there = among > 0
    k, n = of[there], among[there]
    total = float(n.sum())
    mean = (float(k.sum()) + 0.5) / (total + 1.0)
    more = len(n) - 1
    room = total - float((n**2).sum()) / total - more if total else 0.0
    if more < 1 or room <= 0:
        return Prior(mean, WEAKEST)
    spread = float((n * (k / n - mean) ** 2).sum()) / (mean * (1 - mean))
    rho = (spread - more) / room
    return Prior(mean, float(np.clip(1 / rho - 1, WEAKEST, STRONGEST)) if rho > 0 else STRONGEST)


def smoothed(of: Floats, among: Floats, given: Prior, level: float = LEVEL) -> Smoothed:
    """Estimates (n,) of places with ``of`` units among ``among``, by a prior."""
    from scipy import special

    there = among > 0
    a = given.mean * given.strength + of
    b = (1 - given.mean) * given.strength + among - of
    tail = (1 - level) / 2
    return Smoothed(
        share=np.where(there, a / (a + b), np.nan),
        low=np.where(there, special.betaincinv(a, b, tail), np.nan),
        high=np.where(there, special.betaincinv(a, b, 1 - tail), np.nan),
    )
