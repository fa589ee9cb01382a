"""What is to be balanced: loads on atoms, who meets whom, what must stay, and how an answer is measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.space.arrangement import joined

AREA_WEIGHS = 1e-3
"""Share of a mean atom's load that the ground of a mean atom weighs: so that nothing moves for nothing."""


def summed(label: Ints, what: Floats, n: int) -> Floats:
    """Sums (n,) of figures by label."""
    return np.asarray(np.bincount(label, weights=what, minlength=n), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Problem:
    """Atoms (a,) in grids (g,), and the band their loads shall lie in.

    Attributes
    ----------
    load, area_m2, home, is_bound
        Of each atom: its load, its ground, the position of its grid today, whether it must stay.
    pairs
        Neighbours (e, 2) among atoms.
    parent
        Of each grid, the number of the area above it; ground stays under its area.
    is_open
        Grids which may give and take ground.
    is_counted
        Grids whose load is judged by the band; open ones that are not may take nothing and give nothing either.
    band
        Least and most load of a grid.
    """

    load: Floats
    area_m2: Floats
    home: Ints
    is_bound: Bools
    pairs: Ints
    parent: Ints
    is_open: Bools
    is_counted: Bools
    band: tuple[float, float]

    @property
    def grids(self) -> int:
        """How many grids there are."""
        return len(self.parent)

    @property
    def may(self) -> Bools:
        """Grids (g,) which may give and take ground."""
        found: Bools = self.is_open & self.is_counted
        return found

    @cached_property
    def cost(self) -> Floats:
        """What moving each atom costs: its load, and a little for its ground."""
        mean = self.area_m2.mean() if len(self.area_m2) else 1.0
        found: Floats = self.load + AREA_WEIGHS * max(self.load.mean(), 1.0) * self.area_m2 / mean
        return found

    @cached_property
    def near(self) -> list[list[int]]:
        """The neighbours of each atom, ascending."""
        found: list[list[int]] = [[] for _ in self.load]
        for a, b in self.pairs.tolist():
            found[a].append(b)
            found[b].append(a)
        return [sorted(some) for some in found]

    @cached_property
    def part(self) -> Ints:
        """The connected part of its grid each atom lies in today: the lowest atom of it."""
        same = self.home[self.pairs[:, 0]] == self.home[self.pairs[:, 1]]
        return joined(len(self.load), self.pairs[same, 0], self.pairs[same, 1])

    @cached_property
    def is_fixed(self) -> Bools:
        """Atoms that stay: bound ones, those of closed grids, and in every part of a grid its heaviest, its core."""
        fixed = self.is_bound | ~self.may[self.home]
        order = np.lexsort((np.arange(len(self.load)), -self.area_m2, -self.load, self.part))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = self.part[order][1:] != self.part[order][:-1]
        fixed[order[first]] = True
        return fixed

    def loads(self, owner: Ints) -> Floats:
        """Load of each grid."""
        return summed(owner, self.load, self.grids)

    def beyond(self, loads: Floats) -> Floats:
        """By how much each grid's load lies outside the band; 0 for those that are not judged."""
        low, high = self.band
        found: Floats = np.where(self.is_counted, np.maximum(np.maximum(loads - high, low - loads), 0.0), 0.0)
        return found

    def is_whole(self, owner: Ints) -> bool:
        """Whether no grid lies in more parts than today, and what must stay has stayed."""
        same = owner[self.pairs[:, 0]] == owner[self.pairs[:, 1]]
        part = joined(len(owner), self.pairs[same, 0], self.pairs[same, 1])
        now = [len(np.unique(part[owner == grid])) for grid in range(self.grids)]
        was = [len(np.unique(self.part[self.home == grid])) for grid in range(self.grids)]
        stayed = bool((owner == self.home)[self.is_fixed].all())
        return stayed and all(a <= b for a, b in zip(now, was, strict=True))


@dataclass(frozen=True)
class Measures:
    """How even a division is; of judged grids only.

    ``beyond`` is the load outside the band, ``cv`` the standard deviation over the mean (0 where there is no load),
    ``moved`` the load that changes its grid and ``moved_m2`` the ground.
    """

    moved: float
    moved_m2: float
    moved_atoms: int
    beyond: float
    in_band: int
    grids: int
    mean: float
    cv: float
    least: float
    most: float


def measured(problem: Problem, owner: Ints) -> Measures:
    """The measures of an answer."""
    loads = problem.loads(owner)
    judged, went = loads[problem.is_counted], owner != problem.home
    beyond = problem.beyond(loads)
    mean = float(judged.mean()) if len(judged) else 0.0
    return Measures(
        moved=float(problem.load[went].sum()),
        moved_m2=float(problem.area_m2[went].sum()),
        moved_atoms=int(went.sum()),
        beyond=float(beyond.sum()),
        in_band=int((problem.is_counted & (beyond <= 0)).sum()),
        grids=len(judged),
        mean=mean,
        cv=float(judged.std() / mean) if mean > 0 else 0.0,
        least=float(judged.min(initial=np.inf)) if len(judged) else 0.0,
        most=float(judged.max(initial=0.0)),
    )
