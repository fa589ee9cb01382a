"""Incidents are taken in once, placed for ever, and found again page by page."""

from __future__ import annotations

import concurrent.futures
import json
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from geo.tables import incident_keys, incidents
from tests.small_city import COMMUNITIES, FALLBACK, SPLIT_OFF, WEST, WIDE, cell_centre


def report(key: str, **more: Any) -> dict[str, Any]:
    lon, lat = cell_centre(2, 1)
    return {
        "source": "12345",
        "reference": key,
        "occurred_at": "2025-06-01T08:00:00+08:00",
        "lon": lon,
        "lat": lat,
        **more,
    }


def send(http: httpx.Client, body: dict[str, Any], key: str | None = None) -> httpx.Response:
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
    return http.post("/v1/incidents", content=json.dumps(body), headers=headers)


def ids(http: httpx.Client, **query: Any) -> list[int]:
    answer = http.get("/v1/incidents", params=query)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def test_a_report_is_stored_once_and_a_repeat_gets_the_same_answer(http: httpx.Client, engine: sa.Engine) -> None:
    first = send(http, report("a1"), "key-a1")
    assert first.status_code == 201, first.text
    again = send(http, report("a1"), "key-a1")
    assert again.status_code == 200
    assert again.json() == first.json()
    by_reference = send(http, report("a1"))
    assert by_reference.status_code == 200
    assert by_reference.json()["id"] == first.json()["id"]
    with engine.connect() as connection:
        stored = connection.scalar(sa.select(sa.func.count()).where(incidents.c.reference == "a1"))
    assert stored == 1


def test_the_same_key_with_another_body_is_a_409_and_changes_nothing(http: httpx.Client, engine: sa.Engine) -> None:
    assert send(http, report("b1"), "key-b1").status_code == 201
    for body, key in (
        (report("b1", category="noise"), "key-b1"),
        (report("b2"), "key-b1"),
        (report("b1", urgency=1), None),
    ):
        answer = send(http, body, key)
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"] == "/problems/stale"
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).where(incident_keys.c.reference == "b2")) == 0


def test_a_request_key_alone_is_enough(http: httpx.Client) -> None:
    body = {name: value for name, value in report("").items() if name != "reference"}
    first = send(http, body, "only-key")
    assert first.status_code == 201
    assert first.json()["properties"]["reference"] == "only-key"
    assert send(http, body, "only-key").status_code == 200
    assert send(http, body).status_code == 400


def test_many_at_once_under_one_key_are_one_incident(http: httpx.Client, base: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(
                lambda _: httpx.post(
                    f"{base}/v1/incidents", json=report("c1"), headers={"Idempotency-Key": "c"}, timeout=60
                ),
                range(12),
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_an_incident_keeps_the_grid_in_force_when_it_happened(http: httpx.Client) -> None:
    lon, lat = cell_centre(0, 0)
    stored = send(http, report("d1", lon=lon + 0.2 * WIDE, lat=lat, occurred_at="2024-06-01T00:00:00Z")).json()[
        "properties"
    ]
    assert (stored["grid_then"], stored["edition_then"]) == (COMMUNITIES[0] + "001", 1)
    assert (stored["grid"], stored["edition"]) == (SPLIT_OFF, 2)


def test_nothing_is_refused_for_its_position(http: httpx.Client) -> None:
    outside = send(http, report("e1", lon=WEST - 0.05)).json()["properties"]
    assert (outside["rule"], outside["grid"]) == ("outside", None)
    assert outside["nearest"]["code"] in COMMUNITIES
    nowhere = send(http, report("e2", lon=None, lat=None)).json()
    assert (nowhere["geometry"], nowhere["properties"]["rule"]) == (None, "no_position")
    lon, lat = cell_centre(3, 2)
    assert send(http, report("e3", lon=lon, lat=lat)).json()["properties"]["grid"] == FALLBACK


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"occurred_at": "someday"}, 400),
        ({"occurred_at": 1_700_000_000}, 400),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, 422),
        ({"lon": "east"}, 400),
        ({"accuracy_m": -1}, 400),
        ({"urgency": 7}, 400),
        ({"datum": "mars"}, 400),
        ({"source": ""}, 400),
        ({"source": "a\ud800"}, 400),
        ({"source": "a\x00b"}, 400),
        ({"colour": "red"}, 400),
    ],
)
def test_a_report_that_cannot_be_read_is_refused_and_says_why(
    http: httpx.Client, change: dict[str, Any], status: int
) -> None:
    answer = send(http, report("f1", **change))
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_nan_which_json_does_not_have_is_refused(http: httpx.Client) -> None:
    content = b'{"source": "s", "reference": "n", "occurred_at": "2025-06-01T00:00:00Z", "lon": NaN, "lat": 1}'
    answer = http.post("/v1/incidents", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text


def test_incidents_are_found_by_place_time_and_category(http: httpx.Client) -> None:
    lon, lat = cell_centre(1, 0)
    body = report("g1", lon=lon, lat=lat, category="market", occurred_at="2025-03-03T12:00:00+08:00")
    number = send(http, body).json()["id"]
    inside, around = f"{lon},{lat},{lon},{lat}", f"{lon - 0.001},{lat - 0.001},0,{lon + 0.001},{lat + 0.001},9"
    assert ids(http, bbox=inside, category="market") == [number]
    assert ids(http, bbox=around, category="market") == [number]
    assert ids(http, area=COMMUNITIES[1], category="market") == [number]
    assert ids(http, area=COMMUNITIES[2], category="market") == []
    assert ids(http, since="2025-03-03", until="2025-03-04", category="market") == [number]
    assert ids(http, since="2025-03-04", category="market") == []
    assert ids(http, until="2025-03-03T12:00:00+08:00", category="market") == []


def test_pages_join_without_a_gap_or_a_repeat_while_others_write(http: httpx.Client) -> None:
    stored = [send(http, report(f"p{row}", category="paged")).json()["id"] for row in range(9)]
    seen: list[int] = []
    following: str | None = "/v1/incidents?category=paged&limit=4"
    while following:
        page = http.get(following).json()
        seen += [feature["id"] for feature in page["features"]]
        following = page.get("next")
        send(http, report(f"late{len(seen)}", category="paged", occurred_at="2025-12-01T00:00:00Z"))
    assert seen == sorted(stored, reverse=True)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "a,b,c,d"}, "bbox"),
        ({"bbox": "36,120,37,121"}, "bbox"),
        ({"bbox": "121,36,120,37"}, "bbox"),
        ({"bbox": "nan,1,2,3"}, "bbox"),
        ({"since": "last week"}, "since"),
        ({"until": "2025-02-30"}, "until"),
        ({"limit": "-5"}, "limit"),
        ({"after": "!!"}, "after"),
        ({"after": "WzEsMl0"}, "after"),
        ({"unassigned": "some"}, "unassigned"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_filter_that_cannot_be_read_is_a_400_that_names_it(
    http: httpx.Client, query: dict[str, str], parameter: str
) -> None:
    answer = http.get("/v1/incidents", params=query)
    assert answer.status_code == 400, answer.text
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


def test_a_limit_above_the_most_is_clamped(http: httpx.Client) -> None:
    assert http.get("/v1/incidents", params={"limit": 10**9}).status_code == 200
    assert http.get("/v1/incidents", params={"area": "nowhere"}).status_code == 404
