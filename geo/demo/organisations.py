"""Party organisations of the made city: a tree from the city's committee down to branches of firms, houses, grids."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Floats, Ints
from geo.demo import trades
from geo.demo.columns import numbered, past, when, words
from geo.demo.districts import CITY_CODE, Level
from geo.demo.names import CITY, number_zh
from geo.demo.shares import ranks
from geo.demo.sites import Sites
from geo.demo.towns import City
from geo.demo.units import Units
from geo.demo.ways import INDUSTRY, OWN, Ways, weights

PREFIX = "DZ"
COMMITTEE, GENERAL, BRANCH, JOINT, GRID, SECTOR = range(6)
_KINDS_ZH = ("党委", "党总支", "党支部", "联合党支部", "网格党支部", "行业党委")
_FORMATIONS_ZH = ("单独组建", "联合组建", "区域组建", "行业组建")
ALONE, TOGETHER, BY_AREA, BY_INDUSTRY = range(4)
BRANCHLESS = 0.10
"""Share of named grids without a branch."""
_ADRIFT = 0.05
"""Share of the branches of firms and of joint branches that answer to no one."""


@dataclass(frozen=True, eq=False)
class Bodies:
    """Some organisations (n,): names, kinds and formations as the lists above, positions of what they belong to.

    ``parent``, ``industry``, ``unit`` and ``site`` are -1 where there is none, ``place`` is blank, ``lonlat`` NaN.
    """

    name: list[str]
    kind: Ints
    formation: Ints
    parent: Ints
    members: Ints
    industry: Ints
    place: list[str]
    unit: Ints
    site: Ints
    lonlat: Floats

    def __len__(self) -> int:
        return len(self.name)


@dataclass(frozen=True, eq=False)
class Organisations:
    """All organisations, and where among them each thing's own stands; -1 where it has none.

    ``sector`` is (districts, industries).
    """

    bodies: Bodies
    subdistrict: Ints
    community: Ints
    sector: Ints
    grid: Ints
    unit: Ints
    house: Ints
    joint: Ints


@dataclass(frozen=True, eq=False)
class Above:
    """District and subdistrict of each community, community of each grid, as positions in their levels."""

    subdistrict: Ints
    district: Ints
    community: Ints


def above(city: City) -> Above:
    """Who lies in whom."""
    levels = city.town.levels
    subdistrict = _parents(levels["community"], levels["subdistrict"])
    return Above(
        subdistrict,
        _parents(levels["subdistrict"], levels["district"])[subdistrict],
        _parents(levels["grid"], levels["community"]),
    )


def _parents(level: Level, upper: Level) -> Ints:
    at = {code: number for number, code in enumerate(upper.codes)}
    return np.array([at[code] for code in level.parents], dtype=np.int64)


def found(city: City, sites: Sites, units: Units, names: list[str], ways: Ways) -> Organisations:
    """The organisations of the city; ``names`` are those of the units."""
    chance = city.order.chance(104)
    tree = above(city)
    community = city.town.community[sites.block]
    roll = _Roll()
    for key, part in _levels(city, tree, chance):
        roll.add(key, part, np.arange(len(part)), len(part))
    roll.add("sector", *_sectors(city, units, ways, tree.district[community[units.site]], roll.at))
    grown = _Grown(city, sites, units, names, ways, roll.at, community, chance)
    roll.add("grid", *grown.grids(tree))
    roll.add("unit", *grown.firms(tree))
    roll.add("house", *grown.houses())
    roll.add("joint", *grown.joint())
    at = roll.at
    sector = at["sector"].reshape(-1, len(trades.KEYS))
    return Organisations(
        roll.whole(), at["subdistrict"], at["community"], sector, at["grid"], at["unit"], at["house"], at["joint"]
    )


class _Roll:
    """Organisations one part after another, and where each stands by the position of its owner."""

    def __init__(self) -> None:
        self.parts: list[Bodies] = []
        self.at: dict[str, Ints] = {}

    def add(self, key: str, part: Bodies, owner: Ints, count: int) -> None:
        """Put down a part; ``owner`` of its rows among ``count``."""
        begin = sum([len(one) for one in self.parts])
        self.at[key] = np.full(count, -1, dtype=np.int64)
        self.at[key][owner] = begin + np.arange(len(part))
        self.parts.append(part)

    def whole(self) -> Bodies:
        """All parts as one."""
        told: dict[str, Any] = {}
        for field in fields(Bodies):
            columns = [getattr(part, field.name) for part in self.parts]
            is_text = isinstance(columns[0], list)
            told[field.name] = [one for column in columns for one in column] if is_text else np.concatenate(columns)
        return Bodies(**told)


def _bodies(name: list[str], kind: Ints | int, parent: Ints, members: Ints, **more: Any) -> Bodies:
    """Organisations with what is told; the rest is none."""
    count = len(name)
    none = np.full(count, -1, dtype=np.int64)
    told: dict[str, Any] = {
        "formation": none, "industry": none, "unit": none, "site": none, "place": [""] * count,
        "lonlat": np.full((count, 2), np.nan), "kind": np.broadcast_to(np.asarray(kind, dtype=np.int64), count),
    }  # fmt: skip
    more = {key: np.broadcast_to(one, count) if isinstance(one, int) else one for key, one in more.items()}
    return Bodies(name=name, parent=parent, members=members, **{**told, **more})


# -- levels and industries ---------------------------------------------------------------------------------------------
_LEVELS_ZH = {"city": "委员会", "district": "委员会", "subdistrict": "工作委员会", "community": "委员会"}
_LEVEL_MEMBERS = {"city": (60, 90), "district": (40, 80), "subdistrict": (40, 120), "community": (60, 260)}


def _levels(city: City, tree: Above, chance: np.random.Generator) -> list[tuple[str, Bodies]]:
    """The committees of the city, its districts, subdistricts and communities; of some communities a general branch."""
    levels, found = city.town.levels, []
    middle = shapely.get_coordinates(shapely.point_on_surface(city.town.outline))
    rows = {"city": ([CITY[0]], [CITY_CODE], np.array([-1]), middle)}
    begins = np.cumsum([0, 1, len(levels["district"].codes), len(levels["subdistrict"].codes)])
    subdistricts = np.zeros(len(levels["subdistrict"].codes), dtype=np.int64)
    subdistricts[tree.subdistrict] = tree.district
    uppers = {"district": np.zeros(len(levels["district"].codes), dtype=np.int64), "subdistrict": subdistricts,
              "community": tree.subdistrict}  # fmt: skip
    for number, (key, upper) in enumerate(uppers.items()):
        level = levels[key]
        label = shapely.get_coordinates(shapely.point_on_surface(level.shapes))
        rows[key] = ([zh for zh, _ in level.names], level.codes, begins[number] + upper, label)
    for key, (names, codes, parent, lonlat) in rows.items():
        kind = np.where(chance.random(len(names)) < (0.4 if key == "community" else 0.0), GENERAL, COMMITTEE)
        said = [f"中共{name}{'总支部' if one == GENERAL else ''}{_LEVELS_ZH[key]}"
                for name, one in zip(names, kind.tolist(), strict=True)]  # fmt: skip
        members = chance.integers(*_LEVEL_MEMBERS[key], len(names))
        found.append((key, _bodies(said, kind, parent, members, place=codes, lonlat=np.round(lonlat, 7))))
    return found


def _sectors(city: City, units: Units, ways: Ways, district: Ints, at: dict[str, Ints]) -> tuple[Bodies, Ints, int]:
    """A committee for each industry and district in which it covers units or has twenty of them."""
    level = city.town.levels["district"]
    count = len(trades.KEYS)
    pair = district * count + units.industry
    total = len(level.codes) * count
    wanted = np.flatnonzero(
        (np.bincount(pair, minlength=total) >= 20) | (np.bincount(pair[ways.way == INDUSTRY], minlength=total) > 0)
    )
    own, industry = wanted // count, wanted % count
    said = [zh.removesuffix("业") for zh, _ in trades.INDUSTRIES.values()]
    names = [f"{level.names[a][0]}{said[b]}行业党委" for a, b in zip(own.tolist(), industry.tolist(), strict=True)]
    members = np.bincount(pair, units.members, total)[wanted].astype(np.int64) // 3 + 12
    part = _bodies(
        names, SECTOR, at["district"][own], members, industry=industry, formation=BY_INDUSTRY,
        place=[level.codes[one] for one in own.tolist()],
        lonlat=np.round(shapely.get_coordinates(shapely.point_on_surface(level.shapes))[own], 7),
    )  # fmt: skip
    return part, wanted, total


# -- branches ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _Grown:
    """What branches are made from; each method gives the branches, whose they are, and how many could have one."""

    city: City
    sites: Sites
    units: Units
    names: list[str]
    ways: Ways
    at: dict[str, Ints]
    community: Ints
    chance: np.random.Generator

    def grids(self, tree: Above) -> tuple[Bodies, Ints, int]:
        """Branches of grids: of nine named grids in ten."""
        level, chance = self.city.town.levels["grid"], self.chance
        count = len(level.codes)
        own = np.sort(chance.permutation(count)[: count - round(BRANCHLESS * count)])
        members = np.where(
            chance.random(len(own)) < 0.05, chance.integers(51, 90, len(own)), chance.integers(6, 48, len(own))
        )
        label = shapely.get_coordinates(shapely.point_on_surface(level.shapes[own]))
        part = _bodies(
            [f"{level.names[one][0]}党支部" for one in own.tolist()],
            GRID, self.at["community"][tree.community[own]], members, formation=BY_AREA,
            place=[level.codes[one] for one in own.tolist()], lonlat=np.round(label, 7),
        )  # fmt: skip
        return part, own, count

    def firms(self, tree: Above) -> tuple[Bodies, Ints, int]:
        """Organisations of one firm: a branch, from 50 members on mostly a general branch, from 100 a committee."""
        units = self.units
        own = np.flatnonzero(self.ways.way == OWN)
        home = self.community[units.site[own]]
        sector = self.at["sector"].reshape(-1, len(trades.KEYS))[tree.district[home], units.industry[own]]
        drawn = self.chance.random(len(own))
        upper = np.where(drawn < 0.2, self.at["subdistrict"][tree.subdistrict[home]], self.at["community"][home])
        upper = np.where((drawn > 0.8) & (sector >= 0), sector, upper)
        kind = self._kinds(units.members[own])
        said = [f"{self.names[one]}{_KINDS_ZH[what]}" for one, what in zip(own.tolist(), kind.tolist(), strict=True)]
        part = _bodies(
            said, kind, self._adrift(upper), units.members[own], formation=ALONE, unit=own, site=units.site[own],
            industry=units.industry[own],
        )  # fmt: skip
        return part, own, len(units)

    def houses(self) -> tuple[Bodies, Ints, int]:
        """Organisations of a house, for all firms in it."""
        houses = self.ways.houses
        inside = np.bincount(self.units.site, self.units.members, len(self.sites)).astype(np.int64)[houses]
        members = np.maximum(inside, 3) + self.chance.integers(0, 4, len(houses))
        names = [f"{name}楼宇党支部" for name in self.sites.texts("name", houses)]
        upper = self.at["community"][self.community[houses]]
        part = _bodies(names, self._kinds(members), upper, members, formation=BY_AREA, site=houses)
        return part, np.arange(len(houses)), len(houses)

    def joint(self) -> tuple[Bodies, Ints, int]:
        """Joint branches, in the house of their first unit."""
        joint, units = self.ways.joint, self.units
        count = self.ways.branches
        members = np.maximum(weights(units, joint).astype(np.int64), 3)
        lead = np.full(count, -1, dtype=np.int64)
        inside = np.flatnonzero(joint >= 0)[::-1]
        lead[joint[inside]] = inside
        upper = self.at["community"][self.community[units.site[lead]]]
        order = np.argsort(upper, kind="stable")
        number = np.empty(count, dtype=np.int64)
        number[order] = ranks(upper[order])[0] + 1
        home = self.community[units.site[lead]]
        places = self.city.town.levels["community"].names
        names = [
            f"{places[a][0]}两新组织第{number_zh(b)}联合党支部"
            for a, b in zip(home.tolist(), number.tolist(), strict=True)
        ]
        part = _bodies(names, JOINT, self._adrift(upper), members, formation=TOGETHER, site=units.site[lead])
        return part, np.arange(count), count

    def _kinds(self, members: Ints) -> Ints:
        """A branch of more than fifty members is what the rules forbid, and what is found now and then."""
        forgotten = self.chance.random(len(members)) < 0.35
        return np.select([members >= 100, (members > 50) & ~forgotten], [COMMITTEE, GENERAL], BRANCH)

    def _adrift(self, upper: Ints) -> Ints:
        return np.where(self.chance.random(len(upper)) < _ADRIFT, -1, upper)


def table(told: Organisations, capacity: Ints, city: City) -> pa.Table:
    """The register as an office sends it; ``capacity`` is -1 where it is not known."""
    chance, some = city.order.chance(105), told.bodies
    placed = ~np.isnan(some.lonlat[:, 0])
    return pa.table(
        {
            "编号": numbered(PREFIX, np.arange(len(some))),
            "党组织名称": pa.array(some.name),
            "党组织类型": words(_KINDS_ZH, some.kind),
            "组建方式": words(_FORMATIONS_ZH, some.formation),
            "上级党组织": numbered(PREFIX, some.parent),
            "正式党员数": some.members,
            "可帮建家数": when(capacity >= 0, pa.array(capacity)),
            "所属行业": words([zh for zh, _ in trades.INDUSTRIES.values()], some.industry),
            "负责区域": pa.array([code or None for code in some.place], type=pa.string()),
            "所在单位": numbered("DW", some.unit),
            "楼栋编号": when(some.site >= 0, pa.array(some.site + 1)),
            "成立日期": past(city.order, chance.integers(400, 7_000, len(some))),
            "经度": when(placed, pa.array(some.lonlat[:, 0])),
            "纬度": when(placed, pa.array(some.lonlat[:, 1])),
        }
    )
