"""Coverage and blind spots that a preview foretells are those a run finds after the plan was really published."""

from __future__ import annotations

from datetime import date

import numpy as np
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo import areas
from geo.coverage import runs
from geo.plans import previews
from geo.plans.checks import Check
from geo.plans.consequences import Consequences, consequences
from geo.space.redraw.changes import Change, Merge
from tests.covered import enter
from tests.drawn_plans import drawn_up
from tests.inhabited import inhabit
from tests.left_behind import GOES, leaf, settle, staff
from tests.looked import ACTOR, Looked, foretold_is_found
from tests.small_city import COMMUNITIES, cell_centre, publish_small_city
from tests.small_plans import FIRST, LAST, NEW, SECOND, SPLIT, drawn
from tests.undone import undone


@given(seed=st.integers(0, 100_000))
@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_preview_foretells_is_what_a_run_finds_after_the_publish(engine: sa.Engine, seed: int) -> None:
    with undone(engine) as connection:
        publish_small_city(connection)
        inhabit(connection, seed, runs.today(areas.city(connection)))
        foretold_is_found(connection, drawn_up(connection, np.random.default_rng(seed)), Looked(connection))


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


def test_units_that_stood_in_another_grid_than_their_place_are_placed_though_nothing_was_read_there(
    connection: sa.Connection,
) -> None:
    publish_small_city(connection)
    enter(connection, "units", *({"name": "错置", "lonlat": cell_centre(3, row)} for row in (0, 1)))
    connection.execute(sa.text("UPDATE units SET grid_id = :first"), {"first": leaf(connection, FIRST)})
    previews.publish(connection, ACTOR, drawn(connection, SPLIT).id)
    asked = sa.text("SELECT code FROM units JOIN codes ON codes.id = grid_id ORDER BY 1")
    assert connection.scalars(asked).all() == [LAST, f"{COMMUNITIES[3]}002"]
