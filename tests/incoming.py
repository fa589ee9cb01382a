"""Incidents taken in one by one, so many a second, by a process of its own for as long as something else goes on."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event

import numpy as np
import sqlalchemy as sa

from geo import db
from geo.actors import Actor
from geo.arrays import Floats
from geo.incidents.adding import NewIncident, add

LOADED = ("api.app", "uvicorn", "geo.assignments", "geo.incidents.adding", "geo.space.cells.asking")
"""What the process has loaded from which those of a proof are forked, whichever is the first."""
AT_ONCE = 3
END_S = 60.0


def forked() -> ForkServerContext:
    """Makes processes forked from one that has loaded what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


@contextmanager
def intakes(engine: sa.Engine, box: Floats, a_second: float) -> Iterator[Callable[[], int]]:
    """Ends them, when called, and answers how many there were; raises AssertionError where one failed.

    ``box`` holds the corners (2, 2), degrees, between which they lie.
    """
    context = forked()
    stop, (here, there) = context.Event(), context.Pipe()
    url = engine.url.render_as_string(hide_password=False)
    process = context.Process(target=_take, args=(url, box, a_second, stop, there))
    process.start()

    def ended() -> int:
        stop.set()
        assert here.poll(END_S), "an incident could not be taken in"
        return int(here.recv())

    try:
        yield ended
    finally:
        stop.set()
        process.join(END_S)


def _take(url: str, box: Floats, a_second: float, stop: Event, told: Connection) -> None:
    engine = db.connect(url)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        counts = list(pool.map(lambda at: _one_by_one(engine, box, a_second / AT_ONCE, stop, at), range(AT_ONCE)))
    engine.dispose()
    told.send(sum(counts))


def _one_by_one(engine: sa.Engine, box: Floats, a_second: float, stop: Event, number: int) -> int:
    random, count, begun = np.random.default_rng(number), 0, time.monotonic()
    while not stop.is_set():
        x, y = random.uniform(*box)
        new = NewIncident("incoming", f"{number}-{time.monotonic_ns()}", datetime.now(UTC), float(x), float(y))
        with db.write(engine) as connection:
            add(connection, Actor("incoming"), new)
        count += 1
        time.sleep(max(0.0, begun + count / a_second - time.monotonic()))
    return count
