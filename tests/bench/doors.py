"""Bench: what ``/v1/locate`` and a report cost one worker of the processor, beside an empty answer of the same server.

The city's borders wind; its points lie anywhere in it. The server runs in this process, a plain http client in a second
one; both are bounded in count and in time. Seconds of the processor are those of the server's process, whole requests:
the empty answer (``/healthz``) tells what none of them can do without. Rounds go through the doors in turn. Reports of
incidents are new ones each; what PostgreSQL takes for them comes on top.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from multiprocessing.pool import Pool
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
import pyarrow as pa

from api.logs import configure
from api.streams import ARROW, stream
from geo import areas, db, drawings
from geo.arrays import Floats
from tests.opened_indexes import publish
from tests.serving import served
from tests.throw_away import throw_away_postgis
from tests.winding_city import ORIGIN, STEP

SIDES = {"small": 40, "full": 173}
LIMITS = {"small": (200, 4.0), "full": (400, 8.0)}
ROUNDS = {"small": 1, "full": 15}
CLIENTS = 8
POINTS = 1_000
BODIES = 100
JSON = "application/json"
EMPTY = "GET /healthz"
SOME = "?columns=grid,rule"
ANEW = b"<number>"
"""Stands in a body for a text that was never sent before."""
MOST = 40.0
"""Empty answers that one for 1,000 points may cost, with slack."""


@dataclass(frozen=True)
class Load:
    """Requests to send: at most ``most`` of them and for at most ``seconds``, by ``clients`` kept connections."""

    door: str
    method: str
    paths: list[str]
    bodies: list[bytes]
    points: int
    most: int
    seconds: float
    kind: str = JSON
    clients: int = CLIENTS
    is_new: bool = False


@dataclass(frozen=True)
class Rate:
    """What one door did: requests, requests a second, and milliseconds to an answer, the middle one."""

    requests: int
    per_s: float
    p50_ms: float


def send(address: str, load: Load) -> Rate:
    """The rate a door answers at; raises AssertionError at the first answer that is none of its."""
    split = urlsplit(address)
    assert split.hostname is not None
    host, port = split.hostname, split.port
    numbers, headers = count(), {"Content-Type": load.kind, "Accept": load.kind}
    until = time.perf_counter() + load.seconds

    def keep_asking() -> list[float]:
        connection = http.client.HTTPConnection(host, port, timeout=30)
        took = []
        while time.perf_counter() < until and (number := next(numbers)) < load.most:
            begun = time.perf_counter()
            body = load.bodies[number % len(load.bodies)] if load.bodies else None
            if body and load.is_new:
                body = body.replace(ANEW, uuid4().hex.encode())
            connection.request(load.method, load.paths[number % len(load.paths)], body, headers)
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == (201 if load.is_new else 200), told[:400]
            took.append(time.perf_counter() - begun)
        connection.close()
        return took

    begun = time.perf_counter()
    with ThreadPoolExecutor(load.clients) as pool:
        took = [one for each in pool.map(lambda _: keep_asking(), range(load.clients)) for one in each]
    return Rate(len(took), len(took) / (time.perf_counter() - begun), float(np.median(took)) * 1e3)


def loads(size: str) -> list[Load]:
    """The empty answer, one point a request, and many points a request, in both forms, all columns and some."""
    most, seconds = LIMITS[size]
    corner, far = np.array(ORIGIN), np.array(ORIGIN) + SIDES[size] * STEP
    lonlat = np.random.default_rng(2026).uniform(corner, far, (BODIES * POINTS, 2)).round(7)
    parts = np.split(lonlat, BODIES)
    ones = [f"/v1/locate?lon={lon}&lat={lat}" for lon, lat in lonlat[:POINTS].tolist()]
    bodies = {
        "JSON": [json.dumps({"points": some.tolist()}).encode() for some in parts],
        "Arrow": [stream(pa.record_batch({"lon": some[:, 0], "lat": some[:, 1]})) for some in parts],
    }
    many = [
        Load(f"{form}, {told}", "POST", [f"/v1/locate{query}"], bodies[form], POINTS, most, seconds, kind)
        for query, told in (("", "all columns"), (SOME, "grid and rule"))
        for form, kind in (("JSON", JSON), ("Arrow", ARROW))
    ]
    return [
        Load(EMPTY, "GET", ["/healthz"], [], 0, most * 2, seconds),
        Load("GET /v1/locate", "GET", ones, [], 1, most, seconds),
        *many,
        Load("POST /v1/incidents", "POST", ["/v1/incidents"], reports(lonlat), 0, most, seconds, is_new=True),
    ]


def reports(lonlat: Floats) -> list[bytes]:
    """Incidents at some of these places that happened just now, each new whenever it is sent."""
    told = {"source": "bench", "reference": ANEW.decode(), "occurred_at": datetime.now(UTC).isoformat()}
    return [json.dumps({**told, "lon": lon, "lat": lat}).encode() for lon, lat in lonlat[:BODIES].tolist()]


@contextmanager
def winding_city_served(side: int) -> Iterator[str]:
    """Address of a server of ``side`` squared leaves whose borders wind; nothing is left to be drawn of them."""
    configure("WARNING")
    with throw_away_postgis() as (engine, _):
        publish(engine, side, 1)
        with db.write(engine) as connection:
            drawings.prepare(connection, areas.current(connection))
        with served(engine) as address:
            yield address


def measured(address: str, size: str) -> dict[str, dict[str, Any]]:
    """For every door CPU milliseconds a request, and what else is told, of rounds through all of them in turn."""
    every = loads(size)
    spent: dict[str, list[float]] = {load.door: [] for load in every}
    rates: dict[str, Rate] = {}
    with multiprocessing.get_context("spawn").Pool(1) as second:
        for load in every:
            asked(second, address, replace(load, most=4 * CLIENTS))
        for _ in range(ROUNDS[size]):
            for load in every:
                milliseconds, rates[load.door] = asked(second, address, load)
                spent[load.door].append(milliseconds)
    return {load.door: figures(load, spent[load.door], rates[load.door], spent[EMPTY]) for load in every}


def asked(second: Pool, address: str, load: Load) -> tuple[float, Rate]:
    """CPU milliseconds of this process a request, and the rate."""
    begun = time.process_time()
    rate: Rate = second.apply(send, (address, load))
    return (time.process_time() - begun) / rate.requests * 1e3, rate


def figures(load: Load, spent: list[float], rate: Rate, empty: list[float]) -> dict[str, Any]:
    """One row: the middle of the rounds, and their range."""
    ratio = float(np.median(np.array(spent) / np.array(empty)))
    assert ratio <= MOST, f"{load.door}: {ratio:.1f} empty answers"
    per_cpu_s = load.points / np.array(spent) * 1e3
    return {
        "CPU ms a request": spread(spent, 2),
        "empty answers": round(ratio, 1),
        "points a CPU s": spread(per_cpu_s.tolist(), 0) if load.points else "",
        "requests a CPU s": round(1e3 / float(np.median(spent))),
        "requests a s": round(rate.per_s),
        "p50 ms": round(rate.p50_ms, 1),
    }


def spread(values: list[float], digits: int) -> str:
    """Median and range."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), float(np.median(values)), max(values)))
    return f"{middle} ({low} to {high})"


def main(size: str) -> None:
    """Serve, ask, tell."""
    with winding_city_served(SIDES[size]) as address:
        doors = measured(address, size)
    told = {"leaves": SIDES[size] ** 2, "connections": CLIENTS, "points a POST": POINTS, "doors": doors}
    print(json.dumps(told, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=LIMITS, default="small")
    main(parser.parse_args().size)
