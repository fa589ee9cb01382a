"""Judgement of the ground: the division that the layers make, and its faults told with both parties, place and m²."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes, Shapes
from geo.boundaries.findings import Finding
from geo.boundaries.ledgers import Entry, Holder, outside_findings
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree
from geo.boundaries.repairs import Repair
from geo.boundaries.shapes import stand_ins
from geo.crs import area_m2, metric_epsg
from geo.space.division import BLOCKING, AreaLayer, Division, NamedGrids, divide
from geo.space.mending import Layers, Mend, mended
from geo.space.partition import OUTSIDE, Fault

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


@dataclass(frozen=True)
class Ground:
    """The division that all levels make, what is wrong with its ground, and what a repair moved."""

    division: Division
    findings: list[Finding]
    ledger: list[Entry]


def judge_ground(tree: Tree, outline: BaseGeometry | None, repair: Repair | None = None) -> Ground:
    """The division and its findings; only proved when nothing is an error.

    Members without a code or with a repeated one take part under a stand-in, so that one defect hides no other. With
    leave to repair, ground that does not divide is mended first, and the findings are those of the mended ground.
    """
    grids = _grids(tree)
    layers = _layers(tree)
    named = _named(tree, grids, layers[-1].codes)
    parties = _parties(tree, grids)
    division, faults = divide(named, layers, outline, tree.scheme)
    if repair is None or not any(fault.kind in BLOCKING for fault in faults):
        return Ground(division, _found(tree, faults, parties, outline is not None), [])
    given = Layers(named, layers, outline)
    ranked, epsg = repair.ranked(tree.city), _epsg(named, layers, outline)
    done = mended(given, repair.limits, authority=ranked, scheme=tree.scheme, epsg=epsg)
    ledger = [_entry(tree, parties, one) for one in done.mends]
    found = [_left_out(one) for one in _found(tree, done.faults, parties, outline is not None)]
    found += outside_findings(ledger) + _emptied(grids, done.layers.named.shapes, named.shapes)
    found += unsettled(done.unsettled)
    return Ground(done.division, found, ledger)


def _epsg(named: NamedGrids, layers: list[AreaLayer], outline: BaseGeometry | None) -> int:
    """Metric CRS by the middle of the ground."""
    ground = [named.shapes, *(layer.shapes for layer in layers if layer.shapes is not None)]
    shapes = np.concatenate(ground) if outline is None else np.asarray([outline], dtype=object)
    west, south, east, north = shapely.total_bounds(shapes)
    return metric_epsg((west + east) / 2, (south + north) / 2)


def _found(tree: Tree, faults: list[Fault], parties: list[Party], has_outline: bool) -> list[Finding]:
    return [found for fault in faults if (found := _told(tree, fault, parties, has_outline))]


def _entry(tree: Tree, parties: list[Party], mend: Mend) -> Entry:
    lost, got = (_holder(tree, parties, at) for at in (mend.lost, mend.got))
    return Entry(mend.kind, lost, got, mend.ground, mend.area_m2, mend.width_m)


def _holder(tree: Tree, parties: list[Party], at: int) -> Holder:
    if at == OUTSIDE:
        return Holder()
    party = parties[at]
    return Holder(tree.name(party.level), party.code or tree.city.code, party.file, party.row)


def _left_out(found: Finding) -> Finding:
    """An area without ground is left out by a repair: its ground was the grids', and they name another."""
    return replace(found, severity="warning") if found.kind == "area_without_ground" else found


def unsettled(ground: BaseGeometry) -> list[Finding]:
    """Told where the rounds of mending were used up while something still moved: a second run would mend this."""
    if ground.is_empty:
        return []
    n, total_m2 = shapely.get_num_geometries(ground), float(area_m2(shapely.get_parts(ground)).sum())
    zh = f"修补到最后一轮仍有 {n} 处窄缝（共 {total_m2:,.2f} m²）可补；再导入一次会接着补，或在原图上把边界画拢"
    en = (
        f"the rounds of mending were used up with {n} cracks ({total_m2:,.2f} m²) still to mend; importing once more "
        "mends them, or draw the borders together in the file"
    )
    return [Finding("mending_unsettled", zh, en, where=ground, area_m2=total_m2)]


def _emptied(grids: Members, after: Shapes, before: Shapes) -> list[Finding]:
    """An error for each grid that mending left without ground."""
    return [
        grids.found(
            "grid_without_ground",
            int(at),
            (
                f"网格 {grids.called(int(at))} 修补后没有任何土地（全部与他者重叠或在范围外）；应改正其边界或删去此行",
                f"grid {grids.called(int(at))} is left without ground by mending (all of it is another's or outside); "
                "correct its border or drop the row",
            ),
            where=before[at],
        )
        for at in np.flatnonzero(shapely.is_empty(after) & ~shapely.is_empty(before))
    ]


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
    named = [parties[at] if at < len(parties) else Party(0, None, 0) for at in fault.parties] or [Party(0, None, 0)]
    if fault.kind in _TOLD_ELSEWHERE:
        return _bare(tree, named[0]) if fault.kind == "empty" else None
    kind, zh, en = _WORDS[fault.kind if fault.kind != "outside" or has_outline else "outside_union"]
    words = _fields(tree, fault, named)
    return Finding(
        kind,
        zh.format(**words),
        en.format(**words),
        file=" · ".join(dict.fromkeys(party.file for party in named if party.file)),
        level=tree.name(named[0].level),
        rows=tuple(row for party in named for row in party.row),
        codes=tuple(party.code or tree.city.code for party in named),
        where=fault.where,
        area_m2=fault.area_m2,
    )


_WORDS = {
    "overlap": (
        "overlap",
        "{zh} {a} 与 {b} 重叠 {m2}；每块地只能属于一个{zh}",
        "{en} {a} and {b} overlap by {m2}; each piece of ground belongs to one {en}",
    ),
    "gap": (
        "gap",
        "{around} 之间有宽不足 1 m 的缝隙 {m2}；相邻边界应重合",
        "a gap of {m2}, thinner than 1 m, beside {around}; neighbouring borders must meet",
    ),
    "outside_parent": (
        "outside_parent",
        "{zh} {a} 有 {m2} 在其{up_zh} {b} 之外；应改正边界或所属{up_zh}",
        "{en} {a} has {m2} outside its {up_en} {b}; correct the border or the parent",
    ),
    "outside": (
        "outside_outline",
        "{zh} {a} 有 {m2} 在声明的市域范围之外；应改正边界或范围",
        "{en} {a} has {m2} outside the declared outline; correct the border or the outline",
    ),
    "outside_union": (
        "outside_outline",
        "{zh} {a} 有 {m2} 在市域（最高一级的并集）之外；应改正边界，或以 [outline] 声明市域",
        "{en} {a} has {m2} outside the city's ground (the union of the highest level); correct the border, or "
        "declare the ground with [outline]",
    ),
    "no_community": (
        "ground_without_area",
        "{zh} {a} 内有 {m2} 不属于任何{down_zh}；应补划",
        "{m2} of {en} {a} lie in no {down_en}; draw one there",
    ),
    "hair": (
        "hairline",
        "{n} 个{zh}的边界相差不足 5 mm（共 {m2}）；发布时按共用顶点对齐",
        "the borders of {n} {en} areas differ by less than 5 mm ({m2} in all); they are matched on publishing",
    ),
    "unmatched": (
        "unmatched",
        "{n} 个地块的边界线段不能一一对应；相邻边界应共用同一组顶点",
        "edges of {n} leaves do not match one to one; neighbours must share the vertices of their border",
    ),
}
"""Kind of fault → kind of finding, Chinese and English."""


def _fields(tree: Tree, fault: Fault, named: list[Party]) -> dict[str, str | int]:
    """What the words of a fault are filled with; parties a and b, levels by name."""
    codes = [party.code or tree.city.code for party in named]
    level, up, down = named[0].level, named[-1].level, min(named[0].level + 1, tree.city.grid_level)
    return {
        "a": codes[0],
        "b": codes[-1],
        "n": len(codes),
        "around": ", ".join(codes[:-1] or codes),
        "m2": f"{fault.area_m2:,.2f} m²",
        "zh": tree.zh(level),
        "en": tree.name(level),
        "up_zh": tree.zh(up),
        "up_en": tree.name(up),
        "down_zh": tree.zh(down),
        "down_en": tree.name(down),
    }


def _bare(tree: Tree, party: Party) -> Finding | None:
    """An area that no leaf lies in; where its own shape is missing, its row says so already."""
    members = party.members
    if members is None or party.level == tree.city.grid_level:
        return None
    shape = members.shapes[party.at]
    if not members.codes[party.at] or (members.has_ground and (shape is None or shape.is_empty)):
        return None
    code, zh, en = party.code, tree.zh(party.level), tree.name(party.level)
    return members.found(
        "area_without_ground",
        party.at,
        (
            f"{zh} {code} 没有任何地块（其范围全部属于别处）；应改正网格的上级或删去此行",
            f"{en} {code} holds no ground (all of it belongs elsewhere); correct the parents of its grids "
            "or drop the row",
        ),
        where=shape,
    )


def fallback_findings(tree: Tree, division: Division, areas_m2: dict[str, float]) -> list[Finding]:
    """For each fallback leaf of a division an info: what no named grid covers, and to whom it falls."""
    findings = []
    for at in np.flatnonzero(division.leaf_kinds == "fallback"):
        code, parent = str(division.leaf_codes[at]), str(division.leaf_parents[at])
        m2 = areas_m2[code]
        findings.append(
            Finding(
                "ground_unassigned",
                f"{parent} 有 {m2:,.0f} m² 不在任何具名网格内，归入兜底网格 {code}",
                f"{m2:,.0f} m² of {parent} lie in no named grid and fall to its fallback leaf {code}",
                level=tree.name(tree.city.grid_level),
                codes=(parent, code),
                where=division.leaf_shapes[at],
                area_m2=m2,
            )
        )
    return findings


def outlines_differ(findings: list[Finding], has_outline: bool) -> list[Finding]:
    """One warning a level whose ground goes beyond the highest level's when no outline is declared."""
    if has_outline:
        return []
    told = []
    for level in dict.fromkeys(one.level for one in findings if one.kind == "outside_outline"):
        there = [one for one in findings if one.kind == "outside_outline" and one.level == level]
        m2 = sum(one.area_m2 or 0.0 for one in there)
        told.append(
            Finding(
                "outlines_differ",
                f"{level} 图层比最高一级多出 {m2:,.2f} m²（{len(there)} 处）："
                "各图层对市域的范围不一致；应以 [outline] 声明哪一个为准",
                f"the {level} layer reaches {m2:,.2f} m² beyond the highest level ({len(there)} shapes): the layers "
                "disagree on the city's ground; declare the right one with [outline]",
                level=level,
                where=shapely.union_all([one.where for one in there if one.where is not None]),
                area_m2=m2,
            )
        )
    return told
