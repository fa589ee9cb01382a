"""What a preview promises is what SQL counts after the publish: buildings, households, incidents, units, posts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.areas import current
from geo.entities.figures import Figures, Part, divided, in_force
from geo.incidents.adding import NewIncident, add
from geo.plans import previews
from geo.plans.consequences import Consequences, consequences
from geo.plans.figures import GridFigures
from geo.space.redraw.changes import Transfer
from geo.tables import buildings
from tests.covered import enter
from tests.db.test_plans import ACTOR
from tests.drawn_plans import drawn_up
from tests.small_city import COLUMNS, COMMUNITIES, HIGH, ROWS, SOUTH, WEST, WIDE, publish_small_city
from tests.small_plans import FIRST, SECOND, drawn
from tests.standing import stand
from tests.undone import undone

NOW = datetime.now(UTC)

AFTER = """
WITH held AS (
  SELECT b.grid_id AS id, count(*) AS buildings, sum(households) AS households, sum(firms) AS firms,
         sum(workers) AS workers, count(*) FILTER (WHERE households IS NULL) AS unknown
    FROM buildings AS b GROUP BY 1),
happened AS (
  SELECT grid_now AS id, count(*) FILTER (WHERE i.status = 'reported' AND NOT EXISTS (
           SELECT FROM incident_stages AS s WHERE s.incident_id = i.id AND s.stage = 'resolved')) AS open,
         count(*) FILTER (WHERE occurred_at > now() - interval '365 days') AS recent
    FROM incidents AS i GROUP BY 1),
inside AS (SELECT grid_id AS id, count(*) AS units FROM units WHERE operating IS DISTINCT FROM false GROUP BY 1)
SELECT codes.code, coalesce(buildings, 0) AS buildings, households, firms, workers, coalesce(unknown, 0) AS unknown,
       coalesce(open, 0) AS open, coalesce(recent, 0) AS recent, coalesce(units, 0) AS units
  FROM codes LEFT JOIN held USING (id) LEFT JOIN happened USING (id) LEFT JOIN inside USING (id)
"""


def places(random: np.random.Generator, n: int) -> Any:
    """Places in the city and somewhat around it."""
    x, y = random.uniform(-0.05, 1.05, (2, n))
    return np.column_stack([WEST + x * COLUMNS * WIDE, SOUTH + y * ROWS * HIGH])


def populate(connection: sa.Connection, random: np.random.Generator) -> None:
    """Buildings with gaps in what is known, units in them and beside, incidents, figures and posts of grids."""
    x, y = places(random, 50).T
    wide, high = random.choice([1e-4, 1e-3, 5e-3], (2, 50))
    counts = {name: random.choice([np.nan, 0, 7, 120], 50).tolist() for name in ("households", "firms", "workers")}
    stand(connection, shapely.box(x, y, x + wide, y + high), **counts)
    pinned = sa.update(buildings).where(buildings.c.id % 9 == 0).values(pinned_id=buildings.c.grid_id)
    connection.execute(pinned)
    ids = list(connection.scalars(sa.text("SELECT id FROM buildings ORDER BY id")))
    enter(connection, "units", *({"name": str(at), "lonlat": tuple(one)} for at, one in enumerate(places(random, 20))))
    for number in range(15):
        building = int(random.choice(ids))
        row = {"reference": f"in {number}", "name": "楼内", "building_id": building, "operating": bool(number % 5)}
        enter(connection, "units", row | grid_of(connection, building))
    for number, (lon, lat) in enumerate(places(random, 40).tolist()):
        when = NOW - timedelta(days=float(random.choice([1, 200, 900])))
        status = str(random.choice(["reported", "办结"]))
        told = NewIncident("热线", str(number), when, lon, lat, status=status)
        add(connection, ACTOR, told)
    some = list(connection.scalars(sa.text("SELECT id FROM incidents WHERE id % 3 = 0 ORDER BY id")))
    enter(
        connection,
        "incident_stages",
        *({"reference": str(one), "incident_id": one, "stage": "resolved", "at": NOW} for one in some),
    )
    leaves = connection.execute(sa.text("SELECT id FROM grids ORDER BY id")).scalars().all()
    for at, leaf in enumerate(leaves):
        known = {name: int(random.integers(0, 900)) for name in ("households", "residents", "firms")}
        if at % 3:
            enter(
                connection,
                "grid_figures",
                {"reference": str(leaf), "place_id": leaf, "as_of": date(2025, 1, 1 + at), **known},
            )
        if at % 4:
            for line in ("police", "party"):
                slots = {"slots": int(random.integers(0, 9)), "filled": int(random.integers(0, 4))}
                told = {"place_id": leaf, "line": line, "time": "full", "as_of": date(2025, 1, 1), **slots}
                enter(connection, "staff_slots", {"reference": f"{leaf} {line}", **told})


def grid_of(connection: sa.Connection, building: int) -> dict[str, Any]:
    row = connection.execute(sa.select(buildings.c.grid_id, buildings.c.community_id).where(buildings.c.id == building))
    return dict(row.one()._mapping)


def counted(connection: sa.Connection) -> dict[str, Any]:
    return {row.code: row for row in connection.execute(sa.text(AFTER))}


@given(seed=st.integers(0, 100_000))
@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_preview_promises_is_what_is_counted_after_the_publish(engine: sa.Engine, seed: int) -> None:
    random = np.random.default_rng(seed)
    with undone(engine) as connection:
        publish_small_city(connection)
        populate(connection, random)
        plan = drawn_up(connection, random)
        shown = previews.preview(connection, plan)
        if shown.is_same:
            return
        means, was = consequences(connection, shown), counted(connection)
        previews.publish(connection, ACTOR, plan.id)
        now = counted(connection)
        told = {one.code: one for one in means.grids}
        moved = {code for one in means.moves for code in (one.was, one.now)} - {""}
        for code, row in now.items():
            if code in told:
                assert_as_counted(told[code], was.get(code), row)
            else:
                assert tuple(row)[1:] == tuple(was[code])[1:] or code in moved, code
        assert_balanced(means, was, now)
        assert_declared(connection, means)
        assert [one.kind for one in means.checks if one.severity == "error"] == []


def assert_as_counted(one: GridFigures, was: Any, now: Any) -> None:
    """A grid's figures before and after are what SQL counts."""
    for side, counts in ((one.before, was), (one.after, now)):
        if side is None:
            continue
        sums = [counts[at] if counts.buildings else 0 for at in (2, 3, 4)]
        assert [side.households, side.firms, side.workers] == sums, one.code
        assert (side.buildings, side.unknown_buildings) == (counts.buildings, counts.unknown), one.code
        assert (side.open_incidents, side.incidents_12m) == (counts.open, counts.recent), one.code
        assert side.units == counts.units, one.code


def assert_balanced(means: Consequences, was: dict[str, Any], now: dict[str, Any]) -> None:
    """Moves explain exactly what every grid gains and loses."""
    for code in {*was, *now}:
        before, after = ((rows[code].buildings, rows[code].units) if code in rows else (0, 0) for rows in (was, now))
        gained = [one.carried for one in means.moves if one.now == code]
        lost = [one.carried for one in means.moves if one.was == code]
        for at, name in enumerate(("buildings", "units")):
            change = sum(getattr(one, name) for one in gained) - sum(getattr(one, name) for one in lost)
            assert after[at] - before[at] == change, (code, name)


def assert_declared(connection: sa.Connection, means: Consequences) -> None:
    """Figures and posts that are declared follow as they were promised to."""
    ids = {row.code: row.id for row in connection.execute(sa.text("SELECT id, code FROM codes"))}
    figures = in_force(connection, current(connection))
    query = sa.text(
        "SELECT place_id, sum(slots), sum(filled) FROM (SELECT DISTINCT ON (place_id, line, time) * FROM staff_slots "
        "ORDER BY place_id, line, time, as_of DESC NULLS LAST, edition DESC, id DESC) AS newest GROUP BY 1"
    )
    slots = {row[0]: (row[1], row[2]) for row in connection.execute(query)}
    for one in means.grids:
        if one.after is None:
            continue
        known = figures.get(ids[one.code])
        told = one.after.declared
        assert (told is None) == (known is None), one.code
        if known and told:
            assert {name: getattr(told, name) for name in known.counts} == known.counts
            assert one.after.residents == known.counts["residents"]
        assert (one.after.slots, one.after.slots_filled) == slots.get(ids[one.code], (None, None)), one.code


def test_a_grid_that_gains_ground_has_figures_of_it_though_its_own_are_newer() -> None:
    known = {
        1: Figures(1, date(2025, 1, 5), {"households": 40, "residents": 480, "firms": 8, "workers": None}),
        2: Figures(2, date(2025, 1, 6), {"households": 17, "residents": 240, "firms": 4, "workers": None}),
    }
    moved = [Part(1, 1, 0.25, {}), Part(1, 2, 0.75, {}), Part(2, 2, 1.0, {})]
    made = divided(moved, known)
    assert made[2] == Figures(2, date(2025, 1, 6), {"households": 47, "residents": 600, "firms": 10, "workers": None})
    assert made[1].as_of == date(2025, 1, 5)


def test_what_is_in_a_building_in_three_grids_comes_with_it_to_one_that_gained_nothing(
    connection: sa.Connection,
) -> None:
    publish_small_city(connection)
    x, y = WEST + WIDE, SOUTH + HIGH  # where the first grid, the one north of it and the one east of it meet
    boxes = ((x - 0.004, y - 0.003, x + 0.002, y), (x - 0.004, y, x - 0.001, y + 0.003))
    stand(connection, [shapely.union_all([shapely.box(*one) for one in boxes])])
    building = int(connection.scalars(sa.text("SELECT id FROM buildings")).one())
    row = {"name": "楼内", "building_id": building}
    enter(connection, "units", row | grid_of(connection, building))
    plan = drawn(connection, Transfer(shapely.box(x - 0.0012, y - 0.0035, x, y - 0.0004), f"{COMMUNITIES[1]}001"))
    means = consequences(connection, previews.preview(connection, plan))
    moves = {(one.was, one.now): (one.carried.buildings, one.carried.units) for one in means.moves}
    assert moves[FIRST, SECOND] == (1, 1)
    previews.publish(connection, ACTOR, plan.id)
    asked = sa.text("SELECT code FROM units JOIN codes ON codes.id = units.grid_id")
    assert connection.scalars(asked).all() == [SECOND]
