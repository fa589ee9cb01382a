"""What a division is: rows of leaves and of the areas above them, pure data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Codes, Ints, Shapes
from geo.space.partition import OUTSIDE, whole_of
from geo.space.sights import Sight


@dataclass(frozen=True, eq=False)
class NamedGrids:
    """Grids of a file: codes unique, kinds ``comprehensive`` or ``dedicated``, parents of the lowest level or ""."""

    codes: Codes
    names: Codes
    kinds: Codes
    parents: Codes
    shapes: Shapes


@dataclass(frozen=True, eq=False)
class AreaLayer:
    """Areas of one level (0 = city); ``shapes`` is None when they are known by the codes of their grids alone."""

    level: int
    codes: Codes
    names: Codes
    parents: Codes
    shapes: Shapes | None = None


@dataclass(frozen=True, eq=False)
class Division:
    """One complete partition, ready to publish when no blocking fault came with it.

    Leaves ascend by code; their kinds are ``comprehensive``, ``dedicated`` or ``fallback``, and ``leaf_parents`` name
    the lowest area above. Areas ascend by code; their levels count from 0, the city, whose parent is ""; their shapes
    are unions of leaves.

    With a ``sight`` it holds a part of the leaves, and the areas above them with all their ground.
    """

    levels: int
    leaf_codes: Codes
    leaf_names: Codes
    leaf_kinds: Codes
    leaf_parents: Codes
    leaf_shapes: Shapes
    area_codes: Codes
    area_names: Codes
    area_levels: Ints
    area_parents: Codes
    area_shapes: Shapes
    sight: Sight | None = None

    def parent_of_area(self, code: str) -> str:
        """Code of the area above an area; "" above the city and for a code that is no area."""
        at = positions(np.asarray([code], dtype=np.str_), self.area_codes)[0]
        return "" if at == OUTSIDE else str(self.area_parents[at])

    def areas_within(self, code: str) -> Bools:
        """Which areas are the named one or lie under it."""
        inside: Bools = self.area_codes == code
        parent = positions(self.area_parents, self.area_codes)
        for _ in range(self.levels):
            inside = inside | (np.append(inside, False)[parent])
        return inside


def nothing(levels: int) -> Division:
    """The division of no ground, which the first edition follows."""
    text, shapes = np.asarray([], dtype=np.str_), np.asarray([], dtype=object)
    return Division(levels, text, text, text, text, shapes, text, text, np.asarray([], dtype=np.int64), text, shapes)


def positions(codes: Codes, among: Codes) -> Ints:
    """Position of each code among others, which need no order; OUTSIDE where it is not there."""
    if not len(among):
        return np.full(len(codes), OUTSIDE, dtype=np.int64)
    order = np.argsort(among, kind="stable")
    at = np.minimum(np.searchsorted(among, codes, sorter=order), len(among) - 1)
    return np.where(among[order[at]] == codes, order[at], OUTSIDE).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Lift:
    """Areas whose ground is to be united from the leaves below: codes, levels and parents' codes."""

    codes: Codes
    levels: Ints
    parents: Codes


def lifted(areas: Lift, leaf_parents: Codes, leaf_shapes: Shapes, known: Shapes | None = None) -> Shapes:
    """Ground of each area: its own leaves and the areas below, joined from the lowest level up; empty for none.

    Parameters
    ----------
    areas
        What to unite.
    leaf_parents, leaf_shapes
        The leaves; a parent that is no area is passed over.
    known
        For each area its shape where it is known to be right already, else None.
    """
    shapes = np.full(len(areas.codes), shapely.Polygon(), dtype=object)
    above = positions(areas.parents, areas.codes)
    parts: list[list[object]] = [[] for _ in areas.codes]
    for at, shape in zip(positions(leaf_parents, areas.codes), leaf_shapes, strict=True):
        if at != OUTSIDE:
            parts[at].append(shape)
    for at in np.argsort(-areas.levels, kind="stable"):
        if known is not None and known[at] is not None:
            shapes[at] = known[at]
        elif parts[at]:
            mine = np.asarray(parts[at], dtype=object)
            shapes[at] = mine[0] if len(mine) == 1 else whole_of(mine)
        if above[at] != OUTSIDE and not shapes[at].is_empty:
            parts[above[at]].append(shapes[at])
    return shapes


def still_known(base: Division, areas: Lift, codes: Codes, parents: Codes, shapes: Shapes) -> Shapes:
    """Shapes of the areas in which no leaf is other than in ``base``, None for the others: what :func:`lifted` unites.

    A leaf is the same when its shape is the same object and its parent the same area.
    """
    was = positions(codes, base.leaf_codes)
    there = was != OUTSIDE
    same = there & (base.leaf_parents[was] == parents) if len(base.leaf_codes) else there
    same[there] &= np.asarray(
        [base.leaf_shapes[at] is shape for at, shape in zip(was[there], shapes[there], strict=True)]
    )
    kept = np.zeros(len(base.leaf_codes), dtype=np.bool_)
    kept[was[same]] = True
    stale = np.isin(areas.codes, np.concatenate([parents[~same], base.leaf_parents[~kept]]))
    above = positions(areas.parents, areas.codes)
    for _ in range(base.levels):
        up = above[stale]
        stale[up[up != OUTSIDE]] = True
    before = positions(areas.codes, base.area_codes)
    known = np.full(len(areas.codes), None, dtype=object)
    good = np.flatnonzero(~stale & (before != OUTSIDE))
    known[good] = base.area_shapes[before[good]]
    return known


def ground_of(codes: Iterable[str], divisions: Sequence[Division]) -> BaseGeometry | None:
    """Where leaves and areas lie, each by the first division that has it, as one collection; None where none does."""
    places: dict[str, BaseGeometry] = {}
    for one in reversed(divisions):
        places |= zip(one.area_codes.tolist(), one.area_shapes, strict=True)
        places |= zip(one.leaf_codes.tolist(), one.leaf_shapes, strict=True)
    found = [places[code] for code in sorted(set(codes)) if code in places]
    return shapely.GeometryCollection(found) if found else None
