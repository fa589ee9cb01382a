"""Runs: blind spots looked for on a day, on an edition, by a rule book; only what changed since is decided anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo import areas, marks, revisions
from geo.actors import Actor
from geo.areas import City, Edition
from geo.arrays import Ints
from geo.buildings.footprints import NOUN as BUILDINGS
from geo.copying import Column
from geo.coverage import grounds, reading, rulebooks, spans, states, sums, telling
from geo.coverage.rulebooks import RuleBook
from geo.coverage.spans import Written
from geo.coverage.states import States
from geo.coverage.sums import Sums
from geo.coverage.tables import building_states, coverage_rules, coverage_runs, grid_states, unit_states
from geo.coverage.units import Units
from geo.errors import Unknown
from geo.locking import lock_current
from geo.tables import audit_events

NOUNS = ("units", "coverage_records", "party_organisations", "business_districts", "staff_slots", BUILDINGS)
"""What a run reads: when rows of these change, what was found no longer says what holds."""

_LOCK = 7_149_321  # any fixed number: runs go one after the other


@dataclass(frozen=True)
class Run:
    """One run as it is stored.

    Attributes
    ----------
    day
        On which surveys and evidence were judged.
    rules, version
        Fingerprint of the rule book, and what it calls itself.
    counts
        ``units``, ``buildings`` and ``grids``: state → number; G3 among the buildings.
    changed
        The same, and ``groups``: how many were not as the run before had them.
    surveyed_until
        Day of the newest survey; None when nothing was surveyed.
    """

    number: int
    at: datetime
    day: date
    edition: int
    rules: str
    version: str
    revisions: dict[str, int]
    kind: str
    counts: dict[str, dict[str, int]]
    changed: dict[str, int]
    surveyed_until: date | None
    actor: str


# -- what there is -----------------------------------------------------------------------------------------------------
def _query() -> sa.Select[Any]:
    named = [coverage_runs.c[name] for name in Run.__dataclass_fields__ if name in coverage_runs.c]
    return sa.select(*named, coverage_rules.c.version).join(
        coverage_rules, coverage_rules.c.fingerprint == coverage_runs.c.rules
    )


def last(connection: sa.Connection) -> Run | None:
    """The newest run; None before the first."""
    row = connection.execute(_query().order_by(coverage_runs.c.number.desc()).limit(1)).mappings().one_or_none()
    return Run(**row) if row else None


def numbered(connection: sa.Connection, number: int | None = None) -> Run:
    """Run ``number``, the newest without one.

    Raises
    ------
    Unknown
        When there is none.
    """
    newest = last(connection)
    if newest is None:
        raise Unknown("blind spots have not been looked for yet: gridatlas blind-spots run")
    if number is None or number == newest.number:
        return newest
    row = connection.execute(_query().where(coverage_runs.c.number == number)).mappings().one_or_none()
    if row is None:
        raise Unknown(f"no run {number}; there are 1 to {newest.number}")
    return Run(**row)


def today(city: City) -> date:
    """The day it is in the city."""
    return datetime.now(ZoneInfo(city.time_zone)).date()


def is_stale(connection: sa.Connection, run: Run) -> bool:
    """Whether a run now could find something else: rows, edition, rules or the day have changed since."""
    city, book = areas.city(connection), rulebooks.current()
    if (run.day, run.edition, run.rules) != (today(city), areas.current(connection).number, book.fingerprint):
        return True
    return revisions.several(connection, NOUNS) != run.revisions


# -- a run -------------------------------------------------------------------------------------------------------------
def run(connection: sa.Connection, actor: Actor, day: date | None = None, *, full: bool = False) -> tuple[Run, bool]:
    """The run that says what holds now, and whether it was made now: when nothing changed, the last one holds still.

    Parameters
    ----------
    day
        On which surveys and evidence are judged; None = today in the city.
    full
        Decide everything anew, also what did not change.

    Raises
    ------
    Unknown
        When nothing has been published.
    Refused
        When the rule book cannot be used.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    edition, city, book = lock_current(connection), areas.city(connection), rulebooks.current()
    before = last(connection)
    looked = marks.take(connection, NOUNS)
    this = _Looking(connection, city, edition, book, day or today(city))
    if before and not full and this.is_as(before, looked):
        return before, False
    return this.write(actor, before, looked), True


class _Looking:
    """One run, step after step."""

    def __init__(self, connection: sa.Connection, city: City, edition: Edition, book: RuleBook, day: date) -> None:
        self.connection, self.city, self.edition, self.book, self.day = connection, city, edition, book, day
        self.on = np.datetime64(day, "D")

    def is_as(self, before: Run, looked: marks.Look) -> bool:
        """Whether nothing that a run reads is other than it was."""
        same = (before.day, before.edition, before.rules) == (self.day, self.edition.number, self.book.fingerprint)
        return same and before.revisions == looked.revisions and not looked.ids

    def write(self, actor: Actor, before: Run | None, looked: marks.Look) -> Run:
        """Look, and write what is found."""
        number = before.number + 1 if before else 1
        written = self.everything(number)
        self.conclude(actor, number, before, looked, written)
        return numbered(self.connection, number)

    def everything(self, number: int) -> dict[str, Written]:
        """All units, buildings and grids."""
        read = reading.units(self.connection, self.city.metric_epsg)
        coverings = reading.coverings(self.connection, read.units, self.on)
        found = states.decide(read.units, coverings, self.on, self.book)
        everyone = np.arange(len(read.units.id))
        told = telling.units(read, coverings, found, everyone)
        written = {"units": self.spans(unit_states, number, told)}
        in_building = self.summed(read.units, found, read.units.building)
        crossing = grounds.straddling(self.connection)
        asked = reading.ask(self.connection, "asked_buildings", np.union1d(in_building.group, crossing.id))
        told = telling.buildings(in_building, crossing, *grounds.grid_of(self.connection, asked), self.book)
        written["buildings"] = self.spans(building_states, number, told)
        in_grid = self.summed(read.units, found, read.units.grid)
        told = telling.grids(in_grid, grounds.leaves(self.connection, self.edition), self.book)
        written["grids"] = self.spans(grid_states, number, told)
        return written

    def summed(self, units: Units, found: States, group: Ints) -> Sums:
        """What units add up to by where they are; those that are nowhere are left out."""
        return sums.by(units, found, group, self.book, np.setdiff1d(group[units.operating], [0]))

    def spans(self, table: sa.Table, number: int, told: dict[str, Column], among: str | None = None) -> Written:
        """What was told, written."""
        return spans.write(self.connection, table, (number, self.day.isoformat()), told, among)

    def conclude(
        self, actor: Actor, number: int, before: Run | None, looked: marks.Look, written: dict[str, Written]
    ) -> None:
        """The row of the run itself, and the audit entry."""
        book = self.book
        entry = pg.insert(coverage_rules).values(fingerprint=book.fingerprint, version=book.version, book=asdict(book))
        self.connection.execute(entry.on_conflict_do_nothing())
        changed = {name: one.changed for name, one in written.items()}
        told = {
            "number": number,
            "day": self.day,
            "edition": self.edition.number,
            "rules": book.fingerprint,
            "revisions": dict(looked.revisions),
            "kind": "full",
            "counts": _counts(before.counts if before else {}, written),
            "changed": changed,
            "surveyed_until": self.connection.scalar(sa.select(sa.func.max(reading.UNITS.c.surveyed_on))),
            "actor": actor.name,
        }
        self.connection.execute(sa.insert(coverage_runs).values(**told))
        detail = {"run": number, "kind": told["kind"], **changed}
        self.connection.execute(sa.insert(audit_events).values(actor=actor.name, action="coverage.run", detail=detail))


def _counts(before: dict[str, dict[str, int]], written: dict[str, Written]) -> dict[str, dict[str, int]]:
    """How many are what, after what was opened and closed."""
    found: dict[str, dict[str, int]] = {}
    for name, one in written.items():
        counted = Counter(before.get(name, {}))
        for label, number in one.opened.items():
            counted.update(dict.fromkeys(label.split("+"), number))
        for label, number in one.closed.items():
            counted.subtract(dict.fromkeys(label.split("+"), number))
        found[name] = {code: number for code, number in sorted(counted.items()) if number}
    return found
