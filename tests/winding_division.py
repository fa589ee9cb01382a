"""The made city whose borders wind, with communities, subdistricts and districts, published and full of incidents."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import editions
from geo.actors import Actor
from geo.areas import Edition
from geo.arrays import Floats, Ints
from geo.assignments import CityIndex, open_index
from geo.copying import copy, ids, numbers, times
from geo.crs import snap
from geo.editions import Request
from geo.incidents.months import make_months
from geo.space.division import Division
from geo.space.division.rows import Lift, lifted
from tests.small_city import SMALL_CITY
from tests.winding_city import winding_city

BLOCK = 4
"""Leaves along the side of a community, communities along that of a subdistrict, those along that of a district."""
BEGUN_US = 1_704_067_200_000_000
YEARS_US = 2 * 365 * 86_400_000_000
_ARRIVING = "CREATE TEMP TABLE arriving (at int, occurred_at timestamptz, x float8, y float8, grid int, community int)"
_INTO = """INSERT INTO incidents (source, reference, category, status, reported_at, occurred_at, geom, datum, grid_then,
       edition_then, grid_now, edition_now, community_id, border_m, rule)
SELECT :source, at::text, 'litter', CASE WHEN at % 10 = 0 THEN 'reported' ELSE 'closed' END, occurred_at, occurred_at,
       ST_SetSRID(ST_MakePoint(x, y), 4326), 'wgs84', grid, :edition, grid, :edition, community, 1, 1 FROM arriving"""


def winding_division(side: int) -> Division:
    """``side`` squared leaves, each with about 80 vertices, and the areas above them; codes of 15 digits."""
    _, shapes = winding_city(side)
    x, y = np.divmod(np.arange(side * side), side)
    above = [_numbered(x // BLOCK**n, y // BLOCK**n) for n in (3, 2, 1)]
    within = [_numbered(x // BLOCK**n % BLOCK, y // BLOCK**n % BLOCK) for n in (2, 1, 0)]
    district = np.char.add("3799", np.char.zfill(above[0].astype(np.str_), 2))
    codes = [district]
    for number in within:
        codes.append(np.char.add(codes[-1], np.char.zfill(number.astype(np.str_), 3)))
    order = np.argsort(codes[3])
    levels = [np.array(["3799"]), *(np.unique(code) for code in codes[:3])]
    area_codes = np.concatenate(levels).astype(np.str_)
    area_levels = np.repeat(np.arange(4), [len(level) for level in levels])
    parents = np.array([_parent(str(code)) for code in area_codes], dtype=np.str_)
    leaf_codes, leaf_parents, leaf_shapes = codes[3][order], codes[2][order], shapes[order]
    ground = lifted(Lift(area_codes, area_levels, parents), leaf_parents, leaf_shapes)
    by_code = np.argsort(area_codes)
    return Division(
        levels=5,
        leaf_codes=leaf_codes,
        leaf_names=np.char.add("网格", leaf_codes),
        leaf_kinds=np.full(len(leaf_codes), "comprehensive"),
        leaf_parents=leaf_parents,
        leaf_shapes=leaf_shapes,
        area_codes=area_codes[by_code],
        area_names=np.char.add("区域", area_codes[by_code]),
        area_levels=area_levels[by_code],
        area_parents=parents[by_code],
        area_shapes=ground[by_code],
    )


def publish(connection: sa.Connection, side: int) -> Edition:
    """The city in force, its index made."""
    done = editions.found(connection, winding_division(side), SMALL_CITY, Request(Actor("bench"), "made", {}))
    connection.execute(sa.text("ANALYZE grids, areas, codes"))
    return done.edition


def report(connection: sa.Connection, edition: Edition, source: str, lonlat: Floats) -> int:
    """Number of incidents set down at points of the city, nine of ten closed; over two years."""
    index = open_index(connection, edition)
    for begin in range(0, len(lonlat), 200_000):
        _set_down(connection, index, f"{source} {begin}", snap(lonlat[begin : begin + 200_000]))
    return len(lonlat)


def _set_down(connection: sa.Connection, index: CityIndex, source: str, lonlat: Floats) -> None:
    position = index.index.locate(lonlat)
    occurred = BEGUN_US + np.random.default_rng(len(lonlat)).integers(0, YEARS_US, len(lonlat))
    make_months(connection, occurred)
    connection.execute(sa.text("DROP TABLE IF EXISTS arriving"))
    connection.execute(sa.text(_ARRIVING))
    columns = {
        "at": numbers(np.arange(len(lonlat)), "i4"),
        "occurred_at": times(occurred),
        "x": numbers(lonlat[:, 0], "f8"),
        "y": numbers(lonlat[:, 1], "f8"),
        "grid": ids(index.ids(position)),
        "community": ids(index.lowest_areas(position)),
    }
    copy(connection, "arriving", columns)
    connection.execute(sa.text(_INTO), {"source": source, "edition": index.edition.number})


def _numbered(x: Ints, y: Ints) -> NDArray[np.int64]:
    """A number from 1 for each square."""
    return np.asarray(x * (y.max() + 1) + y + 1, dtype=np.int64)


def _parent(code: str) -> str:
    return {15: code[:12], 12: code[:9], 9: code[:6], 6: "3799", 4: ""}[len(code)]
