"""Which column of a file holds which field of a building: as declared, else by the names people give columns."""

from __future__ import annotations

from geo.mapping import Fields

NAMES: dict[str, tuple[str, ...]] = {
    "reference": (
        *("reference", "ref", "建筑编号", "楼栋编号", "楼栋编码", "房屋编号", "房屋编码", "楼幢编号", "编号", "编码"),
        *("building_id", "bldg_id", "id", "osm_id", "objectid", "gid", "fid"),
    ),
    "use": (
        *("use", "用途", "建筑用途", "房屋用途", "使用性质", "建筑性质", "建筑类型", "类型"),
        *("building_use", "usage", "function", "building", "building_type", "type", "kind"),
    ),
    "floors": (
        *("floors", "层数", "楼层数", "楼层", "地上层数", "总层数"),
        *("building:levels", "building_levels", "levels", "storeys", "stories", "numfloors"),
    ),
    "households": ("households", "户数", "住户数", "总户数", "居民户数", "building:flats"),
    "firms": ("firms", "企业数", "单位数", "商户数", "companies"),
    "workers": ("workers", "从业人数", "从业人员", "从业人员数", "就业人数", "employees"),
    "name": ("name", "名称", "楼名", "楼栋名称", "建筑名称", "楼宇名称"),
    "address": ("address", "地址", "详细地址", "门牌地址", "坐落", "addr:full", "addr_full"),
    "source": ("source", "来源", "数据来源"),
}
"""Fields and the column names that are understood without being told, the most telling first."""

FIELDS = Fields(noun="a building", names=NAMES, needed=("reference",))
mapped = FIELDS.mapped
