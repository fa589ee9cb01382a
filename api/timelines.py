"""Which edition is in force, asked of the database once for many requests; and the index that goes with it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

import psycopg
import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread

from api.deps import Store, instant_of
from geo import areas
from geo.areas import City, Edition
from geo.assignments import CityIndex, open_index
from geo.plans.calendar import edition_at, is_to_come
from geo.tables import editions

_NEWEST = sa.select(sa.func.max(editions.c.number), sa.func.max(editions.c.published_at))
_KEPT = 4  # indexes held beside the newest: a few hundred megabytes in a large city


@dataclass(frozen=True)
class Moment:
    """The city and its editions, newest first, at the moment the database was asked."""

    stamp: tuple[object, ...]
    city: City
    editions: tuple[Edition, ...]

    def at(self, instant: datetime | None) -> Edition:
        """The edition in force at ``instant``, None = now; the first one for anything earlier."""
        asked = instant or datetime.now(UTC)
        return next((one for one in self.editions if one.effective_at <= asked), self.editions[-1])


class Timeline:
    """The editions of a city for lookups that otherwise need no database.

    No request is answered from what was known before it came: each waits for a look at the database that begins
    after its arrival. Requests that arrive while one look runs share the next, so under load a look serves many.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._moment: Moment | None = None
        self._indexes: dict[Edition, CityIndex] = {}
        self._looking = Lock()
        self._began = float("-inf")
        self._connection: sa.Connection | None = None
        self._is_closed = False
        self._running: asyncio.Future[Moment] | None = None
        self._waiting: asyncio.Future[Moment] | None = None
        self._lane: CapacityLimiter | None = None
        self._short_lane: CapacityLimiter | None = None

    @property
    def lane(self) -> CapacityLimiter:
        """For short work in threads, one after another: side by side they would pass the interpreter to and fro.

        With eight callers, each with 1,000 points, that cost 1.3 to 1.8 times the processor's time.
        """
        self._short_lane = self._short_lane or CapacityLimiter(1)
        return self._short_lane

    async def asked(self, at: str | None) -> tuple[CityIndex, datetime | None]:
        """The index of the edition in force at ``at``, a forecast for a time to come, and the instant; None = now.

        Raises
        ------
        Malformed
            When ``at`` is no instant and no date.
        Unknown
            When nothing has been published.
        """
        moment = await self._now()
        edition, instant = self._in_force(moment, at)
        if instant is not None and is_to_come(instant):
            edition = await to_thread.run_sync(self._foreseen, instant)
        found = self._indexes.get(edition)
        if found is None:
            found = await to_thread.run_sync(self._open, edition)
        return found, instant

    def asked_here(self, at: str | None, arrived: float) -> tuple[CityIndex, datetime | None]:
        """As :meth:`asked`, in a thread that may wait: what has a thread of its own anyway saves the way to another.

        Parameters
        ----------
        arrived
            When the request came, on the monotonic clock: those that waited for a thread meanwhile share a look.
        """
        edition, instant = self._in_force(self._look(arrived), at)
        if instant is not None and is_to_come(instant):
            edition = self._foreseen(instant)
        return self._indexes.get(edition) or self._open(edition), instant

    def _in_force(self, moment: Moment, at: str | None) -> tuple[Edition, datetime | None]:
        instant = instant_of(at, moment.city.time_zone)
        return moment.at(instant), instant

    def _foreseen(self, instant: datetime) -> Edition:
        with self._store.read() as connection:
            return edition_at(connection, instant)

    async def _now(self) -> Moment:
        if self._waiting is None:
            self._waiting = asyncio.ensure_future(self._after(self._running))
        return await asyncio.shield(self._waiting)  # one caller that hangs up must not fail the others

    async def _after(self, running: asyncio.Future[Moment] | None) -> Moment:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._waiting = self._waiting, None
        # a lane of its own: a look must not queue behind slow requests, and one extra connection is enough for it
        self._lane = self._lane or CapacityLimiter(1)
        return await to_thread.run_sync(self._look, limiter=self._lane)

    def _look(self, arrived: float | None = None) -> Moment:
        arrived = time.monotonic() if arrived is None else arrived
        with self._looking:
            if self._moment is None or self._began <= arrived:
                self._began = time.monotonic()
                stamp = self._stamp()
                if self._moment is None or self._moment.stamp != stamp:
                    self._moment = self._looked(stamp)
            return self._moment

    def _looked(self, stamp: tuple[object, ...]) -> Moment:
        with self._store.read() as connection:
            areas.current(connection)
            return Moment(stamp, areas.city(connection), tuple(areas.all_editions(connection)))

    def _stamp(self) -> tuple[object, ...]:
        """What changes with every edition, over a connection kept for it: the pool would ask thrice as much."""
        if self._is_closed:  # a thread that began before the end: nobody would give back what is kept for it
            with self._store.read() as connection:
                return tuple(connection.execute(_NEWEST).one())
        if self._connection is None:
            self._connection = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._statement = str(_NEWEST.compile(self._store.engine))
        try:
            # the driver itself: what is between costs thrice as much as the question
            found = self._connection.connection.cursor().execute(self._statement).fetchone()
        except psycopg.OperationalError:  # the server went; the pool finds out whether it is back
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
            with self._store.read() as connection:
                return tuple(connection.execute(_NEWEST).one())
        return tuple(found)

    def close(self) -> None:
        """Give the connection back; a look that still comes borrows one from the pool."""
        with self._looking:
            self._is_closed = True
            self._give_back()

    def let_go(self) -> None:
        """Keep what is known and open, and nothing that a forked process could not use: connection, loop, lanes."""
        with self._looking:
            self._give_back()
        self._running = self._waiting = self._lane = self._short_lane = None

    def _give_back(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self, edition: Edition) -> CityIndex:
        with self._store.read() as connection:
            found = open_index(connection, edition)
        kept = list(self._indexes.items())[-_KEPT + 1 :]
        self._indexes = {**dict(kept), edition: found}
        return found

    def open_current(self) -> CityIndex:
        """The index of the edition in force, opened in the calling thread when it is not yet.

        Raises
        ------
        Unknown
            When nothing has been published.
        """
        edition = self._look().at(None)
        return self._indexes.get(edition) or self._open(edition)

    def is_warm(self) -> bool:
        """True when the index of the edition last seen in force is loaded."""
        return self._moment is not None and self._moment.at(None) in self._indexes
