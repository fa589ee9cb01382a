"""Drawings of plans in wide scopes, and on the edition a plan was begun on."""

from __future__ import annotations

import shapely
import sqlalchemy as sa

from geo.actors import Actor
from geo.plans import drafts, previews
from geo.plans.drawings import Look, drawing
from geo.space.redraw.changes import Merge, Split
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, publish_small_city

ME = Actor("规划员")
SCOPE = COMMUNITIES[0]
GRIDS = [f"{SCOPE}00{number}" for number in (1, 2, 3)]
MIDDLE = shapely.LineString([(WEST - 0.2 * WIDE, SOUTH + 1.5 * HIGH), (WEST + 1.2 * WIDE, SOUTH + 1.5 * HIGH)])
SPLIT = Split(GRIDS[1], MIDDLE, (GRIDS[1], f"{SCOPE}009"), ("", "北片"))


def test_a_wide_scope_is_drawn_where_the_plan_touches_it_and_one_ring_around(connection: sa.Connection) -> None:
    publish_small_city(connection)
    plan = drafts.begin(connection, ME, "宽")
    assert drawing(connection, plan, Look(most=5)).before == []
    previews.add(connection, ME, plan, SPLIT)
    found = drawing(connection, plan, Look(most=5))
    assert not found.is_whole
    codes = {one.code for one in found.before}
    assert set(GRIDS) <= codes
    assert f"{COMMUNITIES[3]}001" not in codes
    assert f"{SCOPE}009" in {one.code for one in found.after}


def test_grids_near_others_are_drawn_where_they_are_asked_for(connection: sa.Connection) -> None:
    publish_small_city(connection)
    plan = drafts.begin(connection, ME, "宽")
    found = drawing(connection, plan, Look(near=[GRIDS[0]], most=5))
    assert {one.code for one in found.before} >= {GRIDS[0], GRIDS[1]}
    assert {one.status for one in found.before} == {"same"}
    assert [one.code for one in found.after] == [one.code for one in found.before]


def test_all_leaves_in_a_view_are_drawn_where_they_are_few(connection: sa.Connection) -> None:
    publish_small_city(connection)
    plan = drafts.begin(connection, ME, "宽")
    view = (WEST + 0.2 * WIDE, SOUTH + 0.2 * HIGH, WEST + 0.8 * WIDE, SOUTH + 1.5 * HIGH)
    found = drawing(connection, plan, Look(view=view, most=5))
    assert [one.code for one in found.before] == GRIDS[:2]
    assert (found.is_whole, found.is_view_whole) == (False, True)
    too_many = drawing(connection, plan, Look(view=view, most=1))
    assert (too_many.before, too_many.is_view_whole) == ([], False)
    other = drafts.begin(connection, ME, "别处", COMMUNITIES[1])
    assert drawing(connection, other, Look(view=view, most=2)).before == []


def test_a_plan_overtaken_is_drawn_on_the_edition_it_was_begun_on(connection: sa.Connection) -> None:
    publish_small_city(connection)
    mine, theirs = (drafts.begin(connection, ME, name, SCOPE) for name in ("我的", "别人的"))
    previews.add(connection, ME, mine, SPLIT)
    previews.add(connection, ME, theirs, Merge((GRIDS[0], GRIDS[1]), GRIDS[0]))
    previews.publish(connection, ME, theirs.id)
    found = drawing(connection, mine, as_begun=True)
    assert found.base == 1
    assert {one.code for one in found.after} >= {GRIDS[1], f"{SCOPE}009"}
    standing = {one.code for one in found.in_force}
    assert GRIDS[0] in standing
    assert GRIDS[1] not in standing


def test_a_plan_in_force_is_drawn_as_it_was_begun(connection: sa.Connection) -> None:
    publish_small_city(connection)
    plan = drafts.begin(connection, ME, "北片", SCOPE)
    previews.add(connection, ME, plan, SPLIT)
    ended, _ = previews.publish(connection, ME, plan.id)
    found = drawing(connection, ended, as_begun=True)
    assert {one.code: one.status for one in found.after}[f"{SCOPE}009"] == "appeared"
