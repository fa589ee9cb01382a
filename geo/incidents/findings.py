"""What is found in a file of incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from geo import findings, instants
from geo.findings import ENCODING, Kind

KINDS = {
    kind.key: kind
    for kind in (
        ENCODING,
        Kind(
            "ragged",
            True,
            "列数与表头不符",
            "the row has another number of cells than the header; quote texts with commas",
        ),
        Kind("no_reference", True, "缺少编号", "no reference; every incident needs the number its source gave it"),
        Kind(
            "long_reference",
            True,
            "编号过长",
            "source and reference have over 2,000 bytes together; is it the column of numbers?",
        ),
        Kind("no_source", True, "缺少来源", "no source; fill it in, or give one for all with --source"),
        Kind("no_time", True, "缺少时间", f"no time; {instants.RIGHT}"),
        Kind("unreadable_time", True, "时间无法识别", f"not a time; {instants.RIGHT}"),
        Kind("impossible_time", True, "时间不可能", "lies before 1900 or more than a day ahead; check the year"),
        Kind("duplicate", True, "编号在文件内重复", "the reference stands in an earlier row too; the first is kept"),
        Kind("changed", False, "同一编号内容不同，保留先前", "stored before with other content; kept as first stored"),
        Kind("no_position", False, "没有坐标", "no position; kept, unassigned"),
        Kind("unreadable_position", False, "坐标不是有限数", "not a finite number, as 117.021; kept, unassigned"),
        Kind("unknown_datum", False, "坐标系不明", "unknown datum; write wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn"),
        Kind(
            "latitude_first",
            False,
            "经纬度颠倒",
            "latitude stands where longitude belongs: swapped it lies in the city",
        ),
        Kind("out_of_range", False, "坐标超出范围", "not on Earth; longitude is within ±180, latitude within ±90"),
        Kind("outside", False, "在城市范围之外", "outside the city; kept, unassigned"),
        Kind("unreadable_accuracy", False, "精度无法识别", "not metres, as 25; kept without accuracy"),
        Kind(
            "unknown_urgency",
            False,
            "紧急程度不明",
            "not known; 0 or 一般 is ordinary, 1 or 紧急 is urgent; kept as ordinary",
        ),
        Kind(
            "unreadable_report",
            False,
            "受理时间无法识别",
            f"not a time; {instants.RIGHT}; taken as the time it happened",
        ),
        Kind("naive_time", False, "时间未带时区", "times without offset were read in the city's time zone"),
    )
}


class Findings(findings.Findings):
    """Findings of a file of incidents."""

    kinds: ClassVar[Mapping[str, Kind]] = KINDS
