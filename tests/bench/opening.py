"""Bench: what a further process takes that opens editions of a city from their files: memory, and time until ready.

Private memory: four processes have five editions open at once and have asked each for points, distances and doubt. The
rows of every edition (codes, names, who lies in whom) are in the figure; the cells are mapped. Time: a worker that
starts, from its interpreter on, in seconds of the processor. Then a server of four workers: what each has taken when it
is ready, from its fork on, and one that replaces another.
"""

from __future__ import annotations

import argparse
import json
import os
import signal

import numpy as np
import sqlalchemy as sa

from geo import areas, assignments, db
from geo.settings import settings
from tests.kept_workers import is_idle, kept_workers, processor_s, until
from tests.opened_indexes import growth_mb, private_mb, publish
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
        forked = _forked(engine)
    steps = {step: [worker[step] for worker in workers] for step in workers[0]}
    told = {
        "leaves": SIDES[size] ** 2,
        "editions": EDITIONS,
        "files, MB": round(held, 1),
        "private memory of a further process, MB": spread(grown),
        "a worker that starts, seconds": {step: spread(took) for step, took in steps.items()},
        "a worker that is forked": {name: spread(took) for name, took in forked.items()},
    }
    print(json.dumps(told, indent=2, ensure_ascii=False))
    assert max(grown) <= MOST_MB, grown
    assert max(forked["private memory, MB"]) <= MOST_MB, forked
    assert np.median(forked["ready, seconds"]) <= np.median(steps["ready"]) / 4, (forked, steps)
    opened = np.array(steps["ready"]) - np.array(steps["imported"])
    assert np.median(opened) <= np.median(steps["imported"]), steps


def _forked(engine: sa.Engine) -> dict[str, list[float]]:
    """Of each worker of one server, and of each that came for one that was killed."""
    ready, private = [], []
    with kept_workers(engine, PROCESSES) as kept:
        for _ in range(PROCESSES):
            until(lambda: len(kept.workers()) == PROCESSES and all(map(is_idle, kept.workers())))
            ready += [processor_s(pid) for pid in kept.workers()]
            private += [private_mb(pid) for pid in kept.workers()]
            os.kill(gone := kept.workers()[0], signal.SIGKILL)
            until(lambda: gone not in kept.workers())
    return {"ready, seconds": ready, "private memory, MB": private}


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{np.median(values):,.2f} ({min(values):,.2f} to {max(values):,.2f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIDES, default="small")
    main(parser.parse_args().size)
