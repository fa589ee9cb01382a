"""``gridatlas check``: the edition in force, judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add ``check`` to the command line."""
    app.command()(check)


def check(
    at: Annotated[str | None, typer.Option(help="As of a date or an RFC 3339 instant, to come: forecast.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
    geojson: Annotated[Path | None, typer.Option(help="Write the findings to this file as a GeoJSON layer.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows of each kind in the table.")] = 20,
) -> None:
    """检查现行边界 · Prove the edition in force; exit code 1 when anything is an error."""
    from api.answers import edition_named, foretold
    from api.deps import instant_of
    from geo import areas, db
    from geo.boundaries import findings
    from geo.boundaries.checking import check as judged
    from geo.plans.calendar import edition_at

    with db.read(db.engine()) as connection:
        city = areas.city(connection)
        instant = instant_of(at, city.time_zone, "--at")
        edition = edition_at(connection, instant)
        found = judged(connection, edition)
        leaves = len(areas.leaf_rows(connection, edition).ids)
    named = edition_named(edition, instant)
    if geojson is not None:
        findings.write_geojson(found, geojson)
    if as_json:
        told = {name: value for name, value in named.items() if name in ("forecast", "plans", "omitted")}
        document = {"edition": edition.number, "leaves": leaves, **told, **findings.documents(found)}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        console = Console()
        if found:
            console.print(findings.table(found, limit))
        counts = findings.tally(found)
        proved = "" if counts["error"] else "，已证明拼满市域 proved to fill the city"
        which = f"第 {edition.number} 版 edition {edition.number}{foretold(named)}"
        console.print(
            f"{city.name}  {which}  {leaves:,} 个地块 leaves{proved}\n"
            f"错误 errors {counts['error']:,} · 警告 warnings {counts['warning']:,} · 提示 info {counts['info']:,}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if findings.has_errors(found):
        raise typer.Exit(1)
