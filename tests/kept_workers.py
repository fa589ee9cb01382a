"""`gridatlas serve --workers N` as a process of its own, and what its workers take."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import sqlalchemy as sa

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Kept:
    """The process that keeps the workers, and where they answer."""

    process: subprocess.Popen[str]
    address: str

    def workers(self) -> list[int]:
        """Process numbers of the workers there are."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(one) for one in task.read_text(encoding="ascii").split()]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        """Tell it to stop, wait for its end; answers what it wrote to standard error."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=40)[1]


@contextmanager
def kept_workers(engine: sa.Engine, count: int) -> Iterator[Kept]:
    """A server of so many workers on the database of ``engine``, ready; killed where it does not stop by itself."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", "0", "--workers", str(count)],
        env={**os.environ, "GRIDATLAS_DATABASE_URL": url, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        yield Kept(process, found[0])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


def is_idle(pid: int) -> bool:
    """Whether a process took no time of the processor for half a second."""
    before = processor_s(pid)
    time.sleep(0.5)
    return processor_s(pid) == before


def processor_s(pid: int) -> float:
    """Seconds of the processor that a process took since it was forked."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) * _TICK_S


def in_turn(address: str, path: str, times: int) -> list[httpx.Response]:
    """Answers to the same question over a new connection each time, so that any worker may take it."""
    return [httpx.get(f"{address}{path}", timeout=30) for _ in range(times)]
