"""What cannot be in a plan is refused when it is drawn, with the place, in both languages; nothing of it is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa
from typer.testing import CliRunner, Result

import geo.settings
from api.cli import build
from geo import db
from geo.errors import GeoError, Refused, Stale
from geo.plans import comments, drafts, locks, previews, reviews, scheduling, verdicts, wire
from geo.space.redraw.changes import CutDedicated, Merge, Recode, Rename, Split
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, publish_small_city
from tests.small_plans import FIRST, LAST, NEW, PLANNER, SECOND, SPLIT, drawn, soon


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


def in_effect(connection: sa.Connection, plan: drafts.Plan) -> int:
    return len(drafts.in_effect(drafts.changes_of(connection, plan)))


def test_a_plan_has_no_grid_for_its_scope(city: sa.Connection) -> None:
    with pytest.raises(Refused, match="is a grid") as refused:
        drafts.begin(city, PLANNER, "北片", FIRST)
    assert "网格" in refused.value.zh
    assert drafts.listed(city) == []


def test_what_is_locked_is_not_done_again(city: sa.Connection) -> None:
    plan = drawn(city)
    drafts.undo(city, plan)
    locks.lock(city, PLANNER, plan, FIRST)
    savepoint = city.begin_nested()
    with pytest.raises(Refused, match=f"{FIRST} locked in plan") as refused:
        previews.redo(city, plan)
    savepoint.rollback()
    assert refused.value.where is not None
    assert in_effect(city, plan) == 0
    locks.unlock(city, plan, FIRST)
    assert [one.seq for one in previews.redo(city, plan)] == [1]
    assert in_effect(city, plan) == 1


def test_a_code_that_retired_is_refused_when_it_is_drawn(city: sa.Connection) -> None:
    previews.publish(city, PLANNER, drawn(city, Recode(FIRST, NEW)).id)
    plan = drafts.begin(city, PLANNER, "旧码")
    for change in (Recode(SECOND, FIRST), Split(NEW, SPLIT.line, (NEW, FIRST))):
        with pytest.raises(Refused, match="a retired code never returns"):
            previews.add(city, PLANNER, plan, change)
    assert drafts.changes_of(city, plan) == []


def test_a_submitted_plan_taken_off_the_schedule_is_submitted_and_not_approved(city: sa.Connection) -> None:
    plan = reviews.submit(city, PLANNER, drawn(city))
    plan = scheduling.schedule(city, PLANNER, plan.id, soon())
    with pytest.raises(Stale, match="take it off the schedule, then revise it first"):
        previews.add(city, PLANNER, plan, Rename(SECOND, "北"))
    plan = scheduling.unschedule(city, PLANNER, plan)
    assert (plan.state, verdicts.verdicts_of(city, plan)) == ("submitted", [])
    plan = scheduling.schedule(city, PLANNER, verdicts.approve(city, reviewer(), plan).id, soon())
    assert scheduling.unschedule(city, PLANNER, plan).state == "approved"
    other = scheduling.schedule(city, PLANNER, drawn(city, Rename(LAST, "南")).id, soon())
    assert scheduling.unschedule(city, PLANNER, other).state == "draft"


def test_a_plan_is_checked_when_it_is_published_whatever_was_found_when_it_was_submitted(
    city: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = verdicts.approve(city, reviewer(), reviews.submit(city, PLANNER, drawn(city)))
    monkeypatch.setenv("GRIDATLAS_SEVERITIES", '{"people_not_recorded": "error"}')
    geo.settings.settings.cache_clear()
    with pytest.raises(Refused, match=r"没有登记|未登记|not recorded"):
        reviews.publish(city, PLANNER, plan.id)
    monkeypatch.undo()
    geo.settings.settings.cache_clear()
    assert reviews.publish(city, PLANNER, plan.id)[0].state == "in_force"


def reviewer() -> drafts.Actor:
    return drafts.Actor("official")


def test_conflicts_and_reservations_show_where(city: sa.Connection) -> None:
    mine, theirs = drawn(city), drawn(city, Merge((FIRST, SECOND), SECOND))
    previews.publish(city, PLANNER, theirs.id)
    with pytest.raises(Stale, match="changed since plan") as conflict:
        previews.preview(city, mine)
    where = conflict.value.where
    assert where is not None
    assert shapely.area(where) > 0
    assert f"方案 {mine.id}" in conflict.value.zh
    scheduling.schedule(city, PLANNER, drawn(city, Rename(LAST, "南")).id, soon())
    with pytest.raises(Stale, match=f"{LAST} reserved by plan") as reserved:
        drawn(city, Rename(LAST, "东"))
    assert reserved.value.where is not None
    assert "排期" in reserved.value.zh


def test_a_comment_is_of_a_place_on_earth(city: sa.Connection) -> None:
    plan = drawn(city)
    for place in ({"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": [1e7, 4e6]}, {}):
        with pytest.raises(Refused) as refused:
            comments.say(city, PLANNER, plan, "这里", place)
        assert refused.value.zh
    assert comments.comments_of(city, plan) == []


def test_a_drawing_with_latitude_first_is_told_so() -> None:
    told = {"kind": "cede", "drawn": shapely.geometry.mapping(shapely.box(SOUTH, WEST, SOUTH + 1, WEST + 1))}
    with pytest.raises(Refused, match="these are latitude first"):
        wire.asked(told)


def test_names_are_fit_for_a_map() -> None:
    told = wire.asked({"kind": "rename", "code": FIRST, "name": "  北片 \n 网格 "})
    assert told == Rename(FIRST, "北片 网格")
    cut = wire.written(CutDedicated(shapely.box(0, 0, 1, 1), name=" 商场"))
    assert getattr(wire.asked(cut), "name", "") == "商场"
    for name in ("长" * 201, "a\x00", "\ud800"):
        with pytest.raises(Refused) as refused:
            wire.asked({"kind": "rename", "code": FIRST, "name": name})
        assert refused.value.zh


def test_plans_drawn_at_once_take_no_code_twice(fresh_engine: sa.Engine) -> None:
    lines = [shapely.LineString([(WEST - 1, SOUTH + at * HIGH), (WEST + 1, SOUTH + at * HIGH)]) for at in (0.6, 1.6)]
    cut = [Split(code, line) for code, line in zip((FIRST, SECOND), lines, strict=True)]
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        plans = [drafts.begin(connection, PLANNER, "一", COMMUNITIES[0]) for _ in cut]
    taken: list[object] = []

    def add(at: int, connection: sa.Connection) -> None:
        made = previews.add(connection, PLANNER, plans[at], cut[at]).change
        assert isinstance(made, Split)
        taken.extend(set(made.codes) - {cut[at].code})

    def late() -> None:
        with db.write(fresh_engine) as connection:
            add(1, connection)

    waiting = threading.Thread(target=late)
    with db.write(fresh_engine) as connection:
        add(0, connection)
        waiting.start()
        waiting.join(timeout=1)
        assert waiting.is_alive()  # what the first takes cannot be seen yet
    waiting.join(timeout=30)
    assert len(set(taken)) == len(taken) == 2


# -- command -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def said(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """What ``plan`` says on the small city, with one plan."""
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
        drafts.begin(connection, PLANNER, "一")
    return lambda *words: CliRunner().invoke(build(), ["plan", *words])


@pytest.mark.parametrize("text", ["5", "[5]", "null", "[]", '"x"', '{"kind": []}', '{"kind": {}}'])
def test_a_file_that_holds_no_change_is_refused_by_the_command(
    said: Callable[..., Result], tmp_path: Path, text: str
) -> None:
    file = tmp_path / "changes.json"
    file.write_text(text, encoding="utf-8")
    assert isinstance(said("change", "1", str(file)).exception, Refused)
    assert "1." not in said("show", "1").stdout


def test_the_command_tells_no_change_of_a_file_that_is_refused(said: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "changes.json"
    file.write_text(json.dumps([wire.written(Rename(FIRST, "北")), wire.written(Rename("7", "南"))]), encoding="utf-8")
    refused = said("change", "1", str(file))
    assert isinstance(refused.exception, GeoError)
    assert "1." not in refused.stdout + said("show", "1").stdout


def test_the_command_knows_states_and_ids(said: Callable[..., Result]) -> None:
    assert isinstance(said("list", "--state", "drafts").exception, GeoError)
    assert said("list", "--state", "draft").exit_code == 0
    assert said("show", str(2**70)).exit_code == 2
    assert said("compare", "0", str(2**70)).exit_code == 2
