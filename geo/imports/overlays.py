"""What a map draws of an import: findings and the file's own ground, simplified until they travel easily."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Shapes, Texts

MOST_FINDINGS = 2_000
MOST_BYTES = 1_200_000
"""Of the layer as text; compressed on its way it is a quarter of that."""

_FIRST_DEGREES = 1e-6  # a decimetre
_STEPS = 12  # each twice as coarse as the one before


def drawn(places: Sequence[BaseGeometry | None], ground: Shapes, codes: Texts) -> dict[str, Any]:
    """A GeoJSON layer, degrees: features with ``finding`` (position in the list) or ``code`` (of the file's ground).

    Parameters
    ----------
    places
        Of each finding in its order, None where it has none; only the first two thousand places are drawn, and
        ``cut`` says how many were not.
    ground
        Shapes of the file in degrees; invalid ones and None are welcome.
    """
    shown = [(at, place) for at, place in enumerate(places) if place is not None and not place.is_empty]
    cut = max(0, len(shown) - MOST_FINDINGS)
    shown = shown[:MOST_FINDINGS]
    there = ~(shapely.is_missing(ground) | shapely.is_empty(ground))
    ground, codes = ground[there], codes[there]
    order = np.argsort(-shapely.area(ground), kind="stable")
    tolerance = _FIRST_DEGREES
    for _ in range(_STEPS):
        features = _features(shown, ground, codes, tolerance)
        size = sum(len(one) for one in features)
        if size <= MOST_BYTES:
            break
        tolerance *= 2
    else:  # so many shapes that only the largest can be drawn
        keep = order[: max(1, int(len(order) * MOST_BYTES / size))]
        features = _features(shown, ground[keep], codes[keep], tolerance)
        cut += len(order) - len(keep)
    return {"type": "FeatureCollection", "cut": cut, "features": [json.loads(one) for one in features]}


def _features(places: Sequence[tuple[int, BaseGeometry]], ground: Shapes, codes: Texts, tolerance: float) -> list[str]:
    lines = shapely.simplify(_outlines(_polygonal(ground)), tolerance, preserve_topology=False)
    made = [_feature(line, {"code": str(code)}) for line, code in zip(lines, codes, strict=True) if not line.is_empty]
    shapes = shapely.simplify(np.asarray([one for _, one in places], dtype=object), tolerance)
    return made + [_feature(shape, {"finding": at}) for (at, _), shape in zip(places, shapes, strict=True)]


def _outlines(ground: Shapes) -> Shapes:
    """Borders of what has ground; points and lines as they are."""
    made = ground.copy()
    flat = shapely.get_dimensions(ground) == 2
    made[flat] = shapely.boundary(ground[flat])
    return made


def _polygonal(ground: Shapes) -> Shapes:
    """Ground without collections, which have no boundary: their polygons alone."""
    made = ground.copy()
    for at in np.flatnonzero(shapely.get_type_id(ground) == 7):
        parts = shapely.get_parts(ground[at])
        made[at] = shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])
    return made


def _feature(shape: BaseGeometry, properties: dict[str, Any]) -> str:
    rounded = shapely.transform(shape, lambda xy: np.round(xy, 6))
    geometry = json.loads(shapely.to_geojson(rounded))
    return json.dumps({"type": "Feature", "properties": properties, "geometry": geometry}, ensure_ascii=False)
