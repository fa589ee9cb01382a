"""Proof: coverage and blind spots that a preview foretells are those a run finds after the plan was published.

Made cities with holes and enclaves, and mended Xihu, are filled with units, buildings, branches, posts and records,
some known and some not. Plans of every kind of change are previewed and published one after the other; after each a run
looks, and figures, states, reasons and sentences are compared, the city over.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.coverage import runs
from tests.drawn_plans import drawn_up, kinds, published
from tests.inhabited import inhabit
from tests.looked import Looked, foretold_is_found
from tests.planned import divided_city
from tests.real_leaves import REAL, publish_real
from tests.throw_away import throw_away_postgis
from tests.undone import undone

SEED = 20_261_126
MADE = "made, with holes, enclaves and parts"


@dataclass(frozen=True)
class Order:
    """How many cities, and how many plans in each."""

    cities: int
    plans: int


SIZES = {
    "small": {MADE: Order(2, 5)},
    "full": {MADE: Order(60, 10), "hangzhou": Order(3, 20)},
}


def prove(size: str) -> dict[str, object]:
    """Figures by city; raises AssertionError where a law does not hold, naming the city and the plan."""
    told = {}
    with throw_away_postgis() as (engine, _):
        for name, order in SIZES[size].items():
            if name == MADE or REAL.is_dir():
                told[name] = _proved(engine, name, order)
    return told


def _proved(engine: sa.Engine, name: str, order: Order) -> dict[str, object]:
    drawn, turns = Counter[str](), 0
    begun = time.process_time()
    for number in range(order.cities):
        with undone(engine) as connection:
            _publish(connection, name, number)
            inhabit(connection, number, runs.today(areas.city(connection)))
            turned, changes = _foretold(connection, number, order.plans)
            drawn, turns = drawn + changes, turns + turned
    took = time.process_time() - begun
    told = {"cities": order.cities, "plans": order.cities * order.plans, "changes": dict(sorted(drawn.items()))}
    return told | {"states that turned": turns, "cpu_s": round(took, 1)}


def _publish(connection: sa.Connection, name: str, number: int) -> None:
    if name == MADE:
        published(connection, divided_city(number, 6))
    else:
        publish_real(connection, name)


def _foretold(connection: sa.Connection, number: int, plans: int) -> tuple[int, Counter[str]]:
    """How many states turned in one city, and the changes that were published."""
    random, turned, drawn = np.random.default_rng([SEED, number]), 0, Counter[str]()
    looked = Looked(connection)
    for at in range(plans):
        plan = drawn_up(connection, random)
        drawn += kinds(connection, plan)
        try:
            after = foretold_is_found(connection, plan, looked)
        except AssertionError as error:
            raise AssertionError(f"city {number}, plan {at}: {error}") from error
        turned += sum(looked.state(id) != after.state(id) for id in {*looked.rows, *after.rows})
        looked = after
    return turned, drawn


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    print(json.dumps(prove(parser.parse_args().size), indent=2, ensure_ascii=False))
