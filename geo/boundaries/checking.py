"""The edition in force judged: the proof of its leaves, its unions, parents, codes, contiguity and sizes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, editions
from geo.areas import City, Edition
from geo.boundaries.findings import Finding
from geo.codes import Scheme
from geo.crs import area_m2
from geo.space.division import Division
from geo.space.partition import Fault, faults, whole_of

SMALL_M2 = 100.0
"""A named leaf smaller than this is told: it is more likely a left-over than a grid."""

_KINDS = {"empty": "geometry_empty", "invalid": "ring_invalid", "outside": "outside_outline", "off_grid": "unmatched"}


def check(connection: sa.Connection, edition: Edition) -> list[Finding]:
    """Everything wrong with one edition; an empty list says it is proved.

    Raises
    ------
    Unknown
        When no city is published.
    """
    return judge_division(editions.stored(connection, edition), areas.city(connection))


def judge_division(division: Division, city: City) -> list[Finding]:
    """Everything wrong with one division of a city."""
    scheme = Scheme.of(city.code_lengths, len(city.levels))
    return [
        *_proof(division, city),
        *_unions(division, city),
        *_codes(division, city, scheme),
        *_leaves(division, city),
    ]


def _proof(division: Division, city: City) -> Iterable[Finding]:
    """Faults of the leaves against the city's own stored ground."""
    outline = division.area_shapes[division.area_levels == 0][0]
    for fault in faults(division.leaf_shapes, outline):
        codes = tuple(str(division.leaf_codes[at]) for at in fault.parties)
        yield _fault(fault, codes, city)


def _fault(fault: Fault, codes: tuple[str, ...], city: City) -> Finding:
    kind = _KINDS.get(fault.kind, fault.kind)
    named = ", ".join(codes[:6])
    return Finding(
        kind,
        f"{named} 的地块有误（{fault.kind}，{fault.area_m2:,.2f} m²）；全部地块应恰好拼满市域",
        f"the ground of {named} is faulty ({fault.kind}, {fault.area_m2:,.2f} m²); "
        "the leaves must fill the city exactly",
        level=city.levels[-1].key,
        codes=codes,
        where=fault.where,
        area_m2=fault.area_m2,
    )


def _unions(division: Division, city: City) -> Iterable[Finding]:
    """Areas that are not the union of the leaves and areas below them, by their edges."""
    for at, code in enumerate(division.area_codes):
        below = [
            *division.leaf_shapes[division.leaf_parents == code],
            *division.area_shapes[division.area_parents == code],
        ]
        parts = np.asarray(below, dtype=object)
        if len(parts) and not faults(parts, division.area_shapes[at]):
            continue
        apart = shapely.symmetric_difference(whole_of(parts), division.area_shapes[at]) if len(parts) else None
        m2 = float(area_m2(np.asarray([apart], dtype=object))[0]) if apart is not None else 0.0
        yield Finding(
            "union_differs",
            f"{code} 的范围不是其下各地块之和（相差 {m2:,.2f} m²）",
            f"the ground of {code} is not the union of what lies in it ({m2:,.2f} m² apart)",
            level=city.levels[int(division.area_levels[at])].key,
            codes=(str(code),),
            where=division.area_shapes[at],
            area_m2=m2,
        )


def _codes(division: Division, city: City, scheme: Scheme) -> Iterable[Finding]:
    levels = dict(zip(map(str, division.area_codes), map(int, division.area_levels), strict=True))
    rows = [
        *zip(division.area_codes, division.area_parents, division.area_levels, strict=True),
        *(
            (code, parent, city.grid_level)
            for code, parent in zip(division.leaf_codes, division.leaf_parents, strict=True)
        ),
    ]
    for one, above, number in rows:
        code, parent, level = str(one), str(above), int(number)
        if level == 0:
            continue
        if parent not in levels or levels[parent] >= level:
            yield Finding(
                "parent_unknown",
                f"{code} 的上级 {parent or '—'} 不在本版之中",
                f"{code} names parent {parent or '—'}, which is not in this edition",
                level=city.levels[level].key,
                codes=(code, parent),
            )
        elif scheme.lengths[level] and not scheme.nests(code, parent, levels[parent]):
            yield Finding(
                "code_not_nested",
                f"编码 {code} 不以上级 {parent} 开头",
                f"code {code} does not begin with its parent's, {parent}",
                level=city.levels[level].key,
                codes=(code, parent),
            )


def _leaves(division: Division, city: City) -> Iterable[Finding]:
    parts, m2 = shapely.get_num_geometries(division.leaf_shapes), area_m2(division.leaf_shapes)
    for at in np.flatnonzero(division.leaf_kinds != "fallback"):
        code, ground = str(division.leaf_codes[at]), float(m2[at])
        if parts[at] > 1:
            yield Finding(
                "not_contiguous",
                f"网格 {code} 由 {parts[at]} 个互不相连的部分组成；网格宜连片",
                f"grid {code} lies in {parts[at]} separate parts; a grid should hang together",
                level=city.levels[-1].key,
                codes=(code,),
                where=division.leaf_shapes[at],
                area_m2=ground,
            )
        if ground < SMALL_M2:
            yield Finding(
                "too_small",
                f"网格 {code} 只有 {ground:,.2f} m²；多半是切剩的碎片",
                f"grid {code} has only {ground:,.2f} m²; it is more likely a left-over than a grid",
                level=city.levels[-1].key,
                codes=(code,),
                where=division.leaf_shapes[at],
                area_m2=ground,
            )
