"""Units, the Party organisations that cover them, and how: records of coverage, alliances, industry organisations."""

from __future__ import annotations

from geo.entities.entity import Entity, Lies
from geo.entities.fields import choice, count, day, flag, place, reference, text

UNITS = Entity(
    "units",
    "两新组织等单位",
    "Units",
    "a unit",
    (
        text("name", "名称", "Name", "单位名称", "企业名称", "组织名称", needed=True),
        choice("kind", "类型", "Kind", "单位类型", "组织类型", "企业类型", words="unit_kinds"),
        choice("industry", "行业", "Industry", "所属行业", "行业门类", words="industries"),
        count("workers", "从业人数", "Workers", "从业人员", "员工数", "职工人数", "employees", most=1e6),
        count("members", "正式党员数", "Full members", "党员数", "党员人数", most=1e5),
        flag("operating", "在营", "Operating", "是否在营", "正常经营", "经营状态"),
        day("surveyed_on", "调查日期", "Surveyed on", "普查日期", "摸排日期"),
        reference("building", "所在楼栋", "Building", "楼栋编号", "楼宇编号", "楼栋", to="buildings"),
        text("floor", "楼层", "Floor", "所在楼层"),
        text("address", "地址", "Address", "经营地址", "详细地址"),
    ),
    Lies.SPOT,
    numbered=("单位编号", "企业编号", "社会组织编号", "统一社会信用代码", "社会信用代码"),
)

PARTY_ORGANISATIONS = Entity(
    "party_organisations",
    "党组织",
    "Party organisations",
    "a Party organisation",
    (
        text("name", "名称", "Name", "党组织名称", needed=True),
        choice("kind", "类型", "Kind", "组织类型", "党组织类型", words="organisation_kinds", needed=True),
        choice("formation", "组建方式", "Formation", "组建形式", words="formations"),
        reference("parent", "上级党组织", "Parent", "上级", "隶属", to="party_organisations"),
        count("members", "正式党员数", "Full members", "党员数", "党员人数", most=1e6),
        count("capacity", "可帮建家数", "Capacity to help", "帮建能力", "可帮建数", most=1e4),
        choice("industry", "行业", "Industry", "所属行业", words="industries"),
        place("place", "负责区域", "Answers for", "所属网格", "所属社区", "区划代码", "网格编码", "responsible_area"),
        reference("unit", "所在单位", "Unit", "依托单位", to="units"),
        reference("building", "所在楼栋", "Building", "楼栋编号", to="buildings"),
        day("founded_on", "成立日期", "Founded on", "组建日期"),
        text("address", "地址", "Address"),
    ),
    Lies.SPOT,
    short="organisations",
    numbered=("党组织编号", "党组织代码", "组织编号"),
)

COVERAGE_RECORDS = Entity(
    "coverage_records",
    "覆盖记录",
    "Coverage records",
    "a coverage record",
    (
        reference("unit", "单位", "Unit", "单位编号", "企业编号", to="units"),
        reference("building", "楼栋", "Building", "楼栋编号", to="buildings"),
        place("grid", "网格", "Grid", "网格编码", "网格编号", levels=("grid",)),
        reference("organisation", "党组织", "Organisation", "党组织编号", to="party_organisations"),
        choice("mode", "覆盖类型", "Mode", "覆盖类别", words="coverage_modes"),
        choice("method", "覆盖方式", "Method", "方式", "覆盖形式", words="coverage_methods", needed=True),
        day("evidence_on", "佐证日期", "Evidence date", "证明日期", "核实日期"),
        day("since", "起始日期", "Since", "开始日期", "派驻日期"),
        day("until", "终止日期", "Until", "结束日期"),
    ),
    Lies.SUBJECT,
    subjects=("unit", "building", "grid"),
)

ALLIANCES = Entity(
    "alliances",
    "党建联盟",
    "Alliances",
    "an alliance",
    (
        text("name", "名称", "Name", "联盟名称", needed=True),
        reference("leader", "牵头党组织", "Leading organisation", "牵头单位", to="party_organisations"),
        reference("business_district", "所在商圈", "Business district", "商圈编号", to="business_districts"),
        day("founded_on", "成立日期", "Founded on"),
    ),
    Lies.SUBJECT,
    subjects=("business_district", "leader"),
    numbered=("联盟编号",),
)

ALLIANCE_MEMBERS = Entity(
    "alliance_members",
    "联盟成员",
    "Alliance members",
    "a member of an alliance",
    (
        reference("alliance", "联盟", "Alliance", "联盟编号", to="alliances", needed=True),
        reference("unit", "单位", "Unit", "单位编号", to="units"),
        reference("organisation", "党组织", "Organisation", "党组织编号", to="party_organisations"),
        day("since", "加入日期", "Since"),
        day("until", "退出日期", "Until"),
    ),
    Lies.SUBJECT,
    subjects=("unit", "organisation"),
)

UNITS_AND_ORGANISATIONS = (UNITS, PARTY_ORGANISATIONS)
TIES = (COVERAGE_RECORDS, ALLIANCES, ALLIANCE_MEMBERS)
