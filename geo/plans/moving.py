"""The matrix of moves: which ground goes from whom to whom, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools
from geo.crs import area_m2
from geo.plans.declared import Shares
from geo.plans.effects import Effects, Placed
from geo.plans.grounds import Ground, Leaf
from geo.space.arrangement import NEAR, thickness
from geo.space.division import Crossing, polygonal
from geo.space.partition import whole_of

Pair = tuple[str, str]
NOWHERE = ""
"""Stands for a code where ground or what stands on it is outside the city."""


@dataclass(frozen=True)
class Carried:
    """What ground holds; None where nothing is known of it.

    ``households``, ``firms`` and ``workers`` are what buildings are known to hold, ``residents`` comes of the declared
    figures of grids.
    """

    area_m2: float
    households: int | None
    residents: int | None
    firms: int | None
    workers: int | None
    buildings: int
    open_incidents: int
    incidents_12m: int
    units: int


@dataclass(frozen=True)
class Move:
    """What goes from one grid to another; ``ground`` is empty where only a building that lay in both does."""

    was: str
    now: str
    was_name: str
    now_name: str
    carried: Carried
    ground: MultiPolygon


def moves(effects: Effects, crossings: Sequence[Crossing], residents: Shares) -> list[Move]:
    """Every move, by old code, then new code.

    Parameters
    ----------
    crossings
        Where the ground of each grid that left some lies.
    residents
        Residents that go from one grid to another, as declared figures are divided.
    """
    ground = effects.ground
    pieces = _pieces(ground, crossings)
    pairs = {pair for pair in pieces if pair[0] != pair[1]}
    for noun in (effects.buildings, effects.incidents, effects.units):
        pairs |= set(zip(noun.was[noun.moves].tolist(), noun.now[noun.moves].tolist(), strict=True))
    names = {code: leaf.name for leaves in (ground.near, ground.after) for code, leaf in leaves.items()}
    was_names = names | {code: leaf.name for code, leaf in ground.before.items()}
    return [
        Move(
            was=was,
            now=now,
            was_name=was_names.get(was, ""),
            now_name=names.get(now, ""),
            carried=_carried(effects, (was, now), pieces.get((was, now), MultiPolygon()), residents),
            ground=pieces.get((was, now), MultiPolygon()),
        )
        for was, now in sorted(pairs)
    ]


def totals(every: Sequence[Move]) -> Carried:
    """The sums of some moves; a figure unknown of all of them is None."""
    parts = [one.carried for one in every]
    return Carried(
        area_m2=sum(part.area_m2 for part in parts),
        buildings=sum(part.buildings for part in parts),
        open_incidents=sum(part.open_incidents for part in parts),
        incidents_12m=sum(part.incidents_12m for part in parts),
        units=sum(part.units for part in parts),
        households=_summed([part.households for part in parts]),
        residents=_summed([part.residents for part in parts]),
        firms=_summed([part.firms for part in parts]),
        workers=_summed([part.workers for part in parts]),
    )


def _carried(effects: Effects, pair: Pair, piece: BaseGeometry, residents: Shares) -> Carried:
    buildings, incidents = effects.buildings, effects.incidents
    among = _of(buildings, pair)
    happened = _of(incidents, pair)
    return Carried(
        area_m2=float(area_m2(np.array([piece], dtype=object))[0]),
        households=effects.known("households", among),
        residents=residents.get(pair),
        firms=effects.known("firms", among),
        workers=effects.known("workers", among),
        buildings=int(among.sum()),
        open_incidents=int((happened & incidents.is_open).sum()),
        incidents_12m=int((happened & incidents.is_recent).sum()),
        units=int(_of(effects.units, pair).sum()),
    )


def _of(noun: Placed, pair: Pair) -> Bools:
    return np.asarray((noun.was == pair[0]) & (noun.now == pair[1]), dtype=np.bool_)


def _pieces(ground: Ground, crossings: Sequence[Crossing]) -> dict[Pair, MultiPolygon]:
    """The ground of each crossing to another grid, and what joins or leaves the city."""
    pairs = [(one.old, one.new) for one in crossings if one.old != one.new]
    new = {code: leaf.shape for leaves in (ground.near, ground.after) for code, leaf in leaves.items()}
    old = np.array([ground.before[was].shape for was, _ in pairs], dtype=object)
    common = polygonal(shapely.intersection(old, np.array([new[now] for _, now in pairs], dtype=object)))
    found = dict(zip(pairs, common.tolist(), strict=True))
    if ground.outline_moved:
        kept = [leaf.shape for code, leaf in ground.near.items() if code not in ground.after]
        after = whole_of(np.array([leaf.shape for leaf in ground.near.values()], dtype=object))
        before = whole_of(np.array([*kept, *(leaf.shape for leaf in ground.before.values())], dtype=object))
        found |= {(code, NOWHERE): piece for code, piece in _beyond(ground.before, after)}
        found |= {(NOWHERE, code): piece for code, piece in _beyond(ground.after, before)}
    return found


def _beyond(leaves: Mapping[str, Leaf], others: BaseGeometry) -> Iterator[tuple[str, MultiPolygon]]:
    """The ground of each leaf that is none of the others', by its code; what noding bends is none."""
    for code, leaf in leaves.items():
        parts = shapely.get_parts(shapely.difference(leaf.shape, others))
        parts = parts[shapely.get_type_id(parts) == 3]
        wide = parts[thickness(parts) > NEAR]
        if len(wide):
            yield code, MultiPolygon([*wide])


def _summed(figures: Sequence[int | None]) -> int | None:
    known = [one for one in figures if one is not None]
    return sum(known) if known or not figures else None
