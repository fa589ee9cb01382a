"""What one run found, in memory: a run never changes, so a process reads it once and keeps the few it used last."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray

from geo import areas
from geo.areas import Edition
from geo.arrays import Bools, Floats, Ints, Positions
from geo.coverage import rulebooks
from geo.coverage.particulars import Particulars, Written
from geo.coverage.reading import Asked
from geo.coverage.rulebooks import STATES, RuleBook
from geo.coverage.runs import Run
from geo.coverage.states import States
from geo.coverage.tables import building_states, coverage_rules, grid_states, in_run, unit_states
from geo.coverage.units import METHODS, Days, Keys, Units
from geo.fetching import Column, Made, day, fetch, fetch_known, figure, flag, whole, word

_KEPT = 3
_opened: OrderedDict[tuple[object, ...], Found] = OrderedDict()
_reading = Lock()


@dataclass(frozen=True, eq=False)
class Buildings:
    """Buildings with units or across grids (b,), in ascending order of id; days are those of the first run in a row."""

    id: Ints
    grid: Ints
    code: Keys
    seen_on: Days
    straddles: Bools
    straddles_on: Days
    share: Floats


@dataclass(frozen=True, eq=False)
class Grids:
    """Leaves (g,) in ascending order of id; ``code`` G1, G2, U, or blank."""

    id: Ints
    code: Keys
    seen_on: Days


@dataclass(frozen=True, eq=False)
class Found:
    """All that a run found.

    Attributes
    ----------
    book
        The rules it was made by.
    units
        Those in business (n,), ascending; their industry and day of survey are not kept: blank and ``NaT``.
    states
        Their states; ``covering`` is not kept: -1. ``since`` falls back to the day the state was first seen on.
    lonlat
        (n, 2) degrees WGS 84.
    held
        Pairs (m, 2) of a position in ``units`` and the id of a business district, by position.
    leaf_ids, lineage
        Of the edition, as :func:`geo.areas.lineage` tells them.
    particulars
        Why each is what it is, told when it is asked for.
    kept
        What was worked out from it once and is asked for again.
    """

    run: Run
    book: RuleBook
    edition: Edition
    units: Units
    states: States
    lonlat: Floats
    held: Ints
    buildings: Buildings
    grids: Grids
    leaf_ids: Positions
    lineage: Positions
    particulars: Particulars
    kept: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def _by_leaf(self) -> tuple[Positions, Positions]:
        """Ids of the leaves, ascending, and their lineage."""
        order = np.argsort(self.leaf_ids)
        return self.leaf_ids[order], self.lineage[order]

    def _above(self, grid: Ints) -> Positions:
        """Lineage (k, levels) of each leaf; zeros where it is none of the edition."""
        ranked, lineage = self._by_leaf
        at = np.minimum(np.searchsorted(ranked, grid), len(ranked) - 1)
        return np.where((ranked[at] == grid)[:, None], lineage[at], 0)

    def areas_of(self, grid: Ints, level: int) -> Ints:
        """Id of the area of ``level`` over each leaf (k,), 0 where it is over none."""
        return self._above(grid)[:, level].astype(np.int64)

    def lowest_of(self, grid: Ints) -> Ints:
        """Id of the lowest area over each leaf (k,), 0 where there is none."""
        above = self._above(grid)[:, :-1]
        lowest = above.shape[1] - 1 - (above[:, ::-1] > 0).argmax(axis=1)
        return np.take_along_axis(above, lowest[:, None], axis=1)[:, 0].astype(np.int64)


def open_run(connection: sa.Connection, run: Run) -> Found:
    """What ``run`` found. Raises nothing a stored run can cause."""
    key = (connection.engine.url, run.number, run.at)
    with _reading:
        if key not in _opened:
            _opened[key] = _read(connection, run)
        _opened.move_to_end(key)
        while len(_opened) > _KEPT:
            _opened.popitem(last=False)
        return _opened[key]


def book_of(connection: sa.Connection, fingerprint: str) -> RuleBook:
    """The rule book with this fingerprint, as it was when a run was made by it."""
    book = rulebooks.current()
    if book.fingerprint == fingerprint:
        return book
    told = connection.scalar(sa.select(coverage_rules.c.book).where(coverage_rules.c.fingerprint == fingerprint))
    assert told is not None, "a run names a book that is kept"
    return rulebooks.restored(told)


def _read(connection: sa.Connection, run: Run) -> Found:
    edition = areas.numbered(connection, run.edition)
    units, states, lonlat = _units(connection, run)
    leaf_ids, lineage = areas.lineage(connection, edition)
    return Found(
        run=run,
        book=book_of(connection, run.rules),
        edition=edition,
        units=units,
        states=states,
        lonlat=lonlat,
        held=_held(connection, run, units.id),
        buildings=_buildings(connection, run),
        grids=_grids(connection, run),
        leaf_ids=leaf_ids,
        lineage=lineage,
        particulars=Written(run.number),
    )


def _units(connection: sa.Connection, run: Run) -> tuple[Units, States, Floats]:
    return _fetched(connection, _spans(unit_states, run))


def open_units(connection: sa.Connection, place: sa.Column[Any], asked: Asked) -> tuple[Units, States]:
    """Units whose ``place`` is asked for, a column of ``unit_states``, as the newest run has left them."""
    name = asked.name(f"open units by {place.name}")

    def make() -> Made:
        query = sa.select(unit_states).where(unit_states.c.last_run.is_(None), *asked.named(place))
        return _columns(), query.order_by(unit_states.c.unit_id)

    units, states, _ = _told(fetch_known(connection, name, make, asked.given))
    return units, states


def _fetched(connection: sa.Connection, query: sa.Select[Any]) -> tuple[Units, States, Floats]:
    return _told(fetch(connection, _columns(), query.order_by(unit_states.c.unit_id)))


def _columns() -> dict[str, Column]:
    span = unit_states.c
    return {
        "id": whole(span.unit_id),
        "building": whole(span.building_id),
        "grid": whole(span.grid_id),
        "park": whole(span.district_ids[1]),
        "x": figure(gis.ST_X(span.geom)),
        "y": figure(gis.ST_Y(span.geom)),
        "workers": figure(span.workers),
        "members": figure(span.members),
        "state": word(span.code, STATES),
        "method": word(span.method, METHODS),
        "since": day(sa.func.coalesce(span.since, span.seen_on)),
    }


def _told(told: dict[str, NDArray[Any]]) -> tuple[Units, States, Floats]:
    n = len(told["id"])
    none = np.zeros(n, dtype=np.int64)
    states = States(told.pop("state"), told.pop("method"), none - 1, none, told.pop("since"))
    lonlat = np.column_stack([told.pop("x"), told.pop("y")])
    units = Units(
        xy_m=np.full((n, 2), np.nan),
        industry=np.full(n, "", dtype="U1"),
        operating=np.ones(n, dtype=np.bool_),
        surveyed=np.full(n, np.datetime64("NaT", "D")),
        **told,
    )
    return units, states, lonlat


def places_of(connection: sa.Connection, number: int, among: Ints) -> tuple[Ints, Ints]:
    """Buildings and grids of the units ``among`` whose span run ``number`` opened or closed; ascending."""
    span, asked, run = unit_states.c, Asked(among), sa.bindparam("run", type_=sa.Integer)

    def make() -> Made:
        changed = sa.or_(span.first_run == run, span.last_run == run)
        columns = {"building": whole(span.building_id), "grid": whole(span.grid_id)}
        return columns, sa.select(unit_states).where(*asked.named(span.unit_id), changed)

    told = fetch_known(connection, "places of changed units", make, asked.given | {"run": number})
    return np.setdiff1d(told["building"], [0]), np.setdiff1d(told["grid"], [0])


def _held(connection: sa.Connection, run: Run, ids: Ints) -> Ints:
    span = unit_states.c
    each = sa.select(span.unit_id, sa.func.unnest(span.district_ids).label("district")).where(
        in_run(unit_states, run.number)
    )
    pairs = each.where(span.district_ids.is_not(None)).subquery()
    columns = {"unit": whole(pairs.c.unit_id), "district": whole(pairs.c.district)}
    told = fetch(connection, columns, sa.select(pairs).order_by(pairs.c.unit_id))
    return np.column_stack([np.searchsorted(ids, told["unit"]), told["district"]]).astype(np.int64)


def _buildings(connection: sa.Connection, run: Run) -> Buildings:
    span = building_states.c
    columns = {
        "id": whole(span.building_id),
        "grid": whole(span.grid_id),
        "code": word(span.code, STATES),
        "seen_on": day(span.seen_on),
        "straddles": flag(span.straddles, missing=False),
        "straddles_on": day(span.straddles_on),
        "share": figure(span.share),
    }
    return Buildings(**fetch(connection, columns, _spans(building_states, run).order_by(span.building_id)))


def _grids(connection: sa.Connection, run: Run) -> Grids:
    span = grid_states.c
    columns = {"id": whole(span.grid_id), "code": word(span.code, ("G1", "G2", "U")), "seen_on": day(span.seen_on)}
    return Grids(**fetch(connection, columns, _spans(grid_states, run).order_by(span.grid_id)))


def _spans(table: sa.Table, run: Run) -> sa.Select[Any]:
    return sa.select(table).where(in_run(table, run.number))
