"""The runs there are: when blind spots were looked for, on what, and whether what was found still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from geo import areas, revisions
from geo.areas import City
from geo.buildings.footprints import NOUN as BUILDINGS
from geo.coverage import rulebooks
from geo.coverage.tables import coverage_rules, coverage_runs
from geo.entities import ENTITIES
from geo.errors import Unknown

NOUNS = ("units", "coverage_records", "party_organisations", "business_districts", "staff_slots", BUILDINGS)
"""What a run reads: when rows of these change, what was found no longer says what holds."""


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


@cache
def _newest() -> sa.Select[Any]:
    return _query().order_by(coverage_runs.c.number.desc()).limit(1)


@cache
def _newest_until() -> sa.Select[Any]:
    return _newest().where(coverage_runs.c.at <= sa.bindparam("instant", type_=coverage_runs.c.at.type))


def enter(connection: sa.Connection, told: Mapping[str, object]) -> Run:
    """The run whose row is entered with what is ``told`` of it, by columns; its rule book is stored already."""
    rules = coverage_rules.c
    version = sa.select(rules.version).where(rules.fingerprint == told["rules"]).scalar_subquery()
    named = [coverage_runs.c[name] for name in Run.__dataclass_fields__ if name in coverage_runs.c]
    entry = sa.insert(coverage_runs).values(**told).returning(*named, version.label("version"))
    return Run(**connection.execute(entry).mappings().one())


def last(connection: sa.Connection) -> Run | None:
    """The newest run; None before the first."""
    row = connection.execute(_newest()).mappings().one_or_none()
    return Run(**row) if row else None


def at(connection: sa.Connection, instant: datetime | None) -> Run | None:
    """The newest run there was at an aware instant, None = now; None where there was none yet."""
    if instant is None:
        return last(connection)
    row = connection.execute(_newest_until(), {"instant": instant}).mappings().one_or_none()
    return Run(**row) if row else None


def sources(connection: sa.Connection) -> list[str]:
    """Who told the units and coverage records that are stored now, by name."""
    tables = (ENTITIES["units"].table, ENTITIES["coverage_records"].table)
    query = sa.union(*(_each(table.c.source) for table in tables))
    return sorted(connection.scalars(query))


def _each(column: sa.ColumnElement[str]) -> sa.Select[tuple[str]]:
    """The values of an indexed column, each found from the one before: a DISTINCT of PostgreSQL reads every row."""
    found = sa.select(sa.func.min(column).label("source")).cte(recursive=True)
    following = sa.select(sa.func.min(column)).where(column > found.c.source).scalar_subquery()
    found = found.union_all(sa.select(following).where(found.c.source.is_not(None)))
    return sa.select(found.c.source).where(found.c.source.is_not(None))


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


def every(connection: sa.Connection) -> list[Run]:
    """All runs, the oldest first."""
    return [Run(**row) for row in connection.execute(_query().order_by(coverage_runs.c.number)).mappings()]


def today(city: City) -> date:
    """The day it is in the city."""
    return datetime.now(ZoneInfo(city.time_zone)).date()


def is_stale(connection: sa.Connection, run: Run) -> bool:
    """Whether a run now could find something else: rows, edition, rules or the day have changed since."""
    city, book = areas.city(connection), rulebooks.current()
    if (run.day, run.edition, run.rules) != (today(city), areas.current(connection).number, book.fingerprint):
        return True
    return revisions.several(connection, NOUNS) != run.revisions
