"""A made city of several editions, and the private memory that processes take which open them all from files.

As a program: opens every edition of the database it is given, asks each, says that it is ready, and tells what it took
when it is told to; so that several are measured while all have everything open.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, assignments, db
from geo.actors import Actor
from geo.areas import City, Level
from geo.arrays import Codes, Shapes
from geo.codes import Scheme
from geo.crs import metric_epsg
from geo.editions import Request
from geo.space.division import AreaLayer, Division, NamedGrids, divide
from tests import made_editions
from tests.winding_city import ORIGIN, STEP, winding_city

_LEVELS = (Level("city", "市", "City"), Level("community", "社区", "Community"), Level("grid", "网格", "Grid"))
_LENGTHS = (2, 5, 8)
_SINCE = datetime(2024, 1, 1, tzinfo=UTC)
_READY = "ready"
POINTS = 50


def publish(engine: sa.Engine, side: int, count: int) -> None:
    """So many editions of ``side`` squared leaves; each after the first takes a leaf into another."""
    _, shapes = winding_city(side)
    number = np.arange(side * side)
    codes = np.array([f"99{at // side + 1:03d}{at % side + 1:03d}" for at in number], dtype=np.str_)
    city = City("99", "曲折市", "Winding", _LEVELS, _LENGTHS, "Asia/Shanghai", metric_epsg(*ORIGIN))
    for edition in range(count):
        if edition:
            shapes[0] = shapely.coverage_union(shapes[0], shapes[1])
            shapes, codes = np.delete(shapes, 1), np.delete(codes, 1)
        request = Request(Actor("tests"), "曲折", {}, _SINCE + timedelta(days=edition))
        with db.write(engine) as connection:
            assert made_editions.published(connection, _division(codes, shapes), city, request)


def _division(codes: Codes, shapes: Shapes) -> Division:
    parents = np.array([code[:5] for code in codes.tolist()], dtype=np.str_)
    named = NamedGrids(codes, codes, np.full(len(codes), "comprehensive"), parents, shapes)
    communities = np.unique(parents)
    above = np.full(len(communities), "99")
    layers = [
        AreaLayer(0, np.array(["99"]), np.array(["99"]), np.array([""]), None),
        AreaLayer(1, communities, communities, above, None),
    ]
    division, found = divide(named, layers, shapely.coverage_union_all(shapes), Scheme(_LENGTHS))
    assert not found, found
    return division


def growth_mb(url: str, indexes: Path, processes: int) -> list[float]:
    """Private megabytes that opening takes in each of so many processes that have all editions open at once."""
    environment = os.environ | {"GRIDATLAS_INDEXES": str(indexes)}
    command = [sys.executable, "-m", "tests.opened_indexes", url]
    workers = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline().strip() == _READY
        return [float(_told(worker)) for worker in workers]
    finally:
        for worker in workers:
            worker.communicate("go\n")


def _told(worker: subprocess.Popen[str]) -> str:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write("tell\n")
    worker.stdin.flush()
    return worker.stdout.readline()


def private_mb(process: int | str = "self") -> float:
    """Megabytes of a process that no other has: ``Private_*`` of the kernel's sums."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def main(url: str) -> None:
    """Open, ask, and tell when told to."""
    engine = db.connect(url)
    with db.read(engine) as connection:
        there = areas.all_editions(connection)
        areas.city(connection)
        begun = private_mb()
        lonlat = np.array(ORIGIN) + np.random.default_rng(1).uniform(0, 9 * STEP, (POINTS, 2))
        for edition in there:
            city = assignments.open_index(connection, edition)
            assignments.assign(city, lonlat, accuracy_m=np.full(POINTS, 50.0))
    gc.collect()
    print(_READY, flush=True)
    sys.stdin.readline()
    print(private_mb() - begun, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1])
