"""Plans before others: submitted, approved by others, forked, locked, shared and spoken of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as laws
from hypothesis import strategies as st
from typer.testing import CliRunner

import geo.settings
from api.cli import build
from geo import db, reservations
from geo.actors import Actor
from geo.errors import Denied, GeoError, Refused, Stale, Unknown
from geo.plans import comments, drafts, forks, links, locks, previews, reviews, scheduling, verdicts
from geo.plans.drafts import Plan
from geo.plans.tables import STATES
from geo.space.redraw.changes import Merge, Rename
from geo.tables import audit_events
from tests.small_city import COMMUNITIES, SOUTH, WEST, publish_small_city
from tests.small_plans import FIRST, LAST, NEW, PLANNER, SECOND, SPLIT, drawn, soon
from tests.standing import stand

OFFICIAL, CHIEF = Actor("official"), Actor("chief")


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


@pytest.fixture
def approvals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Set how many approvals a plan takes."""

    def ask(number: int) -> None:
        monkeypatch.setenv("GRIDATLAS_APPROVALS", str(number))
        geo.settings.settings.cache_clear()

    yield ask
    monkeypatch.undo()
    geo.settings.settings.cache_clear()


def now(connection: sa.Connection, plan: Plan) -> Plan:
    return drafts.one(connection, plan.id)


def test_a_plan_is_published_after_as_many_approvals_of_others_as_are_asked(
    city: sa.Connection, approvals: Callable[[int], None]
) -> None:
    approvals(2)
    plan = drawn(city)
    with pytest.raises(Stale, match=r"takes 2 approval\(s\)"):
        previews.publish(city, PLANNER, plan.id)
    plan = reviews.submit(city, PLANNER, plan)
    with pytest.raises(Denied, match="of their own"):
        verdicts.approve(city, PLANNER, plan)
    plan = verdicts.approve(city, OFFICIAL, plan, "可行")
    assert plan.state == "submitted"
    with pytest.raises(Stale, match="counts once"):
        verdicts.approve(city, OFFICIAL, plan)
    with pytest.raises(Stale, match="submitted"):
        previews.publish(city, PLANNER, plan.id)
    plan = verdicts.approve(city, CHIEF, plan)
    assert plan.state == "approved"
    ended, done = previews.publish(city, PLANNER, plan.id)
    assert (ended.state, ended.edition) == ("in_force", done.edition.number)
    told = city.scalars(sa.select(audit_events.c.action).order_by(audit_events.c.id)).all()
    assert [one for one in told if one.startswith("plan.")] == [
        "plan.check",
        "plan.submit",
        "plan.approve",
        "plan.approve",
    ]


def test_who_drew_what_a_plan_was_forked_from_does_not_approve_it(city: sa.Connection) -> None:
    forked, left_out = forks.fork(city, OFFICIAL, drawn(city), "另存")
    assert (left_out, forked.state) == ([], "draft")
    forked = reviews.submit(city, CHIEF, now(city, forked))
    for own in (PLANNER, OFFICIAL, CHIEF):
        with pytest.raises(Denied, match="of their own"):
            verdicts.approve(city, own, forked)
    assert verdicts.approve(city, Actor("another"), forked).state == "approved"


def test_a_rejected_plan_is_revised_and_its_approvals_count_no_more(
    city: sa.Connection, approvals: Callable[[int], None]
) -> None:
    approvals(1)
    plan = reviews.submit(city, PLANNER, drawn(city))
    with pytest.raises(Refused, match="says why"):
        verdicts.reject(city, OFFICIAL, plan, " ")
    plan = verdicts.reject(city, OFFICIAL, plan, "南面切到楼了")
    for act in (reviews.submit, reviews.check):
        with pytest.raises(Stale, match="rejected"):
            act(city, PLANNER, plan)
    with pytest.raises(Stale, match="rejected"):
        previews.add(city, PLANNER, plan, Rename(NEW, "北"))
    plan = reviews.revise(city, PLANNER, plan)
    previews.add(city, PLANNER, plan, Rename(NEW, "北"))
    plan = reviews.submit(city, PLANNER, now(city, plan))
    assert plan.round == 2
    plan = verdicts.approve(city, OFFICIAL, plan)
    plan = reviews.revise(city, PLANNER, plan)
    with pytest.raises(Stale, match="takes 1 approval"):
        previews.publish(city, PLANNER, plan.id)
    assert [(one.round, one.is_approval) for one in verdicts.verdicts_of(city, plan)] == [(1, False), (2, True)]


def test_what_is_checked_is_a_draft_again_once_it_is_changed(city: sa.Connection) -> None:
    plan, shown = reviews.check(city, PLANNER, drawn(city))
    assert (plan.state, shown.codes) == ("checked", {FIRST, NEW})
    previews.add(city, PLANNER, plan, Rename(NEW, "北"))
    assert now(city, plan).state == "draft"
    plan, _ = reviews.check(city, PLANNER, now(city, plan))
    drafts.undo(city, plan)
    assert now(city, plan).state == "draft"
    with pytest.raises(Refused, match="changes nothing"):
        reviews.submit(city, PLANNER, drafts.begin(city, PLANNER, "空"))


@laws(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                "check",
                "submit",
                "approve",
                "reject",
                "revise",
                "schedule",
                "unschedule",
                "publish",
                "withdraw",
                "change",
                "undo",
            ]
        ),
        max_size=14,
    )
)
def test_whatever_is_done_in_whatever_order_a_plan_is_in_force_only_after_an_approval(
    city: sa.Connection, approvals: Callable[[int], None], steps: list[str]
) -> None:
    approvals(1)
    with city.begin_nested() as point:
        plan = drawn(city)
        approved = False
        for step in steps:
            plan = now(city, plan)
            acts: dict[str, Callable[[], object]] = {
                "check": lambda plan=plan: reviews.check(city, PLANNER, plan),
                "submit": lambda plan=plan: reviews.submit(city, PLANNER, plan),
                "approve": lambda plan=plan: verdicts.approve(city, OFFICIAL, plan),
                "reject": lambda plan=plan: verdicts.reject(city, CHIEF, plan, "不行"),
                "revise": lambda plan=plan: reviews.revise(city, PLANNER, plan),
                "schedule": lambda plan=plan: scheduling.schedule(city, PLANNER, plan.id, soon()),
                "unschedule": lambda plan=plan: scheduling.unschedule(city, PLANNER, plan),
                "publish": lambda plan=plan: previews.publish(city, PLANNER, plan.id),
                "withdraw": lambda plan=plan: reviews.withdraw(city, PLANNER, plan),
                "change": lambda plan=plan: previews.add(city, PLANNER, plan, Rename(LAST, "改名")),
                "undo": lambda plan=plan: drafts.undo(city, plan),
            }
            before = plan
            try:
                with city.begin_nested():
                    acts[step]()
            except GeoError:
                assert now(city, plan) == before  # what is refused changes nothing
                continue
            after = now(city, plan)
            assert after.state in STATES
            assert (after.effective_at is not None) == (after.state == "scheduled")
            approved = {"approve": True, "submit": False, "revise": False, "reject": False}.get(step, approved)
            assert approved or after.state not in ("approved", "scheduled", "in_force")
            held = city.scalar(sa.select(sa.func.count()).select_from(reservations.reservations))
            assert bool(held) == (after.state == "scheduled")
        point.rollback()


@pytest.fixture
def stored(fresh_engine: sa.Engine) -> sa.Engine:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
    return fresh_engine


def test_a_fork_goes_on_where_another_edition_came_and_tells_what_cannot_be_taken_along(city: sa.Connection) -> None:
    plan = drawn(city, SPLIT, Rename(NEW, "北"), Rename(LAST, "改名"))
    previews.publish(city, OFFICIAL, drawn(city, Merge((FIRST, SECOND), SECOND)).id)
    with pytest.raises(Stale):
        previews.publish(city, PLANNER, plan.id)
    forked, left_out = forks.fork(city, PLANNER, plan, "重做")
    assert (forked.base_edition, forked.forked_from) == (2, plan.id)
    assert [one.made.seq for one in left_out] == [1, 2]
    assert all(one.why for one in left_out)
    assert [one.change for one in drafts.changes_of(city, forked)] == [Rename(LAST, "改名")]
    assert now(city, plan).state == "draft"


def test_what_is_locked_is_not_changed_and_neighbours_may_gain_vertices(city: sa.Connection) -> None:
    plan = drafts.begin(city, PLANNER, "调整")
    locks.lock(city, PLANNER, plan, FIRST)
    assert locks.lock(city, OFFICIAL, plan, FIRST).made_by == "planner"
    with pytest.raises(Refused, match=f"{FIRST} locked in plan {plan.id}"):
        previews.add(city, PLANNER, plan, SPLIT)
    locks.lock(city, PLANNER, plan, COMMUNITIES[3])
    with pytest.raises(Refused, match=f"{LAST} locked"):
        previews.add(city, PLANNER, plan, Rename(LAST, "改名"))
    with pytest.raises(Refused, match=f"{COMMUNITIES[3]} locked"):
        previews.add(city, PLANNER, plan, Rename(COMMUNITIES[3], "改名社区"))
    locks.unlock(city, plan, FIRST)
    locks.lock(city, PLANNER, plan, COMMUNITIES[1])  # the neighbour is noded by the split, and that is no change
    previews.add(city, PLANNER, plan, SPLIT)
    locks.lock(city, PLANNER, plan, FIRST)
    with pytest.raises(Refused, match=f"{FIRST} locked"):
        previews.preview(city, plan)
    with pytest.raises(Unknown):
        locks.lock(city, PLANNER, plan, "没有")
    with pytest.raises(Unknown):
        locks.unlock(city, plan, SECOND)
    with pytest.raises(Stale):
        locks.lock(city, PLANNER, reviews.withdraw(city, PLANNER, plan), SECOND)


def test_a_link_opens_one_plan_for_a_while(city: sa.Connection) -> None:
    plan, other = drawn(city), drawn(city, Rename(LAST, "改名"))
    token, link = links.share(city, PLANNER, plan, 1)
    assert links.opened(city, token) == plan
    assert links.links_of(city, plan) == [link]
    assert links.links_of(city, other) == []
    with pytest.raises(Unknown):
        links.opened(city, token[:-1])
    with pytest.raises(Unknown):
        links.end(city, other, link.id)
    links.end(city, plan, link.id)
    with pytest.raises(Unknown):
        links.opened(city, token)
    for days in (0, 400, float("nan")):
        with pytest.raises(Refused):
            links.share(city, PLANNER, plan, days)


def test_a_plan_is_spoken_of_as_a_whole_and_of_places(city: sa.Connection) -> None:
    plan = drawn(city)
    place = {"type": "Point", "coordinates": [WEST, SOUTH]}
    whole, there = comments.say(city, OFFICIAL, plan, " 可以 "), comments.say(city, CHIEF, plan, "这里切到楼了", place)
    assert (whole.text, whole.place) == ("可以", None)
    assert shapely.geometry.shape(there.place).equals(shapely.Point(WEST, SOUTH))
    assert comments.settle(city, PLANNER, plan, there.id).settled_by == "planner"
    assert comments.settle(city, PLANNER, plan, there.id, settled=False).settled_at is None
    assert [one.id for one in comments.comments_of(city, plan)] == [whole.id, there.id]
    for text in (" ", "长" * 4001):
        with pytest.raises(Refused):
            comments.say(city, CHIEF, plan, text)
    with pytest.raises(Refused):
        comments.say(city, CHIEF, plan, "哪里", {"type": "Nowhere"})
    with pytest.raises(Unknown):
        comments.settle(city, PLANNER, drawn(city, Rename(LAST, "改名")), there.id)


def test_a_plan_goes_the_whole_way_by_the_command(stored: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "engine", lambda: stored)
    with db.write(stored) as connection:
        drawn(connection)

    def said(*words: str) -> str:
        return CliRunner().invoke(build(), ["plan", *words], catch_exceptions=False).stdout

    assert "已锁定 locked" in said("lock", "1", LAST)
    assert "已解锁 unlocked" in said("unlock", "1", LAST)
    assert "已检查 checked" in said("check", "1")
    assert "待审 submitted" in said("submit", "1")
    assert "已退回 rejected" in said("reject", "1", "--note", "切到楼了", "--as", "official")
    assert "草稿 draft" in said("revise", "1")
    assert "待审 submitted" in said("submit", "1")
    with pytest.raises(Denied):
        said("approve", "1", "--as", "planner")
    assert "已通过 approved" in said("approve", "1", "--as", "official")
    assert "official: 好" in said("comment", "1", "好", "--as", "official")
    told = said("comments", "1")
    assert "第 1 次送审 round 1 · official 退回 rejected 切到楼了" in told
    assert "official: 好" in told
    assert "/maps/planner?link=" in said("share", "1", "--days", "7")
    assert "已排期 scheduled" in said(
        "schedule", "1", (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
    )
    assert "已通过 approved" in said("unschedule", "1")
    assert "2  另存" in said("fork", "1", "另存")
    assert "已撤回 withdrawn" in said("withdraw", "2")


def test_what_a_check_calls_an_error_is_neither_submitted_nor_published(
    stored: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDATLAS_BAND_LEAST", "1")
    monkeypatch.setenv("GRIDATLAS_SEVERITIES", '{"load_outside_band": "error"}')
    geo.settings.settings.cache_clear()
    with db.write(stored) as connection:
        stand(connection, [shapely.box(WEST + 1e-3, SOUTH + 1e-3, WEST + 2e-3, SOUTH + 2e-3)], households=[9000])
        plan = drawn(connection)
        for act in (
            lambda: reviews.check(connection, PLANNER, plan),
            lambda: reviews.submit(connection, PLANNER, plan),
            lambda: reviews.publish(connection, PLANNER, plan.id),
            lambda: scheduling.schedule(connection, PLANNER, plan.id, soon()),
        ):
            with pytest.raises(Refused, match="户数不在") as refusal:
                act()
            assert refusal.value.where is not None
        monkeypatch.setenv("GRIDATLAS_SEVERITIES", "{}")
        geo.settings.settings.cache_clear()
        assert reviews.publish(connection, PLANNER, plan.id)[0].state == "in_force"
    monkeypatch.undo()
    geo.settings.settings.cache_clear()
