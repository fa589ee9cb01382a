"""What is declared of grids and not counted on the ground: dated figures and posts, before and after.

They follow as a publish has them follow: figures are divided by what buildings hold, else by area; posts of a grid that
is retired go to the grid that holds most of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from geo import rows
from geo.entities import ENTITIES, figures
from geo.entities.figures import Figures, Part
from geo.plans.effects import COUNTS, Effects, Rows
from geo.space.division import Crossing

Shares = Mapping[tuple[str, str], int | None]
"""Residents that go from one grid to another, by the codes of both."""

_NEW = 1 << 40  # above every id: new codes are entered last, in ascending order
_SLOTS = ENTITIES["staff_slots"].table


@dataclass(frozen=True)
class Posts:
    """Posts of a grid and how many are filled; None where none is on record."""

    slots: int | None = None
    filled: int | None = None


@dataclass(frozen=True)
class Declared:
    """What is declared of the touched grids, by code; a grid nothing is declared of is in none.

    ``heirs`` are, for each grid that is retired, the one to which its posts, organisations and records go.
    """

    figures_before: Mapping[str, Figures]
    figures_after: Mapping[str, Figures]
    posts_before: Mapping[str, Posts]
    posts_after: Mapping[str, Posts]
    residents: Shares
    heirs: Mapping[str, str]


def declared(connection: sa.Connection, effects: Effects, crossings: Sequence[Crossing]) -> Declared:
    """What is declared of the grids a plan touches; ``crossings`` are where the ground of each that left some lies."""
    ground = effects.ground
    ids = ground.ids | _provisional(effects)
    code = {number: name for name, number in ids.items()}
    parts = _parts(effects, crossings, ids)
    known = figures.newest(connection, of=ground.ids.values())
    divided = figures.divided(parts, known)
    before = {code[number]: told for number, told in known.items()}
    after = {name: told for name, told in before.items() if name in ground.after}
    after |= {code[number]: told for number, told in divided.items() if number in code}
    heirs = {old: new for old, new in figures.largest(parts).items() if code[old] not in ground.after}
    posts = _posts(connection, sorted(ground.ids.values()))
    return Declared(
        figures_before=before,
        figures_after=after,
        posts_before=_summed(posts, code, {}),
        posts_after=_summed(posts, code, heirs),
        residents={
            (code[old], code[new]): shares["residents"]
            for (old, new), shares in figures.shared(parts, known).items()
            if new in code
        },
        heirs={code[old]: code[new] for old, new in heirs.items()},
    )


def _provisional(effects: Effects) -> dict[str, int]:
    """Numbers for codes that have no id among the touched ones, in the order in which they will have."""
    others = {*effects.ground.after, *effects.ground.near} - set(effects.ground.ids)
    return {code: _NEW + at for at, code in enumerate(sorted(others))}


def _parts(effects: Effects, crossings: Sequence[Crossing], ids: Mapping[str, int]) -> list[Part]:
    """The parts of every grid that left ground, with what its buildings are known to hold."""
    buildings = effects.buildings
    held: dict[tuple[str, str], dict[str, float]] = {}
    was = _stood_in(effects)
    for pair in {(one.old, one.new) for one in crossings}:
        among = (was == pair[0]) & (buildings.now == pair[1])
        held[pair] = {name: float(np.nansum(getattr(buildings, name)[among])) for name in COUNTS}
    parts = [Part(ids[one.old], ids[one.new], one.area_share, held[one.old, one.new]) for one in crossings]
    return sorted(parts, key=lambda part: (part.old, part.new))


def _stood_in(effects: Effects) -> np.ndarray:
    """Code (n,) of the old leaf in which the middle of each building lies; "" for none."""
    shapes, index = effects.buildings.shape, effects.index_before
    if not len(shapes):
        return np.zeros(0, dtype=np.str_)
    return index.called(index.index.locate(shapely.get_coordinates(shapely.point_on_surface(shapes))))


def _posts(connection: sa.Connection, ids: Sequence[int]) -> Rows:
    told = (_SLOTS.c[name] for name in ("id", "place_id", "line", "time", "slots", "filled", "as_of", "edition"))
    return connection.execute(sa.select(*told).where(rows.one_of(_SLOTS.c.place_id, ids))).all()


def _summed(posts: Rows, code: Mapping[int, str], heirs: Mapping[int, int]) -> dict[str, Posts]:
    """Posts by grid: the newest row of each line and time; an heir's are told again as they come to it."""
    newest: dict[tuple[int, str, str], tuple[tuple[object, ...], sa.Row[*tuple[Any, ...]]]] = {}
    for row in posts:
        place = heirs.get(row.place_id, row.place_id)
        rank = (row.as_of or date.min, place != row.place_id, row.edition, row.id)
        key = (place, row.line, row.time)
        if key not in newest or rank > newest[key][0]:
            newest[key] = rank, row
    found: dict[str, Posts] = {}
    for (place, _, _), (_, row) in newest.items():
        if place in code:
            so_far = found.get(code[place], Posts(0, 0))
            found[code[place]] = Posts((so_far.slots or 0) + (row.slots or 0), (so_far.filled or 0) + (row.filled or 0))
    return found
