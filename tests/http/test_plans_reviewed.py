"""`/v1/plans/{id}/…`: laid before others, spoken of, shared, and in force at its hour."""

from __future__ import annotations

import csv
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.hours import Clock
from geo import areas, db
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE

NAME = f"{COMMUNITIES[2]}001"
OFFICIAL = {"X-GridAtlas-Actor": "official"}


def renaming(name: str) -> dict[str, Any]:
    return {"kind": "rename", "code": NAME, "name": name}


@pytest.fixture
def plan(site: httpx.Client, request: pytest.FixtureRequest) -> str:
    """Address of a plan that renames a grid."""
    made = site.post("/v1/plans", json={"name": request.node.name})
    address = f"/v1/plans/{made.json()['id']}"
    assert site.post(f"{address}/changes", json=renaming(request.node.name)).status_code == 201
    return address


def step(site: httpx.Client, address: str, what: str, **more: Any) -> httpx.Response:
    return site.post(f"{address}/{what}", **more)


def test_a_plan_is_submitted_rejected_revised_and_approved_by_another(site: httpx.Client, plan: str) -> None:
    assert step(site, plan, "check").json()["state"] == "checked"
    assert step(site, plan, "submit").json()["state"] == "submitted"
    own = step(site, plan, "approve")
    assert (own.status_code, own.json()["type"]) == (403, "/problems/denied")
    assert step(site, plan, "reject", json={"note": " "}, headers=OFFICIAL).status_code == 422
    assert step(site, plan, "reject", json={"note": "名称不妥"}, headers=OFFICIAL).json()["state"] == "rejected"
    assert step(site, plan, "submit").status_code == 409
    assert step(site, plan, "revise").json()["state"] == "draft"
    assert step(site, plan, "submit").json()["round"] == 2
    assert step(site, plan, "approve", headers=OFFICIAL).json()["state"] == "approved"
    told = site.get(f"{plan}/verdicts").json()
    assert told["wanted"] == 0
    assert [(one["round"], one["is_approval"], one["note"]) for one in told["verdicts"]] == [
        (1, False, "名称不妥"),
        (2, True, ""),
    ]
    assert step(site, plan, "withdraw").json()["state"] == "withdrawn"


def test_a_fork_has_its_changes_and_a_name_of_its_own(site: httpx.Client, plan: str) -> None:
    forked = step(site, plan, "fork", json={"name": "另一种"})
    assert forked.status_code == 201
    told = forked.json()
    assert (told["left_out"], told["plan"]["forked_from"]) == ([], int(plan.rsplit("/", 1)[1]))
    changes = site.get(f"/v1/plans/{told['plan']['id']}").json()["changes"]
    assert [one["change"] for one in changes] == [one["change"] for one in site.get(plan).json()["changes"]]


def test_a_scheduled_plan_bars_its_grids_and_is_in_force_before_any_answer_after_its_hour(
    site: httpx.Client, plan: str
) -> None:
    before = site.get("/v1/editions").json()["editions"][0]["number"]
    assert step(site, plan, "schedule", json={"effective_at": "2020-01-01"}).status_code == 422
    assert step(site, plan, "schedule", json={"effective_at": "soon"}).status_code == 400
    hour = datetime.now(UTC) + timedelta(seconds=60)
    scheduled = step(site, plan, "schedule", json={"effective_at": hour.isoformat()}).json()
    assert (scheduled["state"], scheduled["effective_at"]) == ("scheduled", hour.isoformat())
    other = f"/v1/plans/{site.post('/v1/plans', json={'name': '抢先'}).json()['id']}"
    barred = site.post(f"{other}/changes", json=renaming("抢先"))
    assert (barred.status_code, barred.json()["type"]) == (409, "/problems/stale")
    assert step(site, plan, "unschedule").json()["state"] == "draft"
    hour = datetime.now(UTC) + timedelta(seconds=2)
    step(site, plan, "schedule", json={"effective_at": hour.isoformat()})
    time.sleep(max(0.0, (hour - datetime.now(UTC)).total_seconds()))
    newest = site.get("/v1/editions").json()["editions"][0]
    until = time.monotonic() + 10  # the clock looks for hours of other processes every five seconds
    while newest["number"] == before and time.monotonic() < until:
        time.sleep(0.1)
        newest = site.get("/v1/editions").json()["editions"][0]
    assert newest["number"] == before + 1
    assert datetime.fromisoformat(newest["effective_at"]) == hour
    assert site.get(plan).json()["state"] == "in_force"


def test_a_clock_that_knows_the_hour_is_due_until_it_has_struck(fresh_engine: sa.Engine) -> None:
    from geo.actors import Actor
    from geo.plans import drafts, previews, scheduling
    from geo.space.redraw.changes import Rename
    from tests.small_city import publish_small_city

    actor = Actor("planner")
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        plan = drafts.begin(connection, actor, "到点")
        previews.add(connection, actor, plan, Rename(NAME, "到点"))
        scheduling.schedule(connection, actor, plan.id, datetime.now(UTC) + timedelta(seconds=1))
    clock = Clock(fresh_engine)
    clock.strike()
    assert not clock.is_due
    time.sleep(1.1)
    assert clock.is_due
    clock.strike()
    assert not clock.is_due
    with db.read(fresh_engine) as connection:
        assert areas.newest_number(connection) == 2


def test_what_is_locked_is_refused_until_it_is_unlocked(site: httpx.Client) -> None:
    plan = f"/v1/plans/{site.post('/v1/plans', json={'name': '锁'}).json()['id']}"
    assert site.put(f"{plan}/locks/{NAME}").json()["code"] == NAME
    refused = site.post(f"{plan}/changes", json=renaming("不行"))
    assert (refused.status_code, "locked" in refused.json()["detail"]) == (422, True)
    assert [one["code"] for one in site.get(f"{plan}/locks").json()["locks"]] == [NAME]
    assert site.delete(f"{plan}/locks/{NAME}").status_code == 204
    assert site.delete(f"{plan}/locks/{NAME}").status_code == 404
    assert site.post(f"{plan}/changes", json=renaming("可以")).status_code == 201
    assert site.put(f"{plan}/locks/{NAME}").status_code == 422
    assert site.get(f"{plan}/locks").json()["locks"] == []


def test_a_link_shows_a_plan_and_a_comment_stays(site: httpx.Client, plan: str) -> None:
    shared = site.post(f"{plan}/links").json()
    assert f"/v1/plans/{site.get('/v1/links/' + shared['token']).json()['id']}" == plan
    assert "token" not in site.get(f"{plan}/links").json()["links"][0]
    assert site.delete(f"{plan}/links/{shared['link']['id']}").status_code == 204
    assert site.get("/v1/links/" + shared["token"]).status_code == 404
    said = site.post(
        f"{plan}/comments",
        json={"text": "看这里", "place": {"type": "Point", "coordinates": [WEST, SOUTH]}},
        headers=OFFICIAL,
    )
    assert (said.status_code, said.json()["made_by"]) == (201, "official")
    settled = site.post(f"{plan}/comments/{said.json()['id']}", json={"settled": True})
    assert settled.json()["settled_by"]
    assert [one["text"] for one in site.get(f"{plan}/comments").json()["comments"]] == ["看这里"]
    assert site.post(f"{plan}/comments", json={"text": " "}).status_code == 422


def test_who_asks_for_a_time_to_come_is_told_what_is_scheduled_for_the_place(site: httpx.Client) -> None:
    y = SOUTH + 0.6 * HIGH
    line = {"type": "LineString", "coordinates": [[WEST - WIDE, y], [WEST + 1.2 * WIDE, y]]}
    first, new = f"{COMMUNITIES[0]}001", f"{COMMUNITIES[0]}009"
    plan = f"/v1/plans/{site.post('/v1/plans', json={'name': '北片'}).json()['id']}"
    split = {"kind": "split", "code": first, "codes": [first, new], "names": ["", "北片网格"], "line": line}
    assert site.post(f"{plan}/changes", json=split).status_code == 201
    hour = datetime.now(UTC) + timedelta(days=2)
    assert step(site, plan, "schedule", json={"effective_at": hour.isoformat()}).status_code == 200

    def asked(up: float, at: datetime | None) -> dict[str, Any]:
        place = {"lon": WEST + WIDE / 2, "lat": SOUTH + up * HIGH}
        told: dict[str, Any] = site.get("/v1/locate", params=place | ({"at": at.isoformat()} if at else {})).json()
        return told

    later = hour + timedelta(days=1)
    above, below, beside = asked(0.8, later), asked(0.4, later), asked(1.5, later)
    codes = {one["scheduled"][0]["grid"]["code"] for one in (above, below)}
    assert codes == {first, new}
    assert above["edition"]["forecast"] is True
    assert [one["plan_name"] for one in above["edition"]["plans"]] == ["北片"]
    for one in (above, below):
        assert one["grid"]["code"] == one["scheduled"][0]["grid"]["code"]
    assert above["scheduled"][0]["effective_at"] == hour.isoformat()
    assert beside["scheduled"] == []
    sooner = asked(0.8, hour - timedelta(hours=1))
    assert (sooner["scheduled"], sooner["edition"]["plans"], sooner["grid"]["code"]) == ([], [], first)
    assert "scheduled" not in asked(0.8, None)


def test_what_doors_foretell_they_answer_when_the_plan_is_in_force(site: httpx.Client) -> None:
    y = SOUTH + 0.6 * HIGH
    line = {"type": "LineString", "coordinates": [[WEST - WIDE, y], [WEST + 1.2 * WIDE, y]]}
    community, first, new = COMMUNITIES[0], f"{COMMUNITIES[0]}001", f"{COMMUNITIES[0]}009"
    plan = f"/v1/plans/{site.post('/v1/plans', json={'name': '北片'}).json()['id']}"
    split = {"kind": "split", "code": first, "codes": [first, new], "names": ["", "北片网格"], "line": line}
    assert site.post(f"{plan}/changes", json=split).status_code == 201
    hour = datetime.now(UTC) + timedelta(days=2)
    assert step(site, plan, "schedule", json={"effective_at": hour.isoformat()}).status_code == 200
    points = {"points": [[WEST + WIDE / 2, SOUTH + up * HIGH] for up in (0.4, 0.8, 1.5)]}
    doors = (f"/v1/grids/{new}?geometry=true", f"/v1/areas/{community}?geometry=true", f"/v1/areas?parent={community}")

    def asked(at: str | None) -> list[Any]:
        when = {"at": at} if at else {}
        told = [site.get(door, params=dict(httpx.QueryParams(door.split("?")[1])) | when) for door in doors]
        located = site.post("/v1/locate", json=points | when)
        table = site.get("/v1/export/edition.csv", params={"level": "grid"} | when)
        lines = csv.DictReader(table.text.lstrip("\ufeff").splitlines())
        rows = [{name: cell for name, cell in line.items() if name != "edition"} for line in lines]
        return [*(one.json() for one in (*told, located)), rows]

    foretold = asked(hour.isoformat())
    assert site.get(doors[0]).status_code == 404
    assert {one["edition"]["plans"][0]["plan_name"] for one in foretold[:4]} == {"北片"}
    assert len(foretold[4]) == 14
    assert (foretold[0]["id"], foretold[0]["first_edition"]) == (None, None)
    assert step(site, plan, "unschedule").status_code == 200
    assert site.post(f"{plan}/publish").status_code == 200
    assert [_timeless(one) for one in foretold] == [_timeless(one) for one in asked(None)]


def _timeless(told: Any) -> Any:
    """An answer without what nothing has before it is in force."""
    if isinstance(told, dict):
        return {key: _timeless(one) for key, one in told.items() if key not in ("id", "first_edition", "edition")}
    return [_timeless(one) for one in told] if isinstance(told, list) else told
