"""Blind spots looked for when somebody asks: a question that finds them out of date has them looked for beside it.

So an import or a publish needs no step of its own: the next question sees that something changed. What changed little
is looked at again within the question; what takes longer is answered as it was, and the answer says that it is stale.
"""

from __future__ import annotations

import threading
from typing import Annotated

import sqlalchemy as sa
import structlog
from fastapi import Depends, Request
from sqlalchemy.exc import SQLAlchemyError

from geo import areas, db
from geo.actors import Actor
from geo.coverage import running, runs
from geo.errors import GeoError, Unavailable

FIRST_S = 20.0
"""Seconds a question waits for the first run of a city."""
AGAIN_S = 1.5
"""Seconds a question waits for another one, before it is answered by the last."""


class Looker:
    """The one run that a server has going, if any."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._going: threading.Event | None = None

    def look(self) -> None:
        """Nothing; afterwards there is a run, as new as can be had without waiting long.

        Raises
        ------
        Unknown
            When nothing has been published.
        Refused
            When the rule book cannot be used.
        Unavailable
            When the first run of a city takes longer.
        """
        with db.read(self._engine) as connection:
            areas.current(connection)
            newest = runs.last(connection)
            if newest is not None and not runs.is_stale(connection, newest):
                return
        done = self._start()
        if not done.wait(FIRST_S if newest is None else AGAIN_S) and newest is None:
            raise Unavailable("blind spots are being looked for the first time; ask again shortly", retry_after_s=10)

    def rest(self, seconds: float) -> bool:
        """True when nothing is looked for, or no more within ``seconds``."""
        with self._lock:
            going = self._going
        return going is None or going.wait(seconds)

    def _start(self) -> threading.Event:
        with self._lock:
            if self._going is None:
                self._going = threading.Event()
                threading.Thread(target=self._run, args=(self._going,), name="blind spots", daemon=True).start()
            return self._going

    def _run(self, done: threading.Event) -> None:
        try:
            with db.write(self._engine) as connection:
                running.run(connection, Actor("server"))
        except (GeoError, SQLAlchemyError) as error:
            structlog.get_logger().error("blind spots", error=str(error).splitlines()[0])
        finally:
            with self._lock:
                self._going = None
            done.set()


async def looker(request: Request) -> Looker:
    """The one of this application."""
    found: Looker = request.app.state.looker
    return found


LookerOf = Annotated[Looker, Depends(looker)]
