"""`/v1/editions/{n}/diff/{m}` and `/v1/changes`: what other systems follow."""

from __future__ import annotations

import httpx

from tests.small_city import COMMUNITIES


def rename(site: httpx.Client, code: str, name: str) -> int:
    plan = f"/v1/plans/{site.post('/v1/plans', json={'name': name}).json()['id']}"
    site.post(f"{plan}/changes", json={"kind": "rename", "code": code, "name": name})
    return int(site.post(f"{plan}/publish").json()["edition"])


def test_who_follows_the_changes_sees_each_edition_once(site: httpx.Client) -> None:
    grid = f"{COMMUNITIES[2]}001"
    known = site.get("/v1/editions").json()["editions"][0]["number"]
    first, second = rename(site, grid, "甲"), rename(site, grid, "乙")
    page = site.get("/v1/changes", params={"since": known, "limit": 1}).json()
    assert (page["next"], page["is_all"], [one["edition"] for one in page["editions"]]) == (first, False, [first])
    rest = site.get("/v1/changes", params={"since": page["next"]}).json()
    assert (rest["next"], rest["is_all"]) == (second, True)
    [changed] = rest["editions"][0]["changed"]
    assert (changed["code"], changed["before"]["name"], changed["after"]["name"]) == (grid, "甲", "乙")
    assert not changed["moved"]
    nothing = site.get("/v1/changes", params={"since": second}).json()
    assert (nothing["next"], nothing["is_all"], nothing["editions"]) == (second, True, [])
    assert site.get("/v1/changes", params={"since": second + 100}).status_code == 404
    both = site.get(f"/v1/editions/{known}/diff/{second}").json()
    assert [one["after"]["name"] for one in both["changed"]] == ["乙"]
    assert "ground" not in both


def test_the_ground_that_changed_hands_comes_when_it_is_asked_for(site: httpx.Client) -> None:
    two, three = f"{COMMUNITIES[0]}001", f"{COMMUNITIES[0]}002"
    plan = f"/v1/plans/{site.post('/v1/plans', json={'name': '并'}).json()['id']}"
    merged = site.post(f"{plan}/changes", json={"kind": "merge", "codes": [two, three], "keep": two})
    assert merged.status_code == 201, merged.text
    edition = site.post(f"{plan}/publish").json()["edition"]
    told = site.get(f"/v1/editions/{edition - 1}/diff/{edition}", params={"ground": "true"}).json()
    [feature] = told["ground"]["features"]
    assert (feature["properties"]["old"], feature["properties"]["new"]) == (three, two)
    assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
    back = site.get(f"/v1/editions/{edition}/diff/{edition - 1}").json()
    assert {one["code"]: one["before"] is None for one in back["changed"]} == {two: False, three: True}
