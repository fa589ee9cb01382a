"""A server that stops leaves nothing of its own going: no thread, no connection."""

from __future__ import annotations

import threading
import time

import httpx
import sqlalchemy as sa

from tests.serving import served
from tests.spotted_city import publish_spotted_city

BESIDE = {"blind spots", "warm", "sweep"}


def test_what_goes_on_beside_the_questions_is_over_when_the_server_is(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
    before = set(threading.enumerate())
    with served(fresh_engine) as address:
        asking = threading.Thread(target=httpx.get, args=(f"{address}/v1/blind-spots",), kwargs={"timeout": 60})
        asking.start()
        while asking.is_alive() and "blind spots" not in {one.name for one in threading.enumerate()}:
            time.sleep(0.001)
        assert asking.is_alive(), "answered before it was looked for"
    asking.join()
    assert not {one.name for one in set(threading.enumerate()) - before} & BESIDE
    assert isinstance(fresh_engine.pool, sa.QueuePool)
    assert fresh_engine.pool.checkedout() == 0
