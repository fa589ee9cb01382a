"""A made city small enough to know by heart: twelve grids and one fallback leaf, wiggly borders, two editions.

column      0      1      2      3        one column = one community; two columns = one subdistrict
row 2      …03    …03    …03  fallback    (the last cell belongs to no named grid)
row 1      …02    …02    …02    …02       in the middle of column 1, row 1 lies the dedicated grid …004
row 0      …01    …01    …01    …01
                                          second edition: the south-west cell is split, its east half is …005
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry import Polygon

from geo.actors import Actor
from geo.areas import City, Level
from geo.codes import Scheme
from geo.crs import snap
from geo.editions import Published, Request
from geo.space.division import AreaLayer, Division, NamedGrids, divide
from tests import made_editions

WEST, SOUTH, WIDE, HIGH = 120.30, 36.10, 0.010, 0.008
COLUMNS, ROWS = 4, 3
CITY, DISTRICT = "3799", "379901"
SUBDISTRICTS = ("379901001", "379901002")
COMMUNITIES = ("379901001001", "379901001002", "379901002001", "379901002002")
DEDICATED = COMMUNITIES[1] + "004"
FALLBACK = COMMUNITIES[3] + "000"
SPLIT_OFF = COMMUNITIES[0] + "005"
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SECOND = datetime(2025, 1, 1, tzinfo=UTC)

SMALL_CITY = City(
    code=CITY,
    name="试验市",
    name_en="Shiyan",
    levels=(
        Level("city", "市", "City"),
        Level("district", "区", "District"),
        Level("subdistrict", "街道", "Subdistrict"),
        Level("community", "社区", "Community"),
        Level("grid", "网格", "Grid"),
    ),
    code_lengths=(4, 6, 9, 12, 15),
    time_zone="Asia/Shanghai",
    metric_epsg=4549,
)


def cell_centre(column: int, row: int) -> tuple[float, float]:
    """Middle of a cell, lon/lat degrees; far from every border except in the cell of the dedicated grid."""
    return round(WEST + (column + 0.5) * WIDE, 6), round(SOUTH + (row + 0.5) * HIGH, 6)


def _node(column: int, row: int) -> tuple[float, float]:
    return WEST + column * WIDE, SOUTH + row * HIGH


def _wiggle(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
    """From a, without b, with five bends; the same bends whichever way it is walked."""
    swapped = a > b
    (x0, y0), (x1, y1) = (b, a) if swapped else (a, b)
    way = np.linspace(0, 1, 7)[1:-1]
    off = 0.04 * np.sin(2 * np.pi * way) + 0.02 * np.sin(5 * np.pi * way)
    bends = list(zip(x0 + way * (x1 - x0) - off * (y1 - y0), y0 + way * (y1 - y0) + off * (x1 - x0), strict=True))
    return [a, *(reversed(bends) if swapped else bends)]


def _ring(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    ring: list[tuple[float, float]] = []
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        ring += _wiggle(a, b)
    return [tuple(point) for point in snap(np.array(ring)).tolist()]


def _cell(column: int, row: int) -> Polygon:
    corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    return Polygon(_ring([_node(*corner) for corner in corners]))


def _enclave() -> Polygon:
    x, y = cell_centre(1, 1)
    dx, dy = 0.2 * WIDE, 0.2 * HIGH
    return Polygon(_ring([(x - dx, y - dy), (x + dx, y - dy), (x + dx, y + dy), (x - dx, y + dy)]))


def _halves(whole: Polygon) -> tuple[Polygon, Polygon]:
    """West and east half of a cell, cut between two nodes it has."""
    ring = shapely.get_coordinates(whole)[:-1]
    south, north = 3, 15  # the middle bend of the south and of the north side: six nodes a side
    west = np.concatenate([ring[: south + 1], ring[north:]])
    return Polygon(west), Polygon(ring[south : north + 1])


def _grids(edition: int) -> list[tuple[str, str, str, str, Polygon]]:
    """Code, name, kind, parent and ground of every named grid."""
    rows = []
    for column, community in enumerate(COMMUNITIES):
        for row in range(ROWS):
            if (column, row) != (COLUMNS - 1, ROWS - 1):
                ground = _cell(column, row)
                rows.append(
                    (f"{community}00{row + 1}", f"第{column + 1}-{row + 1}网格", "comprehensive", community, ground)
                )
    enclave = _enclave()
    rows = [(*row[:4], row[4].difference(enclave) if row[0] == COMMUNITIES[1] + "002" else row[4]) for row in rows]
    rows.append((DEDICATED, "海悦广场专属网格", "dedicated", COMMUNITIES[1], enclave))
    if edition == 2:
        west, east = _halves(rows[0][4])
        rows[0] = (*rows[0][:4], west)
        rows.append((SPLIT_OFF, "新东网格", "comprehensive", COMMUNITIES[0], east))
    return rows


def small_division(edition: int = 1) -> Division:
    """The city's partition; edition 2 splits the south-west cell."""
    columns = [shapely.union_all([_cell(column, row) for row in range(ROWS)]) for column in range(COLUMNS)]
    return _divided(_grids(edition), columns)


def division_of(cells: dict[tuple[int, int], tuple[str, str | None]]) -> Division:
    """The same cells shared out anew: (column, row) → community and code of the grid, None for no named one."""
    ground = {key: _cell(*key) for key in cells}
    columns = [shapely.union_all([ground[key] for key in cells if cells[key][0] == one]) for one in COMMUNITIES]
    grids = []
    for community, code in sorted({found for found in cells.values() if found[1] is not None}):
        shape = shapely.union_all([ground[key] for key in cells if cells[key] == (community, code)])
        grids.append((code, f"网格{code[-3:]}", "comprehensive", community, shape))
    return _divided(grids, columns)


def _divided(grids: list[tuple[str, str, str, str, Polygon]], columns: list[Polygon]) -> Division:
    codes, names, kinds, parents, shapes = zip(*grids, strict=True)
    named = NamedGrids(
        *(np.array(column, dtype=np.str_) for column in (codes, names, kinds, parents)), np.array(shapes)
    )
    layers = [
        _layer(0, [CITY], ["试验市"], [""], None),
        _layer(1, [DISTRICT], ["城东区"], [CITY], None),
        _layer(2, list(SUBDISTRICTS), ["临河街道", "望海街道"], [DISTRICT] * 2, None),
        _layer(
            3,
            list(COMMUNITIES),
            ["柳林社区", "海悦社区", "青石社区", "东湖社区"],
            [code[:9] for code in COMMUNITIES],
            columns,
        ),
    ]
    division, found = divide(named, layers, shapely.union_all(columns), Scheme(SMALL_CITY.code_lengths))
    assert not found, found
    return division


def _layer(
    level: int, codes: list[str], names: list[str], parents: list[str], shapes: list[Polygon] | None
) -> AreaLayer:
    texts = [np.array(column, dtype=np.str_) for column in (codes, names, parents)]
    return AreaLayer(level, *texts, None if shapes is None else np.array(shapes, dtype=object))


def publish_small_city(connection: sa.Connection, edition: int = 1) -> Published:
    """Publish edition 1 or 2 (after 1) of the small city, in force since :data:`FIRST` or :data:`SECOND`."""
    request = Request(
        actor=Actor("tests"),
        summary=f"小城第{edition}版",
        origin={"kind": "plan"},
        effective_at=FIRST if edition == 1 else SECOND,
    )
    published = made_editions.published(connection, small_division(edition), SMALL_CITY, request)
    assert published is not None
    return published
