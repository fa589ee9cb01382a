"""``gridatlas serve``: the pages and the HTTP doors on this machine."""

from __future__ import annotations

import errno
import gc
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    import sqlalchemy as sa
    import uvicorn
    from fastapi import FastAPI

GRACE_S = 5
_TRIED = 200
_SPARE = 8
"""Connections left to commands beside the server, and to PostgreSQL's own."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to ``host`` and ``port``; port 0 takes a free one.

    Raises
    ------
    Refused
        When ``host`` lets others than this machine in, or the port is taken; the message names the next free one.
    """
    from api.auth import only_loopback
    from geo.errors import Refused

    only_loopback(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named; else each waits 40 ms
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that still drains is free for the next server
    try:
        made.bind((host, port))
        made.listen(128)  # binding alone may succeed beside another server that has not begun to listen
    except OSError as error:
        made.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise Refused(f"cannot listen on {host}:{port}: {error.strerror}") from error
        why = "is taken" if error.errno == errno.EADDRINUSE else "is kept for the administrator"
        raise Refused(f"port {port} {why}; port {_free(family, host, port)} is free: --port N, or --port 0") from error
    made.set_inheritable(False)
    return made


def _free(family: socket.AddressFamily, host: str, port: int) -> int:
    """The next port after ``port`` that can be had; any free one when none of the next 200 can."""
    first = max(port + 1, 1024)
    for candidate in [*range(first, min(first + _TRIED, 65536)), 0]:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
                probe.listen(1)
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0


def address(bound: socket.socket) -> str:
    """URL of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def application(engine: sa.Engine | None = None) -> FastAPI:
    """The application; ``engine`` None = the city's own database.

    While it is imported no garbage is collected, and what came is never looked at again: a sixth of the time to start,
    and tens of milliseconds of each full collection later.

    Raises
    ------
    Unavailable
        When no database can be had.
    """
    gc.disable()
    try:
        from api.app import create_app

        return create_app(engine)
    finally:
        gc.freeze()
        gc.enable()


def server(engine: sa.Engine | None = None) -> uvicorn.Server:
    """A server of the application, not yet started; ``engine`` None = the city's own database.

    Raises
    ------
    Unavailable
        When no database can be had.
    """
    return _server(_configured(engine))


def _configured(engine: sa.Engine | None = None) -> FastAPI:
    from api.logs import configure
    from geo.settings import settings

    configure(settings().log_level)
    return application(engine)


def _server(app: FastAPI) -> uvicorn.Server:
    import uvicorn

    return uvicorn.Server(uvicorn.Config(app, **_told()))


def _told() -> dict[str, Any]:
    """What uvicorn is told, in one process or in each of several."""
    from api.heads import BoundedHeads

    return {
        "http": BoundedHeads,
        "log_config": None,  # our own line a request, and nothing beside it
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACE_S,
    }


def serve(port: int, on_ready: Callable[[str], None], host: str | None = None, workers: int | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests that run then have five seconds to end.

    Parameters
    ----------
    port
        0 takes a free one.
    on_ready
        Called once with the address, when requests are answered; in the first worker that is ready.
    host
        A loopback name; None = setting ``host``.
    workers
        Processes that answer; None = setting ``workers``.

    Raises
    ------
    Refused
        When the port is taken, the host is not this machine, or the database has not connections for so many workers.
    Unavailable
        When no database can be had.
    """
    from geo.settings import settings

    count = workers or settings().workers
    with listen(host or settings().host, port) as bound:
        app, url = _configured(), address(bound)
        app.state.on_open = lambda: on_ready(url)
        if count == 1:
            _serve_here(app, bound)
        else:
            _serve_in(count, app, bound)


def _serve_here(app: FastAPI, bound: socket.socket) -> None:
    # uvicorn stops in order and then raises the signal again for whoever runs it: here, nobody is left to stop
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        _server(app).run([bound])


def _serve_in(count: int, app: FastAPI, bound: socket.socket) -> None:
    import asyncio
    from multiprocessing import Semaphore

    from api.opening import open_once
    from api.workers import keep

    check_connections(app.state.store.engine, count)
    asyncio.run(open_once(app))
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join()  # it was told to end with the loop; a fork must not meet it
    gc.freeze()
    first, tell = Semaphore(1), app.state.on_open

    def on_open() -> None:
        if first.acquire(block=False):
            tell()

    app.state.on_open = on_open
    keep(app, bound, count, _told())


def check_connections(engine: sa.Engine, count: int) -> None:
    """Nothing, when the database has connections for so many workers and some to spare.

    Raises
    ------
    Refused
        Otherwise; the message says how many workers there may be.
    """
    import sqlalchemy as sa

    from geo import db
    from geo.errors import Refused
    from geo.settings import settings

    with db.read(engine) as connection:
        there = int(connection.execute(sa.text("SHOW max_connections")).scalar_one())
    each = settings().pool_size + db.OVERFLOW
    if count * each + _SPARE > there:
        raise Refused(
            f"{count} workers with {each} connections each are more than the {there} of the database: "
            f"at most {max(1, (there - _SPARE) // each)} workers, or a smaller GRIDATLAS_POOL_SIZE"
        )


def register(app: typer.Typer) -> None:
    """Add ``serve``."""

    @app.command("serve")
    def _serve(
        port: Annotated[
            int | None, typer.Option(help="端口 · port to listen on; 0 takes a free one", min=0, max=65535)
        ] = None,
        host: Annotated[str | None, typer.Option(help="本机地址 · a loopback address")] = None,
        workers: Annotated[int | None, typer.Option(help="进程数 · processes that answer", min=1)] = None,
    ) -> None:
        """启动服务 · Serve the maps and the HTTP doors on this machine, until Ctrl-C."""
        from geo.settings import settings

        console = Console()

        def ready(url: str) -> None:
            console.print(f"GridAtlas 网格图  [bold]{url}[/]   Ctrl-C 停止 · stops", highlight=False)

        serve(settings().port if port is None else port, ready, host, workers)
