"""Columns of the files offices send: numbers of rows, words of lists, days before the city's today, blanks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute

from geo.arrays import Bools, Ints
from geo.demo.plans import Order

_WIDTH = 6


def numbered(prefix: str, at: Ints) -> pa.Array:
    """References such as ``DW000123`` of positions, blank for -1."""
    return pa.array([None if one < 0 else f"{prefix}{one + 1:0{_WIDTH}d}" for one in at.tolist()], type=pa.string())


def words(said: Sequence[str], at: Ints) -> pa.Array:
    """The word of each position, blank for -1."""
    return pa.array([None if one < 0 else said[one] for one in at.tolist()], type=pa.string())


def when(told: Bools, values: pa.Array) -> pa.Array:
    """Values where they are told, blank elsewhere."""
    blank = pa.nulls(len(values), values.type)
    return pa.compute.if_else(pa.array(told), values, blank)


def past(order: Order, days: Ints) -> pa.Array:
    """The day so many days before the city's today (``order.until``)."""
    today = np.datetime64(order.until.date(), "D")
    return pa.array(today - days.astype("timedelta64[D]"), type=pa.date32())


def extensions(count: int, chance: np.random.Generator) -> pa.Array:
    """Invented extensions of four figures, no telephone number of anyone; one in twenty is not told."""
    numbers = pa.array([f"{one}" for one in chance.integers(1_000, 10_000, count).tolist()], type=pa.string())
    return when(chance.random(count) >= 0.05, numbers)


def quarters(order: Order) -> tuple[np.datetime64, np.datetime64]:
    """The last day of the month before the city's today, and of the month half a year before that."""
    month = np.datetime64(order.until.date(), "M")
    days = [(month - back).astype("datetime64[D]") - 1 for back in (0, 6)]
    return days[1], days[0]


def same_day(day: np.datetime64, count: int) -> pa.Array:
    """One day on every row."""
    return pa.array(np.full(count, day), type=pa.date32())
