"""`/v1/incidents`: what happened where, to be asked and to be reported."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from typing_extensions import TypedDict

from api.answers import GEOJSON, EditionNamed, edition_named
from api.auth import Asker
from api.deps import StoreOf, Text, box_of, instant_of, only_known
from api.errors import Malformed, described
from api.repeats import Key, kept
from geo import areas, incidents
from geo.crs import datum_of
from geo.errors import Refused
from geo.incidents import Filters, Incident, NewIncident, Page
from geo.intakes import Answered

router = APIRouter(prefix="/v1", tags=["incidents"], dependencies=[Depends(only_known)])


class Point(TypedDict):
    """A GeoJSON point in degrees WGS 84."""

    type: str
    coordinates: list[float]


class Feature(TypedDict):
    """An incident; ``geometry`` null when it has no usable position."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    type: str
    id: int
    geometry: Point | None
    properties: dict[str, Any]


class Link(TypedDict):
    """A way to another page."""

    rel: str
    href: str
    type: str


class FeatureCollection(TypedDict):
    """One page of incidents, the newest first; the link ``next`` leads on."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    type: str
    features: list[Feature]
    numberReturned: int
    links: list[Link]
    edition: EditionNamed
    next: NotRequired[str]


def _written(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be text, as 2025-06-01T08:00:00+08:00")
    return value


def _known_datum(name: str) -> str:
    try:
        return datum_of(name).name
    except Refused as error:
        raise ValueError(error.detail) from error


Instant = Annotated[datetime, BeforeValidator(_written, json_schema_input_type=str)]
Short = Annotated[Text, Field(max_length=200)]


class Report(BaseModel):
    """An incident as it is reported; without a position it is kept and listed."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    source: Annotated[Short, Field(min_length=1, description="来源 · Who reports it, as 12345")]
    reference: Annotated[
        Short | None, Field(description="来源编号 · Its number there; without it, the Idempotency-Key")
    ] = None
    occurred_at: Annotated[
        Instant, Field(description="发生时间 · RFC 3339; without offset it is read in the city's time zone")
    ]
    lon: Annotated[float | None, Field(description="经度（或东坐标）· Longitude, or east, in datum")] = None
    lat: Annotated[float | None, Field(description="纬度（或北坐标）· Latitude, or north, in datum")] = None
    datum: Annotated[
        Text, AfterValidator(_known_datum), Field(description="坐标系 · wgs84, cgcs2000, gcj02, bd09, EPSG")
    ] = "wgs84"
    accuracy_m: Annotated[float | None, Field(ge=0, le=1e6, description="定位精度（米）· Radius of uncertainty")] = None
    category: Annotated[Short, Field(description="类别 · Category")] = "unclassified"
    urgency: Annotated[int, Field(ge=0, le=1, description="0 一般 · ordinary, 1 紧急 · urgent")] = 0
    reported_at: Annotated[Instant | None, Field(description="上报时间 · When it was reported; without it: now")] = None
    address: Annotated[Text | None, Field(max_length=1000, description="地址 · Address as given")] = None


@router.get(
    "/incidents",
    summary="查询事件 · Incidents by place, time and category",
    response_model=FeatureCollection,
    responses=described("malformed", "unknown", "unavailable"),
)
def search(
    request: Request,
    store: StoreOf,
    bbox: Annotated[Text | None, Query(description="范围 · west,south,east,north in degrees WGS 84")] = None,
    area: Annotated[Text | None, Query(description="区域或网格代码 · On the ground this code has today")] = None,
    since: Annotated[Text | None, Query(description="起（含）· From this instant or date on")] = None,
    until: Annotated[Text | None, Query(description="止（不含）· Before this instant or date")] = None,
    category: Annotated[Text | None, Query(description="类别 · Exactly this category")] = None,
    unassigned: Annotated[
        bool | None, Query(description="未落入网格 · Only those in no grid, or only the others")
    ] = None,
    limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 100,
    after: Annotated[Text | None, Query(description="翻页 · From the link `next`")] = None,
) -> Response:
    """Newest first. What has been stored meanwhile appears in its place or not at all: no page repeats another."""
    box = box_of(bbox)
    with store.read() as connection:
        city, edition = areas.city(connection), areas.current(connection)
        filters = Filters(
            bbox=box,
            area_code=area,
            since=instant_of(since, city.time_zone, "since"),
            until=instant_of(until, city.time_zone, "until"),
            category=category,
            unassigned=unassigned,
        )
        try:
            page = incidents.search(connection, filters, after=after, limit=limit)
        except Refused as error:  # all else was read above, so only the cursor is left to refuse
            raise Malformed("after", after, error.detail) from error
    body = _collection(request, page) | {"edition": edition_named(edition, None)}
    return JSONResponse(body, media_type=GEOJSON, headers={"Cache-Control": "no-store"})


@router.post(
    "/incidents",
    status_code=201,
    summary="上报事件 · Report an incident",
    response_model=Feature,
    responses={
        200: {"model": Feature, "description": "已收到过 · The same report again: the first answer"},
        **described("malformed", "denied", "unknown", "stale", "refused", "unavailable"),
    },
)
def report(
    store: StoreOf,
    actor: Asker,
    body: Report,
    key: Key = None,
) -> Response:
    """Stored durably when this answers, with the grid in force when it happened; whatever its position.

    A repeat, by `Idempotency-Key` or by source and reference, gets the first answer with 200; other content under the
    same key is a 409 and changes nothing.
    """
    reference = body.reference or key
    if reference is None:
        raise Malformed("reference", "", "must be given, or the header Idempotency-Key: a repeat is told by it")
    fields = body.model_dump(exclude={"lon", "lat", "reference"})
    incident = NewIncident(**fields, reference=reference, x=body.lon, y=body.lat)
    with store.write() as connection:
        stored = incidents.add(connection, actor, incident)
        found = kept(connection, key, body, Answered(feature(stored.incident), stored.is_repeat))
    return JSONResponse(dict(found.answer), status_code=200 if found.is_repeat else 201, media_type=GEOJSON)


def feature(incident: Incident) -> dict[str, Any]:
    """An incident as GeoJSON (RFC 7946)."""
    fields = dict(vars(incident))
    number, lon, lat = fields.pop("id"), fields.pop("lon"), fields.pop("lat")
    properties = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
    geometry = None if lon is None else {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "id": number, "geometry": geometry, "properties": properties}


def _collection(request: Request, page: Page) -> dict[str, Any]:
    def link(rel: str, query: str) -> dict[str, str]:
        return {"rel": rel, "href": f"{request.url.path}?{query}".rstrip("?"), "type": GEOJSON}

    features = [feature(one) for one in page.incidents]
    links = [link("self", request.url.query)]
    following: dict[str, Any] = {}
    if page.after is not None:
        links.append(link("next", request.url.include_query_params(after=page.after).query))
        following = {"next": links[-1]["href"]}
    return {
        "type": "FeatureCollection",
        "features": features,
        "numberReturned": len(features),
        "links": links,
        **following,
    }
