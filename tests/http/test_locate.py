"""Whose ground a point is: one at a time and many at once are the same question."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.errors import Malformed
from api.points import parse
from api.streams import ARROW
from api.streams import parse as parse_stream
from geo.errors import TooMuch
from tests.located import ask_stream, get, post, scattered, streamed, tables
from tests.small_city import COMMUNITIES, DEDICATED, FALLBACK, HIGH, SOUTH, SPLIT_OFF, WEST, WIDE, cell_centre

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-200, 200)


def test_a_point_is_answered_with_every_level_the_grid_and_why(http: httpx.Client) -> None:
    found = get(http, *cell_centre(2, 1))
    assert [area["level"] for area in found["areas"]] == ["city", "district", "subdistrict", "community", "grid"]
    assert found["grid"]["code"] == COMMUNITIES[2] + "002"
    assert found["rule"] == "inside"
    assert found["border_m"] > 100
    assert found["edition"]["number"] == 2
    assert found["explain"]["zh"]
    assert found["explain"]["en"]


def test_ground_of_no_named_grid_falls_to_its_community(http: httpx.Client) -> None:
    found = get(http, *cell_centre(3, 2))
    assert (found["rule"], found["grid"]["code"], found["grid"]["kind"]) == ("fallback", FALLBACK, "fallback")


def test_a_dedicated_grid_is_cut_out_of_the_one_around_it(http: httpx.Client) -> None:
    assert get(http, *cell_centre(1, 1))["grid"]["code"] == DEDICATED


def test_a_point_outside_is_kept_with_the_nearest_community_and_the_distance(http: httpx.Client) -> None:
    found = get(http, WEST - 0.01, SOUTH + 0.5 * HIGH)
    assert found["areas"] == []
    assert found["grid"] is None
    assert found["nearest"]["code"] == COMMUNITIES[0]
    assert 800 < found["nearest"]["distance_m"] < 1000


def test_at_answers_with_the_edition_in_force_then(http: httpx.Client) -> None:
    lon, lat = cell_centre(0, 0)
    east = lon + 0.2 * WIDE
    assert get(http, east, lat)["grid"]["code"] == SPLIT_OFF
    assert get(http, east, lat, at="2024-06-01")["grid"]["code"] == COMMUNITIES[0] + "001"
    assert get(http, east, lat, at="1999-01-01")["edition"]["number"] == 1


def test_a_bare_date_starts_in_the_time_zone_of_the_city(http: httpx.Client) -> None:
    lon, lat = cell_centre(0, 0)
    # edition 2 begins on 2025-01-01T00:00Z, which is 08:00 that day in the city
    assert get(http, lon, lat, at="2025-01-01")["edition"]["number"] == 1
    assert get(http, lon, lat, at="2025-01-02")["edition"]["number"] == 2
    assert get(http, lon, lat, at="2025-01-01T08:00:00+08:00")["edition"]["number"] == 2
    assert get(http, lon, lat, at="2025-01-01T07:59:59+08:00")["edition"]["number"] == 1


def test_an_unescaped_plus_in_an_instant_is_understood(http: httpx.Client) -> None:
    lon, lat = cell_centre(0, 0)
    answer = http.get(f"/v1/locate?lon={lon}&lat={lat}&at=2025-01-01T08:00:00+08:00")
    assert answer.json()["edition"]["number"] == 2


def test_an_answer_for_a_time_to_come_says_that_it_is_a_forecast(http: httpx.Client) -> None:
    assert get(http, *cell_centre(0, 0), at="2999-01-01")["edition"]["forecast"] is True
    assert "forecast" not in get(http, *cell_centre(0, 0))["edition"]


def test_a_datum_is_taken_off_at_the_door(http: httpx.Client) -> None:
    lon, lat = cell_centre(1, 0)
    shifted = get(http, lon, lat, datum="gcj02")["position"]
    assert 300 < np.hypot((shifted[0] - lon) * 90_000, (shifted[1] - lat) * 111_000) < 800


@pytest.mark.parametrize("more", [{}, {"datum": "gcj02"}, {"datum": "EPSG:4490"}, {"at": "2024-06-01"}])
def test_many_points_at_once_are_answered_as_one_by_one(http: httpx.Client, more: dict[str, str]) -> None:
    points = scattered(60)
    many = post(http, points, **more)
    columns = many["columns"]
    for row, (lon, lat) in enumerate(points):
        one = get(http, lon, lat, **more)
        assert {area["level"]: area["code"] for area in one["areas"]} == {
            level: columns[level][row]
            for level in ("city", "district", "subdistrict", "community", "grid")
            if columns[level][row]
        }
        assert one["rule"] == columns["rule"][row]
        assert one["border_m"] == pytest.approx(columns["border_m"][row], abs=0.02)
        assert one["edition"] == many["edition"]
    assert many["unplaced"] == sum(code is None for code in columns["grid"]) > 0
    assert sum(many["rules"].values()) == many["count"] == len(points)


@pytest.mark.parametrize("more", [{}, {"datum": "gcj02"}, {"at": "2024-06-01"}])
def test_an_arrow_stream_is_answered_as_json_is_whatever_form_its_points_have(
    http: httpx.Client, more: dict[str, str]
) -> None:
    points = scattered(100)
    expected = post(http, points, **more)
    for table in tables(points):
        answer = ask_stream(http, table, query=more, chunk=33)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == ARROW
        found = pa.ipc.open_stream(answer.content).read_all()
        assert found.to_pydict() == expected["columns"]
        told = {key.decode(): value.decode() for key, value in found.schema.metadata.items()}
        assert told.pop("datum") == expected["datum"]
        assert {key: json.loads(value) for key, value in told.items()} == {
            key: expected[key] for key in ("edition", "count", "unplaced", "rules")
        }


def test_accept_names_the_form_of_the_answer_whatever_the_form_of_the_question(http: httpx.Client) -> None:
    points = scattered(20)
    expected = post(http, points)
    assert ask_stream(http, tables(points)[0], accept="*/*").json() == expected
    answer = http.post("/v1/locate", json={"points": points}, headers={"Accept": ARROW})
    assert pa.ipc.open_stream(answer.content).read_all().to_pydict() == expected["columns"]


def test_a_stream_of_no_points_and_of_points_without_position_is_answered(http: httpx.Client) -> None:
    lon, lat = cell_centre(0, 1)
    table = pa.table({"lon": pa.array([None, lon, 500.0, np.inf]), "lat": pa.array([lat, lat, 1.0, 0.0])})
    found = pa.ipc.open_stream(ask_stream(http, table).content).read_all()
    assert found["rule"].to_pylist() == ["no_position", "inside", "no_position", "no_position"]
    assert found["border_m"].null_count == 3
    none = pa.ipc.open_stream(ask_stream(http, table.slice(0, 0)).content).read_all()
    assert (none.num_rows, none.schema.names) == (0, found.schema.names)


def test_datum_and_at_may_stand_in_the_query_of_json_but_not_twice(http: httpx.Client) -> None:
    points = scattered(5)
    asked = {"datum": "gcj02", "at": "2024-06-01"}
    answer = http.post("/v1/locate", params=asked, json={"points": points})
    assert answer.json() == post(http, points, **asked)
    twice = http.post("/v1/locate", params={"at": "2025-06-01"}, json={"points": points, "at": "2024-06-01"})
    assert (twice.status_code, twice.json()["errors"][0]["parameter"]) == (400, "at")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pa.table({"lon": [1.0]}), "lon and lat"),
        (pa.table({"lon": [1.0], "lat": [1.0], "id": [1]}), "lon and lat"),
        (pa.table({"lon": ["1"], "lat": ["2"]}), "lon and lat"),
        (pa.table({"points": [[1.0, 2.0]]}), "lon and lat"),
        (pa.table({"lon": pa.array([1.0]).dictionary_encode(), "lat": [1.0]}), "lon and lat"),
    ],
)
def test_other_columns_than_positions_are_a_400_that_says_what_is_right(
    http: httpx.Client, table: pa.Table, said: str
) -> None:
    answer = ask_stream(http, table)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_a_stream_that_would_unpack_to_more_than_it_is_long_is_refused(http: httpx.Client) -> None:
    zeros = np.zeros(99_000)
    answer = ask_stream(http, pa.table({"lon": zeros, "lat": zeros}), compression="zstd")
    assert answer.status_code == 400
    assert "compressed" in answer.json()["detail"]


def test_a_stream_of_too_many_points_is_a_413(http: httpx.Client) -> None:
    zeros = np.zeros(100_001, dtype=np.int8)
    answer = ask_stream(http, pa.table({"lon": zeros, "lat": zeros}), chunk=10_000)
    assert answer.status_code == 413
    assert "100000" in answer.json()["detail"]


_STREAM = streamed(tables([[120.3, 36.1], [120.31, 36.11]])[2])


@pytest.mark.parametrize("body", [b"", b"{}", _STREAM[:-100], _STREAM[:40], b"\xff" * 64, b"ARROW1" + _STREAM])
def test_bytes_that_are_no_stream_are_a_400(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/v1/locate", content=body, headers={"Content-Type": ARROW})
    assert answer.status_code == 400, answer.text


@given(st.integers(0, len(_STREAM) - 1), st.integers(0, 255))
@hypothesis_settings(max_examples=300)
def test_a_damaged_stream_is_refused_or_read_and_nothing_else(at: int, byte: int) -> None:
    damaged = _STREAM[:at] + bytes([byte]) + _STREAM[at + 1 :]
    with suppress(Malformed, TooMuch):
        assert parse_stream(damaged, 100).shape[1] == 2


def test_the_order_of_points_changes_nothing(http: httpx.Client) -> None:
    points = scattered(200)
    order = random.Random(3).sample(range(len(points)), len(points))
    straight, mixed = post(http, points), post(http, [points[row] for row in order])
    assert straight["rules"] == mixed["rules"]
    for name, column in straight["columns"].items():
        assert [column[row] for row in order] == mixed["columns"][name]


def test_no_points_and_points_without_position_are_answered_too(http: httpx.Client) -> None:
    assert post(http, [])["count"] == 0
    found = post(http, [[None, None], list(cell_centre(0, 1)), [500, 500], [1e300, -1e300]], datum="bd09")
    assert found["rules"]["no_position"] == 3
    assert found["columns"]["border_m"][0] is None


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"lon": "abc", "lat": "36"}, "lon"),
        ({"lon": "nan", "lat": "36"}, "lon"),
        ({"lon": "inf", "lat": "36"}, "lon"),
        ({"lon": "120.3"}, "lat"),
        ({"lon": "36.1", "lat": "120.3"}, "lat"),
        ({"lon": "120.3", "lat": "36", "at": "yesterday"}, "at"),
        ({"lon": "120.3", "lat": "36", "at": "2025-02-30"}, "at"),
        ({"lon": "120.3", "lat": "36", "at": "2025-02-01T08:00:00"}, "at"),
        ({"lon": "120.3", "lat": "36", "datum": "mars"}, "datum"),
        ({"lon": "120.3", "lat": "36", "datum": "EPSG:999999"}, "datum"),
        ({"lon": "120.3", "lat": "36", "datum": "wgs84\x00"}, "datum"),
        ({"lon": "120.3", "lat": "36", "accuracy_m": "-1"}, "accuracy_m"),
        ({"lon": "120.3", "lat": "36", "accuracy_m": "9", "spread": "normal"}, "spread"),
        ({"lon": "120.3", "lat": "36", "longitude": "1"}, "longitude"),
        ({"lon": ["120.3", "120.4"], "lat": "36"}, "lon"),
    ],
)
def test_what_cannot_be_read_is_a_400_that_names_it(http: httpx.Client, query: dict[str, Any], parameter: str) -> None:
    answer = http.get("/v1/locate", params=query)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert parameter in [fault["parameter"] for fault in answer.json()["errors"]]


def test_latitude_first_is_recognised(http: httpx.Client) -> None:
    answer = http.get("/v1/locate", params={"lon": 36.1, "lat": 120.3})
    assert "swapped" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"points": [[1,2]',
        b'{"points": 5}',
        b'{"points": null}',
        b'{"points": [1,2]}',
        b'{"points": [[1,2,3]]}',
        b'{"points": [[1,2],[3]]}',
        b'{"points": [[1 2,3]]}',
        b'{"points": [[1,2] [3,4]]}',
        b'{"points": [[1,"2"]]}',
        b'{"points": [[1,NaN]]}',
        b'{"points": [[e,1]]}',
        b'{"points": [[,]]}',
        b'{"points": [[1,2]], "points": [[3,4]]}',
        b'{"other": {"points": [[1,2]]}}',
        b'{"points": [[1,2]], "srs": 4326}',
        b'{"points": [[1,2]], "at": 5}',
        b'{"points": [[1,2]], "at": "\\ud800"}',
        b'{"datum": "points"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_list_of_pairs_is_a_400(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/v1/locate", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("points", "parameter", "value"),
    [
        ('[[1,2],["117.9","36.6"]]', "points[1]", '["117.9", "36.6"]'),
        ("[" + "[1,2]," * 400 + "[1,2,3]]", "points[400]", "[1, 2, 3]"),
        ("[" + "[1,2]," * 400 + '[1,"x"]]', "points[400]", '[1, "x"]'),
        ("[[1,2],[NaN,2]]", "points[1]", '["NaN", 2]'),
        ("[[1,2],[true,2]]", "points[1]", "[true, 2]"),
        ("[[1,2],5]", "points[1]", "5"),
        ('"117.9 36.6"', "points", '"117.9 36.6"'),
        ("1", "points", "1"),
    ],
)
def test_the_first_point_that_is_none_is_named_as_it_came(
    http: httpx.Client, points: str, parameter: str, value: str
) -> None:
    body = f'{{"points": {points}}}'.encode()
    answer = http.post("/v1/locate", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    told = answer.json()["errors"][0]
    assert (told["parameter"], told["value"]) == (parameter, value)


def test_more_points_than_one_request_may_carry_are_a_413(http: httpx.Client) -> None:
    points = b'{"points": [' + b",".join([b"[1,1]"] * 100_001) + b"]}"
    answer = http.post("/v1/locate", content=points, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "100000" in answer.json()["detail"]


def test_a_body_beyond_any_list_of_points_is_turned_away_unread(http: httpx.Client) -> None:
    answer = http.post("/v1/locate", content=b" " * 7_000_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_another_content_type_is_refused(http: httpx.Client) -> None:
    answer = http.post("/v1/locate", content=b'{"points": [[1,2]]}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400


@given(st.lists(st.tuples(numbers, numbers), max_size=20), st.sampled_from([None, 1, 2]))
@hypothesis_settings(max_examples=200)
def test_points_are_read_as_json_reads_them(points: list[tuple[float, float]], indent: int | None) -> None:
    body = json.dumps({"at": "a", "points": points, "datum": "wgs84"}, indent=indent).encode()
    read, others = parse(body, 100)
    expected = np.array(json.loads(body)["points"], dtype=np.float64).reshape(-1, 2)
    np.testing.assert_array_equal(read, expected)
    assert others == {"at": "a", "datum": "wgs84"}


@given(st.text(alphabet='[]{},0123456789.eE+- \n"points:nul', max_size=40))
@hypothesis_settings(max_examples=500)
def test_no_text_in_the_place_of_points_is_read_as_anything_json_would_not(text: str) -> None:
    body = f'{{"points": {text}}}'.encode()
    try:
        read = parse(body, 100).points
    except (Malformed, TooMuch):
        return
    # Arrow reads 01 and 1. which JSON does not; what JSON reads it must read alike
    try:
        expected = np.array(json.loads(body)["points"], dtype=np.float64).reshape(-1, 2)
    except (ValueError, TypeError):
        assert read.shape[1] == 2
        return
    np.testing.assert_array_equal(read, expected)
