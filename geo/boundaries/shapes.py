"""Judgement of single shapes: empty, not polygons, crossing themselves; and a stand-in for those, to judge the rest."""

from __future__ import annotations

import re

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Shapes
from geo.boundaries.findings import Finding
from geo.boundaries.reading import Boundaries
from geo.space.partition import place_of_defect

_POLYGONS = (3, 6)
_COLLECTION = 7
_REASONS = {
    "Self-intersection": "边界自交",
    "Ring Self-intersection": "环自相接触",
    "Hole lies outside shell": "洞在外环之外",
    "Holes are nested": "洞中有洞",
    "Nested shells": "外环相套",
    "Interior is disconnected": "内部不连通",
    "Duplicate Rings": "环重复",
    "Too few points in geometry component": "点数不足",
}


def judge_shapes(found: Boundaries, known: set[int]) -> list[Finding]:
    """A finding for each shape that cannot be ground.

    Parameters
    ----------
    known
        Row numbers whose shape already has a finding: they are not judged empty again.
    """
    shapes = found.shapes
    findings = []
    for at in np.flatnonzero(~is_fit(shapes)):
        if int(found.rows[at]) in known:
            continue
        kind, zh, en = _reason(shapes[at])
        where = place_of_defect(shapes[at]) if kind == "ring_invalid" else None
        findings.append(
            Finding(
                kind,
                zh,
                en,
                file=found.label,
                level=found.key,
                rows=(int(found.rows[at]),),
                codes=(str(found.codes[at]),),
                where=where,
            )
        )
    return findings


def is_fit(shapes: Shapes) -> Bools:
    """Which shapes are valid polygons or multipolygons that are not empty."""
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    fit: Bools = there & np.isin(shapely.get_type_id(shapes), _POLYGONS) & shapely.is_valid(shapes)
    return fit


def _reason(shape: BaseGeometry | None) -> tuple[str, str, str]:
    if shape is None or shape.is_empty:
        return "geometry_empty", "没有几何（空）；应为多边形", "the geometry is empty or missing; it must be a polygon"
    if shapely.get_type_id(shape) not in _POLYGONS:
        name = shape.geom_type
        return "geometry_not_polygon", f"几何为 {name}；应为多边形", f"the geometry is a {name}; it must be a polygon"
    reason = re.sub(r"\[.*", "", shapely.is_valid_reason(shape)).strip()
    return (
        "ring_invalid",
        f"多边形无效：{_REASONS.get(reason, reason)}；环不应自交或自相接触",
        f"the polygon is invalid: {reason}; a ring must neither cross nor touch itself",
    )


def stand_ins(shapes: Shapes) -> Shapes:
    """Shapes to judge the ground with: invalid ones made valid, what is no polygon empty. Never published."""
    shapes = np.asarray(shapes, dtype=object).copy()
    shapes[shapely.is_missing(shapes)] = shapely.Polygon()
    wrong = np.flatnonzero(~is_fit(shapes) & ~shapely.is_empty(shapes))
    for at in wrong:
        shapes[at] = polygons(shapely.make_valid(shapes[at], method="structure", keep_collapsed=False))
    return shapes


def polygons(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape as one; empty when there are none."""
    if shapely.get_type_id(shape) in _POLYGONS:
        return shape
    parts = shapely.get_parts(shape)
    if shapely.get_type_id(shape) == _COLLECTION:
        parts = np.concatenate([shapely.get_parts(one) for one in parts]) if len(parts) else parts
    return shapely.union_all([part for part in parts if shapely.get_type_id(part) == _POLYGONS[0]])
