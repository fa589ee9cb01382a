"""Bench: what share of the rate of a bare binary COPY ``import incidents`` and ``import buildings`` reach, from file to
stored.

A file is loaded into an empty city's tables; what is stored then is copied out, the tables are emptied, and the very
bytes are copied in again by nothing but COPY, into the same tables with the same indexes. Both are done in turn, in one
run, and the median of the ratios counts: the machine's noise meets both alike. Copying the tables is what a load must
at least do; reading, judging, placing, telling repeats apart is what it does besides, on another core where there is
one that is free. Processor seconds of both sides are told too: they are steadier than the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
import sqlalchemy as sa

from geo import db
from geo.actors import Actor
from geo.buildings import loading as buildings
from geo.incidents import loading as incidents
from tests.bench.incidents import write
from tests.small_city import SOUTH, WEST, publish_small_city
from tests.throw_away import throw_away_postgis

ROWS = {"small": 20_000, "full": 900_000}
BUILDINGS = {"small": 12_000, "full": 100_000}
TURNS = {"small": 2, "full": 5}
SEED = 20_260_104
TICKS = os.sysconf("SC_CLK_TCK")
Load = Callable[[sa.Connection, Path], None]


def bench(size: str) -> dict[str, object]:
    """Seconds of each turn, and the share."""
    told: dict[str, object] = {"bench": "loading", "size": size}
    with throw_away_postgis() as (engine, home):
        with db.write(engine) as connection:
            publish_small_city(connection)
        write(home / "incidents.parquet", ROWS[size], "row")
        write_buildings(home / "buildings.parquet", BUILDINGS[size])
        whole = Measured(engine, home / "incidents.parquet", load_incidents, ("incident_keys", "incidents"), ROWS[size])
        told["incidents"] = ROWS[size]
        told["incidents, first load"] = whole.compared(TURNS[size], forget_months)
        told["incidents, into months that are there"] = whole.compared(TURNS[size], lambda _: None)
        whole = Measured(engine, home / "buildings.parquet", load_buildings, ("buildings",), BUILDINGS[size])
        told["buildings"] = BUILDINGS[size]
        told["buildings, first load"] = whole.compared(TURNS[size], lambda _: None)
    return told


@dataclass(frozen=True)
class Measured:
    """A file, how it is loaded, and the tables it comes into."""

    engine: sa.Engine
    path: Path
    load: Load
    tables: tuple[str, ...]
    rows: int

    def compared(self, turns: int, forget: Callable[[sa.Connection], None]) -> dict[str, object]:
        """Seconds of ``turns`` loads into emptied tables, each beside copying in what it stored."""
        self.emptied(forget)
        self.timed(self.loaded)  # opens the index, makes code of kernels
        loads, copies = zip(*(self.turn(forget) for _ in range(turns)), strict=True)
        return {
            "load_s": [load["s"] for load in loads],
            "copy_s": [copied["s"] for copied in copies],
            "share_of_copy": round(median(c["s"] / one["s"] for one, c in zip(loads, copies, strict=True)), 3),
            "rows_per_s": round(median(self.rows / load["s"] for load in loads)),
            "load, CPU s here": round(median(load["here"] for load in loads), 2),
            "load, CPU s of the server": round(median(load["server"] for load in loads), 2),
            "copy, CPU s of the server": round(median(copied["server"] for copied in copies), 2),
        }

    def turn(self, forget: Callable[[sa.Connection], None]) -> tuple[dict[str, float], dict[str, float]]:
        """Seconds of a load, and of copying in what it stored."""
        self.emptied(forget)
        load = self.timed(self.loaded)
        for table in self.tables:
            copy_out(self.engine, table, self.path.with_name(table))
        self.emptied(lambda _: None)
        return load, self.timed(self.copied)

    def timed(self, do: Callable[[sa.Connection], None]) -> dict[str, float]:
        """Seconds by the clock, of this process, and of the server's process that served it."""
        with db.write(self.engine) as connection:
            stat = Path(f"/proc/{connection.scalar(sa.text('SELECT pg_backend_pid()'))}/stat")
            begun = time.perf_counter(), time.process_time(), spent(stat)
            do(connection)
            connection.commit()
            ended = time.perf_counter(), time.process_time(), spent(stat)
        return {name: round(b - a, 2) for name, a, b in zip(("s", "here", "server"), begun, ended, strict=True)}

    def loaded(self, connection: sa.Connection) -> None:
        """Load the file, and keep it."""
        self.load(connection, self.path)

    def copied(self, connection: sa.Connection) -> None:
        """The same rows by nothing but COPY."""
        for table in self.tables:
            copy_in(connection, table, self.path.with_name(table))

    def emptied(self, forget: Callable[[sa.Connection], None]) -> None:
        """Forget every row."""
        with db.write(self.engine) as connection:
            connection.execute(sa.text(f"TRUNCATE {', '.join(self.tables)}"))
            forget(connection)


def spent(stat: Path) -> float:
    """Processor seconds of a process."""
    fields = stat.read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def load_incidents(connection: sa.Connection, path: Path) -> None:
    """Load a file of incidents, and keep it."""
    done = incidents.load(connection, Actor("bench"), incidents.Intake(path, "wgs84", source="bench", commit=True))
    assert done.is_kept
    assert done.stored.stored == done.stored.read


def load_buildings(connection: sa.Connection, path: Path) -> None:
    """Load a file of buildings, and keep it."""
    done = buildings.load(connection, Actor("bench"), buildings.Intake(path, "wgs84", source="bench", commit=True))
    assert done.is_kept
    assert done.stored.stored == done.stored.read


def forget_months(connection: sa.Connection) -> None:
    """Drop the months, so that the next load is a first one."""
    months = "SELECT relname FROM pg_class WHERE relname ~ '^incidents_[0-9]{4}_[0-9]{2}$'"
    for month in connection.scalars(sa.text(months)).all():
        connection.execute(sa.text(f"DROP TABLE {month}"))


def write_buildings(path: Path, rows: int) -> None:
    """A GeoParquet of L-shaped buildings, 10 to 30 m long, all over the small city."""
    random = np.random.default_rng(SEED)
    lon, lat = random.uniform(WEST, WEST + 0.0395, rows), random.uniform(SOUTH, SOUTH + 0.0235, rows)
    wide, high = random.uniform(1e-4, 3e-4, (2, rows))
    corners = ((0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1), (0, 0))
    rings = np.stack([np.column_stack([lon + x * wide, lat + y * high]) for x, y in corners], axis=1)
    columns = {
        "id": [f"b{row}" for row in range(rows)],
        "building": random.choice(["residential", "office", "school"], rows),
        "floors": random.integers(1, 30, rows),
        "geom": pa.array(shapely.to_wkb(shapely.polygons(rings)), pa.binary()),
    }
    about = {"version": "1.0.0", "primary_column": "geom", "columns": {"geom": {"encoding": "WKB"}}}
    pq.write_table(pa.table(columns).replace_schema_metadata({"geo": json.dumps(about)}), path, row_group_size=50_000)


def copy_out(engine: sa.Engine, table: str, path: Path) -> None:
    """The rows of a table as the bytes of a binary COPY."""
    with db.read(engine) as connection, path.open("wb") as file:
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor, cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT binary)") as rows:
            for part in rows:
                file.write(part)


def copy_in(connection: sa.Connection, table: str, path: Path) -> None:
    """The same bytes back."""
    driver = connection.connection.driver_connection
    assert driver is not None
    statement = f"COPY {table} FROM STDIN (FORMAT binary)"
    with driver.cursor() as cursor, cursor.copy(statement) as rows, path.open("rb") as file:
        while part := file.read(1 << 20):
            rows.write(part)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=ROWS, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2))
