"""Units that may join settled into groups step by step, part by part; what a part comes to depends on nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from geo.arrays import Bools, Floats, Ints, distinct
from geo.coverage.joint.candidates import Candidates, JointRules, Members, sizes
from geo.coverage.joint.exact import FEW, best, better
from geo.coverage.joint.mending import mended
from geo.coverage.joint.packing import full_groups, gathered
from geo.coverage.joint.parts import BLOCKS, STEPS, homes, numbered, parts, places, wholes
from geo.coverage.joint.tightening import tightened
from geo.coverage.units import Keys


@dataclass(frozen=True, eq=False)
class Settled:
    """Units that may join (n,), in ascending order of id, and the group each is in after every step.

    Attributes
    ----------
    home_m
        (n, 2) metres: where it is looked for; NaN for nowhere (:func:`~geo.coverage.joint.parts.homes`).
    whole
        Lowest id of all that it hangs together with, where they are few; else 0.
    head, size
        (n, steps) lowest id and number of the units of its group after each step; 0 for none.
    """

    id: Ints
    members: Ints
    building: Ints
    park: Ints
    xy_m: Floats
    industry: Keys
    home_m: Floats
    whole: Ints
    head: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.id)

    def taken(self, rows: Ints | Bools) -> Settled:
        """Those at ``rows``, in that order."""
        return Settled(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def joined(self, other: Settled) -> Settled:
        """These and others, of whom none is here, by ascending id."""
        both = {one.name: np.concatenate([getattr(self, one.name), getattr(other, one.name)]) for one in fields(self)}
        return Settled(**both).taken(np.argsort(both["id"], kind="stable"))

    def candidates(self) -> Candidates:
        """The same units as those that groups are looked for among."""
        kind = np.unique(self.industry, return_inverse=True)[1].astype(np.int64)
        position = np.arange(len(self))
        return Candidates(position, self.id, self.members, self.building, self.park, self.xy_m, kind)

    def groups(self, rules: JointRules, rows: Ints | Bools | None = None) -> Members:
        """The groups after the last step as positions, in the order of their lowest id; all, or those of some rows."""
        head = self.head[:, -1]
        wanted = head > 0 if rows is None else np.isin(head, np.setdiff1d(head[rows], [0]))
        return _together(head, np.flatnonzero(wanted), rules)


def unsettled(given: Candidates, industry: Keys) -> Settled:
    """The same units, in no group yet and looked for nowhere but at their place; ``industry`` are the keys (n,)."""
    n = len(given)
    none = np.zeros((n, STEPS), dtype=np.int64)
    first = (given.id, given.members, given.building, given.park, given.xy_m, industry)
    return Settled(*first, given.xy_m, np.full(n, -1, dtype=np.int64), none, none)


def settle(given: Candidates, industry: Keys, rules: JointRules) -> Settled:
    """All units settled; ``industry`` are the keys (n,)."""
    home_m, whole = homes(given), wholes(given, rules)
    head = np.zeros((len(given), STEPS), dtype=np.int64)
    size = head.copy()
    before = (head[:, 0], size[:, 0])
    for step in range(STEPS):
        place = places(given, home_m, whole, step, rules)
        part = parts(given, home_m, place, step, rules)
        before = settled(given, numbered(part), before, (step, rules))
        head[:, step], size[:, step] = before
    first = (given.id, given.members, given.building, given.park, given.xy_m, industry)
    return Settled(*first, home_m, whole, head, size)


def settled(given: Candidates, part: Ints, before: tuple[Ints, Ints], by: tuple[int, JointRules]) -> tuple[Ints, Ints]:
    """Head and size (n,) of the group of each unit after a step, from those before it.

    Parameters
    ----------
    part
        (n,) the part it is looked at in; 0 for none, where all stays. So it does for groups that are not wholly in one.
    by
        The step, and the rules.
    """
    step, rules = by
    head, size = before[0].copy(), before[1].copy()
    rows = np.flatnonzero((part > 0) & _inside(part, *before))
    rows = rows[np.argsort(part[rows], kind="stable")]
    found, larger = [np.empty((0, rules.most_units), dtype=np.int64)], []
    for one in np.split(rows, np.flatnonzero(np.diff(part[rows])) + 1):
        if given.members[one].sum() < rules.least_members or (step >= BLOCKS and head[one].all()):
            continue
        if len(one) > FEW:
            larger.append(one)
        else:
            found.append(_at(one, best(given.taken(one), rules)))
            head[one] = size[one] = 0
    if larger:
        every = np.concatenate(larger)
        built = _built(given.taken(every), [len(one) for one in larger], before[0][every], rules)
        found.append(_at(every, built))
        head[every] = size[every] = 0
    groups = np.vstack(found)
    count = sizes(groups)
    head[groups[groups >= 0]] = np.repeat(given.id[groups[:, 0]], count)
    size[groups[groups >= 0]] = np.repeat(count, count)
    return head, size


def _inside(part: Ints, head: Ints, size: Ints) -> Bools:
    """Whether (n,) each unit is in no group, or in one that is wholly in its part."""
    _, of = distinct(np.column_stack([part, head]))
    inside: Bools = (head == 0) | (np.bincount(of)[of] == size)
    return inside


def _at(position: Ints, groups: Members) -> Members:
    """The groups, each unit told by the position it was taken from."""
    return np.where(groups >= 0, position[groups], -1)


def _together(head: Ints, rows: Ints, rules: JointRules) -> Members:
    """The groups of units at ascending ``rows``, all of which are in one, in the order of their heads."""
    order = rows[np.argsort(head[rows], kind="stable")]
    start = np.flatnonzero(np.diff(head[order], prepend=-1))
    count = np.diff(start, append=len(order))
    groups = np.full((len(start), rules.most_units), -1, dtype=np.int64)
    groups[np.repeat(np.arange(len(start)), count), np.arange(len(order)) - np.repeat(start, count)] = order
    return groups


def _built(given: Candidates, lengths: list[int], head: Ints, rules: JointRules) -> Members:
    """Groups of parts that stand one behind the other, each as if it stood alone, from the groups there are already.

    What numpy does is done for all at once; where neighbours are looked for, ties are decided by a tree, so it is done
    for each by itself.
    """
    part, end = np.repeat(np.arange(len(lengths)), lengths), np.cumsum(lengths)
    there = _together(head, np.flatnonzero(head > 0), rules)
    full = np.vstack([there, full_groups(given, part, head == 0, rules)])
    full = full[np.argsort(part[full[:, 0]], kind="stable")]
    first = np.searchsorted(part[full[:, 0]], np.arange(len(end) + 1))
    found, near, begins = [], [], [np.zeros(1, dtype=np.int64)]
    for at, (to, length) in enumerate(zip(end.tolist(), lengths, strict=True)):
        start = to - length
        few, ours = given.taken(slice(start, to)), full[first[at] : first[at + 1]]
        ours = np.where(ours >= 0, ours - start, -1)
        rest = np.setdiff1d(np.arange(length), ours)
        groups, (who, begin) = mended(few, np.vstack([ours, gathered(few, rest, rules)]), rules)
        if (more := better(few, groups, rules)) is not None:
            groups = mended(few, more, rules)[0]
        found.append(np.where(groups >= 0, groups + start, -1))
        near.append(who + start)
        begins.append(begin[1:] + begins[-1][-1])
    return tightened(given, np.vstack(found), (np.concatenate(near), np.concatenate(begins)), rules)
