"""An import of boundaries: the same run as the command line's, told in documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

from geo import areas, db, drawings, editions, intakes, rfc3339
from geo.actors import Actor
from geo.areas import City
from geo.boundaries import findings as findings_of
from geo.boundaries import importing, ledgers
from geo.boundaries.flags import sources_of
from geo.boundaries.importing import Prepared
from geo.boundaries.repairs import Repair, repair_of
from geo.boundaries.sources import Sources
from geo.boundaries.standing import Standing, standing_of
from geo.editions import Request
from geo.errors import GeoError, Refused
from geo.imports import guesses, looking, mended, overlays
from geo.imports.holdings import Holdings
from geo.imports.kinds import (
    CHOICE,
    COLUMN,
    DATUM,
    ENCODINGS,
    FLAG,
    TEXT,
    Field,
    Found,
    Guess,
    Mapped,
    Work,
    still,
    told_by,
)
from geo.imports.records import Import
from geo.imports.titles import titled
from geo.intakes import Answered
from geo.plans import imported, verdicts
from geo.plans.imported import Preview
from geo.plans.redivisions import Done
from geo.space.mending import Limits

_COLUMNS = ("level", "layer", "datum", "code", "name", "parent", "kind", "encoding")


class Boundaries:
    """Files of outlines that become an edition."""

    key = "boundaries"

    def fields(self, city: City | None) -> list[Field]:
        """The form; without a city it asks for one, and the file then makes a city of this one level."""
        levels = {level.key: (level.zh, level.en) for level in city.levels[1:]} if city else {}
        made = [
            Field("level", CHOICE if city else TEXT, True, levels),
            Field("datum", DATUM, True),
            *(Field(name, COLUMN) for name in ("code", "name", "parent", "kind")),
            Field("encoding", CHOICE, choices=ENCODINGS),
            Field("layer", CHOICE),
        ]
        if city is None:
            return [*made, Field("city_name", TEXT, True), Field("city_code", TEXT, True), Field("time_zone", TEXT)]
        mending = (Field("repair", FLAG), Field("mend_width", TEXT), Field("mend_area", TEXT))
        return [*made, *mending, Field("within", TEXT), Field("effective_at", TEXT), Field("over_edits", FLAG)]

    def look(self, path: Path, asked: Mapped, city: City | None) -> tuple[Holdings, Guess]:
        """Layers, columns and CRS; guesses of level, code, name, parent and kind."""
        held = looking.look(path, asked)
        return held, guesses.of_boundaries(held.columns, city)

    def judge(self, work: Work) -> Found:
        """What the dry run of the command line finds."""
        with db.read(work.engine) as connection:
            standing = standing_of(connection)
        prepared = _prepared(work, standing)
        seen, refusal = None, ""
        if not prepared.is_refused:
            work.step("试算", "weighing", None, None)
            try:
                with db.read(work.engine) as connection:
                    seen = imported.preview(connection, prepared, _request(work.record, work.actor, prepared.city))
            except GeoError as error:
                refusal = error.detail
        work.step("绘制发现", "drawing the findings", None, None)
        found, mends = findings_of.ordered(prepared.findings), ledgers.ordered(prepared.ledger)
        counts = findings_of.tally(found)
        places = findings_of.feature_collection(found)
        places["features"] += ledgers.feature_collection(mends)["features"]
        titles = [{**one, "title": titled(one["kind"])} for one in findings_of.kinds_tally(found)]
        return Found(
            edition=standing.edition.number if standing else 0,
            counts={**counts, "info": counts["info"] + len(mends)},
            kinds=titles + mended.kinds(mends),
            summary=_summary(prepared, seen),
            refusal=refusal,
            findings=[one.document() for one in found] + [mended.document(one) for one in mends],
            places=places,
            overlay=_overlay(prepared, [one.where for one in found] + [one.where for one in mends]),
        )

    def commit(self, work: Work, actor: Actor, edition: int) -> dict[str, Any]:
        """The edition it became, computed anew; carried out once, whatever happens to the answer."""
        with db.read(work.engine) as connection:
            standing = standing_of(connection)
        prepared = _prepared(work, standing)
        asked = {"import": work.record.id, "mapping": dict(work.record.mapping)}

        def carry_out() -> Answered:
            if prepared.is_refused:
                raise Refused("findings are errors; nothing is published until the file is corrected")
            editions.take_turn(connection)  # else an edition could come between the look and the publish
            still(connection, edition)
            request = _request(work.record, actor, prepared.city)
            return Answered(_told(imported.publish(connection, prepared, request), edition), is_repeat=False)

        work.step("发布", "publishing", None, None)
        with db.write(work.engine) as connection:
            answer = dict(intakes.once(connection, f"import {work.record.id}", asked, carry_out).answer)
        work.step("绘制地图", "drawing the maps", None, None)
        with db.write(work.engine) as connection:
            drawings.prepare(connection, areas.current(connection))
        return answer


def _prepared(work: Work, standing: Standing | None) -> Prepared:
    within = work.record.mapping.get("within")
    sources, leave = _sources(work.record, work.path), _leave(work.record)
    return importing.prepare(sources, standing, within=within, repair=leave, progress=told_by(work.step))


def _leave(record: Import) -> Repair | None:
    """Leave to mend, within the limits declared; None without ``repair``."""
    if not record.mapping.get("repair"):
        return None
    limits = Limits()
    width = _number(record, "mend_width", limits.width_m)
    return repair_of(width, _number(record, "mend_area", limits.area_m2), ())


def _number(record: Import, name: str, usual: float) -> float:
    text = record.mapping.get(name)
    try:
        return float(text) if text else usual
    except ValueError as error:
        raise Refused(f"{name} {text!r} is no number; right is {usual:g}") from error


def _sources(record: Import, path: Path) -> Sources:
    told = record.mapping
    city = (told.get("city_name"), told.get("city_code"), told.get("time_zone") or "Asia/Shanghai")
    made = sources_of(path, {name: told.get(name) for name in _COLUMNS}, city)
    return replace(made, layers=tuple(replace(layer, sha256=record.sha256) for layer in made.layers))


def _request(record: Import, actor: Actor, city: City) -> Request:
    within = record.mapping.get("within")
    return Request(
        actor=actor,
        summary=record.filename + (f" ({within})" if within else ""),
        origin={},
        effective_at=_instant(record.mapping.get("effective_at"), city.time_zone),
        over_edits=bool(record.mapping.get("over_edits")),
    )


def _instant(text: str | None, time_zone: str) -> datetime | None:
    if not text:
        return None
    instant = rfc3339.read(text, time_zone)
    if instant is None:
        raise Refused(f"effective_at {text!r} {rfc3339.RIGHT}")
    return instant


def _summary(prepared: Prepared, seen: Preview | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "city": prepared.city.name,
        "rows": prepared.rows,
        "within": prepared.within,
        "ground": None if prepared.is_refused else prepared.ground(),
    }
    if seen is not None:
        told |= {
            "is_same": seen.is_same,
            "next_edition": seen.base + 1,
            "changed": seen.changed,
            "noded": seen.noded,
            "appeared": len(seen.appeared),
            "retired": len(seen.retired),
            "scheduled": seen.hour and seen.hour.isoformat(),
        }
    return told


def _told(done: Done, edition: int) -> dict[str, Any]:
    """What an import became; an edition that was in force already is no new one, and a plan that waits is none yet."""
    plan, published = done.plan, done.published
    if published is None and plan is not None:
        hour = plan.effective_at
        waits = {"scheduled": hour.isoformat()} if hour else {"approvals": verdicts.wanted()}
        return {"is_same": False, "edition": edition, "plan": plan.id, **waits}
    if published is None:
        return {"is_same": True, "edition": edition}
    return {
        "plan": plan.id if plan else None,
        "is_same": False,
        "edition": published.edition.number,
        "changed": published.changed,
        "noded": published.noded,
        "appeared": len(published.appeared),
        "retired": len(published.retired),
        "moved_incidents": published.moved_incidents,
    }


def _overlay(prepared: Prepared, places: list[BaseGeometry | None]) -> Mapping[str, Any]:
    """Places of the findings and the ground of the file's own level."""
    layer = prepared.sources.layers[0]
    members = prepared.judgement.tree.members[prepared.city.level(layer.level)]
    return overlays.drawn(places, members.shapes, members.codes)
