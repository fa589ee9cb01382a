"""The small city as files to be handed in, and the steps of an import by http."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import shapely

from tests.small_city import cell_centre, small_division

Feature = dict[str, Any]
MAPPING = {"level": "grid", "datum": "wgs84", "code": "编码", "name": "名称", "parent": "社区", "kind": "类型"}
DEADLINE_S = 60


def grids_file(edition: int = 1, spoil: Callable[[list[Feature]], None] = lambda _: None) -> bytes:
    """The named grids of an edition of the small city as GeoJSON with Chinese column names."""
    division = small_division(edition)
    features: list[Feature] = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(division.leaf_shapes[at])),
            "properties": {
                "编码": str(division.leaf_codes[at]),
                "名称": str(division.leaf_names[at]),
                "社区": str(division.leaf_parents[at]),
                "类型": "专属" if division.leaf_kinds[at] == "dedicated" else "综合",
            },
        }
        for at in np.flatnonzero(division.leaf_kinds != "fallback")
    ]
    spoil(features)
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


INCIDENTS = {
    "datum": "wgs84",
    "reference": "工单编号",
    "occurred_at": "发生时间",
    "lon": "经度",
    "lat": "纬度",
    "category": "问题类型",
}


def incidents_file(rows: int = 40, *, bad: bool = False, encoding: str = "gbk") -> bytes:
    """Incidents in the cells of the small city as a Chinese Excel writes them; ``bad``: one time cannot be read."""
    lines = ["工单编号,发生时间,经度,纬度,问题类型"]
    for number in range(rows):
        lon, lat = cell_centre(number % 4, number // 4 % 3)
        moment = "昨天" if bad and number == 3 else f"2025-06-{1 + number % 28:02d} 08:30:00"
        lines.append(f"G{number:05d},{moment},{lon},{lat},{('路灯不亮', '占道经营', '垃圾清运')[number % 3]}")
    lines.append("G99999,2025-06-30 10:00:00,121.9,36.1,路灯不亮")  # outside the city: kept, unassigned
    return "\r\n".join(lines).encode(encoding)


def moved_east(features: list[Feature], degrees: float = 0.001) -> None:
    """The first grid pushed over its eastern neighbour by a tenth of its width: an overlap and a gap."""
    ring = np.asarray(features[0]["geometry"]["coordinates"][0])
    features[0]["geometry"]["coordinates"] = [(ring + np.array([degrees, 0.0])).round(8).tolist()]


def nudged(features: list[Feature]) -> None:
    """The first grid pushed by half a metre: what may be mended."""
    moved_east(features, 5e-6)


def hand_in(http: httpx.Client, content: bytes, name: str = "网格.geojson", kind: str = "boundaries") -> dict[str, Any]:
    """The import of a file that was handed in, once it has been looked at."""
    answer = http.post("/v1/imports", params={"kind": kind, "filename": name}, content=content)
    assert answer.status_code == 201, answer.text
    return settled(http, answer.json()["id"])


def settled(http: httpx.Client, number: str) -> dict[str, Any]:
    """The import when nothing is being done with it any more."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        told: dict[str, Any] = http.get(f"/v1/imports/{number}").json()
        if told["state"] not in ("uploaded", "reading", "judging", "committing"):
            return told
        time.sleep(0.03)
    raise AssertionError(f"import {number} is {told['state']} for a minute: {told['progress']}")


def declare(http: httpx.Client, number: str, **mapping: Any) -> httpx.Response:
    return http.put(f"/v1/imports/{number}/mapping", json={"fields": mapping or MAPPING})


def judged(http: httpx.Client, content: bytes, **more: Any) -> dict[str, Any]:
    """The import of a file of grids, judged."""
    number = hand_in(http, content)["id"]
    answer = declare(http, number, **MAPPING, **more)
    assert answer.status_code == 200, answer.text
    answer = http.post(f"/v1/imports/{number}/judge")
    assert answer.status_code == 202, answer.text
    return settled(http, number)


def committed(http: httpx.Client, number: str, key: str | None = None) -> dict[str, Any]:
    answer = http.post(f"/v1/imports/{number}/commit", headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code in (200, 202), answer.text
    return settled(http, number)
