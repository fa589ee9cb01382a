"""The parent of every row: by its code, else by a name, else by its ground; what is doubtful or disagrees is told.

By code: the parent the file names, else the one the row's own code begins with. By name: exactly, else folded; a name
that two areas share tells nothing. By ground: the area that holds the largest share, from a tenth on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes, Texts
from geo.boundaries.findings import Finding
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree
from geo.boundaries.shapes import stand_ins
from geo.crs import area_m2
from geo.names import folded, plain_name

NOTHING = -1
"""Position of a parent where there is none."""

LEAST = 0.1
"""A smaller share of a row's ground in an area says nothing about its parent: neighbours' borders differ by as much."""

CLEAR = 0.99
"""From this share on a parent found by ground alone is not doubtful, in a file that names no parents at all."""

_MOST = 0.5
_BEGINNING, _NAME, _GROUND = 1, 2, 3  # how a parent was found that the file itself does not tell


@dataclass(frozen=True, eq=False)
class _Parents:
    """The parent of each member: its position above, how it was found (0 as the file says), the share held there.

    ``other`` is another area that holds more than half of the ground (NOTHING where none does), ``other_share`` how
    much.
    """

    at: Ints
    how: Ints
    share: Floats
    other: Ints
    other_share: Floats


def found_parents(tree: Tree) -> tuple[Tree, list[Finding]]:
    """The tree with a parent for every member that code, name or ground gives one, and what is doubtful about it.

    Members that name a parent keep it; one of which more than half lies elsewhere is told (``parents_disagree``). The
    others are found and told (``parent_doubtful``), unless the file names no parents at all and the ground is clear.
    Those that nothing gives a parent stay as they are. The order of rows changes nothing; equal shares go to the
    lowest code.
    """
    members, findings, is_changed = dict(tree.members), list[Finding](), False
    for level in range(2, tree.city.grid_level + 1):
        here, above = members[level], members[level - 1]
        if not len(here) or not len(above):
            continue
        found = _parents(tree, here, above)
        findings += _told(tree, here, above, found)
        lost = (found.how > 0) & (found.at != NOTHING)
        if lost.any():
            parents = here.parents.copy()
            parents[lost] = above.codes[found.at[lost]]
            members[level], is_changed = replace(here, parents=parents), True
    return (replace(tree, members=members) if is_changed else tree), findings


def largest_overlap(shapes: Shapes, others: Shapes, order: Ints | None = None) -> tuple[Ints, Floats]:
    """Position of the other shape that holds most of each, and its share of it (0 to 1); NOTHING and 0 where none does.

    Parameters
    ----------
    shapes, others
        Valid polygons of one CRS, empty ones allowed; shares are of planar area, which a city does not distort.
    order
        Rank of each other: the lowest wins between equal shares; their positions when not given.
    """
    at, other = shapely.STRtree(others).query(shapes, predicate="intersects")
    common = shapely.area(shapely.intersection(shapes[at], others[other]))
    at, other, common = at[common > 0], other[common > 0], common[common > 0]
    part = common / shapely.area(shapes[at])
    rank = np.arange(len(others)) if order is None else order
    # The largest is written last, the lowest rank among equals; the ninth decimal is noise of the intersections.
    rising = np.lexsort((-rank[other], np.round(part, 9)))
    best, share = np.full(len(shapes), NOTHING, dtype=np.int64), np.zeros(len(shapes))
    best[at[rising]], share[at[rising]] = other[rising], part[rising]
    return best, share


# -- the three ways ----------------------------------------------------------------------------------------------------
def _parents(tree: Tree, members: Members, above: Members) -> _Parents:
    known = _first_of(str(code) for code in above.codes)
    at = np.asarray([known.get(str(parent), NOTHING) for parent in members.parents], dtype=np.int64)
    how = np.zeros(len(members), dtype=np.int64)
    if (lost := at == NOTHING).any():
        at, how = np.where(lost, _by_beginning(tree, members, known), at), np.where(lost, _BEGINNING, how)
    if (lost := at == NOTHING).any():
        at, how = np.where(lost, _by_name(members, above), at), np.where(lost, _NAME, how)
    shapes = stand_ins(members.shapes)
    areas = stand_ins(above.shapes)
    areas[above.codes == ""] = shapely.Polygon()
    rank = np.argsort(np.argsort(above.codes.astype(np.str_), kind="stable"), kind="stable")
    share = _held(shapes, areas, at)
    elsewhere = np.flatnonzero((at == NOTHING) | ((share < _MOST) & ~shapely.is_empty(areas[at])))
    elsewhere = elsewhere[~shapely.is_empty(shapes[elsewhere])]
    best, most = np.full(len(members), NOTHING), np.zeros(len(members))
    best[elsewhere], most[elsewhere] = largest_overlap(shapes[elsewhere], areas, rank)
    lost = at == NOTHING
    by_ground = lost & (most >= LEAST)
    apart = ~lost & (most > _MOST) & (best != at)
    return _Parents(
        at=np.where(by_ground, best, at),
        how=np.where(lost, _GROUND, how),
        share=np.where(by_ground, most, share),
        other=np.where(apart, best, NOTHING),
        other_share=np.where(apart, most, 0.0),
    )


def _first_of(words: Iterable[str]) -> dict[str, int]:
    """The first position of each word that is not blank."""
    found: dict[str, int] = {}
    for at, word in enumerate(words):
        if word:
            found.setdefault(word, at)
    return found


def _by_beginning(tree: Tree, members: Members, known: dict[str, int]) -> Ints:
    """The member above whose code the row's own code begins with, where both levels have a fixed form."""
    length = tree.scheme.lengths[members.level - 1]
    if not length or not tree.scheme.lengths[members.level]:
        return np.full(len(members), NOTHING, dtype=np.int64)
    beginnings = [str(code)[:length] if tree.scheme.fits(str(code), members.level) else "" for code in members.codes]
    return np.asarray([known.get(beginning, NOTHING) for beginning in beginnings], dtype=np.int64)


def _by_name(members: Members, above: Members) -> Ints:
    """The only member above of that name, as it is written, else folded."""
    ways: tuple[Callable[[str], str], ...] = (plain_name, folded)
    found = np.full(len(members), NOTHING, dtype=np.int64)
    for way in ways:
        known = _only(above.codes, [way(str(name)) for name in above.names])
        told = [known.get(way(str(name)), NOTHING) if name else NOTHING for name in members.parent_names]
        found = np.where(found == NOTHING, np.asarray(told, dtype=np.int64), found)
    return found


def _only(codes: Texts, names: list[str]) -> dict[str, int]:
    """Position by name; names of areas with different codes, and of those without one, are left out."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        if name and codes[at]:
            places[name].append(at)
    return {name: at[0] for name, at in places.items() if len({str(codes[one]) for one in at}) == 1}


def _held(shapes: Shapes, areas: Shapes, at: Ints) -> Floats:
    """Share of each shape in its area; 0 without one, and for shapes without ground."""
    share = np.zeros(len(shapes))
    there = np.flatnonzero((at != NOTHING) & ~shapely.is_empty(shapes))
    shapely.prepare(areas)
    inside = shapely.covers(areas[at[there]], shapes[there])
    share[there[inside]] = 1.0
    rest = there[~inside]
    share[rest] = shapely.area(shapely.intersection(shapes[rest], areas[at[rest]])) / shapely.area(shapes[rest])
    return share


# -- what is said ------------------------------------------------------------------------------------------------------
def _told(tree: Tree, members: Members, above: Members, found: _Parents) -> Iterable[Finding]:
    names_none = not ((members.parents != "") | (members.parent_names != "")).any()
    clear: Bools = (found.how == _GROUND) & (found.share >= CLEAR) & names_none
    for at in np.flatnonzero((found.how > 0) & (found.at != NOTHING) & ~clear):
        yield _doubtful(tree, members, int(at), above, found)
    for at in np.flatnonzero(found.other != NOTHING):
        yield _disagree(tree, members, int(at), above, found)


def _doubtful(tree: Tree, members: Members, at: int, above: Members, found: _Parents) -> Finding:
    zh, en = tree.zh(above.level), tree.name(above.level)
    parent, said = str(members.parents[at]), str(members.parent_names[at])
    code, named = str(above.codes[found.at[at]]), str(above.names[found.at[at]])
    why_zh = f"所写上级 {parent} 不在{zh}图层中" if parent else f"没有写明所属{zh}编码"
    why_en = f"names parent {parent}, which is not in the {en} layer" if parent else f"names no {en} by code"
    if said:
        why_zh, why_en = f"{why_zh}（写为 {said}）", f"{why_en} (it says {said})"
    by_zh, by_en = {
        _BEGINNING: ("按其编码开头", "by the beginning of its code"),
        _NAME: ("按名称", "by that name"),
        _GROUND: ("按范围重叠最大", "by its largest overlap"),
    }[int(found.how[at])]
    share = f"{found.share[at]:.2%}"
    what = members.called(at)
    return members.found(
        "parent_doubtful",
        at,
        (
            f"{what} {why_zh}；{by_zh}归入 {code} {named}，其范围的 {share} 在其中；应核实并写明",
            f"{what} {why_en}; {by_en} it belongs to {code} {named}, which holds {share} of its ground; "
            "verify it and name it in the file",
        ),
        codes=(str(members.codes[at]), code),
        where=members.shapes[at],
    )


def _disagree(tree: Tree, members: Members, at: int, above: Members, found: _Parents) -> Finding:
    zh, en = tree.zh(above.level), tree.name(above.level)
    code, other = str(above.codes[found.at[at]]), str(above.codes[found.other[at]])
    named, elsewhere = str(above.names[found.at[at]]), str(above.names[found.other[at]])
    ground = stand_ins(np.asarray([members.shapes[at], above.shapes[found.other[at]]], dtype=object))
    where = shapely.intersection(ground[0], ground[1])
    mine, theirs = f"{found.share[at]:.2%}", f"{found.other_share[at]:.2%}"
    what = members.called(at)
    return members.found(
        "parents_disagree",
        at,
        (
            f"{what} 属于{zh} {code} {named}（范围的 {mine} 在其中），但 {theirs} 在 {other} {elsewhere} 之内；"
            "以文件所写为准，应改正上级或边界",
            f"{what} belongs to {en} {code} {named}, which holds {mine} of its ground, but {theirs} lie in {other} "
            f"{elsewhere}; what the file says stands; correct the parent or the border",
        ),
        codes=(str(members.codes[at]), code, other),
        where=where,
        area_m2=float(area_m2(np.asarray([where], dtype=object))[0]),
    )
