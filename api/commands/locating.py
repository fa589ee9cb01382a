"""``gridatlas locate`` and ``gridatlas assign``: whose ground is this, for one point or a file of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import sqlalchemy as sa

    from geo.bulk import Assigned, OfCity
    from geo.positions import Points


def register(app: typer.Typer) -> None:
    """Add ``locate`` and ``assign``."""
    # a longitude west of Greenwich begins with a minus and is no option
    app.command("locate", context_settings={"ignore_unknown_options": True})(locate)
    app.command("assign")(assign)


def locate(
    lon: Annotated[float, typer.Argument(help="longitude, or east")],
    lat: Annotated[float, typer.Argument(help="latitude, or north")],
    datum: Annotated[str, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn")] = "wgs84",
    at: Annotated[str | None, typer.Option(help="time, as 2024-01-05T08:30+08:00; default now")] = None,
    accuracy_m: Annotated[float | None, typer.Option(help="accuracy of the position in metres")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the whole answer as JSON")] = False,
) -> None:
    """定位一点 · Whose ground one point is, and why."""
    import json

    import numpy as np
    from rich.console import Console
    from rich.markup import escape

    from api.answers import edition_named, foretold
    from geo import areas, assignments, db
    from geo.crs import datum_of, to_wgs84
    from geo.explaining import explain
    from geo.plans.calendar import edition_at

    known = datum_of(datum)
    with db.read(db.engine()) as connection:
        instant = _instant(at, areas.city(connection).time_zone)
        city = assignments.open_index(connection, edition_at(connection, instant))
    place = to_wgs84(np.array([[lon, lat]]), known)[0]
    found = explain(city, (float(place[0]), float(place[1])), accuracy_m=accuracy_m)
    named = edition_named(city.edition, instant)
    found |= {name: told for name, told in named.items() if name in ("forecast", "plans", "omitted")}
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    console = Console()
    for step, level in zip(found["areas"], city.city.levels, strict=False):
        console.print(f"{level.zh} {level.en}: [bold]{escape(step['code'])}[/] {escape(step['name'])}", highlight=False)
    for likely in found["candidates"][1:] and found["candidates"]:
        console.print(
            f"  {likely['probability']:.1%}  {escape(likely['code'])} {escape(likely['name'])}", highlight=False
        )
    console.print(f"版次 edition {found['edition']}{escape(foretold(named))}", highlight=False)
    console.print(escape(found["explain"]["zh"]), highlight=False)
    console.print(escape(found["explain"]["en"]), highlight=False)


def _instant(text: str | None, zone: str) -> datetime | None:
    from datetime import UTC, timedelta

    import pyarrow as pa

    from geo import instants
    from geo.errors import Refused

    if text is None:
        return None
    us = int(instants.read(pa.array([text]), zone).us[0])
    if us == instants.NEVER_US:
        raise Refused(f"--at {text!r} is not a time; {instants.RIGHT}")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def assign(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Parquet, GeoParquet, CSV or GPKG")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="the same rows with codes; the suffix says the format")],
    lon: Annotated[str | None, typer.Option(help="column of the longitude")] = None,
    lat: Annotated[str | None, typer.Option(help="column of the latitude")] = None,
    datum: Annotated[str | None, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn")] = None,
    at_field: Annotated[str | None, typer.Option(help="column of the time whose edition answers")] = None,
    at: Annotated[str | None, typer.Option(help="time of all rows instead of a column; default now")] = None,
    accuracy_field: Annotated[str | None, typer.Option(help="column of the accuracy in metres")] = None,
    areas: Annotated[Path | None, typer.Option(help="a file of areas instead of the city's division")] = None,
    code: Annotated[str | None, typer.Option(help="column of their code, with --areas")] = None,
    layer: Annotated[str | None, typer.Option(help="layer of --areas, where there are several")] = None,
    areas_datum: Annotated[str | None, typer.Option(help="datum of --areas, when its file does not say")] = None,
    prefix: Annotated[str, typer.Option(help="put before the names of the added columns")] = "",
    in_layer: Annotated[str | None, typer.Option(help="worksheet or layer of IN, where there are several")] = None,
    encoding: Annotated[str | None, typer.Option(help="of CSV: utf-8, gbk …; unset: recognised")] = None,
    dask: Annotated[str | None, typer.Option(help="by workers: local:4, or a scheduler as tcp://host:8786")] = None,
) -> None:
    """批量落格 · The rows of a file with the codes of every level, by chunks.

    OUT without a suffix is a folder: a file for each row group of IN. Started again, it goes on where it was ended.
    With --dask OUT is always such a folder.
    """
    from geo.positions import Points

    if (areas is None) != (code is None):
        raise typer.BadParameter("--areas and --code go together: --areas wards.gpkg --code ward")
    if areas is not None and (at_field or at):
        raise typer.BadParameter("--at-field and --at ask the city's editions; the areas of --areas have none")
    if at_field and at:
        raise typer.BadParameter("--at-field gives each row its time and --at all rows one; give one of them")
    when = _when(at) if at else None
    points = Points(lon, lat, datum, at_field, when, accuracy_field, encoding, in_layer, prefix)
    of_areas = (areas, code, layer, areas_datum) if areas is not None and code is not None else None
    if dask is not None or not target.suffix or source.is_dir():
        told = _by_parts(source, target, points, of_areas, dask)
    else:
        told = _as_file(source, target, points, of_areas)
    _say_assigned(target, told, is_timed=at_field is not None)


def _when(at: str) -> str:
    """An instant that a person gave, with its offset."""
    from geo import areas, db

    with db.read(db.engine()) as connection:
        instant = _instant(at, areas.city(connection).time_zone)
    assert instant is not None, "something was given"
    return instant.isoformat()


Areas = tuple[Path, str, str | None, str | None]
"""The file of --areas, the column of its code, its layer and its datum."""


def _as_file(source: Path, target: Path, points: Points, areas: Areas | None) -> Assigned:
    from api.progress import rows_read
    from geo import bulk, db
    from geo.layers import read_layer

    if areas:
        path, code, layer, datum = areas
        over = bulk.OfLayer(read_layer(path, code, layer=layer, datum=datum))
        with rows_read(source.name) as progress:
            return bulk.assign_file(source, target, points, over, progress)
    with rows_read(source.name) as progress, db.read(db.engine()) as connection:
        return bulk.assign_file(source, target, points, _city(connection, points), progress)


def _city(connection: sa.Connection, points: Points) -> OfCity:
    """The city's division, with what is to come where rows have times."""
    from geo.assignments import open_index
    from geo.bulk import OfCity
    from geo.plans.hours import hours

    coming = hours(connection) if points.at or points.when else []
    if not coming:
        return OfCity.now(connection)
    from geo.plans.foreseeing import after  # plans are much to import for a run that asks none

    return OfCity.now(connection, coming, lambda stage: open_index(connection, after(connection, coming[stage - 1])))


def _by_parts(source: Path, target: Path, points: Points, areas: Areas | None, dask: str | None) -> Assigned:
    from rich.console import Console

    from api.progress import rows_read
    from geo import parts

    do: parts.Do = parts.one_by_one
    if dask is not None:
        from geo import workers

        do = workers.spread(dask)
    job: parts.Job = parts.OnAreas(points, areas[0].resolve(), *areas[1:]) if areas else parts.OnCity.now(points)
    with rows_read(source.name) as progress:
        told, kept = parts.assign_parts(source, target, job, do, progress)
    if kept:
        Console().print(f"接着上次：已有 {kept} 份 continued: {kept} parts were there already", highlight=False)
    return told


def _say_assigned(target: Path, told: Assigned, *, is_timed: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    from geo.positions import AMISS

    rules = " · ".join(f"{key} {number:,}" for key, number in sorted(told.rules.items()))
    counts = f"未落格 unplaced {told.unplaced:,} · 存疑 doubtful {told.doubtful:,}"
    Console().print(f"{told.rows:,} rows → {escape(target.name)} · {counts}\n{rules}", highlight=False)
    for key, (number, first) in told.amiss.items():
        zh, en = AMISS[key]
        said = f"{zh} {en} · {number:,} · 首处 the first: {first}"
        Console().print(escape(said), highlight=False, soft_wrap=True)
    if told.recognised:
        read_as = (
            f"编码按识别读取 the text was recognised as {told.recognised}; to be sure: --encoding {told.recognised}"
        )
        Console().print(read_as, highlight=False)
    if told.forecast:
        foretold = f"预测，按届时已排期的方案 forecast, by the plans scheduled until then {told.forecast:,}"
        Console().print(foretold, highlight=False)
    if is_timed:
        Console().print(
            f"无时间 without time {told.untimed:,} · 按本市时区读 read in the city's time zone {told.naive:,} · "
            f"早于首版 before the first edition {told.before_first:,}",
            highlight=False,
        )
