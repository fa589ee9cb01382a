"""What is found in a file of lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from geo import findings
from geo.findings import ENCODING, Kind

KINDS = {
    kind.key: kind
    for kind in (
        ENCODING,
        Kind("ragged", True, "列数与表头不符", "the row has another number of cells than the header"),
        Kind("unknown_kind", True, "类型不明", "no kind; road 道路, rail 铁路, water 水系 or green 绿地 is right"),
        Kind(
            "no_geometry",
            True,
            "没有可读的几何",
            "no geometry that can be read; give the row a line or polygon",
        ),
        Kind(
            "not_finite",
            True,
            "坐标不是有限数或超出范围",
            "coordinates that are nowhere; is the datum right?",
        ),
        Kind("not_drawn", True, "几何类型不符", "roads and rail are lines, water either, green polygons"),
        Kind("incomplete", False, "被数据边界截断", "cut off by its extract; left out, its nodes are not in the file"),
        Kind("mended", False, "多边形自相交，已修正", "a polygon that crosses itself; drawn as made valid"),
        Kind("outside", False, "在城市范围之外", "outside the city; left out"),
        Kind("underground", False, "在地下", "a railway or water below ground; left out"),
    )
}


class Findings(findings.Findings):
    """Findings of a file of lines."""

    kinds: ClassVar[Mapping[str, Kind]] = KINDS
