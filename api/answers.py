"""Answers that depend on an edition: they name it, and a caller who has them already is told so.

References
----------
RFC 9110 §8.8.3 (ETag) and §13.1.2 (If-None-Match); RFC 8246 (immutable).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NotRequired

import numpy as np
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from api.forecasts import PlanExpected, PlanOmitted, expected, omitted
from api.lists import to_digits
from geo.areas import Edition
from geo.plans.calendar import is_to_come

REVALIDATED = "private, no-cache"
NOT_STORED = {"Cache-Control": "no-store"}
IMMUTABLE = "private, max-age=31536000, immutable"
GEOJSON = "application/geo+json"


class EditionNamed(TypedDict):
    """Which edition answered; ``forecast`` when it was asked for a time to come, which later editions may change.

    A forecast is the edition in force as the ``plans`` scheduled until then will have changed it, without those
    ``omitted``, which could not come into force as things stand.
    """

    number: int
    effective_at: str
    forecast: NotRequired[bool]
    plans: NotRequired[list[PlanExpected]]
    omitted: NotRequired[list[PlanOmitted]]


def edition_named(edition: Edition, instant: datetime | None) -> EditionNamed:
    """What an answer says of its edition; ``instant`` is what was asked for, None = now."""
    named = EditionNamed(number=edition.number, effective_at=edition.effective_at.isoformat())
    if edition.forecast or is_to_come(instant):
        named |= {"forecast": True, "plans": expected(edition)}
        if left_out := omitted(edition):
            named["omitted"] = left_out
    return named


def foretold(named: EditionNamed) -> str:
    """What a console says beside an edition that answers as a forecast; blank where it does not."""
    plans = ", ".join(f"{one['plan']} {one['plan_name']}" for one in named.get("plans", []))
    left_out = "".join(f" · 未计入 omitted {one['plan']}: {one['why']}" for one in named.get("omitted", []))
    return f" · 预测 forecast: {plans or '无 nothing scheduled'}{left_out}" if "forecast" in named else ""


def etag_of(edition: Edition, instant: datetime | None) -> str:
    """A validator of every answer on this edition, to be used beside the URL.

    Weak, since compressed and plain bodies share it. ``published_at`` is in it because a database that was reset may
    hold another edition of the same number.
    """
    future = f"f{edition.forecast.key}-" if edition.forecast else "f" if is_to_come(instant) else ""
    return f'W/"e{edition.number}{future}-{int(edition.published_at.timestamp() * 1e6):x}"'


def is_known(request: Request, etag: str) -> bool:
    """True when the caller says it holds the answer this ``etag`` stands for."""
    given = request.headers.get("if-none-match")
    return given is not None and etag in (part.strip() for part in given.split(","))


def on_edition(
    request: Request,
    edition: Edition,
    instant: datetime | None,
    body: Callable[[], Mapping[str, Any]],
    media_type: str = "application/json",
) -> Response:
    """The answer ``body()`` with the edition named in it; 304 without computing it when the caller has it."""
    headers = {"ETag": etag_of(edition, instant), "Cache-Control": REVALIDATED}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    content = {**body(), "edition": edition_named(edition, instant)}
    return JSONResponse(content, headers=headers, media_type=media_type)


def plain(value: float, digits: int = 2) -> float | None:
    """A figure as JSON has it: rounded, and None for what is not finite."""
    return round(float(value), digits) if np.isfinite(value) else None


def plain_column(values: np.ndarray[Any, np.dtype[np.float64]], digits: int = 2) -> list[float | None]:
    """Figures as JSON has them, None for those not finite."""
    found: list[float | None] = to_digits(values, digits).tolist()
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        found[row] = None
    return found


def compact(content: Any) -> bytes:
    """JSON without blanks, as UTF-8. Raises ValueError when a number is not finite: JSON has no word for it."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def cell_of(value: Any) -> Any:
    """A cell of a table that no table program takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
