"""Bench: how many answers a second ``/v1/locate`` gives on one worker, beside an empty answer of the same server.

The server runs in this process, a plain http client in a second one; both are bounded in count and in time. What is
compared between machines is the ratio to the empty answer (``/healthz``) of the same run, not the rate. What a worker
could do with a core of its own is told by points a second of the processor's time in this process.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import count
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from api.streams import ARROW, stream
from tests.served_cities import served_city, there_are

LIMITS = {"small": (400, 4.0), "full": (5_000, 20.0)}
CLIENTS = 8
POINTS = 1_000
ONE_BY_ONE = "GET /v1/locate"
MANY = f"POST /v1/locate, {POINTS:,} points, JSON"
STREAM = f"POST /v1/locate, {POINTS:,} points, Arrow"
JSON = "application/json"
EMPTY = "GET /healthz"


@dataclass(frozen=True)
class Rate:
    """What one door did: requests a second, and milliseconds to an answer."""

    door: str
    requests: int
    per_s: float
    p50_ms: float
    p95_ms: float
    points_per_s: float
    points_per_cpu_s: float = 0.0


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


def send(address: str, load: Load) -> Rate:
    """The rate a door answers at; raises AssertionError at the first answer that is not 200."""
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
            connection.request(load.method, load.paths[number % len(load.paths)], body, headers)
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == 200, told[:400]
            took.append(time.perf_counter() - begun)
        connection.close()
        return took

    begun = time.perf_counter()
    with ThreadPoolExecutor(load.clients) as pool:
        took = [one for each in pool.map(lambda _: keep_asking(), range(load.clients)) for one in each]
    per_s = len(took) / (time.perf_counter() - begun)
    p50, p95 = np.percentile(took, [50, 95]) * 1e3
    return Rate(load.door, len(took), per_s, p50, p95, per_s * load.points)


def loads(bounds: tuple[float, float, float, float], size: str) -> list[Load]:
    """The empty answer, one point a request, and many points a request: random places around the city."""
    most, seconds = LIMITS[size]
    west, south, east, north = bounds
    lonlat = np.random.default_rng(2026).uniform((west, south), (east, north), (20 * POINTS, 2)).round(7)
    ones = [f"/v1/locate?lon={lon}&lat={lat}" for lon, lat in lonlat[:POINTS].tolist()]
    parts = np.split(lonlat, 20)
    bodies = [json.dumps({"points": some.tolist()}).encode() for some in parts]
    streams = [stream(pa.record_batch({"lon": some[:, 0], "lat": some[:, 1]})) for some in parts]
    return [
        Load(EMPTY, "GET", ["/healthz"], [], 0, most * 2, seconds),
        Load(ONE_BY_ONE, "GET", ones, [], 1, most, seconds),
        Load(MANY, "POST", ["/v1/locate"], bodies, POINTS, max(most // 5, 20), seconds),
        Load(STREAM, "POST", ["/v1/locate"], streams, POINTS, max(most // 5, 20), seconds, ARROW),
    ]


def measure(address: str, bounds: tuple[float, float, float, float], size: str) -> list[Rate]:
    """The rate of every door, each measured by a process of its own after a short warming up."""
    rates = []
    with multiprocessing.get_context("spawn").Pool(1) as second:
        for load in loads(bounds, size):
            warm = Load(**(vars(load) | {"most": 2 * CLIENTS}))
            second.apply(send, (address, warm))
            begun = time.process_time()
            rate: Rate = second.apply(send, (address, load))
            spent = time.process_time() - begun
            rates.append(replace(rate, points_per_cpu_s=rate.requests * load.points / spent))
    return rates


def rounded(rate: Rate) -> dict[str, str | int | float]:
    """A rate with two places behind the point."""
    return {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(rate).items()}


def tell(size: str, city: str, rates: list[Rate]) -> None:
    """Print a table for people and one line of JSON for machines."""
    empty = rates[0].per_s
    table = Table(title=f"{city}, one worker, {CLIENTS} connections")
    for name in ("door", "requests", "per s", "of the empty answer", "p50 ms", "p95 ms", "points per s", "per CPU s"):
        table.add_column(name, justify="left" if name == "door" else "right")
    figure: Callable[[float], str] = "{:,.1f}".format
    for rate in rates:
        row = (rate.per_s, rate.per_s / empty, rate.p50_ms, rate.p95_ms, rate.points_per_s, rate.points_per_cpu_s)
        texts = [figure(row[0]), f"{row[1]:.3f}", *map(figure, row[2:])]
        table.add_row(rate.door, f"{rate.requests:,}", *texts)
    Console().print(table)
    rows = [rounded(rate) | {"ratio": round(rate.per_s / empty, 4)} for rate in rates]
    print(json.dumps({"bench": "doors", "size": size, "city": city, "doors": rows}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=LIMITS, default="small")
    wanted = parser.parse_args().size
    with served_city(there_are(wanted)[0]) as found:
        tell(wanted, found.name, measure(found.address, found.bounds, wanted))
