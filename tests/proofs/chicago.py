"""Proof: Chicago's incidents of 2019 lie in the beats, districts, wards and community areas the city itself names.

The share that agrees, exactly and within 1 m, is held against shapely's count of the same points (``tests`` never ask
our own engine for the truth): a point agrees within 1 m when the area its column names is among the candidates.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import sqlalchemy as sa

from geo import db
from geo.actors import Actor
from geo.arrays import Bools
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.bulk import Assigned, OfCity, OfLayer, Points, assign_file
from geo.editions import Request
from geo.layers import read_layer

REAL = Path(__file__).parents[3] / "shared/data"
SOURCES = Path(__file__).parents[1] / "sources/chicago.toml"
SLACK = 0.002


@dataclass(frozen=True)
class Ceiling:
    """What a right answer looks like: rows tested, share that agrees exactly and within 1 m."""

    tested: int
    exact: float
    within_1_m: float


CEILINGS = {
    "beat": Ceiling(49_734, 0.9117, 0.9983),
    "district": Ceiling(49_734, 0.9838, 0.9999),
    "ward": Ceiling(49_732, 0.9512, 0.9967),
    "community_area": Ceiling(49_734, 0.9734, 0.9972),
}


def prove(size: str, database_url: str | None) -> dict[str, object]:
    """Agreement by column; raises AssertionError where it is off a ceiling by more than 0.2 points.

    ``size`` changes nothing: 50,000 incidents are few. Without a database only the layers are asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        figures = dict(_figures(Path(folder), database_url))
    for name, found in figures.items():
        expected = CEILINGS[name]
        assert abs(found.exact - expected.exact) <= SLACK, (name, found, expected)
        assert abs(found.within_1_m - expected.within_1_m) <= SLACK, (name, found, expected)
    return {name: vars(found) for name, found in figures.items()}


def _figures(folder: Path, database_url: str | None) -> Iterable[tuple[str, Ceiling]]:
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
            _whole(assign_file(source, folder / "beat.parquet", points, OfCity(connection)))
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
    assert importing.publish(connection, prepared, request) is not None


def _agreement(path: Path, column: str, added: str, parents: dict[str, str]) -> Ceiling:
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
    return Ceiling(int(tested.sum()), round(float(exact[tested].mean()), 4), round(float(near[tested].mean()), 4))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", choices=("small", "full"), default="small", help="changes nothing: 50,000 incidents are few"
    )
    parser.add_argument("--database-url", default=None)
    given = parser.parse_args()
    print(json.dumps(prove(given.size, given.database_url), indent=1))
