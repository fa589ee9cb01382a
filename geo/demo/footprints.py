"""Footprints from templates: rectangles, L, U, T, H, crosses, steps and courtyards, sized, turned and set down."""

from __future__ import annotations

import numpy as np
import shapely

from geo.arrays import Floats, Ints, Shapes
from geo.demo.layouts import AITCH, CEE, COURT, CROSS, ELL, RECT, STEPPED, TEE

_UNIT: dict[int, list[tuple[float, float]]] = {
    RECT: [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)],
    STEPPED: [
        (-0.5, -0.5), (0.0, -0.5), (0.0, -0.36), (0.5, -0.36), (0.5, 0.5), (0.05, 0.5), (0.05, 0.36), (-0.5, 0.36),
    ],
    ELL: [(-0.5, -0.5), (0.5, -0.5), (0.5, -0.02), (-0.08, -0.02), (-0.08, 0.5), (-0.5, 0.5)],
    CEE: [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (0.2, 0.5), (0.2, -0.1), (-0.2, -0.1), (-0.2, 0.5), (-0.5, 0.5)],
    TEE: [(-0.2, -0.5), (0.2, -0.5), (0.2, 0.02), (0.5, 0.02), (0.5, 0.5), (-0.5, 0.5), (-0.5, 0.02), (-0.2, 0.02)],
    AITCH: [
        (-0.5, -0.5), (-0.14, -0.5), (-0.14, -0.18), (0.14, -0.18), (0.14, -0.5), (0.5, -0.5),
        (0.5, 0.5), (0.14, 0.5), (0.14, 0.2), (-0.14, 0.2), (-0.14, 0.5), (-0.5, 0.5),
    ],
    CROSS: [
        (-0.22, -0.5), (0.22, -0.5), (0.22, -0.3), (0.5, -0.3), (0.5, 0.34), (0.24, 0.34),
        (0.24, 0.5), (-0.24, 0.5), (-0.24, 0.34), (-0.5, 0.34), (-0.5, -0.3), (-0.22, -0.3),
    ],
    COURT: [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)],
}  # fmt: skip
_HOLE = [(-0.2, -0.2), (-0.2, 0.2), (0.2, 0.2), (0.2, -0.2)]
_FILL = {
    kind: 0.5 * abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(unit, unit[1:] + unit[:1], strict=True)))
    for kind, unit in _UNIT.items()
} | {COURT: 0.84}


def polygons(kind: Ints, middle: Floats, size: Floats, angle: Floats) -> Shapes:
    """One polygon for each place: template ``kind`` of ``size`` (n, 2) metres, turned by ``angle`` radians."""
    found = np.empty(len(kind), dtype=object)
    for template, unit in _UNIT.items():
        here = np.flatnonzero(kind == template)
        if not len(here):
            continue
        shells = _placed(unit, middle[here], size[here], angle[here])
        if template == COURT:
            holes = np.asarray(shapely.linearrings(_placed(_HOLE, middle[here], size[here], angle[here])))
            found[here] = shapely.polygons(shapely.linearrings(shells), holes=holes[:, None])
        else:
            found[here] = shapely.polygons(shells)
    return found


def areas_m2(kind: Ints, size: Floats) -> Floats:
    """Area of each footprint without building it."""
    share = np.array([_FILL[template] for template in range(len(_FILL))])
    areas: Floats = share[kind] * size.prod(axis=1)
    return areas


def _placed(unit: list[tuple[float, float]], middle: Floats, size: Floats, angle: Floats) -> Floats:
    local = np.array(unit)[None] * size[:, None]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    east = cos * local[..., 0] - sin * local[..., 1]
    north = sin * local[..., 0] + cos * local[..., 1]
    placed: Floats = np.stack([east, north], axis=-1) + middle[:, None]
    return placed
