"""``gridatlas import incidents``: a file of incidents, dry unless ``--commit``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import outcomes
from api.commands import import_app, pairs

if TYPE_CHECKING:
    from rich.console import Console

    from geo.incidents.loading import Loaded


def register(app: typer.Typer) -> None:
    """Add ``import incidents``."""
    import_app.command("incidents")(load)


def load(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or XLSX")],
    datum: Annotated[str, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn; never guessed")],
    map_: Annotated[list[str] | None, typer.Option("--map", help="field=column, as lon=经度")] = None,
    source: Annotated[str, typer.Option(help="where they come from, when no column says it")] = "",
    layer: Annotated[str | None, typer.Option(help="worksheet or layer, where there are several")] = None,
    encoding: Annotated[str | None, typer.Option(help="of CSV: utf-8, gbk …; unset: recognised")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="store the good rows of a file with bad ones")] = False,
    despite_evidence: Annotated[
        bool, typer.Option("--despite-evidence", help="store although the areas they state fit another datum")
    ] = False,
    commit: Annotated[bool, typer.Option("--commit", help="store; without it nothing is changed")] = False,
    actor: Annotated[str | None, typer.Option("--as", help="name written beside the change")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="findings and counts as JSON on stdout")] = False,
) -> None:
    """读入事件 · Judge a file of incidents and store it with the grid in force when each happened."""
    from rich.console import Console

    from api.progress import rows_read
    from geo import db
    from geo.actors import Actor
    from geo.incidents.loading import Intake
    from geo.incidents.loading import load as load_file
    from geo.settings import settings

    columns = pairs(map_ or [], "--map", "lon=经度")
    intake = Intake(file, datum, columns, source, encoding, layer, skip_bad, commit, despite_evidence)
    with rows_read(file.name) as progress, db.write(db.engine()) as connection:
        loaded = load_file(connection, Actor(actor or settings().actor), intake, progress)
    if as_json:
        typer.echo(json.dumps(_told(loaded), ensure_ascii=False))
    else:
        _show(Console(), loaded, commit)
    if (loaded.findings.refused or loaded.is_held_back) and not loaded.is_kept:
        raise typer.Exit(1)


def _told(loaded: Loaded) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "columns": loaded.columns,
        "stored": asdict(loaded.stored),
        "is_kept": loaded.is_kept,
        "is_held_back": loaded.is_held_back,
        "evidence": [
            {
                "datum": one.datum,
                "is_contradicted": one.is_contradicted,
                "messages": [{"zh": zh, "en": en} for zh, en in one.words],
            }
            for one in loaded.evidence
        ],
        **outcomes.told(loaded.findings),
    }


def _show(console: Console, loaded: Loaded, commit: bool) -> None:
    from rich.markup import escape

    outcomes.show(console, loaded.columns, loaded.findings)
    for zh, en in (words for one in loaded.evidence for words in one.words):
        console.print(escape(f"佐证 {zh}\nevidence: {en}"), highlight=False, soft_wrap=True)
    console.print(_summary(loaded, commit), soft_wrap=True)


def _summary(loaded: Loaded, commit: bool) -> str:
    told = loaded.stored
    verb = "已存 stored" if loaded.is_kept else "可存 storable"
    counts = (
        f"读入 read {told.read:,} · {verb} {told.stored:,} · 已有 already there {told.already:,} · "
        f"内容不同 changed {told.changed:,} · 拒收 refused {told.refused:,} · 未分配 unassigned {told.unassigned:,} · "
        f"存疑 doubtful {told.doubtful:,} · 早于首版 before the first edition {told.before_first:,}"
    )
    if loaded.is_kept:
        return counts
    if loaded.is_held_back:
        return (
            f"{counts}\n整批暂缓入库，什么也没有存 · Held back, nothing is stored: the areas they state fit another "
            "datum; declare the right --datum, or add --despite-evidence"
        )
    if commit:
        return f"{counts}\n什么也没有存 · Nothing is stored because rows are refused: mend them, or add --skip-bad"
    return f"{counts}\n试运行 · Dry run, nothing is stored: add --commit"
