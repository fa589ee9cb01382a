"""A body that is a file, received onto the disk: whole, within what may be handed in, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.errors import Malformed
from geo.imports.shelves import Incoming, Shelf
from geo.settings import settings

FORMS = ("multipart/", "application/x-www-form-urlencoded", "text/plain")
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "文件本身，不是表单 · The bytes of the file itself, not a form",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""What a door says of a body that is a file."""
_BUFFER = 1 << 20


@asynccontextmanager
async def received(request: Request, shelf: Shelf) -> AsyncIterator[Incoming]:
    """The body of a request as a file, all of it; unless it is kept inside the block nothing of it remains.

    Raises
    ------
    Malformed
        When the body is a form, is empty, or was cut off.
    TooMuch, Unavailable
        As :meth:`Shelf.receiving` and :meth:`Incoming.write`.
    """
    type_ = request.headers.get("content-type", "").lower()
    if type_.startswith(FORMS):
        raise Malformed("Content-Type", type_, "must be application/octet-stream: the body is the file itself, no form")
    declared = request.headers.get("content-length", "")
    most = settings().max_import_mb * 1_000_000
    lane = CapacityLimiter(1)  # of its own: a slow upload must not take a thread from those who ask
    with shelf.receiving(most, int(declared) if declared.isdigit() else None) as incoming:
        buffer = bytearray()
        try:
            async for chunk in request.stream():
                buffer += chunk
                if len(buffer) >= _BUFFER:
                    await to_thread.run_sync(incoming.write, bytes(buffer), limiter=lane)
                    buffer.clear()
        except ClientDisconnect as error:
            raise Malformed("body", incoming.size, "was cut off; hand the whole file in again") from error
        await to_thread.run_sync(incoming.write, bytes(buffer), limiter=lane)
        if not incoming.size:
            raise Malformed("body", "", "must hold the file; there were 0 bytes")
        yield incoming
