"""``gridatlas plan``: draw up changes of the division, look at what they would do, publish them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from geo.plans.drafts import Made, Plan
    from geo.plans.previews import Preview

Id = Annotated[int, typer.Argument(help="方案编号 · id of a plan, as `plan list` tells it", min=1)]
By = Annotated[str | None, typer.Option("--as", help="name written beside it")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON on stdout")]
_STATES = {"draft": "草稿 draft", "in_force": "已生效 in force", "withdrawn": "已撤回 withdrawn"}
_KINDS = {
    "split": "拆分",
    "merge": "合并",
    "transfer": "划转",
    "move_border": "移界",
    "cut_dedicated": "划专属网格",
    "dissolve": "撤销网格",
    "reparent": "改隶",
    "rename": "改名",
    "recode": "改码",
    "annex": "划入",
    "cede": "划出",
}


def register(app: typer.Typer) -> None:
    """Add ``plan``."""
    plan = typer.Typer(help="方案 · Draw up changes of the division before they are published.", no_args_is_help=True)
    plan.command("list")(list_)
    for command in (begin, change, undo, redo, show, preview, publish, withdraw):
        plan.command()(command)
    app.add_typer(plan, name="plan")


def begin(
    name: Annotated[str, typer.Argument(help="名称 · what it is called")],
    within: Annotated[str | None, typer.Option(help="code of the area in which ground may move; else the city")] = None,
    actor: By = None,
) -> None:
    """新建方案 · Begin a draft on the edition in force."""
    from geo import db
    from geo.plans import drafts

    with db.write(db.engine()) as connection:
        _tell(drafts.begin(connection, _actor(actor), name, within))


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
    with db.write(db.engine()) as connection:
        plan = drafts.one(connection, id, lock=True)
        for one in told if isinstance(told, list) else [told]:
            _tell_change(previews.add(connection, _actor(actor), plan, wire.read(one)))


def undo(id: Id) -> None:
    """撤销 · Undo the last change of a draft."""
    _turn(id, is_undo=True)


def redo(id: Id) -> None:
    """重做 · Do again what was undone."""
    _turn(id, is_undo=False)


def list_(
    state: Annotated[list[str] | None, typer.Option(help=f"of these states: {', '.join(_STATES)}")] = None,
    as_json: AsJson = False,
) -> None:
    """方案清单 · Plans, the newest first."""
    from geo import db
    from geo.plain import plain_of
    from geo.plans import drafts

    with db.read(db.engine()) as connection:
        found = drafts.listed(connection, state or ())
    if as_json:
        typer.echo(json.dumps([plain_of(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        _tell(one)
    if not found:
        typer.echo("没有方案 no plans; ./gridatlas plan begin NAME")


def show(id: Id, as_json: AsJson = False) -> None:
    """方案内容 · A plan and its changes."""
    from geo import db
    from geo.plain import plain_of
    from geo.plans import drafts, wire

    with db.read(db.engine()) as connection:
        plan = drafts.one(connection, id)
        made = drafts.changes_of(connection, plan)
    if as_json:
        told = [{**plain_of(one), "change": wire.written(one.change)} for one in made]
        typer.echo(json.dumps({**plain_of(plan), "changes": told}, ensure_ascii=False))
        return
    _tell(plan)
    for one in made:
        _tell_change(one)


def preview(id: Id, as_json: AsJson = False) -> None:
    """预览 · What publishing a plan now would do."""
    from api.plans import preview_told
    from geo import db
    from geo.plans import drafts, previews

    with db.read(db.engine()) as connection:
        found = previews.preview(connection, drafts.one(connection, id))
    if as_json:
        typer.echo(json.dumps(preview_told(found), ensure_ascii=False))
        return
    _tell_preview(found)


def publish(id: Id, actor: By = None) -> None:
    """发布 · Publish a plan: it comes into force now."""
    from geo import db
    from geo.plans import previews

    with db.write(db.engine()) as connection:
        _, done = previews.publish(connection, _actor(actor), id)
    _say(
        f"已生效：第 {done.edition.number} 版 in force: edition {done.edition.number} · "
        f"{done.changed} 变更 changed · {done.noded} 仅加节点 noded only · "
        f"{done.moved_incidents:,} 事件 incidents · {done.moved_buildings:,} 建筑 buildings 重新归属 placed anew"
    )


def withdraw(id: Id) -> None:
    """撤回 · Withdraw a draft; it is kept and never published."""
    from geo import db
    from geo.plans import drafts

    with db.write(db.engine()) as connection:
        _tell(drafts.withdraw(connection, drafts.one(connection, id, lock=True)))


def _turn(id: int, *, is_undo: bool) -> None:
    from geo import db
    from geo.plans import drafts

    with db.write(db.engine()) as connection:
        plan = drafts.one(connection, id, lock=True)
        _tell_change(drafts.undo(connection, plan) if is_undo else drafts.redo(connection, plan))


def _actor(name: str | None) -> Any:
    from geo.actors import Actor
    from geo.settings import settings

    return Actor(name or settings().actor)


def _say(line: str) -> None:
    from rich.console import Console

    Console().print(line, highlight=False, soft_wrap=True, markup=False)


def _tell(plan: Plan) -> None:
    where = f"{plan.scope} 以内 within" if plan.scope else "全市 the whole city"
    became = f" · 第 {plan.edition} 版 edition {plan.edition}" if plan.edition else ""
    _say(f"{plan.id}  {plan.name} · {_STATES[plan.state]} · {where} · 基于第 {plan.base_edition} 版 on edition{became}")


def _tell_change(made: Made) -> None:
    from geo.plans import wire

    told = wire.written(made.change)
    kind = told.pop("kind")
    members = " · ".join(f"{name} {_short(value)}" for name, value in told.items() if name != "snap_m")
    undone = "（已撤销 undone）" if made.is_undone else ""
    _say(f"  {made.seq}. {_KINDS[kind]} {kind}: {members}{undone}")


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["type"])
    return ", ".join(value) if isinstance(value, list) else str(value)


def _tell_preview(found: Preview) -> None:
    _tell(found.plan)
    if found.is_same:
        _say("  没有变化 nothing would change")
        return
    difference = found.weighed.difference
    appeared = found.weighed.whole.leaf_codes[difference.appeared].tolist()
    retired = found.weighed.base.leaf_codes[difference.retired].tolist()
    _say(f"  将成为第 {found.weighed.next_number} 版 would become edition {found.weighed.next_number}")
    _say(f"  变更 changed {difference.changed_count} · 仅加节点 noded only {int(difference.noded.sum())}")
    _say(f"  新增 appear: {', '.join(appeared) or '–'} · 停用 retire: {', '.join(retired) or '–'}")
    for one in found.crossings:
        if one.old != one.new:
            _say(f"  {one.old} → {one.new}: {one.area_m2:,.0f} m² ({one.area_share:.1%})")
