"""Whatever is sent to a plan is answered with what was wrong, where, and what would be right; never with a fault."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE

FIRST = f"{COMMUNITIES[0]}001"
_BOX = [[WEST, SOUTH], [WEST + WIDE, SOUTH], [WEST + WIDE, SOUTH + HIGH], [WEST, SOUTH + HIGH], [WEST, SOUTH]]
_AROUND = [[WEST - 1, SOUTH - 1], [WEST + 1, SOUTH - 1], [WEST + 1, SOUTH + 1], [WEST - 1, SOUTH + 1]]
HUGE = "1" + "0" * 400


def cut(first: str, snap_m: str = "0.5") -> str:
    """A split by a line whose first longitude is told so."""
    line = f'{{"type": "LineString", "coordinates": [[{first}, 1], [2, 3]]}}'
    return f'{{"kind": "split", "code": "1", "line": {line}, "snap_m": {snap_m}}}'


def called(name: str) -> str:
    """A grid under another name."""
    return f'{{"kind": "rename", "code": "{FIRST}", "name": "{name}"}}'


ODD = [
    '{"kind": []}',
    '{"kind": {}}',
    *(cut(first) for first in (HUGE, "NaN", "1e999")),
    *(cut("1", snap_m) for snap_m in (HUGE, "NaN")),
    '{"kind": "cede", "drawn": {"type": "Polygon", "coordinates": null}}',
    '{"kind": "cede", "drawn": {"type": ["Polygon"]}}',
    called("a\\u0000"),
    called("\\ud800"),
    json.dumps(
        {"kind": "transfer", "to": FIRST, "drawn": {"type": "Polygon", "coordinates": [_BOX, [*_AROUND, _AROUND[0]]]}}
    ),
]


@pytest.fixture
def plan(site: httpx.Client) -> str:
    """Address of a plan on the site's city, begun just now."""
    return f"/v1/plans/{site.post('/v1/plans', json={'name': '一'}).json()['id']}"


def test_no_change_however_odd_is_answered_with_a_fault(site: httpx.Client, plan: str) -> None:
    for text in ODD:
        answer = site.post(f"{plan}/changes", content=text, headers={"Content-Type": "application/json"})
        told = answer.json()
        assert answer.status_code == 422, (text, told)
        assert told["message"]["en"] == told["detail"]
        assert told["message"]["zh-CN"] not in ("", told["detail"])
    assert site.get(plan).json()["changes"] == []


def test_what_cannot_be_read_says_what_would_be_right(site: httpx.Client) -> None:
    def detail(**asked: Any) -> str:
        answer = site.post("/v1/plans", **asked)
        assert answer.status_code == 400
        return str(answer.json()["detail"])

    assert "must have at most 200 characters, not 201" in detail(json={"name": "长" * 201})
    assert "body=at character 1: must be JSON" in detail(content="{", headers={"Content-Type": "application/json"})
    assert "is not known here" in detail(json={"name": "一", "extent": "9"})
    far = site.get("/v1/differences", params={"from": "1", "to": "e1"})
    assert (far.status_code, "must be an edition as e3, or" in far.json()["detail"]) == (400, True)
    plan = site.post("/v1/plans", json={"name": "一"}).json()["id"]
    for wrong, right in (("view", "west,south,east,north"), ("on", "must be base")):
        answer = site.get(f"/v1/plans/{plan}/drawing", params={wrong: "1,2,3"})
        assert (answer.status_code, right in answer.json()["detail"]) == (400, True)
    assert site.get("/v1/plans/compare", params={"ids": "0," + "9" * 5000}).status_code == 400


def test_a_lock_is_answered_with_the_ground_it_is_of_and_the_redo_is_not_kept(site: httpx.Client, plan: str) -> None:
    site.post(f"{plan}/changes", json={"kind": "rename", "code": FIRST, "name": "北"}).raise_for_status()
    refused = site.put(f"{plan}/locks/{FIRST}")
    assert (refused.status_code, refused.json()["where"]["type"]) == (422, "GeometryCollection")
    assert "would change that" in refused.json()["detail"]
    site.delete(f"{plan}/changes/1").raise_for_status()
    site.put(f"{plan}/locks/{FIRST}").raise_for_status()
    assert site.post(f"{plan}/redo").status_code == 422
    assert [one["is_undone"] for one in site.get(plan).json()["changes"]] == [True]
    assert site.get(f"{plan}/preview").status_code == 200
