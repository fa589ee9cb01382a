"""Incidents reported through the door, so many a second however long the answers take, while something else goes on.

The pace is kept by the clock: a report that is late is sent at once, and the ones after it keep their times, over as
many connections as it takes and kept ones there may be. Some are sent twice, as by who has not heard the answer. All of
it is done by a process of its own, which does little else than wait.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

import numpy as np

from geo.arrays import Floats
from tests.served_apart import UNTIL_S, forked

CONNECTIONS = 32
TWICE = 20
"""Every so many is sent twice."""
SPAN_S = 5
"""Seconds over which the fewest reports that were stored are told."""
ANSWERED_S = 600.0
"""Seconds after the last one in which all must be answered: on a busy machine many wait by then."""
SOURCE = "incoming"
_LOOK_S = 0.1
_MS = 1e3
_SEED = 20_261_128
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_AGAIN = re.compile(rb"retry-after: (\d+)", re.IGNORECASE)

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, eq=False)
class TakenIn:
    """What came of it: seconds since the first report was due, of each when it was due, when sent and when answered."""

    due_s: Floats
    sent_s: Floats
    answered_s: Floats
    seconds: float

    def told(self) -> dict[str, object]:
        """In words of a proof; how late is told of the middle one and of 95 in 100."""
        within = self.answered_s[self.answered_s < self.seconds]
        spans = max(1, int(self.seconds // SPAN_S))
        each = np.histogram(within, bins=spans, range=(0, spans * SPAN_S))[0] / SPAN_S
        return {
            "reports offered": len(self.due_s),
            "reports stored": len(self.answered_s),
            "reports offered a second": round(len(self.due_s) / self.seconds, 1),
            "reports stored a second": round(len(within) / self.seconds, 1),
            f"reports stored a second, the fewest in {SPAN_S} s": round(float(each.min()), 1),
            "sent late, ms (median, p95)": _middle_and_most(self.sent_s - self.due_s),
            "answered after, ms (median, p95)": _middle_and_most(self.answered_s - self.due_s),
        }


def _middle_and_most(seconds: Floats) -> list[int]:
    return [round(float(one) * _MS) for one in np.percentile(seconds, (50, 95))]


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
        assert here.poll(ANSWERED_S), "the reports have not ended"
        told = here.recv()
        assert isinstance(told, TakenIn), told
        return told

    try:
        yield ended
    finally:
        stop.set()
        process.join(UNTIL_S)


def _send_all(address: str, box: Floats, a_second: float, stop: Event, told: Connection) -> None:
    try:
        told.send(asyncio.run(_Reporter(address, box, a_second).go(stop)))
    except ExceptionGroup as errors:
        told.send(repr(errors.exceptions))


@dataclass
class _Reporter:
    """Sends them, each at its time, and hears the answers."""

    address: str
    box: Floats
    a_second: float
    free: list[Ends] = field(default_factory=list)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))
    times: list[tuple[float, float, float]] = field(default_factory=list)

    async def go(self, stop: Event) -> TakenIn:
        """Send until told to stop, and wait for all answers."""
        random, begun, turn = np.random.default_rng(_SEED), time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                for _ in range(int(self.a_second * _LOOK_S)):
                    due = begun + turn / self.a_second
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                    x, y = random.uniform(*self.box).tolist()
                    group.create_task(self._report(turn, due - begun, begun, (x, y)))
                    turn += 1
            seconds = time.monotonic() - begun
        for _, writer in self.free:
            writer.close()
        due_s, sent_s, answered_s = np.array(self.times).T
        return TakenIn(due_s, sent_s, answered_s, seconds)

    async def _report(self, turn: int, due_s: float, begun: float, at: tuple[float, float]) -> None:
        occurred_at = datetime.now(UTC).isoformat()
        told = {"source": SOURCE, "occurred_at": occurred_at, "lon": at[0], "lat": at[1]}
        request = self._request(f"{SOURCE}-{turn}", json.dumps(told).encode())
        async with self.turns:
            sent_s = time.monotonic() - begun
            number = await self._stored(request, 201)
            self.times.append((due_s, sent_s, time.monotonic() - begun))
            if turn % TWICE == 0:
                assert await self._stored(request, 200) == number

    def _request(self, key: str, body: bytes) -> bytes:
        to = urlsplit(self.address)
        head = (
            f"POST /v1/incidents HTTP/1.1\r\nHost: {to.netloc}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _stored(self, request: bytes, wanted: int) -> int:
        """Id of the incident that a report became. One that is put off comes again."""
        while True:
            ends = self._kept() or await self._connected()
            status, head, said = await _answer(ends, request)
            self.free.append(ends)
            if status != 503:
                break
            again = _AGAIN.search(head)
            await asyncio.sleep(float(again[1]) if again else 1.0)
        assert status == wanted, (status, said)
        return int(json.loads(said)["id"])

    def _kept(self) -> Ends | None:
        """A connection that nobody uses and the server has not closed: it closes those that were idle for seconds."""
        while self.free:
            reader, writer = self.free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    async def _connected(self) -> Ends:
        to = urlsplit(self.address)
        return await asyncio.open_connection(to.hostname, to.port)


async def _answer(ends: Ends, request: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of what is answered."""
    reader, writer = ends
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    assert length is not None, head
    return int(head.split(b" ", 2)[1]), head, await reader.readexactly(int(length[1]))
