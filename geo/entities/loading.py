"""A file of an entity's rows taken in: judged, its references found, placed, stored as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from geo import areas, marks, revisions
from geo.actors import Actor
from geo.assignments import CityIndex, open_index
from geo.crs import datum_of
from geo.entities.entity import Entity, Lies
from geo.entities.findings import Findings
from geo.entities.judging import Reading, Told, joined, judge
from geo.entities.removing import remove
from geo.entities.resolving import Naming, resolved
from geo.entities.staging import Stage
from geo.errors import Refused
from geo.frames import Sheet, opened
from geo.tables import audit_events

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Intake:
    """What a file is and what is to be done with it.

    Parameters
    ----------
    entity
        Whose rows it holds.
    datum
        Of positions and polygons; declared, never guessed; blank for a file without any.
    columns
        Field → column where the names are not understood; several are joined as ``street+number``.
    source
        Of every row, when no column tells.
    encoding
        Of texts; None = recognised, and said when it was not UTF-8.
    layer
        Of a file that holds several; None = the only one.
    is_whole
        True: the file is all that its sources have; what they had before and it no longer names is removed.
    skip_bad
        True: what can be stored is stored although rows are refused.
    commit
        False: everything is computed and nothing stored.
    """

    entity: Entity
    path: Path
    datum: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    encoding: str | None = None
    layer: str | None = None
    is_whole: bool = False
    skip_bad: bool = False
    commit: bool = False


@dataclass(frozen=True)
class Stored:
    """What became of a file's rows: read = stored + changed + already + repeated + refused.

    ``stored`` and ``changed`` are what would be when nothing was stored; ``unplaced`` and ``outside`` count among what
    is or will be there; ``removed`` rows were stored before and are not in a file that is whole.
    """

    read: int
    stored: int
    changed: int
    already: int
    repeated: int
    refused: int
    unplaced: int
    outside: int
    removed: int


@dataclass(frozen=True)
class Loaded:
    """The outcome of one file; ``is_kept`` when its rows are in the database."""

    columns: dict[str, str]
    findings: Findings
    stored: Stored
    is_kept: bool


def load(connection: sa.Connection, actor: Actor, intake: Intake, progress: Progress | None = None) -> Loaded:
    """What is found in the file and what is stored of it; all of it in the caller's transaction.

    Refused rows keep the whole file out unless ``skip_bad``. Loading a file twice changes nothing.

    Raises
    ------
    Refused
        When the file cannot be read, lacks polygons or a column, its datum is not known or not told although it has
        positions, or a row that would be removed is referred to by others.
    Unknown
        When nothing has been published.
    """
    loading = _Loading(connection, intake)
    told = loading.read(progress)
    told = resolved(connection, loading.index, loading.naming(), loading.unrepeated(told))
    stage = Stage(connection, intake.entity)
    stage.put(told.table, told.lonlat, told.shapes)
    stage.place(loading.index)
    unplaced, outside = stage.unplaced()
    already, changed = stage.compare()
    for key, rows in (("no_position", unplaced), ("outside", outside), ("changed", changed)):
        loading.findings.add(key, loading.columns["reference"], rows)
    is_kept = intake.commit and (intake.skip_bad or not loading.findings.refused)
    gone = stage.gone() if intake.is_whole else []
    if is_kept:
        stage.store()
        marks.mark_stored(connection, intake.entity.table)
        remove(connection, intake.entity, gone)
        marks.mark(connection, intake.entity.key, [number for number, _ in gone])
    refused = loading.findings.refused
    new = told.table.num_rows - already - len(changed)
    repeated = loading.findings.totals["repeat"]
    stored = Stored(
        loading.count, new, len(changed), already, repeated, refused, len(unplaced), len(outside), len(gone)
    )
    if is_kept and (new or changed or gone):
        detail = {"file": intake.path.name, **asdict(stored)}
        action = f"{intake.entity.key}.load"
        connection.execute(sa.insert(audit_events).values(actor=actor.name, action=action, detail=detail))
        revisions.raise_(connection, intake.entity.key)
    return Loaded(loading.columns, loading.findings, stored, is_kept)


class _Loading:
    """One file on its way in, step after step."""

    def __init__(self, connection: sa.Connection, intake: Intake) -> None:
        self.connection, self.intake, self.entity = connection, intake, intake.entity
        self.findings = Findings()
        self.columns: dict[str, str] = {}
        self.count = 0
        self.index: CityIndex = open_index(connection, areas.current(connection))

    # -- reading ------------------------------------------------------------------------------------------------------
    def read(self, progress: Progress | None) -> Told:
        """The rows that mean something."""
        parts = []
        with opened(self.intake.path, encoding=self.intake.encoding, layer=self.intake.layer) as sheet:
            reading = self.reading(sheet)
            if sheet.recognised:
                self.findings.add("encoding", "*", [(1, sheet.recognised)])
            for frame in sheet.frames:
                parts.append(judge(self.entity, frame, reading, self.findings))
                self.count += len(frame.rows)
                if progress:
                    progress(self.count, sheet.total)
        if not parts:
            raise Refused(f"{self.intake.path.name} has no rows below its header")
        return joined(parts)

    def reading(self, sheet: Sheet) -> Reading:
        """How this file is read."""
        names = [name for name in sheet.schema.names if name != sheet.geometry]
        self.columns = self.entity.mapping.mapped(names, self.intake.columns, sheet.path.name)
        if self.entity.lies is Lies.GROUND and sheet.geometry is None:
            raise Refused(f"{sheet.path.name} has no geometry; {self.entity.one} is a polygon, as GeoPackage holds")
        has_place = sheet.geometry is not None or "lon" in self.columns
        if has_place and self.entity.lies in (Lies.SPOT, Lies.GROUND) and not self.intake.datum:
            raise Refused(
                f"{sheet.path.name} has positions and no datum is told; say which: "
                "--datum wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn"
            )
        return Reading(
            columns=self.columns,
            geometry=sheet.geometry,
            datum=datum_of(self.intake.datum) if self.intake.datum else None,
            source=self.intake.source.strip(),
            zone=self.index.city.time_zone,
            bounds=self.index.index.bounds,
        )

    def naming(self) -> Naming:
        """How what rows refer to is told of."""
        return Naming(self.entity, self.columns, self.findings)

    # -- repeats ------------------------------------------------------------------------------------------------------
    def unrepeated(self, told: Told) -> Told:
        """Each source and reference once: rows that say the same again are left out, those that say another refused."""
        rows = told.table.column("row").to_pylist()
        keys = list(zip(*(told.table.column(name).to_pylist() for name in ("source", "reference")), strict=True))
        first = {key: at for at, key in reversed(list(enumerate(keys)))}
        again = [at for at, key in enumerate(keys) if first[key] != at]
        if not again:
            return told
        same = [at for at in again if self._said(told, at) == self._said(told, first[keys[at]])]
        other = sorted(set(again) - set(same))
        for key, where in (("repeat", same), ("twice", other)):
            self.findings.add(key, self.columns["reference"], [(rows[at], keys[at][1]) for at in where])
        return told.taken(np.setdiff1d(np.arange(len(keys)), again))

    def _said(self, told: Told, at: int) -> tuple[object, ...]:
        row = told.table.slice(at, 1).to_pylist()[0]
        shape = told.shapes[at].wkb if len(told.shapes) else b""
        spot = told.lonlat[at].tobytes() if len(told.lonlat) else b""
        return (*(value for name, value in row.items() if name != "row"), shape, spot)
