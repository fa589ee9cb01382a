"""`/v1/coverage`: every rate and indicator of the areas of a level, each with its parts, as a table or a map."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import GEOJSON, NOT_STORED, EditionNamed, cell_of, edition_named
from api.blind_spots import RunNamed, Within, run_named
from api.deps import At, Question, StoreOf, Text, only_known
from api.errors import Malformed, described
from api.looking import LookerOf, look
from geo.areas import City, Edition, Place
from geo.coverage import overviews, places, runs
from geo.coverage.overviews import Overview, Shown
from geo.coverage.runs import Run
from geo.coverage.tallies.asking import Asked
from geo.coverage.tallies.found import answering
from geo.plans.calendar import is_to_come

router = APIRouter(prefix="/v1/coverage", tags=["coverage"], dependencies=[Depends(only_known)])
FORMS = ("json", "geojson", "csv")
_BOM = "\ufeff"  # so that a Chinese Excel reads UTF-8
_PARTS = ("value", "of", "among", "unknown", "whole")
_LARGEST = 2**31 - 1


class AboutIndicator(TypedDict):
    """What an indicator is: ``of`` among ``among``; ``unknown`` of ``whole`` are not known."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    key: str
    zh: str
    en: str
    group: str
    kind: str
    words: dict[str, list[str]]
    dated: str
    since: str | None
    until: str | None


class Row(TypedDict):
    """An area or grid with its values; each is null where it is a share of nothing or too little is known."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    code: str
    name: str
    level: str
    place: list[float]
    values: dict[str, dict[str, float | None]]


class Coverage(TypedDict):
    """One page of places by code; ``total`` is the place they all lie in.

    ``run`` is null where none was made on the edition of then. A time to come has ``forecast``: what is scheduled until
    then has come, and all registers are as they are now.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    run: RunNamed | None
    edition: int
    forecast: NotRequired[EditionNamed]
    level: str
    indicators: list[AboutIndicator]
    rows: list[Row]
    total: Row
    next: str | None


@router.get(
    "",
    summary="覆盖情况 · Rates and indicators of every area, with their parts",
    response_model=Coverage,
    responses=described("malformed", "unknown", "refused", "unavailable"),
)
def coverage(
    request: Request,
    store: StoreOf,
    looker: LookerOf,
    level: Annotated[Text, Query(description="层级 · Key of a level, as community or grid")] = "community",
    within: Within = None,
    at: At = None,
    indicator: Annotated[
        Text | None, Query(description="指标 · Keys of /v1/indicators, with commas; none = all")
    ] = None,
    limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 200,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="翻页 · From the link `next`")] = 0,
    f: Annotated[Text, Query(description="格式 · json, geojson or csv, a page each")] = "json",
) -> Response:
    """Sums of parts, never averages of rates: the rows and what is told of their own place add up to the total."""
    if f not in FORMS:
        raise Malformed("f", f, f"must be one of {', '.join(FORMS)}")
    keys = tuple(part.strip() for part in (indicator or "").split(",") if part.strip())
    look(store, looker, at)
    with store.asked(at) as asked:
        connection, city, edition = asked.connection, asked.city, asked.edition
        run = _run(asked)
        found = overviews.overview(connection, edition, (level, within, keys), asked.hour, after=after, limit=limit)
        if f == "csv":
            day = run.day.isoformat() if run else f"e{edition.number}"
            return _csv(city, found, f"coverage-{day}-{level}.csv")
        named = run and run_named(connection, run)
        head: dict[str, Any] = {"run": named, "edition": edition.number, "level": level}
        head |= {"forecast": edition_named(edition, asked.instant)} if is_to_come(asked.instant) else {}
        head |= {"indicators": [_about(one) for one in found.shown]}
        head |= {"total": _row(city, found.within, found, None), "next": _following(request, found, after)}
        rows = [_row(city, place, found, at) for at, place in enumerate(found.places)]
        if f == "geojson":
            return _geojson(connection, found, edition, head, rows)
    return JSONResponse({**head, "rows": rows}, headers=NOT_STORED)


def _run(asked: Question) -> Run | None:
    """The run whose units are counted: as :func:`geo.coverage.tallies.found.answering` has it."""
    if asked.instant is None:
        return runs.numbered(asked.connection)
    return answering(Asked(asked.connection, asked.edition, datetime.now(UTC), asked.hour))


def _following(request: Request, found: Overview, after: int) -> str | None:
    if not found.more:
        return None
    return f"{request.url.path}?{request.url.include_query_params(after=after + len(found.places)).query}"


def _about(shown: Shown) -> dict[str, Any]:
    told = shown.indicator
    plain = {name: getattr(told, name) for name in ("key", "zh", "en", "group", "kind")}
    words = {name: list(both) for name, both in told.words.items()}
    days = {"dated": shown.dated, "since": shown.since or None, "until": shown.until or None}
    return plain | {"words": words} | days


def _row(city: City, place: Place, found: Overview, at: int | None) -> dict[str, Any]:
    values = {
        one.indicator.key: overviews.figures(one, one.total if at is None else one.rows, at or 0) for one in found.shown
    }
    lon, lat = place.label
    key = city.levels[place.level].key
    return {
        "code": place.code,
        "name": place.name,
        "level": key,
        "place": [round(lon, 7), round(lat, 7)],
        "values": values,
    }


def _geojson(
    connection: sa.Connection, found: Overview, edition: Edition, head: dict[str, Any], rows: list[dict[str, Any]]
) -> Response:
    kind = "grid" if found.places and found.places[0].kind is not None else "area"
    grounds = places.grounds(connection, kind, [place.id for place in found.places], edition)
    features = [
        {"type": "Feature", "id": row["code"], "geometry": grounds.get(place.id), "properties": row}
        for place, row in zip(found.places, rows, strict=True)
    ]
    body = {"type": "FeatureCollection", **head, "features": features}
    return JSONResponse(body, media_type=GEOJSON, headers=NOT_STORED)


def _csv(city: City, found: Overview, name: str) -> Response:
    """A row a place and the total last; the parts of each indicator beside its value."""
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\r\n")
    keys = [one.indicator.key for one in found.shown]
    writer.writerow(["code", "name", "level", *(f"{key}{_suffix(part)}" for key in keys for part in _PARTS)])
    rows = [_row(city, place, found, at) for at, place in enumerate(found.places)]
    for row in [*rows, _row(city, found.within, found, None)]:
        cells = [row["values"][key][part] for key in keys for part in _PARTS]
        writer.writerow([row["code"], cell_of(row["name"]), row["level"], *cells])
    headers = NOT_STORED | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_BOM + told.getvalue(), media_type="text/csv", headers=headers)


def _suffix(part: str) -> str:
    return "" if part == "value" else f".{part}"
