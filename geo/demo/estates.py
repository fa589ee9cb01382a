"""Residential estates of the made city: blocks of homes in their walls, a few over two blocks and so over grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from geo import crs
from geo.arrays import Ints, Shapes
from geo.demo.columns import numbered, when, words
from geo.demo.plans import FRAME
from geo.demo.shares import picked
from geo.demo.sites import Sites
from geo.demo.streets import LANE, STREET
from geo.demo.towns import City
from geo.demo.trades import brands

PREFIX = "XQ"
PLANNED, BUILDING, BUILT, RENOVATING = range(4)
_STATUS_ZH = ("拟建", "在建", "已建成", "改造中")
_WALL_M = 8.0
_WIDE = 0.05
"""Share of estates on two blocks."""
_SITES = 0.35
"""Share of building sites that become an estate."""
_HOUSEHOLD_M2 = (96.0, 138.0)
_RESERVED_M2 = 0.30
"""Floor a household is to have in rooms for the community, as many cities ask; some built less, old estates nothing."""


@dataclass(frozen=True, eq=False)
class Estates:
    """Estates (n,): shape in degrees, first block, status, households; ``of`` is the estate of each block, or -1."""

    shapes: Shapes
    block: Ints
    status: Ints
    households: Ints
    of: Ints

    def __len__(self) -> int:
        return len(self.block)


def fence(city: City, sites: Sites) -> Estates:
    """The estates of the city: blocks in which someone lives, and some building sites."""
    ground, chance = city.ground, city.order.chance(121)
    homes = np.bincount(sites.block, sites.figures("households"), len(ground.faces)).astype(np.int64)
    lived = ground.used("residential", "old_housing", "village") & (homes > 0)
    rising = ground.used("building_site") & (chance.random(len(homes)) < _SITES)
    own = _paired(city, lived, chance)
    own[~(lived | rising)] = -1
    first, of = np.unique(own[own >= 0], return_inverse=True)
    number = np.full(len(homes), -1, dtype=np.int64)
    number[own >= 0] = of
    old = ground.used("old_housing")[first]
    renewed = lived[first] & (chance.random(len(first)) < np.where(old, 0.30, 0.04))
    planned = chance.random(len(first)) < 0.3
    status = np.select([renewed, lived[first], planned], [RENOVATING, BUILT, PLANNED], BUILDING)
    households = np.bincount(of, homes[own >= 0], len(first)).astype(np.int64)
    return Estates(_walled(ground.faces, number, len(first)), first, status, households, number)


def _paired(city: City, lived: np.ndarray, chance: np.random.Generator) -> Ints:
    """First block of the estate of each block; a few take in a neighbour over a lane or street."""
    table, classes = city.ground.edges, city.ground.classes
    own = np.arange(len(lived))
    near = (table.right >= 0) & np.isin(classes, (LANE, STREET))
    near &= lived[table.left] & lived[np.maximum(table.right, 0)]
    pairs = np.unique(np.sort(np.column_stack([table.left, table.right])[near], axis=1), axis=0)
    wanted = round(_WIDE * int(lived.sum()))
    taken: set[int] = set()
    for a, b in pairs[chance.permutation(len(pairs))].tolist():
        if len(taken) >= 2 * wanted:
            break
        if a not in taken and b not in taken:
            taken |= {a, b}
            own[b] = a
    return own


def _walled(faces: Shapes, number: Ints, count: int) -> Shapes:
    """Ground of each estate in degrees: its blocks, without half the street around them."""
    at = np.flatnonzero(number >= 0)
    at = at[np.argsort(number[at], kind="stable")]
    whole = FRAME.shapes_xy_m(faces[at])
    starts = np.searchsorted(number[at], np.arange(count + 1))
    joined = np.empty(count, dtype=object)
    joined[:] = [
        whole[a] if b - a == 1 else shapely.union_all(whole[a:b])
        for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    ]
    walled = shapely.buffer(joined, -_WALL_M, join_style="mitre")
    walled = np.where(shapely.get_type_id(walled) == shapely.GeometryType.POLYGON, walled, joined)
    return crs.snapped(FRAME.shapes_lonlat(np.where(shapely.is_empty(walled), joined, walled)))


def table(estates: Estates, city: City) -> pa.Table:
    """The register without its ground, as an office sends it."""
    chance, count = city.order.chance(122), len(estates)
    lived = estates.households > 0
    old = city.ground.used("old_housing", "village")[estates.block]
    floor = np.round(estates.households * chance.uniform(*_HOUSEHOLD_M2, count), 0)
    reserved = np.round(estates.households * _RESERVED_M2 * chance.choice((0, 0.4, 0.8, 1.0, 1.2, 1.6), count), 0)
    managed = lived & (chance.random(count) < np.where(old, 0.35, 0.95))
    firms = [f"云泽{brand}物业服务有限公司" for brand in brands(chance, max(6, count // 22))]
    firm = chance.integers(0, len(firms), count)
    party = picked((0.44, 0.34, 0.22), chance.random(len(firms)))[firm]
    council = picked((0.52, 0.34, 0.14), chance.random(count))
    return pa.table(
        {
            "编号": numbered(PREFIX, np.arange(count)),
            "小区名称": pa.array(city.blocks.places[estates.block].tolist(), type=pa.string()),
            "建设状态": words(_STATUS_ZH, estates.status),
            "户数": when(lived, pa.array(estates.households)),
            "总建筑面积": when(lived, pa.array(floor)),
            "预留党群用房面积": when(~old, pa.array(np.where(old, 0.0, reserved))),
            "物业企业": words(firms, np.where(managed, firm, -1)),
            "物业党组织": words(("无组织", "联合或区域覆盖", "独立组织"), np.where(managed, party, -1)),
            "业委会": words(("未成立", "已成立", "党员占多数"), np.where(lived, council, -1)),
            "议事调处机制": words(("否", "是"), np.where(lived, (chance.random(count) < 0.42).astype(np.int64), -1)),
        }
    )
