"""Every door and page knows of time, or it is said here why time means nothing to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import shapely
import sqlalchemy as sa
from fastapi import FastAPI

from api.app import create_app
from tests.covered import enter
from tests.db.test_tiles import tile_over
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, cell_centre

_NAMED = "its address names what it is of: editions, a run or a revision, each of which never changes"
_TODAY = "rows as they are on record now; the grids they carry are today's"
_NOW = "about the process, or about work that goes on now"
_PLAN = "a plan is of the edition in force, and says on which it was begun"
TIMELESS = {
    "/healthz": _NOW,
    "/readyz": _NOW,
    "/v1/editions/{number}": _NAMED,
    "/v1/editions/{since}/diff/{until}": _NAMED,
    "/v1/differences": "two times, each by itself: from, to",
    "/v1/crosswalks": _NAMED,
    "/v1/changes": _NAMED,
    "/v1/blind-spots/trend": "every run there was, each with its day",
    "/v1/blind-spots/rules": _NAMED,
    "/v1/indicators": "what indicators are, whatever the time",
    "/v1/incidents": "incidents by when they happened: since, until; their grids are those of then and of today",
    "/v1/export/incidents.{ending}": "incidents by when they happened: since, until",
    "/v1/export/buildings.{ending}": _TODAY,
    "/v1/buildings": _TODAY,
    "/v1/buildings/{id}": _TODAY,
    "/v1/entities": _TODAY,
    "/v1/follow-ups": _TODAY,
    "/v1/follow-ups/{id}": _TODAY,
    "/v1/links/{token}": _PLAN,
}
BY_START = {"/v1/plans": _PLAN, "/v1/imports": _NOW, "/tiles/": _NAMED}


@pytest.fixture(scope="module")
def app(engine: sa.Engine) -> FastAPI:
    return create_app(engine)


def _why(path: str, entities: set[str]) -> str | None:
    if path.startswith("/tiles/forecasts/"):
        return None
    if path.removesuffix("/{id}").rsplit("/", 1)[-1] in entities and path != "/v1/business-districts/{id}":
        return _TODAY
    return TIMELESS.get(path) or next((why for start, why in BY_START.items() if path.startswith(start)), None)


def test_every_question_takes_at_or_it_is_said_why_not(app: FastAPI, http: httpx.Client) -> None:
    slugs = {one["slug"] for one in http.get("/v1/entities").json()["entities"]}
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    asked = {path: operations["get"] for path, operations in paths.items() if "get" in operations}
    asked["/v1/locate "] = paths["/v1/locate"]["post"]
    for path, operation in asked.items():
        takes = "at" in {one["name"] for one in operation.get("parameters", ())}
        assert takes is (_why(path, slugs) is None), f"{path}: at, or a reason"
    assert TIMELESS.keys() <= asked.keys()


def test_every_page_takes_at(app: FastAPI) -> None:
    pages = {
        route.path: {one.name for one in route.dependant.query_params}
        for room in app.routes
        for route in getattr(getattr(room, "original_router", None), "routes", [room])
        if getattr(route, "path", "").startswith("/maps") or getattr(route, "path", "") == "/"
        if hasattr(route, "dependant")
    }
    assert len(pages) > 5
    assert [path for path, parameters in pages.items() if "at" not in parameters] == []


QUESTIONS = (
    "/v1/city",
    "/v1/editions",
    "/v1/areas?level=grid",
    f"/v1/areas/{COMMUNITIES[0]}",
    f"/v1/grids/{COMMUNITIES[0]}001",
    "/v1/forecast",
    "/v1/incident-counts",
    "/v1/locate?lon={}&lat={}".format(*cell_centre(0, 0)),
    "/v1/responsibility?lon={}&lat={}".format(*cell_centre(0, 0)),
)


@pytest.mark.parametrize("door", QUESTIONS)
def test_a_question_is_answered_by_the_edition_of_then_and_foretold(http: httpx.Client, door: str) -> None:
    def asked(at: str) -> dict[str, Any]:
        told: dict[str, Any] = http.get(door, params=dict(httpx.URL(door).params) | {"at": at}).json()["edition"]
        return told

    assert asked("2024-06-01")["number"] == 1
    assert asked("2025-06-01")["number"] == 2
    foretold = asked("2999-01-01")
    assert (foretold["number"], foretold["forecast"], foretold["plans"]) == (2, True, [])


@pytest.mark.parametrize("door", ["/v1/values/grid-coverage", "/v1/staffing", "/v1/export/edition.csv"])
def test_an_edition_is_named_once(http: httpx.Client, door: str) -> None:
    answer = http.get(door, params={"at": "2024-06-01", "edition": 1})
    assert (answer.status_code, "give one of them" in answer.json()["detail"]) == (400, True)


def test_blind_spots_of_a_time_are_those_of_the_run_of_then(http: httpx.Client) -> None:
    assert http.get("/v1/blind-spots").status_code == 200  # a run is there now
    past, now, later = (
        http.get("/v1/blind-spots", params={"at": at})
        for at in ("2024-06-01", datetime.now(UTC).isoformat(), "2999-01-01")
    )
    assert (past.status_code, "had not been looked for" in past.json()["detail"]) == (404, True)
    assert (now.status_code, now.json()["run"]["number"]) == (200, 1)
    told = later.json()
    run = {name: told["run"][name] for name in ("number", "day", "is_stale")}
    assert (later.status_code, run) == (200, {"number": None, "day": "2999-01-01", "is_stale": False})
    assert (told["forecast"]["forecast"], told["forecast"]["plans"]) == (True, [])


def test_figures_of_a_forecast_are_those_of_the_grids_of_then(http: httpx.Client) -> None:
    line = {
        "type": "LineString",
        "coordinates": [[WEST - WIDE, SOUTH + 1.5 * HIGH], [WEST + 1.2 * WIDE, SOUTH + 1.5 * HIGH]],
    }
    plan = f"/v1/plans/{http.post('/v1/plans', json={'name': '北片'}).json()['id']}"
    split = {"kind": "split", "code": f"{COMMUNITIES[0]}002", "line": line}
    assert http.post(f"{plan}/changes", json=split).status_code == 201
    hour = datetime.now(UTC) + timedelta(days=2)
    assert http.post(f"{plan}/schedule", json={"effective_at": hour.isoformat()}).status_code == 200
    when = {"at": hour.isoformat(), "level": "grid"}
    north = {"lon": WEST + WIDE / 2, "lat": SOUTH + 1.8 * HIGH}
    report = {"source": "tests", "reference": "north", "occurred_at": "2025-06-01T08:00:00+08:00", **north}
    assert http.post("/v1/incidents", json=report).status_code == 201
    today, foretold = (http.get("/v1/incident-counts", params=asked).json() for asked in ({}, {"at": hour.isoformat()}))
    whose = http.get("/v1/locate", params=north | {"at": hour.isoformat()}).json()["grid"]["code"]
    assert whose in [one["code"] for one in foretold["grids"]]
    assert (foretold["total"], foretold["unassigned"]) == (today["total"], today["unassigned"])
    now, then = (http.get("/v1/values/grid-coverage", params=asked).json() for asked in ({"level": "grid"}, when))
    assert len(then["rows"]["code"]) == len(now["rows"]["code"]) + 1
    assert sum(then["rows"]["area_m2"]) == pytest.approx(sum(now["rows"]["area_m2"]), abs=2)
    assert [one["plan_name"] for one in then["forecast"]["plans"]] == ["北片"]
    people = [http.get("/v1/values/residents", params=asked).json()["rows"] for asked in ({"level": "grid"}, when)]
    now_of, then_of = (dict(zip(rows["code"], rows["value"], strict=True)) for rows in people)
    parts = [code for code in then_of if code not in now_of] + [f"{COMMUNITIES[0]}002"]
    assert len(parts) == 2
    assert then_of == now_of | dict.fromkeys(parts, now_of[parts[-1]])
    assert set(now_of.values()) == {1000, None}
    whole = http.get("/v1/coverage", params=when | {"indicator": "grid-coverage,residents"}).json()
    assert {row["code"]: row["values"]["residents"]["value"] for row in whole["rows"]} == then_of
    assert whole["total"]["values"]["grid-coverage"]["value"] > 0
    assert [one["plan_name"] for one in whole["forecast"]["plans"]] == ["北片"]
    posts = http.get("/v1/staffing", params={"at": hour.isoformat()}).json()
    named = sum(kind != "fallback" for kind in then["rows"]["kind"])
    assert (posts["grids"], posts["forecast"]["forecast"]) == (named, True)
    spots = http.get("/v1/blind-spots", params={"at": when["at"], "by": "grid", "code": "U,G1,G2"}).json()
    assert {one["grid"] for one in spots["spots"]} >= set(parts)
    assert http.post(f"{plan}/unschedule").status_code == 200


SPLIT = {
    "kind": "split",
    "code": f"{COMMUNITIES[0]}002",
    "line": {
        "type": "LineString",
        "coordinates": [[WEST - WIDE, SOUTH + 1.5 * HIGH], [WEST + 1.2 * WIDE, SOUTH + 1.5 * HIGH]],
    },
}


def test_a_forecast_has_tiles_that_name_it_and_are_gone_with_it(http: httpx.Client) -> None:
    hour = datetime.now(UTC) + timedelta(days=3)
    later = (hour + timedelta(hours=1)).isoformat()
    plan = f"/v1/plans/{http.post('/v1/plans', json={'name': '北片'}).json()['id']}"
    assert http.post(f"{plan}/changes", json=SPLIT).status_code == 201
    assert http.post(f"{plan}/schedule", json={"effective_at": hour.isoformat()}).status_code == 200

    x, y = tile_over(WEST + WIDE / 2, SOUTH + 1.5 * HIGH, 13)

    def told(at: str | None) -> str:
        address: str = http.get("/v1/forecast", params={"at": at} if at else {}).json()["tiles"]
        return address.format(layer="areas", z=13, x=x, y=y)

    now, then = told(None), told(later)
    assert (now.startswith("/tiles/2/areas/"), then.startswith("/tiles/forecasts/")) == (True, True)
    old, new = http.get(now), http.get(then)
    assert (old.status_code, new.status_code, old.content == new.content) == (200, 200, False)
    assert (b"to_come" in new.content, b"to_come" in old.content) == (True, False)
    assert new.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert http.get(then, headers={"If-None-Match": new.headers["etag"]}).status_code == 304
    base = http.get(then.replace("/areas/", "/base/"))
    assert (base.status_code, base.headers["cache-control"]) == (200, "public, max-age=60")
    for page in ("/", "/maps/coverage", "/maps/planner"):
        assert then.split("{")[0].split("/areas/")[0] in http.get(page, params={"at": later}).text
    assert http.post(f"{plan}/unschedule").status_code == 200
    gone = http.get(then)
    assert (gone.status_code, "/v1/forecast?at=" in gone.json()["detail"]) == (404, True)
    assert told(later) == now


def test_two_times_differ_as_their_editions_and_by_what_is_scheduled_until_then(http: httpx.Client) -> None:
    def between(since: str, until: str) -> dict[str, Any]:
        told: dict[str, Any] = http.get("/v1/differences", params={"from": since, "to": until, "ground": True}).json()
        return told

    past = between("2024-06-01", "e2")
    old = http.get("/v1/editions/1/diff/2", params={"ground": True}).json()
    assert [past[name] for name in ("noded", "changed", "crossings", "ground")] == [
        old[name] for name in ("noded", "changed", "crossings", "ground")
    ]
    assert (past["since"]["number"], past["until"]["tiles"].startswith("/tiles/2/")) == (1, True)
    hour = datetime.now(UTC) + timedelta(days=3)
    plan = f"/v1/plans/{http.post('/v1/plans', json={'name': '北片'}).json()['id']}"
    assert http.post(f"{plan}/changes", json=SPLIT).status_code == 201
    assert http.post(f"{plan}/schedule", json={"effective_at": hour.isoformat()}).status_code == 200
    later = (hour + timedelta(hours=1)).isoformat()
    coming, back = between("e2", later), between(later, "e2")
    assert [one["plan_name"] for one in coming["until"]["plans"]] == ["北片"]
    assert coming["until"]["tiles"].startswith("/tiles/forecasts/")
    kinds = [[not one["before"], not one["after"]] for one in coming["changed"]]
    assert sorted(kinds) == [[False, False], [True, False]]
    assert sum(one["after"] is None for one in back["changed"]) == 1
    assert len(coming["ground"]["features"]) == 1
    assert between(later, later)["changed"] == []
    assert http.post(f"{plan}/unschedule").status_code == 200
    assert between("e2", later)["changed"] == []
    wrong = [http.get("/v1/differences", params={"from": "e1", "to": to}).status_code for to in ("e99", "soon", "p1")]
    assert wrong == [404, 400, 400]


def test_another_date_of_the_compare_page_is_its_second_map(http: httpx.Client) -> None:
    sent = http.get("/maps/compare", params={"a": "e1", "at": "2999-01-01", "lang": "en"}, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/maps/compare?a=e1&lang=en&b=2999-01-01")
    assert http.get("/maps/compare", params={"at": "soon"}, follow_redirects=False).status_code == 400


def test_a_business_district_lies_in_the_grids_of_then(http: httpx.Client, engine: sa.Engine) -> None:
    west, south = WEST + WIDE * 0.2, SOUTH + HIGH * 1.2
    ground = shapely.box(west, south, west + WIDE * 0.6, south + HIGH * 0.6)
    with engine.begin() as connection:
        (number,) = enter(
            connection, "business_districts", {"name": "商圈", "kind": "commercial_area", "ground": ground}
        )

    def lies_in(at: str | None) -> dict[str, float]:
        told = http.get(f"/v1/business-districts/{number}/grids", params={"at": at} if at else {}).json()
        return {one["code"]: one["share"] for one in told["leaves"]}

    hour = datetime.now(UTC) + timedelta(days=3)
    plan = f"/v1/plans/{http.post('/v1/plans', json={'name': '北片'}).json()['id']}"
    assert http.post(f"{plan}/changes", json=SPLIT).status_code == 201
    assert http.post(f"{plan}/schedule", json={"effective_at": hour.isoformat()}).status_code == 200
    now, then = lies_in(None), lies_in((hour + timedelta(hours=1)).isoformat())
    assert (list(now), list(now.values())) == ([SPLIT["code"]], [1.0])
    assert len(then) == 2
    assert sum(then.values()) == pytest.approx(1, abs=1e-3)
    assert list(then.values()) == pytest.approx([0.5, 0.5], abs=0.02)
    assert http.post(f"{plan}/unschedule").status_code == 200
