"""Proof: of random points off the borders each lies inside exactly one leaf, counted by shapely and by PostGIS.

Also: the areas of the leaves add up to the outline within 1e-9, and each area is the union of its leaves. On made
cities and, where the real data are, on Taipei's base units and Chicago's beats. None of it asks our own engine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import geopandas
import numpy as np
import shapely
import sqlalchemy as sa

from geo.arrays import Floats, Ints, Shapes
from geo.codes import Scheme
from geo.crs import area_m2
from geo.settings import settings
from geo.space.division import BLOCKING, AreaLayer, Division, NamedGrids, divide
from geo.space.partition import faults
from tests.cities import SCHEME, made_city

REAL = Path(__file__).parents[3] / "shared/data"
OFF = 1e-9  # degrees; nearer to a border than this a point is not counted
RELATIVE = 1e-9
POINTS = {"small": 20_000, "full": 1_000_000}
SIDES = {"small": (6, 12), "full": (12, 100)}


def prove(size: str, database_url: str | None) -> dict[str, object]:
    """Figures by city; raises AssertionError where a law does not hold. Without a database only shapely counts."""
    figures: dict[str, object] = {}
    for name, division in _divisions(size):
        started = time.perf_counter()
        figures[name] = _proved(division, POINTS[size], database_url) | {
            "seconds": round(time.perf_counter() - started, 1)
        }
    return figures


def _divisions(size: str) -> Iterator[tuple[str, Division]]:
    for side in SIDES[size]:
        city = made_city(side, side)
        yield f"made_{side}x{side}", _divided(city.grids(named_only=True), city.layers(), SCHEME)
    if REAL.is_dir():
        frame = geopandas.read_parquet(REAL / "taipei/base_units.parquet")
        yield "taipei", _by_columns(frame, ["COUNTY_ID", "TOWN_ID", "CODE2", "CODE1", "CODEBASE"])
        frame = geopandas.read_file(REAL / "chicago/boundaries.gpkg", layer="beat").dissolve("beat_num", as_index=False)
        yield "chicago", _by_columns(frame.assign(city="chicago"), ["city", "district", "beat_num"])


def _by_columns(frame: geopandas.GeoDataFrame, columns: list[str]) -> Division:
    layers = []
    for level, column in enumerate(columns[:-1]):
        rows = frame[[column, columns[max(level - 1, 0)]]].to_numpy(np.str_)
        codes, first = np.unique(rows[:, 0], return_index=True)
        layers.append(AreaLayer(level, codes, codes, rows[first, 1] if level else np.asarray([""])))
    codes = frame[columns[-1]].to_numpy(np.str_)
    kinds, parents = np.full(len(codes), "comprehensive"), frame[columns[-2]].to_numpy(np.str_)
    grids = NamedGrids(codes, codes, kinds, parents, np.asarray(frame.geometry, dtype=object))
    return _divided(grids, layers, Scheme((0,) * len(columns)))


def _divided(grids: NamedGrids, layers: list[AreaLayer], scheme: Scheme) -> Division:
    division, found = divide(grids, layers, None, scheme)
    assert not [fault for fault in found if fault.kind in BLOCKING], found
    return division


def _proved(division: Division, points: int, database_url: str | None) -> dict[str, object]:
    (outline,) = division.area_shapes[division.area_levels == 0]
    assert faults(division.leaf_shapes, outline) == []
    west, south, east, north = outline.bounds
    drawn = int(points * (east - west) * (north - south) / outline.area * 1.01)  # so many that enough lie inside
    lonlat = np.random.default_rng(2026).uniform((west, south), (east, north), (drawn, 2))
    lonlat = lonlat[_off_borders(division, lonlat)]
    shapely.prepare(outline)
    expected = shapely.contains_xy(outline, lonlat).astype(np.int64)
    assert (_counted_by_shapely(division, lonlat) == expected).all()
    figures: dict[str, object] = {
        "leaves": len(division.leaf_codes),
        "points": len(lonlat),
        "inside": int(expected.sum()),
    }
    if database_url:
        assert (_counted_by_postgis(division, lonlat, database_url) == expected).all()
        figures |= _areas_by_postgis(division, database_url)
    return figures | _areas(division, outline)


def _off_borders(division: Division, lonlat: Floats) -> np.ndarray:
    tree = shapely.STRtree(shapely.get_parts(shapely.boundary(division.leaf_shapes)))
    near = np.zeros(len(lonlat), dtype=np.bool_)
    near[tree.query(shapely.points(lonlat), predicate="dwithin", distance=OFF)[0]] = True
    return ~near


def _counted_by_shapely(division: Division, lonlat: Floats) -> Ints:
    point, _ = shapely.STRtree(division.leaf_shapes).query(shapely.points(lonlat), predicate="within")
    return np.bincount(point, minlength=len(lonlat))


@contextmanager
def _in_postgis(database_url: str) -> Iterator[sa.Connection]:
    """A transaction with PostGIS, undone at the end."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS postgis"))
        yield connection
        connection.rollback()
    engine.dispose()


def _load(connection: sa.Connection, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    connection.execute(sa.text(f"CREATE TEMP TABLE {table} ({columns})"))
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _numbered(shapes: Shapes) -> Iterable[Sequence[object]]:
    return enumerate(shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True).tolist())


def _counted_by_postgis(division: Division, lonlat: Floats, database_url: str) -> Ints:
    counted = np.zeros(len(lonlat), dtype=np.int64)
    with _in_postgis(database_url) as connection:
        _load(connection, "leaf", "id int, geom geometry", _numbered(division.leaf_shapes))
        points = ((at, x, y) for at, (x, y) in enumerate(lonlat.tolist()))
        _load(connection, "point", "id int, x float8, y float8", points)
        connection.execute(sa.text("CREATE INDEX ON leaf USING gist (geom)"))
        connection.execute(sa.text("ANALYZE leaf"))
        inside = (
            "SELECT point.id, count(*) FROM point JOIN leaf ON ST_Contains(leaf.geom, ST_Point(x, y, 4326)) GROUP BY 1"
        )
        for at, times in connection.execute(sa.text(inside)):
            counted[at] = times
    return counted


def _areas_by_postgis(division: Division, database_url: str) -> dict[str, object]:
    """The same laws of areas, by PostGIS: geodesic sums, and each area against the union of the leaves in it."""
    with _in_postgis(database_url) as connection:
        _load(connection, "leaf", "id int, geom geometry", _numbered(division.leaf_shapes))
        _load(connection, "area", "id int, geom geometry", _numbered(division.area_shapes))
        _load(connection, "member", "area int, leaf int", _members(division))
        city = int(np.flatnonzero(division.area_levels == 0)[0])
        summed = """
            SELECT sum(ST_Area(geom::geography)) / (SELECT ST_Area(geom::geography) FROM area WHERE id = :city)
              FROM leaf"""
        apart = abs(float(connection.execute(sa.text(summed), {"city": city}).scalar_one()) - 1)
        united = """
            SELECT max(ST_Area(ST_SymDifference(united.geom, area.geom)) / ST_Area(area.geom))
              FROM area JOIN (SELECT member.area AS id, ST_Union(leaf.geom) AS geom
                                FROM member JOIN leaf ON leaf.id = member.leaf GROUP BY 1) united USING (id)"""
        worst = float(connection.execute(sa.text(united)).scalar_one())
    assert apart < RELATIVE, apart
    assert worst < RELATIVE, worst
    return {"postgis_sum_of_leaves_off": apart, "postgis_worst_area_off": worst}


def _members(division: Division) -> Iterator[tuple[int, int]]:
    """Every area with every leaf in it, by position."""
    for at, code in enumerate(division.area_codes):
        below = np.isin(division.leaf_parents, division.area_codes[division.areas_within(str(code))])
        yield from ((at, int(leaf)) for leaf in np.flatnonzero(below))


def _areas(division: Division, outline: shapely.Geometry) -> dict[str, object]:
    whole = float(area_m2(np.asarray([outline], dtype=object))[0])
    apart = abs(area_m2(division.leaf_shapes).sum() - whole) / whole
    flat = abs(shapely.area(division.leaf_shapes).sum() - outline.area) / outline.area
    assert apart < RELATIVE, apart
    assert flat < RELATIVE, flat
    worst = 0.0
    for code, shape in zip(division.area_codes, division.area_shapes, strict=True):
        below = np.isin(division.leaf_parents, division.area_codes[division.areas_within(str(code))])
        union = shapely.union_all(division.leaf_shapes[below])
        worst = max(worst, shapely.symmetric_difference(union, shape).area / shape.area)
    assert worst < RELATIVE, worst
    return {"km2": round(whole / 1e6, 3), "sum_of_leaves_off": float(max(apart, flat)), "worst_area_off": worst}


@contextmanager
def _database() -> Iterator[str]:
    """URL of the test server when one is named, else of a throw-away cluster."""
    from geo.cluster import Cluster

    if named := settings().test_database_url:
        yield named.replace("postgresql://", "postgresql+psycopg://", 1)
        return
    with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder), throw_away=True)
        cluster.up()
        try:
            yield cluster.url("postgres")
        finally:
            cluster.down()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=POINTS, default="small")
    wanted = parser.parse_args().size
    with _database() as url:
        print(json.dumps(prove(wanted, url), indent=2))
