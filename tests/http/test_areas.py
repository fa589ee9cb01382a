"""The city and its division, edition by edition."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import shapely
from shapely.geometry import shape

from tests.small_city import CITY, COMMUNITIES, DEDICATED, DISTRICT, FALLBACK, SPLIT_OFF, SUBDISTRICTS


def ask(http: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    answer = http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def codes(found: dict[str, Any]) -> list[str]:
    return [place["code"] for place in found["places"]]


def test_the_city_tells_its_levels_and_zone(http: httpx.Client) -> None:
    city = ask(http, "/v1/city")
    assert (city["code"], city["time_zone"]) == (CITY, "Asia/Shanghai")
    assert [level["key"] for level in city["levels"]][-1] == "grid"
    assert city["edition"]["number"] == 2


def test_areas_are_listed_by_level_and_by_parent(http: httpx.Client) -> None:
    assert codes(ask(http, "/v1/areas")) == [CITY]
    assert codes(ask(http, "/v1/areas", level="subdistrict")) == list(SUBDISTRICTS)
    assert codes(ask(http, "/v1/areas", parent=SUBDISTRICTS[1])) == list(COMMUNITIES[2:])
    assert len(codes(ask(http, "/v1/areas", parent=DISTRICT, level="grid"))) == 14
    assert len(codes(ask(http, "/v1/areas", parent=SUBDISTRICTS[1], level="grid", at="2024-02-02"))) == 6


def test_pages_of_areas_join_without_a_gap_or_a_repeat(http: httpx.Client) -> None:
    whole = codes(ask(http, "/v1/areas", level="grid"))
    pieces: list[str] = []
    following: str | None = "/v1/areas?level=grid&limit=4"
    while following:
        page = http.get(following).json()
        pieces += codes(page)
        following = page["next"]
    assert pieces == whole
    assert len(whole) == 14


def test_a_search_finds_by_name_and_by_the_start_of_a_code(http: httpx.Client) -> None:
    assert codes(ask(http, "/v1/areas", q="海悦")) == [COMMUNITIES[1], DEDICATED]
    assert codes(ask(http, "/v1/areas", q="海悦", level="grid")) == [DEDICATED]
    assert codes(ask(http, "/v1/areas", q=COMMUNITIES[3], limit=1)) == [COMMUNITIES[3]]
    assert codes(ask(http, "/v1/areas", q="%")) == []
    assert codes(ask(http, "/v1/areas", q="'; DROP TABLE grids; --")) == []


def test_an_area_knows_its_chain_its_children_and_its_ground(http: httpx.Client) -> None:
    found = ask(http, f"/v1/areas/{COMMUNITIES[3]}", geometry="true")
    assert [parent["code"] for parent in found["parents"]] == [CITY, DISTRICT, SUBDISTRICTS[1]]
    assert found["children"] == {"comprehensive": 2, "fallback": 1}
    ground = shape(found["geometry"])
    assert ground.is_valid
    assert ground.covers(shapely.Point(found["label"]))
    assert ground.bounds == tuple(found["bounds"])
    assert "geometry" not in ask(http, f"/v1/areas/{COMMUNITIES[3]}")


def test_a_grid_is_asked_under_grids_and_an_area_under_areas(http: httpx.Client) -> None:
    assert ask(http, f"/v1/grids/{FALLBACK}")["kind"] == "fallback"
    wrong = http.get(f"/v1/areas/{FALLBACK}")
    assert wrong.status_code == 404
    assert f"/v1/grids/{FALLBACK}" in wrong.json()["detail"]
    assert http.get(f"/v1/grids/{CITY}").status_code == 404


def test_at_asks_the_edition_of_that_time(http: httpx.Client) -> None:
    assert http.get(f"/v1/grids/{SPLIT_OFF}").status_code == 200
    before = http.get(f"/v1/grids/{SPLIT_OFF}", params={"at": "2024-06-01"})
    assert before.status_code == 404
    assert "came later" in before.json()["detail"]
    assert ask(http, "/v1/city", at="2024-06-01")["edition"]["number"] == 1


def test_editions_are_listed_newest_first_and_each_by_its_number(http: httpx.Client) -> None:
    found = ask(http, "/v1/editions", at="2024-06-01")
    assert [one["number"] for one in found["editions"]] == [2, 1]
    assert found["edition"]["number"] == 1
    first = http.get("/v1/editions/1")
    assert first.json()["leaves"] == 13
    assert "immutable" in first.headers["cache-control"]


@pytest.mark.parametrize("path", ["/v1/editions/3", "/v1/areas/1234", "/v1/grids/%00", "/v1/grids/x%27", "/v1/nothing"])
def test_what_is_not_there_is_a_404_problem(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/areas?level=galaxy", "level"),
        ("/v1/areas?limit=0", "limit"),
        ("/v1/areas?limit=ten", "limit"),
        ("/v1/areas?levle=grid", "levle"),
        ("/v1/areas?q=a&parent=3799", "q"),
        ("/v1/areas/3799?geometry=perhaps", "geometry"),
        ("/v1/city?at=2024-13-01", "at"),
        ("/v1/city?at=", "at"),
        ("/v1/editions/zero", "number"),
        ("/v1/editions/99999999999999999999", "number"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_a_400_that_names_it(http: httpx.Client, path: str, parameter: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 400, answer.text
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


@pytest.mark.parametrize(
    "path", ["/v1/city", "/v1/editions", "/v1/areas?level=grid", f"/v1/areas/{CITY}", "/v1/locate?lon=120.3&lat=36"]
)
def test_an_answer_the_caller_has_already_is_not_sent_again(http: httpx.Client, path: str) -> None:
    first = http.get(path)
    again = http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    older = http.get(path, params={**first.request.url.params, "at": "2024-06-01"})
    assert older.headers["etag"] != first.headers["etag"]
