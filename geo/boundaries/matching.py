"""Grids that come without a code: matched to the edition in force by their ground, before a new code is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import shapely

from geo.arrays import Codes, Ints, Shapes
from geo.boundaries.findings import Finding
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree
from geo.boundaries.shapes import stand_ins
from geo.boundaries.standing import Standing

MUTUAL = 0.5
"""Two grids are the same when more than this share of each is common ground; then at most one can be."""


def with_codes(tree: Tree, standing: Standing | None, spoken: Collection[str] = ()) -> tuple[Tree, list[Finding]]:
    """The tree with a code for every grid that came without one, and which codes those are.

    A grid takes the code of the named leaf in force that it shares more than half of both grounds with, unless it now
    lies in another community or the file gives that code itself. The others take new numbers of their community, west
    to east in rows, the rows from north to south. A grid without a known parent stays without a code. Codes ever given,
    those of the tree and those ``spoken`` for are not given again.

    Raises
    ------
    Refused
        When a community has fewer numbers left than new grids.
    """
    level = tree.city.grid_level
    grids = tree.members[level]
    blank = np.flatnonzero((grids.codes == "") & (grids.parents != ""))
    if not blank.size:
        return tree, []
    codes = grids.codes.copy()
    if standing is not None:
        codes[blank] = _matched(tree, grids, blank, standing)
    matched = blank[codes[blank] != ""]
    new = blank[codes[blank] == ""]
    given = {*(standing.given if standing else ()), *spoken, *map(str, codes[codes != ""])}
    by_parent: dict[str, list[int]] = defaultdict(list)
    for at in new:
        by_parent[str(grids.parents[at])].append(int(at))
    shapes = stand_ins(grids.shapes)
    for parent, at in by_parent.items():
        at.sort(key=lambda one: str(grids.names[one]))  # of grids on the same ground the order of rows decides nothing
        codes[at] = tree.scheme.numbered(parent, shapes[at], given)
    grids = replace(grids, codes=codes)
    findings = [_told(grids, int(at), "code_matched") for at in matched] + [
        _told(grids, int(at), "code_new") for at in new
    ]
    return replace(tree, members={**tree.members, level: grids}), findings


def _matched(tree: Tree, grids: Members, blank: Ints, standing: Standing) -> Codes:
    """Codes in force for the grids at ``blank``; "" where none is the same ground."""
    division = standing.division
    named = np.flatnonzero(division.leaf_kinds != "fallback")
    shapes, old = stand_ins(grids.shapes[blank]), division.leaf_shapes[named]
    at, leaf, common = _common(shapes, old)
    same = common > MUTUAL * np.maximum(shapely.area(shapes)[at], shapely.area(old)[leaf])
    taken = set(map(str, grids.codes))
    codes = np.full(len(blank), "", dtype=object)
    for mine, theirs in zip(at[same], named[leaf[same]], strict=True):
        code, parent = str(division.leaf_codes[theirs]), str(grids.parents[blank[mine]])
        if code not in taken and tree.scheme.nests(code, parent, tree.city.grid_level - 1):
            codes[mine] = code
    return codes


def _common(shapes: Shapes, others: Shapes) -> tuple[Ints, Ints, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Positions of shapes and others that meet, and their common ground in square degrees."""
    at, other = shapely.STRtree(others).query(shapes, predicate="intersects")
    return at, other, shapely.area(shapely.intersection(shapes[at], others[other]))


def _told(grids: Members, at: int, kind: str) -> Finding:
    row, code = grids.rows[at][0] if grids.rows[at] else 0, grids.codes[at]
    messages = {
        "code_matched": (
            f"第 {row} 行没有编码，与现行网格 {code} 的范围一致（相互重叠过半），沿用其编码",
            f"row {row} has no code; it shares more than half of its ground with grid {code} in force "
            "and keeps that code",
        ),
        "code_new": (f"第 {row} 行没有编码，新编为 {code}", f"row {row} has no code and is new; it becomes {code}"),
    }[kind]
    return grids.found(kind, at, messages, where=grids.shapes[at])
