"""Answers made better by whole numbers: a few grids side by side divided anew, the best way, solved by HiGHS.

Every atom is in one grid, and each grid hangs together, which is said by steps: an atom may be in a grid only if a
neighbour nearer to the grid's core is. Nearer is counted as the division stands, first through the grid's own ground,
then outward, so the division that stands is always an answer. Grids that wind around each other anew are not found;
all that are found hang together.

References
----------
Zoltners and Sinha (1983), Sales territory alignment. Validi, Buchanan and Lykhovyd (2022), Imposing contiguity
constraints in political districting models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.space.balance.problems import Problem

MOST_CHOICES = 250
"""Pairs of an atom and another grid that are put to the solver at once: some tenths of a second."""

_REACH = (6, 4, 3, 2, 1)
_OPTIONS = {"mip_rel_gap": 0.005, "node_limit": 40}  # counts, so that a busy machine decides nothing


@dataclass(frozen=True)
class Price:
    """What a unit of load outside the band weighs against one that moves."""

    beyond: float


@dataclass(frozen=True, eq=False)
class Choices:
    """Which grid each atom may be in: pairs (c,), the one it is in now among them, by atom, then grid.

    ``depth`` counts steps to the core of the grid, those outward from its ground after all others.
    """

    atom: Ints
    grid: Ints
    depth: Ints


def polished(problem: Problem, owner: Ints, price: Price, rounds: int = 2) -> Ints:
    """An answer made cheaper where some grids side by side, divided anew, are: each grid with those around it.

    As long as one of the grids is changed, at most ``rounds`` times around; grids come in their order.
    """
    reach = _Reach.of(problem, owner)
    asked: set[bytes] = set()
    for _ in range(rounds):
        before = owner
        for grid in np.flatnonzero(problem.may):
            window = _window(problem, owner, reach, int(grid))
            state = window.tobytes() + owner[window[owner]].tobytes()
            if state in asked or window.sum() < 2:
                continue
            asked.add(state)
            found = _solved(problem, owner, reach.choices(problem, owner, window), price)
            if found is not None and worth(problem, found, price) < worth(problem, owner, price) - 1e-9:
                owner, reach = found, _Reach.of(problem, found)
        if (owner == before).all():
            break
    return owner


def worth(problem: Problem, owner: Ints, price: Price) -> float:
    """What an answer costs: load outside the band by its price, and load that moves."""
    loads = problem.loads(owner)
    moved = problem.cost[owner != problem.home].sum()
    return float(price.beyond * problem.beyond(loads).sum() + moved)


@dataclass(frozen=True, eq=False)
class _Reach:
    """Steps outward (a, g) from each grid's ground, and steps to its core; a big number where there is no way."""

    hops: Ints
    depth: Ints

    @classmethod
    def of(cls, problem: Problem, owner: Ints) -> _Reach:
        n, far = len(owner), 1 << 40
        hops = np.full((n, problem.grids), far, dtype=np.int64)
        depth = hops.copy()
        for grid in range(problem.grids):
            mine = owner == grid
            inward = _steps(problem, np.flatnonzero(mine & problem.is_fixed), mine, n)
            depth[mine, grid], hops[mine, grid] = inward[mine], 0
            if problem.may[grid]:
                allowed = (problem.parent[owner] == problem.parent[grid]) & problem.may[owner]
                outward = _steps(problem, np.flatnonzero(mine), allowed, _REACH[0])
                reached = allowed & ~mine & (outward <= _REACH[0])
                hops[reached, grid] = outward[reached]
                depth[reached, grid] = outward[reached] + n
        return cls(hops, depth)

    def near(self, problem: Problem, owner: Ints, window: Bools, reach: int) -> Bools:
        """Which atoms (a,) may be in which grids (g,) when only a window's grids are divided anew."""
        inside = window[owner] & ~problem.is_fixed
        near = (self.hops <= reach) & inside[:, None] & window[None, :]
        near[np.arange(len(owner)), owner] = True
        return near

    def choices(self, problem: Problem, owner: Ints, window: Bools) -> Choices:
        """The choices of the widest reach that the solver is asked about."""
        for reach in _REACH:
            near = self.near(problem, owner, window, reach)
            if near.sum() - len(owner) <= MOST_CHOICES:
                break
        atom, grid = np.nonzero(near)
        return Choices(atom, grid, self.depth[atom, grid])


def _window(problem: Problem, owner: Ints, reach: _Reach, grid: int) -> Bools:
    """A grid and those around it, those with the longest common border first, as many as the solver is asked about."""
    a, b = owner[problem.pairs].T
    others = np.concatenate([b[a == grid], a[b == grid]])
    others = others[(others != grid) & problem.may[others] & (problem.parent[others] == problem.parent[grid])]
    count = np.bincount(others, minlength=problem.grids)
    window = np.zeros(problem.grids, dtype=np.bool_)
    window[grid] = True
    for other in np.lexsort((np.arange(problem.grids), -count)).tolist():
        if not count[other]:
            break
        window[other] = True
        if reach.near(problem, owner, window, 2).sum() - len(owner) > MOST_CHOICES:
            window[other] = False
            break
    return window


def _steps(problem: Problem, start: Ints, allowed: Bools, most: int) -> Ints:
    """Steps (a,) from some atoms through allowed ones, at most ``most``; one more than there are atoms beyond that."""
    n = len(problem.home)
    found = np.full(n, n + 1, dtype=np.int64)
    found[start] = 0
    wave, step = start.tolist(), 0
    while wave and step < most:
        step += 1
        following: list[int] = []
        for atom in wave:
            for one in problem.near[atom]:
                if allowed[one] and found[one] > step:
                    found[one] = step
                    following.append(one)
        wave = following
    return found


def _solved(problem: Problem, owner: Ints, choices: Choices, price: Price) -> Ints | None:
    """The cheapest answer among choices; None where none was found."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import vstack

    free = np.bincount(choices.atom, minlength=len(owner)) > 1
    if not free.any():
        return None
    c, g = len(choices.atom), problem.grids
    judged = np.flatnonzero(problem.is_counted)
    unit = max(sum(problem.band) / 2, 1e-9)
    width = c + 2 * g  # choices, then load over and under the band of each grid
    rows = [_once(problem, choices, width), _steps_in(problem, choices, width), *_limits(problem, choices, width, unit)]
    aim = np.zeros(width)
    away = choices.grid != problem.home[choices.atom]
    aim[:c] = np.where(away, problem.cost[choices.atom] / unit, 0.0)
    aim[c + judged] = aim[c + g + judged] = price.beyond
    matrix = vstack([row.matrix for row in rows])
    low, high = (np.concatenate([getattr(row, side) for row in rows]) for side in ("low", "high"))
    least = np.concatenate([(~free[choices.atom]).astype(np.float64), np.zeros(2 * g)])
    most = np.concatenate([np.ones(c), np.full(2 * g, np.inf)])
    whole = np.concatenate([np.ones(c), np.zeros(2 * g)])
    limits = LinearConstraint(matrix, low, high)
    done = milp(aim, integrality=whole, bounds=Bounds(least, most), constraints=limits, options=_OPTIONS)
    if done.x is None:
        return None
    taken = np.rint(done.x[:c]) > 0
    answer = owner.copy()
    answer[choices.atom[taken]] = choices.grid[taken]
    return answer if problem.is_whole(answer) else None


@dataclass(frozen=True, eq=False)
class _Rows:
    matrix: object
    low: Floats
    high: Floats


def _once(problem: Problem, choices: Choices, width: int) -> _Rows:
    from scipy.sparse import coo_array

    n, c = len(problem.home), len(choices.atom)
    one = np.ones(n)
    return _Rows(coo_array((np.ones(c), (choices.atom, np.arange(c))), shape=(n, width)), one, one)


def _steps_in(problem: Problem, choices: Choices, width: int) -> _Rows:
    """An atom in a grid needs a neighbour there that is nearer to the core; fixed ones need none."""
    from scipy.sparse import coo_array

    free = np.bincount(choices.atom, minlength=len(problem.home)) > 1
    number = {pair: at for at, pair in enumerate(zip(choices.atom.tolist(), choices.grid.tolist(), strict=True))}
    row: list[int] = []
    column: list[int] = []
    value: list[float] = []
    count = 0
    for at, (atom, grid) in enumerate(number):
        if problem.is_fixed[atom] or not free[atom]:
            continue
        nearer = [number[one, grid] for one in problem.near[atom] if (one, grid) in number]
        nearer = [one for one in nearer if choices.depth[one] < choices.depth[at]]
        if any(problem.is_fixed[choices.atom[one]] for one in nearer):
            continue
        row += [count] * (len(nearer) + 1)
        column += [at, *nearer]
        value += [1.0] + [-1.0] * len(nearer)
        count += 1
    matrix = coo_array((value, (row, column)), shape=(count, width))
    return _Rows(matrix, np.full(count, -np.inf), np.zeros(count))


def _limits(problem: Problem, choices: Choices, width: int, unit: float) -> list[_Rows]:
    """Loads under the band's top and over its bottom, but for what lies outside."""
    from scipy.sparse import coo_array

    c, g = len(choices.atom), problem.grids
    load = problem.load[choices.atom] / unit
    low, high = (side / unit for side in problem.band)
    grids = np.arange(g)
    made = []
    for sign, slack, limit in ((1.0, 0, high), (-1.0, 1, -low)):
        values = np.concatenate([sign * load, np.full(g, -1.0)])
        rows = np.concatenate([choices.grid, grids])
        columns = np.concatenate([np.arange(c), c + slack * g + grids])
        matrix = coo_array((values, (rows, columns)), shape=(g, width))
        made.append(_Rows(matrix, np.full(g, -np.inf), np.full(g, limit)))
    return made
