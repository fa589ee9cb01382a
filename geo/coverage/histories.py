"""What was found run after run: of one blind spot, and of a city or area as a trend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.arrays import Bools, Ints
from geo.coverage.rulebooks import STATES
from geo.coverage.runs import Run, every
from geo.coverage.scores import SCORED
from geo.coverage.spots import Subject
from geo.coverage.tables import building_states, coverage_runs, grid_states, unit_states
from geo.coverage.units import METHODS, ORGANISATIONAL, Keys
from geo.errors import Unknown
from geo.fetching import fetch, flag, whole, word
from geo.rows import one_of
from geo.tables import codes

_SPANS = {
    "unit": (unit_states, "unit_id"),
    "building": (building_states, "building_id"),
    "grid": (grid_states, "grid_id"),
}


@dataclass(frozen=True)
class Held:
    """A state that held from one run until another; ``code`` None for none, ``until`` None while it holds."""

    code: str | None
    first_run: int
    since: date
    last_run: int | None
    until: date | None


def history(connection: sa.Connection, about: Subject) -> list[Held]:
    """The states a unit, building or grid was in, the oldest first; larger places have no history of one state."""
    if about.kind not in _SPANS:
        return []
    table, key = _SPANS[about.kind]
    first, last = coverage_runs.alias(), coverage_runs.alias()
    query = (
        sa.select(
            table.c.code, table.c.first_run, first.c.day.label("since"), table.c.last_run, last.c.day.label("until")
        )
        .select_from(table)
        .join(first, first.c.number == table.c.first_run)
        .outerjoin(last, last.c.number == table.c.last_run)
        .where(table.c[key] == about.number)
        .order_by(table.c.first_run)
    )
    told: list[Held] = []
    for row in connection.execute(query):
        if told and told[-1].code == row.code and told[-1].last_run == row.first_run:
            told[-1] = Held(row.code, told[-1].first_run, told[-1].since, row.last_run, row.until)
        else:
            told.append(Held(row.code, row.first_run, row.since, row.last_run, row.until))
    return told


# -- trends ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Moment:
    """What a run found in an area.

    Attributes
    ----------
    units, workers
        State → units, and workers known of.
    organisational, work
        Rates by unit, 0 to 1; None where nothing is known.
    opened, closed
        Units that came into a blind state, and that left one for good, since the run before.
    """

    run: int
    day: date
    edition: int
    units: dict[str, int]
    workers: dict[str, int]
    organisational: float | None
    work: float | None
    opened: int
    closed: int


def trend(connection: sa.Connection, within: str | None = None) -> list[Moment]:
    """What each run found, the oldest first: in the whole city, or on the ground an area had in the run's edition.

    Raises
    ------
    Unknown
        When such a code was never given.
    """
    found = every(connection)
    grounds = _grounds(connection, found, within)
    spans = _Spans(connection, None if within is None else sorted(set().union(*grounds.values())))
    swept = {edition: spans.sweep(len(found), leaves) for edition, leaves in grounds.items()}
    return [_moment(run, swept[run.edition], at) for at, run in enumerate(found)]


def _grounds(connection: sa.Connection, found: list[Run], within: str | None) -> dict[int, set[int]]:
    """Edition → ids of the leaves the area had in it; none in particular for the whole city."""
    editions = {run.edition for run in found}
    if within is None:
        return {number: set() for number in editions}
    given = connection.execute(sa.select(codes.c.id, codes.c.level).where(codes.c.code == within)).one_or_none()
    if given is None:
        raise Unknown(f"no area or grid {within!r}: the code was never given")
    told = {}
    for number in editions:
        ids, lineage = areas.lineage(connection, areas.numbered(connection, number))
        told[number] = set(ids[lineage[:, given.level] == given.id].tolist())
    return told


@dataclass(frozen=True, eq=False)
class _Swept:
    """Sums run by run (r, …): by state, by method, and units that came into a blind state or left one."""

    units: Ints
    workers: Ints
    methods: Ints
    opened: Ints
    closed: Ints


class _Spans:
    """Units of one state and method that begin and end with the same runs, in one leaf where leaves are asked for."""

    def __init__(self, connection: sa.Connection, leaves: list[int] | None) -> None:
        span = unit_states.c
        before, after = unit_states.alias(), unit_states.alias()
        was = sa.and_(before.c.unit_id == span.unit_id, before.c.last_run == span.first_run, *_blind(before, leaves))
        stays = sa.and_(after.c.unit_id == span.unit_id, after.c.first_run == span.last_run, *_blind(after, leaves))
        told = sa.select(
            span.first_run,
            span.last_run,
            span.code,
            span.method,
            (sa.literal_column("0") if leaves is None else span.grid_id).label("grid"),
            before.c.unit_id.is_not(None).label("was"),
            after.c.unit_id.is_not(None).label("stays"),
            span.workers,
        ).select_from(unit_states.outerjoin(before, was).outerjoin(after, stays))
        if leaves is not None:
            told = told.where(one_of(span.grid_id, leaves))
        each = told.subquery().c
        by = (each.first_run, each.last_run, each.code, each.method, each.grid, each.was, each.stays)
        grouped = sa.select(*by, sa.func.count().label("units"), sa.func.sum(each.workers).label("workers")).group_by(
            *by
        )
        sums = grouped.subquery()
        columns = {
            "first": whole(sums.c.first_run),
            "last": whole(sums.c.last_run),
            "state": word(sums.c.code, STATES),
            "method": word(sums.c.method, METHODS),
            "grid": whole(sums.c.grid),
            "was": flag(sums.c.was, missing=False),
            "stays": flag(sums.c.stays, missing=False),
            "units": whole(sums.c.units),
            "workers": whole(sums.c.workers),
        }
        self.told = fetch(connection, columns, sa.select(sums))

    def sweep(self, runs: int, leaves: set[int]) -> _Swept:
        """Sums of every run; of the leaves only, where there are some."""
        told = self.told
        rows = np.isin(told["grid"], list(leaves)) if leaves else np.ones(len(told["grid"]), dtype=np.bool_)
        state = _positions(told["state"], STATES)
        blind = rows & np.isin(told["state"], SCORED)
        return _Swept(
            units=self._standing(rows, state, len(STATES), "units", runs),
            workers=self._standing(rows, state, len(STATES), "workers", runs),
            methods=self._standing(
                rows & (told["method"] != ""), _positions(told["method"], METHODS), len(METHODS), "units", runs
            ),
            opened=self._at(blind & ~told["was"], "first", runs),
            closed=self._at(blind & ~told["stays"], "last", runs),
        )

    def _standing(self, rows: Bools, column: Ints, columns: int, figure: str, runs: int) -> Ints:
        """Sums (runs, columns) of the spans that hold in each run."""
        steps = np.zeros((runs + 2, columns), dtype=np.int64)
        told = self.told
        np.add.at(steps, (told["first"][rows], column[rows]), told[figure][rows])
        ends = rows & (told["last"] > 0)
        np.add.at(steps, (told["last"][ends], column[ends]), -told[figure][ends])
        return np.cumsum(steps, axis=0)[1 : runs + 1]

    def _at(self, rows: Bools, which: str, runs: int) -> Ints:
        """Units (runs,) whose spans begin or end with each run."""
        return np.bincount(self.told[which][rows], self.told["units"][rows], runs + 1)[1 : runs + 1].astype(np.int64)


def _blind(table: sa.FromClause, leaves: list[int] | None) -> list[sa.ColumnElement[bool]]:
    """Conditions: the span is of a blind state, and in one of the leaves."""
    return [table.c.code.in_(SCORED), *([one_of(table.c.grid_id, leaves)] if leaves is not None else [])]


def _positions(values: Keys, known: tuple[str, ...]) -> Ints:
    names, at = np.unique(values, return_inverse=True)
    return np.array([known.index(name) if name else 0 for name in names.tolist()], dtype=np.int64)[at]


def _moment(run: Run, swept: _Swept, at: int) -> Moment:
    units, workers, methods = swept.units[at], swept.workers[at], swept.methods[at]
    known = int(units.sum() - units[STATES.index("U")])
    return Moment(
        run=run.number,
        day=run.day,
        edition=run.edition,
        units={state: int(n) for state, n in zip(STATES, units.tolist(), strict=True) if n},
        workers={state: int(n) for state, n in zip(STATES, workers.tolist(), strict=True) if n},
        organisational=round(int(methods[: len(ORGANISATIONAL)].sum()) / known, 6) if known else None,
        work=round(int(methods.sum()) / known, 6) if known else None,
        opened=int(swept.opened[at]),
        closed=int(swept.closed[at]),
    )


def by_day(moments: list[Moment]) -> list[Moment]:
    """The last of each day, with all that was opened and closed on it."""
    told: dict[date, Moment] = {}
    for one in moments:
        before = told.get(one.day)
        opened, closed = (before.opened, before.closed) if before else (0, 0)
        told[one.day] = replace(one, opened=one.opened + opened, closed=one.closed + closed)
    return list(told.values())
