"""Judgement of codes: blank, of the wrong form or level, given twice, not nested; and of the parents they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo.boundaries.findings import Finding
from geo.boundaries.members import Members
from geo.boundaries.shapes import stand_ins
from geo.boundaries.sources import CITY_LEVEL, CitySource
from geo.codes import Scheme
from geo.names import plain_name

_MUTUAL = 0.5  # share of the common ground in both: more than this and they are the same ground


@dataclass(frozen=True)
class Tree:
    """All levels below the city with their members, for the judgement of how they nest.

    Parameters
    ----------
    members
        Level → members, the grids included.
    matchable
        Whether grids without a code will be matched to the edition in force or given a new one.
    """

    city: CitySource
    members: Mapping[int, Members]
    scheme: Scheme
    matchable: bool = False

    def zh(self, level: int) -> str:
        """What Chinese pages call a level."""
        return self.city.levels[level].zh

    def name(self, level: int) -> str:
        """Key of a level."""
        return self.city.levels[level].key


def scheme_of(city: CitySource) -> Scheme:
    """The scheme of codes that a city's sources declare. Raises Refused when the digits do not grow."""
    return Scheme(tuple(level.digits or 0 for level in city.levels))


def judge_codes(tree: Tree) -> list[Finding]:
    """Everything wrong with the codes of all levels, and with the parents they name."""
    findings: list[Finding] = []
    for level, members in tree.members.items():
        strange = _of_other_levels(tree, level)
        findings += strange.values()
        findings += _forms(tree, members, set(strange))
        findings += _parents(tree, members, set(strange))
    return [*findings, *_on_two_levels(tree)]


def _of_other_levels(tree: Tree, level: int) -> dict[int, Finding]:
    """Rows that belong to another level, by position: by the form of their code, or blank and on its ground."""
    members, found = tree.members[level], {}
    for at, code in enumerate(members.codes):
        if not code or tree.scheme.fits(code, level):
            continue
        if other := _level_of_form(tree, str(code), level):
            found[at] = _strange(tree, members, at, other, str(code))
    blank = [int(at) for at in np.flatnonzero(members.codes == "") if not shapely.is_missing(members.shapes[at])]
    for other, twin, at in _twins(tree, level, blank):
        found.setdefault(at, _strange(tree, members, at, other, str(tree.members[other].codes[twin])))
    return found


def _level_of_form(tree: Tree, code: str, level: int) -> int | None:
    """The other level whose fixed form a code has."""
    for other, length in enumerate(tree.scheme.lengths):
        if other != level and length and len(code) == length and tree.scheme.fits(code, other):
            return other
    return None


def _twins(tree: Tree, level: int, blank: list[int]) -> Iterable[tuple[int, int, int]]:
    """For rows without a code: level and position of a row below that is the same ground, and their own position."""
    members = tree.members[level]
    lower = [other for other, there in tree.members.items() if other > level and there.has_ground]
    for other in lower if blank else []:
        there = stand_ins(tree.members[other].shapes)
        mine = stand_ins(members.shapes[blank])
        at, twin = shapely.STRtree(there).query(mine, predicate="intersects")
        common = shapely.area(shapely.intersection(mine[at], there[twin]))
        larger = np.maximum(shapely.area(mine[at]), shapely.area(there[twin]))
        for one in np.flatnonzero(common > _MUTUAL * larger):
            yield other, int(twin[one]), blank[at[one]]


def _strange(tree: Tree, members: Members, at: int, other: int, code: str) -> Finding:
    level = members.level
    return members.found(
        "level_mixed",
        at,
        (
            f"第 {members.rows[at][0]} 行是{tree.zh(other)}（{code} {members.names[at]}），不是{tree.zh(level)}；"
            f"应移到{tree.zh(other)}图层",
            f"row {members.rows[at][0]} is a {tree.name(other)} ({code} {members.names[at]}), not a "
            f"{tree.name(level)}; it belongs in the layer of level {tree.name(other)}",
        ),
        codes=(str(members.codes[at]), code),
        where=members.shapes[at],
    )


def _forms(tree: Tree, members: Members, strange: set[int]) -> Iterable[Finding]:
    level = members.level
    is_grid = level == tree.city.grid_level
    length = tree.scheme.lengths[level]
    for at, code in enumerate(members.codes):
        if at in strange:
            continue
        if not code:
            if not (is_grid and tree.matchable):
                yield _blank(tree, members, at)
        elif not tree.scheme.fits(code, level):
            yield members.found(
                "code_length",
                at,
                (
                    f"编码 {code}（{len(code)} 位）不符合{tree.zh(level)}编码；应为 {length} 位数字",
                    f"code {code!r} ({len(code)} characters) is no {tree.name(level)} code; it must be {length} digits",
                ),
                where=members.shapes[at],
            )
        elif is_grid and tree.scheme.reserved(code):
            yield members.found(
                "code_reserved",
                at,
                (
                    f"编码 {code} 保留给兜底网格；具名网格应另取编码",
                    f"code {code} is reserved for fallback ground; give this grid another one",
                ),
                where=members.shapes[at],
            )


def _blank(tree: Tree, members: Members, at: int) -> Finding:
    row, name = members.rows[at][0], members.names[at] or "—"
    zh, en = tree.zh(members.level), tree.name(members.level)
    return members.found(
        "code_blank",
        at,
        (f"第 {row} 行（{name}）没有编码；应填写其{zh}编码", f"row {row} ({name}) has no code; give it its {en} code"),
        where=members.shapes[at],
    )


def _on_two_levels(tree: Tree) -> Iterable[Finding]:
    seen: dict[str, tuple[int, int]] = {}
    for level, members in sorted(tree.members.items()):
        for at, code in enumerate(members.codes):
            first = seen.setdefault(str(code), (level, at)) if code else (level, at)
            if first[0] == level and code != tree.city.code:
                continue
            upper = CITY_LEVEL if code == tree.city.code else first[0]
            yield members.found(
                "code_on_two_levels",
                at,
                (
                    f"编码 {code} 同时是{tree.zh(upper)}与{tree.zh(level)}的编码；一个编码只能有一个含义",
                    f"code {code} is a {tree.name(upper)} and a {tree.name(level)}; a code means one thing",
                ),
                codes=(str(code), str(code)),
                where=members.shapes[at],
            )


# -- parents -----------------------------------------------------------------------------------------------------------
def _parents(tree: Tree, members: Members, strange: set[int]) -> Iterable[Finding]:
    above = tree.members.get(members.level - 1)
    known = {tree.city.code: 0} if above is None else {str(code): at for at, code in enumerate(above.codes) if code}
    for at in range(len(members)):
        if at in strange:
            continue
        parent = str(members.parents[at])
        if not parent or parent not in known:
            yield _lost(tree, members, at)
            continue
        if above is not None:
            yield from _names_agree(tree, members, at, above, known[parent])
        yield from _nested(tree, members, at)


def _lost(tree: Tree, members: Members, at: int) -> Finding:
    parent, up = str(members.parents[at]), members.level - 1
    what, zh, en = members.called(at), tree.zh(up), tree.name(up)
    said = str(members.parent_names[at])
    if parent:
        kind = "parent_unknown"
        named = f"（{said}）" if said else ""
        messages = (
            f"{what} 的上级 {parent}{named} 不在{zh}图层中，按名称与范围也找不到；应补上该{zh}或改正编码",
            f"{what} names parent {parent}{f' ({said})' if said else ''}, which is not in the {en} layer, and neither "
            f"name nor ground tells another; add that {en} or correct the code",
        )
    else:
        kind = "parent_blank"
        messages = (
            f"{what} 没有所属{zh}{f'（写为 {said}）' if said else ''}，按范围也找不到；应填写{zh}编码",
            f"{what} names no {en}{f' that is known (it says {said})' if said else ''}, and its ground tells none; "
            f"give the code of its {en}",
        )
    return members.found(kind, at, messages, codes=(str(members.codes[at]), parent), where=members.shapes[at])


def _names_agree(tree: Tree, members: Members, at: int, above: Members, up: int) -> Iterable[Finding]:
    said, right = str(members.parent_names[at]), str(above.names[up])
    if not said or not right or plain_name(said) == plain_name(right):
        return
    zh, en = tree.zh(above.level), tree.name(above.level)
    yield members.found(
        "parent_name",
        at,
        (
            f"{members.called(at)} 写的{zh}是 {said}，而 {above.codes[up]} 名为 {right}；应一致",
            f"{members.called(at)} calls its {en} {said}, but {above.codes[up]} is named {right}; the two must agree",
        ),
        codes=(str(members.codes[at]), str(above.codes[up])),
        where=members.shapes[at],
    )


def _nested(tree: Tree, members: Members, at: int) -> Iterable[Finding]:
    code = str(members.codes[at])
    if (misfit := misfits(tree, members.level, code, str(members.parents[at]))) is None:
        return
    level, ancestor = misfit
    begins = ancestor[: tree.scheme.lengths[level]]
    yield members.found(
        "code_not_nested",
        at,
        (
            f"编码 {code} 不以所属{tree.zh(level)}编码 {begins} 开头；应改正编码或上级",
            f"code {code} does not begin with {begins}, the code of its {tree.name(level)}; "
            "correct the code or the parent",
        ),
        codes=(code, ancestor),
        where=members.shapes[at],
    )


def misfits(tree: Tree, level: int, code: str, parent: str) -> tuple[int, str] | None:
    """Level and code of the nearest ancestor with a fixed form that a code does not begin with; None where it does."""
    if not code or not tree.scheme.lengths[level]:
        return None
    for upper, ancestor in _upwards(tree, level - 1, parent):
        if tree.scheme.lengths[upper]:
            return None if tree.scheme.nests(code, ancestor, upper) else (upper, ancestor)
    return None


def _upwards(tree: Tree, level: int, code: str) -> Iterable[tuple[int, str]]:
    """Levels and codes from a parent up to the city, as far as they are known."""
    while level > CITY_LEVEL:
        yield level, code
        above = tree.members[level]
        at = np.flatnonzero(above.codes == code)
        if not at.size:
            return
        code, level = str(above.parents[at[0]]), level - 1
    yield CITY_LEVEL, tree.city.code


def repeated(codes: Sequence[str]) -> set[str]:
    """Codes that occur more than once; blank ones are not counted."""
    unique, count = np.unique([code for code in codes if code], return_counts=True)
    return {str(code) for code in unique[count > 1]}
