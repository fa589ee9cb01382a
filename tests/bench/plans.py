"""Bench: what a preview and a publish cost, for two grids and for many rows, while the incidents elsewhere grow.

The city's borders wind; its incidents lie four of five in a tenth of the ground, and so many in the pairs of grids that
are redrawn. Each round moves the border between another two. Milliseconds are of the clock, and of the processors: of
this process and of the one in the store that answers it. Only the growth of those is asserted: what lies outside must
not matter. Rows a second are of merges of whole blocks, with the closed incidents that follow afterwards, and a count
on today's borders before they have.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, db, editions, incidents
from geo.actors import Actor
from geo.areas import Edition
from geo.arrays import Codes, Floats
from geo.assignments import open_index
from geo.incidents import following
from geo.plans import drafts, previews
from geo.space.division import Division
from geo.space.redraw.changes import Change, Merge, MoveBorder
from tests.bench.turns import clustered, spread
from tests.bench.watches import Watch
from tests.throw_away import throw_away_postgis
from tests.winding_division import BLOCK, publish, report

SIDES = {"small": 40, "full": 173}
OUTSIDE = {"small": (1_000, 10_000, 100_000), "full": (20_000, 200_000, 2_000_000)}
ROUNDS = {"small": 7, "full": 15}
IN_A_PAIR = 2_000
LARGE = {"small": (8_000, 32_000), "full": (20_000, 80_000, 320_000)}
MOST_GROWTH = {"small": 1.6, "full": 1.3}
"""Times a preview and a publish may cost when the incidents outside grow a hundredfold; small with slack."""
ACTOR = Actor("bench")
SEED = 20_261_127


@dataclass(frozen=True)
class Round:
    """Milliseconds of clock and processors of a preview, a publish and what follows it, and how many incidents moved.

    ``counted`` is of counting all incidents on the borders in force before the closed ones have followed.
    """

    shown: tuple[float, float]
    published: tuple[float, float]
    counted: tuple[float, float]
    followed: tuple[float, float]
    moved: int


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where what lies outside the moved ground matters."""
    random = np.random.default_rng(SEED)
    with throw_away_postgis() as (engine, _):
        with db.write(engine) as connection:
            edition = publish(connection, SIDES[size])
            base = editions.stored(connection, edition)
        pairs = _pairs(base, len(OUTSIDE[size]) * (ROUNDS[size] + 1))
        with db.write(engine) as connection:
            inside = np.concatenate([_points(random, base, pair, IN_A_PAIR) for pair in pairs])
            report(connection, edition, "inside", inside)
        took, there = {}, 0
        for wanted in OUTSIDE[size]:
            _grow(engine, random, base, wanted - there)
            there = wanted
            mine, pairs = pairs[: ROUNDS[size] + 1], pairs[ROUNDS[size] + 1 :]
            took[f"{wanted:,} outside"] = [_round(engine, base, pair) for pair in mine][1:]
        large = _large(engine, random, base, LARGE[size])
    return {"leaves": len(base.leaf_codes), "rows in two grids": IN_A_PAIR, **_told(size, took), "many rows": large}


def _pairs(base: Division, count: int) -> list[tuple[str, str]]:
    """Pairs of neighbours in one community each, no two near each other, spread over the city."""
    blocks = _blocks(base)
    chosen = blocks[np.linspace(0, len(blocks) - 1, count).astype(int)]
    assert len(np.unique(chosen)) == count, "more rounds than communities"
    found = []
    for block in chosen:
        codes = base.leaf_codes[base.leaf_parents == block]
        found.append((str(codes[0]), str(codes[1])))
    return found


def _blocks(base: Division) -> Codes:
    """Communities with all their leaves; at the rim of the city they have fewer."""
    codes, leaves = np.unique(base.leaf_parents, return_counts=True)
    return codes[leaves == BLOCK * BLOCK]


def _points(random: np.random.Generator, base: Division, codes: Sequence[str], count: int) -> Floats:
    """(count, 2) points in some leaves."""
    ground = shapely.union_all(base.leaf_shapes[np.isin(base.leaf_codes, codes)])
    west, south, east, north = ground.bounds
    shapely.prepare(ground)
    found = np.empty((0, 2))
    while len(found) < count:
        some = random.uniform((west, south), (east, north), (count, 2))
        found = np.concatenate([found, some[shapely.contains_xy(ground, some)]])
    return found[:count]


def _grow(engine: sa.Engine, random: np.random.Generator, base: Division, count: int) -> None:
    with db.write(engine) as connection:
        outside = clustered(random, tuple(shapely.total_bounds(base.leaf_shapes)), count)
        report(connection, areas.current(connection), f"outside {count}", outside)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE incidents"))


def _round(engine: sa.Engine, base: Division, pair: tuple[str, str]) -> Round:
    """A preview and a publish that moves the border of two leaves."""
    one, other = (base.leaf_shapes[base.leaf_codes == code][0] for code in pair)
    (x, y), (right, up) = (shapely.get_coordinates(shapely.centroid(ground))[0] for ground in (one, other))
    turned = np.array([-(up - y), right - x])
    middle = np.array([x + (right - x) * 0.45, y + (up - y) * 0.45])
    line = shapely.LineString([middle - 2 * turned, middle + 2 * turned])
    return _published(engine, MoveBorder(*pair, line))


def _published(engine: sa.Engine, change: Change) -> Round:
    with db.write(engine) as connection:
        plan = drafts.begin(connection, ACTOR, "bench")
        previews.add(connection, ACTOR, plan, change)
        watch = Watch(connection)
    with db.read(engine) as connection:
        watch.is_of(connection)
        previews.preview(connection, plan)
    shown = watch.lap()
    with db.write(engine) as connection:
        _, done = previews.publish(connection, ACTOR, plan.id)
    published = watch.lap()
    with db.read(engine) as connection:
        open_index(connection, done.edition)  # whoever asks first makes it
        watch.lap()
        incidents.counts(connection, done.edition)
    counted = watch.lap()
    sum(following.catch_up(engine))
    return Round(shown, published, counted, watch.lap(), done.moved_incidents)


def _large(engine: sa.Engine, random: np.random.Generator, base: Division, counts: Sequence[int]) -> dict[str, object]:
    """Rows a second of publishes that make a block of leaves one, with ever more incidents in it."""
    told: dict[str, object] = {}
    blocks = _blocks(base)[1 :: len(_blocks(base)) // (len(counts) + 1)]
    for count, block in zip(counts, blocks[: len(counts)], strict=True):
        codes = base.leaf_codes[base.leaf_parents == block].tolist()
        with db.write(engine) as connection:
            edition: Edition = areas.current(connection)
            report(connection, edition, f"many {count}", _points(random, base, codes, count))
        done = _published(engine, Merge(tuple(codes[: BLOCK * BLOCK]), codes[0]))
        ms, cpu_ms = done.published
        told[f"{done.moved:,} rows"] = {
            "publish, ms": round(ms),
            "CPU ms": round(cpu_ms),
            "rows a second": round(done.moved / ms * 1e3),
            "rows a CPU second": round(done.moved / cpu_ms * 1e3),
            "followed in, ms": round(done.followed[0]),
            "rows a second with that": round(done.moved / (ms + done.followed[0]) * 1e3),
            "count before, ms": round(done.counted[0]),
        }
    return told


def _told(size: str, took: dict[str, list[Round]]) -> dict[str, object]:
    told: dict[str, object] = {}
    middle = []
    for name, rounds in took.items():
        assert min(one.moved for one in rounds) >= 0.99 * IN_A_PAIR, rounds  # some lie on the rim of the pair
        shown, published = (np.array([getattr(one, what) for one in rounds]) for what in ("shown", "published"))
        middle.append([np.median(shown[:, 1]), np.median(published[:, 1])])
        told[name] = {
            "preview, ms": spread(shown[:, 0]),
            "preview, CPU ms": spread(shown[:, 1]),
            "publish, ms": spread(published[:, 0]),
            "publish, CPU ms": spread(published[:, 1]),
            "closed rows follow in, ms": spread(np.array([one.followed[0] for one in rounds])),
            "rows that move": int(np.median([one.moved for one in rounds])),
        }
    for what, was, now in zip(("preview", "publish"), middle[0], middle[-1], strict=True):
        times = float(now / was)
        assert times <= MOST_GROWTH[size], f"a {what} costs {times:.2f} times as much with 100 times the incidents"
        told[f"CPU of a {what} with 100 times the incidents outside, times"] = round(times, 2)
    return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIDES, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
