"""A file of buildings taken in: judged row by row, folded by id, placed by edition, stored as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

import sqlalchemy as sa

from geo import areas, revisions
from geo.actors import Actor
from geo.areas import Edition
from geo.assignments import open_index
from geo.buildings import osm, staging
from geo.buildings.findings import Findings
from geo.buildings.footprints import NOUN
from geo.buildings.judging import Reading, judge
from geo.buildings.mapping import mapped
from geo.crs import datum_of
from geo.errors import Refused
from geo.frames import Sheet, opened
from geo.locking import lock_current
from geo.pipes import ahead
from geo.tables import audit_events

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Intake:
    """What a file is and what is to be done with it.

    Parameters
    ----------
    datum
        Of the footprints; declared, never guessed.
    columns
        Field → column where the names are not understood; several are joined as ``street+number``.
    source
        Of every row, when no column tells.
    uses
        The source's own words → use; see :func:`geo.buildings.uses.read_map`.
    encoding
        Of texts; None = recognised, and said when it was not UTF-8.
    layer
        Of a file that holds several; None = the only one, of an OSM file the ground objects.
    skip_bad
        True: what can be stored is stored although rows are refused.
    commit
        False: everything is computed and nothing stored.
    """

    path: Path
    datum: str
    columns: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    uses: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    layer: str | None = None
    skip_bad: bool = False
    commit: bool = False


@dataclass(frozen=True)
class Stored:
    """What became of a file's rows: read = stored + changed + already + folded + left_out + refused.

    ``stored`` and ``changed`` are what would be when nothing was stored; ``unassigned`` and ``straddling`` count among
    those two; ``folded`` rows became part of another row's building; ``left_out`` are no buildings.
    """

    read: int
    stored: int
    changed: int
    already: int
    folded: int
    left_out: int
    refused: int
    unassigned: int
    straddling: int


@dataclass(frozen=True)
class Loaded:
    """The outcome of one file; ``is_kept`` when its buildings are in the database; nothing holds a whole file back."""

    columns: dict[str, str]
    findings: Findings
    stored: Stored
    is_kept: bool
    held_back: str = ""


def load(connection: sa.Connection, actor: Actor, intake: Intake, progress: Progress | None = None) -> Loaded:
    """What is found in the file and what is stored of it; all of it in the caller's transaction.

    Refused rows keep the whole file out unless ``skip_bad``. Loading a file twice changes nothing; what changed since
    is brought up to date, and keeps its id and its pin.

    Raises
    ------
    Refused
        When the file cannot be read, has no footprints, a column is missing, or the datum is not known.
    Unknown
        When nothing has been published.
    """
    loading = _Loading(connection, intake)
    read = loading.stage(progress)
    folded = loading.fold()
    already, changed = staging.take_stored(connection)
    loading.findings.add("changed", loading.columns["reference"], changed)
    is_kept = intake.commit and (intake.skip_bad or not loading.findings.refused)
    loading.place(areas.current(connection))
    if is_kept:
        loading.store()
    new = loading.placed - len(changed)
    refused, left_out = loading.findings.refused, loading.findings.totals["no_building"]
    stored = Stored(read, new, len(changed), already, folded, left_out, refused, loading.outside, loading.straddling)
    if is_kept and (new or changed):
        detail = {"file": intake.path.name, **asdict(stored)}
        connection.execute(sa.insert(audit_events).values(actor=actor.name, action="buildings.load", detail=detail))
        revisions.raise_(connection, NOUN)
    return Loaded(loading.columns, loading.findings, stored, is_kept)


class _Loading:
    """One file on its way in, step after step."""

    def __init__(self, connection: sa.Connection, intake: Intake) -> None:
        self.connection, self.intake = connection, intake
        self.findings = Findings()
        self.columns: dict[str, str] = {}
        self.datum = datum_of(intake.datum)
        self.edition = areas.current(connection)
        staging.open_stage(connection)

    def stage(self, progress: Progress | None) -> int:
        """Number of rows read; those that can be stored are on the stage."""
        read = 0
        path, intake = self.intake.path, self.intake
        with opened(path, encoding=intake.encoding, layer=intake.layer or osm.layer_of(path)) as opening:
            sheet = osm.read(opening, self.findings)
            reading = self.reading(sheet)
            if sheet.recognised:
                self.findings.add("encoding", "*", [(1, sheet.recognised)])
            judged = ((judge(frame, reading, self.findings), len(frame.rows)) for frame in sheet.frames)
            with closing(ahead(judged)) as chunks:
                for footprints, rows in chunks:
                    staging.stage(self.connection, footprints)
                    read += rows
                    if progress:
                        progress(read + self.findings.totals["no_building"], sheet.total)
        return read + self.findings.totals["no_building"]

    def reading(self, sheet: Sheet) -> Reading:
        """How this file is read."""
        if sheet.geometry is None:
            raise Refused(
                f"{sheet.path.name} has no geometry; a building is a polygon, as GeoPackage or GeoParquet hold"
            )
        names = [name for name in sheet.schema.names if name != sheet.geometry]
        self.columns = mapped(names, self.intake.columns, sheet.path.name)
        return Reading(
            columns=self.columns,
            geometry=sheet.geometry,
            datum=self.datum,
            source=self.intake.source.strip() or (osm.SOURCE if osm.is_osm(sheet) else ""),
            bounds=open_index(self.connection, self.edition).index.bounds,
            uses=self.intake.uses,
        )

    def fold(self) -> int:
        """Number of rows that became part of another row's building."""
        less = 0
        column = self.columns["reference"]
        for part in staging.fold_repeated(self.connection):
            less += part.pieces - len(part.footprints)
            where = part.footprints.places()
            self.findings.add("repeat", column, part.repeats)
            self.findings.add("joined", column, part.joined, where)
            self.findings.add("apart", column, part.apart, where)
            for name, told in part.disagree.items():
                self.findings.add("disagree", self.columns.get(name, name), told, where)
        return less

    def place(self, edition: Edition) -> None:
        """Find the grid in ``edition`` of all that is on the stage; what was found before is forgotten."""
        self.edition, self.placed, self.outside, self.straddling = edition, 0, 0, 0
        for key in ("outside", "straddles", "pin_released"):
            self.findings.forget(key)
        column = self.columns["reference"]
        for placed in staging.place_all(self.connection, edition):
            found, away = placed.found, placed.found.grid == 0
            for key, where in (("outside", away), ("straddles", found.straddles), ("pin_released", found.released)):
                told = zip(placed.rows[where].tolist(), placed.references[where].tolist(), strict=True)
                self.findings.add(key, column, told, placed.places)
            self.placed += len(placed.rows)
            self.outside += int(away.sum())
            self.straddling += int(found.straddles.sum())

    def store(self) -> None:
        """Store all that is on the stage, with its grids of the edition in force."""
        current = lock_current(self.connection)
        if current.number != self.edition.number:
            self.place(current)
        staging.store(self.connection, current)
