"""A small city whose registers say something of everything that is counted: a few rows, known by heart."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import shapely
import sqlalchemy as sa

from geo import incidents
from geo.actors import Actor
from geo.coverage import running
from geo.incidents import NewIncident
from geo.tables import codes, incident_keys
from tests.covered import enter
from tests.small_city import COMMUNITIES, SUBDISTRICTS, cell_centre, publish_small_city
from tests.standing import stand

ACTOR = Actor("tests")
ON = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
SURVEYED = date(2026, 9, 30)
RECENT = date(2026, 6, 1)


def box(column: int, row: int, half: float = 2e-4) -> shapely.Polygon:
    """A square of about 40 m in the middle of a cell."""
    x, y = cell_centre(column, row)
    return shapely.box(x - half, y - half, x + half, y + half)


def place(connection: sa.Connection, code: str) -> int:
    """The id of a code."""
    return int(connection.scalars(sa.select(codes.c.id).where(codes.c.code == code)).one())


def unit(reference: str, at: tuple[int, int], **told: Any) -> dict[str, Any]:
    """A unit in the middle of a cell, surveyed."""
    return {"reference": reference, "name": reference, "lonlat": cell_centre(*at), "surveyed_on": SURVEYED, **told}


def register(connection: sa.Connection) -> None:
    """The city published and its registers filled; a run on :data:`ON`."""
    publish_small_city(connection)
    stand(connection, [box(0, 0), box(1, 0)])
    units_and_organisations(connection)
    people(connection)
    meetings(connection)
    ground(connection)
    matters(connection)
    running.run(connection, ACTOR, ON)


def units_and_organisations(connection: sa.Connection) -> None:
    """Five units in column 0: one covered, one P1, one P3, one unknown, one closed; one of another column covered."""
    ids = enter(
        connection,
        "units",
        unit("covered", (0, 0), workers=60, members=5),
        unit("must", (0, 0), workers=40, members=4),
        unit("none", (0, 1), workers=10, members=0),
        unit("unknown", (0, 1), workers=90, surveyed_on=None),
        unit("closed", (0, 1), operating=False),
        unit("far", (2, 2), workers=30, members=3),
    )
    organisations = enter(
        connection,
        "party_organisations",
        {"reference": "top", "name": "街道党工委", "kind": "committee", "place_id": place(connection, SUBDISTRICTS[0])},
        {"reference": "own", "name": "甲支部", "kind": "branch", "unit_id": ids[0], "lonlat": cell_centre(0, 0)},
        {"reference": "alone", "name": "孤支部", "kind": "branch", "lonlat": cell_centre(3, 0)},
        {"reference": "nowhere", "name": "无址支部", "kind": "branch", "place_id": place(connection, COMMUNITIES[1])},
        {
            "reference": "grid",
            "name": "网格支部",
            "kind": "grid_branch",
            "place_id": place(connection, COMMUNITIES[0] + "001"),
            "lonlat": cell_centre(0, 0),
        },
    )
    connection.execute(
        sa.text("UPDATE party_organisations SET parent_id = :top WHERE id = :grid"),
        {"top": organisations[0], "grid": organisations[4]},
    )
    enter(
        connection,
        "coverage_records",
        {"unit_id": ids[0], "organisation_id": organisations[1], "method": "own", "evidence_on": RECENT},
        {"unit_id": ids[5], "organisation_id": organisations[0], "method": "instructor", "evidence_on": RECENT},
    )
    (alliance,) = enter(connection, "alliances", {"name": "联盟", "leader_id": organisations[0]})
    enter(connection, "alliance_members", {"alliance_id": alliance, "unit_id": ids[0]})


def people(connection: sa.Connection) -> None:
    """Figures of two grids, posts of two, of which one changed, and three service points."""
    first, second = (place(connection, COMMUNITIES[0] + end) for end in ("001", "002"))
    enter(
        connection,
        "grid_figures",
        {"place_id": first, "as_of": date(2025, 1, 1), "households": 1, "residents": 1, "firms": 1, "workers": 1},
        {"place_id": first, "as_of": RECENT, "households": 400, "residents": 1000, "firms": 20, "workers": 300},
        {"place_id": second, "as_of": RECENT, "households": 300, "residents": None, "firms": 5, "workers": 50},
    )
    enter(
        connection,
        "staff_slots",
        {"place_id": first, "line": "grid", "time": "full", "slots": 9, "filled": 0, "as_of": date(2025, 1, 1)},
        {"place_id": first, "line": "grid", "time": "full", "slots": 2, "filled": 1, "as_of": RECENT},
        {"place_id": first, "line": "police", "time": "part", "slots": 1, "filled": 1, "as_of": RECENT},
        {"place_id": second, "line": "grid", "time": "full", "slots": 1, "filled": 1, "as_of": RECENT},
        {
            "place_id": place(connection, COMMUNITIES[0]),
            "line": "party",
            "time": "full",
            "slots": 4,
            "filled": 3,
            "as_of": RECENT,
        },
    )
    enter(
        connection,
        "service_points",
        {"name": "中心", "kind": "centre", "lonlat": cell_centre(0, 0)},
        {"name": "站", "kind": "station", "lonlat": cell_centre(0, 1)},
        {"name": "调解室", "kind": "mediation", "lonlat": cell_centre(0, 0)},
    )


def meetings(connection: sa.Connection) -> None:
    """Report-ins of one community, pairings one of which ended, deliberations of an estate, a grid and an area."""
    community = place(connection, COMMUNITIES[0])
    enter(
        connection,
        "report_ins",
        {"place_id": community, "as_of": RECENT, "members": 40, "demanded": 20, "met": 15},
        {"place_id": place(connection, COMMUNITIES[1]), "as_of": RECENT, "members": 8, "demanded": None, "met": 3},
    )
    enter(
        connection,
        "pairings",
        {"place_id": community, "subject": "夜校"},
        {"place_id": community, "subject": "旧事", "until": RECENT},
        {"place_id": place(connection, COMMUNITIES[0] + "001"), "subject": "义诊"},
    )
    (estate, *_) = enter(
        connection,
        "estates",
        _estate("一号", (0, 0), owners_committee="member_majority", has_mediation=True, households=100, reserved_m2=40),
        _estate("二号", (0, 1), owners_committee="none", has_mediation=False, households=100, reserved_m2=20),
        _estate("三号", (1, 1), owners_committee=None, property_party="branch", households=50),
        _estate("在建", (1, 0), build_status="building", households=200, reserved_m2=60),
    )
    enter(
        connection,
        "deliberations",
        {"estate_id": estate, "as_of": RECENT, "held": 4, "resolved": 3},
        {"place_id": place(connection, COMMUNITIES[0] + "001"), "as_of": RECENT, "held": 2, "resolved": None},
        {"place_id": place(connection, SUBDISTRICTS[0]), "as_of": RECENT, "held": 5, "resolved": 5},
    )


def _estate(name: str, at: tuple[int, int], **told: Any) -> dict[str, Any]:
    return {"reference": name, "name": name, "ground": box(*at), **told}


def ground(connection: sa.Connection) -> None:
    """Estates in the leaf their middle lies in."""
    connection.execute(
        sa.text(
            "UPDATE estates e SET grid_id = g.id, community_id = g.parent_id FROM grids g "
            "WHERE g.last_edition IS NULL AND ST_Covers(g.geom, ST_PointOnSurface(e.geom))"
        )
    )


def matters(connection: sa.Connection) -> None:
    """Four incidents: one called up and answered, one called up and not, one overdue, one of no listed category."""
    enter(
        connection,
        "incident_categories",
        {"reference": "K1", "name": "噪声", "admitted_level": "grid"},
        {"reference": "K2", "name": "违建", "admitted_level": "subdistrict"},
    )
    for number, (category, at) in enumerate([("噪声", (0, 0)), ("违建", (0, 0)), ("违建", (1, 2)), ("其他", (3, 2))]):
        moment = NOW - timedelta(days=20 + number)
        told = NewIncident("12345", str(number), moment, *cell_centre(*at), reported_at=moment, category=category)
        incidents.add(connection, ACTOR, told)
    ids = list(connection.scalars(sa.select(incident_keys.c.id).order_by(incident_keys.c.reference)))

    def stage(at: int, name: str, days: int, **told: Any) -> dict[str, Any]:
        return {"incident_id": ids[at], "stage": name, "at": NOW - timedelta(days=days), **told}

    enter(
        connection,
        "incident_stages",
        stage(0, "called", 9),
        stage(0, "answered", 8),
        stage(0, "resolved", 7, due_at=NOW - timedelta(days=8)),
        stage(1, "called", 6),
        stage(1, "answered", 5),
        stage(1, "called", 4, due_at=NOW - timedelta(days=1)),
        stage(2, "dispatched", 5, due_at=NOW + timedelta(days=2)),
        stage(3, "reported", 5),
    )
