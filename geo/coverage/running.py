"""A run: blind spots looked for on a day, on an edition, by a rule book; only what changed since is decided anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo import areas, marks
from geo.actors import Actor
from geo.areas import City, Edition
from geo.arrays import Ints
from geo.buildings.footprints import NOUN as BUILDINGS
from geo.copying import Column
from geo.coverage import (
    beside,
    concerned,
    found,
    grounds,
    groups,
    reading,
    records,
    rulebooks,
    runs,
    spans,
    states,
    sums,
    telling,
)
from geo.coverage.beside import Beside
from geo.coverage.concerned import Change, Concern
from geo.coverage.nearness import Pool
from geo.coverage.reading import Asked, Read
from geo.coverage.rulebooks import RuleBook
from geo.coverage.runs import NOUNS, Run
from geo.coverage.spans import Written
from geo.coverage.states import States
from geo.coverage.sums import Sums
from geo.coverage.tables import building_states, coverage_rules, grid_states, unit_states
from geo.coverage.units import Coverings, Units
from geo.locking import lock_current
from geo.tables import audit_events
from geo.turns import Turn, wait_for

WRITTEN = ("units", "buildings", "grids", "groups")
"""What a run tells of."""
_WRITTEN = (
    *("unit_states", "building_states", "grid_states", "joint_groups", "joint_members", "joint_candidates"),
    "coverage_inputs",
)
_PEOPLE = ("party_organisations", "staff_slots")  # what grids are judged by


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
    wait_for(connection, Turn.RUN)
    edition, city, book = lock_current(connection), areas.city(connection), rulebooks.current()
    before = runs.last(connection)
    looked = marks.take(connection, NOUNS)
    this = _Looking(connection, (city, edition), book, day or runs.today(city))
    if before and not full and this.is_as(before, looked):
        return before, False
    return this.write(actor, before, looked, full=full), True


class _Looking:
    """One run, step after step."""

    def __init__(self, connection: sa.Connection, where: tuple[City, Edition], book: RuleBook, day: date) -> None:
        self.connection, self.book, self.day = connection, book, day
        self.city, self.edition = where
        self.on = np.datetime64(day, "D")
        self.number = 1
        self.written: dict[str, Written] = {}

    @property
    def named(self) -> tuple[int, str]:
        """Its number and day."""
        return self.number, self.day.isoformat()

    def is_as(self, before: Run, looked: marks.Look) -> bool:
        """Whether nothing that a run reads is other than it was."""
        same = (before.day, before.edition, before.rules) == (self.day, self.edition.number, self.book.fingerprint)
        return same and before.revisions == looked.revisions and not looked.ids

    def write(self, actor: Actor, before: Run | None, looked: marks.Look, *, full: bool) -> Run:
        """Look, and write what is found."""
        self.number = before.number + 1 if before else 1
        change = None if before is None or full else self.change(before, looked)
        units = Concern(self.connection, self.book, change).units() if change else None
        if change and units is not None and len(units) <= concerned.MANY:
            kind = "partial"
            self.part(change, units)
        else:
            kind = "full"
            self.everything()
        return self.conclude(actor, before, looked, kind)

    def change(self, before: Run, looked: marks.Look) -> Change | None:
        """What is other than it was at the last run; None when it is simpler to look at all.

        So it is after other rules, after very many rows were written, and where rows changed without being marked.
        """
        marked = {noun: ids for noun, ids in looked.ids.items() if ids is not None}
        changed = {noun for noun, number in looked.revisions.items() if before.revisions.get(noun) != number}
        if before.rules != self.book.fingerprint or marked.keys() != looked.ids.keys() or changed - marked.keys():
            return None
        return Change(marked, (before.day, self.day), before.edition != self.edition.number)

    # -- all -----------------------------------------------------------------------------------------------------------
    def everything(self) -> None:
        """All units, buildings and grids."""
        read, coverings, decided = self.decide()
        self.write_units(read, coverings, decided, np.arange(len(read.units.id)), None)
        crossing = grounds.straddling(self.connection)
        in_building = self.summed(read.units, decided, read.units.building)
        self.write_buildings(in_building, crossing, np.union1d(in_building.group, crossing.id), None)
        self.write_grids(self.summed(read.units, decided, read.units.grid), reading.ALL)
        self.written["groups"] = groups.write_all(self.connection, self.named, read.units, decided, self.book)
        concerned.note_records(self.connection, None)
        # so that the next run, which asks for little, is planned for what stands now
        self.connection.execute(sa.text(f"ANALYZE {', '.join(_WRITTEN)}"))

    def decide(self, asked: Asked = reading.ALL, others: Pool | None = None) -> tuple[Read, Coverings, States]:
        """Units with who covers them and what they are; all, or those asked for, with others that may join them."""
        read = reading.units(self.connection, self.city.metric_epsg, asked)
        coverings = records.coverings(self.connection, read.units, self.on, asked)
        return read, coverings, states.decide(read.units, coverings, self.on, self.book, others)

    # -- a part --------------------------------------------------------------------------------------------------------
    def part(self, change: Change, units: Ints) -> None:
        """Only what the change can touch, which begins with these units."""
        units, (read, coverings, decided) = self.affected(units)
        self.write_units(read, coverings, decided, np.arange(len(read.units.id)), units)
        buildings, grids = found.places_of(self.connection, self.number, units)
        self.part_of_buildings(change, buildings)
        self.part_of_grids(change, grids)
        joining = decided.state == "P2"
        written = groups.write_part(self.connection, self.named, (read.units, joining, units), self.book)
        if written is not None:
            self.written["groups"] = written
        concerned.note_records(self.connection, change.of("coverage_records"))

    def affected(self, units: Ints) -> tuple[Ints, tuple[Read, Coverings, States]]:
        """The units, and those whose joint group may have come or gone with them, and what all these are."""
        told, near = self.beside(units, were=True)
        more = beside.doubtful(near, states.joining(told[0].units, told[2], self.book), self.book)
        if len(more):
            units = np.union1d(units, more)
            told, _ = self.beside(units, were=False)
        return units, told

    def beside(self, units: Ints, *, were: bool) -> tuple[tuple[Read, Coverings, States], Beside]:
        """What the units are, and others near them that may join, as they are; also where the units ``were``."""
        others = beside.read(self.connection, self.city.metric_epsg, units, self.book, were=were)
        return self.decide(Asked(units), others.pool), others

    def part_of_buildings(self, change: Change, ids: Ints) -> None:
        """Buildings whose units (``ids``), ground or grid changed."""
        ids = np.union1d(ids, np.array(change.of(BUILDINGS), dtype=np.int64))
        if change.edition_changed:
            ids = np.union1d(ids, grounds.moved(self.connection))
        if not len(ids):
            return
        units, decided = found.open_units(self.connection, unit_states.c.building_id, Asked(ids))
        crossing = grounds.straddling(self.connection, Asked(ids))
        summed = self.summed(units, decided, units.building)
        self.write_buildings(summed, crossing, np.union1d(summed.group, crossing.id), ids)

    def part_of_grids(self, change: Change, ids: Ints) -> None:
        """Grids whose units changed (``ids``); all of them when their people or the edition did."""
        everyone = change.edition_changed or not change.ids.keys().isdisjoint(_PEOPLE)
        if not everyone and not len(ids):
            return
        asked = reading.ALL if everyone else Asked(ids)
        units, decided = found.open_units(self.connection, unit_states.c.grid_id, asked)
        self.write_grids(self.summed(units, decided, units.grid), asked)

    # -- writing -------------------------------------------------------------------------------------------------------
    def summed(self, units: Units, decided: States, group: Ints) -> Sums:
        """What units add up to by where they are; those that are nowhere are left out."""
        return sums.by(units, decided, group, self.book, np.setdiff1d(group[units.operating], [0]))

    def write_units(self, read: Read, coverings: Coverings, decided: States, rows: Ints, among: Ints | None) -> None:
        """The units at ``rows``; those among whom none is told any more are closed."""
        self.spans("units", unit_states, telling.units(read, coverings, decided, rows), among)

    def write_buildings(self, summed: Sums, crossing: grounds.Straddling, ids: Ints, among: Ints | None) -> None:
        """The buildings ``ids``; those among whom none is told any more are closed."""
        there = grounds.grid_of(self.connection, Asked(ids))
        self.spans("buildings", building_states, telling.buildings(summed, crossing, *there, self.book), among)

    def write_grids(self, summed: Sums, asked: Asked) -> None:
        """The leaves asked for."""
        leaves = grounds.leaves(self.connection, self.edition, asked)
        self.spans("grids", grid_states, telling.grids(summed, leaves, self.book), asked.ids)

    def spans(self, name: str, table: sa.Table, told: dict[str, Column], among: Ints | None) -> None:
        """What was told, written."""
        self.written[name] = spans.write(self.connection, table, self.named, told, among)

    def conclude(self, actor: Actor, before: Run | None, looked: marks.Look, kind: str) -> Run:
        """The run itself, entered, and the audit entry."""
        book = self.book
        if before is None or before.rules != book.fingerprint:
            entry = pg.insert(coverage_rules).values(
                fingerprint=book.fingerprint, version=book.version, book=asdict(book)
            )
            self.connection.execute(entry.on_conflict_do_nothing())
        changed = {name: self.written[name].changed if name in self.written else 0 for name in WRITTEN}
        told = {
            "number": self.number,
            "day": self.day,
            "edition": self.edition.number,
            "rules": book.fingerprint,
            "revisions": dict(looked.revisions),
            "kind": kind,
            "counts": _counts(before.counts if before else {}, self.written),
            "changed": changed,
            "surveyed_until": sa.select(sa.func.max(reading.UNITS.c.surveyed_on)).scalar_subquery(),
            "actor": actor.name,
        }
        entered = runs.enter(self.connection, told)
        detail = {"run": self.number, "kind": kind, **changed}
        self.connection.execute(sa.insert(audit_events).values(actor=actor.name, action="coverage.run", detail=detail))
        return entered


def _counts(before: dict[str, dict[str, int]], written: dict[str, Written]) -> dict[str, dict[str, int]]:
    """How many are what, after what was opened and closed; what has no code is not counted."""
    counts = dict(before)
    for name, one in written.items():
        counted = Counter(before.get(name, {}))
        for label, number in one.opened.items():
            counted.update(dict.fromkeys(label.split("+"), number))
        for label, number in one.closed.items():
            counted.subtract(dict.fromkeys(label.split("+"), number))
        counts[name] = {code: number for code, number in sorted(counted.items()) if code and number}
    return counts
