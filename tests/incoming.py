"""Incidents reported through the door, so many a second however long the answers take, while something else goes on.

The pace is kept by the clock: a report that is late is sent at once, and the ones after it keep their times. Clients
keep their connections. Some reports are sent twice, as by who has not heard the answer.
"""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

import numpy as np

from geo.arrays import Floats
from tests.served_apart import UNTIL_S, forked

CLIENTS = 8
TWICE = 20
"""Every so many is sent twice."""
SOURCE = "incoming"


@dataclass(frozen=True)
class TakenIn:
    """What came of it: reports that were due and those that were stored, over some seconds, and how late they were."""

    due: int
    stored: int
    seconds: float
    late_ms: tuple[float, float]

    def told(self) -> dict[str, object]:
        """In words of a proof; how late is told of the middle one and of 95 in 100."""
        return {
            "reports offered a second": round(self.due / self.seconds, 1),
            "reports stored a second": round(self.stored / self.seconds, 1),
            "reports stored": self.stored,
            "answered after, ms (median, p95)": [round(one) for one in self.late_ms],
        }


@contextmanager
def reports(address: str, box: Floats, a_second: float) -> Iterator[Callable[[], TakenIn]]:
    """Ends them, when called, and tells of them; raises AssertionError where one was answered otherwise than stored.

    ``box`` holds the corners (2, 2), degrees, between which they lie.
    """
    context = forked()
    stop, (here, there) = context.Event(), context.Pipe()
    process = context.Process(target=_send_all, args=(address, box, a_second, stop, there))
    process.start()

    def ended() -> TakenIn:
        stop.set()
        assert here.poll(UNTIL_S), "the reports have not ended"
        told = here.recv()
        assert isinstance(told, TakenIn), told
        return told

    try:
        yield ended
    finally:
        stop.set()
        process.join(UNTIL_S)


def _send_all(address: str, box: Floats, a_second: float, stop: Event, told: Connection) -> None:
    turns, begun = itertools.count(), time.monotonic()
    late: list[float] = []

    def client(_: int) -> None:
        to = urlsplit(address)
        door = http.client.HTTPConnection(to.hostname or "", to.port, timeout=UNTIL_S)
        while True:
            turn = next(turns)
            due = begun + turn / a_second
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            x, y = np.random.default_rng(turn).uniform(*box).tolist()
            at = datetime.now(UTC).isoformat()
            body = json.dumps({"source": SOURCE, "occurred_at": at, "lon": x, "lat": y})
            number = _report(door, f"{SOURCE}-{turn}", body)
            late.append(time.monotonic() - due)
            if turn % TWICE == 0:
                assert _report(door, f"{SOURCE}-{turn}", body, is_repeat=True) == number
        door.close()

    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(client, range(CLIENTS)))
        seconds = time.monotonic() - begun
        median, p95 = np.percentile(late, (50, 95)) * 1e3
        told.send(TakenIn(int(seconds * a_second), len(late), seconds, (float(median), float(p95))))
    except (AssertionError, OSError, http.client.HTTPException) as error:
        told.send(repr(error))


def _report(door: http.client.HTTPConnection, key: str, body: str, *, is_repeat: bool = False) -> int:
    """Id of the incident that a report became. One that is put off comes again."""
    head = {"Content-Type": "application/json", "Idempotency-Key": key}
    while True:
        door.request("POST", "/v1/incidents", body, head)
        answer = door.getresponse()
        said = answer.read()
        if answer.status != 503:
            break
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    assert answer.status == (200 if is_repeat else 201), (answer.status, said)
    return int(json.loads(said)["id"])
