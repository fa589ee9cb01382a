"""Bench: what a further process takes that opens editions of a city from their files: memory, and time until ready.

Private memory: four processes have five editions open at once and have asked each for points, distances and doubt. The
rows of every edition (codes, names, who lies in whom) are in the figure; the cells are mapped. Time: a worker that
starts, from its interpreter on, in seconds of the processor.
"""

from __future__ import annotations

import argparse
import json
import os

import numpy as np

from geo import areas, assignments, db
from geo.settings import settings
from tests.opened_indexes import growth_mb, publish
from tests.ready_worker import seconds
from tests.throw_away import throw_away_postgis

SIDES = {"small": 50, "full": 173}
EDITIONS = 5
PROCESSES = 4
MOST_MB = 50.0
WORKERS = 7


def main(size: str) -> None:
    """Publish, make the files, measure, tell."""
    with throw_away_postgis() as (engine, home):
        os.environ["GRIDATLAS_INDEXES"] = str(home / "indexes")
        settings.cache_clear()
        publish(engine, SIDES[size], EDITIONS)
        with db.read(engine) as connection:
            for edition in areas.all_editions(connection)[::-1]:
                assignments.open_index(connection, edition)
        held = sum(path.stat().st_size for path in (home / "indexes").rglob("*.cells")) / 2**20
        url = engine.url.render_as_string(hide_password=False)
        grown = growth_mb(url, home / "indexes", PROCESSES)
        workers = [seconds(url) for _ in range(WORKERS)]
    steps = {step: [worker[step] for worker in workers] for step in workers[0]}
    told = {
        "leaves": SIDES[size] ** 2,
        "editions": EDITIONS,
        "files, MB": round(held, 1),
        "private memory of a further process, MB": spread(grown),
        "a worker that starts, seconds": {step: spread(took) for step, took in steps.items()},
    }
    print(json.dumps(told, indent=2, ensure_ascii=False))
    assert max(grown) <= MOST_MB, grown
    opened = np.array(steps["ready"]) - np.array(steps["imported"])
    assert np.median(opened) <= np.median(steps["imported"]), steps


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{np.median(values):,.2f} ({min(values):,.2f} to {max(values):,.2f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIDES, default="small")
    main(parser.parse_args().size)
