"""The made city of ``data/boundaries`` in a database, with its base map and a year of incidents."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from geo import areas, lines, tables
from geo.actors import Actor
from geo.assignments import open_index
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.demo import incidents, steps, towns, writing
from geo.demo.plans import Order
from geo.editions import Request
from geo.plans import imported

SOURCES = Path(__file__).parent.parent.parent / "data/boundaries/sources.toml"
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
MAKER = Actor("演示")


def publish_made_city(engine: sa.Engine) -> None:
    """Publish the made city, draw its base map, and let a year of incidents happen in it."""
    prepared = importing.prepare(read_sources(SOURCES), None)
    made = towns.make(Order())
    with tempfile.TemporaryDirectory() as folder, engine.begin() as connection:
        writing.write_base_map(made.base, Path(folder) / "lines.parquet")
        request = Request(actor=MAKER, summary="首次划分", origin={}, effective_at=BEGIN)
        assert imported.publish(connection, prepared, request).published
        lines.load(connection, MAKER, lines.Intake(Path(folder) / "lines.parquet", "wgs84", commit=True))
        for number, some in enumerate(incidents.happen(made.ground, Order())):
            connection.execute(sa.insert(tables.incidents), _rows(connection, number, some))


def publish_whole_city(engine: sa.Engine, folder: Path) -> None:
    """Write the made city's files to ``folder`` and bring all in, as the demo does: registers and blind spots too."""

    def quiet(_: str) -> None:
        """What the demo says of its steps is not wanted here."""

    steps.write_files(folder, Order(), quiet)
    steps.publish_boundaries(engine, MAKER, quiet)
    steps.draw_base_map(engine, MAKER, folder / "lines.parquet")
    steps.load_buildings(engine, MAKER, folder / "buildings.parquet", quiet)
    steps.load_incidents(engine, MAKER, folder / "incidents.csv", quiet)
    steps.load_entities(engine, MAKER, folder, quiet)
    steps.look_for_blind_spots(engine, MAKER, quiet)


def _rows(connection: sa.Connection, number: int, some: incidents.Incidents) -> list[dict[str, Any]]:
    index = open_index(connection, areas.current(connection))
    grids = index.ids(index.index.locate(some.lonlat)).tolist()
    whole = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        {
            "source": "12345",
            "reference": f"{number}-{row}",
            "category": "other",
            "occurred_at": (moment := whole + timedelta(seconds=at_s)),
            "reported_at": moment,
            "geom": f"SRID=4326;POINT({lon} {lat})",
            "datum": "wgs84",
            "grid_then": grid or None,
            "grid_now": grid or None,
            "edition_then": 1,
            "edition_now": 1,
            "rule": 1,
        }
        for row, ((lon, lat), grid, at_s) in enumerate(
            zip(some.lonlat.tolist(), grids, some.at_s.tolist(), strict=True)
        )
    ]
