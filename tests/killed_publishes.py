"""Publishes in the midst of which a server or PostgreSQL is killed: afterwards the old edition stands, or the new."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from geo import db
from geo.actors import Actor
from geo.cluster import Cluster
from geo.plans import drafts, previews
from geo.plans.drafts import Plan
from tests.in_step import astray, united, whole
from tests.served_apart import UNTIL_S, ServedApart

ACTOR = Actor("proof")


def kill_servers(cluster: Cluster, engine: sa.Engine, times: int, planned: Callable[[], Plan]) -> dict[str, int]:
    """A server of its own process is killed while it publishes, so many times."""
    told, random, took = Counter[str](), np.random.default_rng(4), 0.0
    for number in range(times + 1):
        plan = planned()
        with ServedApart(cluster.url()) as server:
            request = threading.Thread(target=_ask, args=(server.address, plan.id))
            begun = time.monotonic()
            request.start()
            if number == 0:  # nothing is killed: how long a publish takes
                request.join(UNTIL_S)
                took = time.monotonic() - begun
                continue
            time.sleep(random.uniform(0, 1.1 * took))
            server.kill()
            request.join(UNTIL_S)
        _await_the_store(engine)
        told[_left(engine, plan)] += 1
    return dict(told)


def kill_postgresql(cluster: Cluster, engine: sa.Engine, times: int, planned: Callable[[], Plan]) -> dict[str, int]:
    """All processes of PostgreSQL are killed while a plan is published, so many times; it is started again."""
    told, random, took = Counter[str](), np.random.default_rng(5), 0.0
    for number in range(times + 1):
        plan = planned()
        request = threading.Thread(target=_publish, args=(engine, plan.id))
        begun = time.monotonic()
        request.start()
        if number == 0:
            request.join(UNTIL_S)
            took = time.monotonic() - begun
            continue
        time.sleep(random.uniform(0, 1.1 * took))
        _kill_all(cluster)
        request.join(UNTIL_S)
        engine.dispose()
        cluster.up()
        told[_left(engine, plan)] += 1
    return dict(told)


def _left(engine: sa.Engine, plan: Plan) -> str:
    """Which edition stands, wholly; raises AssertionError for a mixture."""
    with db.read(engine) as connection:
        edition, division = whole(connection)
        out = astray(connection)
        now = drafts.one(connection, plan.id)
    united(division)
    assert not any(out.values()), out
    is_new = now.state == "in_force"
    assert edition.number == (now.edition if is_new else plan.base_edition), (edition, now)
    return "new edition" if is_new else "old edition"


# -- publishing ------------------------------------------------------------------------------------------------------
def _ask(address: str, id: int) -> None:
    """Have a plan published; a server that is killed answers nothing."""
    to = urlsplit(address)
    asked = http.client.HTTPConnection(to.hostname or "", to.port, timeout=UNTIL_S)
    try:
        asked.request("POST", f"/v1/plans/{id}/publish", headers={"Content-Type": "application/json"})
        answer = asked.getresponse()
        said = json.loads(answer.read())
    except (http.client.HTTPException, OSError):
        return
    assert answer.status < 300, said


def _publish(engine: sa.Engine, id: int) -> None:
    try:
        with db.write(engine) as connection:
            previews.publish(connection, ACTOR, id)
    except OperationalError:  # the store went away
        return


def _await_the_store(engine: sa.Engine) -> None:
    """Wait until PostgreSQL has ended what a killed server had begun."""
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND state <> 'idle'"
    )
    until = time.monotonic() + UNTIL_S
    with engine.connect() as connection:
        while connection.scalar(others) and time.monotonic() < until:
            connection.rollback()
            time.sleep(0.02)


def _kill_all(cluster: Cluster) -> None:
    """``kill -9`` for the server of a cluster and every process it has."""
    first = cluster.pid()
    assert first is not None
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
    for pid in (first, *map(int, children)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended by itself meanwhile
            continue
