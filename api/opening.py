"""What a server that starts opens before its first answer: the index, and what the first view of a page asks for.

Who asks meanwhile would share the processor with all of this, and wait longer than until its end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import numpy as np
import structlog
from anyio import to_thread
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import Message, Scope

from api.deps import Store
from api.logs import FROM_WITHIN
from api.timelines import Timeline
from geo import areas
from geo.assignments import CityIndex, assign
from geo.coverage import runs, spots
from geo.coverage.found import open_run
from geo.coverage.values import Reader, told
from geo.errors import GeoError
from geo.space.cells.index import FEW

OPEN_S = 5.0
"""Seconds a server that starts waits for what its first answers need, before it answers without."""
LEAVE_S = 5.0
"""Seconds a server that stops waits for what it does beside its questions."""
KERNELS_S = 5.0
"""Seconds after all else until machine code is loaded, which takes half of one: by then the first page is there."""
PAGES = ("/", "/maps/coverage", "/maps/blind-spots")
SHOWN = "organisational-coverage"
"""The indicator that coverage begins with where there are units."""
_MODULE = re.compile(r"<(/static/[^>]+)>; rel=modulepreload")


async def open_once(app: FastAPI) -> None:
    """Open all of it, for processes that are forked afterwards: they find it open, and no connection in their way."""
    timeline: Timeline = app.state.timeline
    opening = Opening(app)
    await opening.wait(OPEN_S)
    await opening.rest(LEAVE_S)
    await _beside(lambda: load_kernels(timeline.open_current()))
    timeline.let_go()
    app.state.store.engine.dispose()
    app.state.is_open = True


class Opening:
    """The tasks of one server that starts; where it was forked from one that has all of it open, the index alone."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._shown = [asyncio.create_task(_beside(self._open_index))]
        self._later: list[asyncio.Task[None]] = []
        if not app.state.is_open:
            self._shown.append(asyncio.create_task(_beside(self._open_pages)))
            self._shown.append(asyncio.create_task(self._draw_pages()))
            self._later.append(asyncio.create_task(self._load_kernels()))

    async def wait(self, seconds: float) -> None:
        """Return when what is shown is open, or cannot be; at the latest after ``seconds``."""
        await asyncio.wait(self._shown, timeout=seconds)

    async def rest(self, seconds: float) -> None:
        """Return when nothing is opened any more, at the latest after ``seconds``; nothing more is begun."""
        tasks = [*self._shown, *self._later]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=seconds)

    def _open_index(self) -> None:
        timeline: Timeline = self._app.state.timeline
        timeline.open_current()

    def _open_pages(self) -> None:
        """Places and what is added up over them, and what the newest run found."""
        store: Store = self._app.state.store
        with store.read() as connection:
            reader, city = Reader(connection, areas.current(connection)), areas.city(connection)
            told(reader, SHOWN, max(0, city.grid_level - 1))
            if (newest := runs.last(connection)) is None:
                return
            found = open_run(connection, newest)
            for by in ("building", city.levels[city.grid_level - 1].key):
                spots.rank(connection, found, spots.Asked(by))

    async def _draw_pages(self) -> None:
        """Ask for each page and its scripts as a browser would: routes, templates and packed files are made then."""
        for page in PAGES:
            headers = await ask(self._app, page)
            for script in _MODULE.findall(headers.get("link", "")):
                await ask(self._app, script)

    async def _load_kernels(self) -> None:
        await asyncio.wait(self._shown)
        await asyncio.sleep(KERNELS_S)
        timeline: Timeline = self._app.state.timeline
        await _beside(lambda: load_kernels(timeline.open_current()))


def load_kernels(city: CityIndex) -> None:
    """Machine code is loaded when first asked for, which would be the second of whoever first asks for many points."""
    west, south, east, north = city.index.bounds
    middle = np.full((FEW + 1, 2), ((west + east) / 2, (south + north) / 2))
    assign(city, middle, accuracy_m=np.ones(len(middle)))


async def ask(app: FastAPI, path: str) -> Headers:
    """Headers of the answer of ``app`` to GET ``path``, from within and without a connection."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        FROM_WITHIN: True,
    }
    told: list[tuple[bytes, bytes]] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.extend(message["headers"])

    await app(scope, receive, send)
    return Headers(raw=told)


async def _beside(open_some: Callable[[], None]) -> None:
    """Open in a thread, or say in the log why not: the server answers without, and each question says what it lacks."""
    try:
        await to_thread.run_sync(open_some)
    except (GeoError, SQLAlchemyError) as error:
        structlog.get_logger().warning("not opened yet", error=str(error).splitlines()[0])
