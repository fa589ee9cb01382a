"""Bench: which leaf holds most of a building — our cells beside DuckDB, shapely and geopandas.

One process, one thread, in turn. CPU microseconds a footprint, median of the rounds and their range; a ratio is of the
same round, so that a busy machine weighs on both. Buildings are slabs of 12 to 60 m by 8 to 16 m, turned anyhow, four
of five in a tenth of the ground. The others cut and measure in degrees, which spares them the metric CRS and is less
than ours answers; DuckDB is asked for metres too. Where the largest share leaves no doubt all must name the same leaf.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Floats, Positions, Shapes
from geo.crs import snap
from geo.space.locate import GridIndex
from geo.space.overlaps import largest_overlap, overlaps
from tests.locating_peers import duckdb_over
from tests.winding_city import winding_city

EPSG = 4548
SIDES = {"small": 40, "full": 173}
BUILDINGS = {"small": 50_000, "full": 1_000_000}
ROUNDS = {"small": 3, "full": 5}
OTHERS = 50_000  # footprints the others are asked for
AT_LEAST = {"duckdb": 6.0, "shapely_tree": 2.5}  # with slack: a small city fits the caches of all
PLAIN = 1e-5  # of a share: degrees and metres may differ by less about which is the largest
SEED = 20_260_101
US = 1e6


def slabs(bounds: tuple[float, float, float, float], n: int) -> Shapes:
    """Footprints (n,) of blocks of flats: four of five in a tenth of the box, the others anywhere in it."""
    random = np.random.default_rng(SEED)
    west, south, east, north = bounds
    size = np.array([east - west, north - south])
    dense = random.random((n, 2)) * size * np.sqrt(0.1) + np.array([west, south]) + 0.3 * size
    wide = random.random((n, 2)) * size + np.array([west, south])
    middle = np.where(random.random((n, 1)) < 0.8, dense, wide)
    sides_m = np.stack([random.uniform(12, 60, n), random.uniform(8, 16, n)], axis=1)
    turn = random.uniform(0, np.pi, n)
    spin = np.stack([np.cos(turn), np.sin(turn), -np.sin(turn), np.cos(turn)], axis=1).reshape(n, 2, 2)
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
    degree_m = 111_320.0 * np.array([np.cos(np.radians((south + north) / 2)), 1.0])
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


@dataclass
class Took:
    """CPU microseconds a footprint, of each round."""

    name: str
    ask: Ask
    us: list[float] = field(default_factory=list)

    def round(self, footprints: Shapes, wanted: Positions, plain: np.ndarray) -> None:
        """Ask once; where the answer is plain it must be the one wanted."""
        n = len(footprints) if self.name == "ours" else min(OTHERS, len(footprints))
        begun = time.process_time()
        found = self.ask(footprints[:n])
        self.us.append((time.process_time() - begun) / n * US)
        assert np.array_equal(found[plain[:n]], wanted[:n][plain[:n]]), f"{self.name} answers otherwise"


def spread(values: list[float]) -> str:
    """Median and range."""
    low, middle, high = min(values), float(np.median(values)), max(values)
    return f"{middle:,.2f} ({low:,.2f} to {high:,.2f})"


def bench(size: str) -> dict[str, Any]:
    """Figures of one run; raises AssertionError where two disagree or ours is not faster by far."""
    codes, leaves = winding_city(SIDES[size])
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
            one.round(footprints, wanted, plain)
    parts = np.bincount(found.footprint, minlength=len(footprints))
    return {
        "leaves": len(leaves),
        "vertices": int(shapely.get_num_coordinates(leaves).sum()),
        "buildings": len(footprints),
        "in one leaf, %": round(float((parts == 1).mean() * 100), 1),
        "too near a tie to be compared": int((~plain & (most > 0)).sum()),
        "a building": _table(asked),
    }


def _table(asked: list[Took]) -> dict[str, dict[str, str]]:
    mine = np.array(asked[0].us)
    rows = {}
    for one in asked:
        ratios = np.array(one.us) / mine
        rows[one.name] = {"CPU us": spread(one.us), "ours is faster by": spread(ratios.tolist())}
        assert np.median(ratios) >= AT_LEAST.get(one.name, 0.0), f"{one.name}: {np.median(ratios):.1f}"
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=BUILDINGS, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
