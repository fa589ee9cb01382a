"""The judgement of an import as a whole: layers as read become one division, with all that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from shapely.geometry.base import BaseGeometry

from geo.boundaries.findings import Finding, has_errors
from geo.boundaries.grounds import fallback_findings, judge_ground, outlines_differ
from geo.boundaries.joining import folded_rows, joined_parts, totals_repeated
from geo.boundaries.ledgers import Entry
from geo.boundaries.members import Members, ancestors_of, member_of, with_parents
from geo.boundaries.nesting import Tree, judge_codes, scheme_of
from geo.boundaries.reading import Boundaries, blank
from geo.boundaries.recognising import recognised
from geo.boundaries.repairs import Repair
from geo.boundaries.shapes import judge_shapes
from geo.boundaries.sources import CITY_LEVEL, CitySource
from geo.boundaries.texts import judge_texts
from geo.crs import area_m2
from geo.errors import Refused
from geo.space.division import Division


@dataclass(frozen=True)
class Judgement:
    """A division and everything said about it; to be published only when nothing is an error."""

    tree: Tree
    division: Division
    findings: list[Finding]
    ledger: list[Entry] = field(default_factory=list)


def judge_layers(layers: Sequence[Boundaries], placed: Sequence[Finding]) -> list[Finding]:
    """What is wrong inside single layers: words and shapes; ``placed`` are the findings there are already."""
    findings = []
    for layer in layers:
        known = {row for one in placed if one.file == layer.label for row in one.rows}
        swapped = any(one.file == layer.label and one.kind == "latitude_first" for one in placed)
        findings += judge_texts(layer)
        findings += [] if swapped else judge_shapes(layer, known)
    return findings


def tree_of(
    city: CitySource, layers: Sequence[Boundaries], given: Mapping[int, Members], *, matchable: bool = False
) -> tuple[Tree, list[Finding]]:
    """All levels with their members and parents, and what was found on the way.

    Parameters
    ----------
    given
        Levels that the files leave out and the edition in force has.
    matchable
        Whether grids may come without a code.

    Raises
    ------
    Refused
        When nothing tells the members or the parents of a level.
    """
    findings: list[Finding] = []
    members: dict[int, Members] = {}
    for level in range(1, city.grid_level + 1):
        here = [layer for layer in layers if layer.level == level]
        if here:
            members[level], more = _members(here)
        else:
            members[level], more = _without_layer(city, layers, level, given)
        findings += more
    for level in range(city.grid_level, 0, -1):
        if members[level].level == -1:
            members[level] = _from_codes(city, members, level)
    for level in range(1, city.grid_level + 1):
        has_column = any(layer.source.parent for layer in layers if layer.level == level) or level in given
        above = members[level - 1] if level > 1 else None
        members[level] = with_parents(members[level], city, above, has_column)
    return Tree(city, members, scheme_of(city), matchable), findings


def _members(layers: Sequence[Boundaries]) -> tuple[Members, list[Finding]]:
    """The members of a level: rows given twice folded, parts joined, and the totals that parts repeat."""
    whole, repeated = folded_rows(_named_only(member_of(layers)))
    whole, joined = joined_parts(whole)
    codes = [one.codes[0] for one in joined if one.kind == "parts_joined"]
    return whole, [*repeated, *joined, *(one for layer in layers for one in totals_repeated(layer, codes))]


def _named_only(members: Members) -> Members:
    """Members without fallback rows: that ground comes out of the division by itself."""
    if not (members.kinds == "fallback").any():
        return members
    return members.taken(np.flatnonzero(members.kinds != "fallback").tolist())


def _without_layer(
    city: CitySource, layers: Sequence[Boundaries], level: int, given: Mapping[int, Members]
) -> tuple[Members, list[Finding]]:
    key = city.levels[level].key
    for layer in layers:
        if level in layer.ancestors:
            return ancestors_of(layer, level, key)
    if level in given:
        return given[level], []
    if level == city.grid_level:
        return _none(level, key), []
    if city.levels[level].digits is None:
        raise Refused(
            f"{', '.join(layer.label for layer in layers)}: no layer has level {key!r}, none names it in ancestors, "
            "and its codes have no fixed digits; "
            f"add a [[layer]] with level = {key!r}, or ancestors = {{ {key} = its column }}"
        )
    return _none(-1, key), []  # to be read from the codes of the level below


def _none(level: int, key: str) -> Members:
    nothing = blank(0)
    return Members(level, key, nothing, nothing, nothing, nothing, nothing, nothing, (), nothing, {})


def _from_codes(city: CitySource, members: Mapping[int, Members], level: int) -> Members:
    """Members of a level that only the codes below tell: their beginnings."""
    digits, below = city.levels[level].digits, members[level + 1]
    codes, first = np.unique([str(code)[:digits] for code in below.codes], return_index=True)
    keep = codes != ""
    codes, first = codes[keep].astype(object), first[keep]
    return replace(
        _none(level, city.levels[level].key),
        codes=codes,
        names=codes,
        kinds=blank(len(codes)),
        parents=blank(len(codes)),
        parent_names=blank(len(codes)),
        files=below.files[first],
        rows=tuple(below.rows[at] for at in first),
        shapes=np.full(len(codes), None, dtype=object),
    )


def judge(
    tree: Tree, outline: BaseGeometry | None, findings: Sequence[Finding], repair: Repair | None = None
) -> Judgement:
    """The division that a tree makes, with all findings, the earlier ones included; with ``repair`` mended first.

    Raises
    ------
    Refused
        When there is no ground at all to divide.
    """
    if not any(members.has_ground for level, members in tree.members.items() if level > CITY_LEVEL):
        if has_errors(findings):
            return Judgement(tree, _no_division(tree), list(findings))
        files = {str(file) for members in tree.members.values() for file in members.files}
        named = ", ".join(sorted(files | {one.file for one in findings if one.file}))
        raise Refused(f"{named or 'the files'} hold no ground: no layer has a row with a polygon")
    ground = judge_ground(tree, outline, repair)
    division, found = ground.division, ground.findings
    whole = next(iter(division.area_shapes[division.area_levels == CITY_LEVEL]), None)
    told = [*findings, *_codes(tree, findings), *recognised(tree, whole), *found]
    told += outlines_differ(found, outline is not None)
    if not has_errors(told):
        areas_m2 = dict(zip(map(str, division.leaf_codes), area_m2(division.leaf_shapes).tolist(), strict=True))
        told += fallback_findings(tree, division, areas_m2)
    return Judgement(tree, division, told, ground.ledger)


def _codes(tree: Tree, findings: Sequence[Finding]) -> list[Finding]:
    """What is wrong with the codes; a parent that had to be found is not told a second time by its name."""
    found = {(one.file, one.rows) for one in findings if one.kind == "parent_doubtful"}
    return [one for one in judge_codes(tree) if one.kind != "parent_name" or (one.file, one.rows) not in found]


def _no_division(tree: Tree) -> Division:
    words, shapes = np.asarray([], dtype=np.str_), np.asarray([], dtype=object)
    return Division(
        len(tree.city.levels),
        words,
        words,
        words,
        words,
        shapes,
        words,
        words,
        np.asarray([], dtype=np.int64),
        words,
        shapes,
    )
