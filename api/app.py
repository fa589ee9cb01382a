"""The application: every door, what stands before them, and what runs beside them."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa
from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import (
    areas,
    blind_spots,
    buildings,
    business_districts,
    comments,
    contrasts,
    coverage,
    differences,
    drawings,
    entities,
    exports,
    follow_ups,
    foretelling,
    health,
    imports,
    incident_counts,
    incidents,
    locate,
    logs,
    openapi,
    pages,
    plan_files,
    plans,
    previews,
    proposals,
    responsibility,
    reviews,
    tiles,
    values,
)
from api.auth import OnlyLoopback
from api.deps import Store
from api.errors import add_handlers, answer
from api.filings import Filings
from api.hours import Clock, OnTime
from api.jobs import Jobs, sweep
from api.looking import Looker
from api.opening import LEAVE_S, OPEN_S, Opening
from api.statics import PageFiles
from api.timelines import Timeline
from geo import db
from geo.errors import TooMuch
from geo.imports.shelves import Shelf
from geo.settings import settings

ROOMS = (
    health,
    areas,
    locate,
    responsibility,
    incidents,
    incident_counts,
    buildings,
    entities,
    blind_spots,
    business_districts,
    coverage,
    follow_ups,
    foretelling,
    imports,
    exports,
    previews,
    contrasts,
    plan_files,
    plans,
    reviews,
    comments,
    differences,
    drawings,
    proposals,
    tiles,
    values,
    pages,
    openapi,
)
STATIC = Path(__file__).parent.parent / "maps" / "static"
BYTES_A_POINT = 64  # two numbers of 17 digits, sign, point and exponent, and the brackets
TURN_S = 0.001
"""Seconds a thread that computes keeps the interpreter to itself; a tile needs it four times, for a moment each."""
SECURITY = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SecurityHeaders:
    """Tells browsers that nothing leaves this origin and nobody embeds it; a page sets its own policy instead."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, guarded_send)


class BodyLimit:
    """Turns away a body larger than any request needs: by its declared length unread, else as soon as it is."""

    def __init__(self, app: ASGIApp, most_bytes: int, but_at: tuple[str, ...] = ()) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.but_at = but_at  # addresses that count for themselves

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self.but_at:
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > self.most_bytes:
            await answer(self._refusal(declared), str(scope.get("request_id", "")))(scope, receive, send)
            return
        read = 0

        async def counted_receive() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most_bytes:
                raise self._refusal(f"{read} or more")
            return message

        await self.app(scope, counted_receive, send)

    def _refusal(self, size: str) -> TooMuch:
        return TooMuch(f"a body of {size} bytes; at most {self.most_bytes}: send it in several requests")


def create_app(engine: sa.Engine | None = None, *, handed_in: Path | None = None) -> FastAPI:
    """The application on ``engine``; without one, on the city's own database, its schema brought up to date.

    Parameters
    ----------
    handed_in
        Folder of the files handed in; None = the database's own under ``home``.

    Raises
    ------
    Unavailable
        When no database can be had.
    """
    store = Store(engine or db.engine())
    app = FastAPI(
        title="GridAtlas 网格图",
        version=version("gridatlas"),
        summary="这块地方归谁管 · Who answers for this ground",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.store, app.state.timeline = store, Timeline(store)
    folder = handed_in or settings().home / "imports" / str(store.engine.url.database)
    app.state.jobs = Jobs(Shelf(folder), store.engine)
    app.state.filings = Filings(Shelf(folder / "plans"), store.engine)
    app.state.filing = CapacityLimiter(1)  # judging takes processor and memory: one file at a time
    app.state.looker = Looker(store.engine)
    app.state.clock = Clock(store.engine)
    app.state.on_open, app.state.is_open, app.state.declared = (lambda: None), False, {}
    add_handlers(app)
    for room in ROOMS:
        app.include_router(room.router)
    app.mount("/static", PageFiles(STATIC), name="static")
    _add_middleware(app, app.state.clock)
    openapi.describe(app)
    return app


def _add_middleware(app: FastAPI, clock: Clock) -> None:
    """The last added is the first a request meets."""
    app.add_middleware(OnTime, clock=clock)
    # level 5: a page of 1 MB in 12 ms instead of 40 at level 9, and 2 % larger
    app.add_middleware(
        GZipMiddleware,
        minimum_size=1000,
        compresslevel=5,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/vnd.apache.arrow.stream"),
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(
        BodyLimit,
        most_bytes=settings().max_points * BYTES_A_POINT + 65_536,
        but_at=(imports.ADDRESS, plan_files.ADDRESS),
    )
    app.add_middleware(OnlyLoopback)
    app.add_middleware(logs.RequestLog)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """As many request threads as pooled connections, so that requests queue; what they would wait for is opened first.

    What still goes on in the background at the end is waited for a while, so that it can give its connection back.
    """
    current_default_thread_limiter().total_tokens = settings().pool_size
    sys.setswitchinterval(TURN_S)
    shelves = (app.state.jobs.shelf, app.state.filings.shelf)
    beside = threading.Thread(target=sweep, args=shelves, name="sweep", daemon=True)
    beside.start()
    app.state.clock.start()
    opening = Opening(app)
    await opening.wait(OPEN_S)
    app.state.on_open()
    yield
    app.state.clock.end(LEAVE_S)
    app.state.looker.rest(LEAVE_S)
    app.state.jobs.rest(LEAVE_S)
    app.state.filings.rest(LEAVE_S)
    await opening.rest(LEAVE_S)
    beside.join(LEAVE_S)
    app.state.timeline.close()
