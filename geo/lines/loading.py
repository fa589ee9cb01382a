"""A file of roads, water, railways and green taken into the base map: as a whole or not at all, source by source."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import areas
from geo.actors import Actor
from geo.crs import Datum, datum_of, from_metres, to_metres
from geo.errors import Refused
from geo.frames import Sheet, opened
from geo.frames.osm import GROUND, LINES, is_osm
from geo.lines import storing
from geo.lines.findings import Findings
from geo.lines.judging import judge, reading_of

Progress = Callable[[int, int | None], None]
AROUND_M = 1_000.0
"""So far beyond the city lines are kept, metres: a map ends beyond what it is about."""


@dataclass(frozen=True)
class Intake:
    """What a file is and what is to be done with it.

    Parameters
    ----------
    datum
        Of its coordinates; None only for OpenStreetMap, which is WGS 84.
    kind
        Of every row, when no column tells.
    columns
        Field → column where the names are not understood.
    source
        Under which its lines are kept and replaced; blank = the file's name.
    layer, encoding
        As :func:`geo.frames.opened`; an OpenStreetMap file is read for lines and ground.
    skip_bad
        True: what can be drawn is stored although rows are refused.
    commit
        False: everything is computed and nothing stored.
    """

    path: Path
    datum: str | None = None
    kind: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    layer: str | None = None
    encoding: str | None = None
    skip_bad: bool = False
    commit: bool = False

    @property
    def label(self) -> str:
        """The source its lines are kept under."""
        return self.source.strip() or self.path.name


@dataclass(frozen=True)
class Counts:
    """What became of a file's rows: read = drawn + left out (with a finding) + not shown.

    ``replaced`` are lines this source had before; ``classes`` counts the drawn by ``kind class``.
    """

    read: int
    drawn: int
    not_shown: int
    replaced: int
    classes: dict[str, int]


@dataclass(frozen=True)
class Loaded:
    """The outcome of one file; ``is_kept`` when its lines are in the database."""

    source: str
    findings: Findings
    counts: Counts
    is_kept: bool


def load(connection: sa.Connection, actor: Actor, intake: Intake, progress: Progress | None = None) -> Loaded:
    """What is found in the file and what of it is drawn; the source's former lines are replaced.

    Refused rows keep the whole file out unless ``skip_bad``. Loading a file twice changes nothing but ids.

    Raises
    ------
    Refused
        When the file cannot be read, nothing tells what its rows are, or no datum is declared.
    Unknown
        When nothing has been published.
    """
    ground = city_ground(connection)
    findings = Findings()
    classes: Counter[str] = Counter()
    read = 0
    stage = connection.begin_nested()
    replaced = storing.remove(connection, intake.label)
    for sheet in _sheets(intake):
        reading = reading_of(sheet, intake.columns, intake.kind, _datum(intake, sheet), ground)
        if sheet.recognised:
            findings.add("encoding", "*", [(1, sheet.recognised)])
        before = read
        for frame in sheet.frames:
            found = judge(frame, reading, findings)
            classes.update(f"{kind} {rank}" for kind, rank in zip(found.kinds, found.classes, strict=True))
            if intake.commit:
                storing.add(connection, intake.label, found)
            read += len(frame.rows)
            if progress:
                progress(read, None if sheet.total is None else before + sheet.total)
    is_kept = intake.commit and (intake.skip_bad or not findings.refused)
    left_out = sum(number for key, number in findings.totals.items() if key not in ("mended", "encoding"))
    drawn = classes.total()
    counts = Counts(read, drawn, read - drawn - left_out, replaced, dict(sorted(classes.items())))
    if not is_kept:
        stage.rollback()
        return Loaded(intake.label, findings, counts, is_kept)
    stage.commit()
    detail = {"file": intake.path.name, "digest": digest_of(intake.path), **asdict(counts)}
    storing.note(connection, actor, intake.label, detail)
    return Loaded(intake.label, findings, counts, is_kept)


def city_ground(connection: sa.Connection) -> BaseGeometry:
    """The ground of the city in force and a little more, degrees WGS 84. Raises Unknown when nothing is published."""
    edition = areas.current(connection)
    city = areas.city(connection)
    ground = areas.geometry(connection, city.code, edition)
    metres = shapely.transform(ground, lambda xy: to_metres(xy, city.metric_epsg))
    wide = shapely.buffer(shapely.simplify(metres, AROUND_M / 20), AROUND_M, quad_segs=4)
    return shapely.transform(wide, lambda xy: from_metres(xy, city.metric_epsg))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sheets(intake: Intake) -> Iterator[Sheet]:
    """The sheets of the file one after the other: lines and ground of OpenStreetMap, else the one that is named."""
    layers = [LINES, GROUND] if intake.layer is None and is_osm(intake.path) else [intake.layer]
    for layer in layers:
        with opened(intake.path, encoding=intake.encoding, layer=layer) as sheet:
            yield sheet


def _datum(intake: Intake, sheet: Sheet) -> Datum:
    if intake.datum:
        return datum_of(intake.datum)
    if sheet.kind == "osm":
        return datum_of("wgs84")
    claim = f" (the file itself says {sheet.crs}, which may or may not be true)" if sheet.crs else ""
    raise Refused(
        f"{intake.path.name}: no datum is declared{claim}; declare one of wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn"
    )
