"""What the units of a building, grid, community or business district add up to: sums of parts, never of averages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.arrays import Bools, Floats, Ints, distinct
from geo.coverage.rulebooks import STATES, RuleBook
from geo.coverage.states import States
from geo.coverage.units import METHODS, Keys, Units


@dataclass(frozen=True, eq=False)
class Sums:
    """Units in business by group (g,), and their workers as far as known.

    Attributes
    ----------
    group
        Ids, ascending.
    units, workers
        (g, states) in the order of :data:`~geo.coverage.rulebooks.STATES`; each unit stands in one column.
    uncounted
        (g, states) units whose workers are not known: they are in ``units`` and add nothing to ``workers``.
    by_method, workers_by_method
        (g, methods) units by the method that covers them, in the order of :data:`~geo.coverage.units.METHODS`; who is
        unknown or not covered stands in none.
    large, large_workers
        (g,) known units with members enough for a branch of their own.
    """

    group: Ints
    units: Ints
    workers: Floats
    uncounted: Ints
    by_method: Ints
    workers_by_method: Floats
    large: Ints
    large_workers: Floats

    def state(self, *names: str) -> Ints:
        """Units (g,) in one of the states."""
        return np.asarray(self.units[:, [STATES.index(name) for name in names]].sum(axis=1))

    def state_workers(self, *names: str) -> Floats:
        """Workers (g,) known of in one of the states."""
        return np.asarray(self.workers[:, [STATES.index(name) for name in names]].sum(axis=1))


def by(units: Units, states: States, group: Ints, book: RuleBook, groups: Ints | None = None) -> Sums:
    """Sums by a group (n,) each unit is in, as ``units.building``; 0 is a group too, of those that are in none.

    Parameters
    ----------
    groups
        Ids wanted, each once, in any order, also those no unit is in; None for the groups that have a unit in business.
    """
    return of(units, states, (np.arange(len(units.id)), group), book, groups)


def of(units: Units, states: States, pairs: tuple[Ints, Ints], book: RuleBook, groups: Ints | None = None) -> Sums:
    """Sums by groups that may overlap: a unit adds to each of its groups once.

    Parameters
    ----------
    pairs
        Positions of units (p,) and ids of the groups (p,) they are in; a pair that stands twice counts once. Where a
        unit is in several groups, the groups add up to more than the whole.
    groups
        As in :func:`by`.
    """
    unit, group = distinct(np.stack(pairs, axis=1).astype(np.int64).reshape(-1, 2))[0].T
    kept = units.operating[unit]
    unit, group = unit[kept], group[kept]
    wanted = np.unique(group if groups is None else groups)
    kept = np.isin(group, wanted)
    unit, at = unit[kept], np.searchsorted(wanted, group[kept])
    state = _numbers(states.state, STATES)[unit]
    method = _numbers(states.method, METHODS)[unit]
    workers, counted = np.nan_to_num(units.workers[unit]), ~np.isnan(units.workers[unit])
    large = (units.members[unit] >= book.thresholds.must_form_members) & (state != STATES.index("U"))

    def table(columns: int, column: Ints, rows: Bools, weights: Floats | None = None) -> Floats:
        cells = at[rows] * columns + column[rows]
        filled = np.bincount(cells, None if weights is None else weights[rows], minlength=len(wanted) * columns)
        return np.asarray(filled.reshape(len(wanted), columns))

    every, covered = np.ones(len(unit), dtype=np.bool_), method >= 0
    none = np.zeros(len(unit), dtype=np.int64)
    return Sums(
        group=wanted,
        units=table(len(STATES), state, every).astype(np.int64),
        workers=table(len(STATES), state, every, workers).astype(np.float64),
        uncounted=table(len(STATES), state, ~counted).astype(np.int64),
        by_method=table(len(METHODS), method, covered).astype(np.int64),
        workers_by_method=table(len(METHODS), method, covered, workers).astype(np.float64),
        large=table(1, none, large)[:, 0].astype(np.int64),
        large_workers=table(1, none, large, workers)[:, 0].astype(np.float64),
    )


def rolled(sums: Sums, upper: Ints, groups: Ints | None = None) -> Sums:
    """The sums of upper groups, as of communities from those of their grids.

    Parameters
    ----------
    upper
        Id of the group above (g,) each row belongs to.
    groups
        Ids wanted, each once; None for those that have a row.
    """
    wanted = np.unique(upper if groups is None else groups)
    kept = np.isin(upper, wanted)
    at = np.searchsorted(wanted, upper[kept])

    def added(part: Any) -> Any:
        total = np.zeros((len(wanted), *part.shape[1:]), dtype=part.dtype)
        np.add.at(total, at, part[kept])
        return total

    return Sums(group=wanted, **{name: added(part) for name, part in vars(sums).items() if name != "group"})


def worst(sums: Sums, book: RuleBook) -> Keys:
    """The worst state (g,) of the units of each group; U where all are unknown, blank where there is no unit."""
    has: list[Bools] = [sums.state(state) > 0 for state in (*book.worst, "U")]
    return np.select(has, [*book.worst, "U"], default="").astype(np.str_)


def _numbers(keys: Keys, known: tuple[str, ...]) -> Ints:
    """Position (n,) of each key in a list; -1 where it is blank."""
    names, at = np.unique(keys, return_inverse=True)
    place: Callable[[str], int] = {name: number for number, name in enumerate(known)}.__getitem__
    return np.array([place(name) if name else -1 for name in names.tolist()], dtype=np.int64)[at]
