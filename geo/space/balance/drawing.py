"""Proposals as changes of a plan: ground that a grid gains from another, one transfer for each two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes, Ints
from geo.space.arrangement import united
from geo.space.balance.atoms import Atoms
from geo.space.redraw.changes import Transfer

BENT_M = 0.05
"""Metres within which what is drawn here is pulled to borders."""


@dataclass(frozen=True, eq=False)
class Move:
    """Ground that goes from one grid to another, and what stands on it; positions of grids."""

    was: int
    now: int
    ground: BaseGeometry
    load: float
    buildings: int
    area_m2: float


def moves_of(atoms: Atoms, owner: Ints) -> list[Move]:
    """What an answer moves, the most load first, then by grids."""
    went = np.flatnonzero(owner != atoms.leaf)
    if not len(went):
        return []
    pairs, label = np.unique(np.stack([atoms.leaf[went], owner[went]], axis=1), axis=0, return_inverse=True)
    label = label.reshape(-1)
    sums = [
        np.bincount(label, weights=of[went], minlength=len(pairs))
        for of in (atoms.load, atoms.buildings, atoms.area_m2)
    ]
    found = [
        Move(int(pairs[at, 0]), int(pairs[at, 1]), ground, float(sums[0][at]), round(sums[1][at]), float(sums[2][at]))
        for at, ground in united(atoms.shapes[went], label).items()
    ]
    return sorted(found, key=lambda one: (-one.load, one.was, one.now))


def transfers(moves: list[Move], codes: Codes) -> list[Transfer]:
    """Changes that make the moves, in their order.

    Where cuts end on a border noding bent the atoms by a step or two; they are pulled back onto the border as it is.
    """
    return [Transfer(one.ground, str(codes[one.now]), snap_m=BENT_M) for one in moves]
