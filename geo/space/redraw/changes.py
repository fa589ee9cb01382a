"""The changes a plan is made of: data that says what to do, and the division that each makes of another.

Ground moves as :mod:`geo.space.redraw.moves` says; here a leaf also has a name, a kind and a parent, codes follow the
scheme of the city, and areas are united anew where a leaf in them changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes
from geo.codes import Scheme
from geo.errors import Refused
from geo.space.division.rows import Division, positions
from geo.space.division.uniting import reunited
from geo.space.partition import OUTSIDE
from geo.space.redraw import moves, scopes
from geo.space.redraw.drawing import SNAP_M
from geo.space.redraw.leaves import BEYOND, Moved, Redrawn
from geo.space.redraw.members import (
    COMPREHENSIVE,
    DEDICATED,
    FALLBACK,
    area,
    fallback_of,
    leaf,
    leaves_of,
    refuse_unfit,
)
from geo.space.redraw.redividing import Redivide, redivided
from geo.space.redraw.scopes import ReplaceScope


@dataclass(frozen=True)
class Split:
    """A grid cut by a line, the largest piece taking the first of ``codes``; ``names`` go with the codes.

    Without ``codes`` they are for :mod:`geo.space.redraw.numbering` to find.
    """

    code: str
    line: BaseGeometry
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    snap_m: float = SNAP_M


@dataclass(frozen=True)
class Merge:
    """Grids made one under the code and name of one of them; ``keep`` None is for the numbering to find."""

    codes: tuple[str, ...]
    keep: str | None = None


@dataclass(frozen=True)
class Transfer:
    """The ground of a drawn polygon given to a grid."""

    drawn: BaseGeometry
    to: str
    snap_m: float = SNAP_M


@dataclass(frozen=True)
class MoveBorder:
    """The ground of two grids divided anew by a line."""

    a: str
    b: str
    line: BaseGeometry
    snap_m: float = SNAP_M


@dataclass(frozen=True)
class CutDedicated:
    """The ground of a drawn polygon as a grid of its own; ``code`` None is for the numbering to find.

    ``grid_kind`` is dedicated, or comprehensive for ground that is divided into grids.
    """

    drawn: BaseGeometry
    code: str | None = None
    name: str = ""
    snap_m: float = SNAP_M
    grid_kind: str = DEDICATED


@dataclass(frozen=True)
class Dissolve:
    """A grid given up: its ground to another one, or, ``to`` None, to the fallback of its area."""

    code: str
    to: str | None = None


@dataclass(frozen=True)
class Reparent:
    """A grid that comes under another area of the lowest level; its ground goes with it."""

    code: str
    parent: str


@dataclass(frozen=True)
class Rename:
    """A grid or an area under another name."""

    code: str
    name: str


@dataclass(frozen=True)
class Recode:
    """A grid under another code; the old one is retired."""

    code: str
    to: str


@dataclass(frozen=True)
class Annex:
    """Ground outside the city given to a grid."""

    drawn: BaseGeometry
    to: str
    snap_m: float = SNAP_M


@dataclass(frozen=True)
class Cede:
    """Ground given out of the city."""

    drawn: BaseGeometry
    snap_m: float = SNAP_M


Change = (
    Split
    | Merge
    | Transfer
    | MoveBorder
    | CutDedicated
    | Dissolve
    | Reparent
    | Rename
    | Recode
    | Annex
    | Cede
    | ReplaceScope
    | Redivide
)


@dataclass(frozen=True, eq=False)
class Changed:
    """The division after a change, and what it did to the ground; nothing of that where only words changed."""

    division: Division
    redrawn: Redrawn


def changed(division: Division, change: Change, scheme: Scheme) -> Changed:
    """What a change makes of a division; what it does not concern stays the same object.

    Raises
    ------
    Unknown
        For a code there is none of.
    Refused
        When the change cannot be made, with the place where there is one; when a new code is wanting or does not fit
        the scheme; when an area would have no ground left.
    """
    return _made(change, division, scheme)


@dataclass(frozen=True)
class _Words:
    """What a new leaf is besides its ground."""

    name: str
    kind: str
    parent: str


@singledispatch
def _made(change: Change, division: Division, scheme: Scheme) -> Changed:
    raise TypeError(change)


@_made.register
def _split(change: Split, division: Division, scheme: Scheme) -> Changed:
    at = leaf(division, change.code)
    if not change.codes:
        raise _not_numbered("split")
    names = change.names or ("",) * len(change.codes)
    if len(names) != len(change.codes):
        raise Refused(
            f"{len(change.codes)} codes and {len(names)} names; each piece has one of both",
            zh=f"{len(change.codes)} 个编码、{len(names)} 个名称；每块各一个",
        )
    parent, kind = str(division.leaf_parents[at]), str(division.leaf_kinds[at])
    new = {code: name for code, name in zip(change.codes, names, strict=True) if code != change.code}
    for code in new:
        refuse_unfit(code, parent, scheme)
    done = moves.split(leaves_of(division), change.code, change.line, change.codes, change.snap_m)
    grown = COMPREHENSIVE if kind == FALLBACK else kind
    return _with(division, done, {code: _Words(name, grown, parent) for code, name in new.items()})


@_made.register
def _merge(change: Merge, division: Division, scheme: Scheme) -> Changed:
    if change.keep is None:
        raise _not_numbered("merge")
    if change.keep not in change.codes:
        raise Refused(
            f"{change.keep} is none of the grids to merge; keep the code of one of them",
            zh=f"{change.keep} 不在要合并的网格里；保留其中一个的编码",
        )
    return _with(division, moves.merge(leaves_of(division), change.codes, change.keep), {})


@_made.register
def _transfer(change: Transfer, division: Division, scheme: Scheme) -> Changed:
    return _with(division, moves.transfer(leaves_of(division), change.drawn, change.to, change.snap_m), {})


@_made.register
def _move_border(change: MoveBorder, division: Division, scheme: Scheme) -> Changed:
    done = moves.move_border(leaves_of(division), change.a, change.b, change.line, change.snap_m)
    return _with(division, done, {})


@_made.register
def _cut_dedicated(change: CutDedicated, division: Division, scheme: Scheme) -> Changed:
    if change.code is None:
        raise _not_numbered("cut_dedicated")
    done = moves.cut_dedicated(leaves_of(division), change.drawn, change.code, change.snap_m)
    parent = giver(division, done)
    refuse_unfit(change.code, parent, scheme)
    if change.grid_kind not in (COMPREHENSIVE, DEDICATED):
        raise Refused(
            f"no grid is {change.grid_kind!r}; what is cut out is {DEDICATED} or {COMPREHENSIVE}",
            zh=f"没有 {change.grid_kind!r} 这种网格；划出的是 {DEDICATED} 或 {COMPREHENSIVE}",
        )
    return _with(division, done, {change.code: _Words(change.name, change.grid_kind, parent)})


@_made.register
def _dissolve(change: Dissolve, division: Division, scheme: Scheme) -> Changed:
    at = leaf(division, change.code)
    if division.leaf_kinds[at] == FALLBACK:
        raise Refused(
            f"{change.code} is fallback ground already",
            zh=f"{change.code} 本来就是兜底地块",
            where=division.leaf_shapes[at],
        )
    if change.to is not None:
        leaf(division, change.to)
        return _with(division, moves.dissolve(leaves_of(division), change.code, change.to), {})
    parent = str(division.leaf_parents[at])
    code, name = fallback_of(division, parent, scheme)
    done = moves.dissolve(leaves_of(division), change.code, code)
    return _with(division, done, {} if leaves_of(division).has(code) else {code: _Words(name, FALLBACK, parent)})


@_made.register
def _reparent(change: Reparent, division: Division, scheme: Scheme) -> Changed:
    at, above = leaf(division, change.code), area(division, change.parent)
    if division.leaf_kinds[at] == FALLBACK:
        raise Refused(
            f"{change.code} is the fallback of its area and stays there",
            zh=f"{change.code} 是本区域的兜底地块，不能改隶",
            where=division.leaf_shapes[at],
        )
    if division.area_levels[above] != division.levels - 2:
        raise Refused(
            f"{change.parent} is not of the lowest level of areas; a grid comes under one that is",
            zh=f"{change.parent} 不是最低一级区域；网格只能归社区这一级",
        )
    if division.leaf_parents[at] == change.parent:
        raise Refused(f"{change.code} is under {change.parent} already", zh=f"{change.code} 本来就归 {change.parent}")
    parents = _text(division.leaf_parents, at, change.parent)
    return Changed(reunited(division, replace(division, leaf_parents=parents)), Redrawn({}))


@_made.register
def _rename(change: Rename, division: Division, scheme: Scheme) -> Changed:
    if not change.name.strip():
        raise Refused("the name is blank; a grid or an area has one", zh="名称是空的；网格和区域都要有名称")
    if leaves_of(division).has(change.code):
        names = _text(division.leaf_names, leaf(division, change.code), change.name)
        return Changed(replace(division, leaf_names=names), Redrawn({}))
    names = _text(division.area_names, area(division, change.code), change.name)
    return Changed(replace(division, area_names=names), Redrawn({}))


@_made.register
def _recode(change: Recode, division: Division, scheme: Scheme) -> Changed:
    at = leaf(division, change.code)
    if division.leaf_kinds[at] == FALLBACK:
        raise Refused(
            f"the code of fallback ground follows its area's; {change.code} stays",
            zh=f"兜底地块的编码跟随区域；{change.code} 不能改码",
        )
    if leaves_of(division).has(change.to):
        raise Refused(
            f"the code {change.to} is in use; choose one that is not", zh=f"编码 {change.to} 已有人用；换一个"
        )
    refuse_unfit(change.to, str(division.leaf_parents[at]), scheme)
    shape, codes = division.leaf_shapes[at], _text(division.leaf_codes, at, change.to)
    order = np.argsort(codes, kind="stable")
    rows = {key: getattr(division, key)[order] for key in ("leaf_names", "leaf_kinds", "leaf_parents", "leaf_shapes")}
    done = Redrawn({change.to: shape}, (change.code,), (Moved(change.code, change.to, shape),))
    return Changed(replace(division, leaf_codes=codes[order], **rows), done)


@_made.register
def _annex(change: Annex, division: Division, scheme: Scheme) -> Changed:
    return _with(division, moves.annex(leaves_of(division), change.drawn, change.to, change.snap_m), {})


@_made.register
def _cede(change: Cede, division: Division, scheme: Scheme) -> Changed:
    return _with(division, moves.cede(leaves_of(division), change.drawn, change.snap_m), {})


@_made.register
def _replace_scope(change: ReplaceScope, division: Division, scheme: Scheme) -> Changed:
    done, fallback = scopes.replaced(division, change, scheme)
    words = {code: _Words(name, FALLBACK, parent) for code, (name, parent) in fallback.items()}
    words |= {one.code: _Words(one.name, one.kind, one.parent) for one in change.leaves}
    return _with(division, done, words)


@_made.register
def _redivide(change: Redivide, division: Division, scheme: Scheme) -> Changed:
    return Changed(redivided(division, change), Redrawn({}))


# -- rows ------------------------------------------------------------------------------------------------------------
def _text(words: Codes, at: int, word: str) -> Codes:
    """Words with another one in one place, however long it is."""
    made = words.astype(object)
    made[at] = word
    return made.astype(np.str_)


def _not_numbered(kind: str) -> Refused:
    return Refused(f"{kind} has no code yet; give one, or have it numbered first", zh=f"{kind} 还没有编码；给一个")


def giver(division: Division, done: Redrawn) -> str:
    """The area that gave most of the ground that moved, the lowest code among equals."""
    given: dict[str, float] = {}
    for one in done.moved:
        if one.was != BEYOND:
            parent = str(division.leaf_parents[leaf(division, one.was)])
            given[parent] = given.get(parent, 0.0) + float(shapely.area(one.ground))
    return min(given, key=lambda code: (-given[code], code))


def _with(division: Division, done: Redrawn, words: dict[str, _Words]) -> Changed:
    """The division with the leaves that were redrawn; ``words`` of those that are new or have others now."""
    leaves = done.applied(leaves_of(division))
    was = positions(leaves.codes, division.leaf_codes)
    fields = [division.leaf_names, division.leaf_kinds, division.leaf_parents]
    named, kinds, parents = (
        np.array(
            [
                getattr(words[code], key) if at == OUTSIDE or code in words else str(field[at])
                for code, at in zip(leaves.codes.tolist(), was, strict=True)
            ],
            dtype=np.str_,
        )
        for key, field in zip(("name", "kind", "parent"), fields, strict=True)
    )
    made = replace(
        division,
        leaf_codes=leaves.codes,
        leaf_names=named,
        leaf_kinds=kinds,
        leaf_parents=parents,
        leaf_shapes=leaves.shapes,
    )
    return Changed(reunited(division, made), done)
