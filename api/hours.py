"""Scheduled plans at their hour: brought into force by a clock, and before any answer that comes after it.

Between two looks the clock has the incidents follow that lag behind the editions.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from geo import db
from geo.errors import GeoError
from geo.incidents import following
from geo.plans import scheduling
from geo.plans.scheduling import Came

LOOK_S = 5.0
"""Seconds between two looks for hours that other processes have set or taken back."""


class Clock:
    """The hour of the next scheduled plan as one process knows it, and a thread that waits for it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._hour: datetime | None = None
        self._bringing = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    @property
    def is_due(self) -> bool:
        """Whether a plan should be in force by now that may not be yet."""
        return self._hour is not None and self._hour <= datetime.now(UTC)

    def start(self) -> None:
        """Look for the next hour and wait for it in a thread."""
        self._thread.start()

    def end(self, seconds: float) -> None:
        """Wait for nothing any more; what is being published is waited for, at most so long."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def strike(self) -> bool:
        """Bring what is due into force and look for the next hour; of several at once the others wait for the first.

        False where the database does not answer: the log says so, and the hour is kept until it is back.
        """
        with self._bringing:
            try:
                for came in scheduling.bring_into_force(self._engine):
                    _tell(came)
                with db.read(self._engine) as connection:
                    self._hour = scheduling.next_hour(connection)
            except (GeoError, SQLAlchemyError) as error:
                structlog.get_logger().warning("schedule not looked at", error=str(error).splitlines()[0])
                return False
            return True

    def _run(self) -> None:
        while not self._ended.is_set():
            is_answered = self.strike() and self._follow()
            self._ended.wait(self._pause() if is_answered else LOOK_S)

    def _follow(self) -> bool:
        """Have incidents follow that lag, until none does, a plan is due or the process ends: the rest is for later.

        False where the database does not answer: the log says so.
        """
        try:
            for _ in following.catch_up(self._engine):
                if self.is_due or self._ended.is_set():
                    break
        except (GeoError, SQLAlchemyError) as error:
            structlog.get_logger().warning("incidents not followed", error=str(error).splitlines()[0])
            return False
        return True

    def _pause(self) -> float:
        left = LOOK_S if self._hour is None else (self._hour - datetime.now(UTC)).total_seconds()
        return min(max(left, 0.0), LOOK_S)


def _tell(came: Came) -> None:
    told = structlog.get_logger().bind(plan=came.plan.id, edition=came.edition)
    if came.edition is None:
        told.warning("scheduled plan could not come into force", why=came.why)
    else:
        told.info("scheduled plan in force")


class OnTime:
    """Lets a request wait until the plans whose hour has come are in force."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app = app
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.clock.is_due and scope["path"].startswith(("/v1/", "/maps/")):
            await run_sync(self.clock.strike)
        await self.app(scope, receive, send)
