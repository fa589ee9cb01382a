"""A whole city, served while a bench runs: the made one with its registers, Taipei, or a lattice of 30,000 grids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.logs import configure
from geo import areas, drawings
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.coverage import running
from geo.editions import Request
from geo.plans import imported
from tests import lattice_city
from tests.browser.made import publish_whole_city
from tests.serving import served
from tests.throw_away import throw_away_postgis

REAL = Path(__file__).parents[2] / "shared/data"
SOURCES = Path(__file__).parent / "sources/taipei.toml"


@dataclass(frozen=True)
class ServedCity:
    """Where a city is served; bounds are west, south, east, north in degrees."""

    name: str
    address: str
    grids: int
    bounds: tuple[float, float, float, float]
    has_units: bool


@contextmanager
def served_city(key: str) -> Iterator[ServedCity]:
    """The city of ``CITIES`` under this key, drawn and looked through for blind spots, and gone afterwards."""
    configure("WARNING")
    with throw_away_postgis() as (engine, home):
        CITIES[key](engine, home)
        with engine.begin() as connection:
            running.run(connection, Actor("bench"))
            name, edition = areas.city(connection).name_en, areas.current(connection)
            drawings.prepare(connection, edition)
            bounds = drawings.extent(connection, edition)
        with served(engine) as address:
            yield ServedCity(name or "", address, edition.leaves, bounds, has_units=key != "taipei")


def _taipei(engine: sa.Engine, folder: Path) -> None:
    path = folder / SOURCES.name
    path.write_text(SOURCES.read_text(encoding="utf-8").replace("{data}", str(REAL)), encoding="utf-8")
    with engine.begin() as connection:
        imported.publish(connection, importing.prepare(read_sources(path), None), Request(Actor("bench"), "taipei", {}))


def _lattice(engine: sa.Engine, _: Path) -> None:
    with engine.begin() as connection:
        lattice_city.build(connection, lattice_city.Size(30_000, 500_000, 200_000))


def there_are(size: str) -> list[str]:
    """Keys of the cities of a size: the made one when it is small, else Taipei (with the real data) and the lattice."""
    return ["made"] if size == "small" else [*(["taipei"] if REAL.is_dir() else []), "lattice"]


CITIES: dict[str, Callable[[sa.Engine, Path], None]] = {
    "made": publish_whole_city,
    "taipei": _taipei,
    "lattice": _lattice,
}
