"""``gridatlas serve`` starts where it is told, says where, and stops in order."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa

from api.commands.serving import address, listen
from geo.errors import Refused


@pytest.fixture
def started(fresh_database: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process of its own and its address."""
    url = sa.make_url(fresh_database).set(drivername="postgresql").render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", "0"],
        env={**os.environ, "GRIDATLAS_DATABASE_URL": url, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert found
    yield process, found[0]
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    if process.poll() is None:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_server_says_its_address_answers_and_stops_in_order(
    started: tuple[subprocess.Popen[str], str], how: signal.Signals
) -> None:
    process, url = started
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    process.send_signal(how)
    _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"method": "GET", "path": "/healthz", "status": 200}.items() <= lines[-1].items()


def test_a_port_that_is_taken_is_named_with_one_that_is_free() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(Refused, match=f"port {port} is taken") as refusal:
            listen("127.0.0.1", port)
    free = int(str(re.search(r"port (\d+) is free", refusal.value.detail)[1]))  # type: ignore[index]
    with listen("127.0.0.1", free) as second:
        assert second.getsockname()[1] == free != port


def test_an_address_others_can_reach_is_refused() -> None:
    with pytest.raises(Refused, match="sign-in"):
        listen("0.0.0.0", 0)


def test_the_address_of_ipv6_is_a_url() -> None:
    try:
        bound = listen("::1", 0)
    except Refused:
        return  # a machine without an IPv6 loopback says so, and that is right
    with bound:
        assert re.fullmatch(r"http://\[::1\]:\d+", address(bound))
