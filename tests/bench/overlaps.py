"""Bench: which leaf holds most of a building — our cells beside DuckDB, shapely and geopandas.

CPU microseconds a footprint, asked in turn (:mod:`~tests.bench.turns`). Buildings are slabs of 12 to 60 m by 8 to 16 m,
turned anyhow, four of five in a tenth of the ground. The others cut and measure in degrees, which spares them the
metric CRS and is less than ours answers; DuckDB is asked for metres too. Where the largest share leaves no doubt all
must name the same leaf.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Bools, Floats, Positions, Shapes
from geo.crs import snap
from geo.space.locate import GridIndex
from geo.space.overlaps import largest_overlap, overlaps
from tests.bench.turns import SEED, US, Took, clustered, table
from tests.locating_peers import duckdb_over
from tests.winding_city import winding_city

EPSG = 4548
SIDES = {"small": 40, "full": 173}
BUILDINGS = {"small": 50_000, "full": 1_000_000}
STEP = 3.2e-3
"""Degrees between the corners of leaves, about 320 m: a border then meets 22 % of the footprints' cells."""
ROUNDS = {"small": 3, "full": 5}
OTHERS = 50_000  # footprints the others are asked for
AT_LEAST = {"duckdb": 6.0, "shapely_tree": 2.5}  # with slack: a small city fits the caches of all
PLAIN = 1e-5  # of a share: degrees and metres may differ by less about which is the largest


def slabs(bounds: tuple[float, float, float, float], n: int) -> Shapes:
    """Footprints (n,) of blocks of flats: four of five in a tenth of the box, the others anywhere in it."""
    random = np.random.default_rng(SEED)
    middle = clustered(random, bounds, n)
    sides_m = np.stack([random.uniform(12, 60, n), random.uniform(8, 16, n)], axis=1)
    turn = random.uniform(0, np.pi, n)
    spin = np.stack([np.cos(turn), np.sin(turn), -np.sin(turn), np.cos(turn)], axis=1).reshape(n, 2, 2)
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
    degree_m = 111_320.0 * np.array([np.cos(np.radians((bounds[1] + bounds[3]) / 2)), 1.0])
    made: Shapes = shapely.polygons(snap(middle[:, None] + (square * sides_m[:, None]) @ spin / degree_m))
    return made


def first(n: int, footprint: Positions, leaf: Positions, area: Floats) -> Positions:
    """Leaf (n,) of the largest area of each footprint, the lowest of equal ones; -1 for none."""
    order = np.lexsort((leaf, -area, footprint))
    footprint, leaf = footprint[order], leaf[order]
    found = np.full(n, -1, dtype=np.int32)
    begins = np.flatnonzero(np.diff(footprint, prepend=-1))
    found[footprint[begins]] = leaf[begins]
    return found


Ask = Callable[[Shapes], Positions]


def shapely_tree(leaves: Shapes) -> Ask:
    """STRtree, prepared leaves, and intersection where a leaf does not cover the footprint."""
    shapely.prepare(leaves)
    tree = shapely.STRtree(leaves)

    def ask(footprints: Shapes) -> Positions:
        of, leaf = tree.query(footprints)
        inside = shapely.covers(leaves[leaf], footprints[of])
        whole = np.zeros(len(footprints), dtype=np.bool_)
        whole[of[inside]] = True
        cut = ~whole[of]
        area = shapely.area(shapely.intersection(leaves[leaf[cut]], footprints[of[cut]]))
        some = area > 0
        return first(
            len(footprints),
            np.concatenate([of[inside], of[cut][some]]),
            np.concatenate([leaf[inside], leaf[cut][some]]),
            np.concatenate([np.ones(int(inside.sum())), area[some]]),
        )

    return ask


def geopandas_overlay(leaves: Shapes) -> Ask:
    """geopandas.overlay."""
    right = geopandas.GeoDataFrame({"leaf": np.arange(len(leaves))}, geometry=leaves)

    def ask(footprints: Shapes) -> Positions:
        left = geopandas.GeoDataFrame({"footprint": np.arange(len(footprints))}, geometry=footprints)
        cut = geopandas.overlay(left, right, how="intersection")
        return first(len(footprints), cut["footprint"].to_numpy(), cut["leaf"].to_numpy(), cut.geometry.area.to_numpy())

    return ask


def duckdb_asked(leaves: Shapes, ground: str) -> Ask:
    """DuckDB's SPATIAL_JOIN, one thread; ``ground`` is what is measured of footprint f and leaf l."""
    connection = duckdb_over(leaves)

    def ask(footprints: Shapes) -> Positions:
        connection.register("came", pa.table({"id": np.arange(len(footprints)), "wkb": shapely.to_wkb(footprints)}))
        found = connection.execute(
            f"SELECT id, leaf, {ground} AS area FROM (SELECT id, ST_GeomFromWKB(wkb) AS ground FROM came) f "
            "JOIN leaves l ON ST_Intersects(l.ground, f.ground)"
        ).fetchnumpy()
        some = found["area"] > 0
        return first(len(footprints), found["id"][some], found["leaf"][some], found["area"][some])

    return ask


_CUT = "ST_Intersection(l.ground, f.ground)"
_METRES = f"ST_Area(ST_Transform({_CUT}, 'EPSG:4326', 'EPSG:{EPSG}', always_xy := true))"


def bench(size: str) -> dict[str, Any]:
    """Figures of one run; raises AssertionError where two disagree or ours is not faster by far."""
    codes, leaves = winding_city(SIDES[size], step=STEP)
    index = GridIndex.build(codes, leaves, EPSG)
    footprints = slabs(tuple(shapely.total_bounds(leaves)), BUILDINGS[size])
    found = overlaps(index, footprints)
    wanted, most = found.largest(len(footprints))
    rank = np.flatnonzero(np.diff(found.footprint, prepend=-1) == 0)
    second = np.zeros(len(footprints))
    np.maximum.at(second, found.footprint[rank], found.share[rank])
    plain = (most - second > PLAIN) & (most > PLAIN)
    asked = [
        Took("ours", lambda some: largest_overlap(index, some)[0]),
        Took("duckdb", duckdb_asked(leaves, f"ST_Area({_CUT})")),
        Took("duckdb, in metres", duckdb_asked(leaves, _METRES)),
        Took("shapely_tree", shapely_tree(leaves)),
        Took("geopandas_overlay", geopandas_overlay(leaves)),
    ]
    for one in asked:
        one.ask(footprints[:1000])
    for _ in range(ROUNDS[size]):
        for one in asked:
            _ask(one, footprints, wanted, plain)
    parts = np.bincount(found.footprint, minlength=len(footprints))
    return {
        "leaves": len(leaves),
        "vertices": int(shapely.get_num_coordinates(leaves).sum()),
        "buildings": len(footprints),
        "in one leaf, %": round(float((parts == 1).mean() * 100), 1),
        "too near a tie to be compared": int((~plain & (most > 0)).sum()),
        "a building": table(asked, ("CPU us", US), AT_LEAST),
    }


def _ask(one: Took, footprints: Shapes, wanted: Positions, plain: Bools) -> None:
    """Where the answer is plain it must be the one wanted."""
    n = len(footprints) if one.name == "ours" else min(OTHERS, len(footprints))
    one.round(footprints[:n], lambda found: np.array_equal(found[plain[:n]], wanted[:n][plain[:n]]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=BUILDINGS, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
