"""``gridatlas blind-spots``: look for them, list them, and tell how they went run by run."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from geo.coverage.details import Spot
    from geo.coverage.found import Found
    from geo.coverage.runs import Run
    from geo.coverage.spots import Ranking

_HEADS = ("rank", "id", "code", "name", "score", "reason", "since", "grid")


def register(app: typer.Typer) -> None:
    """Add ``blind-spots``."""
    spots = typer.Typer(help="盲点 · Who is not covered, why, and how it went.", no_args_is_help=True)
    spots.command()(run)
    spots.command("list")(list_)
    spots.command()(trend)
    app.add_typer(spots, name="blind-spots")


def run(
    full: Annotated[bool, typer.Option("--full", help="decide everything anew, also what did not change")] = False,
    day: Annotated[str | None, typer.Option(help="on which surveys and evidence are judged; today without it")] = None,
    actor: Annotated[str | None, typer.Option("--as", help="name written beside the run")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the run as JSON on stdout")] = False,
) -> None:
    """查找盲点 · Look for blind spots; only what changed since the last run is decided anew."""
    from rich.console import Console

    from geo import db
    from geo.actors import Actor
    from geo.coverage import running
    from geo.settings import settings

    with db.write(db.engine()) as connection:
        found, is_new = running.run(connection, Actor(actor or settings().actor), _day(day), full=full)
    if as_json:
        typer.echo(json.dumps(_run_told(found) | {"is_new": is_new}, ensure_ascii=False))
        return
    console = Console()
    said = "已查找 looked" if is_new else "无变化 nothing changed since"
    console.print(
        f"{said} · 第 {found.number} 次 run {found.number} · {found.day} · 版次 edition {found.edition} · "
        f"规则 rules {found.version} · {found.kind}",
        highlight=False,
        soft_wrap=True,
    )
    for name, zh in (("units", "单位"), ("buildings", "楼栋"), ("grids", "网格"), ("groups", "联合组")):
        counts = " · ".join(f"{code} {number:,}" for code, number in found.counts.get(name, {}).items())
        console.print(f"{zh} {name}: {counts or '–'}  ({found.changed.get(name, 0):,} 变化 changed)", highlight=False)


def list_(
    by: Annotated[
        str, typer.Option(help="building, grid, business-district, unit, or the key of a level")
    ] = "building",
    within: Annotated[str | None, typer.Option(help="code of an area or grid")] = None,
    business_district: Annotated[int | None, typer.Option(help="id of a business district")] = None,
    code: Annotated[str, typer.Option(help="states with commas, as P1,P2; without it all blind ones")] = "",
    limit: Annotated[int, typer.Option(min=1, help="at most this many")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON on stdout")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="as CSV on stdout")] = False,
) -> None:
    """列出盲点 · The blind spots the newest run found, the heaviest first."""
    from geo import db
    from geo.coverage import details, runs, spots
    from geo.coverage.found import open_run
    from geo.coverage.spots import Asked

    codes = tuple(part.strip() for part in code.split(",") if part.strip())
    with db.read(db.engine()) as connection:
        found = open_run(connection, runs.numbered(connection))
        ranking = spots.rank(connection, found, Asked(by, within, business_district, codes))
        told = details.tell(connection, found, ranking, ranking.wanted[:limit], 1)
        is_stale = runs.is_stale(connection, found.run)
    if as_json:
        head = {"run": _run_told(found.run) | {"is_stale": is_stale}, "counts": ranking.counts}
        typer.echo(json.dumps(head | {"spots": _plain(told)}, ensure_ascii=False))
    elif as_csv:
        csv.writer(sys.stdout).writerows([_HEADS, *(_cells(spot) for spot in told)])
    else:
        _show(found, ranking, told, is_stale=is_stale)


def trend(
    within: Annotated[str | None, typer.Option(help="code of an area or grid; without it the whole city")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON on stdout")] = False,
) -> None:
    """盲点趋势 · What each run found: rates, blind units, and how many came and went."""
    from rich.console import Console
    from rich.table import Table

    from geo import db
    from geo.coverage import histories
    from geo.coverage.scores import SCORED

    with db.read(db.engine()) as connection:
        moments = histories.trend(connection, within)
    if as_json:
        typer.echo(json.dumps(_plain(moments), ensure_ascii=False))
        return
    table = Table(
        "日期 Day", "第几次 Run", "组织覆盖 Organisational", "工作覆盖 Work", "盲点 Blind", "新增 Opened", "消除 Closed"
    )
    for one in moments:
        rates = ["–" if rate is None else f"{rate:.1%}" for rate in (one.organisational, one.work)]
        blind = sum(one.units.get(state, 0) for state in SCORED)
        table.add_row(str(one.day), str(one.run), *rates, f"{blind:,}", f"{one.opened:,}", f"{one.closed:,}")
    Console().print(table)


# -- told --------------------------------------------------------------------------------------------------------------
def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; as 2026-11-22", param_hint="--day") from error


def _run_told(found: Run) -> dict[str, Any]:
    told: dict[str, Any] = _plain(found)
    return told


def _plain(value: Any) -> Any:
    from geo.plain import plain_of

    return plain_of(value)


def _cells(spot: Spot) -> list[object]:
    since = spot.since.isoformat() if spot.since else ""
    return [spot.rank, spot.id, spot.code, spot.name, spot.score, spot.reason["zh"], since, spot.grid or ""]


def _show(found: Found, ranking: Ranking, told: list[Spot], *, is_stale: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    counts = " · ".join(f"{code} {number:,}" for code, number in ranking.counts.items())
    stale = " · 已过期 stale: gridatlas blind-spots run" if is_stale else ""
    console.print(f"{found.run.day} · 第 {found.run.number} 次 run {found.run.number}{stale}", highlight=False)
    console.print(f"{ranking.counts_of}: {counts or '–'}", highlight=False, soft_wrap=True)
    table = Table("#", "盲点 Spot", "代码 Code", "名称 Name", "得分 Score", "原因 Reason")
    for spot in told:
        score = "–" if spot.score is None else f"{spot.score:,.1f}"
        table.add_row(str(spot.rank), spot.id, spot.code, escape(spot.name), score, escape(spot.reason["zh"]))
    console.print(table)
    if len(ranking.wanted) > len(told):
        console.print(f"… {len(ranking.wanted) - len(told):,} more: --limit")
