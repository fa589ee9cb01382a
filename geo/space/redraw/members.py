"""Leaves and areas of a division by code, and whether a code fits where it is to stand."""

from __future__ import annotations

import numpy as np

from geo.codes import Scheme
from geo.errors import Refused, Unknown
from geo.space.division.rows import Division, positions
from geo.space.partition import OUTSIDE
from geo.space.redraw.leaves import Leaves

COMPREHENSIVE, DEDICATED, FALLBACK = "comprehensive", "dedicated", "fallback"


def leaves_of(division: Division) -> Leaves:
    """The leaves of a division as they are redrawn."""
    return Leaves(division.leaf_codes, division.leaf_shapes, division.sight)


def leaf(division: Division, code: str) -> int:
    """Position of a leaf. Raises Unknown for a code that is not there."""
    return int(leaves_of(division).at([code])[0])


def area(division: Division, code: str) -> int:
    """Position of an area. Raises Unknown for a code that is not there."""
    at = int(positions(np.array([code], dtype=np.str_), division.area_codes)[0])
    if at == OUTSIDE and division.sight is not None:
        division.sight.demand(code)
    if at == OUTSIDE:
        raise Unknown(f"no area has the code {code}", zh=f"没有编码为 {code} 的区域")
    return at


def refuse_unfit(code: str, parent: str, scheme: Scheme) -> None:
    """Raise Refused for a code that no named grid of this parent can have."""
    level = scheme.levels - 1
    if not scheme.fits(code, level):
        raise Refused(
            f"the code {code!r} has not the form of a grid's: {scheme.lengths[level] or 'any'} digits",
            zh=f"编码 {code!r} 不合网格编码的形式：要 {scheme.lengths[level] or '若干'} 位数字",
        )
    if not scheme.nests(code, parent):
        raise Refused(
            f"the code {code!r} does not begin with that of its area, {parent}",
            zh=f"编码 {code!r} 不以所属区域 {parent} 的编码开头",
        )
    if scheme.reserved(code):
        raise Refused(
            f"the code {code!r} is kept for fallback ground; give another", zh=f"编码 {code!r} 留给兜底地块；换一个"
        )


def fallback_of(division: Division, code: str, scheme: Scheme) -> tuple[str, str]:
    """Code and name of the fallback leaf of an area. Raises Unknown for an area that is not there."""
    at = area(division, code)
    return scheme.fallback(code, int(division.area_levels[at])), str(division.area_names[at])
