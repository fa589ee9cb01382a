"""Who lives and works in a made building, what it is called and its address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Floats, Ints
from geo.demo.buildings import Buildings, use_of
from geo.demo.ground import USES, Ground
from geo.demo.layouts import KEYS, ROWS
from geo.demo.names import Namer
from geo.demo.plans import FRAME, Order

_HOUSEHOLD_M2 = {"slabs": 148, "walk_ups": 128, "mid_rise": 168, "towers": 182, "courtyards": 165, "village": 260}
"""Gross floor area for one household that is at home; a quarter of the flats stand empty."""
_WORKER_M2 = {
    "offices": 34, "office_old": 42, "mall": 75, "market": 90, "school": 130, "hospital": 60, "sheds": 95,
    "pavilions": 200, "huts": 60,
}  # fmt: skip
_FIRM_WORKERS = {"offices": 14, "office_old": 9, "mall": 8, "market": 3, "sheds": 38}
_ONE_FIRM = ("school", "hospital")
_ESTATES = ("小区", "花园", "家园", "雅苑", "公寓", "新村", "名邸", "里")
_SITES = {
    "offices": "大厦", "office_old": "办公楼", "mall": "购物中心", "market": "市场", "school": "学校",
    "hospital": "医院",
    "sheds": "工业园", "huts": "工地",
}  # fmt: skip


@dataclass(frozen=True)
class Blocks:
    """Of each block: the estate or place its buildings belong to, its road, and where house numbers begin."""

    places: np.ndarray
    roads: np.ndarray
    starts: Ints


def blocks_of(ground: Ground, road_names: dict[int, str], order: Order) -> Blocks:
    """The name and road of every block; a road counts for the block it borders longest."""
    namer = Namer(order.chance(71))
    chance = order.chance(72)
    count = len(ground.faces)
    suffix = chance.integers(0, len(_ESTATES), count)
    own = [namer.next()[0] for _ in range(count)]
    village, old = USES.index("village"), USES.index("old_housing")
    places = []
    for at, use in enumerate(ground.uses.tolist()):
        ending = "村" if use == village else "胡同" if use == old else _ESTATES[suffix[at]]
        places.append(own[at] + ending)
    named = np.array([bool(road_names.get(road)) for road in ground.roads.tolist()])
    face = np.r_[ground.edges.left[named], ground.edges.right[named]]
    road = np.tile(ground.roads[named], 2)
    metres = np.tile(np.hypot(*((ground.edges.ends[named, 1] - ground.edges.ends[named, 0]) * FRAME.scale).T), 2)
    order_of = np.lexsort((metres, face))
    longest = np.full(count, -1, dtype=np.int64)
    valid = order_of[face[order_of] >= 0]
    longest[face[valid]] = road[valid]
    roads = np.array([road_names.get(one, "") for one in longest.tolist()], dtype=object)
    return Blocks(np.array(places, dtype=object), roads, chance.integers(1, 400, count))


def described(buildings: Buildings, blocks: Blocks, chance: np.random.Generator, first: int) -> pa.Table:
    """Buildings as a table: id, use, floors, households, firms, workers, name, address, WKB geometry."""
    floor_m2 = buildings.area_m2 * buildings.floors
    rank = _rank_in_block(buildings.blocks)
    households = chance.poisson(floor_m2 / _per(_HOUSEHOLD_M2, buildings.layouts))
    workers = chance.poisson(floor_m2 / _per(_WORKER_M2, buildings.layouts, shop=38.0))
    firms = np.minimum(chance.poisson(workers / _per(_FIRM_WORKERS, buildings.layouts, shop=2.6)), workers)
    single = np.isin(buildings.layouts, [KEYS.index(key) for key in _ONE_FIRM])
    firms = np.where(single, (rank == 0).astype(np.int64), firms)
    count = len(rank)
    return pa.table(
        {
            "id": np.arange(first, first + count, dtype=np.int64),
            "use": pa.array([use_of(one) for one in buildings.layouts.tolist()]),
            "floors": buildings.floors.astype(np.int16),
            "households": households.astype(np.int32),
            "firms": firms.astype(np.int32),
            "workers": workers.astype(np.int32),
            "name": pa.array(_names(buildings, blocks, rank)),
            "address": pa.array(_addresses(buildings, blocks, rank)),
            "geometry": pa.array(shapely.to_wkb(buildings.shapes), type=pa.binary()),
        }
    )


def _per(table: dict[str, int], layouts: Ints, shop: float = np.inf) -> Floats:
    """Divisor of each building: infinite where there is none, so that the quotient is 0."""
    divisors = np.array([*(float(table.get(key, np.inf)) for key in KEYS), shop])
    per: Floats = divisors[layouts]
    return per


def _rank_in_block(blocks: Ints) -> Ints:
    """Number of each building in its block, from 0; buildings of a block follow each other."""
    starts = np.flatnonzero(np.r_[True, blocks[1:] != blocks[:-1]])
    lengths = np.diff(np.r_[starts, len(blocks)])
    rank: Ints = np.arange(len(blocks)) - np.repeat(starts, lengths)
    return rank


def _names(buildings: Buildings, blocks: Blocks, rank: Ints) -> list[str]:
    shop = len(ROWS)
    names = []
    for block, layout, number in zip(buildings.blocks.tolist(), buildings.layouts.tolist(), rank.tolist(), strict=True):
        place = str(blocks.places[block])
        if layout == shop:
            names.append(f"{place}沿街商铺{number + 1}号")
        elif ROWS[layout].use == "residential":
            names.append(f"{place}{number + 1}号{'院' if KEYS[layout] in ('courtyards', 'village') else '楼'}")
        else:
            names.append(f"{place[:2]}{_SITES.get(KEYS[layout], '')}{number + 1}号楼")
    return names


def _addresses(buildings: Buildings, blocks: Blocks, rank: Ints) -> list[str]:
    numbers = (blocks.starts[buildings.blocks] + 2 * rank).tolist()
    roads = blocks.roads[buildings.blocks].tolist()
    return [f"云泽市{road}{number}号" if road else "" for road, number in zip(roads, numbers, strict=True)]
