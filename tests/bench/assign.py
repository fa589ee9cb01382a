"""Bench: ``assign`` works in constant memory — eight times the rows, the same peak.

Each file is assigned in a fresh process, which tells its own peak (VmHWM: ``getrusage`` would also count the process it
was started from, see References). Everything is counted, the areas and the libraries too. Rows a second are of the
processor, and told only.

References
----------
getrusage(2), ``ru_maxrss``: Linux keeps the greatest of a process' address spaces, that before ``exec`` included
(fs/exec.c, exec_mmap: setmax_mm_hiwater_rss).
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

SIDES = {"small": 12, "full": 60}
ROWS = {"small": 100_000, "full": 2_000_000}
TIMES = 8
MOST = {"small": 1.2, "full": 1.1}
ROW_GROUP = 100_000
SEED = 20_260_102
KINDS = np.array(["垃圾", "占道", "噪声", "路灯", "井盖"])


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where memory grows with the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("areas", folder, SIDES[size])
        few, many = (
            run("points", folder, rows) | run("assigned", folder, rows) for rows in (ROWS[size], ROWS[size] * TIMES)
        )
    growth = many["peak_mb"] / few["peak_mb"]
    assert growth <= MOST[size], f"{few} and {many}: {growth:.2f} times the memory, at most {MOST[size]} is constant"
    return {"few": few, "many": many, "peak_grows_to": round(growth, 3), "at_most": MOST[size]}


def run(step: str, folder: Path, number: int) -> dict[str, float]:
    """What ``step`` tells from a process of its own."""
    command = [sys.executable, __file__, "--step", step, str(folder), str(number)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def areas(folder: Path, side: int) -> dict[str, float]:
    """Write the areas of a made city; tells how many."""
    import geopandas

    from tests.cities import made_city

    city = made_city(side, side)
    geopandas.GeoDataFrame({"code": city.codes}, geometry=city.shapes, crs=4326).to_file(folder / "areas.gpkg")
    return {"areas": len(city.codes)}


def assigned(folder: Path, rows: int) -> dict[str, float]:
    """Assign a file of points; tells rows, CPU and the peak of this process."""
    from geo.bulk import OfLayer, Points, assign_file
    from geo.layers import read_layer

    source, target = folder / f"{rows}.parquet", folder / f"{rows}-assigned.parquet"
    layer = OfLayer(read_layer(folder / "areas.gpkg", "code"))
    begun = time.process_time()
    told = assign_file(source, target, Points(datum="wgs84"), layer)
    seconds = time.process_time() - begun
    assert told.rows == rows == pq.read_metadata(target).num_rows
    footer = pq.read_metadata(target)
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found, "the peak is read from /proc, which is Linux"
    return {
        "rows": rows,
        "peak_mb": round(int(found[1]) / 1024, 1),
        "rows_a_cpu_second": round(rows / seconds),
        "input_mb": round(source.stat().st_size / 2**20, 1),
        "footer_bytes_a_row_group": round(footer.serialized_size / footer.num_row_groups),
    }


def points(folder: Path, rows: int) -> dict[str, float]:
    """Write a file of points over the areas, row group by row group; tells how many."""
    import pyogrio

    west, south, east, north = pyogrio.read_info(folder / "areas.gpkg", force_total_bounds=True)["total_bounds"]
    random = np.random.default_rng(SEED)
    kinds = {"id": pa.int64(), "kind": pa.string(), "lon": pa.float64(), "lat": pa.float64()}
    with pq.ParquetWriter(folder / f"{rows}.parquet", pa.schema(list(kinds.items()))) as writer:
        for first in range(0, rows, ROW_GROUP):
            n = min(ROW_GROUP, rows - first)
            kind = KINDS[random.integers(0, len(KINDS), n)]
            columns = [
                np.arange(first, first + n),
                kind,
                random.uniform(west, east, n),
                random.uniform(south, north, n),
            ]
            writer.write_table(pa.table(columns, schema=writer.schema))
    return {"rows": rows}


STEPS = {"areas": areas, "assigned": assigned, "points": points}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=ROWS, default="small")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FOLDER", "NUMBER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step, folder, number = asked.step
        print(json.dumps(STEPS[step](Path(folder), int(number))))
    else:
        print(json.dumps(bench(asked.size), indent=2, ensure_ascii=False))
