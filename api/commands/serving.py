"""``gridatlas serve``: the pages and the HTTP doors on this machine."""

from __future__ import annotations

import errno
import gc
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    import sqlalchemy as sa
    import uvicorn
    from fastapi import FastAPI

GRACE_S = 5
_TRIED = 200


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
    import uvicorn

    from api.logs import configure
    from geo.settings import settings

    configure(settings().log_level)
    return uvicorn.Server(
        uvicorn.Config(
            application(engine),
            log_config=None,  # our own line a request, and nothing beside it
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )


def serve(port: int, on_ready: Callable[[str], None], host: str | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests that run then have five seconds to end.

    Parameters
    ----------
    port
        0 takes a free one.
    on_ready
        Called once with the address, when requests are answered.
    host
        A loopback name; None = setting ``host``.

    Raises
    ------
    Refused
        When the port is taken or the host is not this machine.
    Unavailable
        When no database can be had.
    """
    import asyncio

    from geo.settings import settings

    bound = listen(host or settings().host, port)
    with bound:
        running = server()

        async def tell() -> None:
            while not (running.started or running.should_exit):
                await asyncio.sleep(0.01)
            if running.started:
                on_ready(address(bound))

        async def both() -> None:
            told = asyncio.create_task(tell())
            await running.serve(sockets=[bound])
            await told

        # uvicorn stops in order and then raises the signal again for whoever runs it: here, nobody is left to stop
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            asyncio.run(both())


def register(app: typer.Typer) -> None:
    """Add ``serve``."""

    @app.command("serve")
    def _serve(
        port: Annotated[
            int | None, typer.Option(help="端口 · port to listen on; 0 takes a free one", min=0, max=65535)
        ] = None,
        host: Annotated[str | None, typer.Option(help="本机地址 · a loopback address")] = None,
    ) -> None:
        """启动服务 · Serve the maps and the HTTP doors on this machine, until Ctrl-C."""
        from geo.settings import settings

        console = Console()

        def ready(url: str) -> None:
            console.print(f"GridAtlas 网格图  [bold]{url}[/]   Ctrl-C 停止 · stops", highlight=False)

        serve(settings().port if port is None else port, ready, host)
