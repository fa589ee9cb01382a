"""``gridatlas evidence``: points that state their area, held against a file of areas or the edition in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add ``evidence`` to the command line."""
    app.command()(evidence)


def evidence(
    points: Annotated[Path, typer.Argument(help="CSV, Parquet, XLSX, GeoPackage or GeoJSON")],
    area: Annotated[str, typer.Option(help="column of the area each point states: its code or name")],
    areas: Annotated[Path | None, typer.Option(help="a file of areas; without it the edition in force")] = None,
    code: Annotated[str | None, typer.Option(help="column of their codes, with --areas")] = None,
    name: Annotated[str | None, typer.Option(help="column of their names, with --areas")] = None,
    layer: Annotated[str | None, typer.Option(help="layer of --areas, where there are several")] = None,
    datum: Annotated[str | None, typer.Option(help="datum of --areas; never guessed")] = None,
    points_datum: Annotated[str, typer.Option(help="datum of the points; default the file's own CRS, else wgs84")] = "",
    lon: Annotated[str | None, typer.Option(help="column of the longitude")] = None,
    lat: Annotated[str | None, typer.Option(help="column of the latitude")] = None,
    level: Annotated[str | None, typer.Option(help="level the points state; default the one that fits best")] = None,
    points_layer: Annotated[str | None, typer.Option(help="layer or sheet of the points, of several")] = None,
    encoding: Annotated[str | None, typer.Option(help="of the points' texts; default recognised")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="everything as one JSON document")] = False,
    geojson: Annotated[Path | None, typer.Option(help="write the findings to this file as a GeoJSON layer")] = None,
) -> None:
    """核验坐标基准与时期 · Whether points bear out the datum and the vintage of areas; exit code 1 when they do not."""
    from geo.boundaries import findings
    from geo.boundaries.evidence import hold_edition, hold_file
    from geo.boundaries.flags import evidence_of
    from geo.boundaries.sources import LayerSource

    if areas is None and (code or name or layer or datum):
        raise typer.BadParameter("--code, --name, --layer and --datum describe a file: give it with --areas")
    source = evidence_of(points, area, points_datum, (lon, lat), (level, encoding, points_layer))
    if areas is None:
        from geo import db

        with db.read(db.engine()) as connection:
            found = hold_edition(connection, source)
    else:
        if not datum or not (code or name):
            raise typer.BadParameter("--areas needs --datum, and --code or --name, as --code ward --datum wgs84")
        found = hold_file(LayerSource(areas, "area", datum, layer=layer, code=code, name=name), source)
    if geojson is not None:
        findings.write_geojson(found, geojson)
    if as_json:
        typer.echo(json.dumps(findings.documents(found), ensure_ascii=False, indent=1))
    else:
        Console().print(findings.table(found))
    if any(one.severity != "info" for one in found):
        raise typer.Exit(1)
