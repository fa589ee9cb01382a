"""``gridatlas import units``, ``import organisations`` … : a file of an entity's rows, dry unless ``--commit``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import outcomes
from api.commands import import_app, pairs

if TYPE_CHECKING:
    from geo.entities.loading import Loaded

# beside geo.entities, which imports the store: a command line that is only asked for help need not wait for it
NAMES = {
    "units": "单位",
    "organisations": "党组织",
    "business-districts": "商圈楼群园区",
    "estates": "小区",
    "coverage-records": "覆盖记录",
    "alliances": "党建联盟",
    "alliance-members": "联盟成员",
    "service-points": "服务阵地",
    "staff-slots": "网格力量岗位",
    "duty-contacts": "值守岗位",
    "grid-figures": "网格底数",
    "report-ins": "双报到",
    "pairings": "结对共建",
    "deliberations": "议事",
    "incident-categories": "事项准入清单",
    "incident-stages": "事件环节",
}
"""What can be imported, in the order in which each finds what it refers to."""


def register(app: typer.Typer) -> None:
    """Add one import command an entity."""
    for slug, zh in NAMES.items():
        words = slug.replace("-", " ")
        import_app.command(slug, help=f"读入{zh} · Judge a file of {words} and store its rows.")(_loader(slug))


def _loader(slug: str) -> Callable[..., None]:
    def load(
        file: Annotated[Path, typer.Argument(help="CSV, XLSX, GeoJSON, GeoPackage, Parquet or any vector file")],
        datum: Annotated[
            str, typer.Option(help="of positions: wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn; never guessed")
        ] = "",
        map_: Annotated[list[str] | None, typer.Option("--map", help="field=column, as members=党员数")] = None,
        source: Annotated[str, typer.Option(help="where they come from, when no column says it")] = "",
        encoding: Annotated[str | None, typer.Option(help="of texts: utf-8, gbk …; without it, recognised")] = None,
        layer: Annotated[str | None, typer.Option(help="layer of a file that holds several")] = None,
        whole: Annotated[
            bool, typer.Option("--whole", help="the file is all its source has: what it no longer names is removed")
        ] = False,
        skip_bad: Annotated[
            bool, typer.Option("--skip-bad", help="store the good rows of a file with bad ones")
        ] = False,
        commit: Annotated[bool, typer.Option("--commit", help="store; without it nothing is changed")] = False,
        actor: Annotated[str | None, typer.Option("--as", help="name written beside the change")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="findings and counts as JSON on stdout")] = False,
        geojson: Annotated[Path | None, typer.Option(help="write the findings to this file as GeoJSON")] = None,
    ) -> None:
        from api.progress import rows_read
        from geo import db
        from geo.actors import Actor
        from geo.entities import named
        from geo.entities.loading import Intake
        from geo.entities.loading import load as load_file
        from geo.settings import settings

        intake = Intake(
            entity=named(slug),
            path=file,
            datum=datum,
            columns=pairs(map_ or [], "--map", "members=党员数"),
            source=source,
            encoding=encoding,
            layer=layer,
            is_whole=whole,
            skip_bad=skip_bad,
            commit=commit,
        )
        with rows_read(file.name) as progress, db.write(db.engine()) as connection:
            loaded = load_file(connection, Actor(actor or settings().actor), intake, progress)
            outcomes.write_layer(geojson, loaded.findings)
        _say(loaded, as_json=as_json, commit=commit)
        if loaded.findings.refused and not loaded.is_kept:
            raise typer.Exit(1)

    return load


def _say(loaded: Loaded, *, as_json: bool, commit: bool) -> None:
    from dataclasses import asdict

    from rich.console import Console

    if as_json:
        told = {"columns": loaded.columns, "stored": asdict(loaded.stored), "is_kept": loaded.is_kept}
        typer.echo(json.dumps(told | outcomes.told(loaded.findings), ensure_ascii=False))
        return
    console = Console()
    outcomes.show(console, loaded.columns, loaded.findings)
    console.print(_summary(loaded, commit), soft_wrap=True)


def _summary(loaded: Loaded, commit: bool) -> str:
    told = loaded.stored
    verb = "已存 stored" if loaded.is_kept else "可存 storable"
    counts = (
        f"读入 read {told.read:,} · {verb} {told.stored:,} · 更新 updated {told.changed:,} · "
        f"已有 already there {told.already:,} · 重复 repeated {told.repeated:,} · 拒收 refused {told.refused:,} · "
        f"无位置 unplaced {told.unplaced:,} · 城外 outside {told.outside:,} · 移除 removed {told.removed:,}"
    )
    if loaded.is_kept:
        return counts
    if commit:
        return f"{counts}\n什么也没有存 · Nothing is stored because rows are refused: mend them, or add --skip-bad"
    return f"{counts}\n试运行 · Dry run, nothing is stored: add --commit"
