"""Coverage and blind spots that a preview foretells are those a run finds after the plan was really published."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo import areas
from geo.coverage import rulebooks, running, runs, wording
from geo.coverage.units import METHODS, ORGANISATIONAL
from geo.plans import previews
from geo.plans.checks import Check
from geo.plans.consequences import Consequences, consequences
from geo.plans.figures import Figures
from geo.space.redraw.changes import Change, Merge
from tests.covered import enter
from tests.db.test_coverage_laws import City
from tests.db.test_plans import ACTOR
from tests.db.test_plans_consequences import promised, undone
from tests.left_behind import GOES, leaf, settle, staff
from tests.small_city import publish_small_city
from tests.small_plans import FIRST, NEW, SECOND, SPLIT, drawn

BLIND = ("P1", "P2", "P3", "P4", "P5", "G1", "G2", "G3")

UNITS = """
SELECT 'unit/' || unit_id AS id, s.code AS state, coalesce(c.code, '') AS grid, reason, s.method
  FROM unit_states AS s LEFT JOIN codes AS c ON c.id = s.grid_id WHERE last_run IS NULL
"""
GRIDS = """
SELECT 'grid/' || c.code AS id, coalesce(s.code, '') AS state, c.code AS grid, reason, units
  FROM grid_states AS s JOIN codes AS c ON c.id = s.grid_id WHERE last_run IS NULL
"""
STRADDLING = """
SELECT 'building/' || s.building_id AS id, 'G3' AS state, coalesce(c.code, '') AS grid,
       jsonb_build_object('keys', jsonb_build_array('straddles'), 'share', round(share::numeric * 100)) AS reason
  FROM building_states AS s LEFT JOIN codes AS c ON c.id = s.grid_id WHERE last_run IS NULL AND straddles
"""

IN_BUILDINGS = """
UPDATE units AS u SET grid_id = b.grid_id, community_id = b.community_id FROM buildings AS b WHERE b.id = u.building_id
"""
"""As loading leaves it, and the made city does not: a unit in a building is in its grid."""


class Looked:
    """What a run of today finds: rows by id, as the blind spots are called."""

    def __init__(self, connection: sa.Connection) -> None:
        running.run(connection, ACTOR)
        self.of = [{row.id: row for row in connection.execute(sa.text(query))} for query in (UNITS, GRIDS, STRADDLING)]
        self.rows = {id: row for some in self.of for id, row in some.items()}

    def state(self, id: str) -> tuple[str, str]:
        """State and grid; blank for what is not there."""
        row = self.rows.get(id)
        return (row.state, row.grid) if row else ("", "")

    def figures(self, grid: str) -> dict[str, Any]:
        """What it finds of one grid."""
        units, grids, crossing = self.of
        leaf = grids[f"grid/{grid}"]
        spots = {code: n for code, n in leaf.units.items() if code in BLIND}
        spots |= {leaf.state: 1} if leaf.state in BLIND else {}
        spots |= {"G3": n} if (n := sum(row.grid == grid for row in crossing.values())) else {}
        here = [row for row in units.values() if row.grid == grid]
        return {
            "state": leaf.state,
            "spots": spots,
            "unknown_units": leaf.units.get("U", 0),
            "units": len(here),
            "covered_units": sum(row.method in ORGANISATIONAL for row in here),
        }


def is_told(was: str, now: str) -> bool:
    """Whether a change of state is one of blind spots, or of what is not recorded of a grid."""
    return was != now and (was in BLIND or now in BLIND or now == "U")


def inhabit(connection: sa.Connection, seed: int, today: date) -> None:
    """A city of units, and of grids that have branches, posts and records of their own, or some, or none."""
    city = City(connection, seed, today)
    connection.execute(sa.text(IN_BUILDINGS))
    for number in range(12):
        x, y = city.spots(1)
        few = {"members": int(city.rng.integers(1, 3)), "surveyed_on": today, "workers": 9}
        enter(connection, "units", {"reference": f"few {number}", "lonlat": (float(x[0]), float(y[0])), **few})
    for grid in connection.scalars(sa.text("SELECT id FROM grids ORDER BY id")).all():
        about = {"grid_id": grid, "method": city.pick(*METHODS), "evidence_on": city.day(0.3)}
        organised = {"kind": "grid_branch", "place_id": grid, "members": city.pick(None, 3, 60)}
        post = {"place_id": grid, "line": "grid", "time": city.pick("full", "full", "part"), "filled": city.pick(0, 1)}
        if city.pick(True, False):
            enter(connection, "coverage_records", {"reference": f"of {grid}", **about})
        if city.pick(True, False):
            enter(connection, "party_organisations", {"reference": f"of {grid}", "name": "支部", **organised})
        if city.pick(True, False):
            enter(connection, "staff_slots", {"reference": f"of {grid}", "as_of": city.day(0.3), "slots": 1, **post})


def of(figures: Figures, names: Any) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in names}


def assert_foretold(means: Consequences, before: Looked, after: Looked) -> None:
    """Figures of both sides, and all that comes and goes, the city over, with the reasons of the run."""
    for one in means.grids:
        for side, looked in ((one.before, before), (one.after, after)):
            if side is not None:
                found = looked.figures(one.code)
                assert of(side, found) == found, one.code
    both = {id: (*before.state(id), *after.state(id)) for id in {*before.rows, *after.rows}}
    told = {one.id: one.turn for one in means.spots.shown}
    assert {id: (turn.was, turn.now) for id, turn in told.items()} == {
        id: (was, now) for id, (was, _, now, _) in both.items() if is_told(was, now)
    }
    for id, turn in told.items():
        assert turn.was == "" or turn.grid_was == both[id][1], id
        assert turn.now == "" or turn.grid_now == both[id][3], id


def assert_said(connection: sa.Connection, means: Consequences, after: Looked) -> None:
    """The reasons of what comes are those the run has written down."""
    names = dict(connection.execute(sa.text("SELECT id, coalesce(name, '#' || id) FROM party_organisations")).all())
    today = runs.today(areas.city(connection))
    for one in means.spots.shown:
        if one.turn.now:
            said = wording.reason(rulebooks.current(), after.rows[one.id].reason, names, today)
            assert (one.text.zh, one.text.en) == (said["zh"], said["en"])


@given(seed=st.integers(0, 100_000))
@example(seed=1020)  # units alone lie beyond what was read of the city
@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_preview_foretells_is_what_a_run_finds_after_the_publish(engine: sa.Engine, seed: int) -> None:
    with undone(engine) as connection:
        publish_small_city(connection)
        inhabit(connection, seed, runs.today(areas.city(connection)))
        before = Looked(connection)
        shown = promised(connection, np.random.default_rng(seed))
        if shown is None:
            return
        number, means = shown
        previews.publish(connection, ACTOR, number)
        after = Looked(connection)
        assert_foretold(means, before, after)
        assert_said(connection, means, after)


# -- one by one --------------------------------------------------------------------------------------------------------
def foretold(connection: sa.Connection, *changes: Change) -> Consequences:
    return consequences(connection, previews.preview(connection, drawn(connection, *changes)))


def told(means: Consequences) -> dict[str, tuple[str, str, str]]:
    return {one.name: (one.turn.effect, one.turn.was, one.turn.now) for one in means.spots.shown}


def check_of(means: Consequences, kind: str) -> Check:
    return next(one for one in means.checks if one.kind == kind)


def test_a_new_grid_is_told_to_lack_records_of_its_people_before_any_run(connection: sa.Connection) -> None:
    publish_small_city(connection)
    staff(connection, FIRST, filled=2)
    means = foretold(connection, SPLIT)
    assert told(means) == {"北片网格": ("unknown", "", "U")}
    assert [(one.code, one.before and one.before.state, one.after and one.after.state) for one in means.grids] == [
        (FIRST, "", ""),
        (NEW, None, "U"),
    ]
    found = check_of(means, "people_not_recorded")
    assert (found.severity, found.codes, found.count) == ("info", (NEW,), 1)
    assert found.where is not None
    assert runs.last(connection) is None


def test_posts_of_a_retired_grid_close_the_blind_spot_of_its_heir(connection: sa.Connection) -> None:
    publish_small_city(connection)
    staff(connection, FIRST, filled=0)
    staff(connection, SECOND, filled=0)
    row = {"place_id": leaf(connection, SECOND), "line": "police", "time": "full", "slots": 1, "filled": 1}
    enter(connection, "staff_slots", {"reference": "police", "as_of": date(2025, 1, 1), **row})
    means = foretold(connection, Merge((FIRST, SECOND), FIRST))
    assert told(means) == {"第1-1网格": ("closes", "G2", "")}
    assert means.spots.shown[0].text.zh == "停用网格的支部和岗位转来，已齐全"
    assert [one.after and one.after.spots for one in means.grids] == [{}, None]


def test_who_leaves_the_grid_that_covered_them_appears_with_place_and_reason_and_changes_those_beside(
    connection: sa.Connection,
) -> None:
    publish_small_city(connection)
    settle(connection)
    means = foretold(connection, SPLIT)
    assert told(means) == {
        "划走的公司": ("appears", "covered", "P2"),
        "邻近的小店": ("eases", "P3", "P2"),
        "北片网格": ("unknown", "", "U"),
    }
    found = check_of(means, "blind_spots_appear")
    assert (found.severity, found.codes, found.text.zh) == ("warn", (NEW,), "将出现盲点：可联合组建 1")
    assert found.where is not None
    assert found.where.equals(shapely.GeometryCollection([shapely.Point(GOES)]))
    assert means.spots.shown[0].text.zh == "2 名正式党员，可与 500 米内单位联合组建"
    sides = {one.code: (one.before, one.after) for one in means.grids}
    before, after = sides[FIRST][0], sides[NEW][1]
    assert before is not None
    assert after is not None
    assert (before.covered_units, before.organisational_share, before.spots) == (1, 1.0, {})
    assert (after.covered_units, after.organisational_share, after.spots) == (0, 0.0, {"P2": 1})
