"""``gridatlas map``: a map as one file that opens without a server, a network or an installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geo.errors import Unknown

if TYPE_CHECKING:
    from geo.areas import City

map_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add ``map coverage``, ``map blind-spots`` and ``map business-district``."""
    app.add_typer(map_app, name="map")
    map_app.command("coverage")(coverage)
    map_app.command("blind-spots")(blind_spots)
    map_app.command("business-district")(business_district)


@map_app.callback()
def _map() -> None:
    """地图文件 · A map as one file that opens from disk, without a network."""


def coverage(
    out: Annotated[Path, typer.Option("--out", help="the file, as coverage.html; an older one is replaced when whole")],
    at: Annotated[str | None, typer.Option(help="date or time that is shown, to come too; default now")] = None,
    level: Annotated[str, typer.Option(help="level coloured at first, by its key; the reader may change it")] = "",
    indicator: Annotated[str, typer.Option(help="shown at first, by its key: docs/indicators.md")] = "grid-coverage",
    lang: Annotated[str, typer.Option(help="language at first: zh-CN or en; both are in the file")] = "zh-CN",
    tolerance_m: Annotated[float, typer.Option(min=0, max=50, help="metres borders may be drawn straighter by")] = 0.5,
) -> None:
    """覆盖图文件 · The coverage map of one edition as one HTML file: every level, every indicator, both languages."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from rich.console import Console

    from api.deps import instant_of
    from api.forecasts import expected, omitted
    from geo import areas, db
    from geo.files import renamed
    from geo.plans.calendar import is_to_come
    from maps import kept

    say = Console(stderr=True).print
    if at is None:
        _look()
    with db.read(db.engine()) as connection:
        city = areas.city(connection)
        instant = instant_of(at, city.time_zone)
        shown = kept.Shown(datetime.now(UTC), instant, _language(lang), _level(city, level), _indicator(indicator))
        say("读取版次 · reading the edition …", highlight=False)
        contents = kept.gathered(connection, instant)
    if is_to_come(instant):
        rests = {"plans": expected(contents.edition), "omitted": omitted(contents.edition)}
        shown = replace(shown, forecast=rests)
    say(f"{len(contents.leaves.ids):,} 个网格 · simplifying the borders and writing the page …", highlight=False)
    html = kept.page(contents, shown, tolerance_m)
    with renamed(out) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    named = int((contents.leaves.kinds != "fallback").sum())
    Console().print(
        f"{out}  {out.stat().st_size / 1e6:.2f} MB · 第 {contents.edition.number} 版 edition · "
        f"具名网格 named grids {named:,}\n"
        "用任一浏览器打开，无需联网 · open it in any browser; it asks nothing of a network",
        highlight=False,
        soft_wrap=True,
    )


def _look(*, always: bool = False) -> None:
    """Nothing; afterwards what is told of units says what holds now; where there are none only ``always``."""
    from geo import areas, db, revisions
    from geo.actors import Actor
    from geo.coverage import running, runs
    from geo.settings import settings

    with db.read(db.engine()) as connection:
        areas.current(connection)
        last = runs.last(connection)
        is_told = always or bool(revisions.of(connection, "units"))
        if not is_told or (last and not runs.is_stale(connection, last)):
            return
    with db.write(db.engine()) as connection:
        running.run(connection, Actor(settings().actor))


def blind_spots(
    out: Annotated[Path, typer.Option("--out", help="the file, as tower.html; an older one is replaced when whole")],
    within: Annotated[str | None, typer.Option(help="code of an area or grid; without it the whole city")] = None,
    district: Annotated[int | None, typer.Option(help="id of a business district, as /v1/business-districts")] = None,
    lang: Annotated[str, typer.Option(help="language at first: zh-CN or en; both are in the file")] = "zh-CN",
) -> None:
    """盲点图文件 · Blind spots of one place as one HTML file: buildings, reasons, proposals; at most 8 MB."""
    from datetime import UTC, datetime

    from rich.console import Console

    from geo import db
    from geo.files import renamed
    from maps import kept_place, kept_spots

    say = Console(stderr=True).print
    shown = kept_place.Shown(datetime.now(UTC), _language(lang))
    say("判定盲点 · looking for blind spots …", highlight=False)
    _look(always=True)
    say("读取 · reading the place, simplifying its borders and writing the page …", highlight=False)
    with db.read(db.engine()) as connection:
        contents = kept_spots.gathered(connection, kept_spots.Scope(within, district))
    html = kept_spots.page(contents, shown)
    with renamed(out) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    listed = contents.lists["building"]
    Console().print(
        f"{out}  {out.stat().st_size / 1e6:.2f} MB · 第 {contents.around.run.number} 次判定 run · "
        f"盲点楼宇 blind-spot buildings {listed['wanted'] - listed['counts'].get('U', 0):,} / {listed['total']:,}\n"
        "用任一浏览器打开，无需联网 · open it in any browser; it asks nothing of a network",
        highlight=False,
        soft_wrap=True,
    )


def business_district(
    number: Annotated[int, typer.Argument(metavar="ID", help="as /v1/business-districts tells it")],
    out: Annotated[Path, typer.Option("--out", help="the file, as park.html; an older one is replaced when whole")],
    lang: Annotated[str, typer.Option(help="language at first: zh-CN or en; both are in the file")] = "zh-CN",
) -> None:
    """商圈文件 · One business district as one HTML file: buildings by floor, units, rates, alliance; at most 8 MB."""
    from datetime import UTC, datetime

    from rich.console import Console

    from geo import db
    from geo.files import renamed
    from maps import kept_districts, kept_place

    shown = kept_place.Shown(datetime.now(UTC), _language(lang))
    Console(stderr=True).print("判定盲点 · looking for blind spots …", highlight=False)
    _look(always=True)
    with db.read(db.engine()) as connection:
        contents = kept_districts.gathered(connection, number)
    html = kept_districts.page(contents, shown)
    with renamed(out) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    units = sum(map(len, contents.units.values()))
    Console().print(
        f"{out}  {out.stat().st_size / 1e6:.2f} MB · {contents.district['properties']['name']} · "
        f"楼宇 buildings {len(contents.district['buildings']):,} · 单位 units {units:,}\n"
        "用任一浏览器打开，无需联网 · open it in any browser; it asks nothing of a network",
        highlight=False,
        soft_wrap=True,
    )


def _level(city: City, key: str) -> str:
    number = city.level(key) if key else max(1, city.grid_level - 1)
    if number == 0:
        below = ", ".join(level.key for level in city.levels[1:])
        raise Unknown(f"--level {key} has one area, the city itself; take one of {below}")
    return city.levels[number].key


def _indicator(key: str) -> str:
    from geo.coverage.indicators import named

    return named(key).key


def _language(asked: str) -> str:
    from maps.page import LANGUAGES

    if asked not in LANGUAGES:
        raise Unknown(f"no language {asked!r}; there are {', '.join(LANGUAGES)}")
    return asked
