"""Dated counts of places: figures of grids, report-ins, pairings, deliberations."""

from __future__ import annotations

from geo.entities.entity import Entity, Lies
from geo.entities.fields import count, day, place, reference, text

GRID_FIGURES = Entity(
    "grid_figures",
    "网格底数",
    "Grid figures",
    "a row of grid figures",
    (
        place("place", "网格", "Grid", "网格编码", "网格编号", "grid", levels=("grid",), needed=True),
        day("as_of", "数据日期", "As of", "统计日期", "date", needed=True),
        count("households", "户数", "Households", "住户数"),
        count("residents", "常住人口", "Residents", "人口", "居民数", "population"),
        count("firms", "单位数", "Firms", "企业数"),
        count("workers", "从业人数", "Workers", "从业人员"),
    ),
    Lies.PLACE,
    is_dated=True,
)

REPORT_INS = Entity(
    "report_ins",
    "双报到",
    "Report-ins",
    "a row of report-ins",
    (
        place("place", "社区", "Community", "社区编码", "社区代码", "community", needed=True),
        day("as_of", "数据日期", "As of", "统计日期", needed=True),
        count("organisations", "报到组织数", "Organisations reported in", "报到单位数"),
        count("members", "报到党员数", "Members reported in", "报到党员人数"),
        count("demanded", "需求数", "Demanded", "群众需求数"),
        count("met", "已认领数", "Met", "已完成数", "认领数"),
    ),
    Lies.PLACE,
    is_dated=True,
)

PAIRINGS = Entity(
    "pairings",
    "结对共建",
    "Pairings",
    "a pairing",
    (
        place("place", "社区或网格", "Community or grid", "社区编码", "社区代码", needed=True),
        reference("organisation", "党组织", "Organisation", "党组织编号", to="party_organisations"),
        reference("unit", "单位", "Unit", "单位编号", to="units"),
        text("subject", "共建事项", "Subject", "事项"),
        day("since", "起始日期", "Since", "开始日期"),
        day("until", "终止日期", "Until", "结束日期"),
    ),
    Lies.PLACE,
)

DELIBERATIONS = Entity(
    "deliberations",
    "议事",
    "Deliberations",
    "a row of deliberations",
    (
        place("place", "社区或网格", "Community or grid", "社区编码", "社区代码"),
        reference("estate", "小区", "Estate", "小区编号", to="estates"),
        reference("building", "楼栋", "Building", "楼栋编号", to="buildings"),
        day("as_of", "数据日期", "As of", "统计日期", needed=True),
        count("held", "议事次数", "Held", "次数", needed=True),
        count("resolved", "办结事项数", "Resolved", "办结数"),
    ),
    Lies.SUBJECT,
    subjects=("building", "estate", "place"),
    is_dated=True,
)

COUNTS = (GRID_FIGURES, REPORT_INS, PAIRINGS, DELIBERATIONS)
