"""What a run finds after a plan was published, and whether its preview foretold exactly that."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.coverage import rulebooks, running, runs, wording
from geo.coverage.units import ORGANISATIONAL
from geo.plans import previews
from geo.plans.consequences import Consequences, consequences
from geo.plans.drafts import Plan
from geo.plans.figures import Figures

ACTOR = Actor("planner")
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


def foretold_is_found(connection: sa.Connection, plan: Plan, before: Looked) -> Looked:
    """What a run finds after the plan was published; raises AssertionError where its preview did not foretell that."""
    shown = previews.preview(connection, plan)
    if shown.is_same:
        return before
    means = consequences(connection, shown)
    previews.publish(connection, ACTOR, plan.id)
    after = Looked(connection)
    assert_foretold(means, before, after)
    assert_said(connection, means, after)
    return after
