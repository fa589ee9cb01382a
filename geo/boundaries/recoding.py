"""Codes and parents that cannot stand: which area has to be made, who keeps a code, and who is numbered anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Texts
from geo.boundaries.answers import Words, all_answered, answered, place_of, with_members, without
from geo.boundaries.findings import Finding
from geo.boundaries.matching import with_codes
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree, judge_codes, misfits
from geo.boundaries.parents import LEAST, NOTHING, largest_overlap
from geo.boundaries.shapes import stand_ins
from geo.boundaries.sources import CITY_LEVEL
from geo.boundaries.standing import Standing
from geo.codes import Scheme
from geo.crs import area_m2

_LOST = ("parent_unknown", "parent_blank")
_UNFIT = ("code_blank", "code_length", "code_reserved", "code_not_nested")


@dataclass(frozen=True)
class Given:
    """Codes that are given to no one else: every one of the city published, and those the files speak of.

    Rows that are set aside keep theirs, and so does a code that was lost to another.
    """

    standing: Standing | None
    spoken: frozenset[str]


Row = tuple[str, int]
"""File and first row number of a member: what stays the same when members before it are set aside."""


# -- parents -----------------------------------------------------------------------------------------------------------
def with_known_parents(tree: Tree, told: list[Finding]) -> tuple[Tree, list[Finding]]:
    """The tree in which every grid has a parent that is there, and codes lie under the area they begin with.

    A parent that only the rows below name is made an area with their ground, when its code fits and its own parent is
    clear. A grid for which there is none is set aside: its ground becomes fallback ground. A code that begins with
    another area's than the parent's keeps its form and takes that area.
    """
    for level in range(2, tree.city.grid_level + 1):
        lost = [one for one in judge_codes(tree) if one.kind in _LOST and one.level == tree.name(level)]
        if lost:
            tree, told = _with_made_areas(tree, told, level, lost)
        if strays := [
            one for one in judge_codes(tree) if one.kind == "code_not_nested" and one.level == tree.name(level)
        ]:
            tree, told = _by_beginning(tree, told, level, strays)
    return tree, told


def _with_made_areas(tree: Tree, told: list[Finding], level: int, lost: list[Finding]) -> tuple[Tree, list[Finding]]:
    members = tree.members[level]
    place = place_of(members)
    by_parent: dict[str, list[tuple[int, Finding]]] = defaultdict(list)
    for one in lost:
        if (at := place(one)) is not None:
            by_parent[str(members.parents[at])].append((at, one))
    drop: set[int] = set()
    for code, rows in sorted(by_parent.items()):
        area = _made(tree, level - 1, code, [at for at, _ in rows]) if code else None
        if area is not None:
            tree = with_members(tree, _appended(tree.members[level - 1], area))
            told = [*told, _area_made(tree, area, members, rows), *(answered(one, _ADDED) for _, one in rows)]
        elif level == tree.city.grid_level:
            drop |= {at for at, _ in rows}
            told = [*told, *(_set_aside(members, at, one) for at, one in rows)]
    return without(tree, level, drop), told


_ADDED = ("补入该上级，其范围为写明它的各行的范围", "that parent is added, with the ground of the rows that name it")


def _set_aside(members: Members, at: int, found: Finding) -> Finding:
    m2 = _m2(members, at)
    words = (
        f"此行搁置，其 {m2:,.2f} m² 在市域之内者成为兜底地块",
        f"the row is set aside and its {m2:,.2f} m², as far as they lie in the city, become fallback ground",
    )
    return answered(found, words, area_m2=m2)


def _made(tree: Tree, level: int, code: str, rows: list[int]) -> Members | None:
    """The area that rows of the level below name and nobody drew; None when its code or its parent is not clear."""
    below = tree.members[level + 1]
    ground = shapely.union_all(stand_ins(below.shapes[rows]))
    taken = code == tree.city.code or any((there.codes == code).any() for there in tree.members.values())
    if taken or ground.is_empty or not tree.scheme.fits(code, level):
        return None
    parent = _parent_of(tree, level, code, ground)
    if parent is None or misfits(tree, level, code, parent) is not None:
        return None
    names = Counter(name for name in sorted(map(str, below.parent_names[rows])) if name)
    name = names.most_common(1)[0][0] if names else ""
    return replace(
        below.taken(rows[:1]),
        level=level,
        key=tree.name(level),
        codes=_word(code),
        names=_word(name),
        kinds=_word(""),
        parents=_word(parent),
        parent_names=_word(""),
        rows=((),),
        shapes=_word(None),
        ancestors={},
    )


def _word(word: str | None) -> Texts:
    return np.asarray([word], dtype=object)


def _parent_of(tree: Tree, level: int, code: str, ground: BaseGeometry) -> str | None:
    """The parent of an area to be made: by the beginning of its code, else by the ground of what names it."""
    if level - 1 == CITY_LEVEL:
        return tree.city.code
    above = tree.members[level - 1]
    length = tree.scheme.lengths[level - 1]
    if length and (above.codes == code[:length]).any():
        return code[:length]
    rank = np.argsort(np.argsort(above.codes.astype(np.str_), kind="stable"), kind="stable")
    at, share = largest_overlap(np.asarray([ground], dtype=object), stand_ins(above.shapes), rank)
    return str(above.codes[at[0]]) or None if at[0] != NOTHING and share[0] >= LEAST else None


def _appended(members: Members, more: Members) -> Members:
    """Members with one more behind them."""
    return replace(
        members,
        codes=np.append(members.codes, more.codes),
        names=np.append(members.names, more.names),
        kinds=np.append(members.kinds, more.kinds),
        parents=np.append(members.parents, more.parents),
        parent_names=np.append(members.parent_names, more.parent_names),
        files=np.append(members.files, more.files),
        shapes=np.append(members.shapes, more.shapes),
        rows=(*members.rows, *more.rows),
        ancestors={level: np.append(values, _word("")) for level, values in members.ancestors.items()},
    )


def _area_made(tree: Tree, area: Members, members: Members, rows: list[tuple[int, Finding]]) -> Finding:
    at = [one for one, _ in rows]
    ground = shapely.union_all(stand_ins(members.shapes[at]))
    m2 = float(area_m2(np.asarray([ground], dtype=object))[0])
    code, name, parent = area.codes[0], area.names[0], area.parents[0]
    zh, en = tree.zh(area.level), tree.name(area.level)
    return area.found(
        "area_made",
        0,
        (
            f"{zh}图层没有 {code} {name}，但有 {len(at)} 行写明属于它；补入该{zh}，范围为这些行的范围（{m2:,.2f} m²），"
            f"上级为 {parent}；应在{zh}图层中补上",
            f"no row of level {en} is {code} {name}, and {len(at)} rows belong to it; it is made, with their ground "
            f"({m2:,.2f} m²) and {parent} as its parent; draw it in that layer",
        ),
        rows=tuple(row for one in at for row in members.rows[one]),
        where=ground,
        area_m2=m2,
    )


def _by_beginning(tree: Tree, told: list[Finding], level: int, strays: list[Finding]) -> tuple[Tree, list[Finding]]:
    """Codes that begin with another area's than their parent's, put under that area where it is there."""
    members, above = tree.members[level], tree.members[level - 1]
    length, place, parents = tree.scheme.lengths[level - 1], place_of(members), members.parents.copy()
    known = {str(code) for code in above.codes if code}
    told = list(told)
    for one in strays:
        at = place(one)
        begin = str(members.codes[at])[:length] if at is not None else ""
        if at is None or not length or begin not in known or misfits(tree, level, str(members.codes[at]), begin):
            continue
        was, parents[at] = parents[at], begin
        words = (f"保留编码，上级由 {was} 改为 {begin}", f"the code stays and the parent becomes {begin} (was {was})")
        told.append(answered(one, words))
    return with_members(tree, replace(members, parents=parents)), told


# -- codes -------------------------------------------------------------------------------------------------------------
def with_new_codes(tree: Tree, told: list[Finding], given: Given) -> tuple[Tree, list[Finding]]:
    """The tree in which each code is given once and every grid has one that fits, and what became of the others.

    Of rows with one code the largest keeps it, and rows of the very same ground are folded; equal sizes go by name,
    parent and shape. The others, and grids whose code is blank or cannot stand, are numbered anew as grids without code
    are (``with_codes``), areas after the highest number of their parent. The old code is told.
    """
    for level in sorted(tree.members):
        tree, told = _distinct(tree, told, level, given)
    return tree, told


def _distinct(tree: Tree, told: list[Finding], level: int, given: Given) -> tuple[Tree, list[Finding]]:
    members, is_grid = tree.members[level], level == tree.city.grid_level
    doubled = {one.codes[0] for one in told if one.kind == "code_duplicate" and one.severity == "error"}
    unfit = [one for one in judge_codes(tree) if one.kind in _UNFIT and one.level == members.key] if is_grid else []
    if not doubled and not unfit:
        return tree, told
    done: dict[Row, Words] = {}
    drop: set[int] = set()
    place = place_of(members)
    anew = {at for one in unfit if (at := place(one)) is not None}
    for group in _groups(members):
        if not (fit := [at for at in group if at not in anew]):
            continue
        keeper, rest, same = _ranked(members, fit)
        done |= {_row(members, keeper): _kept(members, keeper)} | {
            _row(members, at): _folded(members, at) for at in same
        }
        anew |= set(rest)
        drop |= set(same)
    if not anew and not done:
        return tree, _told(tree, told, level, done)
    old = {_row(members, at): str(members.codes[at]) for at in anew}
    codes = members.codes.copy()
    codes[sorted(anew)] = ""
    tree = without(with_members(tree, replace(members, codes=codes)), level, drop)
    tree = with_codes(tree, given.standing, given.spoken)[0] if is_grid else _numbered(tree, level, given)
    members = tree.members[level]
    done |= {
        row: _recoded(members, at, old[row])
        for at in range(len(members))
        if (row := _row(members, at)) in old and members.codes[at]
    }
    told = [*told, *(answered(one, done[row]) for one in unfit if (row := (one.file, one.rows[0])) in done)]
    return tree, _told(tree, told, level, done)


def _groups(members: Members) -> Iterable[list[int]]:
    """Positions of the members that share a code, where more than one does."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, code in enumerate(members.codes):
        if code:
            places[str(code)].append(at)
    return [group for group in places.values() if len(group) > 1]


def _ranked(members: Members, group: list[int]) -> tuple[int, list[int], list[int]]:
    """Of members with one code: who keeps it, who needs another, and whose ground is the very same as one of those."""
    shapes = stand_ins(members.shapes[group])
    size = area_m2(shapes).round(4)
    wkb = shapely.to_wkb(shapely.normalize(shapes))
    order = sorted(
        range(len(group)),
        key=lambda one: (
            -size[one],
            not members.names[group[one]],
            str(members.names[group[one]]),
            str(members.parents[group[one]]),
            wkb[one],
        ),
    )
    stay: list[int] = []
    same: list[int] = []
    for one in order:
        twin = any(bool(shapely.equals(shapes[one], shapes[other])) for other in stay)
        (same if twin else stay).append(one)
    return group[stay[0]], [group[one] for one in stay[1:]], [group[one] for one in same]


def _row(members: Members, at: int) -> Row:
    return str(members.files[at]), members.rows[at][0] if members.rows[at] else 0


def _m2(members: Members, at: int) -> float:
    return float(area_m2(stand_ins(members.shapes[[at]]))[0])


def _kept(members: Members, at: int) -> Words:
    row, m2 = _row(members, at)[1], _m2(members, at)
    return f"第 {row} 行最大（{m2:,.2f} m²），保留编码", f"row {row} is the largest ({m2:,.2f} m²) and keeps the code"


def _folded(members: Members, at: int) -> Words:
    row, name = _row(members, at)[1], members.names[at] or "—"
    return f"第 {row} 行（{name}）范围相同，并入", f"row {row} ({name}) is the same ground and is folded into it"


def _recoded(members: Members, at: int, old: str) -> Words:
    row, code = _row(members, at)[1], members.codes[at]
    was_zh, was_en = (f"（原 {old}）", f" (was {old})") if old else ("", "")
    return f"第 {row} 行新编为 {code}{was_zh}", f"row {row} becomes {code}{was_en}"


def _told(tree: Tree, told: list[Finding], level: int, done: dict[Row, Words]) -> list[Finding]:
    """The findings with each repeated code that is one no more answered by what became of its rows."""
    members = tree.members[level]
    still = {str(members.codes[group[0]]) for group in _groups(members)}

    def answer(found: Finding) -> Words | None:
        if found.level != members.key or found.codes[0] in still:
            return None
        words = [done[row] for number in found.rows if (row := (found.file, number)) in done]
        words = words or [("重复的行已搁置", "the rows that repeated it are set aside")]
        return "；".join(zh for zh, _ in words), "; ".join(en for _, en in words)

    return all_answered(told, ("code_duplicate",), answer)


def _numbered(tree: Tree, level: int, given: Given) -> Tree:
    """Areas without a code numbered behind the highest number of their parent, on the scheme cut off at their level."""
    members = tree.members[level]
    codes, scheme = members.codes.copy(), Scheme(tree.scheme.lengths[: level + 1])
    taken = {*(given.standing.given if given.standing else ()), *given.spoken, *map(str, codes[codes != ""])}
    by_parent: dict[str, list[int]] = defaultdict(list)
    for at in np.flatnonzero((codes == "") & (members.parents != "")).tolist():
        by_parent[str(members.parents[at])].append(at)
    for parent, these in sorted(by_parent.items()):
        codes[these] = scheme.numbered(parent, stand_ins(members.shapes[these]), taken)
        taken |= set(map(str, codes[these]))
    return with_members(tree, replace(members, codes=codes))
