"""``gridatlas plan``: draw up changes of the division, look at what they would do, publish them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.commands import plan_app
from api.plan_lines import STATES, By, Id, actor_of, say, tell, tell_change

AsJson = Annotated[bool, typer.Option("--json", help="as JSON on stdout")]


def register(app: typer.Typer) -> None:
    """Add them to ``plan``."""
    plan_app.command("list")(list_)
    for command in (begin, change, undo, redo, show, publish):
        plan_app.command()(command)


def begin(
    name: Annotated[str, typer.Argument(help="名称 · what it is called")],
    within: Annotated[str | None, typer.Option(help="code of the area in which ground may move; else the city")] = None,
    file: Annotated[
        Path | None, typer.Option("--from", help="文件 · grids of an edition that was exported and edited elsewhere")
    ] = None,
    datum: Annotated[str, typer.Option(help="基准 · of that file")] = "wgs84",
    actor: By = None,
) -> None:
    """新建方案 · Begin a draft on the edition in force, empty or with the changes that a file makes."""
    from geo import db
    from geo.plans import drafts

    if file is not None:
        from api.commands.filed import begin_from

        begin_from(file, (name, within, datum), actor)
        return
    with db.write(db.engine()) as connection:
        tell(drafts.begin(connection, actor_of(actor), name, within))


def change(
    id: Id,
    path: Annotated[Path, typer.Argument(help="变更 · JSON of one change, or of a list of them; - reads stdin")],
    actor: By = None,
) -> None:
    """加入变更 · Add changes to a draft: all of them, or none when one is refused."""
    from geo import db
    from geo.errors import Refused
    from geo.plans import drafts, previews, wire

    try:
        told = json.loads(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read as JSON: {error}") from error
    asked = [wire.asked(one) for one in (told if isinstance(told, list) else [told])]
    if not asked:
        raise Refused(f"{path} has no change; one is wanted, or a list of them")
    with db.write(db.engine()) as connection:
        plan = drafts.one(connection, id, lock=True)
        made = [previews.add(connection, actor_of(actor), plan, one) for one in asked]
    for one in made:  # all of them are kept now
        tell_change(one)


def undo(id: Id) -> None:
    """撤销 · Undo the last change of a draft, and all that were made at once with it."""
    _turn(id, is_undo=True)


def redo(id: Id) -> None:
    """重做 · Do again what was undone last, all of its act."""
    _turn(id, is_undo=False)


def list_(
    state: Annotated[list[str] | None, typer.Option(help=f"of these states: {', '.join(STATES)}")] = None,
    as_json: AsJson = False,
) -> None:
    """方案清单 · Plans, the newest first."""
    from geo import db
    from geo.errors import Refused, near
    from geo.plain import plain_of
    from geo.plans import drafts

    if wrong := [one for one in state or () if one not in STATES]:
        raise Refused(f"no plan is {wrong[0]!r}{near(wrong[0], STATES)}; there are {', '.join(STATES)}")
    with db.read(db.engine()) as connection:
        found = drafts.listed(connection, state or ())
    if as_json:
        typer.echo(json.dumps([plain_of(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        tell(one)
    if not found:
        typer.echo("没有方案 no plans; ./gridatlas plan begin NAME")


def show(id: Id, as_json: AsJson = False) -> None:
    """方案内容 · A plan and its changes."""
    from api.plans import made_told
    from geo import db
    from geo.plain import plain_of
    from geo.plans import drafts

    with db.read(db.engine()) as connection:
        plan = drafts.one(connection, id)
        made = drafts.changes_of(connection, plan)
    if as_json:
        told = [made_told(one) for one in made]
        typer.echo(json.dumps({**plain_of(plan), "changes": told}, ensure_ascii=False))
        return
    tell(plan)
    for one in made:
        tell_change(one)


def publish(id: Id, actor: By = None) -> None:
    """发布 · Publish a plan: it comes into force now."""
    from geo import db
    from geo.incidents import following
    from geo.plans import reviews

    engine = db.engine()
    with db.write(engine) as connection:
        _, done = reviews.publish(connection, actor_of(actor), id)
    say(
        f"已生效：第 {done.edition.number} 版 in force: edition {done.edition.number} · "
        f"{done.changed} 变更 changed · {done.noded} 仅加节点 noded only · "
        f"{done.moved_incidents:,} 事件 incidents · {done.moved_buildings:,} 建筑 buildings 重新归属 placed anew"
    )
    if followed := sum(following.catch_up(engine)):  # in force before; what lags when this is cut short follows later
        say(f"{followed:,} 已办结事件随后归属 closed incidents followed")


def _turn(id: int, *, is_undo: bool) -> None:
    from geo import db
    from geo.plans import drafts, previews

    with db.write(db.engine()) as connection:
        plan = drafts.one(connection, id, lock=True)
        turned = drafts.undo(connection, plan) if is_undo else previews.redo(connection, plan)
    for one in turned:
        tell_change(one)
