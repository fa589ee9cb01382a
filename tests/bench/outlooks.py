"""Bench: what a whole preview costs, and of it looking at coverage and blind spots, while the city grows around it.

Plans move the border of two neighbours that hold units, at like places of cities that are alike in all but their size;
a third of the grids have a record of their own. Milliseconds are of the clock, and of the processors: of this process
and of the one in the store that answers it. Only the growth of those is asserted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, db, editions
from geo.actors import Actor
from geo.coverage import runs
from geo.plans import drafts, previews
from geo.plans.consequences import consequences
from geo.plans.drafts import Plan
from geo.plans.effects import effects
from geo.plans.grounds import ground
from geo.plans.outlooks import outlook
from geo.space.division import Division
from geo.space.redraw.changes import MoveBorder
from tests.bench.turns import spread
from tests.bench.watches import Watch
from tests.lattice_city import Size, build
from tests.throw_away import throw_away_postgis

SIZES = {
    "small": (Size(400, 6_600, 2_660), Size(1_600, 26_600, 10_660)),
    "full": (Size(400, 6_600, 2_660), Size(29_929, 500_000, 200_000)),
}
PLANS = {"small": 9, "full": 25}
MOST_GROWTH = {"small": 1.6, "full": 1.5}
"""Times the whole preview may cost in the larger city; with slack for caches that are too small for it."""
ACTOR = Actor("bench")
_RECORDS = """
INSERT INTO coverage_records (source, reference, grid_id, organisation_id, method, evidence_on, edition, digest)
SELECT 'bench', g.id::text, g.id, (SELECT min(id) FROM party_organisations), 'area', '2026-11-01', 1, '-'
  FROM grids AS g WHERE g.id % 3 = 0"""

_NODED = """UPDATE areas AS a SET geom = ST_Multi(u.geom)
  FROM (SELECT parent_id, ST_Union(geom) AS geom FROM {below} GROUP BY 1) AS u
 WHERE u.parent_id = a.id AND a.level = {level}"""
"""An area with the vertices of what it is made of, which its box has not."""

_CROWDED = """SELECT min(code) AS one, max(code) AS other FROM (
  SELECT c.code, count(u.id) AS units, left(c.code, 12) AS community
    FROM codes AS c LEFT JOIN units AS u ON u.grid_id = c.id
   WHERE right(c.code, 3) IN ('001', '002') AND c.level = 4 GROUP BY c.id, c.code) AS each
 GROUP BY community HAVING min(units) > 0 ORDER BY sum(units), community"""


@dataclass(frozen=True)
class Took:
    """Milliseconds of clock and processors of a whole preview and of looking alone, and how many units that read."""

    whole: tuple[float, float]
    looking: tuple[float, float]
    units: int
    turns: int


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where the city around matters."""
    told: dict[str, object] = {}
    middle = []
    for one in SIZES[size]:
        with throw_away_postgis() as (engine, _):
            took = _measured(engine, one, PLANS[size])
        told[f"{one.grids:,} grids, {one.buildings:,} buildings, {one.units:,} units"] = _told(took)
        middle.append(np.median([(each.whole[1], each.looking[1]) for each in took], axis=0))
    for what, times in zip(("a whole preview", "looking"), middle[1] / middle[0], strict=True):
        assert times <= MOST_GROWTH[size], f"{what} costs {times:.2f} times as much in the larger city"
        told[f"CPU of {what} in the larger city, times"] = round(float(times), 2)
    return told


def _measured(engine: sa.Engine, size: Size, count: int) -> list[Took]:
    with db.write(engine) as connection:
        build(connection, size)
        node(connection)
        connection.execute(sa.text(_RECORDS))
        connection.execute(sa.text("ANALYZE"))
        base = editions.stored(connection, areas.current(connection))
        pairs = pairs_of(connection, count + 1)
    plans = []
    for pair in pairs:
        with db.write(engine) as connection:
            plan = drafts.begin(connection, ACTOR, "bench")
            previews.add(connection, ACTOR, plan, moved_border(base, pair))
            plans.append(plan)
    with ExitStack() as stack:
        connection = stack.enter_context(db.read(engine))
        return [_took(connection, plan) for plan in plans][1:]


def node(connection: sa.Connection) -> None:
    """Nothing; afterwards the areas of the made city have the vertices of their grids, so that plans can be drawn."""
    for level, below in ((3, "grids"), (2, "areas"), (1, "areas"), (0, "areas")):
        connection.execute(sa.text(_NODED.format(below=below, level=level)))


def pairs_of(connection: sa.Connection, count: int) -> list[tuple[str, str]]:
    """The first two grids of communities where both hold units, from those with the fewest to those with the most."""
    rows = connection.execute(sa.text(_CROWDED)).all()
    return [(rows[at].one, rows[at].other) for at in np.linspace(0, len(rows) - 1, count).astype(int)]


def moved_border(base: Division, pair: Sequence[str]) -> MoveBorder:
    """The border of two neighbours, beyond the middle of the second."""
    one, other = (base.leaf_shapes[base.leaf_codes == code][0] for code in pair)
    (x, y), (right, up) = (shapely.get_coordinates(shapely.centroid(ground))[0] for ground in (one, other))
    turned = np.array([-(up - y), right - x])
    middle = np.array([x + (right - x) * 0.9, y + (up - y) * 0.9])
    return MoveBorder(pair[0], pair[1], shapely.LineString([middle - 2 * turned, middle + 2 * turned]))


def _took(connection: sa.Connection, plan: Plan) -> Took:
    watch = Watch(connection)
    means = consequences(connection, previews.preview(connection, plan))
    whole = watch.lap()
    found = previews.preview(connection, plan)
    city = areas.city(connection)
    done = effects(connection, ground(connection, found.weighed, city.metric_epsg))
    watch.lap()
    seen = outlook(connection, done, {}, runs.today(city))
    return Took(whole, watch.lap(), len(seen.read.units.id), len(means.spots.turns))


def _told(took: Sequence[Took]) -> dict[str, object]:
    whole, looking = (np.array([getattr(one, what) for one in took]) for what in ("whole", "looking"))
    return {
        "whole preview, ms": spread(whole[:, 0]),
        "whole preview, CPU ms": spread(whole[:, 1]),
        "of it coverage and blind spots, ms": spread(looking[:, 0]),
        "of it coverage and blind spots, CPU ms": spread(looking[:, 1]),
        "units looked at": spread(np.array([one.units for one in took], dtype=np.float64)),
        "blind spots that come or go": int(sum(one.turns for one in took)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
