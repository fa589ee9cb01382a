"""`/v1/values`: indicators, and the value of each for every area or grid of a level, with its parts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from api.answers import edition_named
from api.deps import At, StoreOf, Text, instant_of, only_known
from api.errors import Malformed, described
from api.looking import LookerOf
from api.tiles import tag_of
from geo import areas, drawings
from geo.areas import City, Edition
from geo.coverage.indicators import GROUPS, named, registry
from geo.coverage.matrix import matrix
from geo.coverage.values import Reader, Values
from geo.coverage.values import values as values_of
from geo.plans.calendar import edition_at, hour_at, is_to_come
from maps.values import about, document, matrix_told, packed

router = APIRouter(prefix="/v1", tags=["values"], dependencies=[Depends(only_known)])
_FORMS = ("json", "packed", "csv")
_BOM = "\ufeff"  # so that a Chinese Excel reads UTF-8


@router.get(
    "/indicators",
    summary="有哪些指标 · Indicators, their groups, words, classes and what they are a share of",
    responses=described("malformed", "unavailable"),
)
def indicators() -> dict[str, Any]:
    """What a picker is made of."""
    told = [about(one) | {"breaks": one.breaks, "depth": one.depth} for one in registry().values()]
    return {"groups": [{"key": key, "zh": zh, "en": en} for key, (zh, en) in GROUPS.items()], "indicators": told}


@router.get(
    "/values/{indicator}",
    summary="指标数值 · Values of an indicator for every area of a level",
    responses=described("malformed", "unknown", "unavailable"),
)
def values(
    store: StoreOf,
    looker: LookerOf,
    request: Request,
    indicator: str,
    level: Annotated[str, Query(description="层级 · key of a level, as community or grid")] = "community",
    edition: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="版次 · number of an edition; without it the current one")
    ] = None,
    at: At = None,
    f: Annotated[
        str, Query(description="格式 · json (columns), packed (as the pages read them), csv (a row a place)")
    ] = "json",
) -> Response:
    """One small document in columns: places, values and their parts, classes of the legend, dates and sources.

    Raises
    ------
    Unknown
        For an indicator, level or edition there is none of.
    Malformed
        For a format there is none of, or when both ``edition`` and ``at`` are given.
    """
    if f not in _FORMS:
        raise Malformed("f", f, f"must be one of {', '.join(_FORMS)}")
    asked_of = named(indicator)
    with store.read() as connection:
        city = areas.city(connection)
        asked, instant = edition_asked(connection, city, edition, at)
        number = city.level(level)
    if "run" in asked_of.tallies:
        looker.look()
        looker.foretell(instant)
    with store.read() as connection:
        found = values_of(connection, asked, indicator, number, hour_at(connection, asked, instant))
    if f == "csv":
        return _csv(found)
    told = packed(document(found)) if f == "packed" else document(found)
    if is_to_come(instant):
        told["forecast"] = edition_named(asked, instant)
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return _documented(request, body)


@router.get(
    "/staffing",
    summary="网格力量矩阵 · Posts of a place by line, full and part time, and how many are filled",
    responses=described("malformed", "unknown", "unavailable"),
)
def staffing(
    store: StoreOf,
    within: Annotated[Text | None, Query(description="区域或网格代码 · An area or grid; none = the city")] = None,
    edition: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="版次 · number of an edition")] = None,
    at: At = None,
) -> dict[str, Any]:
    """Those of the place itself and of everything below it.

    Raises
    ------
    Unknown
        For an area, grid or edition there is none of.
    """
    with store.read() as connection:
        city = areas.city(connection)
        asked, instant = edition_asked(connection, city, edition, at)
        reader = Reader(connection, asked, hour=hour_at(connection, asked, instant))
        place = areas.place(connection, within or city.code, asked)
        return {
            "within": place.code,
            "edition": asked.number,
            **matrix_told(matrix(reader, place.id)),
            **({"forecast": edition_named(asked, instant)} if is_to_come(instant) else {}),
        }


def edition_asked(
    connection: sa.Connection, city: City, number: int | None, at: str | None
) -> tuple[Edition, datetime | None]:
    """The edition with this number, or that of an instant, which is told too; the one in force without either.

    Raises
    ------
    Malformed
        When both are given, or ``at`` is no instant.
    Unknown
        When there is no such edition.
    """
    if number is None:
        instant = instant_of(at, city.time_zone)
        return edition_at(connection, instant), instant
    if at is not None:
        raise Malformed("edition", number, "names an edition as at does: give one of them")
    return areas.numbered(connection, number), None


def _documented(request: Request, body: bytes) -> Response:
    headers = {"Cache-Control": "no-cache", "ETag": tag_of(body), "Vary": "Accept-Encoding"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = drawings.packed(body), "gzip"
    return Response(body, media_type="application/json", headers=headers)


# -- CSV ---------------------------------------------------------------------------------------------------------------
def _csv(found: Values) -> Response:
    out = io.StringIO()
    csv.writer(out).writerows(_lines(found))
    name = f"{found.indicator.key}-{found.city.levels[found.level].key}-e{found.edition.number}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-cache"}
    return Response(_BOM + out.getvalue(), media_type="text/csv", headers=headers)


def _lines(found: Values) -> Iterator[list[Any]]:
    """Heads, then a row a place: a value that says too little is blank, and ``state`` says why."""
    columns = {"value": found.value, "of": found.rows.of, "among": found.rows.among}
    columns |= {"unknown": found.rows.unknown, "whole": found.rows.whole, "unknown_share": found.rows.unknown_share}
    if found.smoothed:
        columns |= {"smoothed": found.smoothed.share, "low": found.smoothed.low, "high": found.smoothed.high}
    if found.before:
        columns |= {"before_of": found.before.rows.of, "before_among": found.before.rows.among}
    tail = [
        found.indicator.key,
        found.edition.number,
        (found.run.number or "") if found.run else "",
        found.since,
        found.until,
        " ".join(found.sources),
    ]
    yield ["code", "name", "level", *columns, "state", "indicator", "edition", "run", "since", "until", "sources"]
    key = found.city.levels[found.level].key
    for at, place in enumerate(found.places):
        cells = [_cell(column[at]) for column in columns.values()]
        yield [place.code, _safe(place.name), key, *cells, _state(found, at), *tail]


def _state(found: Values, at: int) -> str:
    if found.is_unknown[at]:
        return "unknown"
    if found.is_scarce[at]:
        return "too little data"
    return "nothing there" if np.isnan(found.value[at]) else ""


def _cell(value: float) -> Any:
    if np.isnan(value):
        return ""
    return int(value) if value == int(value) else round(float(value), 6)


def _safe(name: str) -> str:
    """A name no table program takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name
