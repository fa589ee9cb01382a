"""Long files assigned part by part, by this process or by workers of Dask: the same rows, whoever was ended."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import sqlalchemy as sa

from geo import workers
from geo.bulk import Assigned, OfLayer, assign_file
from geo.errors import Refused, Unavailable
from geo.layers import read_layer
from geo.parts import UNFINISHED, Job, OnAreas, Run, assign_parts, one_by_one
from geo.positions import Points
from tests.small_city import HIGH, SOUTH, WEST, WIDE, publish_small_city

WGS84 = Points(datum="wgs84")
GROUPS, ROWS = 8, 500
BOUNDS = ((WEST - 0.2 * WIDE, SOUTH - 0.2 * HIGH), (WEST + 4.2 * WIDE, SOUTH + 3.2 * HIGH))


def points(path: Path, groups: int = GROUPS, rows: int = ROWS) -> Path:
    """Points in and around the small city, in so many row groups."""
    lonlat = np.random.default_rng(len(path.name)).uniform(*BOUNDS, (groups * rows, 2))
    table = pa.table({"id": np.arange(len(lonlat)), "lon": lonlat[:, 0], "lat": lonlat[:, 1]})
    pq.write_table(table, path, row_group_size=rows)
    return path


@pytest.fixture
def on_areas(tmp_path: Path) -> OnAreas:
    """Sixteen wards over the small city."""
    import geopandas

    (west, south), (east, north) = BOUNDS
    x, y = np.linspace(west, east, 5), np.linspace(south, north, 5)
    shapes = [shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(4) for j in range(4)]
    frame = geopandas.GeoDataFrame({"ward": [f"W{at:02}" for at in range(16)]}, geometry=shapes, crs=4326)
    frame.to_file(tmp_path / "wards.gpkg")
    return OnAreas(WGS84, tmp_path / "wards.gpkg", "ward")


def rows_of(path: Path) -> pa.Table:
    return pq.read_table(path).sort_by("id")


def as_one_file(source: Path, job: OnAreas) -> tuple[pa.Table, Assigned]:
    target = source.with_name("whole.parquet")
    told = assign_file(source, target, job.points, OfLayer(read_layer(job.path, job.field)))
    return rows_of(target), told


def ended_after(parts: int) -> Callable[[Run, Job], Iterator[Assigned]]:
    """Makes so many parts, then is ended."""

    def do(run: Run, job: Job) -> Iterator[Assigned]:
        for at, told in enumerate(one_by_one(run, job)):
            if at == parts:
                raise KeyboardInterrupt
            yield told

    return do


def test_a_folder_of_parts_holds_the_rows_of_the_one_file(tmp_path: Path, on_areas: OnAreas) -> None:
    source = points(tmp_path / "in.parquet")
    told, kept = assign_parts(source, tmp_path / "out", on_areas, one_by_one)
    expected, counted = as_one_file(source, on_areas)
    assert rows_of(tmp_path / "out").equals(expected)
    assert (told, kept) == (counted, 0)
    assert [pq.read_metadata(part).num_rows for part in sorted((tmp_path / "out").glob("*.parquet"))] == [ROWS] * GROUPS
    assert not (tmp_path / f"out{UNFINISHED}").exists()


def test_a_folder_of_files_is_read_as_one(tmp_path: Path, on_areas: OnAreas) -> None:
    (tmp_path / "in").mkdir()
    whole = points(tmp_path / "in.parquet")
    for at in range(2):
        half = pq.read_table(whole).slice(at * 2000, 2000)
        pq.write_table(half, tmp_path / "in" / f"{at}.parquet", row_group_size=700)
    told, _ = assign_parts(tmp_path / "in", tmp_path / "out", on_areas, one_by_one)
    expected, counted = as_one_file(whole, on_areas)
    assert rows_of(tmp_path / "out").equals(expected)
    assert told == counted


def test_a_run_that_was_ended_goes_on_at_the_first_part_that_is_missing(tmp_path: Path, on_areas: OnAreas) -> None:
    source, target = points(tmp_path / "in.parquet"), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        assign_parts(source, target, on_areas, ended_after(5))
    unfinished = tmp_path / f"out{UNFINISHED}"
    assert not target.exists()
    made = {part.name: part.stat().st_ino for part in unfinished.glob("*.parquet")}
    assert len(made) == 6, "the one in hand when it was ended is whole"
    last = sorted(unfinished.glob("*.parquet"))[-1]
    last.write_bytes(last.read_bytes()[:-7])  # as a disk leaves what was not yet on it
    (unfinished / ".gridatlas-killed").mkdir()
    told, kept = assign_parts(source, target, on_areas, one_by_one)
    expected, counted = as_one_file(source, on_areas)
    assert rows_of(target).equals(expected)
    assert (told, kept) == (counted, 5)
    after = {part.name: part.stat().st_ino for part in target.glob("*.parquet")}
    assert all(after[name] == made[name] for name in sorted(made)[:5]), "what was whole was not made again"
    assert not (target / ".gridatlas-killed").exists()


@pytest.mark.parametrize("changed", ["file", "prefix", "areas"])
def test_parts_of_another_run_are_not_mixed_in(tmp_path: Path, on_areas: OnAreas, changed: str) -> None:
    source, target = points(tmp_path / "in.parquet"), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        assign_parts(source, target, on_areas, ended_after(3))
    job = on_areas
    if changed == "file":
        points(tmp_path / "other name.parquet").replace(source)
    elif changed == "prefix":
        job = OnAreas(Points(datum="wgs84", prefix="at_"), on_areas.path, "ward")
    else:
        os.utime(on_areas.path, (1, 1))
    _, kept = assign_parts(source, target, job, one_by_one)
    assert kept == 0
    assert rows_of(target).equals(as_one_file(source, job)[0])


def test_a_file_that_changes_while_it_is_read_is_refused_and_no_folder_is_mixed(
    tmp_path: Path, on_areas: OnAreas
) -> None:
    source, target = points(tmp_path / "in.parquet"), tmp_path / "out"

    def do(run: Run, job: Job) -> Iterator[Assigned]:
        for at, told in enumerate(one_by_one(run, job)):
            if at == 2:
                points(tmp_path / "other name.parquet", groups=2).replace(source)
            yield told

    with pytest.raises(Refused, match=r"in\.parquet was changed while it was read; start again"):
        assign_parts(source, target, on_areas, do)
    assert not target.exists()
    _, kept = assign_parts(source, target, on_areas, one_by_one)
    assert kept == 0
    assert rows_of(target).equals(as_one_file(source, on_areas)[0])


def test_what_is_amiss_is_told_by_the_row_of_the_file_whatever_part_it_is_in(tmp_path: Path, on_areas: OnAreas) -> None:
    source = points(tmp_path / "in.parquet")
    table = pq.read_table(source)
    lonlat = [table["lon"].to_numpy().copy(), table["lat"].to_numpy()]
    lonlat[0][[1203, 3456]] = 999
    table = pa.table({"id": table["id"], "lon": lonlat[0], "lat": lonlat[1]})
    pq.write_table(table, source, row_group_size=ROWS)
    told, _ = assign_parts(source, tmp_path / "out", on_areas, one_by_one)
    assert told.amiss["out_of_range"] == (2, f"in.parquet, row 1204: 999 {lonlat[1][1203]:.9g}")


def test_what_is_there_is_never_written_over_and_two_runs_never_write_one_folder(
    tmp_path: Path, on_areas: OnAreas
) -> None:
    source, target = points(tmp_path / "in.parquet"), tmp_path / "out"
    target.mkdir()
    with pytest.raises(Refused, match="is there already"):
        assign_parts(source, target, on_areas, one_by_one)
    target.rmdir()
    with pytest.raises(KeyboardInterrupt):
        assign_parts(source, target, on_areas, ended_after(1))
    with (tmp_path / f"out{UNFINISHED}" / "_gridatlas.json").open("a") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="another process is writing"):
            assign_parts(source, target, on_areas, one_by_one)
    (tmp_path / f"mine{UNFINISHED}").mkdir()
    (tmp_path / f"mine{UNFINISHED}" / "letter.txt").write_text("dear")
    with pytest.raises(Refused, match="was not made by this"):
        assign_parts(source, tmp_path / "mine", on_areas, one_by_one)


def test_what_has_no_row_groups_is_refused_and_no_rows_are_no_rows(tmp_path: Path, on_areas: OnAreas) -> None:
    (tmp_path / "in.csv").write_text("lon,lat\n1,2\n")
    (tmp_path / "empty").mkdir()
    for source, said in (("in.csv", "no row groups"), ("none.parquet", "no file"), ("empty", "holds no Parquet")):
        with pytest.raises(Refused, match=said):
            assign_parts(tmp_path / source, tmp_path / "out", on_areas, one_by_one)
    pq.write_table(pa.table({"id": [1], "lon": [1.0], "lat": [1.0]}).slice(0, 0), tmp_path / "in.parquet")
    told, _ = assign_parts(tmp_path / "in.parquet", tmp_path / "out", on_areas, one_by_one)
    assert (told.rows, rows_of(tmp_path / "out").schema.names[-1]) == (0, "rule")


@pytest.mark.parametrize("address", ["local", "local:0", "local:x", "10.0.0.5:8786", "http://10.0.0.5:8786"])
def test_an_address_that_is_none_is_refused_with_what_is_right(address: str) -> None:
    with pytest.raises(Refused, match=r"local:4, or a scheduler's address, as tcp://"):
        workers.spread(address)


# -- workers ---------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def environment(database: str, engine: sa.Engine, new_home: Callable[[], Path]) -> dict[str, str]:
    """Variables of a process on the small city."""
    for edition in (1, 2):
        with engine.begin() as connection:
            publish_small_city(connection, edition)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDATLAS_", "PG"))}
    url = database.replace("postgresql+psycopg://", "postgresql://")
    return bare | {"GRIDATLAS_HOME": str(new_home()), "GRIDATLAS_DATABASE_URL": url}


def gridatlas(environment: dict[str, str], *words: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from api.cli import main; main()", *map(str, words)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )


ROOT = Path(__file__).parents[2]


def finished(process: subprocess.Popen[str], seconds: float = 180) -> str:
    out, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, out
    return out


@contextmanager
def dask(environment: dict[str, str], folder: Path, count: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler on loopback and workers, each a process of its own without a nurse; its address, and the workers."""
    told = folder / "scheduler.json"
    with ExitStack() as stack:

        def start(*words: str) -> subprocess.Popen[bytes]:
            options = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(told)]
            log = stack.enter_context((folder / f"{words[0]}.log").open("ab"))
            command = [sys.executable, "-m", f"distributed.cli.{words[0]}", *options, *words[1:]]
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        start("dask_scheduler", "--port", "0")
        until = time.monotonic() + 60
        while not told.exists() and time.monotonic() < until:
            time.sleep(0.05)
        made = [start("dask_worker", "--no-nanny", "--nthreads", "1") for _ in range(count)]
        yield json.loads(told.read_text())["address"], made


@pytest.mark.slow
def test_workers_of_this_machine_make_the_rows_of_the_one_process(environment: dict[str, str], tmp_path: Path) -> None:
    source = points(tmp_path / "in.parquet")
    finished(gridatlas(environment, "assign", source, tmp_path / "one.parquet", "--datum", "wgs84"))
    out = finished(gridatlas(environment, "assign", source, tmp_path / "out", "--datum", "wgs84", "--dask", "local:2"))
    assert rows_of(tmp_path / "out").equals(rows_of(tmp_path / "one.parquet"))
    assert f"{GROUPS * ROWS:,} rows" in out


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_parts_only(environment: dict[str, str], tmp_path: Path) -> None:
    source, target = points(tmp_path / "in.parquet", groups=60, rows=4000), tmp_path / "out"
    unfinished = tmp_path / f"out{UNFINISHED}"
    finished(gridatlas(environment, "assign", source, tmp_path / "one.parquet", "--datum", "wgs84"))
    without_database = environment | {"GRIDATLAS_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    with dask(without_database, tmp_path, 2) as (address, made):
        run = gridatlas(environment, "assign", source, target, "--datum", "wgs84", "--dask", address)
        until = time.monotonic() + 120
        while len(list(unfinished.glob("*.parquet"))) < 3 and time.monotonic() < until:
            time.sleep(0.005)
        before = {part.name: part.stat().st_ino for part in unfinished.glob("*.parquet")}
        made[0].send_signal(signal.SIGKILL)
        finished(run)
        assert 3 <= len(before) < 60, "it was killed midway"
        assert made[1].poll() is None
    after = {part.name: part.stat().st_ino for part in target.glob("*.parquet")}
    assert {name: after[name] for name in before} == before, "parts that were there were not made again"
    assert rows_of(target).equals(rows_of(tmp_path / "one.parquet"))


@pytest.mark.slow
def test_a_run_whose_process_is_killed_goes_on_when_it_is_started_again(
    environment: dict[str, str], tmp_path: Path
) -> None:
    source, target = points(tmp_path / "in.parquet", groups=60, rows=4000), tmp_path / "out"
    unfinished = tmp_path / f"out{UNFINISHED}"
    words = ("assign", source, target, "--datum", "wgs84")
    run = gridatlas(environment, *words)
    until = time.monotonic() + 120
    while len(list(unfinished.glob("*.parquet"))) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    run.kill()
    run.communicate()
    assert not target.exists()
    out = finished(gridatlas(environment, *words))
    assert "parts were there already" in out
    finished(gridatlas(environment, "assign", source, tmp_path / "one.parquet", "--datum", "wgs84"))
    assert rows_of(target).equals(rows_of(tmp_path / "one.parquet"))


@pytest.mark.slow
def test_no_scheduler_is_said_with_its_address(
    tmp_path: Path, on_areas: OnAreas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "WAIT_S", 1)
    with pytest.raises(Unavailable, match=r"tcp://127\.0\.0\.1:9"):
        assign_parts(points(tmp_path / "in.parquet"), tmp_path / "out", on_areas, workers.spread("tcp://127.0.0.1:9"))
