"""Bench: private memory that a further process takes for five editions of a city, opened from their files.

Four processes have all of them open at once and have asked each for points, distances and doubt. The rows of every
edition (codes, names, who lies in whom) are in the figure; the cells are mapped.
"""

from __future__ import annotations

import argparse
import json
import os

from geo import areas, assignments, db
from geo.settings import settings
from tests.opened_indexes import growth_mb, publish
from tests.throw_away import throw_away_postgis

SIDES = {"small": 50, "full": 173}
EDITIONS = 5
PROCESSES = 4
MOST_MB = 50.0


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
    told = {"leaves": SIDES[size] ** 2, "editions": EDITIONS, "files_mb": round(held, 1)}
    print(json.dumps({"bench": "opening", "size": size, **told, "private_mb": [round(one, 1) for one in grown]}))
    assert max(grown) <= MOST_MB, grown


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIDES, default="small")
    main(parser.parse_args().size)
