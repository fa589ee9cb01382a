"""``gridatlas import boundaries``: files of outlines judged in full, and published when told to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from api.commands import import_app, pairs
from geo.errors import Refused
from geo.settings import settings

if TYPE_CHECKING:
    from geo.boundaries.importing import Prepared
    from geo.boundaries.repairs import Repair
    from geo.boundaries.sources import Sources
    from geo.editions import Published
    from geo.plans.imported import Preview
    from geo.plans.redivisions import Done

TOML = ".toml"


def register(app: typer.Typer) -> None:
    """Add ``import boundaries`` to the command line."""
    import_app.command("boundaries")(boundaries)


@dataclass(frozen=True)
class Output:
    """Where findings and the summary go."""

    as_json: bool
    geojson: Path | None
    mends: Path | None
    limit: int


def boundaries(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="sources.toml, or one file: GeoPackage, GeoJSON, zipped Shapefile, .osm.pbf … (docs/formats.md)."
        ),
    ],
    level: Annotated[str | None, typer.Option(help="Level of the file's rows, such as grid.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer inside a GeoPackage or zip.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="Rows that count: column=text, as admin_level=8.")] = None,
    datum: Annotated[str | None, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn; never guessed.")] = None,
    code: Annotated[str | None, typer.Option(help="Column of codes; without it grids are matched.")] = None,
    name: Annotated[str | None, typer.Option(help="Column of names.")] = None,
    parent: Annotated[str | None, typer.Option(help="Column of the codes of the level above.")] = None,
    kind: Annotated[str | None, typer.Option(help="Column: comprehensive, dedicated, fallback.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of a Shapefile, such as GBK.")] = None,
    city_name: Annotated[str | None, typer.Option(help="Name of a new city that this one file makes.")] = None,
    city_code: Annotated[str | None, typer.Option(help="Its code.")] = None,
    time_zone: Annotated[str, typer.Option(help="Its time zone.")] = "Asia/Shanghai",
    evidence: Annotated[Path | None, typer.Option(help="Points that state their area, to verify the datum.")] = None,
    evidence_area: Annotated[str | None, typer.Option(help="Their column of areas: codes or names.")] = None,
    evidence_datum: Annotated[str, typer.Option(help="Their datum; default the file's own CRS, else wgs84.")] = "",
    evidence_lon: Annotated[str | None, typer.Option(help="Their column of longitudes.")] = None,
    evidence_lat: Annotated[str | None, typer.Option(help="Their column of latitudes.")] = None,
    evidence_level: Annotated[str | None, typer.Option(help="The level they state; default what fits best.")] = None,
    evidence_layer: Annotated[str | None, typer.Option(help="Their layer or sheet, where there are several.")] = None,
    evidence_encoding: Annotated[str | None, typer.Option(help="Their text encoding; default recognised.")] = None,
    effective_at: Annotated[
        str | None, typer.Option(help="In force from then: 2026-01-31 or an RFC 3339 instant.")
    ] = None,
    within: Annotated[str | None, typer.Option(help="Replace the ground of this area only.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what does not divide, within the limits.")] = False,
    mend_width: Annotated[float, typer.Option(help="Metres: no place wider than this is mended.")] = 2.0,
    mend_area: Annotated[float, typer.Option(help="Square metres: no larger place is mended.")] = 1000.0,
    authority: Annotated[
        str | None, typer.Option(help="Levels whose borders win, highest first, as grid,community,subdistrict.")
    ] = None,
    mends: Annotated[Path | None, typer.Option(help="Write the mends to this file as a GeoJSON layer.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write mends and findings to this file as a page to look at, offline.")
    ] = None,
    over_edits: Annotated[bool, typer.Option("--over-edits", help="Undo later edits in the scope.")] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Publish; without it nothing is stored.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
    geojson: Annotated[Path | None, typer.Option(help="Write the findings to this file as a GeoJSON layer.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows of each kind in the table.")] = 20,
    actor: Annotated[str | None, typer.Option("--as", help="Name written beside the change.")] = None,
) -> None:
    """边界入库 · Read and judge boundary files; publish an edition with --commit."""
    from api.deps import instant_of
    from geo import db
    from geo.actors import Actor
    from geo.boundaries import importing
    from geo.boundaries.flags import evidence_of
    from geo.boundaries.standing import standing_of
    from geo.editions import Request
    from geo.plans import imported

    begun = time.monotonic()
    flags = {
        "level": level,
        "layer": layer,
        "where": pairs(where or [], "--where", "admin_level=8"),
        "datum": datum,
        "code": code,
        "name": name,
        "parent": parent,
        "kind": kind,
        "encoding": encoding,
    }
    sources = _sources(file, flags, (city_name, city_code, time_zone))
    leave = _leave(repair, mend_width, mend_area, authority)
    if evidence is not None or evidence_area is not None:
        lonlat, more = (evidence_lon, evidence_lat), (evidence_level, evidence_encoding, evidence_layer)
        sources = replace(sources, evidence=evidence_of(evidence, evidence_area, evidence_datum, lonlat, more))
    output = Output(as_json, geojson, mends, limit)
    with _progress() as say:
        say("打开数据库 opening the database")
        with db.read(db.engine()) as connection:
            standing = standing_of(connection)
        prepared = importing.prepare(sources, standing, within=within, repair=leave, progress=say)
        request = Request(
            actor=Actor(actor or settings().actor),
            summary=f"{file.name}" + (f" ({within})" if within else ""),
            origin={},
            effective_at=instant_of(effective_at, prepared.city.time_zone, "--effective-at"),
            over_edits=over_edits,
        )
        seen = done = None
        if not prepared.is_refused:
            say("发布 publishing" if commit else "试算 weighing")
            with db.write(db.engine()) if commit else db.read(db.engine()) as connection:
                seen = imported.preview(connection, prepared, request)
                done = imported.publish(connection, prepared, request) if commit else None
    summary = _summary(prepared, seen, done, time.monotonic() - begun)
    if page is not None:
        from api.mends import write_page

        write_page(page, context, prepared, summary)
    _tell(output, prepared, summary)
    if prepared.is_refused:
        raise typer.Exit(1)
    if done is not None and done.published is not None:
        _follow(done.published)


def _follow(published: Published) -> None:
    """Do what an edition in force need not wait for: its drawings, and closed incidents; what a kill cuts off is late.

    Whoever asks for a drawing that is not there has it made, and incidents that lag follow with the next publish.
    """
    from geo import db, drawings
    from geo.incidents import following

    with _progress() as say:
        say("绘制地图 drawing the maps")
        with db.write(db.engine()) as connection:
            drawings.prepare(connection, published.edition)
        say("已办结事件随后归属 closed incidents follow")
        for _ in following.catch_up(db.engine()):
            pass


def _sources(file: Path, flags: dict[str, Any], city: tuple[str | None, str | None, str]) -> Sources:
    """What a sources.toml says, or what the flags say of one file."""
    from geo.boundaries.flags import sources_of
    from geo.boundaries.sources import read_sources

    given = [f"--{name.replace('_', '-')}" for name, value in flags.items() if value]
    if file.suffix == TOML:
        if given:
            raise Refused(f"{', '.join(given)} cannot be given beside {file.name}; write it there")
        return read_sources(file)
    return sources_of(file, flags, city)


def _leave(repair: bool, mend_width: float, mend_area: float, authority: str | None) -> Repair | None:
    """Leave to mend, or None without ``--repair``."""
    from geo.boundaries.repairs import repair_of

    words = [word.strip() for word in (authority or "").split(",") if word.strip()]
    return repair_of(mend_width, mend_area, words) if repair else None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line on stderr that says what is being done; gone when it is done."""
    console = Console(stderr=True)
    with console.status("…") as status:
        yield status.update


def _summary(prepared: Prepared, seen: Preview | None, done: Done | None, seconds: float) -> dict[str, Any]:
    from geo.boundaries.findings import tally

    published = done.published if done else None
    told: dict[str, Any] = {
        "city": prepared.city.name,
        "rows": prepared.rows,
        "findings": tally(prepared.findings),
        "ground": None if prepared.is_refused else prepared.ground(),
        "within": prepared.within,
        "is_same": bool(seen and seen.is_same),
        "is_published": published is not None,
        "edition": published.edition.number if published else None,
        "plan": done.plan.id if done and done.plan else None,
        "seconds": round(seconds, 2),
    }
    if seen is not None:
        told |= {
            "changed": seen.changed,
            "noded": seen.noded,
            "appeared": len(seen.appeared),
            "retired": len(seen.retired),
        }
    if published is not None:
        told |= {"moved_incidents": published.moved_incidents, "moved_buildings": published.moved_buildings}
    told["outcome"] = _outcome(seen, done)
    return told


def _outcome(seen: Preview | None, done: Done | None) -> dict[str, str]:
    """What became of the files, or would, in words."""
    if seen is None:
        return {"zh": "有错误，未入库", "en": "refused: errors; nothing is stored"}
    if seen.is_same:
        return {
            "zh": f"与现行第 {seen.base} 版相同，无需发布",
            "en": f"the same as edition {seen.base} in force: nothing to do",
        }
    if done is None:
        return _would(seen)
    if done.published is None:
        return _waiting(done)
    by = ("", "") if done.plan is None else (f"方案 {done.plan.id} ", f" by plan {done.plan.id}")
    number = done.published.edition.number
    return {"zh": f"{by[0]}已发布第 {number} 版", "en": f"published as edition {number}{by[1]}"}


def _would(seen: Preview) -> dict[str, str]:
    from geo.plans import verdicts

    if seen.base and (wanted := verdicts.wanted()):
        return {
            "zh": f"试运行：将成为方案，须 {wanted} 人同意后发布；加 --commit 立案",
            "en": f"dry run: would become a plan that takes {wanted} approval(s); say --commit to begin it",
        }
    if seen.hour is not None:
        return {
            "zh": f"试运行：将排期于 {seen.hour.isoformat()} 生效；加 --commit 排期",
            "en": f"dry run: would be scheduled for {seen.hour.isoformat()}; say --commit to schedule it",
        }
    return {
        "zh": f"试运行：将发布第 {seen.base + 1} 版；加 --commit 入库",
        "en": f"dry run: would become edition {seen.base + 1}; say --commit to publish",
    }


def _waiting(done: Done) -> dict[str, str]:
    from geo.plans import verdicts

    if done.plan is None:
        return {"zh": "与现行版本相同，无需发布", "en": "the same as the edition in force: nothing to do"}
    id = done.plan.id
    if (hour := done.plan.effective_at) is not None:
        return {
            "zh": f"已排期为方案 {id}，{hour.isoformat()} 起自动生效；撤销：gridatlas plan unschedule {id}",
            "en": f"scheduled as plan {id}, in force by itself from {hour.isoformat()}; "
            f"take it off: gridatlas plan unschedule {id}",
        }
    wanted = verdicts.wanted()
    return {
        "zh": f"已立案为方案 {id}，须 {wanted} 人同意：先 gridatlas plan submit {id}，"
        f"由他人 plan approve {id}，再 plan publish {id}",
        "en": f"plan {id} is a draft and takes {wanted} approval(s): gridatlas plan submit {id}, "
        f"others plan approve {id}, then plan publish {id}",
    }


def _tell(output: Output, prepared: Prepared, summary: dict[str, Any]) -> None:
    from geo.boundaries import findings, ledgers

    if output.geojson is not None:
        findings.write_geojson(prepared.findings, output.geojson)
    if output.mends is not None:
        ledgers.write_geojson(prepared.ledger, output.mends)
    if output.as_json:
        document = {"summary": summary, **findings.documents(prepared.findings)}
        if prepared.repair is not None:
            document |= {"repair": ledgers.documents(prepared.ledger, prepared.repair.limits)}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    console = Console()
    if prepared.findings:
        console.print(findings.table(prepared.findings, output.limit))
        console.print(findings.kinds_table(prepared.findings))
    if prepared.ledger:
        console.print(ledgers.table(prepared.ledger, output.limit))
        console.print(ledgers.totals_table(prepared.ledger))
    console.print(_lines(summary), highlight=False, markup=False, soft_wrap=True)


def _lines(summary: dict[str, Any]) -> str:
    found, ground = summary["findings"], summary["ground"]
    lines = [
        f"{summary['city']}  读入 read {summary['rows']:,} 行 rows",
        f"发现 findings  错误 errors {found['error']:,} · 警告 warnings {found['warning']:,} · "
        f"提示 info {found['info']:,}",
    ]
    if ground:
        lines.append(
            f"网格 grids  具名 named {ground['named']:,}（{ground['named_km2']:,} km²）· "
            f"兜底 fallback {ground['fallback']:,}（{ground['fallback_km2']:,} km²）"
        )
    if "changed" in summary:
        lines.append(
            f"变化 changed {summary['changed']:,} · 仅加点 noded {summary['noded']:,} · "
            f"新增 appeared {summary['appeared']:,} · 停用 retired {summary['retired']:,}"
        )
    if "moved_incidents" in summary:
        lines.append(
            f"重新归属 placed anew  事件 incidents {summary['moved_incidents']:,} · "
            f"建筑 buildings {summary['moved_buildings']:,}"
        )
    outcome = summary["outcome"]
    lines.append(f"{outcome['zh']} · {outcome['en']}（{summary['seconds']:.1f} s）")
    return "\n".join(lines)
