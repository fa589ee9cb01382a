"""Proof: whoever publishes at once, whatever goes on and whatever is killed, there is the old edition or the new one.

Races: pairs of plans published at the same moment, of the same grid (one passes, one is refused) or of two grids that
both node a third one (both pass), while readers prove what they see, incidents and buildings come in, and listeners are
cut off. Kills: the server process, and PostgreSQL with all its processes, by ``kill -9`` at any moment of publishes. In
the end PostGIS counts what is out of step with the edition in force: nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import geopandas
import numpy as np
import psycopg
import shapely
import sqlalchemy as sa

from geo import areas, assignments, db
from geo.actors import Actor
from geo.arrays import Floats
from geo.buildings import loading
from geo.cluster import Cluster
from geo.errors import Refused, Stale
from geo.plans import drafts, previews
from geo.plans.drafts import Plan
from geo.space.division import Division
from geo.space.redraw.changes import Change, Split
from geo.tables import codes, grids
from tests.in_step import astray, united, whole
from tests.incoming import intakes
from tests.killed_publishes import kill_postgresql, kill_servers
from tests.winding_division import publish

SIDE = 12
PAIRS = {"small": 4, "full": 50}
KILLS = {"small": 1, "full": 50}
ACTOR = Actor("proof")
SEED = 20_261_127
INTAKES_A_SECOND = 100


def prove(size: str) -> dict[str, object]:
    """Figures; raises AssertionError where a reader sees a mixture or anything is out of step."""
    random = np.random.default_rng(SEED)
    with _city() as (cluster, home):
        engine = db.connect(cluster.url())
        _compiled(engine, random)
        raced = _races(engine, home, random, PAIRS[size])
        killed = {
            "server": kill_servers(cluster, engine, KILLS[size], lambda: planned(engine, random)),
            "PostgreSQL": kill_postgresql(cluster, engine, KILLS[size], lambda: planned(engine, random)),
        }
        with db.read(engine) as connection:
            last, division = whole(connection)
            out = astray(connection)
        engine.dispose()
    united(division)
    assert not any(out.values()), out
    return {"races": raced, "killed": killed, "editions": last.number, "out of step in the end": out}


@contextmanager
def _city() -> Iterator[tuple[Cluster, Path]]:
    """A PostGIS that keeps every promise of durability, with a made city in it."""
    with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as name:
        home = Path(name)
        home.chmod(0o755)
        cluster = Cluster(home)
        cluster.up()
        engine = db.connect(cluster.url())
        db.migrate(engine)
        with db.write(engine) as connection:
            publish(connection, SIDE)
        engine.dispose()
        try:
            yield cluster, home
        finally:
            cluster.down()


def _compiled(engine: sa.Engine, random: np.random.Generator) -> None:
    """What locates is compiled once, before others wait for it: an index built, and one laid over it."""
    for again in (True, False):
        with db.read(engine) as connection:
            assignments.open_index(connection, areas.current(connection))
        if again:
            with db.write(engine) as connection:
                previews.publish(connection, ACTOR, planned(engine, random).id)


# -- plans -------------------------------------------------------------------------------------------------------------
def planned(engine: sa.Engine, random: np.random.Generator, code: str = "", toward: str = "") -> Plan:
    """A plan that splits a leaf, any where none is named, by a line that ends on the border of another if one is."""
    for _ in range(200):
        with db.read(engine) as connection:
            _, division = whole(connection)
        chosen = code or str(random.choice(division.leaf_codes))
        try:
            with db.write(engine) as connection:
                plan = drafts.begin(connection, ACTOR, f"split {chosen}")
                previews.add(connection, ACTOR, plan, _split(division, chosen, toward, random))
                return plan
        except Refused:  # the line made other than two pieces
            continue
    raise AssertionError(f"no line splits {code}")


def _split(division: Division, code: str, toward: str, random: np.random.Generator) -> Change:
    middle, there = (_middle(division, one) for one in (code, toward or code))
    turn = np.arctan2(*(there - middle)[::-1]) + random.normal(0, 0.2) if toward else random.uniform(0, 2 * np.pi)
    ground = division.leaf_shapes[division.leaf_codes == code][0]
    arm = np.array([np.cos(turn), np.sin(turn)]) * max(np.ptp(np.reshape(ground.bounds, (2, 2)), axis=0))
    return Split(code, shapely.LineString([middle - arm, middle + arm]))


def _middle(division: Division, code: str) -> Floats:
    ground = division.leaf_shapes[division.leaf_codes == code][0]
    xy: Floats = shapely.get_coordinates(shapely.point_on_surface(ground))[0]
    return xy


def _beside(engine: sa.Engine, random: np.random.Generator) -> tuple[str, str, str]:
    """Two leaves that do not touch, and a third that lies beside both."""
    with db.read(engine) as connection:
        _, division = whole(connection)
    tree = shapely.STRtree(division.leaf_shapes)
    while True:
        third = int(random.integers(len(division.leaf_codes)))
        around = tree.query(division.leaf_shapes[third], predicate="touches")
        one, other = random.choice(around, 2)
        if not shapely.intersects(*division.leaf_shapes[[one, other]]):
            first, second, between = division.leaf_codes[[one, other, third]].tolist()
            return first, second, between


# -- races -------------------------------------------------------------------------------------------------------------
def _races(engine: sa.Engine, home: Path, random: np.random.Generator, pairs: int) -> dict[str, object]:
    stop, told = threading.Event(), Counter[str]()
    with db.read(engine) as connection:
        west, south, east, north = shapely.total_bounds(whole(connection)[1].leaf_shapes)
    box = np.array([[west, south], [east, north]])
    goes_on: list[Callable[[], None]] = [
        lambda: _read(engine, box, np.random.default_rng(1), told),
        lambda: _read(engine, box, np.random.default_rng(2), told),
        lambda: _build(engine, home, box, random_of_thread(), told),
        lambda: _listen(engine, told),
    ]
    begun = time.monotonic()
    with ThreadPoolExecutor(len(goes_on) + 2) as pool, intakes(engine, box, INTAKES_A_SECOND) as taken:
        running = [pool.submit(_until, stop, one) for one in goes_on]
        try:
            for pair in range(pairs):
                told.update(_pair(engine, pool, random, conflicting=pair % 2 == 0))
                _raise_early(running)
        finally:
            stop.set()
        for one in running:
            one.result()
        told["incidents taken in"] = taken()
    seconds = time.monotonic() - begun
    with db.read(engine) as connection:
        out = astray(connection)
    assert not any(out.values()), out
    rate = round(told["incidents taken in"] / seconds, 1)
    return {"pairs": pairs, "seconds": round(seconds), **dict(sorted(told.items())), "incidents a second": rate}


def _until(stop: threading.Event, work: Callable[[], None]) -> None:
    while not stop.is_set():
        work()


def _raise_early(running: list[Future[None]]) -> None:
    for one in running:
        if one.done():
            one.result()


def _pair(
    engine: sa.Engine, pool: ThreadPoolExecutor, random: np.random.Generator, *, conflicting: bool
) -> Counter[str]:
    """Two plans begun on one edition and published at one moment."""
    first, second, third = _beside(engine, random)
    plans = [planned(engine, random, code, third) for code in (first, first if conflicting else second)]
    gate = threading.Barrier(2)

    def come(plan: Plan) -> str:
        gate.wait()
        try:
            with db.write(engine) as connection:
                previews.publish(connection, ACTOR, plan.id)
        except Stale:
            return "refused"
        return "published"

    ended = sorted(pool.map(come, plans))
    assert ended == (["published", "refused"] if conflicting else ["published"] * 2), (conflicting, plans)
    told = Counter({f"{'conflicting' if conflicting else 'disjoint'}, {one}": ended.count(one) for one in set(ended)})
    told["third leaves that both noded"] = int(not conflicting and _rows_since(engine, third, plans[0]) == 2)
    return told


def _rows_since(engine: sa.Engine, code: str, plan: Plan) -> int:
    """How many new rows a leaf got since a plan was begun."""
    query = sa.select(sa.func.count()).select_from(grids).join(codes, codes.c.id == grids.c.id)
    with db.read(engine) as connection:
        newer = query.where(codes.c.code == code, grids.c.first_edition > plan.base_edition)
        return int(connection.scalar(newer) or 0)


def random_of_thread() -> np.random.Generator:
    """Other numbers each time."""
    return np.random.default_rng(time.monotonic_ns())


def _read(engine: sa.Engine, box: Floats, random: np.random.Generator, told: Counter[str]) -> None:
    """One look: leaves and areas are one partition, points lie where PostGIS says, no row is out of step."""
    lonlat = random.uniform(*box, (50, 2))
    with db.read(engine) as connection:
        edition, division = whole(connection)
        out = astray(connection)
        assert not any(out.values()), out
        position = assignments.open_index(connection, edition).index.locate(lonlat)
    tree = shapely.STRtree(division.leaf_shapes)
    point, leaf = tree.query(shapely.points(lonlat), predicate="intersects")
    wanted = np.full(len(lonlat), len(division.leaf_codes))
    np.minimum.at(wanted, point, leaf)
    assert np.array_equal(position, np.where(wanted == len(division.leaf_codes), -1, wanted)), edition
    told["looks of readers"] += 1
    time.sleep(0.1)


def _build(engine: sa.Engine, home: Path, box: Floats, random: np.random.Generator, told: Counter[str]) -> None:
    """One file of buildings, loaded."""
    corners, sides = random.uniform(*box, (30, 2)), random.uniform(1e-4, 4e-4, (30, 2))
    shapes = [shapely.box(*at, *(at + side)) for at, side in zip(corners, sides, strict=True)]
    name = time.monotonic_ns()
    table = geopandas.GeoDataFrame(
        {"id": [f"{name}-{at}" for at in range(30)], "户数": 10}, geometry=shapes, crs="EPSG:4326"
    )
    path = home / "buildings.parquet"
    table.to_parquet(path)
    with db.write(engine) as connection:
        done = loading.load(connection, ACTOR, loading.Intake(path, "wgs84", source="proof", commit=True))
    assert done.is_kept
    told["buildings imported"] += done.stored.stored


def _listen(engine: sa.Engine, told: Counter[str]) -> None:
    """Listen for editions until cut off, by the store or by going away."""
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    listener = psycopg.connect(address, autocommit=True)
    listener.execute("LISTEN gridatlas_edition")
    told["editions heard of"] += sum(1 for _ in listener.notifies(timeout=0.3, stop_after=1))
    with engine.connect() as connection:
        ended = sa.text("SELECT pg_terminate_backend(:pid)")
        connection.execute(ended, {"pid": listener.info.backend_pid})
    listener.close()
    told["listeners cut off"] += 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=PAIRS, default="small")
    print(json.dumps(prove(parser.parse_args().size), indent=2, ensure_ascii=False))
