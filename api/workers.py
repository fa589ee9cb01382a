"""Several workers behind one socket: forked from a process that has imported everything, and replaced when they end.

gunicorn keeps the workers and uvicorn serves in each. What the first process has made (modules, routes) they share; a
connection or a thread they cannot, so none may be open when they are forked.
"""

from __future__ import annotations

import logging
import socket
from typing import Any

import structlog
from fastapi import FastAPI
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from uvicorn_worker import UvicornWorker

STUCK_S = 60
"""Seconds without a sign of life after which a worker is replaced."""
END_S = 20
"""Seconds a worker that was told to stop may take; what it waits for itself is shorter."""


class _Told(logging.Handler):
    """Hands a line on to our own log."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(record.levelno, record.getMessage(), exc_info=record.exc_info)


class _Log(Logger):
    """What the keeper itself has to say, of which only warnings and worse are told."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers = [_Told()]
        self.error_log.setLevel(logging.WARNING)


class _Keeper(Arbiter):
    """Ends every order to stop in the same way: what its own answer to SIGINT sends, uvicorn does not hear."""

    def handle_int(self) -> None:
        self.handle_term()

    def handle_quit(self) -> None:
        self.handle_term()


class _Kept(BaseApplication):
    """What gunicorn asks for: its settings, and the application."""

    def __init__(self, app: FastAPI, settings: dict[str, Any]) -> None:
        self._app, self._settings = app, settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> FastAPI:
        return self._app


def keep(app: FastAPI, bound: socket.socket, count: int, serving: dict[str, Any]) -> None:
    """Keep ``count`` workers of ``app`` on ``bound`` until SIGINT or SIGTERM, then end this process.

    Parameters
    ----------
    app
        With no connection open and no thread begun.
    bound
        Listens already; it is not the caller's any more.
    serving
        What uvicorn is told in each worker.

    Raises
    ------
    SystemExit
        0 after an order to stop; another when no worker can start.
    """

    class Worker(UvicornWorker):  # type: ignore[misc]
        CONFIG_KWARGS = UvicornWorker.CONFIG_KWARGS | serving

    settings = {
        "bind": f"fd://{bound.detach()}",
        "workers": count,
        "worker_class": Worker,
        "logger_class": _Log,
        "preload_app": True,
        "timeout": STUCK_S,
        "graceful_timeout": END_S,
        "control_socket_disable": True,
    }
    _Keeper(_Kept(app, settings)).run()
