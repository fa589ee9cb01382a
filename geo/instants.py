"""Times as files tell them, read into microseconds since 1970 UTC, a whole column at once.

What is read: ISO 8601 and the same with ``/`` or 年月日, one-digit months and hours, ``20240105083000``, and the
American ``1/31/2019 02:15:00 PM`` (only with AM or PM: without, day and month cannot be told apart).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo import columns
from geo.arrays import Bools, Ints

NEVER_US = int(np.iinfo(np.int64).min)
"""Stands for a time that was not told or could not be read; as datetime64 it is not-a-time."""

RIGHT = "write it like 2024-01-05T08:30:00+08:00, or without offset in the city's time zone"
_ZONE = r"\s*(?P<zone>[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_PATTERNS = (
    r"^(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    rf"(?:[Tt ]\s*{_CLOCK}(?P<half>)?{_ZONE})?$",
    rf"^(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}}) {_CLOCK}\s*(?P<half>[AaPp])[Mm](?P<zone>)?$",
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[T ]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?"
    rf"(?P<fraction>)?(?P<half>)?{_ZONE})?$",
)
_NUMBERS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True, eq=False)
class Instants:
    """Times of n rows.

    Attributes
    ----------
    us
        Microseconds since 1970 UTC, years 1 to 9999; :data:`NEVER_US` where blank or not readable.
    is_blank
        Where nothing was told.
    is_naive
        Where a time without offset was read in the zone given.
    """

    us: Ints
    is_blank: Bools
    is_naive: Bools


def read(column: pa.Array | pa.ChunkedArray, zone: str) -> Instants:
    """Times of a column of texts, dates or timestamps; those without offset are read in ``zone``.

    An hour that a clock change repeats is taken the first time; one that it skips is moved to the change.
    """
    column = columns.plain(column)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _typed(column, zone)
    texts = pc.fill_null(columns.texts(column), "")
    us, shift_us = _parsed(texts)
    naive = (us != NEVER_US) & (shift_us == NEVER_US)
    aware = (us != NEVER_US) & ~naive
    us[aware] -= shift_us[aware]
    us[naive] = _in_zone(us[naive], zone)
    return Instants(_in_calendar(us), _bools(pc.equal(texts, "")), naive)


def _typed(column: pa.Array, zone: str) -> Instants:
    blank = _bools(pc.is_null(column))
    is_naive = not pa.types.is_timestamp(column.type) or column.type.tz is None
    us = _in_calendar(_counted_us(column))
    naive = (us != NEVER_US) & is_naive
    us[naive] = _in_zone(us[naive], zone)
    return Instants(_in_calendar(us), blank, naive)


def _in_calendar(us: Ints) -> Ints:
    """The times with those NEVER_US that lie outside the years 1 to 9999 (UTC), where no date can tell them."""
    return np.where((us >= _YEAR_1_US) & (us < _YEAR_10000_US), us, NEVER_US)


def _counted_us(column: pa.Array) -> Ints:
    """Microseconds of dates or timestamps; NEVER_US for null and for times too far away to be counted in them."""
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("s" if pa.types.is_date32(column.type) else "ms"))
    counts = _ints(pc.cast(column, pa.int64()), NEVER_US)
    if column.type.unit == "ns":
        return np.where(counts == NEVER_US, NEVER_US, counts // 1_000)
    factor = _US[column.type.unit]
    most = np.iinfo(np.int64).max // factor
    fits = (counts >= -most) & (counts <= most)
    return np.where(fits, np.where(fits, counts, 0) * factor, NEVER_US)


_US = {"s": 1_000_000, "ms": 1_000, "us": 1}


def _parsed(texts: pa.Array) -> tuple[Ints, Ints]:
    """Microseconds as the clock showed them, and the offset that was told; NEVER_US where none."""
    us = np.full(len(texts), NEVER_US, dtype=np.int64)
    shift_us = us.copy()
    for pattern in _PATTERNS:
        rows = np.flatnonzero(us == NEVER_US)
        if not len(rows):
            break
        parts = pc.extract_regex(texts.take(pa.array(rows)), pattern)
        matched = np.flatnonzero(_bools(pc.is_valid(parts)))
        fields = {
            name: column.take(pa.array(matched)) for name, column in zip(_names(parts), parts.flatten(), strict=True)
        }
        us[rows[matched]] = _clock_us(fields)
        shift_us[rows[matched]] = _shift_us(fields["zone"])
    return us, shift_us


def _names(parts: pa.Array) -> list[str]:
    return [field.name for field in parts.type]


def _clock_us(fields: dict[str, pa.Array]) -> Ints:
    year, month, day, hour, minute, second = (_number(fields[name]) for name in _NUMBERS)
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(fields["fraction"], 6, "0"), 0, 6)
    half = np.array(pc.utf8_lower(fields["half"]).to_pylist(), dtype=np.str_)
    twelve = half != ""
    fits = np.where(twelve, (hour >= 1) & (hour <= 12), hour <= 23) & (minute <= 59) & (second <= 59)
    hour = np.where(twelve, hour % 12 + 12 * (half == "p"), hour)
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (day - 1)
    fits &= (month >= 1) & (month <= 12) & (day >= 1) & (date.astype("datetime64[M]") == first)
    seconds = date.astype(np.int64) * 86_400 + hour * 3_600 + minute * 60 + second
    return np.where(fits, seconds * 1_000_000 + _number(fraction), NEVER_US)


def _shift_us(zones: pa.Array) -> Ints:
    """Offset from UTC of texts such as ``+08:00``, ``Z`` or nothing."""
    plain = pc.replace_substring(pc.replace_substring_regex(zones, "^[Zz]$", "+0000"), ":", "")
    digits = pc.utf8_rpad(pc.utf8_slice_codeunits(plain, 1, 5), 4, "0")
    minutes = _number(pc.utf8_slice_codeunits(digits, 0, 2)) * 60 + _number(pc.utf8_slice_codeunits(digits, 2, 4))
    sign = np.where(_bools(pc.starts_with(plain, "-")), -1, 1)
    return np.where(_bools(pc.equal(zones, "")), NEVER_US, sign * minutes * 60_000_000)


def _in_zone(clock_us: Ints, zone: str) -> Ints:
    # At the ends of the calendar zones are not asked, but 400 years nearer, where clocks and weekdays are the same.
    import pandas as pd

    nearer_us = np.where(clock_us < _YEAR_1_US + _CYCLE_US, _CYCLE_US, 0)
    nearer_us -= np.where(clock_us >= _YEAR_10000_US - _CYCLE_US, _CYCLE_US, 0)
    clock = pd.DatetimeIndex((clock_us + nearer_us).astype("datetime64[us]"))
    first = np.ones(len(clock), dtype=np.bool_)  # of an hour that comes twice, summer time comes first
    there = clock.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    us: Ints = there.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)
    return us - nearer_us


_YEAR_1_US, _YEAR_10000_US = (int(np.datetime64(day, "us").astype(np.int64)) for day in ("0001-01-01", "10000-01-01"))
_CYCLE_US = 146_097 * 86_400_000_000
"""The Gregorian calendar repeats after 400 years."""


def _number(digits: pa.Array) -> Ints:
    return _ints(pc.cast(pc.if_else(pc.equal(digits, ""), "0", digits), pa.int64()), 0)


def _ints(column: pa.Array, missing: int) -> Ints:
    return np.array(pc.fill_null(column, missing).to_numpy(zero_copy_only=False), dtype=np.int64)


def _bools(column: pa.Array) -> Bools:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)
