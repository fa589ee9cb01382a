"""The business district made by hand, brought in by its files, gets the answers worked out by hand."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import editions
from geo.actors import Actor
from geo.areas import City, Level
from geo.buildings import loading as buildings
from geo.buildings import pinning
from geo.codes import Scheme
from geo.coverage import running, runs
from geo.crs import from_metres, metric_epsg, snap, to_metres
from geo.editions import Request
from geo.entities import named
from geo.entities.loading import Intake, load
from geo.space.division import AreaLayer, NamedGrids, divide
from tests import hand_made_district as made

ACTOR = Actor("tests")
EPSG = metric_epsg(*made.CORNER)
LEVELS = (Level("city", "市", "City"), Level("community", "社区", "Community"), Level("grid", "网格", "Grid"))
LENGTHS = (2, 4, 7)
FALLBACK = "9901000"
CODES = {grid.id: f"9901{grid.id:03d}" if grid.kind != "fallback" else FALLBACK for grid in made.GRIDS}


def degrees(xy: Any) -> np.ndarray[Any, Any]:
    """Metres east and north of the corner as degrees, snapped."""
    corner = to_metres(np.array([made.CORNER]), EPSG)
    return snap(from_metres(corner + np.asarray(xy, dtype=np.float64).reshape(-1, 2), EPSG))


def box(sides: tuple[float, float, float, float]) -> shapely.Polygon:
    """A box of metres; long sides are bent where others end on them, so that neighbours share every node."""
    west, south, east, north = sides
    return shapely.Polygon(degrees([(west, south), (east, south), (east, north), (west, north)]))


def publish(connection: sa.Connection) -> None:
    shapes = np.array([box(grid.box) for grid in made.GRIDS], dtype=object)
    named_ones = [at for at, grid in enumerate(made.GRIDS) if grid.kind != "fallback"]
    columns = (
        [CODES[made.GRIDS[at].id] for at in named_ones],
        [made.GRIDS[at].name for at in named_ones],
        [made.GRIDS[at].kind for at in named_ones],
        ["9901"] * len(named_ones),
    )
    grids = NamedGrids(*(np.array(one, dtype=np.str_) for one in columns), shapes[named_ones])
    outline = shapely.union_all(shapes)
    texts = [np.array([one], dtype=np.str_) for one in ("9901", "滨海社区", "99")]
    layers = [
        AreaLayer(0, *(np.array([one], dtype=np.str_) for one in ("99", "滨海市", "")), None),
        AreaLayer(1, *texts, np.array([outline], dtype=object)),
    ]
    division, found = divide(grids, layers, outline, Scheme(LENGTHS))
    assert not found, found
    city = City("99", "滨海市", "Binhai", LEVELS, LENGTHS, "Asia/Shanghai", EPSG)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert editions.found(connection, division, city, Request(ACTOR, "手工", {}, since))


def enter(connection: sa.Connection, slug: str, path: Path) -> None:
    loaded = load(connection, ACTOR, Intake(named(slug), path, datum="wgs84", source="hand", commit=True))
    assert loaded.is_kept, [one.message for one in loaded.findings.listed]


def table(folder: Path, slug: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"{slug}.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def stand_buildings(connection: sa.Connection, folder: Path) -> None:
    rows = [{"id": f"B{one.id}", "name": one.name, "use": one.use, "geometry": box(one.box)} for one in made.BUILDINGS]
    geopandas.GeoDataFrame(rows, geometry="geometry", crs=4326).to_parquet(folder / "buildings.parquet")
    intake = buildings.Intake(folder / "buildings.parquet", "wgs84", source="hand", commit=True)
    assert buildings.load(connection, ACTOR, intake).is_kept
    ids = of(connection, "buildings", "B")
    for one in made.BUILDINGS:
        if one.is_pinned:
            pinning.pin(connection, ACTOR, ids[one.id], CODES[one.grid])


def of(connection: sa.Connection, name: str, letter: str) -> dict[int, int]:
    """Number by hand → id in the store."""
    rows = connection.execute(sa.text(f"SELECT id, reference FROM {name}"))
    return {int(row.reference.removeprefix(letter)): row.id for row in rows if row.reference[1:].isdigit()}


def spots(xy: tuple[float, float]) -> dict[str, float]:
    lon, lat = degrees([xy])[0].tolist()
    return {"lon": lon, "lat": lat}


def bring_in(connection: sa.Connection, folder: Path) -> None:
    """Everything by its files, in the order in which each finds what it refers to."""
    publish(connection)
    stand_buildings(connection, folder)
    enter(connection, "units", table(folder, "units", [_unit(one) for one in made.UNITS]))
    organisations = [_organisation(one) for one in made.ORGANISATIONS] + _grid_branches()
    enter(connection, "organisations", table(folder, "organisations", organisations))
    _, name, ground = made.BUSINESS_DISTRICT
    district = {"id": ["D31"], "name": [name], "kind": ["商圈"]}
    geopandas.GeoDataFrame(district, geometry=[box(ground)], crs=4326).to_file(folder / "d.gpkg")
    enter(connection, "business-districts", folder / "d.gpkg")
    enter(connection, "coverage-records", table(folder, "records", [_record(one) for one in made.RECORDS]))
    enter(connection, "staff-slots", table(folder, "slots", _slots()))
    number, name, leader, members = made.ALLIANCE
    alliance = [{"id": f"A{number}", "name": name, "leader": f"P{leader}", "business_district": "D31"}]
    enter(connection, "alliances", table(folder, "alliances", alliance))
    rows = [{"id": f"M{unit}", "alliance": f"A{number}", "unit": f"U{unit}"} for unit in members]
    enter(connection, "alliance-members", table(folder, "members", rows))


def _unit(one: Any) -> dict[str, Any]:
    return {
        "id": f"U{one.id}",
        "name": one.name,
        "building": f"B{one.building}",
        "industry": one.industry,
        "workers": "" if one.workers is None else one.workers,
        "members": "" if one.members is None else one.members,
        "operating": "是" if one.operating else "否",
        "surveyed_on": one.surveyed or "",
    }


def _organisation(one: made.Organisation) -> dict[str, Any]:
    return {
        "id": f"P{one.id}",
        "name": one.name,
        "kind": one.kind,
        "formation": one.formation,
        "members": one.members,
        "parent": f"P{one.parent}" if one.parent else "",
        "industry": one.industry,
        "capacity": "" if one.capacity is None else one.capacity,
        "place": "",
        **spots(one.xy),
    }


def _grid_branches() -> list[dict[str, Any]]:
    blank = dict.fromkeys(_organisation(made.ORGANISATIONS[0]), "")
    told = {"kind": "grid_branch", "formation": "standalone"}
    return [
        blank | told | {"id": f"P9{grid.id}", "name": f"{grid.name}党支部", "place": CODES[grid.id]}
        for grid in made.GRIDS
        if grid.branch
    ]


def _record(one: made.Record) -> dict[str, Any]:
    kind, number = one.subject
    said = CODES[number] if kind == "grid" else f"{kind[0].upper()}{number}"
    return {
        "id": f"C{one.id}",
        **{name: said if name == kind else "" for name in ("unit", "building", "grid")},
        "organisation": f"P{one.organisation}" if one.organisation else "",
        "method": one.method,
        "evidence_on": one.evidence or "",
        "since": one.since or "",
        "until": one.until or "",
    }


def _slots() -> list[dict[str, Any]]:
    return [
        {"id": f"S{grid.id}", "place": CODES[grid.id], "line": "grid", "time": "full", "slots": slots, "filled": filled}
        for grid in made.GRIDS
        for slots, filled in ([grid.full_time] if grid.full_time else [])
    ]


@pytest.fixture
def city(connection: sa.Connection, tmp_path: Path) -> sa.Connection:
    bring_in(connection, tmp_path)
    running.run(connection, ACTOR, made.DAY)
    return connection


def held(connection: sa.Connection, name: str, columns: str) -> list[sa.Row[Any]]:
    return list(connection.execute(sa.text(f"SELECT {columns} FROM {name} WHERE last_run IS NULL")))


def test_units_buildings_and_grids_get_the_answers_worked_out_by_hand(city: sa.Connection) -> None:
    units = {number: one for one, number in of(city, "units", "U").items()}
    records = {number: one for one, number in of(city, "coverage_records", "C").items()}
    told = {
        units[row.unit_id]: (row.code, row.method or "", records.get(row.record_id, 0), tuple(row.keys))
        for row in held(city, "unit_states", "unit_id, code, method, record_id, reason->'keys' AS keys")
    }
    assert told == {unit: answer for unit, answer in made.STATES.items() if answer[0]}
    stood = {number: one for one, number in of(city, "buildings", "B").items()}
    found = {
        stood[row.building_id]: (row.code, round(row.score, 6))
        for row in held(city, "building_states", "building_id, code, score")
        if row.code
    }
    assert found == {one: answer[:2] for one, answer in made.BUILDING_STATES.items()}
    straddling = [stood[row.building_id] for row in held(city, "building_states", "*") if row.straddles]
    assert tuple(straddling) == made.STRADDLING
    codes = {row.id: row.code for row in city.execute(sa.text("SELECT id, code FROM codes"))}
    grids = {codes[row.grid_id]: row.code or "" for row in held(city, "grid_states", "grid_id, code")}
    assert grids == {CODES[number]: answer[0] for number, answer in made.GRID_STATES.items()}


def test_one_joint_branch_is_proposed_and_an_alliance_covers_nobody(city: sa.Connection) -> None:
    units = {number: one for one, number in of(city, "units", "U").items()}
    rows = city.execute(
        sa.text("SELECT unit_id FROM joint_members JOIN joint_groups g ON g.id = group_id WHERE g.last_run IS NULL")
    )
    assert tuple(sorted(units[row.unit_id] for row in rows)) == made.JOINT_GROUPS[0]
    states = {row.unit_id: row.code for row in held(city, "unit_states", "unit_id, code")}
    in_alliance = [states[number] for number, one in units.items() if one in made.ALLIANCE[3]]
    assert sorted(in_alliance) == ["P1", "P3"]


def test_a_unit_that_gets_its_branch_is_closed_and_the_rates_rise(city: sa.Connection, tmp_path: Path) -> None:
    before = runs.last(city)
    assert before is not None
    path = table(tmp_path, "more", [_record(made.Record(201, ("unit", 2), 2, "own", evidence=date(2026, 11, 20)))])
    enter(city, "coverage-records", path)
    after, is_new = running.run(city, ACTOR, made.DAY)
    assert is_new
    assert after.number == before.number + 1
    units = {number: one for one, number in of(city, "units", "U").items()}
    told = {units[row.unit_id]: row.code for row in held(city, "unit_states", "unit_id, code")}
    assert told[2] == "covered"
    closed = city.execute(
        sa.text("SELECT unit_id, code FROM unit_states WHERE last_run = :run"), {"run": after.number}
    ).all()
    assert [(units[row.unit_id], row.code) for row in closed] == [(2, "P1")]
    assert after.counts["units"]["covered"] == before.counts["units"]["covered"] + 1
    assert "P1" not in after.counts["units"]
