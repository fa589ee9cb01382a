"""Tiles and what they are cut from, counted by shapely and read by GDAL, not by our own painter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
import sqlalchemy as sa

from geo import areas, drawings
from geo.areas import Edition
from geo.errors import Unknown
from geo.tables import drawn_borders, drawn_grounds, lines
from tests import small_city

MARGIN = 0.002
WEST, SOUTH = small_city.WEST - MARGIN, small_city.SOUTH - MARGIN
EAST = small_city.WEST + small_city.COLUMNS * small_city.WIDE + MARGIN
NORTH = small_city.SOUTH + small_city.ROWS * small_city.HIGH + MARGIN


def tile_over(lon: float, lat: float, z: int) -> tuple[int, int]:
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return int(x), int(y)


def tiles(z: int) -> Iterator[tuple[int, int, int]]:
    (left, top), (right, bottom) = tile_over(WEST, NORTH, z), tile_over(EAST, SOUTH, z)
    yield from ((z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def read(tile: bytes, folder: Path, layer: str) -> list[dict[str, object]]:
    """Attributes of every feature as GDAL reads them, ``mvt_id`` among them."""
    if not tile:
        return []
    path = folder / "tile.mvt"
    path.write_bytes(tile)
    if layer not in [name for name, _ in pyogrio.list_layers(path)]:
        return []
    meta, _, _, columns = pyogrio.raw.read(path, layer=layer, read_geometry=False)
    return [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)]


@pytest.fixture(scope="module")
def edition(engine: sa.Engine) -> Edition:
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
        found = areas.current(connection)
        assert drawings.prepare(connection, found)
        assert not drawings.prepare(connection, found)
    return found


@pytest.mark.parametrize("z", [11, 12, 13, 14, 16, 18])
def test_every_leaf_is_in_some_tile_of_every_zoom(
    connection: sa.Connection, edition: Edition, tmp_path: Path, z: int
) -> None:
    leaves = areas.leaves(connection, edition)
    seen = {
        row["mvt_id"]
        for tile in tiles(z)
        for row in read(drawings.ground_tile(connection, edition, "grids", tile), tmp_path, "ground")
    }
    assert seen == set(leaves.ids.tolist())


@pytest.mark.parametrize("z", [0, 5, 9])
def test_areas_too_small_for_the_raster_are_points_and_are_never_dropped(
    connection: sa.Connection, edition: Edition, tmp_path: Path, z: int
) -> None:
    upper, leaves = areas.upper(connection, edition), areas.leaves(connection, edition)
    fallback = leaves.ids[leaves.kinds == "fallback"]
    x, y = tile_over((WEST + EAST) / 2, (SOUTH + NORTH) / 2, z)
    rows = read(drawings.ground_tile(connection, edition, "areas", (z, x, y)), tmp_path, "ground")
    assert {row["mvt_id"] for row in rows} == {*upper.ids.tolist(), *fallback.tolist()}


def test_a_tile_carries_code_level_and_kind(connection: sa.Connection, edition: Edition, tmp_path: Path) -> None:
    z = 14
    rows = [
        row
        for tile in tiles(z)
        for row in read(drawings.ground_tile(connection, edition, "grids", tile), tmp_path, "ground")
    ]
    kinds = {row["code"]: row["kind"] for row in rows}
    assert kinds[small_city.DEDICATED] == "dedicated"
    assert kinds[small_city.FALLBACK] == "fallback"
    assert {row["level"] for row in rows} == {4}


def test_a_tile_is_the_same_bytes_each_time(connection: sa.Connection, edition: Edition) -> None:
    z, (x, y) = 13, tile_over((WEST + EAST) / 2, (SOUTH + NORTH) / 2, 13)
    first, second = (drawings.ground_tile(connection, edition, "areas", (z, x, y)) for _ in range(2))
    assert first == second
    assert drawings.packed(first) == drawings.packed(second)


@pytest.mark.parametrize("band", drawings.BANDS)
def test_shapes_of_every_band_still_partition_the_city(connection: sa.Connection, edition: Edition, band: int) -> None:
    drawn = connection.execute(
        sa.select(drawn_grounds.c.level, sa.func.ST_AsBinary(drawn_grounds.c.geom)).where(
            drawn_grounds.c.edition == edition.number, drawn_grounds.c.band == band
        )
    ).all()
    by_level = {
        level: np.array([shapely.from_wkb(bytes(wkb)) for one, wkb in drawn if one == level]) for level in range(5)
    }
    leaves = by_level[4]
    assert shapely.coverage_is_valid(leaves)
    whole = shapely.area(by_level[0][0])
    for shapes in by_level.values():
        assert shapely.area(shapes).sum() == pytest.approx(whole, rel=1e-12)


def test_every_border_is_drawn_once_under_the_highest_level_it_divides(
    connection: sa.Connection, edition: Edition
) -> None:
    drawn = connection.execute(
        sa.select(drawn_borders.c.level, sa.func.ST_AsBinary(drawn_borders.c.geom)).where(
            drawn_borders.c.edition == edition.number, drawn_borders.c.band == drawings.EXACT
        )
    ).all()
    grounds = connection.execute(
        sa.select(drawn_grounds.c.level, sa.func.ST_AsBinary(drawn_grounds.c.geom)).where(
            drawn_grounds.c.edition == edition.number, drawn_grounds.c.band == drawings.EXACT
        )
    ).all()
    rims = {
        level: shapely.union_all([shapely.from_wkb(bytes(wkb)).boundary for one, wkb in grounds if one == level])
        for level in range(5)
    }
    for level in range(5):
        ours = shapely.union_all([shapely.from_wkb(bytes(wkb)) for one, wkb in drawn if one == level])
        above = shapely.union_all([rims[higher] for higher in range(level)])
        assert ours.symmetric_difference(rims[level].difference(above)).length == pytest.approx(0, abs=1e-6)
    total = sum(shapely.from_wkb(bytes(wkb)).length for _, wkb in drawn)
    assert total == pytest.approx(rims[4].length, rel=1e-9)


def test_grids_far_away_are_refused_and_not_thinned_out(connection: sa.Connection, edition: Edition) -> None:
    z = drawings.GRIDS_FROM - 1
    with pytest.raises(Unknown, match=f"from zoom {drawings.GRIDS_FROM}"):
        drawings.ground_tile(connection, edition, "grids", (z, 0, 0))


@pytest.mark.parametrize("tile", [(3, 8, 0), (3, 0, -1), (40, 0, 0)])
def test_a_tile_that_does_not_exist_is_refused(
    connection: sa.Connection, edition: Edition, tile: tuple[int, int, int]
) -> None:
    with pytest.raises(Unknown, match="no tile"):
        drawings.ground_tile(connection, edition, "areas", tile)


def test_the_base_has_every_road_near_and_large_ones_far(connection: sa.Connection, tmp_path: Path) -> None:
    middle = ((WEST + EAST) / 2, (SOUTH + NORTH) / 2)
    line = f"SRID=4326;LINESTRING({middle[0]} {middle[1]}, {middle[0] + 0.001} {middle[1]})"
    rows = [("road", "arterial"), ("road", "secondary"), ("road", "street"), ("water", "river"), ("rail", "rail")]
    about = {"name": "名", "geom": line, "source": "tests", "reference": "1"}
    connection.execute(sa.insert(lines), [{"kind": kind, "class_": name, **about} for kind, name in rows])

    def seen(z: int) -> set[object]:
        tile = drawings.base_tile(connection, (z, *tile_over(middle[0] + 0.0005, middle[1], z)))
        return {row["class"] for row in read(tile, tmp_path, "base")}

    assert seen(12) == {"arterial", "river", "rail"}
    assert seen(13) == {"arterial", "secondary", "river", "rail"}
    assert seen(15) == {"arterial", "secondary", "street", "river", "rail"}


def test_only_the_newest_drawings_are_kept(engine: sa.Engine, edition: Edition) -> None:
    with engine.begin() as connection:
        small_city.publish_small_city(connection, edition=2)
        second = areas.current(connection)
        drawings.prepare(connection, second)
        kept = set(connection.scalars(sa.select(drawn_grounds.c.edition).distinct()))
    assert kept == {1, 2}


def test_simplifying_moves_nothing_by_more_than_can_be_seen() -> None:
    for band in drawings.BANDS:
        pixel = 2 * math.pi * 6_378_137 / 256 / 2**band
        assert drawings.tolerance_m(band) == pytest.approx(pixel / 2)
