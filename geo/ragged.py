"""Polygons of many parts as arrays: no object for any of them, and all of them at once.

References
----------
GeoArrow, memory layout: multipolygon. OGC 06-103r4, Simple features, 8.2.9 (well-known binary); PostGIS, EWKB: the SRID
after the kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.arrays import Bools, Floats, Ints, Shapes, windows

Bytes = NDArray[np.uint8]
_WHOLE = np.frombuffer(b"\x01" + (6).to_bytes(4, "little"), np.uint8)
_WHOLE_SOMEWHERE = b"\x01" + (0x20000006).to_bytes(4, "little")
_PART = np.frombuffer(b"\x01" + (3).to_bytes(4, "little"), np.uint8)
_NOTHING = np.empty(0, np.uint8)


@dataclass(frozen=True, eq=False)
class Ragged:
    """Polygons of many parts (n,), each with ground.

    Attributes
    ----------
    xy
        (k, 2) nodes, in any unit; each ring's last is its first.
    ring, part, whole
        Where each begins, and where the last ends: ring i has the nodes from ``ring[i]`` up to ``ring[i + 1]``, part i
        such rings, the outer one first, and polygon i such parts.
    """

    xy: Floats
    ring: Ints
    part: Ints
    whole: Ints

    @classmethod
    def of(cls, shapes: Shapes) -> Ragged:
        """Polygons and multipolygons (n,) without their heights, each with ground."""
        if not len(shapes):
            return NONE
        _, xy, (ring, part, *whole) = shapely.to_ragged_array(shapes, include_z=False)
        wholes = whole[0] if whole else np.arange(len(part))
        return cls(xy, *(np.asarray(one, dtype=np.int64) for one in (ring, part, wholes)))

    @classmethod
    def of_rings(cls, xy: Floats, ring: Ints) -> Ragged:
        """Polygons of one ring each."""
        each = np.arange(len(ring))
        return cls(xy, ring, each, each)

    def __len__(self) -> int:
        return len(self.whole) - 1

    @cached_property
    def shapes(self) -> Shapes:
        """Multipolygons (n,)."""
        if not len(self):
            return np.empty(0, dtype=object)
        kind, offsets = shapely.GeometryType.MULTIPOLYGON, (self.ring, self.part, self.whole)
        return np.asarray(shapely.from_ragged_array(kind, self.xy, offsets), dtype=object)

    @property
    def is_single(self) -> Bools:
        """Which (n,) have one part and no courtyard."""
        return np.asarray(np.diff(self.part[self.whole]) == 1, dtype=np.bool_)

    @property
    def firsts(self) -> Floats:
        """The first node (n, 2) of each."""
        return self.xy[self.ring[self.part[self.whole[:-1]]]]

    @property
    def bounds(self) -> Floats:
        """West, south, east, north (n, 4) of each."""
        if not len(self):
            return np.empty((0, 4))
        begins = self.ring[self.part[self.whole[:-1]]]
        least, most = (one.reduceat(self.xy, begins, axis=0) for one in (np.minimum, np.maximum))
        return np.hstack([least, most])

    def taken(self, at: Ints) -> Ragged:
        """The polygons at these positions."""
        if len(at) == len(self) and (at == np.arange(len(at))).all():
            return self
        whole, parts = _gathered(self.whole, at)
        part, rings = _gathered(self.part, parts)
        ring, nodes = _gathered(self.ring, rings)
        return Ragged(self.xy[nodes], ring, part, whole)

    def wkb(self, srid: int | None = None) -> tuple[Bytes, Ints]:
        """Well-known binary, one after the other, and the length (n,) of each; with ``srid`` EWKB, as PostGIS reads."""
        tells = _WHOLE if srid is None else np.frombuffer(_WHOLE_SOMEWHERE + srid.to_bytes(4, "little"), np.uint8)
        rings, first = np.diff(self.ring), self.part[:-1]  # ring of each part
        leads = np.zeros(len(rings), dtype=np.int64)  # bytes before each ring that tell of its part, and of its whole
        leads[first] += len(_PART) + 4
        leads[first[self.whole[:-1]]] += len(tells) + 4
        size = leads + 4 + 16 * rings
        begins = np.cumsum(size) - size + leads
        cells = np.empty(int(size.sum()), dtype=np.uint8)
        _write(cells, begins[first[self.whole[:-1]]] - len(_PART) - len(tells) - 8, tells, np.diff(self.whole))
        _write(cells, begins[first] - len(_PART) - 4, _PART, np.diff(self.part))
        _write(cells, begins, _NOTHING, rings)
        nodes = np.repeat(begins + 4 - 16 * self.ring[:-1], rings) + 16 * np.arange(len(self.xy))
        windows(cells, 16)[nodes] = np.ascontiguousarray(self.xy, dtype="<f8").view("V16")[:, 0]
        return cells, np.diff(np.append(0, np.cumsum(size))[self.part[self.whole]])


NONE = Ragged(np.empty((0, 2)), *(np.zeros(1, dtype=np.int64) for _ in range(3)))
"""No polygon."""


def joined(several: Sequence[Ragged]) -> Ragged:
    """All polygons, one after another."""
    ring, part, whole = (_chained([getattr(one, name) for one in several]) for name in ("ring", "part", "whole"))
    return Ragged(np.concatenate([one.xy for one in several]), ring, part, whole)


def _chained(offsets: Sequence[Ints]) -> Ints:
    counts = np.concatenate([np.diff(one) for one in offsets])
    return np.append(0, np.cumsum(counts)).astype(np.int64)


def _gathered(offsets: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Offsets of what is at these positions when it stands side by side, and where it was."""
    count = offsets[at + 1] - offsets[at]
    ends = np.append(0, np.cumsum(count))
    return ends, np.repeat(offsets[at] - ends[:-1], count) + np.arange(ends[-1])


def _write(cells: Bytes, at: Ints, head: Bytes, count: Ints) -> None:
    """Write ``head`` and a count at each of these places."""
    told = np.empty((len(at), len(head) + 4), dtype=np.uint8)
    told[:, : len(head)] = head
    told[:, len(head) :] = np.ascontiguousarray(count, dtype="<u4").view(np.uint8).reshape(-1, 4)
    windows(cells, told.shape[1])[at] = told.view(f"V{told.shape[1]}")[:, 0]
