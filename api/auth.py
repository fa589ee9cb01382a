"""Who stands at the door: an Actor for every request, and no door that opens to the outside.

Until sign-in exists anyone who reaches the server may name themselves, so it is reachable from this machine alone:
it listens on loopback only, answers only to a loopback name, and takes changes only from its own pages.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Malformed, answer
from geo.actors import Actor
from geo.errors import Denied, Refused
from geo.settings import LOOPBACK, settings

ROLES = ("planner", "dispatcher", "official", "operator")
NAME_HEADER, ROLE_HEADER = "X-GridAtlas-Actor", "X-GridAtlas-Role"
NAME_COOKIE, ROLE_COOKIE = "gridatlas_actor", "gridatlas_role"
_READING = ("GET", "HEAD", "OPTIONS")
_LONGEST_NAME = 64


def only_loopback(host: str) -> str:
    """``host`` as given.

    Raises
    ------
    Refused
        When others than this machine could connect to it.
    """
    if host not in LOOPBACK:
        raise Refused(
            f"host {host!r} would let other machines in, and there is no sign-in yet: use one of {', '.join(LOOPBACK)}"
        )
    return host


def _roles(text: str) -> frozenset[str]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    for role in asked:
        if role not in ROLES:
            raise Malformed(ROLE_HEADER, role, f"must be one or more of {', '.join(ROLES)}, separated by commas")
    return frozenset(asked or ROLES)


async def actor(request: Request) -> Actor:
    """Who asks: by header, else by the cookie of the page's role picker, else ``GRIDATLAS_ACTOR`` with every role.

    A name may be percent-encoded UTF-8, since headers and cookies carry no Chinese.

    Raises
    ------
    Malformed
        When a role is not known, or a name is not 1–64 printable characters.
    """
    headers, cookies = request.headers, request.cookies
    name = unquote(headers.get(NAME_HEADER) or cookies.get(NAME_COOKIE) or "") or settings().actor
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise Malformed(NAME_HEADER, name, f"must be 1 to {_LONGEST_NAME} printable characters")
    return Actor(name=name, roles=_roles(headers.get(ROLE_HEADER) or cookies.get(ROLE_COOKIE) or ""))


Asker = Annotated[Actor, Depends(actor)]


def _name(netloc: str) -> str:
    """Host of ``name``, ``name:port`` or ``[v6]:port``, small letters; '' when it is none of these."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _denial(method: str, headers: Headers) -> Denied | None:
    host, origin = headers.get("host", ""), headers.get("origin")
    if _name(host) not in LOOPBACK:
        return Denied(f"Host {host!r} is not this machine: ask for one of {', '.join(LOOPBACK)}")
    if method in _READING or origin is None or urlsplit(origin).netloc == host:
        return None
    return Denied(f"a change asked for by a page of {origin!r}: only pages of this server may change anything")


class OnlyLoopback:
    """Turns away requests under a foreign name (DNS rebinding) and changes sent by foreign pages.

    References
    ----------
    A page at ``evil.example`` may point its own name at 127.0.0.1 and then read the answers: only the Host header
    tells. A form on it may post here without asking: only Origin tells (Fetch standard, "Origin header").
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        denied = None
        if scope["type"] in ("http", "websocket"):
            denied = _denial(scope.get("method", "GET"), Headers(scope=scope))
        if denied is None:
            await self.app(scope, receive, send)
        else:
            await answer(denied, str(scope.get("request_id", "")))(scope, receive, send)
