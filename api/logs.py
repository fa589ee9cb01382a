"""One JSON line a request: its id, method, path, status and milliseconds; the last catch for the unforeseen."""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer

HEADER = "X-Request-Id"
FROM_WITHIN = "gridatlas.from_within"
"""Key of a scope that no connection brought: the server asks itself, and tells of it only to who debugs."""
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def configure(level: str) -> None:
    """Send every log line as JSON to standard error, from ``level`` (``debug`` … ``error``) upwards."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class RequestLog:
    """Gives every request an id, in the log, in the answer and in every problem.

    An id the caller sends in ``X-Request-Id`` is kept when it is 1–64 letters, digits, ``.``, ``_`` or ``-``: a
    caller's text must not be able to forge a log line.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        level = logging.DEBUG if FROM_WITHIN in scope else logging.INFO
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        scope["request_id"] = request_id
        status, began = 0, time.perf_counter()

        async def named_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            log = structlog.get_logger()
            try:
                await self.app(scope, receive, named_send)
            except Exception as error:
                log.exception("fault")
                if status:
                    raise  # half an answer is out: only closing the connection tells the caller so
                await answer(error, request_id)(scope, receive, named_send)
            finally:
                took_ms = round((time.perf_counter() - began) * 1000, 2)
                log.log(level, "request", method=scope["method"], path=scope["path"], status=status, ms=took_ms)
