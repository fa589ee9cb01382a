"""Dated counts of the made city: figures of grids from their buildings, report-ins, pairings, deliberations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from geo.arrays import Floats, Ints
from geo.demo import estates, organisations
from geo.demo.columns import numbered, past, quarters, same_day, when, words
from geo.demo.estates import Estates
from geo.demo.organisations import Organisations
from geo.demo.sites import Sites
from geo.demo.towns import City
from geo.demo.units import PREFIX as UNIT

_HOUSEHOLD = (2.3, 3.1)
"""Residents of a household, from and below, by grid."""


def figures(city: City, sites: Sites) -> pa.Table:
    """Households, residents, firms and workers of every grid on two days; the later ones are those of its buildings."""
    chance, codes = city.order.chance(126), city.town.levels["grid"].codes
    grid = city.town.grid[sites.block]
    inside, count = grid >= 0, len(codes)
    now = {
        name: np.bincount(grid[inside], sites.figures(name)[inside], count)
        for name in ("households", "firms", "workers")
    }
    now["residents"] = np.round(now["households"] * chance.uniform(*_HOUSEHOLD, count))
    growth = chance.uniform(0.93, 1.01, count)
    before = {name: np.round(column * growth) for name, column in now.items()}
    days = quarters(city.order)
    both = {name: np.concatenate([before[name], now[name]]).astype(np.int64) for name in now}
    return pa.table(
        {
            "编号": numbered("DS", np.arange(2 * count)),
            "网格编码": pa.array([*codes, *codes], type=pa.string()),
            "统计日期": pa.concat_arrays([same_day(day, count) for day in days]),
            "户数": both["households"],
            "常住人口": both["residents"],
            "单位数": both["firms"],
            "从业人数": both["workers"],
        }
    )


def report_ins(city: City) -> pa.Table:
    """Organisations and members that reported in to each community, what was asked of them and what they took on."""
    chance, codes = city.order.chance(127), city.town.levels["community"].codes
    count = 2 * len(codes)
    bodies = chance.integers(2, 26, count)
    demanded = chance.integers(12, 90, count)
    met = np.floor(demanded * np.clip(chance.normal(0.72, 0.18, count), 0.1, 1.0)).astype(np.int64)
    days = quarters(city.order)
    return pa.table(
        {
            "编号": numbered("BD", np.arange(count)),
            "社区编码": pa.array([*codes, *codes], type=pa.string()),
            "统计日期": pa.concat_arrays([same_day(day, len(codes)) for day in days]),
            "报到组织数": bodies,
            "报到党员数": bodies * chance.integers(4, 22, count),
            "需求数": demanded,
            "已认领数": met,
        }
    )


_SUBJECTS = ("老旧小区改造", "助老服务", "环境整治", "青少年托管", "就业帮扶", "文明创建", "应急值守", "法律咨询")


def pairings(city: City, told: Organisations) -> pa.Table:
    """Who is paired with which community, over what, since when; some have ended."""
    chance, codes = city.order.chance(128), city.town.levels["community"].codes
    firms = told.unit[told.unit >= 0]
    able = firms if len(firms) else told.subdistrict
    community = np.repeat(np.arange(len(codes)), chance.integers(0, 4, len(codes)))
    body = able[chance.integers(0, len(able), len(community))]
    since = chance.integers(300, 1_600, len(community))
    over = chance.random(len(community)) < 0.12
    return pa.table(
        {
            "编号": numbered("JD", np.arange(len(community))),
            "社区编码": words(codes, community),
            "党组织编号": numbered(organisations.PREFIX, body),
            "单位编号": numbered(UNIT, told.bodies.unit[body]),
            "共建事项": words(_SUBJECTS, chance.integers(0, len(_SUBJECTS), len(community))),
            "起始日期": past(city.order, since),
            "终止日期": when(over, past(city.order, chance.integers(10, 280, len(community)))),
        }
    )


_ESTATES, _HOUSES, _HOUSEHOLDS = 0.35, 0.03, 20
_HELD = (3.0, 1.6, 1.1)
"""Deliberations in half a year by a community, an estate and a house, about."""


def deliberations(city: City, sites: Sites, fenced: Estates) -> pa.Table:
    """How often communities, estates and houses deliberated in half a year, and what they settled."""
    chance, codes = city.order.chance(129), city.town.levels["community"].codes
    estate = np.flatnonzero((fenced.households > 0) & (chance.random(len(fenced)) < _ESTATES))
    large = sites.figures("households") >= _HOUSEHOLDS
    house = np.flatnonzero(large & (chance.random(len(sites)) < _HOUSES))
    sizes = (len(codes), len(estate), len(house))
    rate: Floats = np.repeat(_HELD, sizes)
    held = 1 + chance.poisson(rate)
    return pa.table(
        {
            "编号": numbered("YS", np.arange(sum(sizes))),
            "社区编码": words(codes, _only(np.arange(len(codes)), 0, sizes)),
            "小区编号": numbered(estates.PREFIX, _only(estate, 1, sizes)),
            "楼栋编号": when(_only(house, 2, sizes) >= 0, pa.array(_only(house, 2, sizes) + 1)),
            "统计日期": same_day(quarters(city.order)[1], sum(sizes)),
            "议事次数": held,
            "办结事项数": chance.binomial(2 * held, 0.6),
        }
    )


def _only(at: Ints, part: int, sizes: tuple[int, ...]) -> Ints:
    """Positions of one part of the rows, -1 on those of the others."""
    found = [np.full(size, -1, dtype=np.int64) for size in sizes]
    found[part] = at.astype(np.int64)
    return np.concatenate(found)
