"""Bench: ``assign`` works in constant memory — eight times the rows, the same peak, in each of its four formats.

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
import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

FORMATS = ("parquet", "geoparquet", "csv", "gpkg")
SIDES = {"small": 12, "full": 60}
ROWS = {"small": 200_000, "full": 500_000}
"""Fewer would not fill what is read ahead or, at full size, the spatial index of a GeoPackage; then memory stays."""
TIMES = 8
MOST = {"small": 1.2, "full": 1.1}
ROW_GROUP = 100_000
SEED = 20_260_102
KINDS = np.array(["垃圾", "占道", "噪声", "路灯", "井盖"])


def bench(size: str) -> dict[str, object]:
    """Figures by format; raises AssertionError where memory grows with the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("areas", folder / "areas.gpkg", SIDES[size])
        run("points", folder / "first.parquet", 1_000)
        run("assigned", folder / "first.parquet", 1_000)  # makes code of kernels, which takes memory once
        with ThreadPoolExecutor(2) as pool:  # of processes that are waited for; two halve the wait
            return dict(zip(FORMATS, pool.map(lambda suffix: compared(folder, suffix, size), FORMATS), strict=True))


def compared(folder: Path, suffix: str, size: str) -> dict[str, object]:
    """Figures of a file of this format beside those of one of eight times the rows."""
    told = []
    for rows in (ROWS[size], ROWS[size] * TIMES):
        source = folder / f"{rows}.{suffix}"
        told.append(run("points", source, rows) | run("assigned", source, rows))
        source.unlink()
    few, many = told
    growth = many["peak_mb"] / few["peak_mb"]
    assert growth <= MOST[size], f"{suffix}: {few} and {many}: {growth:.2f} times the memory, at most {MOST[size]}"
    return {"few": few, "many": many, "peak_grows_to": round(growth, 3), "at_most": MOST[size]}


def run(step: str, path: Path, number: int) -> dict[str, float]:
    """What ``step`` tells from a process of its own."""
    command = [sys.executable, __file__, "--step", step, str(path), str(number)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def areas(path: Path, side: int) -> dict[str, float]:
    """Write the areas of a made city; tells how many."""
    import geopandas

    from tests.cities import made_city

    city = made_city(side, side)
    geopandas.GeoDataFrame({"code": city.codes}, geometry=city.shapes, crs=4326).to_file(path)
    return {"areas": len(city.codes)}


def assigned(source: Path, rows: int) -> dict[str, float]:
    """Assign a file of points to one of the same format; tells rows, CPU and the peak of this process."""
    from geo.bulk import OfLayer, assign_file
    from geo.layers import read_layer
    from geo.positions import Points

    target = source.with_stem(f"{rows}-assigned")
    layer = OfLayer(read_layer(source.parent / "areas.gpkg", "code"))
    begun = time.process_time()
    told = assign_file(source, target, Points(datum="wgs84"), layer)
    seconds = time.process_time() - begun
    assert told.rows == rows
    assert told.unplaced < rows
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found, "the peak is read from /proc, which is Linux"
    target.unlink()
    return {
        "rows": rows,
        "peak_mb": round(int(found[1]) / 1024, 1),
        "rows_a_cpu_second": round(rows / seconds),
        "input_mb": round(source.stat().st_size / 2**20, 1),
    }


def points(path: Path, rows: int) -> dict[str, float]:
    """Write a file of points over the areas, chunk by chunk, in the format of its suffix; tells how many."""
    import pyogrio

    bounds = pyogrio.read_info(path.parent / "areas.gpkg", force_total_bounds=True)["total_bounds"]
    tables = made_points(rows, bounds)
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "kind", "lon", "lat"])
            for table in tables:
                writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
        return {"rows": rows}
    if path.suffix != ".parquet":
        tables = map(with_geometry, tables)
    first = next(tables)
    batches = (batch for table in chain([first], tables) for batch in table.to_batches())
    if path.suffix == ".gpkg":
        reader = pa.RecordBatchReader.from_batches(first.schema, batches)
        told = {"geometry_name": "geom", "geometry_type": "Point", "crs": "EPSG:4326"}
        pyogrio.write_arrow(reader, path, driver="GPKG", layer="points", SPATIAL_INDEX="NO", **told)
    else:
        with pq.ParquetWriter(path, first.schema) as parquet:
            for batch in batches:
                parquet.write_batch(batch)
    return {"rows": rows}


def made_points(rows: int, bounds: tuple[float, float, float, float]) -> Iterator[pa.Table]:
    """Points with a number and a kind, uniform within west, south, east, north; a row group at a time."""
    west, south, east, north = bounds
    random = np.random.default_rng(SEED)
    for first in range(0, rows, ROW_GROUP):
        n = min(ROW_GROUP, rows - first)
        yield pa.table(
            {
                "id": np.arange(first, first + n),
                "kind": KINDS[random.integers(0, len(KINDS), n)],
                "lon": random.uniform(west, east, n),
                "lat": random.uniform(south, north, n),
            }
        )


def with_geometry(table: pa.Table) -> pa.Table:
    """The same rows with their positions as a GeoParquet geometry instead of two columns."""
    shapes = shapely.points(table["lon"].to_numpy(), table["lat"].to_numpy())
    made = table.drop_columns(["lon", "lat"]).append_column("geom", pa.array(shapely.to_wkb(shapes), type=pa.binary()))
    about = {"version": "1.0.0", "primary_column": "geom", "columns": {"geom": {"encoding": "WKB"}}}
    return made.replace_schema_metadata({"geo": json.dumps(about)})


STEPS = {"areas": areas, "assigned": assigned, "points": points}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=ROWS, default="small")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FILE", "NUMBER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step, path, number = asked.step
        print(json.dumps(STEPS[step](Path(path), int(number))))
    else:
        print(json.dumps(bench(asked.size), indent=2, ensure_ascii=False))
