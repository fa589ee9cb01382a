"""Service points of the made city: a centre for each subdistrict, stations of communities, points where people are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Bools, Floats, Ints
from geo.demo import estates, organisations
from geo.demo.columns import extensions, numbered, when, words
from geo.demo.estates import Estates
from geo.demo.organisations import Organisations
from geo.demo.sites import Sites
from geo.demo.towns import City
from geo.demo.trades import KINDS
from geo.demo.units import PREFIX as UNIT
from geo.demo.units import Units

PREFIX = "ZD"
CENTRE, STATION, POINT, MEDIATION, ENFORCEMENT, SOCIAL = range(6)
_KINDS_ZH = ("党群服务中心", "党群服务站", "党群服务点", "调解室", "执法中队", "社会组织服务点")
_FLOOR_M2 = ((900, 2_600), (180, 900), (30, 160), (25, 80), (120, 420), (40, 220))
_HOURS = ("周一至周日 8:30-20:30", "周一至周五 8:30-17:30，周六 9:00-12:00", "周一至周五 9:00-17:00", "全天")
_HOURS_OF = (0, 1, 2, 2, 3, 2)
_STATIONED, _MEDIATED, _IN_ESTATES, _IN_HOUSES, _SOCIAL = 0.94, 0.5, 0.08, 0.45, 0.25
"""Shares of communities with a station and with a mediation room, of estates and houses with a point, of social
organisations with one."""


@dataclass
class _Points:
    """Service points as they are put down, part after part."""

    name: list[str] = field(default_factory=list)
    columns: dict[str, list[Ints]] = field(default_factory=dict)
    lonlat: list[Floats] = field(default_factory=list)

    def add(self, kind: int, names: list[str], lonlat: Floats, **more: Ints) -> None:
        """Put down points of one kind; what is not told of them is -1."""
        none = np.full(len(names), -1, dtype=np.int64)
        self.name += names
        self.lonlat.append(lonlat)
        told = {"kind": np.full(len(names), kind), **more}
        for key in ("kind", "body", "unit", "estate", "site"):
            self.columns.setdefault(key, []).append(told.get(key, none))

    def column(self, key: str) -> Ints:
        """One column of all points."""
        return np.concatenate(self.columns[key])


def table(city: City, sites: Sites, units: Units, told: Organisations, fenced: Estates) -> pa.Table:
    """The register as an office sends it."""
    chance, points = city.order.chance(123), _Points()
    _of_areas(points, city, sites, told, chance)
    _of_estates(points, city, fenced, told, chance)
    _of_houses(points, sites, told, chance)
    _of_social(points, sites, units, chance)
    kind, site, lonlat = points.column("kind"), points.column("site"), np.concatenate(points.lonlat)
    low, high = np.array(_FLOOR_M2).T
    floor = np.round(chance.uniform(low[kind], high[kind]), 0)
    placed = ~np.isnan(lonlat[:, 0])
    return pa.table(
        {
            "编号": numbered(PREFIX, np.arange(len(kind))),
            "阵地名称": pa.array(points.name, type=pa.string()),
            "阵地类型": words(_KINDS_ZH, kind),
            "建筑面积": when(chance.random(len(kind)) > 0.04, pa.array(floor)),
            "开放时间": words(_HOURS, np.array(_HOURS_OF)[kind]),
            "服务电话": extensions(len(kind), chance),
            "党组织编号": numbered(organisations.PREFIX, points.column("body")),
            "社会组织编号": numbered(UNIT, points.column("unit")),
            "小区编号": numbered(estates.PREFIX, points.column("estate")),
            "楼栋编号": when(site >= 0, pa.array(site + 1)),
            "经度": when(placed, pa.array(lonlat[:, 0])),
            "纬度": when(placed, pa.array(lonlat[:, 1])),
        }
    )


def somewhere(group: Ints, able: Bools, count: int, chance: np.random.Generator) -> Ints:
    """Position of one able row of each group 0 … count - 1 by chance, -1 where there is none."""
    at = np.flatnonzero(able)
    at = at[chance.permutation(len(at))]
    found = np.full(count, -1, dtype=np.int64)
    found[group[at]] = at
    return found


def _of_areas(points: _Points, city: City, sites: Sites, told: Organisations, chance: np.random.Generator) -> None:
    wards, communities = city.town.levels["subdistrict"], city.town.levels["community"]
    label = np.round(shapely.get_coordinates(shapely.point_on_surface(wards.shapes)), 7)
    centres = [f"{zh}党群服务中心" for zh, _ in wards.names]
    points.add(CENTRE, centres, label, body=told.subdistrict)
    beside = np.round(label + chance.uniform(-2e-3, 2e-3, label.shape), 7)
    inside = shapely.contains_xy(wards.shapes, beside)
    teams = [f"{zh}综合执法中队" for zh, _ in wards.names]
    points.add(ENFORCEMENT, teams, np.where(inside[:, None], beside, label))
    group = city.town.community[sites.block]
    count = len(communities.codes)
    for kind, share, suffix in ((STATION, _STATIONED, "党群服务站"), (MEDIATION, _MEDIATED, "人民调解室")):
        site = somewhere(group, sites.used("shop", "residential", "office"), count, chance)
        own = np.flatnonzero((site >= 0) & (chance.random(count) < share))
        names = [f"{communities.names[one][0]}{suffix}" for one in own.tolist()]
        points.add(kind, names, np.round(sites.lonlat[site[own]], 7), body=told.community[own], site=site[own])


def _of_estates(points: _Points, city: City, fenced: Estates, told: Organisations, chance: np.random.Generator) -> None:
    own = np.flatnonzero((fenced.households > 0) & (chance.random(len(fenced)) < _IN_ESTATES))
    lonlat = np.round(shapely.get_coordinates(shapely.point_on_surface(fenced.shapes[own])), 7)
    names = [f"{name}红色驿站" for name in city.blocks.places[fenced.block[own]].tolist()]
    body = told.community[city.town.community[fenced.block[own]]]
    points.add(POINT, names, lonlat, body=body, estate=own)


def _of_houses(points: _Points, sites: Sites, told: Organisations, chance: np.random.Generator) -> None:
    body = told.house[chance.random(len(told.house)) < _IN_HOUSES]
    site = told.bodies.site[body]
    names = [f"{name}楼宇党群服务点" for name in sites.texts("name", site)]
    points.add(POINT, names, np.full((len(site), 2), np.nan), body=body, site=site)


def _of_social(points: _Points, sites: Sites, units: Units, chance: np.random.Generator) -> None:
    social = (units.kind == KINDS.index("new_social")) & units.operating
    own = np.flatnonzero(social & (chance.random(len(units)) < _SOCIAL))
    names = [f"{name}社会组织服务点" for name in sites.texts("name", units.site[own])]
    points.add(SOCIAL, names, np.round(sites.lonlat[units.site[own]], 7), unit=own, site=units.site[own])
