"""The changes that make one division of another: what a file that was edited elsewhere asks for, as a plan has it.

A grid that gained ground is drawn whole and given what it holds, so what is drawn has the vertices of the new division
and no others. Ground that changes hands in strips thinner than a cut can be is left where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Shapes
from geo.codes import Scheme
from geo.errors import Refused
from geo.space.arrangement import thickness
from geo.space.division import Comparison, Division, compare
from geo.space.division.rows import positions
from geo.space.partition import OUTSIDE
from geo.space.redraw.changes import (
    COMPREHENSIVE,
    FALLBACK,
    Change,
    CutDedicated,
    Dissolve,
    Recode,
    Rename,
    Reparent,
    Transfer,
)
from geo.space.redraw.slivers import THIN_M

_M_PER_DEGREE = 111_319.49


def changes_between(old: Division, new: Division, scheme: Scheme, given: Collection[str]) -> list[Change]:
    """Changes that make ``new`` of ``old``, none where nothing differs; ``given`` are codes that may not be taken.

    Raises
    ------
    Refused
        When areas appear, go or come under others, the outline moves, or a grid's kind differs: no plan does that.
    """
    difference = compare(old, new)
    if difference.outline_moved:
        raise Refused("the outline of the city would move; annex or cede ground in a plan of the whole city")
    taken = {*given, *old.leaf_codes.tolist(), *new.leaf_codes.tolist()}
    return [
        *_areas(old, new),
        *_appeared(old, new, difference, _Spare(scheme, taken)),
        *_gained(old, new, difference),
        *_words(old, new),
    ]


def _areas(old: Division, new: Division) -> Iterator[Change]:
    apart = np.setxor1d(old.area_codes, new.area_codes)
    if apart.size:
        raise Refused(f"{', '.join(apart.tolist()[:5])}: areas appear or go, which a plan does not do; import them")
    was = positions(new.area_codes, old.area_codes)
    for at in np.flatnonzero(new.area_parents != old.area_parents[was]):
        raise Refused(f"{new.area_codes[at]} would come under another area, which a plan does not do; import it")
    for at in np.flatnonzero(new.area_names != old.area_names[was]):
        yield Rename(str(new.area_codes[at]), str(new.area_names[at]))


class _Spare:
    """Codes that are taken for a moment and given up in the same plan."""

    def __init__(self, scheme: Scheme, taken: Collection[str]) -> None:
        self.scheme, self.taken = scheme, set(taken)

    def code(self, parent: str, ground: BaseGeometry) -> str:
        """The next free one of an area."""
        found = self.scheme.numbered(parent, np.array([ground], dtype=object), self.taken)[0]
        self.taken.add(found)
        return found


def _appeared(old: Division, new: Division, difference: Comparison, spare: _Spare) -> Iterator[Change]:
    """Leaves that come to be; by way of another code as fallback, and where another area holds most of their ground."""
    for at in np.flatnonzero(difference.appeared):
        ground, parent = new.leaf_shapes[at], str(new.leaf_parents[at])
        code, name, kind = (str(getattr(new, f"leaf_{field}")[at]) for field in ("codes", "names", "kinds"))
        gives = _giver(old, ground)
        fits = kind != FALLBACK and spare.scheme.nests(code, gives)
        between = code if fits else spare.code(gives, ground)
        yield CutDedicated(ground, between, name, 0.0, COMPREHENSIVE if kind == FALLBACK else kind)
        if gives != parent:
            yield Reparent(between, parent)
        if not fits:
            yield Dissolve(between) if kind == FALLBACK else Recode(between, code)


def _giver(old: Division, ground: BaseGeometry) -> str:
    """The area that holds most of a ground, the lowest code among equals."""
    at = np.sort(shapely.STRtree(old.leaf_shapes).query(ground, predicate="intersects"))
    held = shapely.area(shapely.intersection(old.leaf_shapes[at], ground))
    names, of = np.unique(old.leaf_parents[at], return_inverse=True)
    return str(names[np.argmax(np.bincount(of.reshape(-1), weights=held))])


def _gained(old: Division, new: Division, difference: Comparison) -> Iterator[Change]:
    was = positions(new.leaf_codes, old.leaf_codes)
    changed = np.flatnonzero(difference.changed & (was != OUTSIDE))
    gained = shapely.difference(new.leaf_shapes[changed], old.leaf_shapes[was[changed]])
    for at in changed[_is_wide(gained)]:
        yield Transfer(new.leaf_shapes[at], str(new.leaf_codes[at]), 0.0)


def _is_wide(shapes: Shapes) -> Bools:
    """Which shapes have a part that is thick enough to be cut off."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    found = np.zeros(len(shapes), dtype=np.bool_)
    found[of[thickness(parts) * _M_PER_DEGREE > THIN_M]] = True
    return found


def _words(old: Division, new: Division) -> Iterator[Change]:
    was = positions(new.leaf_codes, old.leaf_codes)
    for at in np.flatnonzero(was != OUTSIDE):
        code, before = str(new.leaf_codes[at]), was[at]
        if new.leaf_kinds[at] != old.leaf_kinds[before]:
            kinds = f"{old.leaf_kinds[before]} and would be {new.leaf_kinds[at]}"
            raise Refused(f"{code} is {kinds}; a grid of another kind takes another code")
        if new.leaf_parents[at] != old.leaf_parents[before]:
            yield Reparent(code, str(new.leaf_parents[at]))
        if new.leaf_kinds[at] != FALLBACK and str(new.leaf_names[at]) != str(old.leaf_names[before]):
            yield Rename(code, str(new.leaf_names[at]))
