"""A whole city, served while a bench runs: the made one, or Taipei where the real data are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.logs import configure
from geo import areas, db, drawings
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.cluster import Cluster
from geo.editions import Request
from tests.browser.made import publish_made_city
from tests.serving import served

REAL = Path(__file__).parents[2] / "shared/data"
SOURCES = Path(__file__).parent / "sources/taipei.toml"


@dataclass(frozen=True)
class ServedCity:
    """Where a city is served; bounds are west, south, east, north in degrees."""

    name: str
    address: str
    grids: int
    bounds: tuple[float, float, float, float]


@contextmanager
def served_city(size: str) -> Iterator[ServedCity]:
    """The made city when ``size`` is small or there are no real data, else Taipei; drawn, and gone afterwards."""
    configure("WARNING")
    with tempfile.TemporaryDirectory(prefix="gridatlas-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        cluster = Cluster(home, throw_away=True)
        cluster.up()
        engine = db.connect(cluster.url())
        try:
            db.migrate(engine)
            name = _publish(engine, size, home)
            with engine.begin() as connection:
                edition = areas.current(connection)
                drawings.prepare(connection, edition)
                bounds = drawings.extent(connection, edition)
            with served(engine) as address:
                yield ServedCity(name, address, edition.leaves, bounds)
        finally:
            engine.dispose()
            cluster.down()


def _publish(engine: sa.Engine, size: str, folder: Path) -> str:
    if size == "small" or not REAL.is_dir():
        publish_made_city(engine)
        return "made city"
    path = folder / SOURCES.name
    path.write_text(SOURCES.read_text(encoding="utf-8").replace("{data}", str(REAL)), encoding="utf-8")
    with engine.begin() as connection:
        importing.publish(
            connection, importing.prepare(read_sources(path), None), Request(Actor("bench"), "taipei", {})
        )
    return "Taipei"
