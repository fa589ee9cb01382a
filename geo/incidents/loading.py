"""A file of incidents taken in: judged row by row, placed by edition, stored as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.arrays import Bools
from geo.assignments import Rule, microseconds
from geo.copying import Packed
from geo.crs import datum_of
from geo.frames import Sheet, opened
from geo.incidents import keys, storing
from geo.incidents.adding import AHEAD, EARLIEST
from geo.incidents.evidence import Weighed, of_file, weighed
from geo.incidents.findings import Findings
from geo.incidents.judging import Reading, judge
from geo.incidents.keys import Keys
from geo.incidents.mapping import mapped
from geo.incidents.months import Arriving
from geo.incidents.placing import Places, Placing
from geo.incidents.reports import Reports, digests
from geo.incidents.storing import Counts, Parcel, place_anew, state
from geo.locking import lock_current
from geo.pipes import ahead
from geo.tables import audit_events
from geo.turns import Turn, wait_for

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Intake:
    """What a file is and what is to be done with it.

    Parameters
    ----------
    datum
        Of positions whose row names none; declared, never guessed.
    columns
        Field → column where the names are not understood.
    source
        Of every row, when no column tells.
    encoding
        Of CSV; None = recognised.
    layer
        Layer or worksheet of the file; None = the only one, of a workbook the first.
    skip_bad
        True: what can be stored is stored although rows are refused.
    commit
        False: everything is computed and nothing stored.
    despite_evidence
        True: stored although the areas the incidents state fit another datum.
    """

    path: Path
    datum: str
    columns: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    encoding: str | None = None
    layer: str | None = None
    skip_bad: bool = False
    commit: bool = False
    despite_evidence: bool = False


@dataclass(frozen=True)
class Stored:
    """What became of a file's rows: read = stored + already + changed + refused.

    ``stored`` is what would be stored when nothing was; ``unassigned``, ``doubtful`` and ``before_first`` count among
    those.
    """

    read: int
    stored: int
    already: int
    changed: int
    refused: int
    unassigned: int
    doubtful: int
    before_first: int


@dataclass(frozen=True)
class Loaded:
    """The outcome of one file; ``is_kept`` when its incidents are in the database.

    ``evidence`` is what the areas they state say of their datum; ``is_held_back`` when they fit another one and the
    whole file stays out for that.
    """

    columns: dict[str, str]
    findings: Findings
    stored: Stored
    is_kept: bool
    evidence: tuple[Weighed, ...] = ()
    is_held_back: bool = False

    @property
    def held_back(self) -> str:
        """Why the whole file stays out, Chinese and English; blank when it does not."""
        said = [" · ".join(one.words[1]) for one in self.evidence if one.is_contradicted]
        return "\n".join(said) if self.is_held_back else ""


def load(connection: sa.Connection, actor: Actor, intake: Intake, progress: Progress | None = None) -> Loaded:
    """What is found in the file and what is stored of it; all of it in the caller's transaction.

    Refused rows keep the whole file out unless ``skip_bad``; stated areas that fit another datum do so unless
    ``despite_evidence``, and that is written down. Loading a file twice changes nothing. While rows are stored the next
    ones are read, judged and placed.

    Raises
    ------
    Refused
        When the file cannot be read, a column is missing, or the datum is not known.
    Unknown
        When nothing has been published.
    """
    with connection.begin_nested() as attempt:
        loading = _Loading(connection, intake, attempt)
        loading.take(progress)
        loaded = loading.settled()
    if loaded.is_kept or (loaded.is_held_back and intake.commit):
        action = "incidents.load" if loaded.is_kept else "incidents.hold_back"
        detail = {
            "file": intake.path.name,
            **asdict(loaded.stored),
            "evidence": [en for one in loaded.evidence for _, en in one.words],
        }
        connection.execute(sa.insert(audit_events).values(actor=actor.name, action=action, detail=detail))
    return loaded


@dataclass(frozen=True, eq=False)
class _Judged:
    """Rows of one chunk that can be stored, how they are when all are new, and how many were read for them."""

    reports: Reports
    places: Places
    digests: pa.Array
    read: int
    keys: Packed | None
    parcels: tuple[Parcel, ...]


class _Loading:
    """One file on its way in; what it stores is undone where the file stays out after all."""

    def __init__(self, connection: sa.Connection, intake: Intake, attempt: sa.NestedTransaction) -> None:
        self.connection, self.intake, self.attempt = connection, intake, attempt
        self.datum = datum_of(intake.datum).name
        self.edition = areas.current(connection)
        self.placing = Placing(connection, self.edition)
        self.findings, self.counts = Findings(), Counts()
        self.columns: dict[str, str] = {}
        self.read = self.already = 0
        self.duplicates: list[tuple[int, str]] = []
        self.changed: list[tuple[int, str]] = []
        if intake.commit:
            wait_for(connection, Turn.INCIDENT_FILES)
        self.keys = Keys(connection, stores=intake.commit)
        self.arriving = Arriving(connection, self.placing.asking) if intake.commit else None
        self.waiting = storing.Waiting(connection)

    def take(self, progress: Progress | None) -> None:
        """Read the file and store of it what is new, chunk after chunk."""
        intake = self.intake
        with opened(intake.path, encoding=intake.encoding, layer=intake.layer) as sheet:
            reading = _reading(self.placing, sheet, intake, self.datum)
            self.columns = dict(reading.columns)
            if sheet.recognised:
                self.findings.add("encoding", "*", [(1, sheet.recognised)])
            with closing(ahead(self._judged(sheet, reading))) as chunks:
                for chunk in chunks:
                    with self.placing.asking:
                        self._store(chunk)
                        if progress:
                            progress(self.read, sheet.total)
        self.findings.add("duplicate", self.columns["reference"], self.duplicates)
        self.findings.add("changed", self.columns["reference"], self.changed)

    def _judged(self, sheet: Sheet, reading: Reading) -> Generator[_Judged, None, None]:
        for frame in sheet.frames:
            reports = judge(frame, reading, self.findings)
            places = self.placing.place(reports.lonlat, reports.occurred_us, reports.accuracy_m)
            outside = np.flatnonzero(places.rule == Rule.OUTSIDE)
            told = [f"{lon:.9g} {lat:.9g}" for lon, lat in reports.lonlat[outside].tolist()]
            self.findings.add("outside", self.columns["lon"], zip(reports.row[outside].tolist(), told, strict=True))
            yield self._packed(reports, places, len(frame.rows))

    def _packed(self, reports: Reports, places: Places, read: int) -> _Judged:
        given = digests(reports)
        if not (self.arriving and self.keys.were_all_new and len(reports)) or self._is_out:
            return _Judged(reports, places, given, read, None, ())
        parcels = storing.pack(self.arriving, reports, places)
        return _Judged(reports, places, given, read, keys.pack(reports, given), parcels)

    def _store(self, chunk: _Judged) -> None:
        """Store what is new of a chunk, unless it is certain by now that the file stays out."""
        reports, places, given, parcels = chunk.reports, chunk.places, chunk.digests, chunk.parcels
        self.read += chunk.read
        if not len(reports):
            return
        told = self.keys.take(reports, given, chunk.keys)
        self.already += told.already
        self.duplicates += _named(reports, told.is_duplicate)
        self.changed += _named(reports, told.is_changed)
        ids = told.ids
        if not told.is_new.all():
            new = np.flatnonzero(told.is_new)
            reports, places, ids = reports.taken(new), places.taken(new), ids[new]
            given = given.take(pa.array(new))
            parcels = ()
        self.counts.add(places)
        state(self.connection, reports, given)
        if self.arriving and len(reports) and not self._is_out:
            self.waiting.put(parcels or storing.pack(self.arriving, reports, places), ids)

    @property
    def _is_out(self) -> bool:
        """Whether rows are refused that keep the whole file out."""
        return bool(self.findings.refused or self.duplicates) and not self.intake.skip_bad

    def settled(self) -> Loaded:
        """The outcome; what was stored is kept, or undone."""
        stated = of_file(self.connection, self.intake.path.name)
        ground = areas.leaf_shapes(self.connection, self.edition) if stated else np.zeros(0, dtype=object)
        evidence = weighed(self.placing.today, ground, stated)
        is_held_back = any(one.is_contradicted for one in evidence) and not self.intake.despite_evidence
        is_kept = self.intake.commit and not is_held_back and not self._is_out
        if self.arriving and is_kept:
            self.waiting.settle()
            self.keys.close()
            self.arriving.settle()
            current = lock_current(self.connection)
            if current.number != self.edition.number:
                self.counts = place_anew(self.connection, current, self.keys.runs)
        else:
            self.attempt.rollback()
        refused, new = self.findings.refused, self.counts
        counts = (new.unassigned, new.doubtful, new.before_first)
        stored = Stored(self.read, new.new, self.already, len(self.changed), refused, *counts)
        return Loaded(self.columns, self.findings, stored, is_kept, evidence, is_held_back)


def _named(reports: Reports, where: Bools) -> list[tuple[int, str]]:
    """Row numbers and references of the rows ``where``."""
    rows = np.flatnonzero(where)
    return list(zip(reports.row[rows].tolist(), reports.reference.take(pa.array(rows)).to_pylist(), strict=True))


def _reading(placing: Placing, sheet: Sheet, intake: Intake, datum: str) -> Reading:
    index = placing.today
    return Reading(
        columns=mapped(sheet.schema.names, intake.columns, sheet.path.name),
        datum=datum,
        source=intake.source.strip(),
        zone=index.city.time_zone,
        bounds=index.index.bounds,
        earliest_us=microseconds(EARLIEST),
        latest_us=microseconds(datetime.now(UTC) + AHEAD),
    )
