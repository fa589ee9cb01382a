"""Answers by trying: one atom at a time to a neighbouring grid, the best first, none that was tried of late.

Whether an atom may go is told by articulation: what stays behind of its grid must hang together as it did.

References
----------
Glover (1989), Tabu search I. Tarjan (1972), Depth-first search and linear graph algorithms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Floats, Ints
from geo.space.balance.problems import Problem

_TENURE = (6, 14)
_PATIENCE = 60


@dataclass(frozen=True)
class Aim:
    """What a search makes small: load outside the band squared, unevenness, and load that moves, each by its weight.

    Squared, so that load runs on from grid to grid; ``moved`` weighs in units of the middle of the band.
    """

    beyond: float
    uneven: float
    moved: float


def searched(problem: Problem, start: Ints, aim: Aim, random: np.random.Generator, steps: int = 400) -> list[Ints]:
    """Answers met on a walk from ``start``, each better than all before it; none where nothing is better than that.

    ``start`` must keep what has to stay.
    """
    walk = _Walk(problem, start, aim)
    trail: list[Ints] = []
    best_score, idle = walk.score(), 0
    for step in range(steps):
        move = walk.best_move(step, random, best_score)
        if move is None:
            break
        walk.go(*move, step + int(random.integers(*_TENURE)))
        score, idle = walk.score(), idle + 1
        if score < best_score - 1e-12:
            best_score, idle = score, 0
            trail.append(walk.owner.copy())
        if idle > _PATIENCE:
            break
    return trail


class _Walk:
    def __init__(self, problem: Problem, start: Ints, aim: Aim) -> None:
        self.problem, self.aim = problem, aim
        self.owner = start.copy()
        self.loads = problem.loads(start)
        self.until = np.full(len(start), -1, dtype=np.int64)
        self.middle = max(sum(problem.band) / 2, 1e-9)
        judged = self.loads[problem.is_counted]
        self.mean = float(judged.mean()) if len(judged) else 0.0
        self.moved = float(problem.cost[start != problem.home].sum())
        ends = np.concatenate([problem.pairs, problem.pairs[:, ::-1]])
        self.ends = ends[~problem.is_fixed[ends[:, 0]]]
        self.loose: dict[int, np.ndarray] = {}

    def score(self) -> float:
        return float(self._worth(self.loads).sum()) + self.aim.moved * self.moved / self.middle

    def _worth(self, loads: Floats) -> Floats:
        low, high = self.problem.band
        beyond = np.maximum(np.maximum(loads - high, low - loads), 0.0) / self.middle
        uneven = (loads - self.mean) / self.middle
        return self.aim.beyond * (beyond + beyond**2) + self.aim.uneven * uneven**2

    def best_move(self, step: int, random: np.random.Generator, best_score: float) -> tuple[int, int] | None:
        """The atom and the grid that leave the best score; ties by the lowest atom."""
        atom, to = self._moves()
        if not len(atom):
            return None
        score = self.score() + self._gain(atom, to)
        barred = (self.until[atom] >= step) & (score >= best_score - 1e-12)
        score = np.where(barred, np.inf, score) + 1e-9 * random.random(len(score))
        for at in np.argsort(score, kind="stable").tolist():
            if not np.isfinite(score[at]):
                return None
            if self._may_leave(int(atom[at])):
                return int(atom[at]), int(to[at])
        return None

    def _moves(self) -> tuple[Ints, Ints]:
        problem, (a, b) = self.problem, self.ends.T
        to, from_ = self.owner[b], self.owner[a]
        good = (to != from_) & problem.may[to] & (problem.parent[to] == problem.parent[from_])
        key = np.unique(a[good] * problem.grids + to[good])
        return key // problem.grids, key % problem.grids

    def _gain(self, atom: Ints, to: Ints) -> Floats:
        problem, from_ = self.problem, self.owner[atom]
        load = problem.load[atom]
        now = self._worth(self.loads)
        after = self._worth(self.loads[from_] - load) - now[from_] + self._worth(self.loads[to] + load) - now[to]
        home = problem.home[atom]
        away = (to != home).astype(np.float64) - (from_ != home)
        found: Floats = after + self.aim.moved * away * problem.cost[atom] / self.middle
        return found

    def _may_leave(self, atom: int) -> bool:
        """Whether its grid hangs together without it: all its neighbours there reach each other."""
        owner, near = self.owner, self.problem.near
        grid = owner[atom]
        around = [one for one in near[atom] if owner[one] == grid]
        if len(around) < 2:
            return bool(around)
        wanted, seen, open_ = set(around[1:]), {atom, around[0]}, [around[0]]
        while open_ and wanted:
            for one in near[open_.pop()]:
                if one not in seen and owner[one] == grid:
                    seen.add(one)
                    wanted.discard(one)
                    open_.append(one)
        return not wanted

    def go(self, atom: int, to: int, until: int) -> None:
        """Give an atom to a grid, not to be moved again before a step."""
        problem, from_ = self.problem, int(self.owner[atom])
        self.loads[from_] -= problem.load[atom]
        self.loads[to] += problem.load[atom]
        home = int(problem.home[atom])
        self.moved += problem.cost[atom] * (int(to != home) - int(from_ != home))
        self.owner[atom], self.until[atom] = to, until
