"""What some work took: of the clock, and of the processors here and in the store that answers."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa


class Watch:
    """Milliseconds since it was begun or read: of the clock, and of the processors here and in the store."""

    def __init__(self, connection: sa.Connection) -> None:
        self.pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        self.begun = self._now()

    def is_of(self, connection: sa.Connection) -> None:
        """Raise AssertionError where another process of the store answers."""
        assert connection.scalar(sa.text("SELECT pg_backend_pid()")) == self.pid

    def lap(self) -> tuple[float, float]:
        """Milliseconds of the clock and of the processors; they count from here on again."""
        begun, self.begun = self.begun, self._now()
        return (self.begun[0] - begun[0]) * 1e3, (self.begun[1] - begun[1]) * 1e3

    def _now(self) -> tuple[float, float]:
        there = int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        return time.perf_counter(), time.process_time() + there
