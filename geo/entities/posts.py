"""Where people are served and which posts are filled: service points, staff slots, duty contacts; never persons."""

from __future__ import annotations

from geo.entities.entity import Entity, Lies
from geo.entities.fields import choice, count, day, figure, place, reference, text

SERVICE_POINTS = Entity(
    "service_points",
    "服务阵地",
    "Service points",
    "a service point",
    (
        text("name", "名称", "Name", "阵地名称", needed=True),
        choice("kind", "类型", "Kind", "阵地类型", "类别", words="service_kinds", needed=True),
        figure("floor_m2", "面积", "Floor area", "建筑面积", "使用面积", unit="m²"),
        text("hours", "开放时间", "Opening hours", "服务时间"),
        text("phone", "电话", "Telephone", "联系电话", "服务电话"),
        reference("organisation", "负责党组织", "Organisation", "党组织编号", to="party_organisations"),
        reference("unit", "运营单位", "Run by", "社会组织编号", to="units"),
        reference("estate", "所在小区", "Estate", "小区编号", to="estates"),
        reference("building", "所在楼栋", "Building", "楼栋编号", to="buildings"),
        text("address", "地址", "Address"),
    ),
    Lies.SPOT,
)

STAFF_SLOTS = Entity(
    "staff_slots",
    "网格力量岗位",
    "Staff slots",
    "a group of staff slots",
    (
        place("place", "网格或区域", "Grid or area", "网格编码", "网格", "所属网格", needed=True),
        choice("line", "条线", "Line", "力量类型", "岗位类型", words="staff_lines", needed=True),
        choice("time", "专兼职", "Full or part time", "专职兼职", words="staff_times", needed=True),
        count("slots", "岗位数", "Slots", "编制数", needed=True, most=1e4),
        count("filled", "在岗数", "Filled", "到岗数", needed=True, most=1e4),
        day("as_of", "数据日期", "As of", "统计日期"),
    ),
    Lies.PLACE,
    is_dated=True,
)

DUTY_CONTACTS = Entity(
    "duty_contacts",
    "值守岗位",
    "Duty contacts",
    "a duty contact",
    (
        place("place", "网格或区域", "Grid or area", "网格编码", "网格", "区划代码"),
        reference("estate", "小区", "Estate", "小区编号", to="estates"),
        reference("building", "楼栋", "Building", "楼栋编号", to="buildings"),
        choice("post", "岗位", "Post", "职务", words="posts", needed=True),
        text("phone", "值班电话", "Duty telephone", "电话", "联系电话"),
        text("hours", "值守时间", "Hours", "值班时间"),
    ),
    Lies.SUBJECT,
    subjects=("building", "estate", "place"),
)

POSTS = (SERVICE_POINTS, STAFF_SLOTS, DUTY_CONTACTS)
