"""``gridatlas diff``: how two editions differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from api.plan_lines import say

if TYPE_CHECKING:
    from geo.differences import Changed, Named

_KINDS = {"appeared": "新增 appeared", "retired": "停用 retired", "changed": "变更 changed"}


def register(app: typer.Typer) -> None:
    """Add ``diff``."""
    app.command()(diff)


def diff(
    since: Annotated[int, typer.Argument(help="旧版 · number of an edition", min=1)],
    until: Annotated[int | None, typer.Argument(help="新版 · another one; without it the newest", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON on stdout")] = False,
) -> None:
    """两版之差 · How two editions differ: areas and grids, and where the ground of old grids went."""
    from geo import areas, db, differences
    from geo.plain import plain_of

    with db.read(db.engine()) as connection:
        old = areas.numbered(connection, since)
        new = areas.numbered(connection, until or areas.newest_number(connection))
        found = differences.between(connection, old, new)
    changed, crossings = found.changed(), found.crosswalk()
    if as_json:
        told: dict[str, object] = {"since": old.number, "until": new.number, "noded": found.noded}
        told |= {"changed": [plain_of(one) for one in changed], "crossings": [plain_of(one) for one in crossings]}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    say(f"第 {old.number} 版 → 第 {new.number} 版 · edition {old.number} → {new.number}")
    for one in changed:
        _tell(one)
    for crossing in crossings:
        if crossing.old != crossing.new:
            say(f"  {crossing.old} → {crossing.new}: {crossing.area_m2:,.0f} m² ({crossing.area_share:.1%})")
    say(f"  {len(changed)} 变更 changed · {found.noded} 仅加节点 noded only")


def _tell(one: Changed) -> None:
    kind = "appeared" if one.before is None else "retired" if one.after is None else "changed"
    words = " → ".join(_named(named) for named in dict.fromkeys(filter(None, (one.before, one.after))))
    moved = " · 界线有动 ground moved" if kind == "changed" and one.moved else ""
    say(f"  {_KINDS[kind]} {one.code} {words}{moved}")


def _named(named: Named) -> str:
    return f"{named.name or '（无名 unnamed）'}（{named.parent or '–'}）"
