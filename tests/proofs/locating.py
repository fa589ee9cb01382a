"""Proof: the cells answer as GEOS does — the leaf that covers a point, on borders the lowest — at every hard point.

On random points and on adversarial ones (on vertices, on edges, one step off, in the line of vertices, at corners of
cells), over made cities and, where the real data are, over Taipei's base units, New York's tracts and the mended grids
of Hangzhou. Asked compiled, one by one without compiled code, from a file, and after redraws laid over. Random invalid
cities are refused or answered right.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import shapely

from geo.arrays import Codes, Positions, Shapes
from geo.errors import Broken
from geo.space.cells import files
from geo.space.cells.files import Damaged
from geo.space.cells.index import CellIndex
from geo.space.cells.layout import Redraw
from tests.cities import made_city
from tests.hard_points import by_shapely, hard_points
from tests.real_leaves import REAL, ROOT, real_leaves
from tests.winding_city import winding_city

POINTS = {"small": 20_000, "full": 10_000_000}
SIDES = {"small": 30, "full": 173}
REALS = {"small": ("taipei",), "full": ("taipei", "nyc", "hangzhou")}
INVALID = {"small": 100, "full": 3_000}
KILLS = {"small": 3, "full": 40}
SOME = 1_000_000  # points drawn at once
ALONE = 20_000  # points of a city asked one by one
REDRAWS = 20


def prove(size: str) -> dict[str, object]:
    """Figures by city; raises AssertionError at the first difference."""
    figures: dict[str, object] = {}
    for name, codes, shapes in _cities(size):
        begun = time.perf_counter()
        figures[name] = _proved(codes, shapes, POINTS[size]) | {"seconds": round(time.perf_counter() - begun, 1)}
    figures["invalid cities"] = _invalid(INVALID[size])
    figures["killed while writing"] = _killed(KILLS[size])
    return figures


def _cities(size: str) -> Iterator[tuple[str, Codes, Shapes]]:
    yield (f"made, {SIDES[size]}²", *winding_city(SIDES[size]))
    torn = made_city(3, 12)
    yield "made, with holes, enclaves and parts", torn.codes, torn.shapes
    for name in REALS[size] if REAL.is_dir() else ():
        yield (name, *real_leaves(name))


def _proved(codes: Codes, shapes: Shapes, points: int) -> dict[str, object]:
    index = CellIndex.build(codes, shapes)
    asked = 0
    for seed in range(-(-points // SOME)):
        lonlat = hard_points(shapes, index.cells.lattice, seed, min(SOME, points) // 9 + 1)
        found, wanted = index.positions(lonlat), by_shapely(shapes, lonlat)
        assert np.array_equal(found, wanted), _difference(lonlat, found, wanted)
        asked += len(lonlat)
        if seed == 0:
            some = np.random.default_rng(1).choice(len(lonlat), min(ALONE, len(lonlat)), replace=False)
            alone = np.array([index.position(x, y) for x, y in lonlat[some].tolist()])
            assert np.array_equal(alone, wanted[some]), _difference(lonlat[some], alone, wanted[some])
    return {"leaves": len(codes), "points": asked, "differences": 0, "redrawn": _redrawn(index, shapes)}


def _difference(lonlat: np.ndarray, found: Positions, wanted: Positions) -> str:
    wrong = np.flatnonzero(found != wanted)
    first = wrong[0]
    return f"{len(wrong)} differ; {lonlat[first].tolist()} is in {wanted[first]}, not in {found[first]}"


def _redrawn(index: CellIndex, shapes: Shapes) -> int:
    """How many times two neighbours became one leaf; after each the index from a file answers as GEOS."""
    shapes, slots = shapes.copy(), np.arange(1, len(shapes) + 1, dtype=np.int32)
    random = np.random.default_rng(2)
    done = 0
    with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as folder:
        base, laid = Path(folder) / "base", Path(folder) / "laid"
        files.write(base, index.cells, {})
        for _ in range(REDRAWS):
            one = int(random.integers(0, len(shapes)))
            beside = np.flatnonzero(shapely.relate_pattern(shapes, shapes[one], "FF*F1****"))
            if not len(beside):
                continue
            other = int(beside[0])
            whole = shapely.coverage_union(shapes[one], shapes[other])
            redraw = Redraw(np.array(whole.bounds), slots[[one, other]], np.array([whole]), slots[[one]])
            shapes[one] = whole
            shapes, slots = np.delete(shapes, other), np.delete(slots, other)
            made = index.redrawn(redraw, slots)
            assert made is not None
            files.write(laid, made.cells, {}, base)
            index = CellIndex(files.read(laid).cells)
            near = hard_points(np.array([whole]), index.cells.lattice, done, 500)
            assert np.array_equal(index.positions(near), by_shapely(shapes, near))
            done += 1
    return done


def _invalid(cities: int) -> dict[str, int]:
    """Random cities with a leaf moved, grown or doubled: refused, or answered as GEOS answers."""
    told = {"refused, with the place": 0, "refused without a place": 0, "answered right": 0}
    for seed in range(cities):
        random = np.random.default_rng(seed)
        shapes = made_city(seed, 2 + seed % 5, (0.0, 0.1, 0.2, 0.3)[seed % 4]).shapes.copy()
        at = int(random.integers(0, len(shapes)))
        moved = _misplaced(shapes[at], seed % 2, 10.0 ** random.uniform(-9, -3))
        if not moved.is_valid:
            continue
        shapes[at] = moved
        if seed % 7 == 0:
            shapes = np.append(shapes, shapes[at])
        try:
            index = CellIndex.build(np.array([f"{one:04d}" for one in range(len(shapes))]), shapes)
        except Broken as refused:
            told["refused, with the place" if refused.where is not None else "refused without a place"] += 1
            continue
        points = hard_points(shapes, index.cells.lattice, seed, 100)
        assert np.array_equal(index.positions(points), by_shapely(shapes, points)), seed
        told["answered right"] += 1
    assert not told["refused without a place"]
    return told


def _misplaced(shape: shapely.Geometry, how: int, degrees: float) -> shapely.Geometry:
    """A leaf pushed aside, or grown around its middle."""
    if how == 0:
        return shapely.transform(shape, lambda xy: xy + degrees)
    middle = shapely.get_coordinates(shapely.centroid(shape))
    return shapely.transform(shape, lambda xy: middle + (xy - middle) * (1 + 10 * degrees))


_WRITES = """
import sys
from pathlib import Path
from geo.space.cells import files
from tests.cities import made_city
from geo.space.cells.index import CellIndex
folder, city = Path(sys.argv[1]), made_city(5, 12)
index = CellIndex.build(city.codes, city.shapes)
print("begins", flush=True)
for number in range(10_000):
    files.write(folder / f"{number % 3}.cells", index.cells, {"number": number})
"""


def _killed(times: int) -> dict[str, int]:
    """A process is killed while it writes, at any moment: every file under an index's name is whole."""
    random = np.random.default_rng(3)
    whole = 0
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as folder:
            command = [sys.executable, "-c", _WRITES, folder]
            with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
                assert writer.stdout is not None
                writer.stdout.readline()
                time.sleep(random.uniform(0.0, 0.2))
                writer.send_signal(signal.SIGKILL)
            for path in Path(folder).glob("*.cells"):
                try:
                    files.read(path)
                except Damaged as damaged:
                    raise AssertionError(f"a killed process left {path.name} damaged") from damaged
                whole += 1
    return {"killed": times, "whole files left": whole}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=POINTS, default="small")
    print(json.dumps(prove(parser.parse_args().size), indent=2, ensure_ascii=False))
