"""Alliances of the made city: most business districts have one, led by the committee of the community around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from geo.arrays import Ints
from geo.demo import organisations
from geo.demo.business import BusinessDistrict
from geo.demo.columns import numbered, past, when
from geo.demo.organisations import Organisations
from geo.demo.sites import Sites
from geo.demo.towns import City
from geo.demo.units import PREFIX as UNIT
from geo.demo.units import Units

PREFIX = "LM"
_ALLIED = 0.7
"""Share of business districts with an alliance."""
_JOINS, _JOINS_BARE, _LEFT = 0.75, 0.10, 0.05
"""Shares of units with an organisation, and without, that are members; of members that have left."""


@dataclass(frozen=True, eq=False)
class Alliances:
    """Alliances (k,) by business district and leader, and their members (m,) by unit or organisation."""

    district: Ints
    leader: Ints
    alliance: Ints
    unit: Ints
    body: Ints


def ally(city: City, sites: Sites, units: Units, told: Organisations) -> Alliances:
    """The alliances of the business districts with units; an organisation joins in place of its unit."""
    chance = city.order.chance(109)
    there = np.flatnonzero(np.bincount(units.group, minlength=units.districts)[: units.districts])
    district = np.sort(chance.permutation(there)[: int(np.ceil(_ALLIED * len(there)))])
    of = np.full(max(units.districts, 1), -1, dtype=np.int64)
    of[district] = np.arange(len(district))
    inside = units.group < units.districts
    own = np.full(len(units), -1, dtype=np.int64)
    own[inside] = of[units.group[inside]]
    joins = (own >= 0) & (chance.random(len(units)) < np.where(told.unit >= 0, _JOINS, _JOINS_BARE))
    member = np.flatnonzero(joins)
    community = city.town.community[sites.block[units.site]]
    at, first = np.unique(own, return_index=True)
    leader = told.community[community[first[at >= 0]]]
    return Alliances(district, leader, own[member], np.where(told.unit[member] >= 0, -1, member), told.unit[member])


def table(allied: Alliances, districts: list[BusinessDistrict], city: City) -> pa.Table:
    """The alliances as an office sends them."""
    chance = city.order.chance(110)
    chosen = [districts[at] for at in allied.district.tolist()]
    return pa.table(
        {
            "编号": numbered(PREFIX, np.arange(len(chosen))),
            "联盟名称": pa.array([f"{one.name}党建联盟" for one in chosen], type=pa.string()),
            "牵头党组织": numbered(organisations.PREFIX, allied.leader),
            "商圈编号": pa.array([one.code for one in chosen], type=pa.string()),
            "成立日期": past(city.order, chance.integers(200, 2_500, len(chosen))),
        }
    )


def members(allied: Alliances, city: City) -> pa.Table:
    """Their members as an office sends them."""
    chance, count = city.order.chance(111), len(allied.alliance)
    until = chance.integers(20, 180, count)
    return pa.table(
        {
            "编号": numbered("CY", np.arange(count)),
            "联盟编号": numbered(PREFIX, allied.alliance),
            "单位编号": numbered(UNIT, allied.unit),
            "党组织编号": numbered(organisations.PREFIX, allied.body),
            "加入日期": past(city.order, chance.integers(200, 1_500, count)),
            "退出日期": when(chance.random(count) < _LEFT, past(city.order, until)),
        }
    )
