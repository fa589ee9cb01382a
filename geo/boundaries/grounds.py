"""Judgement of the ground: the division that the layers make, and its faults told with both parties, place and m²."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes, Shapes
from geo.boundaries.findings import Finding
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree
from geo.boundaries.shapes import stand_ins
from geo.space.division import AreaLayer, Division, NamedGrids, divide
from geo.space.partition import Fault

_TOLD_ELSEWHERE = ("empty", "invalid", "off_grid")  # by row, in shapes.py


@dataclass(frozen=True)
class Party:
    """One of the shapes a fault concerns: its level, and its position there; no members for the city and outline."""

    level: int
    members: Members | None
    at: int

    @property
    def code(self) -> str:
        """Its code, or its name or row where it has none."""
        return self.members.called(self.at) if self.members is not None else ""

    @property
    def file(self) -> str:
        """File it comes from."""
        return str(self.members.files[self.at]) if self.members is not None else ""

    @property
    def row(self) -> tuple[int, ...]:
        """Its first row number."""
        return self.members.rows[self.at][:1] if self.members is not None else ()


def judge_ground(tree: Tree, outline: BaseGeometry | None) -> tuple[Division, list[Finding]]:
    """The division that all levels make and what is wrong with its ground; only proved when nothing is an error.

    Members without a code or with a repeated one take part under a stand-in, so that one defect hides no other.
    """
    grids = _grids(tree)
    layers = _layers(tree)
    named = _named(tree, grids, layers[-1].codes)
    division, faults = divide(named, layers, outline, tree.scheme)
    parties = _parties(tree, grids)
    findings = [found for fault in faults if (found := _told(tree, fault, parties, outline is not None))]
    return division, findings


def _grids(tree: Tree) -> Members:
    return tree.members[tree.city.grid_level]


def _unique(members: Members) -> Codes:
    """Codes as they are, blank and repeated ones told apart by their position."""
    codes = members.codes.astype(np.str_)
    _, first = np.unique(codes, return_index=True)
    stands = np.zeros(len(codes), dtype=np.bool_)
    stands[first] = codes[first] != ""
    made = [code if flag else f"{code}#{at}" for at, (code, flag) in enumerate(zip(codes, stands, strict=True))]
    return np.asarray(made, dtype=np.str_)


def _known(members: Members, above: Codes) -> Codes:
    """Parents that are there; blank for the others."""
    parents = members.parents.astype(np.str_)
    return np.where(np.isin(parents, above), parents, "").astype(np.str_)


def _named(tree: Tree, grids: Members, lowest: Codes) -> NamedGrids:
    codes = _unique(grids)
    reserved = np.asarray([tree.scheme.reserved(str(code)) for code in codes], dtype=np.bool_)
    codes = np.where(reserved, np.char.add(codes, "#"), codes).astype(np.str_)
    names = np.where(grids.names == "", grids.codes, grids.names).astype(np.str_)
    return NamedGrids(codes, names, grids.kinds.astype(np.str_), _known(grids, lowest), stand_ins(grids.shapes))


def _layers(tree: Tree) -> list[AreaLayer]:
    city = tree.city
    layers = [AreaLayer(0, np.asarray([city.code]), np.asarray([city.name]), np.asarray([""]))]
    for level in range(1, city.grid_level):
        members = tree.members[level]
        names = np.where(members.names == "", members.codes, members.names).astype(np.str_)
        shapes: Shapes | None = stand_ins(members.shapes) if members.has_ground else None
        layers.append(AreaLayer(level, _unique(members), names, _known(members, layers[-1].codes), shapes))
    return layers


def _parties(tree: Tree, grids: Members) -> list[Party]:
    """Every shape a fault can name, in the order in which ``divide`` counts them; the outline is the city's."""
    parties = [Party(grids.level, grids, at) for at in range(len(grids))] + [Party(0, None, 0)]
    for level in range(1, tree.city.grid_level):
        members = tree.members[level]
        parties += [Party(level, members, at) for at in range(len(members))]
    return parties


def _told(tree: Tree, fault: Fault, parties: list[Party], has_outline: bool) -> Finding | None:
    named = [parties[at] if at < len(parties) else Party(0, None, 0) for at in fault.parties]
    if fault.kind in _TOLD_ELSEWHERE:
        return _bare(tree, named[0]) if fault.kind == "empty" else None
    kind, messages, severity = _words(tree, fault, named, has_outline)
    first = named[0] if named else Party(0, None, 0)
    files = list(dict.fromkeys(party.file for party in named if party.file))
    rows = tuple(row for party in named for row in party.row)
    codes = tuple(party.code or tree.city.code for party in named)
    return Finding(kind, *messages, severity=severity, file=" · ".join(files), level=tree.name(first.level), rows=rows,
                   codes=codes, where=fault.where, area_m2=fault.area_m2)


def _bare(tree: Tree, party: Party) -> Finding | None:
    """An area that no leaf lies in; where its own shape is missing, its row says so already."""
    members = party.members
    if members is None or party.level == tree.city.grid_level:
        return None
    shape = members.shapes[party.at]
    if members.has_ground and (shapely.is_missing(shape) or shapely.is_empty(shape)):
        return None
    code, zh, en = party.code, tree.zh(party.level), tree.name(party.level)
    return members.found(
        "area_without_ground",
        party.at,
        (
            f"{zh} {code} 没有任何地块（其范围全部属于别处）；应改正网格的上级或删去此行",
            f"{en} {code} holds no ground (all of it belongs elsewhere); correct the parents of its grids or drop the row",
        ),
        where=shape,
    )


def _words(
    tree: Tree, fault: Fault, named: list[Party], has_outline: bool
) -> tuple[str, tuple[str, str], str]:
    """Kind, Chinese and English, and severity (blank = the kind's own) of a fault of the ground."""
    m2 = f"{fault.area_m2:,.2f} m²"
    codes = [party.code or tree.city.code for party in named]
    level = named[0].level if named else 0
    zh, en = tree.zh(level), tree.name(level)
    both_zh, both_en = " 与 ".join(codes[:2]), " and ".join(codes[:2])
    if fault.kind == "overlap":
        return "overlap", (f"{zh} {both_zh} 重叠 {m2}；每块地只能属于一个{zh}",
                           f"{en} {both_en} overlap by {m2}; each piece of ground belongs to one {en}"), ""
    if fault.kind == "gap":
        around = "、".join(codes[:-1]) or codes[-1]
        return "gap", (f"{around} 之间有宽不足 1 m 的缝隙 {m2}；边界应重合",
                       f"a gap of {m2}, thinner than 1 m, between {', '.join(codes[:-1]) or codes[-1]}; "
                       "their borders must meet"), ""
    if fault.kind == "outside_parent":
        up_zh, up_en = tree.zh(named[1].level), tree.name(named[1].level)
        return "outside_parent", (f"{zh} {codes[0]} 有 {m2} 在其{up_zh} {codes[1]} 之外；应改正边界或所属{up_zh}",
                                  f"{en} {codes[0]} has {m2} outside its {up_en} {codes[1]}; correct the border or the "
                                  "parent"), ""
    if fault.kind == "outside":
        ground_zh, ground_en = ("声明的市域范围", "the declared outline") if has_outline else (
            "市域（最高一级的并集）", "the city's ground (the union of the highest level)")
        return "outside_outline", (f"{zh} {codes[0]} 有 {m2} 在{ground_zh}之外；应改正边界或范围",
                                   f"{en} {codes[0]} has {m2} outside {ground_en}; correct the border or the outline"), ""
    if fault.kind == "no_community":
        lowest = tree.city.grid_level - 1
        return "ground_without_area", (f"{codes[0]} 内有 {m2} 不属于任何{tree.zh(lowest)}；应补划",
                                       f"{m2} of {codes[0]} lie in no {tree.name(lowest)}; draw one there"), ""
    return "unmatched", (f"{len(codes)} 个地块的边界线段不能一一对应；相邻边界应共用同一组顶点",
                         f"edges of {len(codes)} leaves do not match one to one; neighbours must share the vertices of "
                         "their border"), ""


def fallback_findings(tree: Tree, division: Division, areas_m2: dict[str, float]) -> list[Finding]:
    """For each fallback leaf of a division an info: what no named grid covers, and to whom it falls."""
    findings = []
    for at in np.flatnonzero(division.leaf_kinds == "fallback"):
        code, parent = str(division.leaf_codes[at]), str(division.leaf_parents[at])
        m2 = areas_m2[code]
        findings.append(Finding(
            "ground_unassigned",
            f"{parent} 有 {m2:,.0f} m² 不在任何具名网格内，归入兜底网格 {code}",
            f"{m2:,.0f} m² of {parent} lie in no named grid and fall to its fallback leaf {code}",
            level=tree.name(tree.city.grid_level), codes=(parent, code), where=division.leaf_shapes[at], area_m2=m2))
    return findings


def outlines_differ(findings: list[Finding], has_outline: bool) -> list[Finding]:
    """One warning a level whose ground goes beyond the highest level's when no outline is declared: ask which is right."""
    if has_outline:
        return []
    told = []
    for level in dict.fromkeys(one.level for one in findings if one.kind == "outside_outline"):
        there = [one for one in findings if one.kind == "outside_outline" and one.level == level]
        m2 = sum(one.area_m2 or 0.0 for one in there)
        told.append(Finding(
            "outlines_differ",
            f"{level} 图层比最高一级多出 {m2:,.2f} m²（{len(there)} 处）：各图层对市域的范围不一致；应以 [outline] 声明哪一个为准",
            f"the {level} layer reaches {m2:,.2f} m² beyond the highest level ({len(there)} shapes): the layers disagree on "
            "the city's ground; declare the right one with [outline]",
            level=level, where=shapely.union_all([one.where for one in there if one.where is not None]), area_m2=m2))
    return told
