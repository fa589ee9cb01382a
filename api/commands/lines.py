"""``gridatlas import lines``: roads, water, railways and green for the base map, dry unless ``--commit``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import outcomes
from api.commands import import_app, pairs

if TYPE_CHECKING:
    from rich.console import Console

    from geo.lines import Loaded

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add ``import lines``."""
    import_app.command("lines")(load)


def load(
    file: Annotated[Path, typer.Argument(help=".osm.pbf, or any vector file of docs/formats.md")],
    datum: Annotated[
        str | None, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn; never guessed; of .osm it is wgs84")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="of every row: road, rail, water or green")] = None,
    map_: Annotated[list[str] | None, typer.Option("--map", help="field=column, as name=路名")] = None,
    source: Annotated[str, typer.Option(help="name they are kept under and replaced by; unset: the file's name")] = "",
    layer: Annotated[str | None, typer.Option(help="layer, where the file has several")] = None,
    encoding: Annotated[str | None, typer.Option(help="of a Shapefile or MapInfo; unset: recognised")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="store the good rows of a file with bad ones")] = False,
    commit: Annotated[bool, typer.Option("--commit", help="store; without it nothing is changed")] = False,
    actor: Annotated[str | None, typer.Option("--as", help="name written beside the change")] = None,
    geojson: Annotated[Path | None, typer.Option(help="write the findings to this file as a GeoJSON layer")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="findings and counts as JSON on stdout")] = False,
) -> None:
    """读入道路、水系、铁路、绿地 · Take roads, water, railways and green into the base map."""
    from rich.console import Console

    from api.progress import rows_read
    from geo import db, lines
    from geo.actors import Actor
    from geo.settings import settings

    columns = pairs(map_ or [], "--map", "class=道路等级")
    intake = lines.Intake(file, datum, kind, columns, source, layer, encoding, skip_bad, commit)
    with rows_read(file.name) as progress, db.write(db.engine()) as connection:
        loaded = lines.load(connection, Actor(actor or settings().actor), intake, progress)
        outcomes.write_layer(geojson, loaded.findings)
    if as_json:
        typer.echo(json.dumps(_told(loaded), ensure_ascii=False))
    else:
        _show(Console(), loaded, commit)
    if loaded.findings.refused and not loaded.is_kept:
        raise typer.Exit(1)


def _told(loaded: Loaded) -> dict[str, object]:
    listed = [
        {"kind": one.kind.key, "row": one.row, "column": one.column, "value": one.value, "refused": one.kind.refuses}
        for one in loaded.findings.listed
    ]
    return {
        "source": loaded.source,
        "counts": asdict(loaded.counts),
        "is_kept": loaded.is_kept,
        "totals": dict(loaded.findings.totals),
        "findings": listed,
    }


def _show(console: Console, loaded: Loaded, commit: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    kinds = Table("类型 Kind", "等级 Class", "条数 Lines")
    for name, number in loaded.counts.classes.items():
        kinds.add_row(*name.split(" ", 1), f"{number:,}")
    console.print(kinds)
    found = Table("问题 Finding", "行数 Rows", "后果 Effect")
    for key, number in loaded.findings.totals.items():
        one = loaded.findings.kinds[key]
        found.add_row(f"{one.zh} {escape(one.en)}", f"{number:,}", "拒收 refused" if one.refuses else "说明 told")
    if loaded.findings.totals:
        console.print(found)
    for refused in [one for one in loaded.findings.listed if one.kind.refuses][:_SHOWN]:
        console.print(escape(refused.message), highlight=False, soft_wrap=True)
    console.print(_summary(loaded, commit), highlight=False, soft_wrap=True)


def _summary(loaded: Loaded, commit: bool) -> str:
    told = loaded.counts
    verb = "已绘 drawn" if loaded.is_kept else "可绘 to be drawn"
    counts = (
        f"{loaded.source}  读入 read {told.read:,} · {verb} {told.drawn:,} · 替换 replaces {told.replaced:,} · "
        f"底图不绘 not of a base map {told.not_shown:,}"
    )
    if loaded.is_kept:
        return counts
    if commit:
        return f"{counts}\n什么也没有存 · Nothing is stored because rows are refused: mend them, or add --skip-bad"
    return f"{counts}\n试运行 · Dry run, nothing is stored: add --commit"
