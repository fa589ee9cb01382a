"""A server of a city in a process of its own, which can be killed; forked from one that has loaded what it needs."""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from geo import db

LOADED = ("api.app", "uvicorn", "geo.assignments", "geo.incidents.adding", "geo.space.cells.asking")
"""What the process has loaded from which those of a proof are forked, whichever is the first."""
UNTIL_S = 60.0


def forked() -> ForkServerContext:
    """Makes processes forked from one that has loaded what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


class ServedApart:
    """A server of the city at the URL of a database; gone at the end of its block."""

    def __init__(self, url: str) -> None:
        context = forked()
        here, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(url, there))
        self.process.start()
        assert here.poll(UNTIL_S), "the server does not answer"
        self.address = str(here.recv())

    def __enter__(self) -> ServedApart:
        return self

    def kill(self) -> None:
        """``kill -9``."""
        self.process.kill()
        self.process.join()

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.process.close()


def _serve(url: str, told: Connection) -> None:
    from api.logs import configure
    from tests.serving import served

    configure("error")
    with served(db.connect(url)) as address:
        told.send(address)
        threading.Event().wait()
