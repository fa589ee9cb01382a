"""Bench: which leaf is this point in — our cells beside six others and beside the least that memory allows.

CPU nanoseconds a point, asked in turn (:mod:`~tests.bench.turns`). Points are clustered as incidents are: four of five
lie in a tenth of the ground. The slow ones are asked for a part of the points. All must answer alike.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import shapely
import sqlalchemy as sa

from geo.arrays import Floats, Positions, Shapes
from geo.space.cells import files
from geo.space.cells.asking import locate_blocks
from geo.space.cells.index import CellIndex
from geo.space.cells.layout import Cells, Redraw
from tests import locating_peers as peers
from tests.bench.turns import NS, SEED, Took, clustered, spread, table
from tests.throw_away import throw_away_postgis
from tests.winding_city import winding_city

ALL = 10_000_000
SIDES = {"small": 40, "full": 173}
POINTS = {"small": (100_000,), "full": (1_000_000, 10_000_000)}
STEP = 1.6e-3
"""Degrees between the corners of leaves, about 160 m: 15 % of the points then lie in squares that a border crosses."""
ROUNDS = {"small": 3, "full": 5}
PART = {"ours": ALL, "least": ALL, "raster": ALL, "shapely_tree": 1_000_000, "postgis_subdivided": 20_000}
OTHERS = 200_000  # points a slow one is asked for
AT_LEAST = {"shapely_tree": 10.0, "raster": 2.0}  # with slack: small cities fit the caches of all


@numba.njit(nogil=True)
def _least(lonlat: Floats, words: Positions, found: Positions) -> None:
    """The least there is to do for unsorted points: read them as they come, and one word somewhere in the index."""
    random = np.uint64(88172645463325252)
    size = np.uint64(len(words))
    for at in range(len(lonlat)):
        random ^= random << np.uint64(13)
        random ^= random >> np.uint64(7)
        random ^= random << np.uint64(17)
        somewhere = ((random >> np.uint64(32)) * size) >> np.uint64(32)
        found[at] = words[somewhere] + np.int32(lonlat[at, 0] + lonlat[at, 1])


def least(cells: Cells) -> Callable[[Floats], Positions]:
    """What memory alone allows."""

    def ask(lonlat: Floats) -> Positions:
        found = np.empty(len(lonlat), dtype=np.int32)
        _least(lonlat, cells.base.words, found)
        return found

    return ask


def ours(cells: Cells) -> Callable[[Floats], Positions]:
    """Our kernels on one thread."""

    def ask(lonlat: Floats) -> Positions:
        found = np.empty(len(lonlat), dtype=np.int32)
        locate_blocks(cells, lonlat, found)
        return found

    return ask


def measured(index: CellIndex, shapes: Shapes, size: str) -> dict[str, Any]:
    """Figures of every number of points."""
    told: dict[str, Any] = {}
    with throw_away_postgis() as (engine, _), engine.begin() as connection:
        postgis = peers.postgis_subdivided(shapes, connection)
        cells = peers.raster(shapes)
        asked = [
            Took("ours", ours(index.cells)),
            Took("least", least(index.cells)),
            *(
                Took(ask.__name__, ask(shapes))
                for ask in (
                    peers.shapely_tree,
                    peers.geopandas_join,
                    peers.duckdb_spatial,
                    peers.sedona,
                )
            ),
            Took("raster", cells),
            Took("postgis_subdivided", postgis, lambda: time.process_time() + _of_server(connection)),
        ]
        bounds = tuple(shapely.total_bounds(shapes))
        for n in POINTS[size]:
            lonlat = clustered(np.random.default_rng(SEED), bounds, n)
            wanted = index.positions(lonlat)
            for one in asked:
                one.ask(lonlat[:1000])
                one.each_s.clear()
            for _ in range(ROUNDS[size]):
                for one in asked:
                    _ask(one, lonlat, wanted)
            told[f"{n:,} points"] = table(asked, ("ns a point", NS), AT_LEAST)
        told["points in squares that a border crosses, %"] = round(float(cells.doubts(lonlat).mean() * 100), 1)
    return told


def _ask(one: Took, lonlat: Floats, wanted: Positions) -> None:
    n = min(PART.get(one.name, OTHERS), len(lonlat))
    one.round(lonlat[:n], lambda found: one.name == "least" or np.array_equal(found, wanted[:n]))


def _of_server(connection: sa.Connection) -> float:
    """Seconds that the server's process was on a processor."""
    number = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    return int(Path(f"/proc/{number}/schedstat").read_text().split()[0]) / NS


def one_by_one(index: CellIndex, lonlat: Floats) -> float:
    """CPU microseconds of one point asked alone."""
    points = lonlat[:20_000].tolist()
    begun = time.process_time()
    for x, y in points:
        index.position(x, y)
    return (time.process_time() - begun) / len(points) * 1e6


def redraws_ms(index: CellIndex, shapes: Shapes, rounds: int) -> dict[str, list[float]]:
    """Milliseconds, on the wall, in which cells are laid over for two neighbours that become one leaf, and written."""
    slots = np.arange(1, len(shapes) + 1, dtype=np.int32)
    took: dict[str, list[float]] = {"laid": [], "written": []}
    with tempfile.TemporaryDirectory(prefix="gridatlas-bench-") as folder:
        base = Path(folder) / "base.cells"
        files.write(base, index.cells, {})
        for at in np.linspace(0, len(shapes) - 2, rounds).astype(int).tolist():
            whole = shapely.coverage_union(shapes[at], shapes[at + 1])
            redraw = Redraw(np.array(whole.bounds), slots[[at, at + 1]], np.array([whole]), slots[[at]])
            begun = time.perf_counter()
            laid = index.redrawn(redraw, np.delete(slots, at + 1))
            took["laid"].append((time.perf_counter() - begun) * 1000)
            assert laid is not None
            files.write(Path(folder) / "laid.cells", laid.cells, {}, base)
            took["written"].append((time.perf_counter() - begun) * 1000)
    return took


def bench(size: str) -> dict[str, Any]:
    """Figures of one run; raises AssertionError where two disagree or ours is not faster by far."""
    codes, shapes = winding_city(SIDES[size], step=STEP)
    CellIndex.build(codes[:2], shapes[:2])
    begun = time.process_time()
    index = CellIndex.build(codes, shapes)
    built = time.process_time() - begun
    base = index.cells.base
    held = sum(array.nbytes for array in (base.words, base.ends, base.sides, index.cells.entries))
    lonlat = clustered(np.random.default_rng(SEED), tuple(shapely.total_bounds(shapes)), POINTS[size][0])
    redraws_ms(index, shapes, 2)
    redraws = redraws_ms(index, shapes, 21)
    return {
        "leaves": len(shapes),
        "vertices": int(shapely.get_num_coordinates(shapes).sum()),
        "built, CPU s": round(built, 2),
        "index, MB": round(held / 1e6, 1),
        "one point alone, CPU us": round(one_by_one(index, lonlat), 2),
        "two leaves redrawn, ms": spread(redraws["laid"]),
        "the same, on the disk, ms": spread(redraws["written"]),
        **measured(index, shapes, size),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=POINTS, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
