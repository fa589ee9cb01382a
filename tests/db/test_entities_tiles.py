"""Tiles of entities, read by GDAL and counted by hand: no row is dropped at any zoom, and what is counted is told."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import areas
from geo.entities import ENTITIES
from geo.entities.holdings import holding
from geo.entities.tiles import CELL_PX, DRAWN_FROM_PX, EACH_FROM, tile
from tests import small_city
from tests.covered import enter
from tests.db.test_tiles import tile_over

UNITS, ESTATES = ENTITIES["units"], ENTITIES["estates"]
WEST, SOUTH = small_city.WEST, small_city.SOUTH
CELLS = 256 // CELL_PX
LON = st.floats(WEST, WEST + 0.04).map(lambda one: round(one, 7))
LAT = st.floats(SOUTH, SOUTH + 0.024).map(lambda one: round(one, 7))
SPOTS = st.lists(st.tuples(LON, LAT), min_size=1, max_size=25)


@dataclass(frozen=True)
class Drawn:
    """A feature: its place in tiles from the north-west (so 1.5 is the middle of the second), and what it says."""

    x: float
    y: float
    is_ground: bool
    number: int | None
    count: int


def drawn(packed: bytes, at: tuple[int, int, int]) -> list[Drawn]:
    """Features as GDAL reads them."""
    if not packed:
        return []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tile.mvt"
        path.write_bytes(packed)
        meta, _, shapes, columns = pyogrio.raw.read(path, layer="rows", CLIP="NO")  # the margin too
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)]
    found = []
    for row, shape in zip(rows, shapely.from_wkb(shapes), strict=True):
        spot = shape.centroid
        extent = 1024 if at[0] < 12 else 4096
        count = row.get("count")
        many = int(count) if count is not None and not np.isnan(count) else 1
        number = row.get("mvt_id")
        known = int(number) if number is not None and not np.isnan(number) and number >= 0 else None
        found.append(
            Drawn(at[1] + spot.x / extent, at[2] + 1 - spot.y / extent, shape.geom_type != "Point", known, many)
        )
    return found


def own(found: list[Drawn], at: tuple[int, int, int]) -> list[Drawn]:
    """Those whose place is in the tile itself."""
    return [one for one in found if math.floor(one.x) == at[1] and math.floor(one.y) == at[2]]


def tiles(z: int) -> Iterator[tuple[int, int, int]]:
    (left, top), (right, bottom) = tile_over(WEST, SOUTH + 0.024, z), tile_over(WEST + 0.04, SOUTH, z)
    yield from ((z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def place(lon: float, lat: float, z: int) -> tuple[float, float]:
    """A place in tiles, by the formula of the map projection."""
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return (lon + 180) / 360 * 2**z, y


@pytest.fixture(scope="module", autouse=True)
def city(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        small_city.publish_small_city(connection)


def units(connection: sa.Connection, places: list[tuple[float, float]]) -> list[int]:
    connection.execute(sa.delete(UNITS.table))
    return enter(connection, "units", *({"name": str(k), "lonlat": at} for k, at in enumerate(places)))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spots=SPOTS, z=st.integers(0, 18))
def test_what_the_tiles_of_a_zoom_show_adds_up_to_the_rows(
    connection: sa.Connection, spots: list[tuple[float, float]], z: int
) -> None:
    units(connection, spots)
    seen = [one for at in tiles(z) for one in own(drawn(tile(connection, UNITS, at), at), at)]
    assert sum(one.count for one in seen) == len(spots)
    assert all((one.number is None) == (one.count > 1) for one in seen)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spots=SPOTS, z=st.integers(0, EACH_FROM - 1))
def test_a_mark_stands_for_the_rows_of_its_cell_at_their_middle(
    connection: sa.Connection, spots: list[tuple[float, float]], z: int
) -> None:
    units(connection, spots)
    places = [place(*spot, z) for spot in spots]
    cells = Counter((math.floor(x * CELLS), math.floor(y * CELLS)) for x, y in places)
    for at in tiles(z):
        for one in own(drawn(tile(connection, UNITS, at), at), at):
            cell = (math.floor(one.x * CELLS), math.floor(one.y * CELLS))
            inside = [(x, y) for x, y in places if (math.floor(x * CELLS), math.floor(y * CELLS)) == cell]
            near_edge = min(abs(one.x * CELLS - round(one.x * CELLS)), abs(one.y * CELLS - round(one.y * CELLS)))
            if near_edge < 0.02:
                continue  # within the raster of the cell's edge it is not known on which side it was put
            assert one.count == cells[cell]
            assert (one.x, one.y) == pytest.approx(tuple(np.mean(inside, axis=0)), abs=1 / 1000)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spots=SPOTS, z=st.integers(12, 17))
def test_neighbours_show_the_same_marks_along_their_edge(
    connection: sa.Connection, spots: list[tuple[float, float]], z: int
) -> None:
    units(connection, spots)
    known = {at: drawn(tile(connection, UNITS, at), at) for at in tiles(z)}
    for (_, x, y), found in known.items():
        beside = known.get((z, x + 1, y), [])
        ours = {(round(one.x, 3), round(one.y, 3), one.count) for one in found if x + 0.8 < one.x < x + 1}
        theirs = {(round(one.x, 3), round(one.y, 3), one.count) for one in beside if x + 0.8 < one.x < x + 1}
        if beside:
            assert {one for one in ours if y < one[1] < y + 1} == {one for one in theirs if y < one[1] < y + 1}


def test_near_enough_every_row_is_a_feature_however_many_share_a_spot(connection: sa.Connection) -> None:
    ids = units(connection, [small_city.cell_centre(1, 0)] * 7)
    at = (EACH_FROM, *tile_over(*small_city.cell_centre(1, 0), EACH_FROM))
    assert sorted(one.number or 0 for one in own(drawn(tile(connection, UNITS, at), at), at)) == sorted(ids)


def test_large_ground_is_drawn_at_every_zoom_and_small_ground_counted(connection: sa.Connection) -> None:
    x, y = small_city.cell_centre(1, 0)
    large = shapely.box(x - 3e-3, y - 2e-3, x + 3e-3, y + 2e-3)
    small = [shapely.box(x + k * 2e-4, y, x + k * 2e-4 + 1e-4, y + 1e-4) for k in range(3)]
    first, *others = enter(connection, "estates", *({"name": "小区", "ground": one} for one in (large, *small)))
    z = 13
    assert 6e-3 / 360 * 2**z * 256 > DRAWN_FROM_PX > 1e-4 / 360 * 2**z * 256
    at = (z, *tile_over(x, y, z))
    found = drawn(tile(connection, ESTATES, at), at)
    assert [one.number for one in found if one.is_ground] == [first]
    assert sum(one.count for one in found if not one.is_ground) == len(others)
    near = (18, *tile_over(x + 5e-5, y + 5e-5, 18))
    assert {first, others[0]} <= {one.number for one in drawn(tile(connection, ESTATES, near), near) if one.is_ground}


def test_what_is_held_is_counted_with_its_sources_and_days(connection: sa.Connection) -> None:
    units(connection, [small_city.cell_centre(0, 0)] * 2)
    enter(connection, "units", {"reference": "unplaced", "name": "无址"})
    edition = areas.current(connection)
    held = holding(connection, UNITS, edition)
    assert (held.rows, held.placed, held.sources, held.as_of) == (3, 2, ["s"], None)
    assert held.stored_at is not None
    slots = {"place_id": None, "line": "grid", "time": "full", "slots": 1, "filled": 1}
    enter(connection, "staff_slots", *({**slots, "as_of": date(2024, month, 1)} for month in (3, 5)))
    told = holding(connection, ENTITIES["staff_slots"], edition)
    assert (told.rows, told.placed, told.as_of) == (2, 0, date(2024, 5, 1))
    empty = holding(connection, ENTITIES["pairings"], edition)
    assert (empty.rows, empty.placed, empty.sources, empty.stored_at) == (0, 0, [], None)


@pytest.mark.parametrize("lon", [-179.9999, 179.9999])
@pytest.mark.parametrize("z", [0, 1, 7, 14, 16])
def test_a_row_at_the_edge_of_the_world_is_drawn(connection: sa.Connection, lon: float, z: int) -> None:
    """There a tile's margin would reach across the 180° meridian, where a box turns over."""
    (number,) = units(connection, [(WEST + 0.01, SOUTH + 0.01)])
    moved = sa.text("UPDATE units SET geom = ST_SetSRID(ST_MakePoint(:lon, 12), 4326) WHERE id = :id")
    connection.execute(moved, {"lon": lon, "id": number})
    at = (z, *tile_over(lon, 12, z))
    assert [one.count for one in drawn(tile(connection, UNITS, at), at)] == [1]
