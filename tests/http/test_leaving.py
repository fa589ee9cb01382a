"""A server that stops leaves nothing of its own going: no thread, no connection."""

from __future__ import annotations

import threading
import time

import httpx
import sqlalchemy as sa

from tests.serving import served
from tests.spotted_city import publish_spotted_city

BESIDE = {"blind spots", "sweep", "AnyIO worker thread"}


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
    left = [one for one in set(threading.enumerate()) - before if one.name in BESIDE]
    for one in left:
        one.join(1)  # an idle worker is told to end, and does so in its own time
    assert not [one.name for one in left if one.is_alive()]
    assert isinstance(fresh_engine.pool, sa.QueuePool)
    assert fresh_engine.pool.checkedout() == 0
