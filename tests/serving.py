"""The application on a real port, in a thread of the test's own process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
import uvicorn
from alembic import command as _command  # noqa: F401 - imported before a test is run, as folium is below
from fastapi import FastAPI

from api.app import create_app
from api.heads import BoundedHeads
from maps import canvas as _canvas  # noqa: F401 - else the first server of a run spends its seconds of opening on imports


@contextmanager
def served(city: sa.Engine | FastAPI) -> Iterator[str]:
    """Address of a server of an application or the city on an engine, ``http://127.0.0.1:port``; stopped at the end."""
    app = city if isinstance(city, FastAPI) else create_app(city)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # so asyncio sends without delay
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=BoundedHeads, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)  # a server may take three times five seconds to rest; what it holds would be lost with its engine
    listener.close()
