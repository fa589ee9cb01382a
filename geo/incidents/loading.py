"""A file of incidents taken in: judged row by row, placed by edition, stored as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.assignments import Rule, microseconds, open_index
from geo.crs import datum_of
from geo.frames import Sheet, opened
from geo.incidents import staging
from geo.incidents.adding import AHEAD, EARLIEST
from geo.incidents.evidence import Weighed, of_stage, weighed
from geo.incidents.findings import Findings
from geo.incidents.judging import Reading, judge
from geo.incidents.mapping import mapped
from geo.incidents.placing import place
from geo.locking import lock_current
from geo.tables import audit_events

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
    ``despite_evidence``, and that is written down. Loading a file twice changes nothing.

    Raises
    ------
    Refused
        When the file cannot be read, a column is missing, or the datum is not known.
    Unknown
        When nothing has been published.
    """
    datum = datum_of(intake.datum).name
    edition = areas.current(connection)
    findings = Findings()
    staging.open_stage(connection)
    with opened(intake.path, encoding=intake.encoding, layer=intake.layer) as sheet:
        reading = _reading(connection, sheet, intake, datum)
        if sheet.recognised:
            findings.add("encoding", "*", [(1, sheet.recognised)])
        read = 0
        for frame in sheet.frames:
            reports = judge(frame, reading, findings)
            places = place(connection, edition, reports.lonlat, reports.occurred_us, reports.accuracy_m)
            outside = np.flatnonzero(places.rule == Rule.OUTSIDE)
            told = [f"{lon:.9g} {lat:.9g}" for lon, lat in reports.lonlat[outside].tolist()]
            findings.add("outside", reading.columns["lon"], zip(reports.row[outside].tolist(), told, strict=True))
            staging.stage(connection, reports, places)
            read += len(frame.rows)
            if progress:
                progress(read, sheet.total)
    findings.add("duplicate", reading.columns["reference"], staging.take_duplicates(connection))
    already, changed = staging.take_repeats(connection)
    findings.add("changed", reading.columns["reference"], changed)
    stated = of_stage(connection, intake.path.name)
    ground = areas.leaf_shapes(connection, edition) if stated else np.zeros(0, dtype=object)
    evidence = weighed(open_index(connection, edition), ground, stated)
    is_held_back = any(one.is_contradicted for one in evidence) and not intake.despite_evidence
    is_kept = intake.commit and not is_held_back and (intake.skip_bad or not findings.refused)
    if is_kept:
        current = lock_current(connection)
        if current.number != edition.number:
            staging.place_anew(connection, current)
    waiting = staging.waiting(connection)
    staged = waiting.pop("staged")
    kept = staging.store(connection) if is_kept else staged
    already += staged - kept
    stored = Stored(read, kept, already, len(changed), findings.refused, **waiting)
    if is_kept or (is_held_back and intake.commit):
        action = "incidents.load" if is_kept else "incidents.hold_back"
        detail = {
            "file": intake.path.name,
            **asdict(stored),
            "evidence": [en for one in evidence for _, en in one.words],
        }
        connection.execute(sa.insert(audit_events).values(actor=actor.name, action=action, detail=detail))
    return Loaded(dict(reading.columns), findings, stored, is_kept, evidence, is_held_back)


def _reading(connection: sa.Connection, sheet: Sheet, intake: Intake, datum: str) -> Reading:
    index = open_index(connection, areas.current(connection))
    return Reading(
        columns=mapped(sheet.schema.names, intake.columns, sheet.path.name),
        datum=datum,
        source=intake.source.strip(),
        zone=index.city.time_zone,
        bounds=index.index.bounds,
        earliest_us=microseconds(EARLIEST),
        latest_us=microseconds(datetime.now(UTC) + AHEAD),
    )
