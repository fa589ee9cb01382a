"""`/v1/follow-ups`: proposals accepted or dismissed with a reason, and taken on step by step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import httpx
import pytest
import sqlalchemy as sa

from tests.covered import enter
from tests.serving import served
from tests.small_city import FALLBACK, cell_centre, publish_small_city

RECENT = date.today() - timedelta(days=30)  # noqa: DTZ011  a survey a month ago, whatever the zone
ACCEPT = {"spot": f"grid/{FALLBACK}", "code": "G1", "decision": "accepted", "proposal": "draw_grid"}


@pytest.fixture
def city(fresh_engine: sa.Engine) -> sa.Engine:
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
        row = {"reference": "甲", "name": "甲", "lonlat": cell_centre(0, 0), "members": 5, "workers": 100}
        enter(connection, "units", row | {"surveyed_on": RECENT})
    return fresh_engine


@pytest.fixture
def site(city: sa.Engine) -> Iterator[httpx.Client]:
    with served(city) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def posted(site: httpx.Client, **body: object) -> httpx.Response:
    return site.post("/v1/follow-ups", json=body)


def test_an_accepted_proposal_is_followed_to_its_end(site: httpx.Client) -> None:
    made = posted(site, **ACCEPT, post="街道网格办")
    assert made.status_code == 201, made.text
    follow = made.json()
    assert (follow["state"], follow["code_now"], follow["post"]) == ("open", "G1", "街道网格办")
    for state in ("in_progress", "done"):
        answer = site.patch(f"/v1/follow-ups/{follow['id']}", json={"state": state})
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert site.get(f"/v1/follow-ups/{follow['id']}").json()["ended_on"] is not None
    spot = site.get(f"/v1/blind-spots/grid/{FALLBACK}").json()
    assert spot["follow_up"]["state"] == "done"


def test_a_list_of_blind_spots_tells_what_was_decided(site: httpx.Client) -> None:
    posted(site, **ACCEPT)
    (spot,) = site.get("/v1/blind-spots", params={"by": "grid", "code": "G1"}).json()["spots"]
    assert (spot["follow_up"]["state"], spot["follow_up"]["proposal"]) == ("open", "draw_grid")


def test_a_dismissal_needs_a_reason_and_can_be_taken_back(site: httpx.Client) -> None:
    dismiss = {"spot": ACCEPT["spot"], "code": "G1", "decision": "dismissed"}
    refused = posted(site, **dismiss)
    assert (refused.status_code, "reason" in refused.json()["detail"]) == (422, True)
    made = posted(site, **dismiss, reason="水库，无人居住").json()
    assert made["state"] == "dismissed"
    again = posted(site, **ACCEPT)
    assert (again.status_code, "cancel that first" in again.json()["detail"]) == (409, True)
    assert site.patch(f"/v1/follow-ups/{made['id']}", json={"state": "cancelled"}).status_code == 200
    assert posted(site, **ACCEPT).status_code == 201


def test_a_repeat_under_one_key_is_carried_out_once(site: httpx.Client) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = site.post("/v1/follow-ups", json=ACCEPT, headers=headers)
    again = site.post("/v1/follow-ups", json=ACCEPT, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(site.get("/v1/follow-ups").json()["follow_ups"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"proposal": "form_branch"}, 422, "answers P1, P4 and not G1"),
        ({"proposal": None}, 422, "proposal None"),
        ({"decision": "maybe"}, 422, "accepted or dismissed"),
        ({"code": "G2", "proposal": "staff_grid"}, 409, "is G1 by now"),
        ({"spot": "building/7"}, 404, "no blind spot"),
        ({"spot": "nowhere"}, 404, "no blind spot"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_words(
    site: httpx.Client, change: dict[str, object], status: int, said: str
) -> None:
    answer = posted(site, **(ACCEPT | change))
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


def test_steps_follow_one_another_and_none_lies_in_the_future(site: httpx.Client) -> None:
    number = posted(site, **ACCEPT).json()["id"]
    late = site.patch(f"/v1/follow-ups/{number}", json={"state": "done", "on": "2999-01-01"})
    assert (late.status_code, "between the day of the decision and today" in late.json()["detail"]) == (422, True)
    site.patch(f"/v1/follow-ups/{number}", json={"state": "done"})
    back = site.patch(f"/v1/follow-ups/{number}", json={"state": "open"})
    assert (back.status_code, "after which comes nothing" in back.json()["detail"]) == (422, True)


def test_pages_join_to_the_whole(site: httpx.Client) -> None:
    posted(site, **ACCEPT)
    posted(site, spot="unit/1", code="P1", decision="accepted", proposal="form_branch")
    whole = site.get("/v1/follow-ups").json()["follow_ups"]
    assert len(whole) == 2
    found, url = [], "/v1/follow-ups?limit=1"
    while url:
        page = site.get(url).json()
        found += page["follow_ups"]
        url = page["next"]
    assert found == whole


def test_following_one_to_closed_changes_the_rates_and_the_trend(site: httpx.Client, city: sa.Engine) -> None:
    before = site.get("/v1/blind-spots/trend", params={"per": "run"}).json()["moments"][-1]
    assert (before["units"], before["organisational"]) == ({"P1": 1}, 0.0)
    follow = posted(site, spot="unit/1", code="P1", decision="accepted", proposal="form_branch").json()
    with city.begin() as connection:
        (branch,) = enter(connection, "party_organisations", {"name": "甲党支部", "kind": "branch", "members": 5})
        record = {"unit_id": 1, "organisation_id": branch, "method": "own", "evidence_on": RECENT}
        enter(connection, "coverage_records", record)
    site.patch(f"/v1/follow-ups/{follow['id']}", json={"state": "done"})
    assert site.get("/v1/blind-spots", params={"by": "unit"}).json()["spots"] == []
    after = site.get("/v1/blind-spots/trend", params={"per": "run"}).json()["moments"][-1]
    assert (after["units"], after["organisational"], after["closed"]) == ({"covered": 1}, 1.0, 1)
    history = site.get("/v1/blind-spots/unit/1").json()["history"]
    assert [(one["code"], one["last_run"]) for one in history] == [("P1", after["run"]), ("covered", None)]
    assert site.get(f"/v1/follow-ups/{follow['id']}").json()["code_now"] == "covered"
