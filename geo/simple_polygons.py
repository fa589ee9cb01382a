"""Polygons of one simple ring, read from their bytes without an object for any: most footprints of a file are such."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo.arrays import Bools, Floats, Ints, windows
from geo.assignments import on_earth
from geo.crs import snap
from geo.ragged import NONE, Ragged

_POLYGON = b"\x01" + (3).to_bytes(4, "little") + (1).to_bytes(4, "little")
_HEADS = (_POLYGON, b"\x01" + (6).to_bytes(4, "little") + (1).to_bytes(4, "little") + _POLYGON)
"""Well-known binary of a polygon of one ring, and of one alone in a multipolygon, up to the number of nodes."""


@dataclass(frozen=True, eq=False)
class Simple:
    """Those among n polygons of which nothing is to be said.

    Attributes
    ----------
    at
        (m,) their positions, ascending.
    polygons
        Normalised, on the lattice.
    firsts
        (m, 2) their first nodes as the file gives them, on the lattice.
    """

    at: Ints
    polygons: Ragged
    firsts: Floats


def simple(wkb: pa.LargeBinaryArray) -> Simple:
    """Which of ``wkb`` (n,), in degrees of a plain datum, are simple; of the others it says nothing, GEOS is to judge.

    They are flat polygons of one closed ring on Earth which, once on the lattice, is simple and has some ground: valid,
    with no node twice, so that making them valid would change nothing.
    """
    from geo.space.cells.simple_rings import simple_rings

    at, raw, begins = _rings(wkb)
    if not len(at):
        return Simple(at, NONE, np.empty((0, 2)))
    good = (raw[begins[:-1]] == raw[begins[1:] - 1]).all(axis=1) & np.logical_and.reduceat(on_earth(raw), begins[:-1])
    if not good.all():
        kept = Ragged.of_rings(raw, begins).taken(np.flatnonzero(good))
        at, raw, begins = at[good], kept.xy, kept.ring
    xy = snap(raw)
    made, is_simple = simple_rings(xy, begins)
    rings = np.flatnonzero(is_simple)
    return Simple(at[rings], Ragged.of_rings(made, begins).taken(rings), xy[begins[:-1][rings]])


def _rings(wkb: pa.LargeBinaryArray) -> tuple[Ints, Floats, Ints]:
    """Positions (m,) of flat polygons of one ring that may be simple; their nodes, and where each ring begins."""
    from geo.space.cells.simple_rings import MOST

    _, offsets, data = wkb.buffers()
    ends = np.frombuffer(offsets, np.int64)[wkb.offset : wkb.offset + len(wkb) + 1]
    if data is None or not len(wkb):
        return np.empty(0, np.int64), np.empty((0, 2)), np.zeros(1, dtype=np.int64)
    told = np.frombuffer(data, np.uint8)
    begins, length = ends[:-1], np.diff(ends)
    nodes = np.zeros(len(wkb), dtype=np.int64)
    first = np.zeros(len(wkb), dtype=np.int64)
    for head in _HEADS:
        at = _headed(told, begins, length, head)
        count = windows(told, 4)[begins[at] + len(head)].view("<u4").astype(np.int64)
        whole = (length[at] == len(head) + 4 + 16 * count) & (count <= MOST)
        nodes[at[whole]] = count[whole]
        first[at[whole]] = begins[at[whole]] + len(head) + 4
    at = np.flatnonzero(nodes)
    ring = np.append(0, np.cumsum(nodes[at]))
    places = np.repeat(first[at] - 16 * ring[:-1], nodes[at]) + 16 * np.arange(ring[-1])
    return at, windows(told, 16)[places].view("<f8").astype(np.float64).reshape(-1, 2), ring


def _headed(told: NDArray[np.uint8], begins: Ints, length: Ints, head: bytes) -> Ints:
    """Positions of those that begin with ``head`` and a number; nulls have no length."""
    at = np.flatnonzero(length >= len(head) + 4)
    is_such: Bools = windows(told, len(head))[begins[at]] == np.void(head)
    return at[is_such]
