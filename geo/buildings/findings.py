"""What is found in a file of buildings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from geo import findings
from geo.findings import ENCODING, LISTED, Kind, Place

KINDS = {
    kind.key: kind
    for kind in (
        Kind(
            "ragged",
            True,
            "列数与表头不符",
            "the row has another number of cells than the header; quote texts with commas",
        ),
        Kind("no_reference", True, "缺少编号", "no reference; every building needs the id its source gave it"),
        Kind(
            "long_reference",
            True,
            "编号过长",
            "source and reference have over 2,000 bytes together; is it the column of ids?",
        ),
        Kind("no_source", True, "缺少来源", "no source; fill it in, or give one for all with --source"),
        Kind("no_shape", True, "没有图形", "no footprint, or an empty one; every building needs its ground"),
        Kind("unreadable_shape", True, "图形无法识别", "not a geometry that can be read"),
        Kind("no_polygon", True, "图形不是面", "a footprint is a polygon"),
        Kind(
            "out_of_range",
            True,
            "坐标超出范围",
            "not on Earth under the declared datum; is it the right one, and longitude first?",
        ),
        Kind("too_wide", True, "图形过大", "wider than 0.1 degrees (about 10 km): no building"),
        Kind("no_ground", True, "图形过小", "no ground is left on the lattice of 1e-8 degrees (1 mm)"),
        Kind("no_building", False, "不是建筑", "an object without building=*: left out"),
        Kind("repeat", False, "重复行", "the same id and the same footprint as another row: folded"),
        Kind("joined", False, "分块合并", "pieces of one id that touch: joined to one footprint"),
        Kind("apart", False, "分块相离", "pieces of one id that do not touch: kept as one building of several parts"),
        Kind("disagree", False, "分块属性不一致", "rows of one id disagree; the largest piece's word is kept"),
        Kind("mended", False, "图形自相交，已修正", "invalid footprint, made valid"),
        Kind("unknown_use", False, "用途不明", "not in the list of uses; kept as unknown, map it with --use-map"),
        Kind("unreadable_count", False, "数目无法识别", "not a count, as 6; kept as unknown"),
        Kind(
            "latitude_first",
            False,
            "经纬度颠倒",
            "latitude stands before longitude: swapped it lies in the city",
        ),
        Kind("outside", False, "在城市范围之外", "wholly outside the city; kept, unassigned"),
        Kind("straddles", False, "跨网格", "less than 90 % of the footprint lies in one grid: pin it, or redraw"),
        Kind("pin_released", False, "指定网格已失效", "the grid it was pinned to holds none of it now: unpinned"),
        ENCODING,
        Kind("changed", False, "内容有变，已更新", "stored before with other content; brought up to date"),
    )
}


@dataclass
class Told:
    """Buildings of which one thing is told: all are counted, the first are listed by row, id and first node."""

    number: int = 0
    listed: list[tuple[int, str, Place]] = field(default_factory=list)

    def add(self, others: Told) -> None:
        """Take in others, of any rows."""
        self.number += others.number
        self.listed = sorted(self.listed + others.listed)[:LISTED]


class Findings(findings.Findings):
    """Findings of a file of buildings."""

    kinds: ClassVar[Mapping[str, Kind]] = KINDS

    def tell(self, key: str, column: str, told: Told) -> None:
        """Take note of what is told of buildings."""
        rows = [(row, reference) for row, reference, _ in told.listed]
        self.add(key, column, rows, {row: place for row, _, place in told.listed})
        self.count(key, told.number - len(rows))
