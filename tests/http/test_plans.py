"""`/v1/plans`: a division redrawn over HTTP, from the first line to the edition in force."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest
import shapely

from tests.small_city import COMMUNITIES, FALLBACK, HIGH, SOUTH, WEST, WIDE

FIRST, NEW = f"{COMMUNITIES[0]}002", f"{COMMUNITIES[0]}009"
_Y = SOUTH + 1.6 * HIGH
SPLIT: dict[str, Any] = {
    "kind": "split",
    "code": FIRST,
    "codes": [FIRST, NEW],
    "names": ["", "北片网格"],
    "line": shapely.geometry.mapping(shapely.LineString([(WEST - 0.002, _Y), (WEST + WIDE * 1.1, _Y)])),
}


@pytest.fixture
def plan(site: httpx.Client) -> str:
    """Address of a plan on the site's city, begun just now."""
    made = site.post("/v1/plans", json={"name": "北片调整", "scope": COMMUNITIES[0]})
    assert made.status_code == 201, made.text
    return f"/v1/plans/{made.json()['id']}"


def test_a_view_is_four_numbers(site: httpx.Client, plan: str) -> None:
    view = f"{WEST},{SOUTH},{WEST + WIDE},{SOUTH + HIGH}"
    told = site.get(f"{plan}/drawing", params={"view": view}).json()
    assert (told["is_whole"], told["is_view_whole"]) == (True, True)
    assert site.get(f"{plan}/drawing", params={"view": "1,2,3"}).status_code == 400
    assert site.get(f"{plan}/drawing", params={"view": "1,2,3,x"}).status_code == 400


def test_an_act_is_kept_whole_or_not_at_all(site: httpx.Client, plan: str) -> None:
    rename = {"kind": "rename", "code": NEW, "name": "北片"}
    refused = site.post(f"{plan}/acts", json={"changes": [SPLIT, rename, {**rename, "code": "370000000000000"}]})
    assert refused.status_code == 404
    assert site.get(plan).json()["changes"] == []
    made = site.post(f"{plan}/acts", json={"changes": [SPLIT, rename]})
    assert made.status_code == 201, made.text
    assert [(one["seq"], one["act"]) for one in made.json()["changes"]] == [(1, 1), (2, 1)]
    site.delete(f"{plan}/changes/2").raise_for_status()
    assert [one["is_undone"] for one in site.get(plan).json()["changes"]] == [True, True]
    site.post(f"{plan}/redo").raise_for_status()
    assert [one["is_undone"] for one in site.get(plan).json()["changes"]] == [False, False]
    assert site.post(f"{plan}/acts", json={"changes": []}).status_code == 400


def test_a_plan_goes_from_a_line_to_the_edition_in_force(site: httpx.Client, plan: str) -> None:
    before = site.get("/v1/editions").json()["editions"][0]["number"]
    made = site.post(f"{plan}/changes", json=SPLIT)
    assert (made.status_code, made.json()["seq"]) == (201, 1), made.text
    shown = site.get(f"{plan}/preview").json()
    assert (shown["base"], shown["appeared"], shown["is_same"]) == (before, [NEW], False)
    assert [(one["code"], one["change"]) for one in shown["grids"]] == [(FIRST, "changed"), (NEW, "appeared")]
    (move,) = shown["moves"]
    assert (move["was"], move["now"], move["ground"]["type"]) == (FIRST, NEW, "MultiPolygon")
    assert shown["totals"]["area_m2"] == move["area_m2"]
    assert {one["severity"] for one in shown["checks"]} <= {"error", "warn", "info"}
    assert all(one["text"]["zh-CN"] and one["text"]["en"] for one in shown["checks"])
    assert shown["balance"]["after"]["grids"] == shown["balance"]["before"]["grids"] + 1
    done = site.post(f"{plan}/publish").json()
    assert (done["edition"], done["changed"], done["plan"]["state"]) == (before + 1, shown["changed"], "in_force")
    inside = {"lon": WEST + WIDE / 2, "lat": SOUTH + 1.8 * HIGH}
    assert site.get("/v1/locate", params=inside).json()["grid"]["code"] == NEW
    again = site.post(f"{plan}/publish")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/stale")

    walked = {"from": before, "to": before + 1}
    crossings = site.get("/v1/crosswalks", params=walked).json()["crossings"]
    assert crossings == shown["crossings"]
    rows = list(
        csv.DictReader(io.StringIO(site.get("/v1/crosswalks", params=walked | {"f": "csv"}).text.lstrip("\ufeff")))
    )
    assert [(row["old"], row["new"]) for row in rows] == [(one["old"], one["new"]) for one in crossings]


def test_the_last_change_is_undone_by_its_number_and_done_again(site: httpx.Client, plan: str) -> None:
    for change in (SPLIT, {"kind": "rename", "code": NEW, "name": "新名"}):
        assert site.post(f"{plan}/changes", json=change).status_code == 201
    assert site.delete(f"{plan}/changes/1").status_code == 409
    assert site.delete(f"{plan}/changes/2").json()["is_undone"]
    assert site.delete(f"{plan}/changes/2").status_code == 409  # a repeat undoes nothing more
    assert not site.post(f"{plan}/redo").json()["is_undone"]
    changes = site.get(plan).json()["changes"]
    assert [(one["seq"], one["change"]["kind"], one["is_undone"]) for one in changes] == [
        (1, "split", False),
        (2, "rename", False),
    ]
    assert changes[0]["change"]["line"]["coordinates"] == [list(one) for one in SPLIT["line"]["coordinates"]]


def test_a_change_that_cannot_be_is_answered_with_the_place(site: httpx.Client, plan: str) -> None:
    short = SPLIT | {"line": {"type": "LineString", "coordinates": [[WEST, _Y], [WEST + WIDE / 2, _Y]]}}
    answer = site.post(f"{plan}/changes", json=short)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/refused")
    assert "draw it from rim to rim" in answer.json()["detail"]
    assert answer.json()["where"]["type"] == "GeometryCollection"
    for wrong in ({}, {"kind": "x"}, SPLIT | {"line": {"type": "LineString", "coordinates": "x"}}):
        assert site.post(f"{plan}/changes", json=wrong).status_code == 422
    assert site.get(plan).json()["changes"] == []


def test_a_plan_is_begun_once_under_a_key_listed_and_withdrawn(site: httpx.Client) -> None:
    headers = {"Idempotency-Key": "tab-1"}
    first = site.post("/v1/plans", json={"name": "重试"}, headers=headers)
    again = site.post("/v1/plans", json={"name": "重试"}, headers=headers)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    address = f"/v1/plans/{first.json()['id']}"
    assert site.post(f"{address}/withdraw").json()["state"] == "withdrawn"
    assert site.post(f"{address}/withdraw").status_code == 409
    listed = site.get("/v1/plans", params={"state": "withdrawn"}).json()["plans"]
    assert [one["id"] for one in listed] == [first.json()["id"]]
    assert site.get("/v1/plans", params={"state": "ready"}).status_code == 400
    assert site.get("/v1/plans/99").status_code == 404
    assert site.post("/v1/plans", json={"name": "x", "scope": "370000"}).status_code == 404


def test_plans_are_compared_side_by_side(site: httpx.Client, plan: str) -> None:
    assert site.post(f"{plan}/changes", json=SPLIT | {"codes": [], "names": []}).status_code == 201
    number = int(plan.rsplit("/", 1)[1])
    told = site.get("/v1/plans/compare", params={"ids": f"0,{number}"}).json()
    assert [one["plan"] for one in told["plans"]] == [0, number]
    assert told["plans"][1]["grids"] == told["plans"][0]["grids"] + 1
    assert told["contrasts"][0]["second"] == number
    assert told["contrasts"][0]["differences"]
    assert site.get("/v1/plans/compare", params={"ids": "1,x"}).status_code == 400
    assert site.get("/v1/plans/compare", params={"ids": f"{number}"}).status_code == 422


def test_proposals_come_in_words_and_as_changes_and_say_why_there_are_none(site: httpx.Client, plan: str) -> None:
    found = site.post(f"{plan}/proposals", json={}).json()
    assert (found["band"], found["weights"], found["within"]) == ([300.0, 500.0], {"households": 1.0}, COMMUNITIES[0])
    assert found["proposals"] == []
    assert any("请先合并" in words["zh-CN"] for words in found["remarks"])
    for wrong in ({"band": [5, 4]}, {"weights": {"workers": 1}}, {"weights": {}}, {"within": COMMUNITIES[1]}):
        assert site.post(f"{plan}/proposals", json=wrong).status_code == 422, wrong
    assert site.post(f"{plan}/proposals", json={"locks": ["1"]}).status_code == 404
    assert site.post(f"{plan}/proposals/take", json={"number": 1}).status_code == 404
    assert site.get(plan).json()["changes"] == []


def test_fallback_ground_is_divided_into_comprehensive_grids(site: httpx.Client) -> None:
    plan = f"/v1/plans/{site.post('/v1/plans', json={'name': '划网', 'scope': COMMUNITIES[3]}).json()['id']}"
    wishes = {"fallback": FALLBACK, "into": 3}
    (one,) = site.post(f"{plan}/proposals", json=wishes).json()["proposals"]
    assert (one["kind"], len(one["changes"]), one["after"]["grids"]) == ("divided", 3, 3)
    assert "3 个综合网格" in one["explanation"]["zh-CN"]
    assert len(one["moved"]["features"]) == 3
    assert site.post(f"{plan}/proposals/take", json={**wishes, "number": 1}).status_code == 201
    shown = site.get(f"{plan}/preview").json()
    assert (len(shown["appeared"]), shown["retired"]) == (3, [FALLBACK])
    assert {grid["kind"] for grid in shown["grids"] if grid["code"] in shown["appeared"]} == {"comprehensive"}
    wrong = site.post(f"{plan}/proposals", json={"fallback": f"{COMMUNITIES[3]}001"})
    assert wrong.status_code == 422
