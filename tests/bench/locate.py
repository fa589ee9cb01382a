"""Bench: which leaf is this point in — our index against geopandas' spatial join, one process, alternating.

CPU seconds per point, median of the rounds with their range; ratios of the same round, so that a busy machine weighs on
both. Points are clustered as incidents are: four of five lie in a tenth of the ground.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable

import geopandas
import numpy as np
import shapely

from geo.arrays import Floats, Positions
from geo.space.locate import GridIndex
from tests.cities import made_city

SIDES = {"small": 12, "full": 100}
POINTS = {"small": 20_000, "full": 1_000_000}
ROUNDS = {"small": 3, "full": 5}
SEED = 20_260_101


def clustered(bounds: tuple[float, float, float, float], n: int) -> Floats:
    """(n, 2) lon/lat: four of five in a tenth of the box, the others anywhere in it."""
    random = np.random.default_rng(SEED)
    west, south, east, north = bounds
    size = np.array([east - west, north - south])
    dense = random.random((n, 2)) * size * np.sqrt(0.1) + np.array([west, south]) + 0.3 * size
    wide = random.random((n, 2)) * size + np.array([west, south])
    return np.where(random.random((n, 1)) < 0.8, dense, wide)


def cpu(work: Callable[[], Positions]) -> tuple[float, Positions]:
    """CPU seconds of ``work``, and what it found."""
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where the two disagree."""
    city = made_city(SIDES[size], SIDES[size])
    grids = city.grids()
    order = np.argsort(grids.codes)
    codes, shapes = grids.codes[order], grids.shapes[order]
    begun = time.process_time()
    index = GridIndex.build(codes, shapes, 4549)
    built = time.process_time() - begun
    lonlat = clustered(tuple(shapely.total_bounds(shapes)), POINTS[size])
    frame = geopandas.GeoDataFrame({"position": np.arange(len(shapes))}, geometry=shapes, crs=4326)

    def join() -> Positions:
        points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*lonlat.T, crs=4326))
        joined = geopandas.sjoin(points, frame, predicate="intersects", how="left")["position"]
        return joined.groupby(level=0).min().fillna(-1).to_numpy(dtype=np.int32)

    ours, peer = [], []
    for _ in range(ROUNDS[size]):
        seconds, found = cpu(lambda: index.locate(lonlat))
        ours.append(seconds / len(lonlat) * 1e6)
        seconds, wanted = cpu(join)
        peer.append(seconds / len(lonlat) * 1e6)
        assert np.array_equal(found, wanted), "the index and the spatial join disagree"
    ratios = np.array(peer) / np.array(ours)
    return {
        "leaves": len(shapes),
        "points": len(lonlat),
        "index_built_cpu_s": round(built, 3),
        "ours_us_a_point": spread(ours),
        "geopandas_sjoin_us_a_point": spread(peer),
        "times_faster": spread(ratios.tolist()),
        "machine": platform.processor() or platform.machine(),
        "geos": ".".join(map(str, shapely.geos_version)),
    }


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{np.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=POINTS, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
