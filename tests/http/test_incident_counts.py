"""`/v1/incident-counts`: the same incidents on other borders, and never another total."""

from __future__ import annotations

from typing import Any

import httpx

from tests.small_city import WEST, cell_centre


def report(site: httpx.Client, reference: str, lon: float, lat: float) -> dict[str, Any]:
    body = {"source": "12345", "reference": reference, "occurred_at": "2025-06-01T08:00:00+08:00"}
    answer = site.post("/v1/incidents", json=body | {"lon": lon, "lat": lat})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()["properties"]
    return told


def test_what_is_counted_as_it_was_and_on_todays_borders_adds_up_to_the_same(site: httpx.Client) -> None:
    first, second, outside = cell_centre(0, 0), cell_centre(0, 1), (WEST - 1.0, 36.0)
    for k, place in enumerate((first, second, second, outside)):
        report(site, f"counted-{k}", *place)
    plan = f"/v1/plans/{site.post('/v1/plans', json={'name': '并'}).json()['id']}"
    before = site.get("/v1/incident-counts").json()
    held = {one["code"]: one["count"] for one in before["grids"]}
    codes = sorted(held)[:2]
    assert site.post(f"{plan}/changes", json={"kind": "merge", "codes": codes, "keep": codes[0]}).status_code == 201
    edition = site.post(f"{plan}/publish").json()["edition"]
    today = site.get("/v1/incident-counts").json()
    then = site.get("/v1/incident-counts", params={"borders": "then"}).json()
    assert today["edition"]["number"] == edition
    assert before["total"] == today["total"] == then["total"]
    assert before["unassigned"] == today["unassigned"] == then["unassigned"] >= 1
    for told in (before, today, then):
        assert told["total"] == told["unassigned"] + sum(one["count"] for one in told["grids"])
    now = {one["code"]: one for one in today["grids"]}
    assert now[codes[0]]["count"] == held[codes[0]] + held[codes[1]]
    assert codes[1] not in now
    as_it_was = {one["code"]: one for one in then["grids"]}
    assert as_it_was[codes[1]]["is_retired"]
    old = site.get("/v1/incident-counts", params={"at": before["edition"]["effective_at"]}).json()
    assert {one["code"]: one["count"] for one in old["grids"]} == held
    assert site.get("/v1/incident-counts", params={"category": "没有这类"}).json()["total"] == 0
    assert site.get("/v1/incident-counts", params={"borders": "yesterday"}).status_code == 400
