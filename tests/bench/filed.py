"""Bench: what a file of grids that was edited elsewhere takes from its last byte to a plan with its preview — seconds.

An edition of a made city is exported as a GeoPackage; the border of two grids is pulled; the whole file comes back, as
a plan of the city and as one of a community. Of this process and of the one in the store that answers it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import geopandas
import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, db
from geo.actors import Actor
from geo.crs import SNAP
from geo.exports import editions as exported
from geo.exports import targets
from geo.plans import filed, previews
from geo.plans.consequences import consequences
from tests.bench.watches import Watch
from tests.throw_away import throw_away_postgis
from tests.winding_division import publish

SIDES = {"small": 24, "full": 173}
MOST_S = {"small": 5.0, "full": 30.0}
"""Of the processors: the page waits for the answer."""
PULL = 9e-5
ACTOR = Actor("bench")


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where the plan is not the edit, or it takes too long."""
    with throw_away_postgis() as (engine, _), tempfile.TemporaryDirectory() as folder:
        with db.write(engine) as connection:
            edition = publish(connection, SIDES[size])
            city, path = areas.city(connection), Path(folder) / "edition.gpkg"
            exported.export(connection, edition, [len(city.levels) - 1], targets.target_of(path, "EPSG:4326", city))
        grids = geopandas.read_file(path)
        edited = _pulled(grids)
        community = edited[0][:-3]
        told = {}
        for number, (name, within, rows) in enumerate(
            (
                ("all grids, a plan of the city", None, grids),
                ("all grids, a plan of a community", community, grids),
                ("a community's grids, a plan of it", community, grids[grids["code"].str.startswith(community)]),
            )
        ):
            path = Path(folder) / f"{number}.gpkg"
            rows.to_file(path, layer=city.levels[-1].key)
            told[name] = _handed_in(engine, path, within, set(edited)) | {"file, MB": _megabytes(path)}
    for name, row in told.items():
        assert row["CPU s"] <= MOST_S[size], name
    return {"grids": len(grids), "load of the machine meanwhile": round(os.getloadavg()[0], 1), "seconds": told}


def _megabytes(path: Path) -> float:
    return round(path.stat().st_size / 1e6, 1)


def _pulled(grids: geopandas.GeoDataFrame) -> list[str]:
    """Codes of two grids whose border is another now: a vertex that they alone share was pulled 10 m."""
    codes = grids["code"].tolist()
    at = len(codes) // 2
    one = grids.geometry[at]
    beside = next(
        other
        for other in np.flatnonzero(grids["code"].str.startswith(codes[at][:-3]))
        if other != at and shapely.length(shapely.intersection(one, grids.geometry[other])) > PULL
    )
    shared = shapely.get_coordinates(shapely.line_merge(shapely.intersection(one, grids.geometry[beside])))
    vertex = shared[len(shared) // 2]

    def pull(xy: np.ndarray) -> np.ndarray:
        return np.where((np.abs(xy - vertex) < SNAP / 2).all(axis=1)[:, None], xy + np.array([0.0, PULL]), xy)

    for which in (at, beside):
        grids.loc[which, "geometry"] = shapely.transform(grids.geometry[which], pull)
    return [codes[at], codes[beside]]


def _handed_in(engine: sa.Engine, path: Path, within: str | None, edited: set[str]) -> dict[str, float]:
    """Seconds until there is a plan with its preview, which is exactly the edit; undone again."""
    with engine.connect() as connection:
        transaction = connection.begin()
        watch = Watch(connection)
        begun = filed.begin(connection, ACTOR, "bench", path, (within, "wgs84"))
        judged_ms, judged_cpu_ms = watch.lap()
        assert begun.plan is not None
        shown = previews.preview(connection, begun.plan)
        consequences(connection, shown)
        shown_ms, shown_cpu_ms = watch.lap()
        assert shown.codes == edited
        transaction.rollback()
    return {
        "until it is a plan": round(judged_ms / 1e3, 2),
        "its preview": round(shown_ms / 1e3, 2),
        "CPU s": round((judged_cpu_ms + shown_cpu_ms) / 1e3, 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIDES, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
