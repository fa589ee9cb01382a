"""Bench: what share of the rate of a bare binary COPY ``import incidents`` reaches, from file to stored.

A file is loaded into an empty city's incidents; what is stored then is copied out, the tables are emptied, and the very
bytes are copied in again by nothing but COPY, into the same tables with the same indexes. Both are done in turn, in one
run, and the median of the ratios counts: the machine's noise meets both alike. Copying both tables is what a load must
at least do; reading, judging, placing, telling repeats apart is what it does besides.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from geo import db
from geo.actors import Actor
from geo.incidents import loading
from tests.bench.incidents import write
from tests.small_city import publish_small_city
from tests.throw_away import throw_away_postgis

ROWS = {"small": 20_000, "full": 500_000}
TURNS = {"small": 2, "full": 5}
TABLES = ("incident_keys", "incidents")


def bench(size: str) -> dict[str, object]:
    """Seconds of each turn, and the share."""
    with throw_away_postgis() as (engine, home):
        with db.write(engine) as connection:
            publish_small_city(connection)
        write(home / "incidents.parquet", ROWS[size], "row")
        load(engine, home / "incidents.parquet")  # opens the index, makes code of kernels
        turns = [turn(engine, home, is_first) for is_first in (True, False) for _ in range(TURNS[size])]
    told = {}
    for key, some in (("first load", turns[: TURNS[size]]), ("into months that are there", turns[TURNS[size] :])):
        told[key] = {
            "load_s": [round(one, 2) for one, _ in some],
            "copy_s": [round(one, 2) for _, one in some],
            "share_of_copy": round(median(copy / load for load, copy in some), 3),
            "rows_per_s": round(median(ROWS[size] / one for one, _ in some)),
        }
    return {"bench": "loading", "size": size, "rows": ROWS[size], **told}


def turn(engine: sa.Engine, home: Path, is_first: bool) -> tuple[float, float]:
    """Seconds of a load into emptied tables, and of copying in what it stored."""
    empty(engine, is_first)
    begun = time.perf_counter()
    load(engine, home / "incidents.parquet")
    loaded = time.perf_counter() - begun
    for table in TABLES:
        copy_out(engine, table, home / table)
    empty(engine, is_first=False)
    begun = time.perf_counter()
    with db.write(engine) as connection:
        for table in TABLES:
            copy_in(connection, table, home / table)
    return loaded, time.perf_counter() - begun


def load(engine: sa.Engine, path: Path) -> None:
    """Load a file, and keep it."""
    with db.write(engine) as connection:
        done = loading.load(connection, Actor("bench"), loading.Intake(path, "wgs84", source="bench", commit=True))
    assert done.is_kept
    assert done.stored.stored == done.stored.read


def empty(engine: sa.Engine, is_first: bool) -> None:
    """Forget every incident; and the months they stand in, so that the next load is a first one."""
    with db.write(engine) as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(TABLES)}"))
        months = "SELECT relname FROM pg_class WHERE relname ~ '^incidents_[0-9]{4}_[0-9]{2}$'"
        for month in connection.scalars(sa.text(months)).all() if is_first else ():
            connection.execute(sa.text(f"DROP TABLE {month}"))


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
