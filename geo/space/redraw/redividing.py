"""A scope divided anew: what files of boundaries ask for that give its leaves and areas whole, as one change.

What is given was judged and proved with all that lies beside it, so it is taken to the last vertex: nothing is laid out
anew, as :mod:`geo.space.redraw.scopes` does with leaves that were drawn by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Codes, Shapes
from geo.errors import Refused, Unknown
from geo.space.division.changes import ground_moved, leaves_apart, to_the_vertex
from geo.space.division.rows import Division, positions
from geo.space.division.scopes import spliced
from geo.space.partition import OUTSIDE
from geo.space.redraw.scopes import GivenLeaf

_LEAF = ("leaf_codes", "leaf_names", "leaf_kinds", "leaf_parents", "leaf_shapes")
_AREA = ("area_codes", "area_names", "area_levels", "area_parents", "area_shapes")


@dataclass(frozen=True)
class GivenArea:
    """An area as it is to be; ``level`` counts from 0, the city. Its ground is that of its leaves."""

    code: str
    name: str
    level: int
    parent: str


class GivenLeaves(tuple[GivenLeaf, ...]):
    """Leaves, of which a city may have tens of thousands: they are kept as columns."""


@dataclass(frozen=True)
class Redivide:
    """The leaves and areas of an area, None for the city, as they are given; those that are not named stay.

    ``gone`` are codes of leaves that are given up, ``gone_areas`` of areas. ``nodes`` are leaves that keep their ground
    and have other vertices. ``outline`` is that of the city, where it has other vertices or moves; None: it stays.
    """

    leaves: GivenLeaves
    gone: tuple[str, ...]
    nodes: GivenLeaves
    areas: tuple[GivenArea, ...]
    gone_areas: tuple[str, ...]
    within: str | None = None
    outline: BaseGeometry | None = None


def asked(base: Division, division: Division, within: str | None) -> Redivide:
    """The change that makes ``division`` of the city, or of an area of it; only what differs is in it.

    Parameters
    ----------
    base
        The city as it is in force.
    division
        What was judged: the whole city or, with ``within``, the leaves and areas of that area; areas above it count
        for nothing.

    Raises
    ------
    Unknown
        When ``within`` is no area in force.
    Refused
        When the division holds no area ``within``, or puts leaves under areas outside it.
    """
    old, new = _inside(base, within), _given_inside(division, within)
    changed, noded = leaves_apart(old, new)
    before = set(_areas(old))
    return Redivide(
        leaves=_leaves(new, changed),
        gone=_absent(old.leaf_codes, new.leaf_codes),
        nodes=_leaves(new, noded),
        areas=tuple(one for one in _areas(new) if one not in before),
        gone_areas=_absent(old.area_codes, new.area_codes),
        within=within,
        outline=_outline(base, division) if within is None else None,
    )


def is_idle(change: Redivide) -> bool:
    """Whether it asks for nothing."""
    words = (change.leaves, change.gone, change.nodes, change.areas, change.gone_areas)
    return not any(words) and change.outline is None


def redivided(division: Division, change: Redivide) -> Division:
    """The division with what is given in the place of what goes; what is not concerned stays the same object.

    A leaf of which other vertices are given is left alone where its ground is another one by now.

    Raises
    ------
    Unknown
        For an area or a code that there is none of.
    Refused
        When a code that is given is in use outside the scope.
    Broken
        When the leaves would not divide the city; ``where`` shows the ground.
    """
    inside = np.ones(len(division.area_codes), dtype=np.bool_)
    if change.within is not None:
        inside = _within(division, change.within)
    nodes = _still_there(division, change.nodes)
    part = _with_known_ground(division, _part(division, [*change.leaves, *nodes], change.areas))
    _refuse_outside(division, part, change, inside)
    kept = ~np.isin(division.leaf_codes, [*part.leaf_codes.tolist(), *change.gone])
    kept_areas = ~np.isin(division.area_codes, [*part.area_codes.tolist(), *change.gone_areas])
    return spliced(division, part, (kept, kept_areas), change.outline)


# -- what differs ------------------------------------------------------------------------------------------------------
def _inside(base: Division, within: str | None) -> Division:
    """The leaves of a scope, and its areas."""
    if within is None:
        return base
    areas = _within(base, within)
    return _only(base, np.isin(base.leaf_parents, base.area_codes[areas]), areas)


def _given_inside(division: Division, within: str | None) -> Division:
    if within is None:
        return division
    areas = division.areas_within(within)
    if not areas.any():
        raise Refused(f"{within!r} is no area of the new division; name an area that both have")
    lost = np.setdiff1d(division.leaf_parents, division.area_codes[areas])
    if len(lost):
        raise Refused(f"parent {str(lost[0])!r} of the new division lies outside the scope; parents must lie in it")
    return _only(division, np.ones(len(division.leaf_codes), dtype=np.bool_), areas)


def _within(division: Division, within: str) -> Bools:
    """Which areas are the named one or lie under it."""
    inside = division.areas_within(within)
    if not inside.any():
        raise Unknown(f"no area {within!r} in the edition in force; name one of its areas")
    return inside


def _only(division: Division, leaves: Bools, areas: Bools) -> Division:
    fields = {name: getattr(division, name)[leaves] for name in _LEAF}
    return replace(division, **fields, **{name: getattr(division, name)[areas] for name in _AREA})


def _absent(old: Codes, new: Codes) -> tuple[str, ...]:
    return tuple(np.setdiff1d(old, new).tolist())


def _leaves(division: Division, which: Bools) -> GivenLeaves:
    columns = [getattr(division, name)[which].tolist() for name in _LEAF]
    return GivenLeaves(GivenLeaf(*told) for told in zip(*columns, strict=True))


def _areas(division: Division) -> list[GivenArea]:
    """The areas without their ground; the city and the top of a scope come under what they came under before."""
    columns = [getattr(division, name).tolist() for name in _AREA[:-1]]
    known = set(columns[0])
    parents = [parent if parent in known else "" for parent in columns[3]]
    return [GivenArea(*told) for told in zip(*columns[:3], parents, strict=True)]


def _outline(base: Division, division: Division) -> BaseGeometry | None:
    """The outline of the city where any vertex of it is another one; rings may start elsewhere."""
    before, after = (one.area_shapes[one.area_levels == 0] for one in (base, division))
    if len(before) == len(after) == 1 and to_the_vertex(before, after, np.zeros(1, dtype=np.int64))[0]:
        return None
    shape: BaseGeometry = after[0]
    return shape


# -- what comes of it --------------------------------------------------------------------------------------------------
def _still_there(division: Division, nodes: GivenLeaves) -> list[GivenLeaf]:
    """The leaves of which only vertices are given that hold the same ground as when they were."""
    codes, shapes = _codes(nodes), _shapes(nodes)
    was = positions(codes, division.leaf_codes)
    same = (was != OUTSIDE) & ~ground_moved(division.leaf_shapes, shapes, was)[0]
    fields = [getattr(division, name)[was[same]].tolist() for name in _LEAF[:-1]]
    return [
        GivenLeaf(code, name, kind, parent, shape)
        for code, name, kind, parent, shape in zip(*fields, shapes[same], strict=True)
    ]


def _part(division: Division, leaves: list[GivenLeaf], areas: tuple[GivenArea, ...]) -> Division:
    """What is given as rows; the ground of areas is for the leaves to tell."""
    above = [one.parent or division.parent_of_area(one.code) for one in areas]
    return replace(
        division,
        leaf_codes=_codes(leaves),
        leaf_names=np.array([one.name for one in leaves], dtype=np.str_),
        leaf_kinds=np.array([one.kind for one in leaves], dtype=np.str_),
        leaf_parents=np.array([one.parent for one in leaves], dtype=np.str_),
        leaf_shapes=_shapes(leaves),
        area_codes=np.array([one.code for one in areas], dtype=np.str_),
        area_names=np.array([one.name for one in areas], dtype=np.str_),
        area_levels=np.array([one.level for one in areas], dtype=np.int64),
        area_parents=np.array(above, dtype=np.str_),
        area_shapes=np.full(len(areas), shapely.Polygon(), dtype=object),
    )


def _with_known_ground(division: Division, part: Division) -> Division:
    """What is given with the ground there is, as the same object, where that is given to the last vertex."""
    was = positions(part.leaf_codes, division.leaf_codes)
    same = to_the_vertex(division.leaf_shapes, part.leaf_shapes, was)
    shapes = part.leaf_shapes.copy()
    shapes[same] = division.leaf_shapes[was[same]]
    return replace(part, leaf_shapes=shapes)


def _refuse_outside(division: Division, part: Division, change: Redivide, inside: Bools) -> None:
    """Raise Refused where a code is in use outside the scope, Unknown where one that goes is not there."""
    scope = division.area_codes[inside]
    mine = np.isin(division.leaf_parents, scope)
    there = np.concatenate([division.leaf_codes[mine], scope])
    gone = np.asarray([*change.gone, *change.gone_areas], dtype=np.str_)
    if len(lost := np.setdiff1d(gone, there)):
        raise Unknown(f"{lost[0]} is to be given up and is not in force in the scope any more")
    outside = np.concatenate([division.leaf_codes[~mine], division.area_codes[~inside]])
    given = np.concatenate([part.leaf_codes, part.area_codes])
    if len(taken := np.intersect1d(given, outside)):
        raise Refused(f"code {str(taken[0])!r} is in use outside the scope; the new division must take another")


def _codes(leaves: Iterable[GivenLeaf]) -> Codes:
    return np.array([one.code for one in leaves], dtype=np.str_)


def _shapes(leaves: Iterable[GivenLeaf]) -> Shapes:
    grounds = [one.ground for one in leaves]
    made = np.empty(len(grounds), dtype=object)
    made[:] = grounds
    return made
