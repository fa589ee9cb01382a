"""``gridatlas plan preview``: who moves, what is checked and how load stands, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import plan_app
from api.plan_lines import LARGEST, Id, say, tell

if TYPE_CHECKING:
    from geo.plans.balances import Balance
    from geo.plans.checks import Check
    from geo.plans.consequences import Consequences
    from geo.plans.contrasts import Compared
    from geo.plans.figures import GridFigures
    from geo.plans.moving import Carried, Move
    from geo.plans.previews import Preview
    from geo.plans.spots import Spots

AsJson = Annotated[bool, typer.Option("--json", help="as JSON on stdout")]
_CHANGES = {"appeared": "新增 new", "retired": "停用 retired", "changed": "变更 changed"}
_EFFECTS = {
    "appears": "将出现 appears",
    "eases": "将减轻 eases",
    "unknown": "未登记 not recorded",
    "closes": "将消除 closes",
}
_SPOTS = 12
"""Blind spots told one by one."""
_SEVERITIES = {"error": "错误 error", "warn": "警告 warn", "info": "提示 info"}


def register(app: typer.Typer) -> None:
    """Add them to ``plan``."""
    for command in (preview, compare):
        plan_app.command()(command)


def preview(id: Id, as_json: AsJson = False) -> None:
    """预览 · What publishing a plan now would do: who moves, load, checks."""
    from api.previews import preview_told
    from geo import db
    from geo.plans import drafts, previews
    from geo.plans.consequences import consequences

    with db.read(db.engine()) as connection:
        found = previews.preview(connection, drafts.one(connection, id))
        means = consequences(connection, found)
    if as_json:
        typer.echo(json.dumps(preview_told(found, means), ensure_ascii=False))
        return
    tell(found.plan)
    if found.is_same:
        say("  没有变化 nothing would change")
        return
    _tell_summary(found)
    _tell_grids(means.grids)
    _tell_moves(means.moves, means.totals)
    _tell_checks(means.checks)
    _tell_spots(means.spots)
    _tell_balance(means)


def compare(
    ids: Annotated[
        list[int],
        typer.Argument(help="方案编号 · ids of plans, the first is compared with; 0 = as it is", min=0, max=LARGEST),
    ],
    as_json: AsJson = False,
) -> None:
    """比选 · Plans side by side, and why they differ; they may have different numbers of grids."""
    from api.contrasts import compared_told
    from geo import db
    from geo.plans.contrasts import compared

    with db.read(db.engine()) as connection:
        found = compared(connection, ids)
    if as_json:
        typer.echo(json.dumps(compared_told(found), ensure_ascii=False))
        return
    _tell_metrics(found)
    for one in found.contrasts:
        say(
            f"  {_called(one.first)} ↔ {_called(one.second)}" + ("" if one.differences else " · 没有差别 no difference")
        )
        for each in one.differences:
            pair = f"{each.difference.first or '–'} ↔ {each.difference.second or '–'}"
            load = f"{_figure(each.first_households, 0)} ↔ {_figure(each.second_households, 0)} 户"
            say(f"    {pair} · {load}: {each.text.zh} · {each.text.en}")


def _called(id: int) -> str:
    return f"方案 plan {id}" if id else "现状 as it is"


def _tell_metrics(found: Compared) -> None:
    low, high = found.band
    plans = found.metrics
    heads = ("指标 Metric", *(f"{_called(one.plan)} {one.name}".strip() for one in plans))
    names = ("网格 Grids", f"{low}–{high} 户内 In band", "平均 Mean", "变异 CV", "最大/最小 Max/min", "紧凑 Compact")
    rows = [list(row) for row in zip(names, *(balance_cells(one.balance) for one in plans), strict=True)]
    rows.append(["移动户数 Households moved", *(_figure(one.moved_households, 0) for one in plans)])
    rows.append(["不变 Stay", *("–" if (share := one.households_share) is None else f"{share:.1%}" for one in plans)])
    for key, word in _SEVERITIES.items():
        rows.append([word, *("–" if one.checks is None else str(one.checks.get(key, 0)) for one in plans)])
    _table("方案比选 Side by side", heads, rows)


def _tell_summary(found: Preview) -> None:
    difference = found.weighed.difference
    appeared = found.weighed.whole.leaf_codes[difference.appeared].tolist()
    retired = found.weighed.base.leaf_codes[difference.retired].tolist()
    say(f"  将成为第 {found.weighed.next_number} 版 would become edition {found.weighed.next_number}")
    say(f"  变更 changed {difference.changed_count} · 仅加节点 noded only {int(difference.noded.sum())}")
    say(f"  新增 appear: {', '.join(appeared) or '–'} · 停用 retire: {', '.join(retired) or '–'}")


def _tell_grids(grids: Sequence[GridFigures]) -> None:
    rows = []
    for one in grids:
        sides = [one.before, one.after]
        pairs = [
            [getattr(side, name) if side else None for side in sides]
            for name in ("households", "residents", "buildings", "open_incidents", "units", "blind_spots")
        ]
        rows.append([one.code, _CHANGES[one.change], *(_both(before, after) for before, after in pairs)])
    heads = (
        "网格 Grid",
        "变化 Change",
        "户 Households",
        "人 Residents",
        "楼 Buildings",
        "未结 Open",
        "单位 Units",
        "盲点 Blind",
    )
    _table("网格前后 Before → after", heads, rows)


def _tell_moves(moves: Sequence[Move], totals: Carried) -> None:
    rows = [[f"{one.was or '市外'} → {one.now or '市外'}", *_carried(one.carried)] for one in moves]
    heads = ("从 → 到 From → to", "户 Households", "楼 Buildings", "未结 Open", "单位 Units", "m²")
    if rows:
        _table("谁划给谁 Who moves", heads, [*rows, ["合计 Total", *_carried(totals)]])


def _tell_checks(checks: Sequence[Check]) -> None:
    for one in checks:
        mark = "通过 passed" if one.passed else _SEVERITIES[one.severity]
        say(f"  {mark}: {one.text.zh} · {one.text.en}")


def _tell_spots(spots: Spots) -> None:
    for one in spots.shown[:_SPOTS]:
        effect = _EFFECTS[one.turn.effect]
        say(f"    {effect}: {one.title.zh} {one.title.en} · {one.name} ({one.id}): {one.text.zh} · {one.text.en}")
    if (more := len(spots.turns) - _SPOTS) > 0:
        say(f"    另有 {more} 处，见 --json · {more} more, at most 500 of all with --json")


def _tell_balance(means: Consequences) -> None:
    low, high = means.band
    heads = (
        "",
        "网格 Grids",
        f"{low}–{high} 户内 In band",
        "平均 Mean",
        "变异 CV",
        "最大/最小 Max/min",
        "紧凑 Compact",
    )
    rows = [["前 Before", *balance_cells(means.before)], ["后 After", *balance_cells(means.after)]]
    _table("户数均衡 Balance", heads, rows)
    share = means.stability.households_share
    say(f"  不变户数 households that stay: {'–' if share is None else f'{share:.1%}'}")


def balance_cells(one: Balance) -> list[str]:
    """A balance as cells of a table."""
    known = one.grids - one.unknown
    told = [f"{one.grids}", f"{one.in_band}/{known}"]
    return [*told, *(_figure(value, digits) for value, digits in _measures(one))]


def _measures(one: Balance) -> Iterable[tuple[float | None, int]]:
    return ((one.mean, 0), (one.cv, 2), (one.max_min, 1), (one.compactness, 2))


def _carried(one: Carried) -> list[str]:
    counts = (one.households, one.buildings, one.open_incidents, one.units, round(one.area_m2))
    return [_figure(value, 0) for value in counts]


def _both(before: int | None, after: int | None) -> str:
    return f"{_figure(before, 0)} → {_figure(after, 0)}"


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for at, head in enumerate(heads):
        table.add_column(head, justify="left" if at == 0 else "right", no_wrap=at == 0)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console().print(table)
