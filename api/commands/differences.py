"""``gridatlas diff``: how two editions or times differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from api.plan_lines import say

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from geo.areas import Edition
    from geo.differences import Changed, Named

_KINDS = {"appeared": "新增 appeared", "retired": "停用 retired", "changed": "变更 changed"}

_DIGITS = 9
"""Of the number of an edition, at most."""


def register(app: typer.Typer) -> None:
    """Add ``diff``."""
    app.command()(diff)


def diff(
    since: Annotated[str, typer.Argument(help="旧版 · an edition by number, or a date or RFC 3339 instant")],
    until: Annotated[str | None, typer.Argument(help="新版 · another one, or a time to come; default now")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON on stdout")] = False,
) -> None:
    """两版之差 · How two editions or times differ: areas and grids, and where the ground of old grids went."""
    from api.answers import edition_named, foretold
    from geo import areas, db, differences
    from geo.plain import plain_of

    with db.read(db.engine()) as connection:
        zone = areas.city(connection).time_zone
        old, new = (_side(connection, name, zone) for name in (since, until))
        found = differences.between(connection, old.edition, new.edition)
    changed, crossings = found.changed(), found.crosswalk()
    sides = [edition_named(*side) for side in (old, new)]
    if as_json:
        told: dict[str, object] = {"since": sides[0], "until": sides[1], "noded": found.noded}
        told |= {"changed": [plain_of(one) for one in changed], "crossings": [plain_of(one) for one in crossings]}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    say(" → ".join(f"第 {side['number']} 版 edition {side['number']}{foretold(side)}" for side in sides))
    for one in changed:
        _tell(one)
    for crossing in crossings:
        if crossing.old != crossing.new:
            say(f"  {crossing.old} → {crossing.new}: {crossing.area_m2:,.0f} m² ({crossing.area_share:.1%})")
    say(f"  {len(changed)} 变更 changed · {found.noded} 仅加节点 noded only")


class _Side(NamedTuple):
    edition: Edition
    instant: datetime | None


def _side(connection: sa.Connection, name: str | None, zone: str) -> _Side:
    """The edition that is numbered, or that of a time with what is scheduled until then."""
    from api.errors import Malformed
    from geo import areas, rfc3339
    from geo.plans.calendar import edition_at

    if name is None:
        return _Side(edition_at(connection, None), None)
    if name.isdecimal() and len(name) <= _DIGITS:
        return _Side(areas.numbered(connection, int(name)), None)
    instant = rfc3339.read(name, zone)
    if instant is None:
        raise Malformed("edition or time", name, f"{rfc3339.RIGHT}, or an edition by its number, as 3")
    return _Side(edition_at(connection, instant), instant)


def _tell(one: Changed) -> None:
    kind = "appeared" if one.before is None else "retired" if one.after is None else "changed"
    words = " → ".join(_named(named) for named in dict.fromkeys(filter(None, (one.before, one.after))))
    moved = " · 界线有动 ground moved" if kind == "changed" and one.moved else ""
    say(f"  {_KINDS[kind]} {one.code} {words}{moved}")


def _named(named: Named) -> str:
    return f"{named.name or '（无名 unnamed）'}（{named.parent or '–'}）"
