"""``gridatlas plan``: lay a plan before others, set its hour, and what is said of it and kept out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import plan_app
from api.plan_lines import By, Id, actor_of, say, tell, tell_change

if TYPE_CHECKING:
    import sqlalchemy as sa

    from geo.plans.drafts import Plan

Note = Annotated[str, typer.Option("--note", help="意见 · why")]


def register(app: typer.Typer) -> None:
    """Add them to ``plan``."""
    steps = (check, submit, approve, reject, revise, schedule, unschedule, withdraw, fork)
    for command in (*steps, comment, comments, lock, unlock, share):
        plan_app.command()(command)


def check(id: Id, actor: By = None) -> None:
    """检查 · Check a draft on the edition in force."""
    from geo.plans import reviews

    _step(id, lambda connection, plan: reviews.check(connection, actor_of(actor), plan)[0])


def submit(id: Id, actor: By = None) -> None:
    """送审 · Check a plan and lay it before others."""
    from geo.plans import reviews

    _step(id, lambda connection, plan: reviews.submit(connection, actor_of(actor), plan))


def approve(id: Id, note: Note = "", actor: By = None) -> None:
    """同意 · Approve a submitted plan; never one's own."""
    from geo.plans import verdicts

    _step(id, lambda connection, plan: verdicts.approve(connection, actor_of(actor), plan, note))


def reject(id: Id, note: Note, actor: By = None) -> None:
    """退回 · Reject a submitted plan, with the reason."""
    from geo.plans import verdicts

    _step(id, lambda connection, plan: verdicts.reject(connection, actor_of(actor), plan, note))


def revise(id: Id, actor: By = None) -> None:
    """修改 · Draw a plan again that was laid before others."""
    from geo.plans import reviews

    _step(id, lambda connection, plan: reviews.revise(connection, actor_of(actor), plan))


def schedule(
    id: Id,
    at: Annotated[str, typer.Argument(help="生效时刻 · instant, or a date: its start in the city")],
    actor: By = None,
) -> None:
    """排期 · Let a plan come into force by itself; until then its grids are reserved."""
    from api.deps import instant_of
    from geo import areas, db
    from geo.errors import Refused
    from geo.plans import scheduling

    with db.write(db.engine()) as connection:
        hour = instant_of(at, areas.city(connection).time_zone, "at")
        if hour is None:
            raise Refused("an hour is wanted")
        tell(scheduling.schedule(connection, actor_of(actor), id, hour))


def unschedule(id: Id, actor: By = None) -> None:
    """取消排期 · Take a plan off the schedule."""
    from geo.plans import scheduling

    _step(id, lambda connection, plan: scheduling.unschedule(connection, actor_of(actor), plan))


def withdraw(id: Id, actor: By = None) -> None:
    """撤回 · Withdraw a plan; it is kept and never published."""
    from geo.plans import reviews

    _step(id, lambda connection, plan: reviews.withdraw(connection, actor_of(actor), plan))


def fork(id: Id, name: Annotated[str, typer.Argument(help="名称 · what it is called")], actor: By = None) -> None:
    """另存 · Begin a plan with the changes of another one, on the edition in force."""
    from geo import db
    from geo.plans import drafts, forks

    with db.write(db.engine()) as connection:
        forked, left_out = forks.fork(connection, actor_of(actor), drafts.one(connection, id), name)
    tell(forked)
    for one in left_out:
        tell_change(one.made)
        say(f"     未带入 left out: {one.why}")


def comment(id: Id, text: Annotated[str, typer.Argument(help="意见 · what is said")], actor: By = None) -> None:
    """提意见 · Say something of a plan."""
    from geo import db
    from geo.plans import comments as said
    from geo.plans import drafts

    with db.write(db.engine()) as connection:
        made = said.say(connection, actor_of(actor), drafts.one(connection, id), text)
    say(f"  {made.id}. {made.made_by}: {made.text}")


def comments(id: Id) -> None:
    """意见 · What was said of a plan, and the verdicts on it."""
    from geo import db
    from geo.plans import comments as said
    from geo.plans import drafts, verdicts

    with db.read(db.engine()) as connection:
        plan = drafts.one(connection, id)
        spoken, given = said.comments_of(connection, plan), verdicts.verdicts_of(connection, plan)
    for one in spoken:
        settled = f"（{one.settled_by} 已处理 settled）" if one.settled_by else ""
        say(f"  {one.id}. {one.made_by}: {one.text}{settled}")
    for verdict in given:
        how = "同意 approved" if verdict.is_approval else "退回 rejected"
        say(f"  第 {verdict.round} 次送审 round {verdict.round} · {verdict.made_by} {how} {verdict.note}")
    if not spoken and not given:
        say("  还没有意见 nothing was said yet")


def lock(
    id: Id, code: Annotated[str, typer.Argument(help="编码 · of a grid or an area to leave as it is")], actor: By = None
) -> None:
    """加锁 · Leave a grid or an area as it is."""
    from geo import db
    from geo.plans import drafts, locks, previews

    with db.write(db.engine()) as connection:
        plan = drafts.one(connection, id, lock=True)
        made = locks.lock(connection, actor_of(actor), plan, code)
        previews.preview(connection, plan)
    say(f"  已锁定 locked: {made.code}")


def unlock(id: Id, code: Annotated[str, typer.Argument(help="编码 · of what was locked")]) -> None:
    """解锁 · Take a lock off."""
    from geo import db
    from geo.plans import drafts, locks

    with db.write(db.engine()) as connection:
        locks.unlock(connection, drafts.one(connection, id, lock=True), code)
    say(f"  已解锁 unlocked: {code}")


def share(id: Id, days: Annotated[float, typer.Option(help="天数 · days it stands")] = 30, actor: By = None) -> None:
    """分享 · A link under which a plan can be read, and nothing else; its token is told this once."""
    from geo import db
    from geo.plans import drafts, links

    with db.write(db.engine()) as connection:
        token, link = links.share(connection, actor_of(actor), drafts.one(connection, id), days)
    say(f"  /maps/planner?link={token} · 至 until {link.ends_at.isoformat(timespec='minutes')}")


def _step(id: int, take: Callable[[sa.Connection, Plan], Plan]) -> None:
    from geo import db
    from geo.plans import drafts

    with db.write(db.engine()) as connection:
        tell(take(connection, drafts.one(connection, id, lock=True)))
