"""Times as files tell them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import instants
from geo.instants import NEVER_US

SHANGHAI, CHICAGO = "Asia/Shanghai", "America/Chicago"


def told(*texts: str | None, zone: str = SHANGHAI) -> list[str | None]:
    us = instants.read(pa.array(texts, type=pa.string()), zone).us
    return [None if one == NEVER_US else str(np.datetime64(one, "us")) for one in us.tolist()]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-05T08:30:00+08:00",
        "2024-01-05 08:30",
        "2024-01-05T00:30:00Z",
        "2024/1/5 8:30:00",
        "2024年1月5日 8:30",
        " 2024-01-05 08:30:00.000 ",
        "20240105083000",
        "20240105 0830",
        "2024-01-04T19:30:00-0500",
        "1/5/2024 08:30:00 AM",
    ],
)
def test_a_time_is_read_however_it_is_written(text: str) -> None:
    assert told(text) == ["2024-01-05T00:30:00.000000"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2024",
        "2024-13-05",
        "2023-02-29",
        "2024-01-05 25:00",
        "2024-01-05 08:61",
        "45296.35",
        "5/1/24 8:30",
        "2024-01-05 08:30+99:99",
        "2024-01-05 08:30+08:60",
    ],
)
def test_what_is_no_time_is_told_apart(text: str) -> None:
    assert told(text) == [None]


def test_a_bare_date_is_the_start_of_the_day_there() -> None:
    assert told("2024-01-05") == ["2024-01-04T16:00:00.000000"]


def test_noon_and_midnight_of_twelve_hours() -> None:
    assert told("1/5/2024 12:00 AM", "1/5/2024 12:00 PM", "1/5/2024 1:05 PM", zone="UTC") == [
        "2024-01-05T00:00:00.000000",
        "2024-01-05T12:00:00.000000",
        "2024-01-05T13:05:00.000000",
    ]


def test_the_hour_that_comes_twice_is_taken_the_first_time_and_the_skipped_one_moves_to_the_change() -> None:
    assert told("2019-11-03 01:30", "2019-03-10 02:30", zone=CHICAGO) == [
        "2019-11-03T06:30:00.000000",
        "2019-03-10T08:00:00.000000",
    ]


def test_blank_naive_and_aware_are_told_apart() -> None:
    read = instants.read(pa.array([None, " ", "x", "2024-01-05", "2024-01-05T00:00Z"]), SHANGHAI)
    assert read.is_blank.tolist() == [True, True, False, False, False]
    assert read.is_naive.tolist() == [False, False, False, True, False]


def test_typed_columns_are_read_as_their_texts() -> None:
    naive = datetime(2024, 1, 5, 8, 30)  # noqa: DTZ001
    for column in (
        pa.array([naive, None], type=pa.timestamp("ns")),
        pa.array([naive, None], type=pa.timestamp("s")),
        pa.array([naive.replace(tzinfo=ZoneInfo(SHANGHAI)), None], type=pa.timestamp("us", SHANGHAI)),
    ):
        read = instants.read(column, SHANGHAI)
        assert np.datetime64(int(read.us[0]), "us") == np.datetime64("2024-01-05T00:30")
        assert read.us[1] == NEVER_US
        assert read.is_blank.tolist() == [False, True]
    day = instants.read(pa.chunked_array([pa.array([date(2024, 1, 5)])]), SHANGHAI)
    assert np.datetime64(int(day.us[0]), "us") == np.datetime64("2024-01-04T16:00")


@given(st.lists(st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()), max_size=8))  # noqa: DTZ001
def test_what_iso_writes_is_read_back(moments: list[datetime]) -> None:
    whole = [moment for moment in moments if moment.utcoffset().seconds % 60 == 0]  # type: ignore[union-attr]
    read = instants.read(pa.array([one.isoformat() for one in whole], type=pa.string()), SHANGHAI)
    since = [(one.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) for one in whole]
    assert read.us.tolist() == [(one.days * 86_400 + one.seconds) * 10**6 + one.microseconds for one in since]
