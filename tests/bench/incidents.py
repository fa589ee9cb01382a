"""Bench: ``import incidents`` works in constant memory — more rows, the same peak, also the second time.

Each file is loaded in a fresh process, which tells its own peak (as in ``assign.py``) and does not count the database
server's. A file is one transaction there, and its stage is on the server's disk. Rows a second are of the processor of
the loading process alone, and told only.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = {"small": (140_000, 280_000), "full": (200_000, 800_000)}  # two chunks are needed before memory is steady
MOST = {"small": 1.2, "full": 1.1}
ROW_GROUP = 50_000
SEED = 20_260_103


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where memory grows with the file."""
    from geo import db
    from geo.cluster import Cluster
    from tests.small_city import publish_small_city

    told: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="gridatlas-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        cluster = Cluster(home, throw_away=True)
        cluster.up()
        try:
            engine = db.connect(cluster.url())
            db.migrate(engine)
            with db.write(engine) as connection:
                publish_small_city(connection)
            engine.dispose()
            write(home / "first.parquet", 1_000, "first")
            loaded(home / "first.parquet", cluster.url())  # makes code of kernels, which takes memory once
            for key, rows in zip(("few", "many"), ROWS[size], strict=True):
                write(home / f"{key}.parquet", rows, key)
                told[key] = loaded(home / f"{key}.parquet", cluster.url())
                told[f"{key}, again"] = loaded(home / f"{key}.parquet", cluster.url())
        finally:
            cluster.down()
    growth = max(one["peak_mb"] for one in told.values()) / min(one["peak_mb"] for one in told.values())
    assert growth <= MOST[size], f"{told}: {growth:.2f} times the memory, at most {MOST[size]} is constant"
    return {**told, "peak_grows_to": round(growth, 3), "at_most": MOST[size]}


def write(path: Path, rows: int, key: str) -> None:
    """A file of good incidents over the small city, two years of them."""
    from tests.small_city import SOUTH, WEST

    random = np.random.default_rng(SEED)
    kinds = {"reference": pa.string(), "occurred_at": pa.timestamp("us", "UTC"), "lon": pa.float64()}
    kinds |= {"lat": pa.float64(), "address": pa.string()}
    with pq.ParquetWriter(path, pa.schema(list(kinds.items()))) as writer:
        for first in range(0, rows, ROW_GROUP):
            numbers = range(first, min(first + ROW_GROUP, rows))
            seconds = random.integers(0, 2 * 365 * 86_400, len(numbers))
            columns = [
                [f"{key}-{number}" for number in numbers],
                np.datetime64("2024-01-01", "us") + seconds.astype("timedelta64[s]"),
                random.uniform(WEST, WEST + 0.04, len(numbers)),
                random.uniform(SOUTH, SOUTH + 0.024, len(numbers)),
                [f"试验路 {number % 997} 号" for number in numbers],
            ]
            arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)]
            writer.write_table(pa.table(arrays, schema=writer.schema))


def loaded(path: Path, database_url: str) -> dict[str, float]:
    """What :func:`load` tells from a process of its own."""
    command = [sys.executable, __file__, "--load", str(path), database_url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def load(path: Path, database_url: str) -> dict[str, float]:
    """Load and keep a file; tells rows, CPU and the peak of this process."""
    from geo import db
    from geo.actors import Actor
    from geo.incidents import loading

    engine = db.connect(database_url)
    begun = time.process_time()
    with db.write(engine) as connection:
        done = loading.load(connection, Actor("bench"), loading.Intake(path, "wgs84", source="bench", commit=True))
    seconds = time.process_time() - begun
    engine.dispose()
    assert done.is_kept
    assert done.stored.stored + done.stored.already == done.stored.read == pq.read_metadata(path).num_rows
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found, "the peak is read from /proc, which is Linux"
    return {
        "rows": done.stored.read,
        "stored": done.stored.stored,
        "peak_mb": round(int(found[1]) / 1024, 1),
        "rows_a_cpu_second": round(done.stored.read / seconds),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=ROWS, default="small")
    parser.add_argument("--load", nargs=2, metavar=("FILE", "DATABASE_URL"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        print(json.dumps(load(Path(asked.load[0]), asked.load[1])))
    else:
        print(json.dumps(bench(asked.size), indent=2, ensure_ascii=False))
