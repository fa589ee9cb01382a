"""Three answers along the front of what moves against how even it becomes, none of them worse than another in both.

``few`` moves the least for a good part of the way, ``middle`` the least that brings as much into the band as was found
possible, ``even`` goes on from there to loads that are more alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from geo.arrays import Ints
from geo.space.balance.problems import Measures, Problem, measured
from geo.space.balance.searching import Aim, searched
from geo.space.balance.solving import Price, polished, worth

KINDS = ("few", "middle", "even")
_AIMS = (Aim(10, 0, 1), Aim(10, 0, 0.1), Aim(2, 0, 1), Aim(10, 1, 1), Aim(10, 1, 0.1), Aim(50, 5, 0.01))
_WALKS = 2
"""For each aim, from today and again from what was polished."""
_PRICE = Price(20.0)
_FEW = 0.7
"""Of what the middle proposal moves, the most that the one with few moves may."""
_HAIR = 1e-6


@dataclass(frozen=True, eq=False)
class Proposal:
    """An answer: the grid (a,) of each atom; ``kind`` is one of :data:`KINDS`.

    ``at_least`` is load that must move for as little outside the band, whatever is drawn: how far from the best an
    answer can be.
    """

    kind: str
    owner: Ints
    measures: Measures
    at_least: float


@dataclass(frozen=True, eq=False)
class Front:
    """Proposals by load that moves, ascending; none when nothing would be better. ``before`` is today."""

    before: Measures
    proposals: list[Proposal]


def proposed(problem: Problem, seed: int = 0, progress: Callable[[int, int], None] | None = None) -> Front:
    """Up to three proposals; the same problem and seed give the same ones.

    Parameters
    ----------
    progress
        Told how many of how many steps are done.
    """
    before = measured(problem, problem.home)
    if before.beyond <= _HAIR or problem.is_fixed.all():
        return Front(before, [])
    pool = _Pool(problem, before)
    steps = 2 * len(_AIMS) * _WALKS + 1
    for done, _ in enumerate(_tries(problem, pool, seed), 1):
        if progress:
            progress(done, steps)
    return Front(before, _chosen(problem, pool))


class _Pool:
    """Answers found so far, today's first."""

    def __init__(self, problem: Problem, before: Measures) -> None:
        self.problem = problem
        self.found: list[tuple[Measures, Ints]] = [(before, problem.home)]

    def add(self, *owners: Ints) -> None:
        self.found += [(measured(self.problem, owner), owner) for owner in owners]

    def cheapest(self, price: Price) -> Ints:
        """The answer that costs least, the first of equal ones."""
        return min(self.found, key=lambda one: worth(self.problem, one[1], price))[1]


def _tries(problem: Problem, pool: _Pool, seed: int) -> Iterator[None]:
    """Every way answers are sought, a step each: walks, the best of them polished, walks from there."""
    random = np.random.default_rng(seed)
    for aim in _AIMS * _WALKS:
        pool.add(*searched(problem, problem.home, aim, random))
        yield
    start = polished(problem, pool.cheapest(_PRICE), _PRICE)
    pool.add(start, *_parts_of(problem, start))
    yield
    for aim in _AIMS * _WALKS:
        pool.add(*searched(problem, start, aim, random))
        yield


def _parts_of(problem: Problem, owner: Ints) -> Iterator[Ints]:
    """Parts of an answer: what goes from one grid to another at a time, what brings most for what it moves first."""
    went = np.flatnonzero(owner != problem.home)
    key = problem.home[went] * problem.grids + owner[went]
    left = [went[key == one] for one in np.unique(key)]
    now = problem.home
    while left:
        tried = [(at, _with(now, owner, some)) for at, some in enumerate(left)]
        whole = [(at, one) for at, one in tried if problem.is_whole(one)]
        if not whole:
            return
        was = problem.beyond(problem.loads(now)).sum()
        gains = [was - problem.beyond(problem.loads(one)).sum() for _, one in whole]
        costs = [problem.cost[left[at]].sum() for at, _ in whole]
        at, now = whole[int(np.argmax(np.array(gains) / np.array(costs)))]
        del left[at]
        yield now


def _with(now: Ints, owner: Ints, some: Ints) -> Ints:
    made = now.copy()
    made[some] = owner[some]
    return made


def _better(a: Measures, b: Measures) -> bool:
    """Whether an answer is as good as another in all that counts, and better in something."""
    one = (a.moved, a.beyond, a.cv)
    other = (b.moved, b.beyond, b.cv)
    return all(x <= y + _HAIR for x, y in zip(one, other, strict=True)) and any(
        x < y - _HAIR for x, y in zip(one, other, strict=True)
    )


def _chosen(problem: Problem, pool: _Pool) -> list[Proposal]:
    """Of what was found: the least moved for the least outside, one before it, and the evenest after it."""
    today = pool.found[0][0]
    useful = [one for one in pool.found[1:] if one[0].beyond < today.beyond - _HAIR]
    front = [one for one in useful if not any(_better(other[0], one[0]) for other in useful)]
    if not front:
        return []
    best = min(one[0].beyond for one in front)
    full = [one for one in front if one[0].beyond <= best + _HAIR]
    middle = min(full, key=lambda one: (one[0].moved, one[0].cv))
    few = [one for one in front if one[0].moved <= _FEW * middle[0].moved and one[0].in_band >= today.in_band]
    even = [one for one in full if one[0].cv < middle[0].cv - _HAIR]
    made = []
    if few:
        made.append(("few", max(few, key=lambda one: _bend(one[0], today, middle[0]))))
    made.append(("middle", middle))
    if even:
        made.append(("even", min(even, key=lambda one: (one[0].cv, one[0].moved))))
    return [Proposal(kind, owner, told, _at_least(problem, told.beyond)) for kind, (told, owner) in made]


def _bend(one: Measures, today: Measures, full: Measures) -> float:
    """How far an answer gets on the way to another one, over how much of its moves it takes for it."""
    way = (today.beyond - one.beyond) / max(today.beyond - full.beyond, _HAIR)
    return way - one.moved / max(full.moved, _HAIR)


def _at_least(problem: Problem, beyond: float) -> float:
    """Load that must change its grid for so little to lie outside the band.

    A unit that moves takes one from what is over and one from what is under at most.
    """
    loads = problem.loads(problem.home)[problem.is_counted]
    low, high = problem.band
    over, under = float(np.maximum(loads - high, 0).sum()), float(np.maximum(low - loads, 0).sum())
    return max((over + under - beyond) / 2, over - beyond, under - beyond, 0.0)
