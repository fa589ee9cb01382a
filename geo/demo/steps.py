"""The made city brought into a database, step by step; what stands already is left as it is.

A step that is done is passed over before the modules it would need are loaded: the demo is called again and again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from geo import areas, db
from geo.actors import Actor
from geo.areas import City
from geo.boundaries.sources import read_sources
from geo.demo.plans import CITY_ZONE, REGISTERS, Order
from geo.errors import Refused, Unknown
from geo.tables import audit_events

BOUNDARIES = Path(__file__).parents[2] / "data/boundaries"
FILES = ("lines.parquet", "business_districts.parquet", "buildings.parquet", "incidents.csv")
FIRST_EDITION = datetime(2025, 1, 1, tzinfo=CITY_ZONE)
_SUMMARY = "演示城市首次划分 · first division of the made city"
_LOADED = "demo.incidents"
_SOURCE = "demo"
_BUILT = "demo.buildings"
_GENERATION = 5
"""Raised when the generator writes other bytes for the same order."""

Say = Callable[[str], None]


def write_files(folder: Path, order: Order, say: Say, *, boundaries: bool = False) -> bool:
    """True when the city's files were written; False when they stand already for this order.

    A stopped run leaves no stamp, so the next one writes again. ``boundaries`` writes the division's files too.
    """
    stamp = folder / "order.json"
    wanted = _stamp(order, boundaries)
    if stamp.is_file() and stamp.read_text() == wanted and _all_stand(folder):
        return False
    from geo.demo import business, registers, towns, writing

    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    say(f"drawing a city of {order.grids:,} grids")
    city = towns.make(order)
    if boundaries:
        writing.write_boundaries(city.town, folder)
    writing.write_base_map(city.base, folder / FILES[0])
    say(f"building about {order.buildings:,} buildings")
    sites = writing.write_buildings(city, folder / FILES[2])
    registry = registers.draw(city, sites, business.business_districts(city.ground, sites, order))
    writing.write_business_districts(registry.districts, registers.leaders(registry), folder / FILES[1])
    say(f"registering {len(registry.units):,} units")
    registers.write(registry, folder)
    say(f"writing {order.incidents:,} incidents")
    writing.write_incidents(city, folder / FILES[3])
    registers.write_stages(folder, folder / FILES[3], order)
    temporary = stamp.with_suffix(".new")
    temporary.write_text(wanted)
    os.replace(temporary, stamp)
    return True


def _all_stand(folder: Path) -> bool:
    return all((folder / name).is_file() for name in {*FILES, *REGISTERS.values()})


def _stamp(order: Order, boundaries: bool) -> str:
    told = {**asdict(order), "until": order.until.isoformat(), "boundaries": boundaries, "generation": _GENERATION}
    return json.dumps(told, sort_keys=True)


def refuse_another(engine: sa.Engine, folder: Path = BOUNDARIES) -> None:
    """Nothing, when the database is empty or holds the city of ``folder``.

    Raises
    ------
    Refused
        When it holds another city; nothing is changed.
    """
    source = read_sources(folder / "sources.toml")
    assert source.city is not None
    with db.read(engine) as connection:
        there = _published(connection)
    if there is not None and there.code != source.city.code:
        raise Refused(
            f"the database holds {there.name} ({there.code}), not the made city {source.city.name}; one database is "
            "one city: set GRIDATLAS_HOME to another folder, or empty this one with ./gridatlas db reset"
        )


def _published(connection: sa.Connection) -> City | None:
    try:
        return areas.city(connection)
    except Unknown:
        return None


def publish_boundaries(engine: sa.Engine, actor: Actor, say: Say, folder: Path = BOUNDARIES) -> bool:
    """True when the division of ``folder`` became the first edition; False when an edition stands already.

    Later edits are kept: a demo that is started again does not undo what someone drew in it.

    Raises
    ------
    Refused
        When the files do not divide the city, or the database holds another city.
    """
    with db.read(engine) as connection:
        if _published(connection) is not None:
            return False
    from geo import editions
    from geo.boundaries import importing
    from geo.plans import imported

    sources = read_sources(folder / "sources.toml")
    prepared = importing.prepare(sources, None)
    request = editions.Request(actor=actor, summary=_SUMMARY, origin={}, effective_at=FIRST_EDITION)
    with db.write(engine) as connection:
        imported.publish(connection, prepared, request)
    say(f"第 1 版 edition 1: {prepared.ground()['named']} grids, {prepared.ground()['fallback']} with fallback ground")
    return True


def draw_base_map(engine: sa.Engine, actor: Actor, path: Path) -> bool:
    """True when the made city's lines were replaced by the file; False when they are this file's already."""
    from geo import lines

    with db.read(engine) as connection:
        if lines.stored(connection, _SOURCE).digest == digest_of(path):
            return False
    with db.write(engine) as connection:
        lines.load(connection, actor, lines.Intake(path, datum="wgs84", source=_SOURCE, commit=True))
    return True


def load_incidents(engine: sa.Engine, actor: Actor, path: Path, say: Say) -> bool:
    """True when the file's incidents were stored; False when this very file was loaded before.

    Rows that cannot be stored are left out, as in any office's file; how many is said.
    """
    digest = digest_of(path)
    known = sa.select(audit_events.c.id).where(audit_events.c.action == _LOADED)
    with db.write(engine) as connection:
        if connection.scalar(known.where(audit_events.c.detail["digest"].astext == digest).limit(1)):
            return False
        from geo.incidents.loading import Intake, load

        loaded = load(connection, actor, Intake(path, datum="wgs84", skip_bad=True, commit=True))
        event = {"digest": digest, "stored": loaded.stored.stored}
        connection.execute(sa.insert(audit_events).values(actor=actor.name, action=_LOADED, detail=event))
    told = loaded.stored
    say(f"事件 incidents: {told.stored:,} stored, {told.already:,} repeated, {told.refused:,} refused, "
        f"{told.unassigned:,} without a grid")  # fmt: skip
    return True


def load_buildings(engine: sa.Engine, actor: Actor, path: Path, say: Say) -> bool:
    """True when the file's buildings were stored; False when this very file was loaded before."""
    digest = digest_of(path)
    known = sa.select(audit_events.c.id).where(audit_events.c.action == _BUILT)
    with db.write(engine) as connection:
        if connection.scalar(known.where(audit_events.c.detail["digest"].astext == digest).limit(1)):
            return False
        from geo.buildings.loading import Intake, load

        loaded = load(connection, actor, Intake(path, datum="wgs84", source=_SOURCE, commit=True))
        event = {"digest": digest, "stored": loaded.stored.stored}
        connection.execute(sa.insert(audit_events).values(actor=actor.name, action=_BUILT, detail=event))
    told = loaded.stored
    say(f"建筑 buildings: {told.stored + told.already:,} stand, {told.straddling:,} straddle grids")
    return True


def load_entities(engine: sa.Engine, actor: Actor, folder: Path, say: Say) -> dict[str, int]:
    """Rows stored of each register, by the key of its entity; a register that was loaded before is left out.

    Registers are loaded in the order of their entities, each in a transaction of its own, so a stopped run goes on with
    the next. One without rows is passed over.

    Raises
    ------
    Refused
        When a register holds what cannot be stored; what was loaded before it stays.
    """
    from geo.entities import ENTITIES

    stored: dict[str, int] = {}
    for key in ENTITIES:
        path = folder / REGISTERS[key]
        if not _has_rows(path):
            continue
        digest, action = digest_of(path), f"demo.{key}"
        known = sa.select(audit_events.c.id).where(audit_events.c.action == action)
        with db.write(engine) as connection:
            if connection.scalar(known.where(audit_events.c.detail["digest"].astext == digest).limit(1)):
                continue
            from geo.entities.loading import Intake, load

            told = load(connection, actor, Intake(ENTITIES[key], path, datum="wgs84", source=_SOURCE, commit=True))
            if not told.is_kept:
                raise Refused(f"{path.name} of the made city is refused: {told.findings.listed[0].message}")
            stored[key] = told.stored.stored + told.stored.changed
            event = {"digest": digest, "stored": stored[key]}
            connection.execute(sa.insert(audit_events).values(actor=actor.name, action=action, detail=event))
    if stored:
        say(f"名册 registers: {sum(stored.values()):,} rows of {len(stored)} kinds")
    return stored


def _has_rows(path: Path) -> bool:
    """Whether a CSV goes on below its header; other files always hold something."""
    if path.suffix != ".csv":
        return True
    with path.open("rb") as file:
        return len([line for _, line in zip(range(2), file, strict=False)]) == 2


def look_for_blind_spots(engine: sa.Engine, actor: Actor, say: Say) -> bool:
    """True when there was something to look for; False when the last run holds still."""
    from geo.coverage import running

    with db.write(engine) as connection:
        made, is_new = running.run(connection, actor)
    if is_new:
        counts = made.counts["units"]
        blind = sum(number for code, number in counts.items() if code.startswith("P"))
        say(f"盲点 blind spots: {blind:,} of {sum(counts.values()):,} units, {counts.get('U', 0):,} not surveyed")
    return is_new


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
