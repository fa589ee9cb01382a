"""The codes a change takes by itself where none are given, so that it is kept, and made again, with the same ones.

Who is larger keeps the code: by a size that is asked for (households, as a rule), among equals by ground, then the
lowest code. Thus a split that is merged again restores the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
import shapely

from geo.arrays import Floats, Ints, Shapes
from geo.codes import Scheme
from geo.crs import area_m2
from geo.errors import Refused
from geo.space.division.rows import Division
from geo.space.redraw import moves
from geo.space.redraw.changes import Change, CutDedicated, Merge, Split, giver
from geo.space.redraw.members import FALLBACK, leaves_of
from geo.space.redraw.scopes import ReplaceScope, is_idle, trimmed
from geo.space.redraw.slivers import THIN_M

Size = Callable[[Shapes], Floats]
"""How large pieces (n,) of ground are: what they hold of whatever counts, 0 where nothing."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """What codes are taken from.

    Parameters
    ----------
    scheme
        Of the city's codes.
    given
        Every code of a grid ever given in an area, or spoken for, retired ones included; others may be among them.
    size
        Decides who keeps a code; None = ground alone.
    """

    scheme: Scheme
    given: Callable[[str], Collection[str]] = lambda area: ()
    size: Size | None = None


def is_numbered(change: Change) -> bool:
    """Whether a change has every code it needs."""
    if isinstance(change, Split):
        return bool(change.codes)
    if isinstance(change, Merge):
        return change.keep is not None
    if isinstance(change, ReplaceScope):
        return change.gone is not None
    return not isinstance(change, CutDedicated) or change.code is not None


def numbered(division: Division, change: Change, numbers: Numbers) -> Change:
    """The change with the codes it lacks; one that has them is answered as it is.

    The largest piece of a split keeps the code, the others take the next free ones of the scheme, in rows from west to
    east, the rows from north to south. A merge keeps the code of the largest, of named grids where any is among them.
    A dedicated grid takes the next code of the area that gives most. Of a scope that is replaced what stays is left
    out, and what goes is named.

    Raises
    ------
    Unknown
        For a code there is none of.
    Refused
        When the change cannot be made, or its area has no code left; when a scope is given as it is.
    """
    return change if is_numbered(change) else _numbered(change, division, numbers)


@singledispatch
def _numbered(change: Change, division: Division, numbers: Numbers) -> Change:
    raise TypeError(change)


@_numbered.register
def _split(change: Split, division: Division, numbers: Numbers) -> Split:
    leaves = leaves_of(division)
    pieces = moves.pieces(leaves, change.code, change.line, change.snap_m)
    if change.names and len(change.names) != len(pieces):
        raise Refused(
            f"the line makes {len(pieces)} pieces and there are {len(change.names)} names; each has one",
            zh=f"这条线切出 {len(pieces)} 块，名称有 {len(change.names)} 个；每块一个",
            where=shapely.GeometryCollection([*pieces]),
        )
    parent = str(division.leaf_parents[leaves.at([change.code])[0]])
    keeper = int(_by_size(pieces, numbers.size)[0])
    others = np.delete(np.arange(len(pieces)), keeper)
    new = numbers.scheme.numbered(parent, pieces[others], _given(division, parent, numbers))
    codes = [change.code] * len(pieces)
    for at, code in zip(others.tolist(), new, strict=True):
        codes[at] = code
    in_order = dict(zip([change.code, *sorted(new)], change.names or ("",) * len(pieces), strict=True))
    return replace(change, codes=tuple(codes), names=tuple(in_order[code] for code in codes))


@_numbered.register
def _merge(change: Merge, division: Division, numbers: Numbers) -> Merge:
    leaves = leaves_of(division)
    at = np.sort(leaves.at(sorted(set(change.codes))))
    is_named = division.leaf_kinds[at] != FALLBACK
    at = at[is_named] if is_named.any() else at
    if not at.size:
        raise Refused("0 leaf to merge; two or more are wanted", zh="没有网格；合并要两个以上")
    return replace(change, keep=str(leaves.codes[at[_by_size(leaves.shapes[at], numbers.size)[0]]]))


@_numbered.register
def _cut_dedicated(change: CutDedicated, division: Division, numbers: Numbers) -> CutDedicated:
    provisional = "~"
    done = moves.cut_dedicated(leaves_of(division), change.drawn, provisional, change.snap_m)
    if provisional not in done.shapes:
        raise Refused(
            f"what is drawn is thinner than {THIN_M:g} m: no grid of its own",
            zh=f"画的比 {THIN_M:g} 米还窄，不成一格；画宽一些",
            where=change.drawn,
        )
    ground = np.array([done.shapes[provisional]], dtype=object)
    parent = giver(division, done)
    code = numbers.scheme.numbered(parent, ground, _given(division, parent, numbers))[0]
    return replace(change, code=code)


@_numbered.register
def _replace_scope(change: ReplaceScope, division: Division, numbers: Numbers) -> ReplaceScope:
    found = trimmed(division, change)
    if is_idle(found):
        raise Refused("the leaves that are given are there already: nothing changes", zh="给的和现有的一样，没有变化")
    return found


def _given(division: Division, area: str, numbers: Numbers) -> set[str]:
    return {*numbers.given(area), *division.leaf_codes.tolist()}


def _by_size(shapes: Shapes, size: Size | None) -> Ints:
    """Positions (n,) of shapes, the largest first, equals by their ground, then as they stand."""
    ground = area_m2(shapes)
    held = np.zeros(len(shapes)) if size is None else size(shapes)
    return np.lexsort((np.arange(len(shapes)), -ground, -held)).astype(np.int64)
