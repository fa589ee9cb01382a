"""What a run found of units, leaf by leaf: the parts of every rate, by units and by workers."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo.arrays import Floats, Ints
from geo.coverage import foretelling, rates, runs, sums
from geo.coverage.found import Found, open_run
from geo.coverage.reading import UNITS
from geo.coverage.rollups import Tally
from geo.coverage.rulebooks import STATES
from geo.coverage.runs import Run
from geo.coverage.sums import Sums
from geo.coverage.tables import coverage_runs
from geo.coverage.tallies.asking import Asked
from geo.coverage.units import METHODS
from geo.fetching import fetch, whole

_AMONG_KNOWN = ("organisational", "work", "standalone", "on_paper", "reachable_gap")


def units(asked: Asked) -> Tally:
    """Units by what the run that answers found; no column has anything where there is no run for the edition.

    Of a time to come what a run would find then.
    """
    found = _answering(asked)
    return _tally(asked, found) if found else _nothing()


def before(asked: Asked) -> tuple[Run, Tally] | None:
    """The last run of an earlier day than the one that answers, and its units on the same borders; None without one."""
    run = answering(asked)
    if run is None:
        return None
    query = sa.select(sa.func.max(coverage_runs.c.number)).where(coverage_runs.c.day < run.day)
    number = asked.connection.scalar(query)
    if number is None:
        return None
    earlier = runs.numbered(asked.connection, number)
    return earlier, _tally(asked, open_run(asked.connection, earlier))


def answering(asked: Asked) -> Run | None:
    """The newest run; of a past edition the newest that was made on it; of a time to come the one that would be made.

    None where there is none.
    """
    if asked.hour:
        return foretelling.found(asked.connection, asked.hour).run
    if asked.is_current:
        return runs.last(asked.connection)
    query = sa.select(sa.func.max(coverage_runs.c.number)).where(coverage_runs.c.edition == asked.edition.number)
    number = asked.connection.scalar(query)
    return runs.numbered(asked.connection, number) if number else None


def _answering(asked: Asked) -> Found | None:
    if asked.hour:
        return foretelling.found(asked.connection, asked.hour)
    run = answering(asked)
    return open_run(asked.connection, run) if run else None


def _tally(asked: Asked, found: Found) -> Tally:
    run = found.run
    summed = _summed(asked, found)
    if "sources" not in found.kept:
        query = sa.select(UNITS.c.source).distinct().order_by(UNITS.c.source)
        found.kept["sources"] = tuple(asked.connection.scalars(query))
    day = run.surveyed_until.isoformat() if run.surveyed_until else ""
    return Tally(place=summed.group, columns=parts(summed), until=day, sources=found.kept["sources"])


def _summed(asked: Asked, found: Found) -> Sums:
    """Units leaf by leaf; on the run's own borders they never change, and are kept."""
    if found.edition != asked.edition:
        return _by_leaf(found, _leaves(asked, found))
    if "by leaf" not in found.kept:
        found.kept["by leaf"] = _by_leaf(found, found.units.grid)
    kept: Sums = found.kept["by leaf"]
    return kept


def _by_leaf(found: Found, grid: Ints) -> Sums:
    return sums.by(found.units, found.states, grid, found.book, np.unique(grid))


def parts(summed: Sums) -> dict[str, Floats]:
    """Every column a rate is made of, by units and by workers; numerators and denominators of :mod:`rates`."""
    columns: dict[str, Floats] = {}
    weighings: tuple[rates.Weighing, ...] = ("units", "workers")
    for by in weighings:
        for rate in _AMONG_KNOWN:
            columns[f"{rate}.{by}"], _ = rates.parts(summed, rate, by)
        columns[f"known.{by}"], columns[f"all.{by}"] = rates.parts(summed, "surveyed", by)
        columns[f"must_form_gap.{by}"], columns[f"large.{by}"] = rates.parts(summed, "must_form_gap", by)
        columns[f"unknown.{by}"] = columns[f"all.{by}"] - columns[f"known.{by}"]
    for column, state in enumerate(STATES):
        columns[f"units.{state}"] = summed.units[:, column].astype(np.float64)
        columns[f"workers.{state}"] = summed.workers[:, column]
    return columns


def _leaves(asked: Asked, found: Found) -> Ints:
    """The leaf (n,) of each unit of a run on other borders, on those that are asked about.

    The run has them as they were: units that are still there are where they are now, the rest is left where it was,
    and counts as elsewhere when that leaf is gone.
    """
    columns = {"id": whole(UNITS.c.id), "grid": whole(UNITS.c.grid_id)}
    now = fetch(asked.connection, columns, sa.select(UNITS).order_by(UNITS.c.id))
    grid = found.units.grid.copy()
    there = np.isin(found.units.id, now["id"])
    grid[there] = now["grid"][np.searchsorted(now["id"], found.units.id[there])]
    if asked.followed:
        return asked.followed.led("units").over(found.units.id, grid)
    return asked.located(grid, found.lonlat)


def _nothing() -> Tally:
    empty = sums.Sums(
        group=np.empty(0, dtype=np.int64),
        units=np.empty((0, len(STATES)), dtype=np.int64),
        workers=np.empty((0, len(STATES))),
        uncounted=np.empty((0, len(STATES)), dtype=np.int64),
        by_method=np.empty((0, len(METHODS)), dtype=np.int64),
        workers_by_method=np.empty((0, len(METHODS))),
        large=np.empty(0, dtype=np.int64),
        large_workers=np.empty(0),
    )
    return Tally(place=empty.group, columns=parts(empty))
