"""``gridatlas plan propose``: what the fewest moves would bring into the band, and taking one of the proposals."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import plan_app
from api.plan_lines import By, Id, actor_of, say

if TYPE_CHECKING:
    from geo.plans.proposals import Offers


def register(app: typer.Typer) -> None:
    """Add it to ``plan``."""
    plan_app.command()(propose)


def propose(
    id: Id,
    within: Annotated[str | None, typer.Option(help="范围 · code of an area inside the plan's scope")] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="权重 · what is weighed: households=1, workers=0.5, incidents=2")
    ] = None,
    band: Annotated[
        tuple[float, float] | None, typer.Option(help="区间 · least and most load of a grid; 300 500 households")
    ] = None,
    seed: Annotated[int, typer.Option(help="种子 · the same seed gives the same proposals", min=0)] = 0,
    lock: Annotated[list[str] | None, typer.Option(help="锁定 · code of a grid or community that must stay")] = None,
    fallback: Annotated[
        str | None, typer.Option(help="兜底地块 · fallback ground to divide into grids instead")
    ] = None,
    into: Annotated[int, typer.Option(help="几个网格 · how many grids to divide it into", min=2)] = 2,
    take: Annotated[int | None, typer.Option(help="采用 · add the changes of this proposal to the plan", min=1)] = None,
    actor: By = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON on stdout")] = False,
) -> None:
    """均衡建议 · Propose the fewest moves that bring load into the band, and take one of them."""
    from api.proposals import offers_told
    from geo import db
    from geo.plans import drafts, proposals
    from geo.plans.proposals import Asked

    asked = Asked(_weights(by or ["households=1"]), band, seed, lock or [], within, fallback, into)
    engine = db.engine()
    with db.read(engine) as connection:
        prepared = proposals.prepare(connection, drafts.one(connection, id), asked)
    with _progress() as progress, _own_stdout():
        found = proposals.offered(prepared, progress)
    if as_json:
        typer.echo(json.dumps(offers_told(found), ensure_ascii=False))
    else:
        _tell(found)
    if take is not None:
        with db.write(engine) as connection:
            made = proposals.take(connection, actor_of(actor), found, take)
        if not as_json:
            say(f"已加入方案 {id}：{len(made)} 项变更 changes added to the plan")


def _weights(told: list[str]) -> dict[str, float]:
    from geo.errors import Refused

    found = {}
    for one in told:
        name, _, weight = one.partition("=")
        try:
            found[name.strip()] = float(weight or 1)
        except ValueError as error:
            raise Refused(f"--by {one}: write it like households=1") from error
    return found


@contextmanager
def _own_stdout() -> Iterator[None]:
    """What the solver's library prints of itself goes to stderr, so that stdout holds what is asked for."""
    library = ctypes.CDLL(None)
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        library.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("求解 seeking", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _tell(found: Offers) -> None:
    low, high = found.band
    now = found.before
    say(
        f"{found.ground.within} · {now.grids} 格 grids · 区间 band {low:g}–{high:g} · 平均 mean {now.mean:,.0f} · "
        f"区间内 in band {now.in_band} · CV {now.cv:.3f}"
    )
    for words in found.remarks:
        say(f"  ! {words['zh-CN']}\n    {words['en']}")
    for one in found.offers:
        say(f"{one.number}. {one.explanation['zh-CN']}\n   {one.explanation['en']}")
