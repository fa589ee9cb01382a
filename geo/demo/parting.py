"""A graph of faces parted into a number of connected, compact groups of about equal weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Floats, Ints

_ROUNDS = 6


@dataclass(frozen=True)
class Graph:
    """Faces to be parted: weight and place of each, and the neighbours of each with the pull of their border.

    The pull is the length of the border times how passable it is; a side street pulls more than an arterial.
    """

    weight: Floats
    xy: Floats
    pull: dict[int, dict[int, float]]

    def connected(self, members: set[int]) -> bool:
        """True when one can walk from any member to any other over members only; true for none."""
        return not members or len(self.reached(next(iter(members)), members)) == len(members)

    def reached(self, start: int, members: set[int]) -> set[int]:
        """Members that can be walked to from ``start``, itself included."""
        seen, queue = {start}, [start]
        while queue:
            for near in self.pull.get(queue.pop(), {}):
                if near in members and near not in seen:
                    seen.add(near)
                    queue.append(near)
        return seen

    def components(self, members: Ints) -> list[list[int]]:
        """Connected components of the members, the heaviest first."""
        left, found = set(members.tolist()), []
        for start in members.tolist():
            if start in left:
                part = self.reached(start, left)
                left -= part
                found.append(sorted(part))
        return sorted(found, key=lambda part: (-self.weight[part].sum(), part[0]))


def part(graph: Graph, members: Ints, count: int) -> list[Ints]:
    """``count`` connected groups of the connected ``members``; fewer only when there are fewer members."""
    count = min(count, len(members))
    if count <= 1:
        return [members]
    growth = _Growth(graph, members, _seeds(graph, members, count))
    growth.grow()
    for _ in range(_ROUNDS):
        if not growth.settle():
            break
    return [np.array(sorted(group), dtype=np.int64) for group in growth.groups]


def share_out(total: int, weight: Floats, most: Ints) -> Ints:
    """``total`` shared by weight: at least one each, never more than ``most``; the largest remainders round up."""
    given = np.minimum(np.ones(len(weight), dtype=np.int64), most)
    while (left := total - int(given.sum())) > 0 and (given < most).any():
        want = np.where(given < most, weight / (given + 0.5), -1.0)
        step = max(1, min(left, len(weight) // 20))
        given[np.argsort(-want, kind="stable")[:step]] += 1
        given = np.minimum(given, most)
    return given


def _seeds(graph: Graph, members: Ints, count: int) -> list[int]:
    """Members near the centres of ``count`` clusters: farthest first, then a few rounds of Lloyd's."""
    xy, weight = graph.xy[members], graph.weight[members] + 1e-12
    centre = np.average(xy, axis=0, weights=weight)
    picked = [int(np.argmax(np.hypot(*(xy - centre).T)))]
    far = np.hypot(*(xy - xy[picked[0]]).T)
    for _ in range(count - 1):
        picked.append(int(np.argmax(far)))
        far = np.minimum(far, np.hypot(*(xy - xy[picked[-1]]).T))
    centres = xy[picked]
    for _ in range(_ROUNDS):
        nearest = _nearest(xy, centres)
        total = np.bincount(nearest, weights=weight, minlength=count)
        for axis in (0, 1):
            mean = np.bincount(nearest, weights=weight * xy[:, axis], minlength=count) / np.maximum(total, 1e-30)
            centres[:, axis] = np.where(total > 0, mean, centres[:, axis])
    seeds: list[int] = []
    free = np.ones(len(members), dtype=bool)
    for one in centres:
        at = int(np.argmin(np.where(free, np.hypot(*(xy - one).T), np.inf)))
        free[at] = False
        seeds.append(int(members[at]))
    return seeds


def _nearest(xy: Floats, centres: Floats) -> Ints:
    found = np.empty(len(xy), dtype=np.int64)
    for start in range(0, len(xy), 4096):
        away = xy[start : start + 4096, None] - centres
        found[start : start + 4096] = np.argmin(np.einsum("ijk,ijk->ij", away, away), axis=1)
    return found


class _Growth:
    """Groups that grow from seeds, the lightest first, then settle by exchanging faces at their rims."""

    def __init__(self, graph: Graph, members: Ints, seeds: list[int]) -> None:
        self.graph = graph
        self.free = set(members.tolist())
        self.of: dict[int, int] = {}
        self.groups: list[set[int]] = [set() for _ in seeds]
        self.load = [0.0] * len(seeds)
        self.rim: list[dict[int, float]] = [{} for _ in seeds]
        self.seeds = graph.xy[seeds]
        self.reach = float(np.sqrt(np.ptp(graph.xy[members], axis=0).prod() / len(seeds))) + 1e-9
        self.pull = {face: sum(graph.pull.get(face, {0: 1.0}).values()) for face in members.tolist()}
        self.mean = float(graph.weight[members].sum()) / len(seeds)
        for number, seed in enumerate(seeds):
            self._take(number, seed)

    def _take(self, number: int, face: int) -> None:
        self.free.discard(face)
        self.of[face] = number
        self.groups[number].add(face)
        self.load[number] += float(self.graph.weight[face])
        for near, pull in self.graph.pull.get(face, {}).items():
            if near in self.free:
                self.rim[number][near] = self.rim[number].get(near, 0.0) + pull
        for rim in self.rim:
            rim.pop(face, None)

    def grow(self) -> None:
        """Take every member; one that no group borders goes to the nearest seed."""
        while self.free:
            able = [number for number, rim in enumerate(self.rim) if rim]
            if not able:
                face = min(self.free)
                away = self.seeds - self.graph.xy[face]
                self._take(int(np.argmin(np.hypot(*away.T))), face)
                continue
            number = min(able, key=self.load.__getitem__)
            self._take(number, max(self.rim[number], key=lambda face, n=number: (self._score(n, face), -face)))  # type: ignore[misc]

    def _score(self, number: int, face: int) -> float:
        away = float(np.hypot(*(self.graph.xy[face] - self.seeds[number])))
        return self.rim[number][face] / self.pull[face] - 0.9 * away / self.reach

    def settle(self) -> bool:
        """Move faces that are held more strongly by a neighbouring group; True when one moved."""
        moved = False
        for face in sorted(self.of):
            here = self.of[face]
            held: dict[int, float] = {}
            for near, pull in self.graph.pull.get(face, {}).items():
                if near in self.of:
                    held[self.of[near]] = held.get(self.of[near], 0.0) + pull
            there = max(held, key=lambda number, h=held: (h[number], -number), default=here)  # type: ignore[misc]
            if there != here and held[there] > held.get(here, 0.0) and self._may_leave(face, here, there):
                self._move(face, here, there)
                moved = True
        return moved

    def _may_leave(self, face: int, here: int, there: int) -> bool:
        weight = float(self.graph.weight[face])
        if self.load[there] + weight > 1.35 * self.mean or self.load[here] - weight < 0.62 * self.mean:
            return False
        rest = self.groups[here] - {face}
        return bool(rest) and self.graph.connected(rest)

    def _move(self, face: int, here: int, there: int) -> None:
        weight = float(self.graph.weight[face])
        self.groups[here].discard(face)
        self.groups[there].add(face)
        self.of[face] = there
        self.load[here] -= weight
        self.load[there] += weight


def ranked(xy: Floats) -> Ints:
    """Order of places west → east in rows from north to south, as grids are numbered."""
    rows = max(1, round(float(np.sqrt(len(xy)) * 0.8)))
    top, bottom = xy[:, 1].max(), xy[:, 1].min()
    row = np.minimum(((top - xy[:, 1]) / max(top - bottom, 1e-12) * rows).astype(int), rows - 1)
    return np.lexsort((xy[:, 0], row))
