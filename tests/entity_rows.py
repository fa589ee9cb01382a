"""A few rows of every entity, set down in a test's small city."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import geopandas
import shapely
import sqlalchemy as sa

from geo.actors import Actor
from geo.entities import ENTITIES, Lies
from geo.entities.loading import Intake, load
from tests.small_city import COMMUNITIES, SUBDISTRICTS, cell_centre

GRID = COMMUNITIES[1] + "001"
SPOT = cell_centre(1, 0)
Rows = dict[str, list[dict[str, Any]]]


def rows(spot: tuple[float, float] = SPOT) -> Rows:
    """Rows by the key of their entity, as files have them; what lies somewhere lies at or around the spot."""
    x, y = spot
    ground = shapely.box(x - 2e-3, y - 2e-3, x + 2e-3, y + 2e-3)
    return {
        "units": [
            {"id": f"U{k}", "name": f"{'=' if k == 3 else ''}单位{k}", "kind": "企业" if k % 2 else "", "members": k,
             "operating": "是" if k else "", "lon": x, "lat": y}
            for k in range(5)
        ],
        "party_organisations": [
            {"id": "P1", "name": "街道党工委", "kind": "党委", "place": SUBDISTRICTS[0]},
            {"id": "P2", "name": "网格支部", "kind": "网格党支部", "place": GRID, "parent": "P1"},
        ],
        "business_districts": [{"id": "D1", "name": "中心商圈", "kind": "商圈", "geometry": ground}],
        "estates": [{"id": "E1", "name": "一号小区", "households": 300, "业委会": "已成立", "geometry": ground}],
        "coverage_records": [{"id": "C1", "unit": "U1", "organisation": "P2", "method": "指导员"}],
        "alliances": [{"id": "A1", "name": "商圈联盟", "leader": "P1", "business_district": "D1"}],
        "alliance_members": [{"id": "M1", "alliance": "A1", "unit": "U2"}],
        "service_points": [{"id": "V1", "name": "服务站", "kind": "站", "lon": x, "lat": y}],
        "staff_slots": [{"id": "S1", "place": GRID, "line": "公安", "time": "兼职", "slots": 2, "filled": 1}],
        "duty_contacts": [{"id": "T1", "place": GRID, "post": "网格长", "phone": "8001"}],
        "grid_figures": [{"id": "F1", "place": GRID, "as_of": "2024-06-01", "households": 400, "residents": 1000}],
        "report_ins": [{"id": "R1", "place": COMMUNITIES[1], "as_of": "2024-06-01", "members": 40, "demanded": 5}],
        "pairings": [{"id": "J1", "place": COMMUNITIES[1], "organisation": "P1", "subject": "夜校"}],
        "deliberations": [{"id": "L1", "estate": "E1", "as_of": "2024-06-01", "held": 2, "resolved": 1}],
        "incident_categories": [{"id": "K1", "name": "噪声", "admitted_level": "社区"}],
        "incident_stages": [{"id": "G1", "incident": "example:I1", "stage": "上报", "at": "2024-06-01 08:00"}],
    }  # fmt: skip


def enter(connection: sa.Connection, folder: Path) -> None:
    """All of them stored, through files, and the incident they speak of named."""
    connection.execute(
        sa.text("INSERT INTO incident_keys VALUES ('example', 'I1', 999999, '2024-06-01T00:00:00Z', '\\x00')")
    )
    for key, found in rows().items():
        path = written(folder, key, found)
        intake = Intake(ENTITIES[key], path, datum="wgs84", source="office", commit=True)
        assert load(connection, Actor("tests"), intake).is_kept, key


def written(folder: Path, key: str, found: list[dict[str, Any]]) -> Path:
    """The file of some rows: a table, with geometry where the entity has ground."""
    if ENTITIES[key].lies is Lies.GROUND:
        path = folder / f"{key}.gpkg"
        geopandas.GeoDataFrame(found, geometry="geometry", crs="EPSG:4326").to_file(path)
        return path
    path = folder / f"{key}.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(dict.fromkeys(name for row in found for name in row)))
        writer.writeheader()
        writer.writerows(found)
    return path
