"""What the ground of the files is like as a whole: parts that lie in another area, and grids that do not tile."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Ints, Shapes
from geo.boundaries.findings import Finding
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree
from geo.boundaries.parents import largest_overlap
from geo.boundaries.shapes import stand_ins
from geo.crs import area_m2

_MOST = 0.5
_COVERED = 1 / 3  # grids that cover less than this, two thirds free, may be islands
_TOUCHING = 0.1  # …when less than this share of them touches another


def recognised(tree: Tree, outline: BaseGeometry | None) -> list[Finding]:
    """Exclaves of every level, and whether the grids are islands in the outline (degrees WGS 84)."""
    found: list[Finding] = []
    for members in tree.members.values():
        shapes = stand_ins(members.shapes)
        parts, of = _smaller_parts(shapes)
        if len(parts):
            found += _elsewhere(tree, members, parts, of)
            found += _enclosed(tree, members, shapes, (parts, of))
    return [*found, *_islands(tree, outline)]


# -- exclaves ----------------------------------------------------------------------------------------------------------
def _smaller_parts(shapes: Shapes) -> tuple[Shapes, Ints]:
    """The parts of each shape but its largest, and the position of the shape."""
    several = np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    parts, at = shapely.get_parts(shapes[several], return_index=True)
    falling = np.lexsort((-shapely.area(parts), at))
    is_first = np.ones(len(parts), dtype=np.bool_)
    is_first[1:] = at[falling][1:] != at[falling][:-1]
    rest = np.sort(falling[~is_first])
    return parts[rest], several[at[rest]]


def _elsewhere(tree: Tree, members: Members, parts: Shapes, of: Ints) -> Iterable[Finding]:
    """Parts of which more than half lies in another parent than their own."""
    above = tree.members.get(members.level - 1)
    if above is None or not above.has_ground:
        return
    there, share = largest_overlap(parts, stand_ins(above.shapes))
    parents = members.parents[of]
    for at in np.flatnonzero((share > _MOST) & (parents != "") & (above.codes[there] != parents)):
        if other := str(above.codes[there[at]]):
            zh, en = tree.zh(above.level), tree.name(above.level)
            yield _exclave(
                members,
                int(of[at]),
                parts[at],
                (f"{zh} {other} 之内，而其上级是 {parents[at]}", f"in {en} {other}, while its parent is {parents[at]}"),
                other,
            )


def _enclosed(tree: Tree, members: Members, shapes: Shapes, smaller: tuple[Shapes, Ints]) -> Iterable[Finding]:
    """Parts that lie in a hole of another member of their level."""
    holes, owner = _holes(shapes)
    if not len(holes):
        return
    parts, of = smaller
    part, hole = shapely.STRtree(holes).query(parts, predicate="covered_by")
    seen: set[int] = set()
    for at, other in zip(part.tolist(), owner[hole].tolist(), strict=True):
        if other == of[at] or at in seen:
            continue
        seen.add(at)
        code, level = members.called(other), members.level
        words = (f"{tree.zh(level)} {code} 的包围之中", f"enclosed by {tree.name(level)} {code}")
        yield _exclave(members, int(of[at]), parts[at], words, code, severity="info")


def _holes(shapes: Shapes) -> tuple[Shapes, Ints]:
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    inner = np.zeros(len(rings), dtype=np.bool_)
    inner[1:] = of_part[1:] == of_part[:-1]
    return np.asarray(shapely.polygons(rings[inner]), dtype=object), of_shape[of_part[inner]]


def _exclave(
    members: Members, at: int, part: BaseGeometry, words: tuple[str, str], other: str, *, severity: str = ""
) -> Finding:
    m2 = float(area_m2(np.asarray([part], dtype=object))[0])
    code = members.called(at)
    return members.found(
        "exclave",
        at,
        (
            f"{code} 有互不相连的一部分（{m2:,.2f} m²）位于{words[0]}；若非飞地，应改正",
            f"a separate part of {code} ({m2:,.2f} m²) lies {words[1]}; correct it unless it is meant as an exclave",
        ),
        codes=(code, other),
        where=part,
        area_m2=m2,
        severity=severity,
    )


# -- islands -----------------------------------------------------------------------------------------------------------
def _islands(tree: Tree, outline: BaseGeometry | None) -> Iterable[Finding]:
    """One finding when the grids leave most of the outline free and hardly any touches another."""
    grids = tree.members[tree.city.grid_level]
    shapes = stand_ins(grids.shapes)
    shapes = shapes[~shapely.is_empty(shapes)]
    if outline is None or outline.is_empty or len(shapes) < 2:
        return
    if shapely.area(shapes).sum() >= _COVERED * outline.area:
        return
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    touching = len(np.unique(a[a != b])) / len(shapes)
    if touching >= _TOUCHING:
        return
    whole, held = area_m2(np.asarray([outline, shapely.union_all(shapes)], dtype=object))
    covered = held / whole
    yield Finding(
        "grids_do_not_tile",
        f"{len(shapes)} 个网格只占市域的 {covered:.1%}（{held:,.0f} m²），其中 {touching:.0%} 与别的网格相接："
        f"网格如孤岛，不铺满市域；其余 {whole - held:,.0f} m² 归兜底网格",
        f"{len(shapes)} grids cover {covered:.1%} of the outline ({held:,.0f} m²) and {touching:.0%} of them touch "
        f"another: they are islands and do not tile; the other {whole - held:,.0f} m² is fallback ground",
        level=grids.key,
        area_m2=float(whole - held),
    )
