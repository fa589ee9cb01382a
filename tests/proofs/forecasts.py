"""Proof: the division foretold of every hour is the one in force after it, whatever plans are scheduled for when.

Plans of every kind of change are drawn up on the edition in force of made cities with holes and enclaves, of mended
Xihu and of Taipei, and scheduled, several for one hour. What doors would tell of each hour is written down; then the
plans come into force one after the other, and it is compared: places, ground to the last bit, who lies in whom, whose
ground points are, which plans came and why others could not.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from geo import db
from tests.drawn_plans import published
from tests.foretold import come_true, schedule_some
from tests.planned import divided_city
from tests.real_leaves import REAL, publish_real
from tests.small_plans import soon
from tests.throw_away import throw_away_postgis
from tests.undone import undone

Publish = Callable[[sa.Connection, int], object]
SEED = 20_261_126
MADE = "made, with holes, enclaves and parts"


@dataclass(frozen=True)
class Order:
    """How many schedules, of plans for so many hours, so many an hour on average."""

    schedules: int
    hours: int = 3
    plans: int = 9


SIZES = {
    "small": {MADE: Order(3)},
    "full": {MADE: Order(240), "hangzhou": Order(24), "taipei": Order(3)},
}


def prove(size: str) -> dict[str, object]:
    """Figures by city; raises AssertionError where a law does not hold, naming the schedule."""
    told = {}
    for name, order in SIZES[size].items():
        if name == MADE:
            with throw_away_postgis() as (engine, _):
                told[name] = _proved(
                    engine, order, lambda connection, number: published(connection, divided_city(number, 8))
                )
        elif REAL.is_dir():
            with throw_away_postgis() as (engine, _):
                with db.write(engine) as connection:
                    publish_real(connection, name)
                told[name] = _proved(engine, order, lambda *_: None)
    return told


def _proved(engine: sa.Engine, order: Order, publish: Publish) -> dict[str, object]:
    drawn, ended = Counter[str](), Counter[str]()
    begun = time.process_time()
    for number in range(order.schedules):
        random = np.random.default_rng([SEED, number])
        with undone(engine) as connection:  # a transaction of its own: indexes are kept by the hour of the publish
            publish(connection, number)
            hours = [soon(3600 * (hour + 1)) for hour in range(order.hours)]
            try:
                drawn += schedule_some(connection, random, random.choice(hours, order.plans).tolist())
                ended += come_true(connection, hours)
            except AssertionError as error:
                raise AssertionError(f"schedule {number}: {error}") from error
    took = time.process_time() - begun
    told = {"schedules": order.schedules, "plans": dict(ended), "changes": dict(sorted(drawn.items()))}
    return told | {"cpu_s": round(took, 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    print(json.dumps(prove(parser.parse_args().size), indent=2, ensure_ascii=False))
