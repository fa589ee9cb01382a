"""How long a survey or a proof is good for: months by the calendar."""

from __future__ import annotations

import numpy as np

from geo.arrays import Bools
from geo.coverage.units import Days


def good_until(days: Days, months: int) -> Days:
    """The last day (n,) on which what is of ``days`` is good; ``NaT`` stays.

    That is the same day of the month ``months`` later, or the last of a month that has no such day.
    """
    month = days.astype("datetime64[M]")
    day = days - month.astype("datetime64[D]")
    later = month + np.timedelta64(months, "M")
    first = later.astype("datetime64[D]")
    last = (later + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    return np.asarray(np.minimum(first + day, last))


def old(days: Days, on: np.datetime64, months: int) -> Bools:
    """Which (n,) are good no longer on the day ``on``; what has no day is not old."""
    return good_until(days, months) < on
