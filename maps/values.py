"""The values of an indicator as they travel to a page: columns, the classes of the legend, dates and sources."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.areas import City, Place
from geo.arrays import Floats
from geo.coverage.indicators import Values
from maps import palette

_DEGREE = 100_000  # places travel as whole hundred-thousandths of a degree: a metre, half the bytes


def document(city: City, found: Values) -> dict[str, Any]:
    """``found`` as it travels: columns of one length, square metres as whole numbers, places as whole 1e-5 degrees."""
    drawn = palette.classes(found.indicator, found.value)
    rows = _columns(found.places, with_bounds=found.level < city.grid_level) | {
        "value": _known(found.value, 4 if found.indicator == "grid-coverage" else 1),
        "area_m2": _whole(found.area_m2),
        "fallback_m2": _whole(found.fallback_m2),
        "grids": _whole(found.grids),
        "dedicated": _whole(found.dedicated),
        "incidents": _whole(found.incidents),
    }
    if found.level == city.grid_level:
        rows["kind"] = [place.kind for place in found.places]
    return {
        "indicator": found.indicator,
        "edition": found.edition.number,
        "level": found.level,
        "level_key": city.levels[found.level].key,
        "classes": [{"colour": one.colour, "lower": one.lower, "upper": one.upper} for one in drawn],
        "since": found.period.since and found.period.since.isoformat(),
        "until": found.period.until and found.period.until.isoformat(),
        "sources": found.period.sources,
        "unplaced": found.period.unplaced,
        "rows": rows,
        "above": _columns(found.above, with_bounds=True),
    }


def _columns(places: list[Place], *, with_bounds: bool) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "id": [place.id for place in places],
        "code": [place.code for place in places],
        "name": [place.name for place in places],
        "level": [place.level for place in places],
        "parent": [place.parent_id or 0 for place in places],
        "x": [round(place.label[0] * _DEGREE) for place in places],
        "y": [round(place.label[1] * _DEGREE) for place in places],
    }
    if with_bounds:
        columns["bounds"] = [[round(side * _DEGREE) for side in place.bounds] for place in places]
    return columns


def _known(value: Floats, digits: int) -> list[float | None]:
    return [None if np.isnan(one) else round(one, digits) for one in value.tolist()]


def _whole(value: Floats) -> list[int]:
    return [round(one) for one in value.tolist()]
