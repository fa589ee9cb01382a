"""How the doors say no: one table from error to status, and bodies after RFC 9457.

References
----------
RFC 9457, Problem Details for HTTP APIs; RFC 9110 §10.2.3, Retry-After.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from shapely.geometry import mapping
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from geo.errors import Broken, Denied, GeoError, Misjudged, Refused, Stale, TooMuch, Unavailable, Unknown

MEDIA_TYPE = "application/problem+json"


class Malformed(GeoError):
    """A parameter that cannot be read.

    Parameters
    ----------
    parameter
        Its name as the caller wrote it.
    value
        What was given.
    expected
        What would be right.
    """

    def __init__(self, parameter: str, value: object, expected: str) -> None:
        super().__init__(f"{parameter}={_shortened(value)}: {expected}")
        self.fault = {"parameter": parameter, "value": _shortened(value), "expected": expected}


@dataclass(frozen=True)
class Kind:
    """What callers may rely on of one class of problem: its name in URLs, status, and title."""

    name: str
    status: int
    title: str


KINDS: dict[type[Exception], Kind] = {
    Malformed: Kind("malformed", 400, "参数有误 · A parameter cannot be read"),
    Denied: Kind("denied", 403, "无权访问 · Not allowed"),
    Unknown: Kind("unknown", 404, "没有找到 · Not found"),
    Stale: Kind("stale", 409, "情况已变 · The ground has changed since"),
    TooMuch: Kind("too-much", 413, "请求过大 · Too much for one request"),
    Broken: Kind("broken", 422, "网格不再完整划分 · The leaves would no longer partition"),
    Misjudged: Kind("misjudged", 422, "文件有误 · The file is wrong"),
    Refused: Kind("refused", 422, "无法照办 · Understood, and cannot be done as it stands"),
    Unavailable: Kind("unavailable", 503, "暂时不可用 · Not available now"),
    Exception: Kind("fault", 500, "服务出错 · Something went wrong inside"),
}

EXAMPLE = {
    "type": "/problems/malformed",
    "title": KINDS[Malformed].title,
    "status": 400,
    "detail": "lon=abc: must be a number",
    "instance": "5f0c1d2e3a4b4c5d8e9f0a1b2c3d4e5f",
    "errors": [{"parameter": "lon", "value": "abc", "expected": "must be a number"}],
}


def kind_of(error: BaseException) -> Kind:
    """The row of the table that fits ``error`` most closely; the last row fits everything."""
    for cls in type(error).__mro__:
        if kind := KINDS.get(cls):
            return kind
    return KINDS[Exception]


def described(*names: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI ``responses`` of the problems an operation can answer with, by name; a 500 is always among them."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in KINDS.values():
        if kind.name in names or kind.name == "fault":
            example = {**EXAMPLE, "type": f"/problems/{kind.name}", "title": kind.title, "status": kind.status}
            if kind.name != "malformed":
                example = {key: value for key, value in example.items() if key != "errors"} | {"detail": "…"}
            found[kind.status] = {
                "description": kind.title,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
            }
    return found


def problem(kind: Kind, detail: str, request_id: str, **more: Any) -> Response:
    """The answer to a request that failed.

    Parameters
    ----------
    kind
        A row of the table.
    detail
        What was wrong, the value, what would be right.
    request_id
        Becomes ``instance``; the log has it too.
    more
        Further members: ``where`` (GeoJSON, lon/lat degrees), ``errors``, ``message`` (the detail in both languages);
        those that are None stay out.
    """
    body = {"type": f"/problems/{kind.name}", "title": kind.title, "status": kind.status, "detail": detail}
    body |= {"instance": request_id} | {key: value for key, value in more.items() if value is not None}
    # what was given is quoted, and may hold half a surrogate pair, which UTF-8 has no bytes for
    content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return Response(content, status_code=kind.status, media_type=MEDIA_TYPE)


def answer(error: Exception, request_id: str) -> Response:
    """The problem a caller sees for ``error``; of an unforeseen one it sees nothing but the request id."""
    kind = kind_of(error)
    if not isinstance(error, GeoError):
        detail = f"the request was not carried out; the log knows why under {request_id}"
        return problem(kind, detail, request_id)
    where = mapping(error.where) if error.where is not None else None
    faults = [error.fault] if isinstance(error, Malformed) else None
    response = problem(kind, error.detail, request_id, where=where, errors=faults, message=message_of(error))
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def message_of(error: GeoError) -> dict[str, str] | None:
    """What an error says in both languages; None where it speaks English alone."""
    return {"zh-CN": error.zh, "en": error.detail} if error.zh else None


def request_id_of(request: Request) -> str:
    """The id the log line of this request carries."""
    return str(request.scope.get("request_id", ""))


def _shortened(value: object, length: int = 80) -> str:
    text = str(value)
    return text if len(text) <= length else text[:length] + "…"


def _of_geo(request: Request, error: Exception) -> Response:
    return answer(error, request_id_of(request))


def _of_database(request: Request, error: Exception) -> Response:
    structlog.get_logger().error("database", error=str(error.__cause__ or error).strip())
    return answer(Unavailable("the database does not answer now; ask again shortly"), request_id_of(request))


def _of_value(request: Request, error: Exception) -> Response:
    """A value PostgreSQL cannot hold that no door had refused, as a number beyond its type."""
    structlog.get_logger().warning("value", error=str(error.__cause__ or error).strip())
    detail = "a value of the request is beyond what can be stored; give a smaller one"
    return problem(KINDS[Malformed], detail, request_id_of(request))


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    """One finding of pydantic in our words: parameter, value, expected."""
    location: Sequence[Any] = error["loc"]
    name = ".".join(str(part) for part in location[1:]) or str(location[0])
    kind, given = error["type"], error.get("input", "")
    if kind == "json_invalid":
        name, given = "body", f"at character {name}"
    if kind == "too_short" and given == "":
        return _told(name, given, "must not be empty")
    if kind == "too_long" and isinstance(given, str):
        return _told(name, given, f"must have at most {error['ctx']['max_length']} characters, not {len(given)}")
    expected = _EXPECTED.get(kind) or str(error["msg"]).replace("Input should", "must")
    return _told(name, "" if kind == "missing" else given, expected.removeprefix("Value error, "))


_EXPECTED = {
    "missing": "must be given",
    "extra_forbidden": "is not known here; leave it out, or see /openapi.json for what is",
    "json_invalid": "must be JSON",
}
"""What would be right, by pydantic's name of what was wrong, where its own words do not say so."""


def _told(name: str, given: object, expected: str) -> dict[str, str]:
    return {"parameter": name, "value": _shortened(given), "expected": expected}


def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_fault(found) for found in error.errors()]
    detail = "; ".join(f"{one['parameter']}={one['value']}: {one['expected']}" for one in faults)
    return problem(KINDS[Malformed], detail, request_id_of(request), errors=faults)


def _of_http(request: Request, error: Exception) -> Response:
    """A refusal of the framework itself (no such path, wrong method, body too large), in the same dress."""
    assert isinstance(error, HTTPException)
    known = {kind.status: kind for kind in reversed(KINDS.values())}
    status = HTTPStatus(error.status_code)
    kind = known.get(status) or Kind(status.phrase.lower().replace(" ", "-"), status, status.phrase)
    detail = f"{request.method} {_shortened(request.url.path)}: {error.detail}"
    response = problem(kind, detail, request_id_of(request))
    response.headers.update(error.headers or {})
    return response


def add_handlers(app: FastAPI) -> None:
    """Let ``app`` answer every foreseen error as a problem; the unforeseen are caught where the log line is written."""
    app.add_exception_handler(GeoError, _of_geo)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(DataError, _of_value)
    for cls in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(cls, _of_database)
