"""Posts of the made city: staff slots of grids by line, duty contacts of every step of responsibility; no persons."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from geo.arrays import Ints
from geo.demo import estates
from geo.demo.columns import extensions, numbered, quarters, same_day, when, words
from geo.demo.estates import Estates
from geo.demo.plans import Order
from geo.demo.sites import Sites
from geo.demo.towns import City

_LINES_ZH = ("网格", "公安", "综治", "环保", "安监", "城管", "党务")
_PART_TIME = (0.55, 0.92, 0.70, 0.45, 0.55, 0.50, 0.40)
"""Share of grids with part-time slots of each line."""
_UNTOLD, _VACANT, _PART_VACANT = 0.03, 0.09, 0.18
"""Shares of grids of which nothing is told, with no full-time slot filled, and of part-time slots that are vacant."""


def slots(city: City) -> pa.Table:
    """Staff slots of every grid and community, as of two days half a year apart."""
    chance = city.order.chance(124)
    grids, communities = city.town.levels["grid"].codes, city.town.levels["community"].codes
    told = np.flatnonzero(chance.random(len(grids)) >= _UNTOLD)
    vacant = chance.random(len(told)) < _VACANT
    full = chance.integers(1, 3, len(told))
    parts = [_rows(told, 0, 0, full, np.where(vacant, 0, full - (chance.random(len(told)) < 0.15) * (full > 1)))]
    for line, share in enumerate(_PART_TIME):
        own = told[chance.random(len(told)) < share]
        count = 1 + (chance.random(len(own)) < 0.2)
        parts.append(_rows(own, line, 1, count, count - (chance.random(len(own)) < _PART_VACANT)))
    party = np.arange(len(communities))
    count = chance.integers(1, 4, len(party))
    parts.append(_rows(len(grids) + party, 6, 0, count, np.maximum(count - (chance.random(len(party)) < 0.2), 1)))
    return _slots_table(np.concatenate(parts), [*grids, *communities], city.order, chance)


def _rows(place: Ints, line: int, time: int, count: Ints, filled: Ints) -> Ints:
    """(rows, 5) place, line, time, slots, filled."""
    return np.column_stack(np.broadcast_arrays(place, line, time, count, filled)).astype(np.int64)


def _slots_table(rows: Ints, codes: list[str], order: Order, chance: np.random.Generator) -> pa.Table:
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    before, now = quarters(order)
    older = rows[(rows[:, 1] == 0) & (rows[:, 2] == 0)].copy()
    older[:, 4] = np.minimum(older[:, 4] + (chance.random(len(older)) < 0.1), older[:, 3])
    both = np.concatenate([older, rows])
    return pa.table(
        {
            "编号": numbered("GW", np.arange(len(both))),
            "网格编码": words(codes, both[:, 0]),
            "力量类型": words(_LINES_ZH, both[:, 1]),
            "专兼职": words(("专职", "兼职"), both[:, 2]),
            "岗位数": both[:, 3],
            "在岗数": both[:, 4],
            "统计日期": pa.concat_arrays([same_day(before, len(older)), same_day(now, len(rows))]),
        }
    )


LEADER, WORKER, HOUSE, ESTATE, SECRETARY, ROOM, HOTLINE = range(7)
_POSTS_ZH = ("网格长", "网格员", "楼长", "小区负责人", "书记", "值班室", "热线专席")
_HOURS = ("全天", "工作日 8:30-17:30", "每日 8:00-20:00")
_HOURS_OF = (2, 2, 2, 1, 1, 0, 0)
_OF_LEVEL = {
    "grid": ((LEADER, 0.95), (WORKER, 0.90)),
    "community": ((SECRETARY, 0.97), (ROOM, 0.92)),
    "subdistrict": ((ROOM, 1.0), (HOTLINE, 1.0)),
    "district": ((ROOM, 1.0),),
}
"""Posts of each level and the share of its places that have them."""
_HOUSES, _HOUSEHOLDS = 0.22, 12
_ESTATES = 0.75


def contacts(city: City, sites: Sites, fenced: Estates) -> pa.Table:
    """Duty contacts of districts, subdistricts, communities, grids, estates and houses; some links are missing."""
    chance = city.order.chance(125)
    place: list[str | None] = []
    post: list[int] = []
    for level, posts in _OF_LEVEL.items():
        for kind, share in posts:
            codes = city.town.levels[level].codes
            own = [code for code, drawn in zip(codes, chance.random(len(codes)).tolist(), strict=True) if drawn < share]
            place += own
            post += [kind] * len(own)
    lived = fenced.households > 0
    estate = np.flatnonzero(lived & (chance.random(len(fenced)) < _ESTATES))
    large = sites.figures("households") >= _HOUSEHOLDS
    house = np.flatnonzero(large & (chance.random(len(sites)) < _HOUSES))
    count = len(place) + len(estate) + len(house)
    kinds = np.concatenate([post, np.full(len(estate), ESTATE), np.full(len(house), HOUSE)]).astype(np.int64)
    none = np.full(count, -1, dtype=np.int64)
    estates_of, houses_of = none.copy(), none.copy()
    estates_of[len(place) : len(place) + len(estate)] = estate
    houses_of[len(place) + len(estate) :] = house
    return pa.table(
        {
            "编号": numbered("ZB", np.arange(count)),
            "区划代码": pa.array([*place, *[None] * (count - len(place))], type=pa.string()),
            "小区编号": numbered(estates.PREFIX, estates_of),
            "楼栋编号": when(houses_of >= 0, pa.array(houses_of + 1)),
            "岗位": words(_POSTS_ZH, kinds),
            "值班电话": extensions(count, chance),
            "值守时间": words(_HOURS, np.array(_HOURS_OF)[kinds]),
        }
    )
