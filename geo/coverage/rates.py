"""Rates of coverage, each as its two parts, so that those of upper levels come from sums and never from averages.

=================  ==========================================  ==================================================
rate               of                                          among
=================  ==========================================  ==================================================
organisational     own, joint, area and industry               known units
work               these and instructor, liaison, mass org.    known units
standalone         own                                         known units
on_paper           P5, which organisational includes           known units
reachable_gap      P1, P2 and P4                               known units
must_form_gap      P1 and P4                                   known units with members enough for a branch
surveyed           known units                                 units in business
=================  ==========================================  ==================================================

Known is every unit in business that is not U. ``organisational`` + ``reachable_gap`` is what organisational coverage
would be if every unit that can form or join a branch did.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from geo.arrays import Floats
from geo.coverage.rulebooks import STATES
from geo.coverage.sums import Sums
from geo.coverage.units import METHODS, ORGANISATIONAL
from geo.errors import Unknown

RATES = ("organisational", "work", "standalone", "on_paper", "reachable_gap", "must_form_gap", "surveyed")
"""The rates there are."""

Weighing = Literal["units", "workers"]
"""Whether a unit counts as one, or by its workers; one whose workers are unknown counts by workers as none."""

_STATES_OF = {"on_paper": ("P5",), "reachable_gap": ("P1", "P2", "P4"), "must_form_gap": ("P1", "P4")}
_METHODS_OF = {"organisational": len(ORGANISATIONAL), "work": len(METHODS), "standalone": 1}
_KNOWN = tuple(state for state in STATES if state != "U")


def parts(sums: Sums, rate: str, by: Weighing = "units") -> tuple[Floats, Floats]:
    """Numerator and denominator (g,) of a rate of :data:`RATES`; U is in neither, except among units in business.

    Raises
    ------
    Unknown
        For a rate there is none of.
    """
    if rate not in RATES:
        raise Unknown(f"no rate {rate!r}; there are {', '.join(RATES)}")
    counted = sums.state if by == "units" else sums.state_workers
    known = counted(*_KNOWN).astype(np.float64)
    if rate == "surveyed":
        return known, counted(*STATES).astype(np.float64)
    if rate in _STATES_OF:
        large = sums.large if by == "units" else sums.large_workers
        return counted(*_STATES_OF[rate]).astype(np.float64), large.astype(
            np.float64
        ) if rate == "must_form_gap" else known
    methods = sums.by_method if by == "units" else sums.workers_by_method
    return methods[:, : _METHODS_OF[rate]].sum(axis=1).astype(np.float64), known


def rates(sums: Sums, rate: str, by: Weighing = "units") -> Floats:
    """A rate (g,) of :data:`RATES`, 0 to 1; NaN where there is nothing to be a share of.

    Raises
    ------
    Unknown
        For a rate there is none of.
    """
    numerator, denominator = parts(sums, rate, by)
    share = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=share, where=denominator > 0)
    return share
