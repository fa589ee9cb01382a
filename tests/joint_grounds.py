"""Units that may join kept in memory as the store keeps them: who is asked for is given, and nobody else."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from geo.arrays import Bools, Ints
from geo.coverage.joint import JointRules, Settled
from geo.coverage.joint.candidates import Candidates, candidates
from geo.coverage.joint.parts import tile_numbers
from geo.coverage.joint.renewing import Renewed, Wanted
from geo.coverage.joint.settling import unsettled
from geo.coverage.units import Units


class KeptInMemory:
    """A city settled, which counts the rows it gives away."""

    def __init__(self, every: Settled, rules: JointRules) -> None:
        self.every, self.given = every, 0
        self.tile = tile_numbers(every.home_m, rules)

    def rows(self, wanted: Wanted) -> Settled:
        chosen = np.zeros(len(self.every), dtype=np.bool_)
        columns = {
            "ids": self.every.id,
            "wholes": self.every.whole,
            "buildings": self.every.building,
            "parks": self.every.park,
            "tiles": self.tile,
        }
        for name, column in columns.items():
            chosen |= np.isin(column, sorted(getattr(wanted, name)))
        chosen |= (self.every.whole == 0) & np.isin(self.tile, sorted(wanted.larger))
        self.given = max(self.given, int(chosen.sum()))
        return self.every.taken(chosen)

    def counts(self, tiles: frozenset[int]) -> dict[int, int]:
        there = self.tile[(self.every.whole == 0) & np.isin(self.tile, sorted(tiles))]
        return dict(zip(*(one.tolist() for one in np.unique(there, return_counts=True)), strict=True))


def as_found(units: Units, chosen: Ints | Bools, rules: JointRules) -> tuple[Candidates, Settled]:
    """The chosen units, and the same not settled yet."""
    given = candidates(units, chosen, rules)
    return given, unsettled(given, units.industry[given.position])


def laid_over(every: Settled, renewed: Renewed | None) -> Settled:
    """All units with what was written of some."""
    if renewed is None:
        return every
    written = np.isin(renewed.after.id, renewed.written)
    return every.taken(~np.isin(every.id, renewed.written)).joined(renewed.after.taken(written))


def unequal(one: Settled, other: Settled) -> list[str]:
    """Names of what is not the same in both."""
    both = [(field.name, getattr(one, field.name), getattr(other, field.name)) for field in fields(Settled)]
    return [name for name, a, b in both if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")]
