"""Coverage and blind spots of the ground a plan touches, before and after: found as a run would find them that day.

The rules and the functions are those of a run; only where units lie, which leaves there are, and to whom the records of
retired grids go is the plan's. A unit may be another by the grid it comes to, since a record may cover all of a grid,
and by what becomes of those with whom it could found a joint branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import sqlalchemy as sa

from geo import rows
from geo.arrays import Bools, Codes, Floats, Ints
from geo.coverage import beside, ground, grounds, nearness, reading, records, rulebooks, states, sums
from geo.coverage.ground import GroundStates
from geo.coverage.rates import parts, rates
from geo.coverage.reading import Asked, Read
from geo.coverage.records import Records
from geo.coverage.rulebooks import STATES, RuleBook
from geo.coverage.states import States
from geo.coverage.sums import Sums
from geo.coverage.units import Coverings, Units
from geo.crs import area_m2
from geo.plans.effects import Effects
from geo.plans.grounds import Leaf
from geo.tables import codes

BLIND = ("P1", "P2", "P3", "P4", "P5", "G1", "G2", "G3")
"""States of units, leaves and buildings that are blind spots."""
_NEW = 1 << 40  # above every id: leaves that come to be have none yet


@dataclass(frozen=True)
class Coverage:
    """How the units of a grid stand, and the grid itself; shares are None where no unit is known.

    ``units`` are numbers by state, of those there are; ``covered`` have an organisation. ``state`` is the leaf's own:
    G1, G2, U where its people are not recorded, blank where nothing is amiss.
    """

    units: Mapping[str, int]
    covered: int
    organisational_share: float | None
    work_share: float | None
    state: str


@dataclass(frozen=True, eq=False)
class Leaves:
    """The touched leaves of one side (g,), ascending by id; ``found`` tells of their people and of bare ground."""

    code: Codes
    id: Ints
    area_m2: Floats
    found: GroundStates


@dataclass(frozen=True, eq=False)
class Side:
    """What a run would find on one side of a plan; ``sums`` are those of ``leaves``.

    ``units`` are those decided about, and others that may join them and stand here for that alone.
    """

    leaves: Leaves
    units: Units
    coverings: Coverings
    states: States
    sums: Sums

    @cached_property
    def coverage(self) -> dict[str, Coverage]:
        """The coverage of each leaf, by code."""
        counted = ({name: n for name, n in zip(STATES, row, strict=True) if n} for row in self.sums.units.tolist())
        covered = parts(self.sums, "organisational")[0].astype(np.int64).tolist()
        shares = (_told(rates(self.sums, rate)) for rate in ("organisational", "work"))
        each = zip(self.leaves.code.tolist(), counted, covered, *shares, self.leaves.found.code.tolist(), strict=True)
        return {code: Coverage(*told) for code, *told in each}


@dataclass(frozen=True, eq=False)
class Outlook:
    """Both sides of a plan on a day, by a rule book.

    Attributes
    ----------
    before, after
        Of the same units, in the same order.
    read
        The units as they are stored, with their places.
    decided
        Which of them (n,) were decided about: those in the touched grids or on their way to others, and those beside.
    code
        Codes of leaves by the ids used here.
    """

    before: Side
    after: Side
    read: Read
    decided: Bools
    code: Mapping[int, str]
    book: RuleBook
    day: date

    def beside(self) -> Ints:
        """Ids of units not decided about whose joint branch may come or go, as one near may join on one side only."""
        joins = [states.may_join(side.units, side.states, self.book) for side in (self.before, self.after)]
        turned = np.flatnonzero((joins[0] != joins[1]) & self.decided)
        near = nearness.near_any(self.read.units, turned, self.book.thresholds)
        return self.read.units.id[near & ~self.decided]


def outlook(connection: sa.Connection, effects: Effects, heirs: Mapping[str, str], day: date) -> Outlook:
    """What a run of that day would find of the touched grids and all whom the plan concerns, without it and with it.

    Costs what the plan touches and those within reach of it. ``heirs`` are, for each grid that is retired, the one to
    which its posts, organisations and records go.

    Raises
    ------
    Refused
        When the rule book cannot be used.
    """
    looking, units = _Looking(connection, effects, heirs, day), effects.units.id
    found = looking.at(units)
    if len(more := found.beside()):
        found = looking.at(np.union1d(units, more))
    return found


class _Looking:
    """What both sides share."""

    def __init__(self, connection: sa.Connection, effects: Effects, heirs: Mapping[str, str], day: date) -> None:
        self.connection, self.effects, self.day = connection, effects, day
        self.book = rulebooks.current()
        self.id = _ids(connection, effects)
        self.heirs = {self.id[old]: self.id[new] for old, new in heirs.items()}
        self.before = self._leaves(effects.ground.before, {})
        self.after = self._leaves(effects.ground.after, self.heirs)

    def _leaves(self, leaves: Mapping[str, Leaf], heirs: Mapping[int, int]) -> Leaves:
        ordered = sorted(leaves.values(), key=lambda leaf: self.id[leaf.code])
        ids = np.array([self.id[leaf.code] for leaf in ordered], dtype=np.int64)
        is_fallback = np.array([leaf.kind == "fallback" for leaf in ordered], dtype=np.bool_)
        areas_m2 = area_m2(np.array([leaf.shape for leaf in ordered], dtype=object))
        found = ground.leaves(is_fallback, areas_m2, *grounds.people(self.connection, ids, heirs))
        return Leaves(np.array([leaf.code for leaf in ordered], dtype=np.str_), ids, areas_m2, found)

    def at(self, asked: Ints) -> Outlook:
        """Both sides, the units ``asked`` being decided about."""
        ids = np.union1d(asked, beside.sharing(self.connection, asked, self.book))
        read = reading.units(self.connection, self.effects.ground.metric_epsg, Asked(ids))
        was, now = read.units, replace(read.units, grid=self._grids(read.units))
        places = {
            "units": was.id,
            "buildings": was.building,
            "grids": np.concatenate([was.grid, now.grid, np.array([*self.heirs], dtype=np.int64)]),
        }
        told = records.read(self.connection, np.datetime64(self.day, "D"), places)
        return Outlook(
            before=self._side(self.before, was, told),
            after=self._side(self.after, now, told.handed(self.heirs)),
            read=read,
            decided=np.isin(was.id, asked),
            code={number: code for code, number in self.id.items()},
            book=self.book,
            day=self.day,
        )

    def _grids(self, units: Units) -> Ints:
        """The leaf of each unit (n,) with the plan; 0 outside the city."""
        placed, grid = self.effects.units, units.grid.copy()
        grid[np.searchsorted(units.id, placed.id)] = [self.id[code] if code else 0 for code in placed.now.tolist()]
        return grid

    def _side(self, leaves: Leaves, units: Units, told: Records) -> Side:
        coverings = records.covering(told, units)
        found = states.decide(units, coverings, np.datetime64(self.day, "D"), self.book)
        return Side(leaves, units, coverings, found, sums.by(units, found, units.grid, self.book, leaves.id))


def _ids(connection: sa.Connection, effects: Effects) -> dict[str, int]:
    """Ids of all leaves that are touched or have units of them; numbers above every id for codes never used yet."""
    ground = effects.ground
    named = {*ground.after, *effects.units.now.tolist()} - {"", *ground.ids}
    query = sa.select(codes.c.code, codes.c.id).where(rows.one_of(codes.c.code, sorted(named)))
    known = {row.code: row.id for row in connection.execute(query)} if named else {}
    new = {code: _NEW + at for at, code in enumerate(sorted(named - known.keys()))}
    return {**ground.ids, **known, **new}


def _told(shares: Floats) -> list[float | None]:
    return [None if np.isnan(share) else float(share) for share in shares]
