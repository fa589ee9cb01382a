"""The small city with a business district in which every state of coverage stands once, and those who could help.

Nine towers stand in the west of the city, two columns and five rows of them; ``SCORES`` are worked out by hand: workers
of every blind unit × the weight of its code.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import shapely
import sqlalchemy as sa

from tests.covered import enter
from tests.small_city import SOUTH, WEST, publish_small_city
from tests.standing import stand

TODAY = date.today()  # noqa: DTZ011  surveys and evidence are months away from any limit, whatever the zone
RECENT, OLD = TODAY - timedelta(days=30), TODAY - timedelta(days=900)
DISTRICT = "柳林商圈"
HALF = 2.4e-4
"""Degrees of half a tower's side: 50 m across."""

CODES = {
    "东塔": "P1", "联合一号楼": "P2", "联合二号楼": "P2", "西塔": "P3", "升级楼": "P4", "纸面楼": "P5",
    "盖楼": "covered", "联络楼": "work", "未知楼": "U",
}  # fmt: skip
SCORES = {"东塔": 106, "联合一号楼": 80, "联合二号楼": 40, "西塔": 30, "升级楼": 18, "纸面楼": 12}
"""Blind spots by their score, the heaviest first."""


def place(name: str) -> tuple[float, float]:
    """Middle of a tower, lon/lat degrees."""
    at = list(CODES).index(name)
    return round(WEST + 0.002 + 0.0016 * (at % 3), 6), round(SOUTH + 0.002 + 0.0014 * (at // 3), 6)


def tower(name: str) -> shapely.Polygon:
    x, y = place(name)
    return shapely.box(x - HALF, y - HALF, x + HALF, y + HALF)


def publish_spotted_city(connection: sa.Connection) -> None:
    """Publish the small city and set the towers, their units and the organisations down in it."""
    publish_small_city(connection)
    stand(connection, [tower(name) for name in CODES], name=list(CODES))
    ids = dict(connection.execute(sa.text("SELECT name, id FROM buildings")).all())
    ground = shapely.box(WEST + 0.0012, SOUTH + 0.0012, WEST + 0.0060, SOUTH + 0.0056)
    enter(connection, "business_districts", {"name": DISTRICT, "name_en": "Liulin", "kind": "park", "ground": ground})
    committee, branch = enter(
        connection,
        "party_organisations",
        {"name": "数字经济党委", "kind": "committee", "capacity": 3, "lonlat": (WEST + 0.0075, SOUTH + 0.004)},
        {"name": "老支部", "kind": "branch", "capacity": 1, "members": 9, "lonlat": place("盖楼")},
    )
    units = {
        "数码公司": ("东塔", 5, 100), "小店": ("东塔", 0, 10), "待查店": ("东塔", 0, 70),
        "云图": ("联合一号楼", 2, 200), "数联": ("联合二号楼", 1, 100), "家政": ("西塔", 0, 50),
        "软件园": ("升级楼", 5, 60), "旧厂": ("纸面楼", 6, 80), "银行": ("盖楼", 9, 90),
        "茶社": ("联络楼", 0, 20), "新来的": ("未知楼", 4, 300),
    }  # fmt: skip
    rows = [_unit(ids, name, *told) for name, told in units.items()]
    numbers = dict(zip(units, enter(connection, "units", *rows), strict=True))
    record: dict[str, Any] = {"evidence_on": RECENT, "since": OLD}
    enter(
        connection,
        "coverage_records",
        {**record, "unit_id": numbers["软件园"], "method": "instructor", "organisation_id": committee},
        {**record, "unit_id": numbers["旧厂"], "method": "own", "organisation_id": branch, "evidence_on": OLD},
        {**record, "unit_id": numbers["银行"], "method": "own", "organisation_id": branch},
        {**record, "unit_id": numbers["茶社"], "method": "liaison", "organisation_id": committee},
    )


def _unit(ids: dict[str, int], name: str, building: str, members: int, workers: int) -> dict[str, Any]:
    surveyed = None if name in ("新来的", "待查店") else RECENT
    told = {"reference": name, "name": name, "building_id": ids[building], "lonlat": place(building)}
    return told | {"members": members, "workers": workers, "surveyed_on": surveyed, "industry": "software"}
