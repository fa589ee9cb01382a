"""Dated figures of grids: which row counts today, and how figures follow when a border moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo.areas import Edition
from geo.arrays import Floats
from geo.entities import ENTITIES
from geo.tables import buildings, codes, crosswalks, grids, in_edition

COUNTS = ("households", "residents", "firms", "workers")
_WEIGHED = {"households": "households", "residents": "households", "firms": "firms", "workers": "workers"}
SOURCE = "gridatlas"
"""Of figures that were divided, not handed in."""
_TABLE = ENTITIES["grid_figures"].table


@dataclass(frozen=True)
class Figures:
    """What is known of a grid: numbers by :data:`COUNTS`, None where unknown, and the day they are of."""

    place_id: int
    as_of: date
    counts: dict[str, int | None]


def newest(
    connection: sa.Connection, before: int | None = None, of: Collection[int] | None = None
) -> dict[int, Figures]:
    """The newest row of each grid by its code id: the latest day, then the latest edition.

    Parameters
    ----------
    before
        Only rows entered before this edition; None = all.
    of
        Only grids with these ids; None = all.
    """
    told = [_TABLE.c[name] for name in COUNTS]
    query = sa.select(_TABLE.c.place_id, _TABLE.c.as_of, *told).ext(pg.distinct_on(_TABLE.c.place_id))
    query = query.order_by(_TABLE.c.place_id, _TABLE.c.as_of.desc(), _TABLE.c.edition.desc(), _TABLE.c.id.desc())
    if before is not None:
        query = query.where(_TABLE.c.edition < before)
    if of is not None:
        query = query.where(_TABLE.c.place_id.in_(list(of)))
    rows = connection.execute(query).mappings()
    return {row["place_id"]: Figures(row["place_id"], row["as_of"], {n: row[n] for n in COUNTS}) for row in rows}


def in_force(connection: sa.Connection, edition: Edition) -> dict[int, Figures]:
    """The newest figures of each leaf of ``edition`` that has any."""
    leaves = set(connection.scalars(sa.select(grids.c.id).where(in_edition(grids, edition.number))))
    return {number: one for number, one in newest(connection).items() if number in leaves}


# -- when borders move -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Part:
    """Ground of the old leaf that lies in the new one, and what its buildings hold."""

    old: int
    new: int
    area_share: float
    held: dict[str, float]


def follow(connection: sa.Connection, edition: Edition, moved: Sequence[Part]) -> int:
    """Number of leaves of ``edition`` whose figures were worked out anew from those of the leaves they were made of.

    A figure is divided by what the buildings in each part hold (households, firms or workers), else by area; whole
    numbers by largest remainder, ties to the lower id, so that totals stay. Old rows stay: they tell of the old ground.
    ``moved`` are the :func:`parts` of the edition.
    """
    if not moved:
        return 0
    made = divided(moved, newest(connection, before=edition.number, of={part.old for part in moved}))
    if not made:
        return 0
    query = sa.select(codes.c.id, codes.c.code).where(codes.c.id.in_(list(made)))
    names = {row.id: row.code for row in connection.execute(query)}
    for new, found in made.items():
        told = {"place_id": new, "as_of": found.as_of, **found.counts}
        key = {"source": SOURCE, "reference": f"edition {edition.number} · {names[new]}"}
        digest = blake2b(repr(told).encode(), digest_size=16).digest()
        connection.execute(sa.insert(_TABLE).values(**told, **key, edition=edition.number, digest=digest))
    return len(made)


def divided(moved: Iterable[Part], known: dict[int, Figures]) -> dict[int, Figures]:
    """Figures of the new leaves, made of those of the old ones; a day is the oldest of what a leaf was made of.

    It is never before that of the leaf's own row, which tells of the old ground and would else count still. Only of
    leaves that are no longer what they were, and of which some part is known.
    """
    days: dict[int, date] = {}
    sums: dict[int, dict[str, int | None]] = {}
    for (old, new), counts in shared(moved, known).items():
        held = sums.setdefault(new, dict.fromkeys(COUNTS))
        for name, share in counts.items():
            if share is not None:
                held[name] = (held[name] or 0) + share
        days[new] = min(days.get(new, known[old].as_of), known[old].as_of)
    for new in days.keys() & known.keys():
        days[new] = max(days[new], known[new].as_of)
    return {new: Figures(new, days[new], counts) for new, counts in sorted(sums.items())}


def shared(moved: Iterable[Part], known: dict[int, Figures]) -> dict[tuple[int, int], dict[str, int | None]]:
    """What each new leaf takes of the figures of each old one that is known, by the ids of both."""
    of_old: dict[int, list[Part]] = defaultdict(list)
    for part in moved:
        of_old[part.old].append(part)
    found: dict[tuple[int, int], dict[str, int | None]] = {}
    for old, pieces in sorted(of_old.items()):
        if old not in known:
            continue
        for name in COUNTS:
            shares = split(known[old].counts[name], _weights(pieces, _WEIGHED[name]))
            for piece, share in zip(pieces, shares, strict=True):
                found.setdefault((old, piece.new), {})[name] = share
    return found


def _weights(pieces: list[Part], name: str) -> Floats:
    held = np.array([piece.held.get(name, 0.0) for piece in pieces], dtype=np.float64)
    return held if held.sum() > 0 else np.array([piece.area_share for piece in pieces], dtype=np.float64)


def split(number: int | None, weights: Floats) -> list[int | None]:
    """``number`` divided into whole parts (n,) in proportion to ``weights``, the sum kept; ties to the first."""
    if number is None:
        return [None] * len(weights)
    exact = number * weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), number / len(weights))
    whole = np.floor(exact + 1e-9).astype(np.int64)
    rest = int(number - whole.sum())
    for at in np.argsort(-(exact - whole), kind="stable")[:rest].tolist():
        whole[at] += 1
    return [int(one) for one in whole]


def parts(connection: sa.Connection, edition: Edition) -> list[Part]:
    """Parts of every leaf whose ground moved with ``edition``, with what stands in them."""
    crossed = sa.select(crosswalks.c.old_id, crosswalks.c.new_id, crosswalks.c.area_share)
    found = connection.execute(crossed.where(crosswalks.c.edition == edition.number).order_by(sa.text("1, 2"))).all()
    held = _held(connection, edition, {row.old_id for row in found}) if found else {}
    return [Part(row.old_id, row.new_id, row.area_share, held.get((row.old_id, row.new_id), {})) for row in found]


def _held(connection: sa.Connection, edition: Edition, old: Collection[int]) -> dict[tuple[int, int], dict[str, float]]:
    """What buildings hold by the leaf they stood in before ``edition`` and the one they belong to now."""
    was = grids.alias("was")
    totals = [sa.func.coalesce(sa.func.sum(buildings.c[name]), 0).label(name) for name in set(_WEIGHED.values())]
    inside = sa.and_(
        was.c.id.in_(list(old)),
        was.c.last_edition == edition.number,
        was.c.geom.op("&&")(buildings.c.geom),
        gis.ST_Covers(was.c.geom, gis.ST_PointOnSurface(buildings.c.geom)),
    )
    query = sa.select(was.c.id, buildings.c.grid_id, *totals).join(buildings, inside)
    rows = connection.execute(query.group_by(was.c.id, buildings.c.grid_id)).mappings()
    return {(row["id"], row["grid_id"]): {name: float(row[name]) for name in set(_WEIGHED.values())} for row in rows}


def largest(moved: Iterable[Part]) -> dict[int, int]:
    """For each old leaf the new one that holds most of it: by households, else area; ties to the lowest id."""
    of_old: dict[int, list[Part]] = defaultdict(list)
    for part in moved:
        of_old[part.old].append(part)
    chosen = {}
    for old, pieces in of_old.items():
        weights = _weights(pieces, "households")
        chosen[old] = min(pieces[at].new for at in np.flatnonzero(weights == weights.max()).tolist())
    return chosen


def successors(connection: sa.Connection, edition: Edition, moved: Sequence[Part]) -> dict[int, int]:
    """For each leaf that ``edition`` retired the one that holds most of its ground, of the :func:`parts` that moved."""
    if not moved:
        return {}
    old = grids.c.id.in_({part.old for part in moved})
    there = set(connection.scalars(sa.select(grids.c.id).where(old, in_edition(grids, edition.number))))
    return {was: now for was, now in largest(moved).items() if was not in there}
