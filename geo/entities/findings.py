"""What is found in a file of an entity's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from geo import findings
from geo.findings import ENCODING, Kind

KINDS = {
    kind.key: kind
    for kind in (
        Kind("ragged", True, "列数与表头不符", "the row has another number of cells than the header"),
        Kind("no_reference", True, "缺少编号", "no reference; every row needs the id its source gave it"),
        Kind(
            "long_reference",
            True,
            "编号过长",
            "source and reference have over 2,000 bytes together; is it the column of ids?",
        ),
        Kind("no_source", True, "缺少来源", "no source; fill it in, or give one for all with --source"),
        Kind("blank", True, "缺少必填内容", "blank, and the row means nothing without it; fill it in"),
        Kind("twice", True, "编号重复且内容不同", "the id stands in an earlier row with other content; one row an id"),
        Kind("repeat", False, "重复行", "the same as an earlier row: left out"),
        Kind("unknown_word", False, "用词不在清单内", "not in the code list; kept as unknown"),
        Kind("needed_word", True, "用词不在清单内", "not in the code list, and the row means nothing without it"),
        Kind("unreadable_figure", False, "数字无法识别", "not a number from 0 up, as 12; kept as unknown"),
        Kind("needed_figure", True, "数字无法识别", "not a number from 0 up, as 12, and needed"),
        Kind("unreadable_time", False, "日期无法识别", "not a date, as 2026-03-01; kept as unknown"),
        Kind("needed_time", True, "日期无法识别", "not a date, as 2026-03-01, and needed"),
        Kind(
            "unknown_place",
            False,
            "区划不存在",
            "no area or grid in force has this code, or this name alone; left blank",
        ),
        Kind("needed_place", True, "区划不存在", "no area or grid in force has this code, or this name alone"),
        Kind(
            "unknown_reference",
            False,
            "所指记录不存在",
            "nothing stored has this reference; import it first; left blank",
        ),
        Kind("needed_reference", True, "所指记录不存在", "nothing stored has this reference; import it first"),
        Kind(
            "ambiguous",
            False,
            "所指记录不唯一",
            "several sources know this reference; write source:reference; left blank",
        ),
        Kind(
            "no_subject", True, "没有指明对象", "names nothing that it could belong to; fill in one of the references"
        ),
        Kind("unreadable_position", False, "坐标无法识别", "not a number; kept without position"),
        Kind("no_position", False, "没有位置", "no position, and nothing that has one; kept, unplaced"),
        Kind("out_of_range", True, "坐标超出范围", "not on Earth under the declared datum; is the datum right?"),
        Kind("latitude_first", False, "经纬度颠倒", "latitude stands before longitude: swapped it lies in the city"),
        Kind("no_shape", True, "没有图形", "no ground, or an empty one; it needs a polygon"),
        Kind("unreadable_shape", True, "图形无法识别", "not a geometry that can be read"),
        Kind("no_polygon", True, "图形不是面", "not a polygon"),
        Kind("too_wide", True, "图形过大", "wider than a degree (about 100 km)"),
        Kind("no_ground", True, "图形过小", "no ground is left on the lattice of 1e-8 degrees (1 mm)"),
        Kind("mended", False, "图形自相交，已修正", "invalid polygon, made valid"),
        Kind("outside", False, "在城市范围之外", "outside the city; kept, unassigned"),
        Kind("over_full", False, "在岗数超过岗位数", "more filled than there are; kept as told"),
        ENCODING,
        Kind("changed", False, "内容有变，已更新", "stored before with other content; brought up to date"),
    )
}


class Findings(findings.Findings):
    """Findings of a file of an entity."""

    kinds: ClassVar[Mapping[str, Kind]] = KINDS
