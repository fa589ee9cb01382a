"""Faces of a planar arrangement: who borders whom along which edge, and faces united into larger ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes

OUTSIDE = -1


@dataclass(frozen=True)
class Edges:
    """Edges of faces, each once: ``ends`` (n, 2, 2) coordinates, ``left`` and ``right`` faces (-1 = outside)."""

    ends: Floats
    left: Ints
    right: Ints

    @property
    def lengths(self) -> Floats:
        """Length of each edge in the unit of its coordinates."""
        lengths: Floats = np.hypot(*(self.ends[:, 1] - self.ends[:, 0]).T)
        return lengths

    @property
    def middles(self) -> Floats:
        """(n, 2) middle of each edge."""
        middles: Floats = self.ends.mean(axis=1)
        return middles

    def lines(self) -> Shapes:
        """One line for each edge."""
        return np.asarray(shapely.linestrings(self.ends))


def edges(faces: Shapes) -> Edges:
    """Edges of polygons whose vertices match exactly; an edge of one face only has -1 on its other side."""
    ring, face = shapely.get_parts(shapely.boundary(faces), return_index=True)
    xy, of = shapely.get_coordinates(ring, return_index=True)
    node_xy, node = np.unique(xy.view(np.complex128).ravel(), return_inverse=True)
    joined = of[1:] == of[:-1]
    start, end, owner = node[:-1][joined], node[1:][joined], face[of[:-1][joined]]
    low, high = np.minimum(start, end), np.maximum(start, end)
    key = low * np.int64(len(node_xy)) + high
    order = np.argsort(key, kind="stable")
    key, owner, low, high = key[order], owner[order], low[order], high[order]
    first = np.r_[True, key[1:] != key[:-1]]
    at = np.flatnonzero(first)
    twin = np.minimum(at + 1, len(key) - 1)
    shared = np.r_[~first[1:], False][at]
    right = np.where(shared, owner[twin], OUTSIDE)
    points = np.column_stack([node_xy.real, node_xy.imag])
    return Edges(
        np.stack([points[low[at]], points[high[at]]], axis=1), owner[at].astype(np.int64), right.astype(np.int64)
    )


def united(faces: Shapes, group: Ints, count: int) -> Shapes:
    """The union of the faces of each group 0 … count - 1; a group of one keeps its face."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count + 1))
    found = np.empty(count, dtype=object)
    for number in range(count):
        members = faces[order[starts[number] : starts[number + 1]]]
        found[number] = members[0] if len(members) == 1 else shapely.coverage_union_all(members)
    return found


def borders(left: Ints, right: Ints, lengths: Floats) -> dict[int, dict[int, float]]:
    """For each face its neighbours and the length of the border with each."""
    found: dict[int, dict[int, float]] = {}
    for a, b, length in zip(left.tolist(), right.tolist(), lengths.tolist(), strict=True):
        if a == b or a < 0 or b < 0:
            continue
        found.setdefault(a, {})
        found.setdefault(b, {})
        found[a][b] = found[a].get(b, 0.0) + length
        found[b][a] = found[b].get(a, 0.0) + length
    return found


class Merging:
    """Faces that are united one by one along passable edges, smallest first."""

    def __init__(self, faces: Shapes, table: Edges, passable: Bools) -> None:
        self.area = shapely.area(faces).tolist()
        self.round = shapely.length(faces).tolist()
        self.group = list(range(len(faces)))
        inner = passable & (table.right >= 0)
        self.border = borders(table.left[inner], table.right[inner], table.lengths[inner])

    def find(self, face: int) -> int:
        """The face that stands for the group of ``face``."""
        while self.group[face] != face:
            self.group[face] = self.group[self.group[face]]
            face = self.group[face]
        return face

    def join(self, face: int, other: int) -> None:
        """Unite ``face`` into ``other``; both stand for their groups and border each other."""
        shared = self.border[face].pop(other)
        self.border[other].pop(face)
        self.group[face] = other
        self.area[other] += self.area[face]
        self.round[other] += self.round[face] - 2 * shared
        for third, length in self.border.pop(face).items():
            self.border[third].pop(face)
            self.border[third][other] = self.border[third].get(other, 0.0) + length
            self.border[other][third] = self.border[other].get(third, 0.0) + length

    def absorb(self, needy: Callable[[float, float], bool]) -> None:
        """Unite each face of which ``needy(area, perimeter)`` holds with the neighbour it borders longest."""
        queue = sorted((face for face in range(len(self.area)) if self.find(face) == face), key=self.area.__getitem__)
        for face in queue:
            while self.group[face] == face and needy(self.area[face], self.round[face]) and self.border.get(face):
                near = self.border[face]
                other = max(near, key=lambda one: (near[one], -one))
                self.join(face, other)

    def groups(self) -> tuple[Ints, int]:
        """Group number of each face, 0 … count - 1 in order of the first face, and the count."""
        roots = np.array([self.find(face) for face in range(len(self.group))], dtype=np.int64)
        _, first, numbered = np.unique(roots, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return rank[numbered], len(first)
