"""``gridatlas export``: an edition, the incidents, the buildings as a file other programs open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from geo.exports.targets import Written

export_app = typer.Typer(no_args_is_help=True)
Out = Annotated[
    Path, typer.Argument(metavar="OUT", help=".gpkg .geojson .zip (Shapefile) .parquet .fgb .csv; replaced when whole")
]
Crs = Annotated[str, typer.Option(help="EPSG:4326, EPSG:4490, a projected code, or auto-metric: the city's own")]


def register(app: typer.Typer) -> None:
    """Add ``export edition``, ``export incidents`` and ``export buildings``."""
    app.add_typer(export_app, name="export")
    export_app.command("edition")(edition)
    export_app.command("incidents")(incidents)
    export_app.command("buildings")(buildings)


@export_app.callback()
def _export() -> None:
    """导出 · An edition, the incidents or the buildings as a file other programs open."""


def edition(
    out: Out,
    level: Annotated[str | None, typer.Option(help="one level by its key; a .gpkg without it holds them all")] = None,
    crs: Crs = "EPSG:4326",
    at: Annotated[str | None, typer.Option(help="date or time whose edition is written; default now")] = None,
    number: Annotated[
        int | None, typer.Option("--edition", help="number of an edition, instead of --at", min=1, max=2**31 - 1)
    ] = None,
) -> None:
    """导出版次 · The areas and grids of an edition: codes, names, parents, ground."""
    from api.deps import instant_of
    from api.progress import rows_read
    from geo import areas, db
    from geo.exports import editions, targets
    from geo.plans.calendar import edition_at

    if at is not None and number is not None:
        raise typer.BadParameter("--at and --edition both name an edition; say one of them")
    with db.read(db.engine()) as connection:
        city = areas.city(connection)
        if number is None:
            asked = edition_at(connection, instant_of(at, city.time_zone))
        else:
            asked = areas.numbered(connection, number)
        target = targets.target_of(out, crs, city)
        with rows_read(out.name) as progress:
            done = editions.export(connection, asked, editions.levels_of(city, level, out), target, progress)
    _say(done, f"第 {asked.number} 版 edition{'，预测 forecast' if asked.forecast else ''}")


def incidents(
    out: Out,
    crs: Crs = "EPSG:4326",
    since: Annotated[str | None, typer.Option(help="date or time; occurred then or later")] = None,
    until: Annotated[str | None, typer.Option(help="date or time; occurred before it")] = None,
) -> None:
    """导出事件 · Incidents with their grids, then and today; neither addresses nor persons."""
    from api.deps import instant_of
    from api.progress import rows_read
    from geo import areas, db
    from geo.exports import incidents as exports
    from geo.exports import targets

    with db.read(db.engine()) as connection:
        city = areas.city(connection)
        between = (instant_of(since, city.time_zone, "since"), instant_of(until, city.time_zone, "until"))
        target = targets.target_of(out, crs, city)
        with rows_read(out.name) as progress:
            done = exports.export(connection, between, target, progress)
    _say(done, "事件 incidents")


def buildings(out: Out, crs: Crs = "EPSG:4326") -> None:
    """导出建筑 · Buildings with use, counts and their grid."""
    from api.progress import rows_read
    from geo import areas, db
    from geo.exports import buildings as exports
    from geo.exports import targets

    with db.read(db.engine()) as connection:
        target = targets.target_of(out, crs, areas.city(connection))
        with rows_read(out.name) as progress:
            done = exports.export(connection, target, progress)
    _say(done, "建筑 buildings")


def _say(done: Written, what: str) -> None:
    from rich.console import Console

    rows = " · ".join(f"{name} {number:,}" for name, number in done.rows.items())
    size = done.path.stat().st_size / 1e6
    Console().print(f"{done.path}  {size:.2f} MB · {what} · {done.crs} · {rows}", highlight=False, soft_wrap=True)
