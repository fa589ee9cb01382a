"""Which column of a file holds which field of an incident: as declared, else by the names people give columns."""

from __future__ import annotations

from geo.mapping import Fields

NAMES: dict[str, tuple[str, ...]] = {
    "reference": (
        *(
            "reference",
            "ref",
            "工单编号",
            "工单号",
            "案件编号",
            "案件号",
            "事件编号",
            "任务号",
            "流水号",
            "编号",
            "单号",
        ),
        *("case_number", "case_id", "incident_id", "service_request_id", "unique_key", "id"),
    ),
    "occurred_at": (
        *(
            "occurred_at",
            "occurred",
            "发生时间",
            "案发时间",
            "事发时间",
            "事件时间",
            "诉求时间",
            "来电时间",
            "上报时间",
        ),
        *("created_date", "incident_datetime", "datetime", "date", "时间", "日期", "time"),
    ),
    "lon": ("lon", "lng", "longitude", "经度", "x", "x坐标", "coordx", "east", "easting"),
    "lat": ("lat", "latitude", "纬度", "y", "y坐标", "coordy", "north", "northing"),
    "category": (
        *("category", "类别", "事件类别", "问题类别", "问题类型", "诉求类型", "事件类型", "案件类型", "分类", "类型"),
        *("complaint_type", "primary_type", "primarytype", "type"),
    ),
    "source": ("source", "来源", "问题来源", "诉求来源", "来源渠道", "渠道", "channel"),
    "urgency": ("urgency", "紧急程度", "urgent", "是否紧急", "priority"),
    "address": ("address", "地址", "发生地址", "事发地址", "事发地点", "详细地址", "位置", "incident_address", "block"),
    "accuracy_m": ("accuracy_m", "accuracy", "定位精度", "精度"),
    "reported_at": ("reported_at", "受理时间", "登记时间", "上报时间", "创建时间"),
    "datum": ("datum", "坐标系", "坐标类型"),
    "area": ("stated_area", "所称区域", "所属区域", "所属社区"),
    "status": ("status", "状态", "办理状态", "处理状态"),
}
"""Fields and the column names that are understood without being told, the most telling first."""

FIELDS = Fields(
    noun="an incident",
    names=NAMES,
    needed=("reference", "occurred_at", "lon", "lat"),
    aliases={"x": "lon", "y": "lat"},
)
mapped = FIELDS.mapped
