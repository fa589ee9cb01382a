"""Proof: Chicago's incidents of 2019 lie in the beats, districts, wards and community areas the city itself names.

Not all can: points stand on street centre lines, and streets are the borders. How many could is counted by shapely
alone: the points in the area their column names, and those within 1 m of it in UTM 16N. Ours are the rows whose column
is the area we assigned, and those whose column is that area or one of the candidates.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import pyarrow.parquet as pq
import shapely
import sqlalchemy as sa

from geo import db
from geo.actors import Actor
from geo.arrays import Bools
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.bulk import Assigned, OfCity, OfLayer, assign_file
from geo.cluster import Cluster
from geo.editions import Request
from geo.layers import read_layer
from geo.plans import imported
from geo.positions import Points

REAL = Path(__file__).parents[3] / "shared/data"
SOURCES = Path(__file__).parents[1] / "sources/chicago.toml"
SLACK = 0.002
METRIC = "EPSG:26916"


@dataclass(frozen=True)
class Agreement:
    """Rows with position and column, and the share of them that agrees exactly and within 1 m."""

    tested: int
    exact: float
    within_1_m: float


AREAS = {
    "beat": ("beat", "beat_num"),
    "district": ("district", "dist_num"),
    "ward": ("ward", "ward"),
    "community_area": ("community", "area_num_1"),
}
"""Column of the incidents → layer of the boundaries and its column."""


def prove(size: str, database_url: str | None) -> dict[str, object]:
    """Agreement by column, beside its ceiling; raises AssertionError where they differ by more than 0.2 points.

    ``size`` changes nothing: 50,000 incidents are few. Without a database only the layers are asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        figures = dict(_figures(Path(folder), database_url))
    ceilings = {name: _ceiling(name) for name in figures}
    for name, found in figures.items():
        most = ceilings[name]
        assert found.tested == most.tested, (name, found, most)
        assert abs(found.exact - most.exact) <= SLACK, (name, found, most)
        assert abs(found.within_1_m - most.within_1_m) <= SLACK, (name, found, most)
    return {name: {"ours": vars(found), "ceiling": vars(ceilings[name])} for name, found in figures.items()}


def _ceiling(name: str) -> Agreement:
    """What shapely counts, without a line of ours."""
    layer, field = AREAS[name]
    areas = geopandas.read_file(REAL / "chicago/boundaries.gpkg", layer=layer)
    areas.geometry = areas.make_valid()
    areas = areas.assign(code=areas[field].astype(float).astype(int)).dissolve("code")
    rows = pq.read_table(REAL / "chicago/crimes_2019_50k.parquet", columns=[name, "longitude", "latitude"]).to_pandas()
    rows = rows.dropna()
    codes = rows[name].astype(int).to_numpy()
    points = geopandas.GeoSeries.from_xy(rows["longitude"], rows["latitude"], crs=4326)
    there = np.isin(codes, areas.index)
    exact, near = np.zeros(len(rows), dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)
    named = areas.geometry.loc[codes[there]]
    exact[there] = shapely.intersects(named.to_numpy(), points[there].to_numpy())
    metric = areas.to_crs(METRIC).geometry.loc[codes[there]]
    near[there] = shapely.dwithin(metric.to_numpy(), points[there].to_crs(METRIC).to_numpy(), 1.0)
    return Agreement(len(rows), round(float(exact.mean()), 4), round(float(near.mean()), 4))


def _figures(folder: Path, database_url: str | None) -> Iterable[tuple[str, Agreement]]:
    source, boundaries = REAL / "chicago/crimes_2019_50k.parquet", REAL / "chicago/boundaries.gpkg"
    points = Points(datum="wgs84", prefix="at_")
    for name, layer, field in (("ward", "ward", "ward"), ("community_area", "community", "area_num_1")):
        areas = OfLayer(read_layer(boundaries, field, layer=layer))
        _whole(assign_file(source, folder / f"{name}.parquet", points, areas))
        yield name, _agreement(folder / f"{name}.parquet", name, f"at_{field}", {})
    if database_url:
        engine = db.connect(database_url)
        db.migrate(engine)
        with db.write(engine) as connection:
            _publish(connection, folder)
            _whole(assign_file(source, folder / "beat.parquet", points, OfCity.now(connection)))
            rows = connection.execute(
                sa.text(
                    "SELECT child.code, parent.code FROM grids JOIN codes AS child USING (id) "
                    "JOIN codes AS parent ON parent.id = parent_id"
                )
            )
            parents = {str(child): str(parent) for child, parent in rows}
            yield "beat", _agreement(folder / "beat.parquet", "beat", "at_beat", {})
            yield "district", _agreement(folder / "beat.parquet", "district", "at_district", parents)
            connection.rollback()
        engine.dispose()


def _whole(told: Assigned) -> None:
    assert told.rows == 50_000
    assert told.rules["no_position"] == 266


def _publish(connection: sa.Connection, folder: Path) -> None:
    sources = folder / "chicago.toml"
    sources.write_text(SOURCES.read_text(encoding="utf-8").replace("{data}", str(REAL)), encoding="utf-8")
    prepared = importing.prepare(read_sources(sources), None)
    request = Request(actor=Actor("proof"), summary="Chicago", origin={"kind": "import"})
    assert imported.publish(connection, prepared, request).published


def _agreement(path: Path, column: str, added: str, parents: dict[str, str]) -> Agreement:
    table = pq.read_table(path, columns=[column, added, "at_candidates", "latitude"])
    located = np.array([code or "" for code in table[added].to_pylist()])
    there = [set(filter(None, [code])) for code in located.tolist()]
    for codes, candidates in zip(there, table["at_candidates"].to_pylist(), strict=True):
        leaves = [one.split(" ")[0] for one in (candidates or "").split(";") if one]
        codes.update(parents.get(leaf, leaf) for leaf in leaves)
    told = [None if code is None else f"{int(code)}" for code in table[column].to_pylist()]
    tested: Bools = np.array([code is not None for code in told]) & ~np.isnan(table["latitude"].to_numpy())
    plain = [{code.lstrip("0") for code in codes} for codes in there]
    exact = np.array([code == found.lstrip("0") for code, found in zip(told, located.tolist(), strict=True)])
    near = np.array([code in codes for code, codes in zip(told, plain, strict=True)])
    return Agreement(int(tested.sum()), round(float(exact[tested].mean()), 4), round(float(near[tested].mean()), 4))


@contextmanager
def _database() -> Iterator[str]:
    """URL of a throw-away cluster's database."""
    with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder), throw_away=True)
        cluster.up()
        try:
            yield cluster.url()
        finally:
            cluster.down()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", choices=("small", "full"), default="small", help="changes nothing: 50,000 incidents are few"
    )
    given = parser.parse_args()
    with _database() as url:
        print(json.dumps(prove(given.size, url), indent=1))
