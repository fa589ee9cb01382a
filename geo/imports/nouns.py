"""The nouns whose files are rows, each with its own loader: incidents, buildings, lines."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from geo import lines
from geo.actors import Actor
from geo.buildings import loading as of_buildings
from geo.buildings import mapping as building_mapping
from geo.imports.kinds import CHOICE, FLAG, TEXT, Field, Work
from geo.imports.rows import Progress, Rows, Taken
from geo.incidents import loading as of_incidents
from geo.incidents import mapping as incident_mapping
from geo.lines.judging import FIELDS as LINE_FIELDS

_KINDS = {
    "road": ("道路", "Roads"),
    "rail": ("铁路", "Railways"),
    "water": ("水系", "Water"),
    "green": ("绿地", "Green"),
}


def _incidents(connection: sa.Connection, actor: Actor, work: Work, commit: bool, progress: Progress) -> Taken:
    told = work.record.mapping
    intake = of_incidents.Intake(
        path=work.path,
        datum=told["datum"],
        columns=INCIDENTS.columns(told),
        source=told.get("source_all", ""),
        encoding=told.get("encoding"),
        layer=told.get("layer"),
        skip_bad=bool(told.get("skip_bad")),
        commit=commit,
        despite_evidence=bool(told.get("despite_evidence")),
    )
    loaded = of_incidents.load(connection, actor, intake, progress)
    return Taken(loaded.columns, loaded.findings, _counts(loaded.stored), loaded.is_kept, loaded.held_back)


def _buildings(connection: sa.Connection, actor: Actor, work: Work, commit: bool, progress: Progress) -> Taken:
    told = work.record.mapping
    intake = of_buildings.Intake(
        path=work.path,
        datum=told["datum"],
        columns=BUILDINGS.columns(told),
        source=told.get("source_all", ""),
        encoding=told.get("encoding"),
        layer=told.get("layer"),
        skip_bad=bool(told.get("skip_bad")),
        commit=commit,
    )
    loaded = of_buildings.load(connection, actor, intake, progress)
    return Taken(loaded.columns, loaded.findings, _counts(loaded.stored), loaded.is_kept, loaded.held_back)


def _lines(connection: sa.Connection, actor: Actor, work: Work, commit: bool, progress: Progress) -> Taken:
    told = work.record.mapping
    intake = lines.Intake(
        path=work.path,
        datum=told["datum"],
        kind=told.get("kind_all"),
        columns=LINES.columns(told),
        source=told.get("source_all", ""),
        layer=told.get("layer"),
        encoding=told.get("encoding"),
        skip_bad=bool(told.get("skip_bad")),
        commit=commit,
    )
    loaded = lines.load(connection, actor, intake, progress)
    counts = loaded.counts
    told_of = {"read": counts.read, "stored": counts.drawn, "not_shown": counts.not_shown, "replaced": counts.replaced}
    return Taken(intake.columns, loaded.findings, told_of, loaded.is_kept)


def _counts(stored: Any) -> dict[str, int]:
    """Counts of rows; ``changed`` means grids elsewhere, so rows with other content go by another name."""
    told: dict[str, int] = asdict(stored)
    return {("changed_rows" if name == "changed" else name): number for name, number in told.items()}


_SOURCE = Field("source_all", TEXT)

INCIDENTS = Rows(
    "incidents",
    incident_mapping.FIELDS,
    _incidents,
    (_SOURCE, Field("despite_evidence", FLAG)),
    {"datum": "datum_column"},
)
BUILDINGS = Rows(
    "buildings", replace(building_mapping.FIELDS, needed=()), _buildings, (_SOURCE,), usual=("multipolygons",)
)
LINES = Rows(
    "lines",
    LINE_FIELDS,
    _lines,
    (Field("kind_all", CHOICE, choices=_KINDS), _SOURCE),
    {"kind": "kind_column", "class": "road_class"},
)
