"""Blind spots looked for when somebody asks: a question that finds them out of date has them looked for beside it.

So an import or a publish needs no step of its own: the next question sees that something changed. What changed little
is looked at again within the question; what takes longer is answered as it was, and the answer says that it is stale.
What a time to come brings is worked out beside the question too: no older answer stands for it, so it waits, or asks
again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
import structlog
from fastapi import Depends, Request
from sqlalchemy.exc import SQLAlchemyError

from api.answers import edition_named
from api.deps import Store, instant_of
from api.errors import Malformed
from geo import areas, db
from geo.actors import Actor
from geo.coverage import foretelling, running, runs
from geo.coverage.found import Found, open_run
from geo.coverage.runs import Run
from geo.errors import GeoError, Unavailable, Unknown
from geo.plans.calendar import edition_at, hour_at, is_to_come

FIRST_S = 20.0
"""Seconds a question waits for the first run of a city, and for a time to come."""
AGAIN_S = 1.5
"""Seconds a question waits for another one, before it is answered by the last."""


class _One:
    """Work done in a thread beside the questions, one piece at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._going: threading.Event | None = None

    def begin(self, work: Callable[[], object]) -> tuple[threading.Event, bool]:
        """What is set when the work that goes on has ended, and whether it is this ``work`` and no other."""
        with self._lock:
            is_mine = self._going is None
            if self._going is None:
                self._going = threading.Event()
                threading.Thread(target=self._do, args=(work, self._going), name="blind spots", daemon=True).start()
            return self._going, is_mine

    def rest(self, seconds: float) -> bool:
        """True when nothing goes on, or no more within ``seconds``."""
        with self._lock:
            going = self._going
        return going is None or going.wait(seconds)

    def _do(self, work: Callable[[], object], done: threading.Event) -> None:
        try:
            work()
        except (GeoError, SQLAlchemyError) as error:
            structlog.get_logger().error("blind spots", error=str(error).splitlines()[0])
        finally:
            with self._lock:
                self._going = None
            done.set()


class Looker:
    """The one run that a server has going, if any, and the one look at a time to come."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._run, self._hour = _One(), _One()

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
        done, _ = self._run.begin(self._look)
        if not done.wait(FIRST_S if newest is None else AGAIN_S) and newest is None:
            raise Unavailable("blind spots are being looked for the first time; ask again shortly", retry_after_s=10)

    def foretell(self, instant: datetime | None) -> None:
        """Nothing; afterwards what a run would find at an aware instant to come is worked out, if it can be.

        Quick for any other instant. Raises as :meth:`look` does, and Unavailable when it takes longer.
        """
        if not is_to_come(instant):
            return
        until = time.monotonic() + FIRST_S
        while not self._is_foretold(instant):
            done, is_mine = self._hour.begin(partial(self._foretell, instant))
            if not done.wait(max(0.0, until - time.monotonic())):
                raise Unavailable("blind spots of then are being worked out; ask again shortly", retry_after_s=10)
            if is_mine:
                return

    def rest(self, seconds: float) -> bool:
        """True when nothing is looked for, or no more within ``seconds``."""
        return self._run.rest(seconds) and self._hour.rest(seconds)

    def _look(self) -> None:
        with db.write(self._engine) as connection:
            running.run(connection, Actor("server"))

    def _is_foretold(self, instant: datetime | None) -> bool:
        with db.read(self._engine) as connection:
            hour = hour_at(connection, edition_at(connection, instant), instant)
            return hour is None or foretelling.is_kept(connection, hour)

    def _foretell(self, instant: datetime | None) -> None:
        with db.read(self._engine) as connection:
            if hour := hour_at(connection, edition_at(connection, instant), instant):
                foretelling.found(connection, hour)


async def looker(request: Request) -> Looker:
    """The one of this application."""
    found: Looker = request.app.state.looker
    return found


LookerOf = Annotated[Looker, Depends(looker)]


def look(store: Store, looker: Looker, at: str | None) -> None:
    """Nothing; afterwards there is a run, and what one would find at a time to come. Raises as :class:`Looker` does."""
    looker.look()
    if at is not None:
        with store.read() as connection:
            instant = instant_of(at, areas.city(connection).time_zone)
        looker.foretell(instant)


def found_asked(connection: sa.Connection, number: int | None, at: str | None) -> tuple[Found, dict[str, Any]]:
    """What the run that is asked for found, or would find at a time to come, which is told as ``forecast`` then.

    Raises
    ------
    Malformed
        When both a run and a time are named, or ``at`` is no instant.
    Unknown
        When there is no such run, or none had been made by then.
    """
    instant = None if at is None else instant_of(at, areas.city(connection).time_zone)
    if number is None and is_to_come(instant):
        edition = edition_at(connection, instant)
        if hour := hour_at(connection, edition, instant):
            return foretelling.found(connection, hour), {"forecast": edition_named(edition, instant)}
    return open_run(connection, _run_asked(connection, number, at)), {}


def _run_asked(connection: sa.Connection, number: int | None, at: str | None) -> Run:
    """The run with this number, or the newest there was at an instant; the newest of all without either.

    Raises
    ------
    Malformed
        When both are given, or ``at`` is no instant.
    Unknown
        When there is no such run, or none had been made by then.
    """
    if at is None:
        return runs.numbered(connection, number)
    if number is not None:
        raise Malformed("run", number, "names a run as at does: give one of them")
    instant = instant_of(at, areas.city(connection).time_zone)
    if found := runs.at(connection, instant):
        return found
    raise Unknown(f"blind spots had not been looked for by {at}; GET /v1/blind-spots/trend tells the runs there are")
