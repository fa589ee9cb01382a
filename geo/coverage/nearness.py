"""Which units could share a joint branch: in one building, in one park, or each within reach of every other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints
from geo.coverage.rulebooks import Thresholds
from geo.coverage.units import Units

_CHUNK = 2_000
_SLACK = 1 + 1e-6  # the tree looks a little further than the exact test decides


@dataclass(frozen=True, eq=False)
class Pool:
    """Units (p,) that may join a group, in any order: each has 1 to ``must_form_members`` - 1 full members."""

    members: Floats
    building: Ints
    park: Ints
    xy_m: Floats

    @classmethod
    def of(cls, units: Units, rows: Ints | Bools) -> Pool:
        """The units at ``rows``."""
        return cls(units.members[rows], units.building[rows], units.park[rows], units.xy_m[rows])

    def joined(self, other: Pool) -> Pool:
        """These, then others."""
        return Pool(**{name: np.concatenate([some, vars(other)[name]]) for name, some in vars(self).items()})

    def __len__(self) -> int:
        return len(self.members)


@dataclass(frozen=True, eq=False)
class Ways:
    """In which ways (k,) a joint group exists for each unit asked about; by reach only where not by the others."""

    building: Bools
    park: Bools
    reach: Bools


def ways(pool: Pool, asked: Ints, limits: Thresholds) -> Ways:
    """Whether a joint group exists around units.

    A joint group is at least two units of the pool that share one building, or share one park, or each lie within
    ``reach_m`` of every other; at most ``joint_max_units``, together at least ``joint_min_members`` full members.

    Parameters
    ----------
    pool
        All that may join near those asked about; a unit without a place, building or park is in no group by it.
    asked
        (k,) positions in it.
    limits
        The rule book's thresholds.
    """
    building = _enough_together(pool.building, pool.members, limits)[asked]
    park = _enough_together(pool.park, pool.members, limits)[asked]
    reach = np.zeros(len(asked), dtype=np.bool_)
    rest = ~(building | park)
    if rest.any():
        reach[rest] = _within_reach(pool.xy_m, pool.members, asked[rest], limits)
    return Ways(building, park, reach)


def within(first_m: Floats, second_m: Floats, reach_m: float) -> Bools:
    """Whether points (…, 2) in metres lie at most ``reach_m`` apart; no by NaN."""
    away = first_m - second_m
    return np.asarray(np.hypot(away[..., 0], away[..., 1]) <= reach_m)


def near_any(units: Units, positions: Ints, limits: Thresholds) -> Bools:
    """Units (n,) that are at ``positions``, or share a building or park with one there, or lie within reach of one."""
    found = np.zeros(len(units.id), dtype=np.bool_)
    found[positions] = True
    for key in (units.building, units.park):
        found |= np.isin(key, key[positions]) & (key != 0)
    placed = np.flatnonzero(np.isfinite(units.xy_m).all(axis=1))
    changed = np.intersect1d(positions, placed)
    if len(changed):
        tree = shapely.STRtree(np.asarray(shapely.points(units.xy_m[changed])))
        points = shapely.points(units.xy_m[placed])
        hits = tree.query_nearest(points, max_distance=limits.reach_m * _SLACK, all_matches=False)
        found[placed[hits[0]]] = True
    return found


def _enough_together(key: Ints, members: Floats, limits: Thresholds) -> Bools:
    """Whether each row (p,) with the fullest others of its key makes a group; key 0 makes none."""
    order = np.lexsort((-members, key))
    ranked = key[order]
    starts = np.searchsorted(ranked, ranked, side="left")
    ends = np.searchsorted(ranked, ranked, side="right")
    total = np.concatenate([[0.0], np.cumsum(members[order])])

    def fullest(number: int) -> Floats:
        return np.asarray(total[np.minimum(starts + number, ends)] - total[starts])

    rank = np.arange(len(key)) - starts
    most = limits.joint_max_units
    together = np.where(rank < most, fullest(most), members[order] + fullest(most - 1))
    enough = np.empty(len(key), dtype=np.bool_)
    enough[order] = (together >= limits.joint_min_members) & (ranked != 0)
    return enough


def _within_reach(xy_m: Floats, members: Floats, asked: Ints, limits: Thresholds) -> Bools:
    """Whether each row asked (k,) makes a group with rows that lie within reach of it and of each other."""
    enough = _enough_together(_cells(xy_m, limits.reach_m), members, limits)[asked]
    rest = np.flatnonzero(~enough & np.isfinite(xy_m[asked]).all(axis=1))
    placed = np.flatnonzero(np.isfinite(xy_m).all(axis=1))
    tree = shapely.STRtree(np.asarray(shapely.points(xy_m[placed])))
    for first in range(0, len(rest), _CHUNK):
        some = rest[first : first + _CHUNK]
        points = shapely.points(xy_m[asked[some]])
        one, other = tree.query(points, predicate="dwithin", distance=limits.reach_m * _SLACK)
        one, other = asked[some][one], placed[other]
        kept = within(xy_m[one], xy_m[other], limits.reach_m) & (one != other)
        enough[some] = _groups(xy_m, members, asked[some], (one[kept], other[kept]), limits)
    return enough


def _cells(xy_m: Floats, reach_m: float) -> Ints:
    """Number from 1 of the square (p,) each row lies in, none so wide that two there are out of reach; 0 for none."""
    placed = np.isfinite(xy_m).all(axis=1)
    side = reach_m / np.sqrt(2) / _SLACK
    number = np.zeros(len(xy_m), dtype=np.int64)
    if placed.any():
        squares = np.floor((xy_m[placed] - xy_m[placed].min(axis=0)) / side).astype(np.int64)
        number[placed] = squares[:, 0] * (squares[:, 1].max() + 1) + squares[:, 1] + 1
    return number


def _groups(xy_m: Floats, members: Floats, asked: Ints, pairs: tuple[Ints, Ints], limits: Thresholds) -> Bools:
    one, other = pairs
    order = np.lexsort((-members[other], one))
    one, other = one[order], other[order]
    starts, ends = np.searchsorted(one, asked, side="left"), np.searchsorted(one, asked, side="right")
    found = np.zeros(len(asked), dtype=np.bool_)
    for number, (row, start, end) in enumerate(zip(asked.tolist(), starts.tolist(), ends.tolist(), strict=True)):
        wanted = limits.joint_min_members - members[row]
        found[number] = _clique(xy_m, members, other[start:end], wanted, limits.joint_max_units - 1, limits.reach_m)
    return found


def _clique(xy_m: Floats, members: Floats, among: Ints, wanted: float, most: int, reach_m: float) -> bool:
    """Whether at most ``most`` of ``among`` (fullest first), each within reach of all, have members ``wanted``."""
    if wanted <= 0:
        return True
    for number, row in enumerate(among.tolist()):
        if members[among[number : number + most]].sum() < wanted:
            return False
        rest = among[number + 1 :]
        rest = rest[within(xy_m[rest], xy_m[row], reach_m)] if members[row] < wanted else rest
        if _clique(xy_m, members, rest, wanted - members[row], most - 1, reach_m):
            return True
    return False
