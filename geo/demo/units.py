"""Units of the made city: the firms and social organisations a register would hold, each in its building.

A register knows the larger firms of a house, nearly all in business districts, few of the corner shops; what it holds
there has four fifths of those who work there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.demo import trades
from geo.demo.business import BusinessDistrict
from geo.demo.columns import numbered, past, when, words
from geo.demo.plans import FRAME, Order
from geo.demo.shares import dealt, evenly
from geo.demo.sites import Sites
from geo.demo.towns import City

PREFIX = "DW"
_LISTED = {"office": 0.14, "commercial": 0.12, "market": 0.06, "industrial": 0.50, "shop": 0.022}
"""Share of the firms of a building that the register holds, by use, outside business districts."""
_LISTED_INSIDE, _FEWEST = 0.26, 26
"""The same inside them, or more, so that a small district has about so many units as well."""
_MEMBER_RATE = np.array([0.036, 0.016, 0.06, 0.12, 0.25])
"""Full members among workers by trades.KINDS; firms differ much (gamma of shape _SPREAD)."""
_SPREAD = 0.55
NEVER, OLD, FRESH = range(3)
SURVEYS = (0.09, 0.10, 0.81)
"""Shares of units never surveyed, surveyed too long ago, surveyed within eleven months."""
CLOSED = 0.035
"""Share of units no longer operating."""
_PLACES = (0.66, 0.30, 0.035, 0.005)
"""Shares of units told by building, building and position, position alone, address alone."""


@dataclass(frozen=True, eq=False)
class Units:
    """Units (n,) in the order of their buildings.

    Attributes
    ----------
    site
        Position of its building.
    kind, industry
        Positions in :data:`trades.KINDS` and :data:`trades.KEYS`.
    survey
        NEVER, OLD or FRESH.
    group
        Position of its business district; ``districts`` + its community where it is in none.
    districts
        Number of business districts.
    """

    site: Ints
    kind: Ints
    industry: Ints
    workers: Ints
    members: Ints
    operating: Bools
    survey: Ints
    group: Ints
    districts: int

    def __len__(self) -> int:
        return len(self.site)


def register(city: City, sites: Sites, districts: list[BusinessDistrict]) -> Units:
    """The units of the city: about a tenth of its firms."""
    chance = city.order.chance(101)
    inside = districts_of(sites, districts)
    site = _listed(sites, inside, chance)
    use = sites.uses[site]
    kind = trades.kinds_of(use, chance.random(len(site)))
    group = np.where(inside >= 0, inside, len(districts) + city.town.community[sites.block])[site]
    workers = _workers(sites, site, chance)
    return Units(
        site=site,
        kind=kind,
        industry=trades.industries_of(use, kind == trades.KINDS.index("new_social"), chance.random(len(site))),
        workers=workers,
        members=_members(workers, kind, inside[site] >= 0, chance),
        operating=evenly(group, chance) >= CLOSED,
        survey=np.searchsorted(np.cumsum(SURVEYS)[:2], evenly(group, chance), side="right"),
        group=group,
        districts=len(districts),
    )


def districts_of(sites: Sites, districts: list[BusinessDistrict]) -> Ints:
    """Position of the smallest business district that holds each building, -1 where none does."""
    found = np.full(len(sites), -1, dtype=np.int64)
    shapes: Shapes = np.array([one.shape for one in districts], dtype=object)
    points: Shapes = np.asarray(shapely.points(sites.lonlat), dtype=object)
    tree = shapely.STRtree(points)
    for at in np.argsort(-shapely.area(shapes), kind="stable").tolist():
        found[tree.query(shapes[at], predicate="contains")] = at
    return found


def _listed(sites: Sites, inside: Ints, chance: np.random.Generator) -> Ints:
    """Building of each unit, in ascending order."""
    firms = sites.figures("firms")
    share = np.zeros(len(sites))
    for use, rate in _LISTED.items():
        share[sites.used(use)] = rate
    houses = share > 0
    within = houses & (inside >= 0)
    there = np.bincount(inside[within], firms[within], max(int(inside.max(initial=0)) + 1, 1))
    dense = np.clip(_FEWEST / np.maximum(there, 1), _LISTED_INSIDE, 1.0)
    share[within] = np.maximum(share[within], dense[inside[within]])
    count = np.minimum(np.floor(share * firms + chance.random(len(sites))).astype(np.int64), firms * houses)
    return np.repeat(np.arange(len(sites)), count)


def _workers(sites: Sites, site: Ints, chance: np.random.Generator) -> Ints:
    """Workers of each unit; together no more than their building has."""
    if not len(site):
        return np.empty(0, dtype=np.int64)
    places, at, count = np.unique(site, return_inverse=True, return_counts=True)
    firms, workers = sites.figures("firms")[places], sites.figures("workers")[places]
    total = np.maximum(count, np.floor(workers * (count / firms) ** 0.14)).astype(np.int64)
    return dealt(total[at], at, np.exp(chance.normal(0, 1.4, len(site))))


def _members(workers: Ints, kind: Ints, inside: Bools, chance: np.random.Generator) -> Ints:
    """Full members of each unit: none in most, one or two in many, a hundred in few; more in business districts."""
    rate = _MEMBER_RATE[kind] * np.where(inside, 1.5, 1.0)
    drawn = chance.poisson(workers * rate * chance.gamma(_SPREAD, 1 / _SPREAD, len(workers)))
    found: Ints = np.minimum(drawn, np.ceil(0.6 * workers).astype(np.int64))
    return found


def table(units: Units, sites: Sites, order: Order) -> pa.Table:
    """The register as an office sends it."""
    chance = order.chance(102)
    how = np.searchsorted(np.cumsum(_PLACES)[:3], chance.random(len(units)), side="right")
    floor = _floors(units, sites, chance)
    lonlat = np.round(sites.lonlat[units.site] + chance.normal(0, 1.5, (len(units), 2)) / FRAME.scale, 7)
    return pa.table(
        {
            "编号": numbered(PREFIX, np.arange(len(units))),
            "单位名称": trades.names_of(units.kind, units.industry, chance),
            "单位类型": words(trades.KINDS_ZH, units.kind),
            "所属行业": words([zh for zh, _ in trades.INDUSTRIES.values()], units.industry),
            "从业人数": units.workers,
            "正式党员数": units.members,
            "是否在营": words(("否", "是"), units.operating.astype(np.int64)),
            "调查日期": surveyed(units, order, chance),
            "楼栋编号": when(how < 2, pa.array(units.site + 1)),
            "楼层": pa.array(floor),
            "经营地址": pa.array(_addresses(units, sites, floor)),
            "经度": when((how == 1) | (how == 2), pa.array(lonlat[:, 0])),
            "纬度": when((how == 1) | (how == 2), pa.array(lonlat[:, 1])),
        }
    )


def surveyed(units: Units, order: Order, chance: np.random.Generator) -> pa.Array:
    """Day of each unit's last survey; none where it was never surveyed."""
    days = np.where(units.survey == FRESH, chance.integers(3, 330, len(units)), chance.integers(800, 1500, len(units)))
    return when(units.survey != NEVER, past(order, days))


def _floors(units: Units, sites: Sites, chance: np.random.Generator) -> list[str]:
    """Where in the house: one floor, several of a large firm, as texts."""
    storeys = sites.figures("floors")[units.site]
    low = 1 + np.floor(chance.random(len(units)) * storeys).astype(np.int64)
    high = np.minimum(low + np.minimum(units.workers // 90, 8), storeys)
    mall = sites.used("commercial")[units.site]
    rows = zip(low.tolist(), high.tolist(), mall.tolist(), strict=True)
    return [f"{a}F" if is_mall else f"{a}层" if a == b else f"{a}-{b}层" for a, b, is_mall in rows]


def _addresses(units: Units, sites: Sites, floor: list[str]) -> list[str]:
    streets, houses = sites.texts("address", units.site), sites.texts("name", units.site)
    return [f"{street}{house}{at}" for street, house, at in zip(streets, houses, floor, strict=True)]


def centres(units: Units, sites: Sites) -> Floats:
    """(n, 2) degrees of each unit's building."""
    return sites.lonlat[units.site]
