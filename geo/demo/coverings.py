"""Records of coverage of the made city: who covers or helps which unit, house or grid, since when, proved when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from geo.arrays import Bools, Ints
from geo.demo import organisations
from geo.demo.columns import numbered, past, when, words
from geo.demo.organisations import Organisations
from geo.demo.plans import Order
from geo.demo.sites import Sites
from geo.demo.towns import City
from geo.demo.units import PREFIX, Units
from geo.demo.ways import AREA, INDUSTRY, INSTRUCTOR, JOINT, LIAISON, MASS, NONE, OWN, Ways

_METHODS_ZH = ("", "单独组建", "联合组建", "区域覆盖", "行业覆盖", "党建指导员", "党建联络员", "群团组织")
_OLD, _BLANK = 0.10, 0.04
"""Shares of records whose evidence is older than two years, or missing."""
_TWICE = {OWN: (0.05, MASS), JOINT: (0.06, LIAISON), AREA: (0.08, INSTRUCTOR), INDUSTRY: (0.04, LIAISON)}
"""Share of units covered in one way that stand in a second record, and its method."""
_GIVEN_UP = 0.06
"""Share of uncovered units that someone helped once."""
_GRIDS = 0.04
"""Share of grid branches that cover every unit of their grid."""


@dataclass(frozen=True, eq=False)
class Coverings:
    """Records (m,): positions of what is covered and who covers, -1 where there is none; method as in ways."""

    unit: Ints
    site: Ints
    grid: Ints
    body: Ints
    method: Ints
    ended: Bools

    def __len__(self) -> int:
        return len(self.unit)


@dataclass(frozen=True, eq=False)
class _Nearby:
    """Organisations that could help a unit: those of its grid, community, subdistrict and industry."""

    told: Organisations
    grid: Ints
    community: Ints
    subdistrict: Ints
    sector: Ints

    def of(self, unit: Ints, method: Ints, chance: np.random.Generator) -> Ints:
        """Who sends the instructor, keeps the liaison; of a mass organisation often none is written down."""
        drawn = chance.random(len(unit))
        grid = self.grid[unit]
        near = np.where((drawn < 0.35) & (grid >= 0), grid, self.community[unit])
        far = np.where(drawn < 0.3, self.subdistrict[unit], self.community[unit])
        mass = np.where(drawn < 0.6, -1, self.community[unit])
        found: Ints = np.select([method == INSTRUCTOR, method == LIAISON], [near, far], mass)
        return found


def cover(city: City, sites: Sites, units: Units, ways: Ways, told: Organisations) -> Coverings:
    """The records of the city."""
    chance = city.order.chance(106)
    nearby = _nearby(city, sites, units, told)
    all_of = np.arange(len(units))
    parts = [
        _of_units(all_of[ways.way == OWN], told.unit[ways.way == OWN], OWN),
        _of_units(all_of[ways.way == JOINT], told.joint[ways.joint[ways.way == JOINT]], JOINT),
        _of_units(all_of[ways.way == INDUSTRY], nearby.sector[ways.way == INDUSTRY], INDUSTRY),
        *(_helped(all_of[ways.way == one], one, nearby, chance) for one in (INSTRUCTOR, LIAISON, MASS)),
        *(
            _helped(all_of[(ways.way == one) & (chance.random(len(units)) < share)], method, nearby, chance)
            for one, (share, method) in _TWICE.items()
        ),
        _given_up(all_of[(ways.way == NONE) & (chance.random(len(units)) < _GIVEN_UP)], nearby, chance),
        _of(len(ways.houses), site=ways.houses, body=told.house, method=AREA),
        _of_grids(city, sites, units, told, chance),
    ]
    names = ("unit", "site", "grid", "body", "method", "ended")
    return Coverings(**{name: np.concatenate([getattr(one, name) for one in parts]) for name in names})


def _of(count: int, method: int | Ints, ended: bool = False, **told: Ints) -> Coverings:
    none = np.full(count, -1, dtype=np.int64)
    columns = {name: told.get(name, none) for name in ("unit", "site", "grid", "body")}
    methods = np.array(np.broadcast_to(np.asarray(method, dtype=np.int64), count))
    return Coverings(**columns, method=methods, ended=np.full(count, ended))


def _of_units(unit: Ints, body: Ints, method: int | Ints) -> Coverings:
    return _of(len(unit), method, unit=unit, body=body)


def _helped(unit: Ints, method: int, nearby: _Nearby, chance: np.random.Generator) -> Coverings:
    return _of_units(unit, nearby.of(unit, np.full(len(unit), method), chance), method)


def _given_up(unit: Ints, nearby: _Nearby, chance: np.random.Generator) -> Coverings:
    method = chance.choice((INSTRUCTOR, LIAISON), len(unit))
    return _of(len(unit), method, ended=True, unit=unit, body=nearby.of(unit, method, chance))


def _of_grids(city: City, sites: Sites, units: Units, told: Organisations, chance: np.random.Generator) -> Coverings:
    """Grid branches that cover the shops around: of grids with units, none of them in a business district."""
    count = len(city.town.levels["grid"].codes)
    grid = city.town.grid[sites.block[units.site]]
    inside = units.group < units.districts
    calm = np.bincount(grid[(grid >= 0) & ~inside], minlength=count) > 0
    calm &= np.bincount(grid[(grid >= 0) & inside], minlength=count) == 0
    chosen = np.flatnonzero(calm & (told.grid >= 0) & (chance.random(count) < _GRIDS / max(calm.mean(), _GRIDS)))
    return _of(len(chosen), grid=chosen, body=told.grid[chosen], method=AREA)


def _nearby(city: City, sites: Sites, units: Units, told: Organisations) -> _Nearby:
    tree, town = organisations.above(city), city.town
    block = sites.block[units.site]
    community = town.community[block]
    grid = town.grid[block]
    return _Nearby(
        told,
        np.where(grid >= 0, told.grid[np.maximum(grid, 0)], -1),
        told.community[community],
        told.subdistrict[tree.subdistrict[community]],
        told.sector[tree.district[community], units.industry],
    )


_SPARE = {
    organisations.COMMITTEE: (3, 12), organisations.GENERAL: (0, 6), organisations.BRANCH: (0, 3),
    organisations.JOINT: (0, 2), organisations.GRID: (0, 3), organisations.SECTOR: (6, 16),
}  # fmt: skip
"""How many more units an organisation of a kind could help, from and below."""
_UNTOLD = {organisations.JOINT: 0.6, organisations.BRANCH: 0.4, organisations.GRID: 0.25}
"""Share of a kind that never said how many it could help."""


def capacities(told: Organisations, records: Coverings, order: Order) -> Ints:
    """How many units each organisation can help, those it helps already included; -1 where it is not known."""
    chance, kind = order.chance(107), told.bodies.kind
    helped = np.bincount(records.body[(records.method >= INSTRUCTOR) & (records.body >= 0)], minlength=len(kind))
    low, high = np.array([_SPARE[one] for one in range(len(_SPARE))]).T
    untold = np.array([_UNTOLD.get(one, 0.0) for one in range(len(_SPARE))])[kind]
    return np.where(chance.random(len(kind)) < untold, -1, helped + chance.integers(low[kind], high[kind]))


def table(records: Coverings, city: City) -> pa.Table:
    """The records as an office sends them."""
    chance, count, order = city.order.chance(108), len(records), city.order
    until = chance.integers(10, 400, count)
    fresh = np.where(chance.random(count) < _OLD, chance.integers(800, 1_500, count), chance.integers(4, 320, count))
    proved = np.where(records.ended, until + chance.integers(5, 200, count), fresh)
    since = proved + chance.integers(20, 1_200, count)
    codes = city.town.levels["grid"].codes
    return pa.table(
        {
            "编号": numbered("FG", np.arange(count)),
            "单位编号": numbered(PREFIX, records.unit),
            "楼栋编号": when(records.site >= 0, pa.array(records.site + 1)),
            "网格编码": words(codes, records.grid),
            "党组织编号": numbered(organisations.PREFIX, records.body),
            "覆盖类型": words(("组织覆盖", "工作覆盖"), (records.method >= INSTRUCTOR).astype(np.int64)),
            "覆盖方式": words(_METHODS_ZH, records.method),
            "佐证日期": when(chance.random(count) >= _BLANK, past(order, proved)),
            "起始日期": past(order, since),
            "终止日期": when(records.ended, past(order, until)),
        }
    )
