"""What a run will find at a time to come, from the registers as they are: decided by the functions of a run, unwritten.

Units lie where publishes until then will have put them, grids are those of then, and surveys and evidence are judged on
that day. The whole city is looked at, since days alone may change any unit; that takes as long as a run without its
writing, so it is kept while nothing that it rests on changes.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import areas, revisions
from geo.areas import City, Edition
from geo.arrays import Floats, Ints
from geo.buildings.footprints import NOUN as BUILDINGS
from geo.coverage import ground, grounds, groups, reading, records, rulebooks, runs, states, sums, telling
from geo.coverage.found import Buildings, Found, Grids
from geo.coverage.ground import GroundStates
from geo.coverage.particulars import Joint, Why
from geo.coverage.reading import Asked, Read
from geo.coverage.rulebooks import STATES
from geo.coverage.runs import NOUNS, Run
from geo.coverage.states import States
from geo.coverage.tables import building_states, grid_states, in_run, unit_states
from geo.coverage.units import Coverings, Days, Units
from geo.fetching import Column, day, fetch, flag, whole, word
from geo.forecasts import Followed

NUMBER = 0
"""Of a run that is to come: only what is made, or was, has a number."""
_KEPT = 2
_made: OrderedDict[tuple[object, ...], Found] = OrderedDict()
_working = Lock()


@dataclass(frozen=True, eq=False)
class Hour:
    """An aware instant to come.

    Attributes
    ----------
    edition
        The one in force, with what is scheduled until then.
    followed
        What publishes until then will have done to the registers.
    """

    instant: datetime
    edition: Edition
    followed: Followed

    def day(self, city: City) -> date:
        """The day it will be in the city."""
        return self.instant.astimezone(ZoneInfo(city.time_zone)).date()


def found(connection: sa.Connection, hour: Hour) -> Found:
    """What a run would find right after an hour.

    Raises
    ------
    Refused
        When the rule book cannot be used.
    """
    key = _key(connection, hour)
    with _working:
        if key not in _made:
            _made[key] = _Looking(connection, hour).found()
        _made.move_to_end(key)
        while len(_made) > _KEPT:
            _made.popitem(last=False)
        return _made[key]


def is_kept(connection: sa.Connection, hour: Hour) -> bool:
    """Whether it has been worked out."""
    return _key(connection, hour) in _made


def _key(connection: sa.Connection, hour: Hour) -> tuple[object, ...]:
    edition, newest = hour.edition, runs.last(connection)
    read = tuple(sorted(revisions.several(connection, NOUNS).items()))
    rests = (edition.number, edition.published_at, edition.forecast, hour.followed, read)
    before = newest and (newest.number, newest.at)
    on = hour.day(areas.city(connection))
    return (connection.engine.url, on, rulebooks.current().fingerprint, before, *rests)


class _Looking:
    """One look at the city of then."""

    def __init__(self, connection: sa.Connection, hour: Hour) -> None:
        self.connection, self.hour, self.book = connection, hour, rulebooks.current()
        self.city = areas.city(connection)
        self.day = hour.day(self.city)
        self.before = runs.last(connection)

    def found(self) -> Found:
        """All of it."""
        connection, followed, on = self.connection, self.hour.followed, np.datetime64(self.day, "D")
        read = reading.units(connection, self.city.metric_epsg)
        units = replace(read.units, grid=followed.led("units").over(read.units.id, read.units.grid))
        coverings = records.covering(records.read(connection, on, {}).handed(followed.heirs), units)
        decided = states.decide(units, coverings, on, self.book)
        leaves = grounds.leaves_to_come(connection, self.hour.edition, followed)
        judged = ground.leaves(leaves.is_fallback, leaves.area_m2, leaves.branches, leaves.filled)
        joint = groups.foretold(connection, units, decided, self.book)
        told = Foretold(units, coverings, decided, leaves.id, leaves.area_m2, judged, joint)
        leaf_ids, lineage = areas.lineage(connection, self.hour.edition)
        rows = np.flatnonzero(decided.state != "")
        return Found(
            run=self.run(units),
            book=self.book,
            edition=self.hour.edition,
            units=_taken(units, rows),
            states=self.states(units, decided, rows),
            lonlat=read.lonlat[rows],
            held=_held(read, rows),
            buildings=self.buildings(units, decided),
            grids=Grids(leaves.id, judged.code, self.since(grid_states, "grid_id", leaves.id, judged.code)),
            leaf_ids=leaf_ids,
            lineage=lineage,
            particulars=told,
        )

    def run(self, units: Units) -> Run:
        """The run that it would be."""
        surveyed = units.surveyed[~np.isnat(units.surveyed)]
        return Run(
            number=NUMBER,
            at=self.hour.instant,
            day=self.day,
            edition=self.hour.edition.number,
            rules=self.book.fingerprint,
            version=self.book.version,
            revisions=revisions.several(self.connection, NOUNS),
            kind="full",
            counts={},
            changed={},
            surveyed_until=surveyed.max().item() if len(surveyed) else None,
            actor="",
        )

    def states(self, units: Units, decided: States, rows: Ints) -> States:
        """The states of units at ``rows``, as :class:`Found` has them."""
        kept: States = _taken(decided, rows)
        seen = self.since(unit_states, "unit_id", units.id[rows], kept.state)
        none = np.full(len(rows), -1, dtype=np.int64)
        return replace(kept, covering=none, since=np.where(np.isnat(kept.since), seen, kept.since))

    def buildings(self, units: Units, decided: States) -> Buildings:
        """Buildings with units or across grids."""
        followed, led = self.hour.followed, self.hour.followed.led(BUILDINGS)
        crossing = grounds.crossing(grounds.straddling(self.connection), followed.crossing, led)
        added = sums.by(units, decided, units.building, self.book, np.setdiff1d(units.building[units.operating], [0]))
        there, grid = grounds.grid_of(self.connection, Asked(np.union1d(added.group, crossing.id)))
        code, straddles, share = telling.judged(added, crossing, there, self.book)
        return Buildings(
            id=there,
            grid=led.over(there, grid),
            code=code,
            seen_on=self.since(building_states, "building_id", there, code),
            straddles=straddles,
            straddles_on=self.since(building_states, "building_id", there, straddles, "straddles"),
            share=share,
        )

    def since(self, table: sa.Table, key: str, ids: Ints, values: NDArray[Any], of: str = "code") -> Days:
        """The first day in a row on which the last run found the same value of each (k,); the day to come where not."""
        days = np.full(len(ids), np.datetime64(self.day, "D"))
        if self.before is None:
            return days
        is_flag = of == "straddles"
        value: Column = flag(table.c[of], missing=False) if is_flag else word(table.c[of], (*STATES, "G1", "G2"))
        seen = table.c["straddles_on" if is_flag else "seen_on"]
        query = sa.select(table).where(in_run(table, self.before.number)).order_by(table.c[key])
        told = fetch(self.connection, {"id": whole(table.c[key]), "value": value, "seen": day(seen)}, query)
        there = np.isin(ids, told["id"])
        at = np.searchsorted(told["id"], ids[there])
        same = (told["value"][at] == values[there]) & ~np.isnat(told["seen"][at])
        days[np.flatnonzero(there)[same]] = told["seen"][at[same]]
        return days


def _taken(columns: Any, rows: Ints) -> Any:
    """The same, of some rows."""
    return type(columns)(**{name: column[rows] for name, column in vars(columns).items()})


def _held(read: Read, rows: Ints) -> Ints:
    """Business districts of the units at ``rows`` (ascending), by their position among these."""
    kept = np.isin(read.held[:, 0], rows)
    return np.column_stack([np.searchsorted(rows, read.held[kept, 0]), read.held[kept, 1]]).astype(np.int64)


# -- why ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Foretold:
    """Why each is what it will be: all units as they are read, leaves, and joint branches, the earlier ones first."""

    of_units: Units
    coverings: Coverings
    states: States
    leaf_ids: Ints
    area_m2: Floats
    leaves: GroundStates
    branches: list[Joint]

    def units(self, _connection: sa.Connection, ids: Sequence[int]) -> dict[int, Why]:
        """Why units are what they will be, by id."""
        at = _at(self.of_units.id, ids)
        texts = telling.reasons(self.of_units, self.coverings, self.states, at)
        by = np.append(self.coverings.organisation, 0)[self.states.covering[at]].tolist()
        numbers = self.of_units.id[at].tolist()
        return {
            number: Why(json.loads(text), one or None) for number, text, one in zip(numbers, texts, by, strict=True)
        }

    def grids(self, _connection: sa.Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The reasons of leaves, by id."""
        at = _at(self.leaf_ids, ids)
        texts = telling.ground_reasons(_taken(self.leaves, at), self.area_m2[at])
        return {number: json.loads(text) for number, text in zip(self.leaf_ids[at].tolist(), texts, strict=True)}

    def joint(self, _connection: sa.Connection, ids: Sequence[int]) -> dict[int, Joint]:
        """The joint branch of each of some units, by id."""
        wanted = set(ids)
        each = ((int(number), one) for one in self.branches for number in one.key.split(","))
        return {number: one for number, one in each if number in wanted}


def _at(of: Ints, ids: Sequence[int]) -> Ints:
    """Positions of the ids that there are, ascending."""
    wanted = np.intersect1d(np.array(list(ids), dtype=np.int64), of)
    return np.searchsorted(of, wanted)
