"""Moabit and Manhattan as business districts: units as many as their real buildings hold, and what a run says of them.

The buildings are real; the units in them are made, since no file of them may be kept.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo.actors import Actor
from geo.buildings import loading as buildings
from geo.buildings.uses import read_map
from geo.coverage import rates, running
from geo.coverage.found import open_run
from geo.coverage.rulebooks import STATES
from geo.coverage.spots import Asked, rank
from geo.entities import named
from geo.entities.loading import Intake, load
from tests.boxed_city import Bounds, publish_boxes

ACTOR, DAY = Actor("tests"), date(2026, 11, 1)
WORDS = Path(__file__).parent.parent / "sources/moabit_uses.csv"
BUSINESS = ("office", "commercial", "mall", "hotel", "industrial", "storage", "culture")
pytestmark = pytest.mark.real


def bounds_of(path: Path) -> Bounds:
    west, south, east, north = geopandas.read_parquet(path, columns=["geometry"]).total_bounds.tolist()
    return west - 1e-4, south - 1e-4, east + 1e-4, north + 1e-4


def written(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *rows])
    return path


def enter(connection: sa.Connection, slug: str, path: Path) -> int:
    loaded = load(connection, ACTOR, Intake(named(slug), path, datum="wgs84", source="made", commit=True))
    assert loaded.is_kept, loaded.findings.listed[:3]
    return loaded.stored.stored


def made_units(connection: sa.Connection, folder: Path, most: int, per_m2: float) -> int:
    """Units in the business buildings, one for each ``per_m2`` of floor, with members and surveys by chance."""
    chance = np.random.default_rng(2026)
    rows: list[list[object]] = []
    query = "SELECT reference, area_m2 * coalesce(floors, 4) AS floor FROM buildings WHERE use = ANY(:uses) ORDER BY id"
    for row in connection.execute(sa.text(query), {"uses": list(BUSINESS)}):
        for _ in range(min(12, 1 + int(row.floor / per_m2))):
            surveyed = "" if chance.random() < 0.15 else f"2026-0{chance.integers(1, 10)}-01"
            members = int(chance.choice([0, 0, 0, 1, 1, 2, 2, 3, 5, 12]))
            industry = chance.choice(["software", "trade", "finance", "hospitality"])
            rows.append(
                [
                    f"U{len(rows)}",
                    f"单位{len(rows)}",
                    row.reference,
                    industry,
                    chance.integers(2, 90),
                    members,
                    surveyed,
                ]
            )
            if len(rows) == most:
                break
        if len(rows) == most:
            break
    header = ["id", "name", "building", "industry", "workers", "members", "surveyed_on"]
    return enter(connection, "units", written(folder / "units.csv", header, rows))


def cover_some(connection: sa.Connection, folder: Path) -> None:
    """Organisations at every hundredth unit, and records by every method for a third of the units."""
    places = connection.execute(
        sa.text("SELECT id, reference, ST_X(geom) AS x, ST_Y(geom) AS y FROM units ORDER BY id")
    ).all()
    organisations: list[list[object]] = [
        [f"P{k}", f"组织{k}", "branch" if k % 3 else "committee", 3, row.x, row.y]
        for k, row in enumerate(places[::100])
    ]
    path = written(folder / "organisations.csv", ["id", "name", "kind", "capacity", "lon", "lat"], organisations)
    enter(connection, "organisations", path)
    methods = ["own", "joint", "area", "industry", "instructor", "liaison", "mass_organisation"]
    records: list[list[object]] = [
        [f"C{k}", row.reference, f"P{k % len(organisations)}", methods[k % 7], "2026-05-01" if k % 5 else "2023-01-01"]
        for k, row in enumerate(places[::3])
    ]
    header = ["id", "unit", "organisation", "method", "evidence_on"]
    enter(connection, "coverage-records", written(folder / "coverage.csv", header, records))


def district(connection: sa.Connection, folder: Path, ground: shapely.Polygon) -> int:
    table = geopandas.GeoDataFrame(
        {"id": ["D1"], "name": ["商圈"], "kind": ["commercial_area"]}, geometry=[ground], crs=4326
    )
    table.to_file(folder / "district.gpkg")
    enter(connection, "business-districts", folder / "district.gpkg")
    return int(connection.scalar(sa.text("SELECT max(id) FROM business_districts")) or 0)


def held_to_the_rules(connection: sa.Connection, number: int) -> None:
    """What must hold of any run, counted in SQL and from what is read back."""
    made, _ = running.run(connection, ACTOR, DAY)
    found = open_run(connection, made)
    count = "SELECT count(*) FROM unit_states WHERE last_run IS NULL"
    units = connection.scalar(sa.text("SELECT count(*) FROM units WHERE operating IS NOT FALSE"))
    assert connection.scalar(sa.text(count)) == units == len(found.units.id)
    codes = set(connection.scalars(sa.text("SELECT DISTINCT code FROM unit_states")))
    assert codes <= set(STATES)
    assert {"P1", "P2", "P3", "P4", "P5", "U"} <= codes
    groups = connection.execute(
        sa.text(
            "SELECT count(*) AS units, sum(s.members) AS members FROM joint_members m JOIN unit_states s "
            "ON s.unit_id = m.unit_id AND s.last_run IS NULL JOIN joint_groups g ON g.id = m.group_id "
            "WHERE g.last_run IS NULL GROUP BY m.group_id"
        )
    ).all()
    assert groups
    assert all(row.units <= 5 and row.members >= 3 for row in groups)
    ranking = rank(connection, found, Asked(district=number))
    assert 20 < len(ranking.wanted) <= len(ranking.ids)
    scores = ranking.score[ranking.wanted]
    assert (np.diff(scores) <= 0).all()
    covered = rates.rates(ranking.summed, "organisational", "units")
    assert np.nanmin(covered) >= 0
    assert np.nanmax(covered) <= 1


def test_moabit_is_a_business_district(connection: sa.Connection, real: Path, tmp_path: Path) -> None:
    path = real / "berlin_moabit/buildings.parquet"
    bounds = bounds_of(path)
    publish_boxes(connection, bounds, 6, "Europe/Berlin")
    columns = {"reference": "OBJECTID", "use": "Gebaeude_1", "floors": "AnzahlDerO"}
    intake = buildings.Intake(path, "wgs84", columns=columns, source="berlin", uses=read_map(WORDS), commit=True)
    assert buildings.load(connection, ACTOR, intake).stored.unassigned == 0
    assert made_units(connection, tmp_path, 5_000, 1_500) > 1_000
    cover_some(connection, tmp_path)
    held_to_the_rules(connection, district(connection, tmp_path, shapely.box(*bounds)))


def test_manhattan_is_a_business_district(connection: sa.Connection, real: Path, tmp_path: Path) -> None:
    path = real / "nyc/buildings.parquet"
    publish_boxes(connection, bounds_of(path), 20, "America/New_York")
    columns = {"use": "kind_detail", "address": "addr_housenumber+addr_street"}
    loaded = buildings.load(connection, ACTOR, buildings.Intake(path, "wgs84", columns=columns, commit=True))
    assert loaded.stored.stored == 102_034
    # few of them tell a use: those of midtown hold offices for this test
    midtown = shapely.box(-73.995, 40.745, -73.965, 40.765)
    connection.execute(
        sa.text("UPDATE buildings SET use = 'office' WHERE ST_Intersects(geom, ST_GeomFromText(:wkt, 4326))"),
        {"wkt": midtown.wkt},
    )
    assert made_units(connection, tmp_path, 20_000, 1_000) > 5_000
    cover_some(connection, tmp_path)
    held_to_the_rules(connection, district(connection, tmp_path, midtown))
