"""Blind spots that come and go with a plan: what is one, or another one, on one side of it only, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import rows
from geo.arrays import Ints
from geo.assignments import Words
from geo.coverage import telling, wording
from geo.coverage.ground import straddling
from geo.coverage.reading import ORGANISATIONS, UNITS
from geo.coverage.rulebooks import RuleBook
from geo.plans.effects import Effects
from geo.plans.outlooks import BLIND, Outlook
from geo.tables import buildings, codes

EFFECTS = ("appears", "eases", "unknown", "closes")
"""What a plan does: a blind spot appears, which was none or a lighter one; it becomes a lighter one; it is not recorded
whether a grid has its people, where that was recorded or no grid was; there is none any more."""
_SHOWN = 500  # told one by one; all are counted


@dataclass(frozen=True)
class Turn:
    """Something that is in another state with the plan; states are blank where nothing is amiss, or nothing is there.

    ``kind`` is ``unit``, ``building`` or ``grid``; ``at`` its position among the units of the outlook, the buildings
    of the effects, or the codes of the touched grids. Grids are codes, blank outside the city.
    """

    effect: str
    kind: str
    at: int
    was: str
    now: str
    grid_was: str
    grid_now: str

    @property
    def code(self) -> str:
        """What it is now, else what it was."""
        return self.now or self.was


@dataclass(frozen=True)
class Spot:
    """A turn in words; ``id`` as ``/v1/blind-spots`` has it, ``where`` None where the place is not known."""

    turn: Turn
    id: str
    name: str
    title: Words
    text: Words
    where: BaseGeometry | None


@dataclass(frozen=True)
class Spots:
    """All that turns, the gravest first, and the first of them in words."""

    turns: list[Turn]
    shown: list[Spot]

    def of(self, *effects: str) -> list[Turn]:
        """The turns with one of these effects."""
        return [one for one in self.turns if one.effect in effects]


NONE = Spots([], [])
"""Nothing turns."""


def spots(connection: sa.Connection, effects: Effects, outlook: Outlook) -> Spots:
    """What comes and goes, read off both sides; names are read of what is shown."""
    found = [*_units(connection, outlook), *_buildings(effects, outlook.book), *_grids(effects, outlook)]
    rank = {effect: at for at, effect in enumerate(EFFECTS)}
    turns = sorted(found, key=lambda one: (rank[one.effect], -outlook.book.weight(one.code), one.kind, one.at))
    shown = turns[:_SHOWN]
    told = {kind: [one for one in shown if one.kind == kind] for kind in ("unit", "building", "grid")}
    in_words = {
        **_units_told(connection, outlook, told["unit"]),
        **_buildings_told(connection, effects, outlook, told["building"]),
        **_grids_told(effects, outlook, told["grid"]),
    }
    return Spots(turns, [in_words[one] for one in shown])


# -- what turns --------------------------------------------------------------------------------------------------------
def _effect(was: str, now: str, book: RuleBook) -> str:
    """One of :data:`EFFECTS`; blank where neither state is a blind spot nor unknown."""
    if now in BLIND:
        return "eases" if was in BLIND and book.weight(now) < book.weight(was) else "appears"
    if now == "U":
        return "unknown"
    return "closes" if was in BLIND else ""


def _turn(book: RuleBook, kind: str, at: int, states: tuple[str, str], grids: tuple[str, str]) -> Iterator[Turn]:
    if states[0] != states[1] and (effect := _effect(*states, book)):
        yield Turn(effect, kind, at, *states, *grids)


def _units(connection: sa.Connection, outlook: Outlook) -> Iterator[Turn]:
    before, after = outlook.before, outlook.after
    rows_of = np.flatnonzero(outlook.decided & (before.states.state != after.states.state))
    was, now = (side.units.grid[rows_of].tolist() for side in (before, after))
    code = _codes(connection, outlook, {*was, *now})
    for at, *grids in zip(rows_of.tolist(), was, now, strict=True):
        states = (str(before.states.state[at]), str(after.states.state[at]))
        yield from _turn(outlook.book, "unit", at, states, (code[grids[0]], code[grids[1]]))


def _codes(connection: sa.Connection, outlook: Outlook, ids: set[int]) -> dict[int, str]:
    """Codes of leaves by id, also of those that are not touched; "" for none."""
    known = {0: "", **outlook.code}
    if more := sorted(ids - known.keys()):
        query = sa.select(codes.c.id, codes.c.code).where(rows.one_of(codes.c.id, more))
        known |= {row.id: row.code for row in connection.execute(query)}
    return known


def _buildings(effects: Effects, book: RuleBook) -> Iterator[Turn]:
    some = effects.buildings
    was, now = straddling(some.straddled, some.was_pinned), straddling(some.straddles, some.is_pinned)
    for at in np.flatnonzero(was != now).tolist():
        states = ("", "G3") if now[at] else ("G3", "")
        yield from _turn(book, "building", at, states, (str(some.was[at]), str(some.now[at])))


def _grids(effects: Effects, outlook: Outlook) -> Iterator[Turn]:
    before, after = outlook.before.coverage, outlook.after.coverage
    for at, code in enumerate(effects.ground.touched):
        states = tuple(side[code].state if code in side else "" for side in (before, after))
        grids = tuple(code if code in side else "" for side in (before, after))
        yield from _turn(outlook.book, "grid", at, (states[0], states[1]), (grids[0], grids[1]))


# -- in words ----------------------------------------------------------------------------------------------------------
def _spot(outlook: Outlook, turn: Turn, called: tuple[str, str], text: Words, where: BaseGeometry | None) -> Spot:
    titles = outlook.book.codes[turn.code]
    return Spot(turn, *called, Words(titles.zh, titles.en), text, where)


def _said(outlook: Outlook, told: Mapping[str, Any], organisations: Mapping[int, str]) -> Words:
    said = wording.reason(outlook.book, told, organisations, outlook.day)
    return Words(said["zh"], said["en"])


def _names(connection: sa.Connection, table: sa.Table, ids: Iterable[int]) -> dict[int, str]:
    if not (some := sorted(set(ids))):
        return {}
    query = sa.select(table.c.id, table.c.name).where(rows.one_of(table.c.id, some))
    return {row.id: row.name or f"#{row.id}" for row in connection.execute(query)}


def _units_told(connection: sa.Connection, outlook: Outlook, turns: Sequence[Turn]) -> dict[Turn, Spot]:
    after, read = outlook.after, outlook.read
    at: Ints = np.array([one.at for one in turns], dtype=np.int64)
    reasons = [json.loads(one) for one in telling.reasons(after.units, after.coverings, after.states, at)]
    by = _names(connection, ORGANISATIONS, (one["organisation"] for one in reasons if one.get("organisation")))
    ids = read.units.id[at].tolist()
    names = _names(connection, UNITS, ids)
    found = {}
    for turn, number, reason, lonlat in zip(turns, ids, reasons, read.lonlat[at].tolist(), strict=True):
        where = shapely.Point(lonlat) if np.isfinite(lonlat).all() else None
        called = (f"unit/{number}", names[number])
        found[turn] = _spot(outlook, turn, called, _said(outlook, reason, by), where)
    return found


def _buildings_told(
    connection: sa.Connection, effects: Effects, outlook: Outlook, turns: Sequence[Turn]
) -> dict[Turn, Spot]:
    some = effects.buildings
    names = _names(connection, buildings, (int(some.id[one.at]) for one in turns))
    found = {}
    for turn in turns:
        number, share = int(some.id[turn.at]), round(float(some.share[turn.at]) * 100)
        if turn.now:
            text = _said(outlook, {"keys": ["straddles"], "share": share}, {})
        elif turn.grid_now:
            text = Words(f"一个网格占 {share}%", f"one grid holds {share} %")
        else:
            text = Words("不再属于本市", "no longer in the city")
        where = shapely.point_on_surface(some.shape[turn.at])
        found[turn] = _spot(outlook, turn, (f"building/{number}", names[number]), text, where)
    return found


def _grids_told(effects: Effects, outlook: Outlook, turns: Sequence[Turn]) -> dict[Turn, Spot]:
    ground, leaves = effects.ground, outlook.after.leaves
    documents = telling.ground_reasons(leaves.found, leaves.area_m2)
    reasons = dict(zip(leaves.code.tolist(), documents, strict=True))
    found = {}
    for turn in turns:
        code = turn.grid_now or turn.grid_was
        leaf = ground.after.get(code) or ground.before[code]
        text = _said(outlook, json.loads(reasons[code]), {}) if turn.now else _ended(turn)
        where = shapely.point_on_surface(leaf.shape)
        found[turn] = _spot(outlook, turn, (f"grid/{code}", leaf.name or code), text, where)
    return found


def _ended(turn: Turn) -> Words:
    if turn.grid_now:
        return Words("停用网格的支部和岗位转来，已齐全", "complete with the branch and posts of grids that are retired")
    if turn.was == "G1":
        return Words("已划入网格", "now in grids")
    return Words("网格停用", "the grid is retired")
