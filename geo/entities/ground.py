"""Ground that overlaps anything: business districts and residential estates."""

from __future__ import annotations

from geo.entities.entity import Entity, Lies
from geo.entities.fields import choice, count, figure, flag, reference, text

BUSINESS_DISTRICTS = Entity(
    "business_districts",
    "商圈楼群园区",
    "Business districts",
    "a business district",
    (
        text("name", "名称", "Name", "商圈名称", "楼群名称", "园区名称", needed=True),
        text("name_en", "英文名", "Name in English", "英文名称"),
        choice("kind", "类型", "Kind", "类别", "商圈类型", "type", words="district_kinds", needed=True),
        text("operator", "运营单位", "Operator", "管理单位", "运营方"),
        reference("organisation", "牵头党组织", "Leading organisation", "党组织", to="party_organisations"),
    ),
    Lies.GROUND,
    numbered=("商圈编号", "楼群编号", "园区编号"),
)

ESTATES = Entity(
    "estates",
    "住宅小区",
    "Residential estates",
    "a residential estate",
    (
        text("name", "名称", "Name", "小区名称", "小区", needed=True),
        choice("build_status", "建设状态", "Build status", "建设情况", words="build_status"),
        count("households", "户数", "Households", "住户数"),
        figure("floor_m2", "总建筑面积", "Floor area", "建筑面积", unit="m²"),
        figure("reserved_m2", "预留党群用房面积", "Reserved service floor area", "预留面积", "配套用房面积", unit="m²"),
        text("property_company", "物业企业", "Property company", "物业公司", "物业"),
        choice("property_party", "物业党组织", "Property company's Party status", "物业党建", words="party_status"),
        choice("owners_committee", "业委会", "Owners' committee", "业主委员会", words="committees"),
        flag("has_mediation", "议事调处机制", "Mediation mechanism", "调处机制", "议事机制"),
    ),
    Lies.GROUND,
    numbered=("小区编号",),
)

GROUND = (BUSINESS_DISTRICTS, ESTATES)
