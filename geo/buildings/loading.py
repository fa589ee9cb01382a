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
from geo.arrays import Ints
from geo.assignments import open_index
from geo.buildings import osm, staging
from geo.buildings.findings import Findings, Told
from geo.buildings.footprints import NOUN, Footprints
from geo.buildings.judging import Reading, judge
from geo.buildings.mapping import mapped
from geo.buildings.storing import FirstLoad, Parcel, first_load
from geo.crs import datum_of
from geo.errors import Refused
from geo.frames import Frame, Sheet, opened
from geo.frames.sheets import parted
from geo.locking import lock_current
from geo.pipes import ahead
from geo.tables import audit_events
from geo.turns import Turn, wait_for

Progress = Callable[[int, int | None], None]
FIRST_CHUNK = 1_024
"""Rows judged before the first are stored; while these are, twice as many are judged, and so on."""
READY = 3
"""Chunks judged before they are stored: what is stored does not wait while the next row group of a file is opened."""
CHUNK = 8_192
"""Rows judged at once: few enough that what is told of them lies near."""


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
    is brought up to date, and keeps its id and its pin. Of a first load most rows are stored while the next are read.

    Raises
    ------
    Refused
        When the file cannot be read, has no footprints, a column is missing, or the datum is not known.
    Unknown
        When nothing has been published.
    """
    loading = _Loading(connection, intake)
    with connection.begin_nested() as attempt:
        loading.take(progress)
        is_kept = intake.commit and (intake.skip_bad or not loading.findings.refused)
        if is_kept:
            loading.store()
        else:
            attempt.rollback()
    stored = loading.stored()
    if is_kept and (stored.stored or stored.changed):
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
        self.first: FirstLoad | None = None
        self.last = 0
        staging.open_stage(connection)

    def take(self, progress: Progress | None) -> None:
        """Find what becomes of the rows; stored as yet are only those of a first load."""
        self.first = first_load(self.connection, self.edition) if self.intake.commit else None
        self.read = self.stage(progress)
        self.folded = self.fold()
        self.already, self.changed = staging.take_stored(self.connection)
        self.findings.add("changed", self.columns["reference"], self.changed)
        self.place(areas.current(self.connection))

    def stored(self) -> Stored:
        """What became of the rows."""
        changed, new = len(self.changed), self.placed - len(self.changed)
        refused, left_out = self.findings.refused, self.findings.totals["no_building"]
        counts = (self.already, self.folded, left_out, refused, self.outside, self.straddling)
        return Stored(self.read, new, changed, *counts)

    def stage(self, progress: Progress | None) -> int:
        """Number of rows read; those that can be stored are on the stage, or stored."""
        read = 0
        path, intake = self.intake.path, self.intake
        with opened(path, encoding=intake.encoding, layer=intake.layer or osm.layer_of(path)) as opening:
            sheet = osm.read(opening, self.findings)
            reading = self.reading(sheet)
            if sheet.recognised:
                self.findings.add("encoding", "*", [(1, sheet.recognised)])
            judged = (self.judged(frame, reading) for frame in parted(sheet.frames, FIRST_CHUNK, CHUNK))
            with closing(ahead(judged, READY)) as chunks:
                for taken, rows in chunks:
                    self.put(taken)
                    read += len(rows)
                    self.last = int(rows[-1])
                    if progress:
                        progress(read + self.findings.totals["no_building"], sheet.total)
        return read + self.findings.totals["no_building"]

    def judged(self, frame: Frame, reading: Reading) -> tuple[Footprints | Parcel, Ints]:
        """The rows of ``frame`` that can be stored, and the numbers of all."""
        footprints = judge(frame, reading, self.findings)
        return (self.first.pack(footprints) if self.first else footprints), frame.rows

    def put(self, taken: Footprints | Parcel) -> None:
        """Put on the stage, or store, what can be stored."""
        if isinstance(taken, Footprints):
            staging.stage(self.connection, taken)
        elif self.first:
            self.first.put(taken)

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
        if self.first:
            self.first.take_back(self.last)
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
        self.edition, self.placed = edition, 0
        found = {key: Told() for key in ("outside", "straddles", "pin_released")}
        for placed in staging.place_all(self.connection, edition):
            self.placed += len(placed.rows)
            where = (placed.found.grid == 0, placed.found.straddles, placed.found.released)
            for told, some in zip(found.values(), where, strict=True):
                told.add(placed.told(some))
        if self.first:
            number, stored = self.first.place(edition)
            self.placed += number
            for key, told in stored.items():
                found[key].add(told)
        for key, told in found.items():
            self.findings.forget(key)
            self.findings.tell(key, self.columns["reference"], told)
        self.outside, self.straddling = found["outside"].number, found["straddles"].number

    def store(self) -> None:
        """Store all that is on the stage, with its grids of the edition in force."""
        if not self.first:
            wait_for(self.connection, Turn.BUILDING_FILES)
        current = lock_current(self.connection)
        if current.number != self.edition.number:
            self.place(current)
        if self.first:
            self.first.mark()
        staging.store(self.connection, current, self.first.before if self.first else None)
