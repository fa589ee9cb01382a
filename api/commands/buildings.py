"""``gridatlas import buildings``: a file of footprints, dry unless ``--commit``; ``gridatlas buildings``: pins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import outcomes
from api.commands import import_app, pairs

if TYPE_CHECKING:
    from geo.buildings.loading import Loaded
    from geo.buildings.searching import Building

NAME = Annotated[str | None, typer.Option("--as", help="name written beside the change")]


def register(app: typer.Typer) -> None:
    """Add ``import buildings`` and ``buildings``."""
    import_app.command("buildings")(load)
    pins = typer.Typer(help="建筑 · Which grid a building belongs to, by a planner's word.", no_args_is_help=True)
    pins.command()(pin)
    pins.command()(unpin)
    app.add_typer(pins, name="buildings")


def load(
    file: Annotated[Path, typer.Argument(help="any vector file with footprints, or OSM .pbf")],
    datum: Annotated[str, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn; never guessed")],
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="field=column, as floors=层数; several as address=street+number")
    ] = None,
    source: Annotated[str, typer.Option(help="where they come from, when no column says it")] = "",
    use_map: Annotated[
        Path | None, typer.Option(help="file with the columns value and use: what the source's words mean")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="of texts: utf-8, gbk …; without it, recognised")] = None,
    layer: Annotated[str | None, typer.Option(help="layer of a file that holds several")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="store the good rows of a file with bad ones")] = False,
    commit: Annotated[bool, typer.Option("--commit", help="store; without it nothing is changed")] = False,
    actor: NAME = None,
    as_json: Annotated[bool, typer.Option("--json", help="findings and counts as JSON on stdout")] = False,
    geojson: Annotated[Path | None, typer.Option(help="write the findings to this file as a GeoJSON layer")] = None,
) -> None:
    """读入建筑 · Judge a file of building footprints and store each in the grid that holds most of it."""
    from rich.console import Console

    from api.progress import rows_read
    from geo import db
    from geo.actors import Actor
    from geo.buildings.loading import Intake
    from geo.buildings.loading import load as load_file
    from geo.buildings.uses import read_map
    from geo.settings import settings

    intake = Intake(
        path=file,
        datum=datum,
        columns=pairs(map_ or [], "--map", "floors=层数"),
        source=source,
        uses=read_map(use_map) if use_map else {},
        encoding=encoding,
        layer=layer,
        skip_bad=skip_bad,
        commit=commit,
    )
    with rows_read(file.name) as progress, db.write(db.engine()) as connection:
        loaded = load_file(connection, Actor(actor or settings().actor), intake, progress)
        outcomes.write_layer(geojson, loaded.findings)
    if as_json:
        typer.echo(json.dumps(_told(loaded), ensure_ascii=False))
    else:
        console = Console()
        outcomes.show(console, loaded.columns, loaded.findings)
        console.print(_summary(loaded, commit), soft_wrap=True)
    if loaded.findings.refused and not loaded.is_kept:
        raise typer.Exit(1)


def _told(loaded: Loaded) -> dict[str, object]:
    from dataclasses import asdict

    about = {"columns": loaded.columns, "stored": asdict(loaded.stored), "is_kept": loaded.is_kept}
    return about | outcomes.told(loaded.findings)


def _summary(loaded: Loaded, commit: bool) -> str:
    told = loaded.stored
    verb = "已存 stored" if loaded.is_kept else "可存 storable"
    counts = (
        f"读入 read {told.read:,} · {verb} {told.stored:,} · 更新 updated {told.changed:,} · "
        f"已有 already there {told.already:,} · 合并 folded {told.folded:,} · 非建筑 left out {told.left_out:,} · "
        f"拒收 refused {told.refused:,} · 未分配 unassigned {told.unassigned:,} · 跨网格 straddling {told.straddling:,}"
    )
    if loaded.is_kept:
        return counts
    if commit:
        return f"{counts}\n什么也没有存 · Nothing is stored because rows are refused: mend them, or add --skip-bad"
    return f"{counts}\n试运行 · Dry run, nothing is stored: add --commit"


def pin(
    number: Annotated[int, typer.Argument(metavar="ID", help="id, as /v1/buildings tells it")],
    code: Annotated[str, typer.Argument(help="code of a grid in force that holds some of it")],
    actor: NAME = None,
) -> None:
    """指定网格 · Pin a building to a grid, whatever the largest share says."""
    from geo import db
    from geo.actors import Actor
    from geo.buildings import pinning
    from geo.settings import settings

    with db.write(db.engine()) as connection:
        _say(pinning.pin(connection, Actor(actor or settings().actor), number, code))


def unpin(
    number: Annotated[int, typer.Argument(metavar="ID", help="id, as /v1/buildings tells it")], actor: NAME = None
) -> None:
    """取消指定 · Give a building back to the grid with the largest share of its footprint."""
    from geo import db
    from geo.actors import Actor
    from geo.buildings import pinning
    from geo.settings import settings

    with db.write(db.engine()) as connection:
        _say(pinning.unpin(connection, Actor(actor or settings().actor), number))


def _say(building: Building) -> None:
    pinned = "已指定 pinned" if building.pinned else "按最大占比 by the largest share"
    grid = building.grid or "未分配 unassigned"
    typer.echo(f"{building.id} {building.name or building.reference} → {grid} · {building.share:.0%} · {pinned}")
