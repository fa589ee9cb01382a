"""Proof: whoever publishes at once, whatever goes on and whatever is killed, there is the old edition or the new one.

Races: pairs of plans published at the same moment, of the same grid (one passes, one is refused) or of two grids that
both node a third one (both pass), while readers prove what they see, incidents are reported to a server, buildings are
imported, closed incidents follow the editions, and listeners are cut off. Kills: the server process, and PostgreSQL
with all its processes, by ``kill -9`` at any moment of publishes. In the end PostGIS counts what is out of step with
the edition in force: nothing.
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
from unittest import mock

import geopandas
import numpy as np
import psycopg
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import areas, assignments, db
from geo.actors import Actor
from geo.areas import Edition
from geo.arrays import Floats
from geo.buildings import loading
from geo.cluster import Cluster
from geo.errors import Refused, Stale
from geo.incidents import counts, following
from geo.plans import drafts, previews
from geo.plans.drafts import Plan
from geo.space.division import Division
from geo.space.redraw.changes import Change, Split
from geo.tables import codes, grids, incidents, laggards
from tests.in_step import OF_EACH_LEAF, astray, united, whole
from tests.incoming import SOURCE, reports
from tests.killed_publishes import kill_postgresql, kill_servers
from tests.served_apart import ServedApart
from tests.winding_division import publish, report

SIDE = 12
PAIRS = {"small": 4, "full": 50}
KILLS = {"small": 1, "full": 50}
ACTOR = Actor("proof")
SEED = 20_261_127
REPORTS_A_SECOND = 100
BEFORE = 2_000
"""Incidents from before, nine of ten closed, over the city."""
LOOKS_S, IMPORTS_S = 0.1, 1.0
"""Seconds between two looks of a reader, and between two imports of buildings."""
BOTH_NODED = "third leaves that both noded"
COUNTED_EVERY = 10
"""Looks of a reader of which one has PostGIS count all rows."""


def prove(size: str) -> dict[str, object]:
    """Figures; raises AssertionError where a reader sees a mixture or anything is out of step."""
    random = np.random.default_rng(SEED)
    with _city() as (cluster, home):
        engine = db.connect(cluster.url())
        _compiled(engine, random)
        with mock.patch.object(following, "AT_ONCE", 0):  # so that closed incidents lag, however few they are
            raced = _races(engine, home, random, PAIRS[size])
        killed = {
            "server": kill_servers(cluster, engine, KILLS[size], lambda: planned(engine, random)),
            "PostgreSQL": kill_postgresql(cluster, engine, KILLS[size], lambda: planned(engine, random)),
        }
        followed = sum(following.catch_up(engine))
        with db.read(engine) as connection:
            last, division = whole(connection)
            out = astray(connection) | {"leaves whose incidents lag": _lagging(connection)}
        engine.dispose()
    united(division)
    assert not any(out.values()), out
    told = {"races": raced, "killed": killed, "editions": last.number, "incidents that followed in the end": followed}
    return told | {"out of step in the end": out}


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
            edition = publish(connection, SIDE)
            box = _box(whole(connection)[1])
            report(connection, edition, "before", np.random.default_rng(SEED).uniform(*box, (BEFORE, 2)))
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


def _lagging(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.select(sa.func.count()).select_from(laggards)) or 0)


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
    """A split by a line through a point of a leaf, which ends on its border with another where one is named."""
    ground = _ground(division, code)
    middle = shapely.get_coordinates(shapely.point_on_surface(ground))[0]
    reach = max(np.ptp(np.reshape(ground.bounds, (2, 2)), axis=0))
    if not toward:
        turn = random.uniform(0, 2 * np.pi)
        arm = np.array([np.cos(turn), np.sin(turn)]) * reach
        return Split(code, shapely.LineString([middle - arm, middle + arm]))
    there = _on_border(ground, _ground(division, toward))
    through = middle + random.normal(0, 0.1, 2) * reach
    way = (there - through) / np.hypot(*(there - through))
    return Split(code, shapely.LineString([there + 0.02 * reach * way, there - 2 * reach * way]))


def _ground(division: Division, code: str) -> BaseGeometry:
    ground: BaseGeometry = division.leaf_shapes[division.leaf_codes == code][0]
    return ground


def _on_border(one: BaseGeometry, other: BaseGeometry) -> Floats:
    """The middle of the longest edge that two leaves share: far from every vertex, so a node there is a new one."""
    shared = shapely.get_parts(shapely.intersection(one.boundary, other.boundary))
    lines = map(shapely.get_coordinates, shared[shapely.length(shared) > 0])
    edges = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])
    longest = edges[np.argmax(np.hypot(*np.diff(edges, axis=1)[:, 0].T))]
    middle: Floats = longest.mean(axis=0)
    return middle


def _beside(engine: sa.Engine, random: np.random.Generator) -> tuple[str, str, str]:
    """Two leaves that do not touch, and a third that has a border with both."""
    with db.read(engine) as connection:
        _, division = whole(connection)
    shapes, tree = division.leaf_shapes, shapely.STRtree(division.leaf_shapes)
    while True:
        third = int(random.integers(len(shapes)))
        around = tree.query(shapes[third], predicate="touches")
        borders = shapely.length(shapely.intersection(shapely.boundary(shapes[around]), shapes[third].boundary))
        around = around[borders > 0]
        if len(around) > 1:
            one, other = random.choice(around, 2, replace=False)
            if not shapely.intersects(shapes[one], shapes[other]):
                first, second, between = division.leaf_codes[[one, other, third]].tolist()
                return first, second, between


# -- races -------------------------------------------------------------------------------------------------------------
def _races(engine: sa.Engine, home: Path, random: np.random.Generator, pairs: int) -> dict[str, object]:
    stop, told = threading.Event(), Counter[str]()
    with db.read(engine) as connection:
        box = _box(whole(connection)[1])
    goes_on: list[Callable[[], None]] = [
        lambda: _read(engine, box, np.random.default_rng(1), told),
        lambda: _read(engine, box, np.random.default_rng(2), told),
        lambda: _build(engine, home, box, random_of_thread(), told),
        lambda: _listen(engine, told),
    ]
    begun = time.monotonic()
    with (
        ServedApart(engine.url.render_as_string(hide_password=False)) as server,
        ThreadPoolExecutor(len(goes_on) + 2) as pool,
        reports(server.address, box, REPORTS_A_SECOND) as ended,
    ):
        running = [pool.submit(_until, stop, one) for one in goes_on]
        try:
            for pair in range(pairs):
                told.update(_pair(engine, pool, random, conflicting=pair % 2 == 0))
                _raise_early(running)
        finally:
            stop.set()
        for one in running:
            one.result()
        taken = ended()
    seconds = time.monotonic() - begun
    assert told[BOTH_NODED] == pairs // 2, told
    with db.read(engine) as connection:
        out = astray(connection)
        stored = connection.scalar(sa.select(sa.func.count()).where(incidents.c.source == SOURCE))
    assert not any(out.values()), out
    assert stored == len(taken.due_s) == len(taken.answered_s), (stored, taken)
    return {"pairs": pairs, "seconds": round(seconds), **dict(sorted(told.items())), **taken.told()}


def _box(division: Division) -> Floats:
    """Corners (2, 2) of the city."""
    return np.reshape(shapely.total_bounds(division.leaf_shapes), (2, 2))


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
    told[BOTH_NODED] = int(not conflicting and _rows_since(engine, third, plans[0]) == 2)
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
    """One look: leaves and areas are one partition, points lie where PostGIS says; at times no row is out of step."""
    lonlat = random.uniform(*box, (50, 2))
    with db.read(engine) as connection:
        edition, division = whole(connection)
        position = assignments.open_index(connection, edition).index.locate(lonlat)
        if random.integers(COUNTED_EVERY) == 0:
            _in_step(connection, edition)
            told["looks at all rows"] += 1
    tree = shapely.STRtree(division.leaf_shapes)
    point, leaf = tree.query(shapely.points(lonlat), predicate="intersects")
    wanted = np.full(len(lonlat), len(division.leaf_codes))
    np.minimum.at(wanted, point, leaf)
    assert np.array_equal(position, np.where(wanted == len(division.leaf_codes), -1, wanted)), edition
    told["looks of readers"] += 1
    time.sleep(LOOKS_S)


def _in_step(connection: sa.Connection, edition: Edition) -> None:
    """Raise AssertionError where a row is out of step, or incidents are counted otherwise than PostGIS does."""
    out = astray(connection)
    assert not any(out.values()), out
    ids, number = counts(connection, edition)
    counted = {id: count for id, count in zip(ids.tolist(), number.tolist(), strict=True) if count}
    assert counted == dict(connection.execute(sa.text(OF_EACH_LEAF)).all()), edition


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
    time.sleep(IMPORTS_S)


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
