"""Real files of buildings: New York's repeats, Moabit's own words, OpenStreetMap's courtyards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
import sqlalchemy as sa

from geo.actors import Actor
from geo.buildings.loading import Intake, Loaded, load
from geo.buildings.uses import read_map
from geo.tables import buildings
from tests.small_city import publish_small_city

WORDS = Path(__file__).parent.parent / "sources/moabit_uses.csv"
pytestmark = pytest.mark.real


@pytest.fixture
def city(connection: sa.Connection) -> Iterator[sa.Connection]:
    """The small city, far from all of them: what is read, folded and kept does not depend on the division."""
    publish_small_city(connection)
    return connection


def read(city: sa.Connection, path: Path, **told: Any) -> Loaded:
    return load(city, Actor("tests"), Intake(path, "wgs84", commit=True, **told))


def shapes(city: sa.Connection) -> np.ndarray:
    stored = city.scalars(sa.text("SELECT ST_AsBinary(geom) FROM buildings"))
    return np.array([shapely.from_wkb(bytes(one)) for one in stored])


def with_courtyards(found: np.ndarray) -> int:
    parts, of = shapely.get_parts(found, return_index=True)
    return len(np.unique(of[shapely.get_num_interior_rings(parts) > 0]))


def test_new_york_is_one_building_an_id(city: sa.Connection, real: Path) -> None:
    path = real / "nyc/buildings.parquet"
    columns = {"use": "kind_detail", "address": "addr_housenumber+addr_street"}
    loaded = read(city, path, columns=columns)
    told = loaded.stored
    assert (told.read, told.stored, told.refused, told.unassigned) == (110_915, 102_034, 0, 102_034)
    assert told.folded == 110_915 - 102_034
    assert loaded.findings.totals["repeat"] == 6_740
    assert (loaded.findings.totals["joined"], loaded.findings.totals["apart"]) == (2_092, 3)
    assert loaded.findings.totals["disagree"] == 0
    ids = sa.select(sa.func.count(), sa.func.count(sa.distinct(buildings.c.reference)))
    assert tuple(city.execute(ids).one()) == (102_034, 102_034)
    told_use = pq.read_table(path, columns=["id", "kind_detail"]).to_pandas().dropna().drop_duplicates()
    assert city.scalar(sa.select(sa.func.count(buildings.c.use_given))) == told_use["id"].nunique()


def test_moabit_speaks_its_own_words_and_keeps_its_courtyards(city: sa.Connection, real: Path) -> None:
    path = real / "berlin_moabit/buildings.parquet"
    columns = {"reference": "OBJECTID", "use": "Gebaeude_1", "floors": "AnzahlDerO"}
    loaded = read(city, path, source="berlin", columns=columns, uses=read_map(WORDS))
    assert (loaded.stored.stored, loaded.stored.refused) == (3_834, 0)
    assert loaded.findings.totals["unknown_use"] == 0
    assert with_courtyards(shapes(city)) == 59
    uses = city.execute(sa.select(buildings.c.use, sa.func.count()).group_by(buildings.c.use))
    counted = dict(map(tuple, uses))
    assert (counted["residential"], counted["office"], counted["hospital"]) == (2_389 + 3 + 2, 78 + 2, 3 + 7)
    assert counted.get(None) is None
    assert city.scalar(sa.select(sa.func.max(buildings.c.floors))) == 18
    given = pq.read_table(path, columns=["geometry"]).column("geometry").to_pylist()
    assert shapely.area(shapes(city)).sum() == pytest.approx(shapely.area(shapely.from_wkb(given)).sum(), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "ways", "relations", "courtyards"),
    [("liechtenstein-latest.osm.pbf", 8_982, 12, 7), ("north-bayreuth.osm.gz", 4_267, 0, 0)],
)
def test_openstreetmap_gives_ways_and_relations(
    city: sa.Connection, real: Path, name: str, ways: int, relations: int, courtyards: int
) -> None:
    told = read(city, real / "osm" / name).stored
    assert (told.stored, told.refused) == (ways + relations, 0)
    assert told.read == told.stored + told.left_out
    rows = city.execute(sa.select(buildings.c.reference, buildings.c.source)).all()
    assert {row.source for row in rows} == {"openstreetmap"}
    kinds = [row.reference.split("/")[0] for row in rows]
    assert (kinds.count("way"), kinds.count("relation")) == (ways, relations)
    assert with_courtyards(shapes(city)) == courtyards  # the other relations are buildings of several parts


def test_what_an_extract_cut_off_is_refused_by_row_and_the_rest_can_be_kept(city: sa.Connection, real: Path) -> None:
    path = real / "osm/helsinki.osm.pbf"
    dry = read(city, path)
    assert not dry.is_kept
    refused = [found.kind.key for found in dry.findings.listed if found.kind.refuses]
    assert set(refused) == {"no_shape"}
    city.execute(sa.text("DROP TABLE staged_buildings, staged_building_places"))
    kept = read(city, path, skip_bad=True)
    assert (kept.stored.stored, kept.stored.refused) == (446, len(refused))
    relations = city.scalar(sa.select(sa.func.count()).where(buildings.c.reference.like("relation/%")))
    assert with_courtyards(shapes(city)) == relations
