"""`/v1/locate`: whose ground a point is, for one point or for many."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, NotRequired
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from api import streams
from api.answers import NOT_STORED, REVALIDATED, EditionNamed, compact, edition_named, etag_of, is_known
from api.deps import At, Text, only_known
from api.errors import Malformed, described
from api.forecasts import Scheduled, scheduled
from api.lists import Texts, hundredths, listed, texts_of
from api.points import parse
from api.timelines import Timeline
from geo.areas import Edition
from geo.arrays import Floats, Positions
from geo.assignments import Assignment, CityIndex, Rule, assign
from geo.columns import chosen, known
from geo.crs import Datum, datum_of
from geo.errors import Refused
from geo.explaining import explain
from geo.incidents.reports import converted
from geo.plans.calendar import is_to_come
from geo.settings import settings
from geo.space.cells.spreads import Kind

router = APIRouter(prefix="/v1", tags=["locate"], dependencies=[Depends(only_known)])
SPREAD = (
    "`accuracy_m` 的含义：`disc` 点位在此半径内均匀分布；`gaussian` 正态分布，68 % 落在此半径内 · "
    "What `accuracy_m` means: `disc`, the point lies anywhere within it, evenly; "
    "`gaussian`, it is normally distributed, 68 % of it within"
)
COLUMNS = (
    "只要这些列，逗号分隔，可为各层级与 rule、border_m、is_doubtful、nearest；缺省为全部 · "
    "The columns wanted, separated by commas: levels, rule, border_m, is_doubtful, nearest; all by default. "
    "What is not wanted is not computed."
)
DATUMS = "`wgs84`, `cgcs2000`, `gcj02`, `bd09`, `EPSG:nnnn`"
JSON = "application/json"
_MEMBERS = {"datum", "at"}
_KINDS = (JSON, streams.ARROW)
_BYTES = {"type": "string", "format": "binary"}
_KEY_TEXTS = texts_of(rule.key for rule in Rule)
_TRUTH_TEXTS = texts_of([False, True])
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
    """Whose ground a point is; ``position`` in degrees WGS 84.

    Asked for a time to come, ``scheduled`` tells what plans will have changed about the point by then.
    """

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
    scheduled: NotRequired[list[Scheduled]]


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
    spread: Annotated[Kind, Query(description=SPREAD)] = "disc",
) -> Response:
    """Areas of every level, the grid, how far its border is, which others it may be, and why.

    The position decides, never its accuracy: that tells the candidates and whether the answer is doubtful. As a
    `disc` the point lies anywhere within `accuracy_m` of its position, evenly. As a `gaussian` it is normally
    distributed about its position, alike in all directions, and lies within `accuracy_m` with 68 %: what receivers
    and telephones tell as accuracy.
    """
    known = datum_named(datum)
    place = lonlat_of(lon, lat, known)
    timeline: Timeline = request.app.state.timeline
    city, instant = await timeline.asked(at)
    etag = etag_of(city.edition, instant)
    is_forecast = is_to_come(instant)
    if not is_forecast and is_known(request, etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": REVALIDATED})
    if accuracy_m:
        # the share of a disc in each leaf takes milliseconds: not on the thread that serves everyone
        found = await to_thread.run_sync(_explained, city, place, accuracy_m, spread)
    else:
        found = _explained(city, place, None, spread)
    content = {**found, "datum": known.name, "edition": edition_named(city.edition, instant)}
    if is_forecast:
        content["scheduled"] = await to_thread.run_sync(scheduled, city.edition, place)
        return Response(compact(content), media_type=JSON, headers=NOT_STORED)
    return _response(content, city.edition, instant)


def _explained(city: CityIndex, place: Floats, accuracy_m: float | None, spread: Kind) -> dict[str, Any]:
    lon, lat = place[0].tolist()
    position = [round(lon, 8), round(lat, 8)] if np.isfinite(place).all() else None
    return {"position": position, **explain(city, (lon, lat), accuracy_m=accuracy_m, spread=spread)}


def _response(content: Mapping[str, Any], edition: Edition, instant: datetime | None) -> Response:
    headers = {"ETag": etag_of(edition, instant), "Cache-Control": REVALIDATED}
    return Response(compact(content), media_type=JSON, headers=headers)


async def _body(request: Request) -> tuple[str, bytes]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise Malformed("Content-Type", kind, f"must be {' or '.join(_KINDS)}")
    return kind, await request.body()


@router.post(
    "/locate",
    summary="批量定位 · Whose ground many points are",
    response_model=PointsLocated,
    responses={
        200: {"content": {streams.ARROW: {"schema": _BYTES}}},
        **described("malformed", "denied", "unknown", "too-much", "unavailable"),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {"$ref": "#/components/schemas/Points"}},
                streams.ARROW: {"schema": _BYTES},
            },
        }
    },
)
async def locate_many(
    request: Request,
    body: Annotated[tuple[str, bytes], Depends(_body)],
    datum: Annotated[Text | None, Query(description=f"坐标系 · Datum: {DATUMS}")] = None,
    at: At = None,
    columns: Annotated[Text | None, Query(description=COLUMNS, examples=["grid,rule"])] = None,
) -> Response:
    """As many answers as points, as columns; the same as asking for each by itself, whatever their order.

    Points come as JSON or as an Arrow stream, and leave as whichever `Accept` names. `datum` and `at` stand in the
    query, or in a body of JSON. With `columns` only those are told, in the order they always have; what decided is
    counted all the same.
    """
    wanted = Wanted(*body, datum, at, columns, streams.ARROW in request.headers.get("accept", ""))
    timeline: Timeline = request.app.state.timeline
    lane = timeline.lane if len(wanted.body) <= _SHORT else None
    content = await to_thread.run_sync(_answered, timeline, wanted, time.monotonic(), limiter=lane)
    media_type = streams.ARROW if wanted.is_stream else JSON
    return Response(content, media_type=media_type, headers={"Cache-Control": "no-store", "Vary": "Accept"})


@dataclass(frozen=True)
class Wanted:
    """What a request for many points says: its body and kind, what stands in its query, the form of its answer."""

    kind: str
    body: bytes
    datum: str | None
    at: str | None
    columns: str | None
    is_stream: bool

    def read(self) -> tuple[Floats, Datum, str | None]:
        """The points as given, their datum, and the time asked for. Raises Malformed and TooMuch."""
        most = settings().max_points
        if self.kind == streams.ARROW:
            return streams.parse(self.body, most), datum_named(self.datum or "wgs84"), self.at
        points, others = parse(self.body, most)
        for name, value in others.items():
            if name not in _MEMBERS:
                raise Malformed(name, value, "is not a member here; there are: points, datum, at")
            if value is not None and not isinstance(value, str):
                raise Malformed(name, value, "must be text")
            if value is not None and getattr(self, name) is not None:
                raise Malformed(name, value, "stands in the query as well; say it once")
        return points, datum_named(others.get("datum") or self.datum or "wgs84"), others.get("at") or self.at

    def names(self, city: CityIndex) -> list[str]:
        """The columns wanted, in the order of the whole answer. Raises Malformed for one there is none of."""
        there = [*_levels(city), *_RULED]
        if self.columns is None:
            return there
        asked = [name.strip() for name in self.columns.split(",")]
        for name in asked:
            if name not in there:
                raise Malformed("columns", name, f"is no column here; there are: {', '.join(there)}")
        return [name for name in there if name in asked]


_SHORT = 1 << 18
"""Bytes of a body that waits for those before it: some thousand points, milliseconds. A longer one waits for none."""
_RULED = ("rule", "border_m", "is_doubtful", "nearest")


def _answered(timeline: Timeline, wanted: Wanted, arrived: float) -> bytes:
    points, known, at = wanted.read()
    city, instant = timeline.asked_here(at, arrived)
    told = {"edition": edition_named(city.edition, instant), "datum": known.name}
    return _answer(city, points, told, wanted.names(city), is_stream=wanted.is_stream)


def _answer(city: CityIndex, points: Floats, told: dict[str, Any], names: list[str], *, is_stream: bool) -> bytes:
    """What ``told`` says, counts and columns, as an Arrow stream or as JSON; no point becomes an object."""
    is_measured = "border_m" in names
    made = assign(
        city,
        converted(points, told["datum"]),
        is_measured=is_measured,
        is_nearest_sought=is_measured or "nearest" in names,
    )
    decided = np.bincount(made.rule, minlength=len(Rule)).tolist()
    told |= {
        "count": len(points),
        "unplaced": int((made.position < 0).sum()),
        "rules": {rule.key: decided[rule] for rule in Rule},
    }
    if is_stream:
        return streams.stream(_batch(city, made, told, names))
    columns = b",".join(b"%s:%s" % (compact(name), _listed(city, made, name)) for name in names)
    return b'%s,"columns":{%s}}' % (compact(told)[:-1], columns)


def _batch(city: CityIndex, made: Assignment, told: dict[str, Any], names: list[str]) -> pa.RecordBatch:
    """One column a level, null where there is none, and what every answer has; ``told`` in the metadata as JSON."""
    columns = {name: _column(city, made, name) for name in names}
    schema = pa.schema([pa.field(name, column.type) for name, column in columns.items()])
    metadata = {key: value if isinstance(value, str) else compact(value) for key, value in told.items()}
    return pa.record_batch(list(columns.values()), schema=schema.with_metadata(metadata))


def _column(city: CityIndex, made: Assignment, name: str) -> pa.Array:
    match name:
        case "rule":
            return pa.array([rule.key for rule in Rule]).take(pa.array(made.rule))
        case "border_m":
            return pa.array(np.round(made.border_m, 2), from_pandas=True)
        case "is_doubtful":
            return pa.array(made.is_doubtful)
        case "nearest":
            return chosen(_codes(city)[-1].column, _outside(made))
    return chosen(_codes(city)[_levels(city).index(name)].column, made.position)


def _listed(city: CityIndex, made: Assignment, name: str) -> bytes:
    """As ``_column``, a list of JSON."""
    match name:
        case "rule":
            return listed(_KEY_TEXTS, made.rule)
        case "border_m":
            return hundredths(made.border_m)
        case "is_doubtful":
            return listed(_TRUTH_TEXTS, made.is_doubtful.view(np.uint8))
        case "nearest":
            return listed(_codes(city)[-1].texts, _outside(made))
    return listed(_codes(city)[_levels(city).index(name)].texts, made.position)


@dataclass(frozen=True, eq=False)
class Codes:
    """The codes of one level over every leaf, as Arrow has them and as JSON writes them; null where there is none."""

    told: NDArray[np.str_]

    @cached_property
    def column(self) -> pa.Array:
        """Those as a column. Arrow imports pandas when it makes its first; who is asked for JSON never needs it."""
        return known(self.told)

    @cached_property
    def texts(self) -> Texts:
        """Those as JSON."""
        return texts_of(code or None for code in self.told.tolist())


_told: WeakKeyDictionary[CityIndex, list[Codes]] = WeakKeyDictionary()


def _codes(city: CityIndex) -> list[Codes]:
    """Those of every level from the city down; made once an index."""
    found = _told.get(city)
    if found is None:
        found = _told[city] = [Codes(codes) for codes in city.level_codes]
    return found


def _outside(made: Assignment) -> Positions:
    return np.where(made.rule == Rule.OUTSIDE, made.nearest, -1).astype(np.int32)


def _levels(city: CityIndex) -> list[str]:
    return [level.key for level in city.city.levels]
