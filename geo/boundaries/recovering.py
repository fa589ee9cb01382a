"""Rows that cannot stand as they are, recovered: what was done takes the place of the error, and nothing is dropped.

Only with leave to repair. Words, rows of another level, shapes and repeated codes come first, then parents and codes;
what may not be mended stays an error. Ground that overlaps, gapes or lies outside is not the rows' business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import shapely

from geo.arrays import Bools
from geo.boundaries.answers import Words, all_answered, answered, place_of, with_members, without
from geo.boundaries.findings import Finding
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree, judge_codes
from geo.boundaries.parents import found_parents
from geo.boundaries.recoding import Given, with_known_parents, with_new_codes
from geo.boundaries.shapes import is_fit, stand_ins
from geo.boundaries.standing import Standing
from geo.boundaries.texts import is_damaged, mojibake, restored
from geo.crs import area_m2

_SHAPES = ("geometry_empty", "geometry_not_polygon", "ring_invalid")
_FIELDS: dict[str, tuple[Words, Words]] = {
    "names": (("名称由编码代替", "the code stands in for the name"), ("名称还原", "the name is restored")),
    "parent_names": (
        ("上级名称不予采用", "the parent's name is not used"),
        ("上级名称还原", "the parent's name is restored"),
    ),
    "codes": (("编码不予采用", "the code is not used"), ("编码还原", "the code is restored")),
    "parents": (
        ("上级编码不予采用", "the parent's code is not used"),
        ("上级编码还原", "the parent's code is restored"),
    ),
}
"""Field of the members → what is said where it is left blank, and where it is restored."""


def recovered(tree: Tree, findings: Sequence[Finding], standing: Standing | None = None) -> tuple[Tree, list[Finding]]:
    """The tree with every row mended that may be, and all findings: errors that were answered are warnings now.

    Parameters
    ----------
    tree
        With parents found (``found_parents``) and, where grids come without codes, numbered (``with_codes``).
    findings
        Of the rows so far; each comes back, answered or not.
    standing
        The city published: its grids in force keep their codes, and no code ever given is given again.

    Returns
    -------
    tuple[Tree, list[Finding]]
        Without defects the same tree and findings; recovering again changes nothing. The order of rows matters only for
        their numbers.

    Raises
    ------
    Refused
        When an area has fewer numbers left than grids to be numbered.
    """
    told = list(findings)
    given = Given(standing, frozenset(str(code) for there in tree.members.values() for code in there.codes if code))
    tree, told = _with_words(tree, told)
    tree, told = _without_strangers(tree, told)
    tree, told = _with_shapes(tree, told)
    tree, told = with_known_parents(tree, told)
    tree, told = with_new_codes(tree, told, given)
    return _without_idle_areas(tree, told)


# -- words -------------------------------------------------------------------------------------------------------------
def _with_words(tree: Tree, told: list[Finding]) -> tuple[Tree, list[Finding]]:
    """Damaged words in the columns that are used: restored where that is sure, else left blank."""
    kinds = ("text_damaged",)
    damaged = [one for one in told if one.kind in kinds and one.severity == "error"]
    if not damaged:
        return tree, told
    was_found = {(one.file, row) for one in told if one.kind == "parent_doubtful" for row in one.rows}
    has_changed = False
    for members in tree.members.values():
        files = {one.file for one in damaged if one.level == members.key}
        changed, done = _words_of(members, files) if files else (members, {})
        place = place_of(members)

        def answer(
            found: Finding, place: Callable[[Finding], int | None] = place, done: dict[int, list[Words]] = done
        ) -> Words | None:
            at = place(found)
            if at is None:
                return None
            words = done.get(at, [])
            if not words and (found.file, found.rows[0]) in was_found:
                words = [("上级另行找到", "its parent was found otherwise")]
            return ("、".join(zh for zh, _ in words), ", ".join(en for _, en in words)) if words else None

        told = all_answered(told, kinds, answer)
        if done:
            tree, has_changed = with_members(tree, changed), True
    if not has_changed:
        return tree, told
    tree, more = found_parents(tree)  # a name that is whole again may tell a parent that was lost
    return tree, [*told, *(one for one in more if one not in told)]


def _words_of(members: Members, files: set[str]) -> tuple[Members, dict[int, list[Words]]]:
    """The members of these files without damaged words, and what was done to each, by position."""
    done: dict[int, list[Words]] = {}
    fields = {}
    for field, (left_out, put_right) in _FIELDS.items():
        values = getattr(members, field).copy()
        for file in sorted(files):
            here = np.flatnonzero(members.files == file)
            words = restored(values[here])
            if words is None:
                words = np.where(_damaged(values[here]), "", values[here])
            for at, word in zip(here.tolist(), words, strict=True):
                if word != values[at]:
                    how = (f"{put_right[0]}为 “{word}”", f"{put_right[1]} to {word!r}") if word else left_out
                    done.setdefault(at, []).append(how)
            values[here] = words
        fields[field] = values
    return (replace(members, **fields) if done else members), done


def _damaged(values: np.ndarray[tuple[int], np.dtype[np.object_]]) -> Bools:
    """Which words cannot be read; all foreign ones of a column under a wrong encoding."""
    whole = mojibake(values) is not None
    return np.asarray([is_damaged(str(one)) or (whole and not str(one).isascii()) for one in values], dtype=np.bool_)


# -- rows of another level ---------------------------------------------------------------------------------------------
def _without_strangers(tree: Tree, told: list[Finding]) -> tuple[Tree, list[Finding]]:
    """Rows of another level set aside, where that level has the row they repeat."""
    more: list[Finding] = []
    strange = [one for one in judge_codes(tree) if one.kind == "level_mixed"]
    for members in list(tree.members.values()):
        place, drop = place_of(members), set()
        for one in strange:
            at = place(one)
            there = [
                low for low in tree.members.values() if low.key != members.key and (low.codes == one.codes[1]).any()
            ]
            if at is None or not there:
                continue
            drop.add(at)
            zh, en = tree.zh(there[0].level), tree.name(there[0].level)
            m2 = _m2(members, at)
            more.append(
                answered(
                    one,
                    (
                        f"此行搁置（{m2:,.2f} m²），其范围属于{zh} {one.codes[1]}",
                        f"the row is set aside ({m2:,.2f} m²); its ground is that of {en} {one.codes[1]}",
                    ),
                    area_m2=m2,
                )
            )
        tree = without(tree, members.level, drop)
    return tree, told + more


def _m2(members: Members, at: int) -> float:
    return float(area_m2(stand_ins(members.shapes[[at]]))[0])


# -- shapes ------------------------------------------------------------------------------------------------------------
def _with_shapes(tree: Tree, told: list[Finding]) -> tuple[Tree, list[Finding]]:
    """Invalid shapes made valid; rows without ground set aside, areas that are named kept for what names them."""
    for level in sorted(tree.members, reverse=True):
        members = tree.members[level]
        concerned = [
            one for one in told if one.kind in _SHAPES and one.severity == "error" and one.level == members.key
        ]
        place = place_of(members)
        at = sorted({one for found in concerned if (one := place(found)) is not None})
        if not at:
            continue
        fit, shapes = stand_ins(members.shapes[at]), members.shapes.copy()
        words: dict[int, Words] = {}
        drop: set[int] = set()
        for one, shape in zip(at, fit, strict=True):
            if not shape.is_empty:
                words[one] = _made_valid(members, one, float(area_m2(np.asarray([shape], dtype=object))[0]))
                shapes[one] = shape
                continue
            shapes[one] = None
            names = _named_by(tree, members, one)
            words[one] = _without_ground(tree, level, names)
            drop |= set() if names else {one}

        def answer(
            found: Finding, place: Callable[[Finding], int | None] = place, words: dict[int, Words] = words
        ) -> Words | None:
            at = place(found)
            return None if at is None else words.get(at)

        told = all_answered(told, _SHAPES, answer)
        tree = without(with_members(tree, replace(members, shapes=shapes)), level, drop)
    return tree, told


def _made_valid(members: Members, at: int, after: float) -> Words:
    shape = members.shapes[at]
    if is_fit(members.shapes[[at]])[0]:
        return f"合并后有效（{after:,.2f} m²）", f"valid once its rows are joined ({after:,.2f} m²)"
    before = float(area_m2(shapely.get_parts(shape)).sum())
    change = after - before
    return (
        f"改为有效多边形，由 {before:,.2f} 变为 {after:,.2f} m²（{change:+,.2f}）",
        f"made valid, from {before:,.2f} to {after:,.2f} m² ({change:+,.2f})",
    )


def _named_by(tree: Tree, members: Members, at: int) -> int:
    """How many members of the level below name an area; 0 for a grid."""
    below = tree.members.get(members.level + 1)
    code = members.codes[at]
    return int((below.parents == code).sum()) if below is not None and code else 0


def _without_ground(tree: Tree, level: int, names: int) -> Words:
    zh, en = tree.zh(min(level + 1, tree.city.grid_level)), tree.name(min(level + 1, tree.city.grid_level))
    if names:
        return (
            f"保留，其范围为所属 {names} 个{zh}的范围",
            f"kept; its ground is that of the {names} of level {en} that name it",
        )
    if level == tree.city.grid_level:
        return "此行搁置：没有范围", "the row is set aside: it has no ground"
    return f"此行搁置：没有范围，也没有{zh}以其为上级", f"the row is set aside: no ground, and no {en} names it"


# -- areas -------------------------------------------------------------------------------------------------------------
def _without_idle_areas(tree: Tree, told: list[Finding]) -> tuple[Tree, list[Finding]]:
    """Areas without ground of their own that nothing below names, left out, from the lowest level up."""
    for level in range(tree.city.grid_level - 1, 0, -1):
        members, below = tree.members[level], tree.members[level + 1]
        bare = shapely.is_empty(stand_ins(members.shapes))
        drop = np.flatnonzero(bare & ~np.isin(members.codes.astype(np.str_), below.parents.astype(np.str_)))
        zh, en = tree.zh(level + 1), tree.name(level + 1)
        told += [
            members.found(
                "area_left_out",
                at,
                (
                    f"{members.called(at)} 没有范围，也没有{zh}以其为上级；不予采用",
                    f"{members.called(at)} has no ground and no {en} names it; it is left out",
                ),
            )
            for at in drop.tolist()
        ]
        tree = without(tree, level, set(drop.tolist()))
    return tree, told
