"""`/v1/plans/{id}/drawing`: the leaves of a plan before and after it, as a page draws them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import shapely
from shapely.geometry import shape

from tests.small_city import CITY, COMMUNITIES, HIGH, SOUTH, WEST, WIDE

SCOPE = COMMUNITIES[2]
GRIDS = [f"{SCOPE}00{number}" for number in (1, 2, 3)]


def line(row: float) -> dict[str, Any]:
    lon = WEST + 2 * WIDE
    ends = [(lon - 0.2 * WIDE, SOUTH + row * HIGH), (lon + 1.2 * WIDE, SOUTH + row * HIGH)]
    return {"type": "LineString", "coordinates": ends}


def begun(site: httpx.Client, *changes: dict[str, Any], scope: str | None = SCOPE) -> str:
    plan = site.post("/v1/plans", json={"name": "东片", "scope": scope}).json()["id"]
    for change in changes:
        assert site.post(f"/v1/plans/{plan}/changes", json=change).status_code == 201
    return f"/v1/plans/{plan}"


def statuses(features: dict[str, Any]) -> dict[str, str]:
    return {one["properties"]["code"]: one["properties"]["status"] for one in features["features"]}


def ground(features: dict[str, Any]) -> Any:
    return shapely.union_all([shape(one["geometry"]) for one in features["features"]])


def test_a_plan_without_changes_is_drawn_as_its_scope_stands(site: httpx.Client) -> None:
    told = site.get(f"{begun(site)}/drawing").json()
    assert (told["is_whole"], told["in_force"]) == (True, None)
    assert statuses(told["before"]) == statuses(told["after"]) == dict.fromkeys(GRIDS, "same")
    words = told["before"]["features"][0]["properties"]
    assert (words["kind"], words["parent"]) == ("comprehensive", SCOPE)


def test_a_split_appears_on_the_same_ground(site: httpx.Client) -> None:
    told = site.get(f"{begun(site, {'kind': 'split', 'code': GRIDS[1], 'line': line(1.5)})}/drawing").json()
    before, after = statuses(told["before"]), statuses(told["after"])
    assert before[GRIDS[1]] == after[GRIDS[1]] == "changed"
    assert [code for code, status in after.items() if status == "appeared"] == [f"{SCOPE}004"]
    assert before[GRIDS[0]] == after[GRIDS[0]] == "noded" or before[GRIDS[0]] == after[GRIDS[0]] == "same"
    assert ground(told["before"]).symmetric_difference(ground(told["after"])).area < 1e-12


def test_a_merge_retires_a_grid(site: httpx.Client) -> None:
    told = site.get(f"{begun(site, {'kind': 'merge', 'codes': GRIDS[:2], 'keep': GRIDS[0]})}/drawing").json()
    assert statuses(told["before"])[GRIDS[1]] == "retired"
    assert GRIDS[1] not in statuses(told["after"])


def test_a_name_alone_is_a_change_without_ground(site: httpx.Client) -> None:
    told = site.get(f"{begun(site, {'kind': 'rename', 'code': GRIDS[0], 'name': '新名'})}/drawing").json()
    assert statuses(told["after"])[GRIDS[0]] == "changed"
    assert {one["properties"]["name"] for one in told["after"]["features"]} >= {"新名"}


@pytest.mark.parametrize("query", ["on=tomorrow", "far=1"])
def test_what_is_not_known_is_refused(site: httpx.Client, query: str) -> None:
    assert site.get(f"{begun(site)}/drawing?{query}").status_code == 400


def test_a_plan_of_the_whole_city_is_drawn_whole_while_it_is_small(site: httpx.Client) -> None:
    told = site.get(f"{begun(site, scope=CITY)}/drawing").json()
    assert told["is_whole"]
    assert len(told["before"]["features"]) == len(site.get("/v1/export/edition.geojson").json()["features"])


def test_an_unknown_plan_is_not_found(site: httpx.Client) -> None:
    assert site.get("/v1/plans/99999/drawing").status_code == 404
