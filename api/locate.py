"""`/v1/locate`: whose ground a point is, for one point or for many."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, NotRequired

import numpy as np
from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from api.answers import REVALIDATED, EditionNamed, compact, edition_named, etag_of, is_known, plain_column
from api.deps import At, StoreOf, Text, only_known
from api.errors import Malformed, described
from api.points import parse
from api.timelines import Timeline
from geo.areas import Edition
from geo.arrays import Floats
from geo.assignments import Assignment, CityIndex, Rule, assign, explain, open_index
from geo.crs import Datum, datum_of
from geo.errors import Refused
from geo.incidents.reports import converted
from geo.settings import settings

router = APIRouter(prefix="/v1", tags=["locate"], dependencies=[Depends(only_known)])
DATUMS = "`wgs84`, `cgcs2000`, `gcj02`, `bd09`, `EPSG:nnnn`"
_MEMBERS = {"datum", "at"}
_EXACT = ConfigDict(extra="forbid")


class Named(TypedDict):
    """An area by code and name."""

    level: NotRequired[str]
    kind: NotRequired[str]
    code: str
    name: str


class Candidate(TypedDict):
    """A leaf the point may lie in, with its probability, 0 to 1."""

    code: str
    name: str
    probability: float


class Nearest(TypedDict):
    """The area nearest to a point outside the city."""

    code: str
    name: str
    distance_m: float


class Words(TypedDict):
    """One thing said in Chinese and in English."""

    zh: str
    en: str


class Located(TypedDict):
    """Whose ground a point is; ``position`` in degrees WGS 84."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    position: list[float] | None
    datum: str
    edition: EditionNamed
    areas: list[Named]
    grid: Named | None
    rule: str
    border_m: float | None
    is_doubtful: bool
    probability: float
    candidates: list[Candidate]
    nearest: Nearest | None
    explain: Words


class Points(TypedDict):
    """Points to be located, longitude (or east) first in every datum; ``null`` where a position is not known."""

    points: list[Annotated[list[float | None], Field(min_length=2, max_length=2)]]
    datum: NotRequired[str]
    at: NotRequired[str]


class PointsLocated(TypedDict):
    """Columns with one entry a point, in the order given; ``rules`` counts what decided."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    edition: EditionNamed
    datum: str
    count: int
    unplaced: int
    rules: dict[str, int]
    columns: dict[str, list[Any]]


def datum_named(name: str) -> Datum:
    """The datum of this name. Raises Malformed when there is none."""
    try:
        return datum_of(name)
    except Refused as error:
        raise Malformed("datum", name, error.detail) from error


def lonlat_of(lon: float, lat: float, datum: Datum) -> Floats:
    """The point (1, 2) in degrees WGS 84. Raises Malformed when degrees are off the Earth."""
    if datum.epsg is None and not (abs(lon) <= 180 and abs(lat) <= 90):
        name, value, most = ("lat", lat, 90) if abs(lat) > 90 else ("lon", lon, 180)
        hint = "; are lon and lat swapped?" if abs(lon) <= 90 and abs(lat) <= 180 else ""
        raise Malformed(name, value, f"must lie between -{most} and {most} degrees{hint}")
    return converted(np.array([[lon, lat]]), datum.name)


@router.get(
    "/locate",
    summary="此处归谁管 · Whose ground this point is",
    response_model=Located,
    responses=described("malformed", "unknown", "unavailable"),
)
async def locate(
    request: Request,
    lon: Annotated[float, Query(allow_inf_nan=False, description="经度（或东坐标）· Longitude, or east")],
    lat: Annotated[float, Query(allow_inf_nan=False, description="纬度（或北坐标）· Latitude, or north")],
    datum: Annotated[Text, Query(description=f"坐标系 · Datum: {DATUMS}")] = "wgs84",
    at: At = None,
    accuracy_m: Annotated[
        float | None, Query(ge=0, le=100_000, description="定位精度（米）· Radius of uncertainty, metres")
    ] = None,
) -> Response:
    """Areas of every level, the grid, how far its border is, which others it may be, and why.

    The position decides, never its accuracy: that tells the candidates and whether the answer is doubtful.
    """
    known = datum_named(datum)
    place = lonlat_of(lon, lat, known)
    timeline: Timeline = request.app.state.timeline
    city, instant = await timeline.asked(at)
    etag = etag_of(city.edition, instant)
    if is_known(request, etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": REVALIDATED})
    if accuracy_m:
        # the share of a disc in each leaf takes milliseconds: not on the thread that serves everyone
        found = await to_thread.run_sync(_explained, city, place, accuracy_m)
    else:
        found = _explained(city, place, None)
    content = {**found, "datum": known.name, "edition": edition_named(city.edition, instant)}
    return _response(content, city.edition, instant)


def _explained(city: CityIndex, place: Floats, accuracy_m: float | None) -> dict[str, Any]:
    lon, lat = place[0].tolist()
    position = [round(lon, 8), round(lat, 8)] if np.isfinite(place).all() else None
    return {"position": position, **explain(city, (lon, lat), accuracy_m=accuracy_m)}


def _response(content: Mapping[str, Any], edition: Edition, instant: datetime | None) -> Response:
    headers = {"ETag": etag_of(edition, instant), "Cache-Control": REVALIDATED}
    return Response(compact(content), media_type="application/json", headers=headers)


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Malformed("Content-Type", kind, "must be application/json")
    return await request.body()


@router.post(
    "/locate",
    summary="批量定位 · Whose ground many points are",
    response_model=PointsLocated,
    responses=described("malformed", "denied", "unknown", "too-much", "unavailable"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Points"}}},
        }
    },
)
def locate_many(store: StoreOf, body: Annotated[bytes, Depends(_body)]) -> Response:
    """As many answers as points, as columns; the same as asking for each by itself, whatever their order."""
    points, others = parse(body, settings().max_points)
    datum, at = _members(others)
    with store.asked(at) as asked:
        city = open_index(asked.connection, asked.edition)
    made = assign(city, converted(points, datum.name))
    content = {
        "edition": edition_named(asked.edition, asked.instant),
        "datum": datum.name,
        "count": len(points),
        "unplaced": int((made.position < 0).sum()),
        "rules": {rule.key: int((made.rule == rule).sum()) for rule in Rule},
        "columns": _columns(city, made),
    }
    return Response(compact(content), media_type="application/json", headers={"Cache-Control": "no-store"})


def _members(others: dict[str, Any]) -> tuple[Datum, str | None]:
    for name, value in others.items():
        if name not in _MEMBERS:
            raise Malformed(name, value, "is not a member here; there are: points, datum, at")
        if value is not None and not isinstance(value, str):
            raise Malformed(name, value, "must be text")
    return datum_named(others.get("datum") or "wgs84"), others.get("at")


def _columns(city: CityIndex, made: Assignment) -> dict[str, list[Any]]:
    """One list a column; codes of every level, None where there is none."""
    columns: dict[str, list[Any]] = {}
    for level, codes in zip(city.city.levels, city.level_codes, strict=True):
        columns[level.key] = _codes(codes, made.position)
    keys = np.array([rule.key for rule in Rule], dtype=object)
    outside = np.where(made.rule == Rule.OUTSIDE, made.nearest, -1)
    columns["rule"] = keys[made.rule].tolist()
    columns["border_m"] = plain_column(made.border_m)
    columns["is_doubtful"] = made.is_doubtful.tolist()
    columns["nearest"] = _codes(city.level_codes[-1], outside)
    return columns


def _codes(codes: np.ndarray[Any, Any], position: np.ndarray[Any, Any]) -> list[str | None]:
    known = np.empty(len(codes) + 1, dtype=object)
    known[:-1] = [code or None for code in codes.tolist()]
    found: list[str | None] = known[position].tolist()  # -1, for none, is the None at the end
    return found
