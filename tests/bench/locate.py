"""Bench: which leaf is this point in — our cells beside six others and beside the least that memory allows.

One process, one thread, in turn. CPU nanoseconds a point, median of the rounds and their range; a ratio is of the same
round, so that a busy machine weighs on both. Points are clustered as incidents are: four of five lie in a tenth of the
ground. The slow ones are asked for a part of the points. All must answer alike.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
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
from tests.throw_away import throw_away_postgis
from tests.winding_city import winding_city

SIDES = {"small": 40, "full": 173}
POINTS = {"small": (100_000,), "full": (1_000_000, 10_000_000)}
ROUNDS = {"small": 3, "full": 5}
PART = {"shapely_tree": 1_000_000, "raster": 10_000_000, "postgis_subdivided": 20_000}
OTHERS = 200_000  # points a slow one is asked for
AT_LEAST = {"shapely_tree": 10.0, "raster": 2.0}  # with slack: small cities fit the caches of all
SEED = 20_260_101
NS = 1e9


def clustered(bounds: tuple[float, float, float, float], n: int) -> Floats:
    """(n, 2) lon/lat: four of five in a tenth of the box, the others anywhere in it."""
    random = np.random.default_rng(SEED)
    west, south, east, north = bounds
    size = np.array([east - west, north - south])
    dense = random.random((n, 2)) * size * np.sqrt(0.1) + np.array([west, south]) + 0.3 * size
    wide = random.random((n, 2)) * size + np.array([west, south])
    return np.where(random.random((n, 1)) < 0.8, dense, wide)


@dataclass
class Took:
    """CPU nanoseconds a point, of each round."""

    name: str
    ask: Callable[[Floats], Positions]
    clock: Callable[[], float] = time.process_time
    ns: list[float] = field(default_factory=list)

    def round(self, lonlat: Floats, wanted: Positions) -> None:
        """Ask once; every answer must be the one wanted."""
        n = min(PART.get(self.name, OTHERS), len(lonlat)) if self.name not in ("ours", "least") else len(lonlat)
        begun = self.clock()
        found = self.ask(lonlat[:n])
        self.ns.append((self.clock() - begun) / n * NS)
        assert self.name == "least" or np.array_equal(found, wanted[:n]), f"{self.name} answers otherwise"


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
        asked = [
            Took("ours", ours(index.cells)),
            Took("least", least(index.cells)),
            *(
                Took(ask.__name__, ask(shapes))
                for ask in (
                    peers.shapely_tree,
                    peers.geopandas_join,
                    peers.raster,
                    peers.duckdb_spatial,
                    peers.sedona,
                )
            ),
            Took("postgis_subdivided", postgis, lambda: time.process_time() + _of_server(connection)),
        ]
        for n in POINTS[size]:
            lonlat = clustered(tuple(shapely.total_bounds(shapes)), n)
            wanted = index.positions(lonlat)
            for one in asked:
                one.ask(lonlat[:1000])
                one.ns.clear()
            for _ in range(ROUNDS[size]):
                for one in asked:
                    one.round(lonlat, wanted)
            told[f"{n:,} points"] = _table(asked)
    return told


def _of_server(connection: sa.Connection) -> float:
    """Seconds that the server's process was on a processor."""
    number = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    return int(Path(f"/proc/{number}/schedstat").read_text().split()[0]) / NS


def _table(asked: list[Took]) -> dict[str, dict[str, str]]:
    mine = np.array(asked[0].ns)
    rows = {}
    for one in asked:
        ratios = np.array(one.ns) / mine
        rows[one.name] = {"ns a point": spread(one.ns), "ours is faster by": spread(ratios.tolist())}
        assert np.median(ratios) >= AT_LEAST.get(one.name, 0.0), f"{one.name}: {np.median(ratios):.1f}"
    return rows


def spread(values: list[float]) -> str:
    """Median and range."""
    low, middle, high = min(values), float(np.median(values)), max(values)
    return f"{middle:,.1f} ({low:,.1f} to {high:,.1f})"


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
    codes, shapes = winding_city(SIDES[size])
    CellIndex.build(codes[:2], shapes[:2])
    begun = time.process_time()
    index = CellIndex.build(codes, shapes)
    built = time.process_time() - begun
    base = index.cells.base
    held = sum(array.nbytes for array in (base.words, base.ends, base.sides, index.cells.entries))
    lonlat = clustered(tuple(shapely.total_bounds(shapes)), POINTS[size][0])
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
