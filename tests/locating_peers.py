"""Others that say which leaf a point is in, each as its users would ask it, all with our rule for borders.

Each is made over leaves by ascending code and is asked for points (n, 2), degrees; it answers positions (n,), -1 for
none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import duckdb_extension_spatial
import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import sedonadb
import shapely
import sqlalchemy as sa

from geo.arrays import Bools, Floats, Positions, Shapes
from geo.space.cells import building, edges
from geo.space.cells.layout import Lattice

Ask = Callable[[Floats], Positions]
RASTER_M = 10.0
_DOUBTFUL = -2
_METRES_A_DEGREE = 111_320.0


def lowest(n: int, point: Positions, leaf: Positions) -> Positions:
    """Lowest leaf (n,) of pairs of point and leaf."""
    best = np.full(n, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(best, point, leaf.astype(np.int32))
    return np.where(best == np.iinfo(np.int32).max, -1, best).astype(np.int32)


def shapely_tree(shapes: Shapes) -> Ask:
    """STRtree and prepared polygons, warm."""
    shapely.prepare(shapes)
    tree = shapely.STRtree(shapes)

    def ask(lonlat: Floats) -> Positions:
        found = []
        for begin in range(0, len(lonlat), 1 << 16):
            some = lonlat[begin : begin + (1 << 16)]
            point, leaf = tree.query(shapely.points(some))
            inside = shapely.intersects_xy(shapes[leaf], some[point, 0], some[point, 1])
            found.append(lowest(len(some), point[inside], leaf[inside]))
        return np.concatenate(found)

    return ask


def geopandas_join(shapes: Shapes) -> Ask:
    """geopandas.sjoin."""
    leaves = geopandas.GeoDataFrame({"leaf": np.arange(len(shapes))}, geometry=shapes, crs=4326)

    def ask(lonlat: Floats) -> Positions:
        points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*lonlat.T, crs=4326))
        joined = geopandas.sjoin(points, leaves, predicate="intersects")
        return lowest(len(lonlat), joined.index.to_numpy(), joined["leaf"].to_numpy())

    return ask


def raster(shapes: Shapes) -> Raster:
    """Squares of ten metres that lie in one leaf, and shapely's tree for points in squares that a border crosses."""
    found, _ = edges.edges_of(edges.rings_of(shapes, np.arange(1, len(shapes) + 1, dtype=np.int32)))
    west, south, east, north = shapely.total_bounds(shapes)
    across = _METRES_A_DEGREE * np.cos(np.radians((south + north) / 2)) / RASTER_M
    up = _METRES_A_DEGREE / RASTER_M
    columns, rows = int((east - west) * across) + 1, int((north - south) * up) + 1
    lattice = Lattice(west, south, across, up, 0, 0, 1, columns, rows)
    window = building.window_of(found, lattice, np.zeros(rows, dtype=np.int32))
    label = np.where(np.diff(window.starts) > 0, _DOUBTFUL, window.labels - 1).astype(np.int32)
    return Raster(lattice, label, shapely_tree(shapes))


@dataclass
class Raster:
    """``label`` is the leaf of each square, row by row; ``near`` is asked for points in squares without one."""

    lattice: Lattice
    label: Positions
    near: Ask

    def __call__(self, lonlat: Floats) -> Positions:
        answer = self._labels(lonlat)
        doubtful = np.flatnonzero(answer == _DOUBTFUL)
        answer[doubtful] = self.near(lonlat[doubtful])
        return answer.astype(np.int32)

    def doubts(self, lonlat: Floats) -> Bools:
        """Whether each point (n,) lies in a square that a border crosses."""
        return np.asarray(self._labels(lonlat) == _DOUBTFUL)

    def _labels(self, lonlat: Floats) -> Positions:
        lattice = self.lattice
        column = np.floor((lonlat[:, 0] - lattice.west) * lattice.across).astype(np.int64)
        row = np.floor((lonlat[:, 1] - lattice.south) * lattice.up).astype(np.int64)
        inside = (column >= 0) & (row >= 0) & (column < lattice.columns) & (row < lattice.rows)
        return np.where(inside, self.label[np.where(inside, row * lattice.columns + column, 0)], -1)


def duckdb_over(shapes: Shapes) -> duckdb.DuckDBPyConnection:
    """DuckDB on one thread with the table ``leaves``: position and ground."""
    connection = duckdb.connect(config={"threads": 1})
    (extension,) = Path(duckdb_extension_spatial.__path__[0]).rglob("spatial.duckdb_extension")
    connection.execute(f"LOAD '{extension}'")
    connection.register("given", pa.table({"leaf": np.arange(len(shapes)), "wkb": shapely.to_wkb(shapes)}))
    connection.execute("CREATE TABLE leaves AS SELECT leaf, ST_GeomFromWKB(wkb) AS ground FROM given")
    return connection


def duckdb_spatial(shapes: Shapes) -> Ask:
    """DuckDB's SPATIAL_JOIN, one thread."""
    connection = duckdb_over(shapes)

    def ask(lonlat: Floats) -> Positions:
        points = pa.table({"id": np.arange(len(lonlat)), "x": lonlat[:, 0], "y": lonlat[:, 1]})
        connection.register("points", points)
        pairs = connection.execute(
            "SELECT id, leaf FROM (SELECT id, ST_Point(x, y) AS place FROM points) JOIN leaves "
            "ON ST_Intersects(ground, place)"
        ).fetchnumpy()
        return lowest(len(lonlat), pairs["id"], pairs["leaf"])

    return ask


def sedona(shapes: Shapes) -> Ask:
    """SedonaDB's spatial join, one thread."""
    context = sedonadb.connect()
    context.sql("SET datafusion.execution.target_partitions = 1").execute()
    leaves = geopandas.GeoDataFrame({"leaf": np.arange(len(shapes))}, geometry=shapes, crs=4326)
    context.create_data_frame(leaves).to_view("leaves", overwrite=True)

    def ask(lonlat: Floats) -> Positions:
        points = geopandas.GeoDataFrame(
            {"id": np.arange(len(lonlat))}, geometry=geopandas.points_from_xy(*lonlat.T, crs=4326)
        )
        context.create_data_frame(points).to_view("points", overwrite=True)
        pairs = context.sql(
            "SELECT points.id, leaves.leaf FROM points JOIN leaves ON ST_Intersects(leaves.geometry, points.geometry)"
        ).to_pandas()
        return lowest(len(lonlat), pairs["id"].to_numpy(), pairs["leaf"].to_numpy())

    return ask


def postgis_subdivided(shapes: Shapes, connection: sa.Connection) -> Ask:
    """PostGIS over leaves subdivided to 64 vertices, points already in a table, one process of the server."""
    run = connection.exec_driver_sql
    run("SET max_parallel_workers_per_gather = 0")
    run("CREATE TEMP TABLE whole (leaf integer, ground geometry)")
    with connection.connection.cursor() as cursor, cursor.copy("COPY whole FROM STDIN") as copy:
        for at, wkb in enumerate(shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)):
            copy.write_row((at, wkb))
    run("CREATE TEMP TABLE pieces AS SELECT leaf, ST_Subdivide(ground, 64) AS ground FROM whole")
    run("CREATE INDEX ON pieces USING gist (ground)")
    run("ANALYZE pieces")

    def ask(lonlat: Floats) -> Positions:
        run("DROP TABLE IF EXISTS points")
        run("CREATE TEMP TABLE points (id integer, x float8, y float8)")
        with connection.connection.cursor() as cursor, cursor.copy("COPY points FROM STDIN") as copy:
            for at, (x, y) in enumerate(lonlat.tolist()):
                copy.write_row((at, x, y))
        run("ANALYZE points")
        pairs = pd.read_sql(
            sa.text(
                "SELECT id, leaf FROM points JOIN pieces ON ST_Intersects(ground, ST_SetSRID(ST_MakePoint(x, y), 4326))"
            ),
            connection,
        )
        return lowest(len(lonlat), pairs["id"].to_numpy(), pairs["leaf"].to_numpy())

    return ask
