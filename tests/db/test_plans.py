"""Plans: drawn up, undone, looked at, replayed where others published, and put in force as they were shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from api.cli import build
from geo import areas, db, editions
from geo.actors import Actor
from geo.editions import Request
from geo.errors import Refused, Stale, Unknown
from geo.plans import drafts, forks, previews, reviews, wire
from geo.plans.drafts import Plan
from geo.space.partition import faults
from geo.space.redraw.changes import (
    Change,
    Dissolve,
    Merge,
    Rename,
    Split,
    Transfer,
)
from geo.tables import audit_events
from tests.planned import divided_city, somehow
from tests.small_city import COMMUNITIES, HIGH, SMALL_CITY, SOUTH, WEST, WIDE, publish_small_city, small_division
from tests.small_city import FIRST as FIRST_OF_ALL

ACTOR = Actor("planner")
FIRST, LAST = f"{COMMUNITIES[0]}001", f"{COMMUNITIES[3]}001"
NEW = f"{COMMUNITIES[0]}009"


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


def begun(connection: sa.Connection, scope: str | None = None) -> Plan:
    return drafts.begin(connection, ACTOR, "调整", scope)


def across(column: float, row: float) -> shapely.LineString:
    """A line from west to east through the cells of a row, from two columns on."""
    y = SOUTH + (row + 0.5) * HIGH
    return shapely.LineString([(WEST + (column - 0.2) * WIDE, y), (WEST + (column + 1.2) * WIDE, y)])


def turned(made: list[drafts.Made]) -> list[int]:
    return [one.seq for one in made]


SPLIT = Split(FIRST, across(0, 0.1), (FIRST, NEW), ("", "北片网格"))


def codes(connection: sa.Connection) -> set[str]:
    return set(editions.stored(connection, areas.current(connection)).leaf_codes.tolist())


def test_a_plan_is_published_as_it_was_shown(city: sa.Connection) -> None:
    plan = begun(city)
    previews.add(city, ACTOR, plan, SPLIT)
    previews.add(city, ACTOR, plan, Rename(NEW, "新北网格"))
    shown = previews.preview(city, plan)
    ended, done = previews.publish(city, ACTOR, plan.id)
    assert (ended.state, ended.edition) == ("in_force", 2)
    assert done.appeared.tolist() == [NEW]
    assert done.crosswalk == shown.crossings
    assert (done.changed, done.noded) == (
        shown.weighed.difference.changed_count,
        1,
    )  # the neighbour to the east or west
    now = editions.stored(city, areas.current(city))
    assert now.leaf_names[now.leaf_codes == NEW].tolist() == ["新北网格"]
    assert not faults(now.leaf_shapes, now.area_shapes[now.area_levels == 0][0])
    told = city.scalars(sa.select(audit_events.c.detail).where(audit_events.c.action == "publish")).all()[-1]
    assert told["edition"] == 2
    with pytest.raises(Stale, match="in force as edition 2"):
        previews.publish(city, ACTOR, plan.id)


def test_how_a_drawing_was_pulled_to_a_border_is_told_once(city: sa.Connection) -> None:
    plan = begun(city)
    y = SOUTH + 0.6 * HIGH
    now = editions.stored(city, areas.current(city))
    [ground] = now.leaf_shapes[now.leaf_codes == FIRST]
    across = shapely.intersection(ground, shapely.LineString([(WEST - WIDE, y), (WEST + 2 * WIDE, y)]))
    border = across.bounds[0]
    near = shapely.LineString([(border + 2e-6, y), (WEST + 1.2 * WIDE, y)])  # it begins a fifth of a metre inside
    made = previews.add(city, ACTOR, plan, Split(FIRST, near, (FIRST, NEW), ("", "")))
    assert made.pulled is not None
    [line] = shapely.get_parts(made.pulled)
    assert line.coords[0] == near.coords[0]
    assert ground.boundary.distance(shapely.Point(line.coords[-1])) < 2e-8
    assert 0 < line.length < 5e-6
    assert [one.pulled for one in drafts.changes_of(city, plan)] == [None]


def test_what_is_undone_can_be_done_again_until_something_else_is_done(city: sa.Connection) -> None:
    plan = begun(city)
    for change in (SPLIT, Rename(NEW, "甲"), Rename(NEW, "乙")):
        previews.add(city, ACTOR, plan, change)
    assert turned(drafts.undo(city, plan)) == [3]
    assert turned(drafts.undo(city, plan)) == [2]
    assert drafts.in_effect(drafts.changes_of(city, plan)) == [SPLIT]
    assert turned(drafts.redo(city, plan)) == [2]
    previews.add(city, ACTOR, plan, Rename(NEW, "丙"))
    assert [made.seq for made in drafts.changes_of(city, plan)] == [1, 2, 3]
    with pytest.raises(Refused, match="nothing to do again"):
        drafts.redo(city, plan)
    for _ in range(3):
        drafts.undo(city, plan)
    with pytest.raises(Refused, match="nothing to undo"):
        drafts.undo(city, plan)
    assert previews.preview(city, plan).is_same
    with pytest.raises(Refused, match="changes nothing"):
        previews.publish(city, ACTOR, plan.id)


def test_a_change_that_cannot_be_is_refused_and_not_kept(city: sa.Connection) -> None:
    plan = begun(city)
    with pytest.raises(Refused, match="1 piece, not 2"):
        previews.add(city, ACTOR, plan, Split(FIRST, across(2, 0), (FIRST, NEW), ("", "")))
    assert drafts.changes_of(city, plan) == []


def test_of_two_plans_that_change_the_same_grid_the_second_is_stale(city: sa.Connection) -> None:
    one, other = begun(city), begun(city)
    previews.add(city, ACTOR, one, SPLIT)
    previews.add(city, ACTOR, other, Merge((FIRST, f"{COMMUNITIES[0]}002"), FIRST))
    previews.publish(city, ACTOR, one.id)
    with pytest.raises(Stale, match=f"{FIRST} changed since plan {other.id} was begun on edition 1"):
        previews.publish(city, ACTOR, other.id)
    assert drafts.one(city, other.id).state == "draft"


@pytest.mark.parametrize("name", ["先定的名", "后定的名"])
def test_of_two_plans_that_rename_the_same_area_the_second_is_stale(city: sa.Connection, name: str) -> None:
    one, other, above = begun(city), begun(city), begun(city)
    previews.add(city, ACTOR, one, Rename(COMMUNITIES[0], "先定的名"))
    previews.add(city, ACTOR, other, Rename(COMMUNITIES[0], name))
    previews.add(city, ACTOR, above, Rename(COMMUNITIES[0][:9], "另一街道"))
    previews.publish(city, ACTOR, one.id)
    assert previews.publish(city, ACTOR, above.id)[1].edition.number == 3
    with pytest.raises(Stale, match=f"{COMMUNITIES[0]} renamed since plan {other.id} was begun on edition 1"):
        previews.publish(city, ACTOR, other.id)


def test_a_plan_that_renames_an_area_passes_beside_one_that_redraws_its_grids(city: sa.Connection) -> None:
    one, other = begun(city), begun(city)
    previews.add(city, ACTOR, one, SPLIT)
    previews.add(city, ACTOR, other, Rename(COMMUNITIES[0], "新名社区"))
    previews.publish(city, ACTOR, one.id)
    previews.publish(city, ACTOR, other.id)
    assert areas.place(city, COMMUNITIES[0], areas.current(city)).name == "新名社区"
    assert NEW in codes(city)


def test_of_two_plans_that_change_other_grids_both_come_into_force(city: sa.Connection) -> None:
    one, other = begun(city), begun(city)
    beside = f"{COMMUNITIES[1]}001"  # noded by the line that splits the first, and no conflict
    previews.add(city, ACTOR, one, SPLIT)
    previews.add(city, ACTOR, other, Split(beside, across(1, 0.2), (beside, f"{COMMUNITIES[1]}009"), ("", "东")))
    shown = previews.preview(city, other)
    previews.publish(city, ACTOR, one.id)
    _, done = previews.publish(city, ACTOR, other.id)
    assert done.edition.number == 3
    assert {NEW, f"{COMMUNITIES[1]}009"} <= codes(city)
    assert [(c.old, c.new) for c in done.crosswalk] == [(c.old, c.new) for c in shown.crossings]
    for then, now in zip(shown.crossings, done.crosswalk, strict=True):
        assert now.area_m2 == pytest.approx(then.area_m2, abs=2)


def test_of_two_plans_that_are_published_at_once_neither_undoes_the_other(fresh_engine: sa.Engine) -> None:
    beside = f"{COMMUNITIES[1]}001"
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        one, other = begun(connection), begun(connection)
        previews.add(connection, ACTOR, one, SPLIT)
        previews.add(connection, ACTOR, other, Rename(beside, "改名"))

    def publish(plan: Plan) -> int:
        with db.write(fresh_engine) as connection:
            return previews.publish(connection, ACTOR, plan.id)[1].edition.number

    with db.write(fresh_engine) as holder, ThreadPoolExecutor(2) as pool:
        editions.take_turn(holder)
        waiting = [pool.submit(publish, plan) for plan in (one, other)]
        blocked = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'editions'::regclass")
        until = time.monotonic() + 20
        while holder.scalar(blocked) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert holder.scalar(blocked) == 2  # both have begun before either is done
        holder.commit()
        assert sorted(each.result(30) for each in waiting) == [2, 3]
    with db.read(fresh_engine) as connection:
        now = editions.stored(connection, areas.current(connection))
    assert NEW in now.leaf_codes
    assert now.leaf_names[now.leaf_codes == beside].tolist() == ["改名"]


def test_changes_of_one_act_are_undone_and_done_again_together(city: sa.Connection) -> None:
    plan = begun(city)
    previews.add(city, ACTOR, plan, Rename(LAST, "前一步"))
    made = previews.add_together(city, ACTOR, plan, [SPLIT, Rename(NEW, "甲"), Rename(FIRST, "乙")])
    assert [(one.seq, one.act) for one in made] == [(2, 2), (3, 2), (4, 2)]
    with pytest.raises(Stale, match="is 4, not 3"):
        drafts.undo(city, plan, 3)
    assert turned(drafts.undo(city, plan, 4)) == [2, 3, 4]
    assert drafts.in_effect(drafts.changes_of(city, plan)) == [Rename(LAST, "前一步")]
    assert turned(drafts.redo(city, plan)) == [2, 3, 4]
    assert [one.is_undone for one in drafts.changes_of(city, plan)] == [False] * 4
    forked, left_out = forks.fork(city, ACTOR, plan, "另起")
    assert not left_out
    assert [(one.seq, one.act) for one in drafts.changes_of(city, forked)] == [(1, 1), (2, 2), (3, 2), (4, 2)]
    drafts.undo(city, plan)
    previews.add(city, ACTOR, plan, Rename(LAST, "另一步"))
    assert [(one.seq, one.act) for one in drafts.changes_of(city, plan)] == [(1, 1), (2, 2)]


def test_a_plan_is_drawn_in_a_city_whose_codes_do_not_nest(connection: sa.Connection) -> None:
    request = Request(ACTOR, "自由编码", {"kind": "import"}, FIRST_OF_ALL)
    editions.found(connection, small_division(), replace(SMALL_CITY, code_lengths=()), request)
    plan = begun(connection)
    made = previews.add(connection, ACTOR, plan, Split(FIRST, across(0, 0.1)))
    assert isinstance(made.change, Split)
    assert set(made.change.codes) == {FIRST, f"{COMMUNITIES[0]}-001"}
    _, done = previews.publish(connection, ACTOR, plan.id)
    assert done.appeared.tolist() == [f"{COMMUNITIES[0]}-001"]


def test_a_plan_that_is_withdrawn_stays_and_never_comes_into_force(city: sa.Connection) -> None:
    plan = begun(city)
    previews.add(city, ACTOR, plan, Dissolve(LAST))
    assert reviews.withdraw(city, ACTOR, plan).state == "withdrawn"
    gone = drafts.one(city, plan.id)
    doors: list[Callable[[sa.Connection, Plan], object]] = [
        drafts.undo,
        previews.preview,
        lambda city, plan: reviews.withdraw(city, ACTOR, plan),
    ]
    for door in doors:
        with pytest.raises(Stale, match="withdrawn"):
            door(city, gone)
    assert [one.id for one in drafts.listed(city, ["withdrawn"])] == [plan.id]
    with pytest.raises(Refused, match="blank"):
        drafts.begin(city, ACTOR, " ")


# -- JSON --------------------------------------------------------------------------------------------------------------
_TEXTS = st.text(max_size=8)
_POINTS = st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=3, max_size=6)


@given(
    st.one_of(
        st.builds(Split, _TEXTS, _POINTS.map(shapely.LineString), st.just(("a", "b")), st.just(("", "乙"))),
        st.builds(Merge, st.lists(_TEXTS).map(tuple), _TEXTS),
        st.builds(Transfer, _POINTS.map(shapely.Polygon), _TEXTS, st.floats(0, 2)),
        st.builds(Dissolve, _TEXTS, st.none() | _TEXTS),
        st.builds(Rename, _TEXTS, _TEXTS),
    )
)
def test_a_change_comes_back_from_json_as_it_was(change: Change) -> None:
    assert wire.read(json.loads(json.dumps(wire.written(change)))) == change


@given(seed=st.integers(0, 100_000), is_numbered=st.booleans())
def test_every_kind_of_change_that_laws_draw_comes_back_from_json(seed: int, is_numbered: bool) -> None:
    change = somehow(divided_city(seed % 5), np.random.default_rng(seed), is_numbered=is_numbered)
    assert wire.read(json.loads(json.dumps(wire.written(change)))) == change


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"kind": "splitt"}, "did you mean 'split'"),
        ({"kind": "rename", "code": "1"}, "rename needs name"),
        ({"kind": "rename", "code": 1, "name": "x"}, "code of rename is 1; text is wanted"),
        ({"kind": "rename", "code": "1", "name": "x", "nam": "y"}, "rename has no 'nam'; did you mean 'name'"),
        ({"kind": "merge", "codes": "12", "keep": "1"}, "a list of texts is wanted"),
        ({"kind": "cede", "drawn": {"type": "Polygon"}}, "no GeoJSON"),
        ({"kind": "cede", "drawn": [1, 2]}, "a GeoJSON geometry is wanted"),
        ({"kind": "cede", "drawn": {"type": "Point", "coordinates": [0, 0]}, "snap_m": True}, "a number is wanted"),
    ],
)
def test_json_that_tells_no_change_is_refused_in_words(told: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        wire.read(told)


# -- command -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def said(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """What ``plan`` says on the small city."""
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
    return lambda *words: CliRunner().invoke(build(), ["plan", *words], catch_exceptions=False)


def test_a_plan_is_drawn_up_and_published_by_the_command(said: Callable[..., Result], tmp_path: Path) -> None:
    assert "没有方案" in said("list").stdout
    assert "1  北片调整 · 草稿 draft" in said("begin", "北片调整", "--within", COMMUNITIES[0]).stdout
    file = tmp_path / "changes.json"
    file.write_text(json.dumps([wire.written(SPLIT), wire.written(Rename(NEW, "新北"))]), encoding="utf-8")
    assert f"1. 拆分 split: code {FIRST} · line LineString" in said("change", "1", str(file)).stdout
    assert "已撤销 undone" in said("undo", "1").stdout
    assert "2. 改名 rename" in said("redo", "1").stdout
    told = json.loads(said("preview", "1", "--json").stdout)
    assert (told["base"], told["appeared"], told["retired"]) == (1, [NEW], [])
    assert [one["new"] for one in told["crossings"]] == [FIRST, NEW]
    printed = said("preview", "1").stdout
    assert f"{FIRST} → {NEW}" in printed
    assert f"未登记 not recorded: 未知 Unknown · 新北 (grid/{NEW}): 未登记有无网格党支部" in printed
    assert "第 2 版 in force: edition 2" in said("publish", "1").stdout
    shown = json.loads(said("show", "1", "--json").stdout)
    assert (shown["state"], shown["edition"], len(shown["changes"])) == ("in_force", 2, 2)
    assert "已生效 in force" in said("list", "--state", "in_force").stdout
    said("begin", "另一个")
    assert "已撤回 withdrawn" in said("withdraw", "2").stdout


def test_undo_and_redo_tell_every_change_of_an_act(said: Callable[..., Result], fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        plan = begun(connection)
        previews.add(connection, ACTOR, plan, Rename(LAST, "前一步"))
        previews.add_together(connection, ACTOR, plan, [SPLIT, Rename(NEW, "甲")])
    for word, marks in (("undo", 2), ("redo", 0)):
        told = said(word, "1").stdout
        assert [f"{number}. " in told for number in (1, 2, 3)] == [False, True, True]
        assert told.count("已撤销 undone") == marks


def test_of_several_changes_none_is_kept_when_one_is_refused(said: Callable[..., Result], tmp_path: Path) -> None:
    said("begin", "调整")
    file = tmp_path / "changes.json"
    file.write_text(json.dumps([wire.written(SPLIT), {"kind": "rename", "code": "nobody", "name": "x"}]))
    with pytest.raises(Unknown, match="no area has the code nobody"):
        said("change", "1", str(file))
    assert json.loads(said("show", "1", "--json").stdout)["changes"] == []
