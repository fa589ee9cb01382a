"""`/v1/buildings`: what stands where, in whose grid; and a planner's pins."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.answers import GEOJSON, EditionNamed, edition_named
from api.auth import Asker
from api.deps import StoreOf, Text, box_of, only_known
from api.errors import described
from api.incidents import Link
from geo import areas
from geo.buildings import pinning, searching
from geo.buildings.searching import Building, Filters, Page

router = APIRouter(dependencies=[Depends(only_known)])
_LARGEST = 2**63 - 1

Id = Annotated[int, Path(ge=0, le=_LARGEST, description="编号 · Id, as /v1/buildings tells it")]


class Ground(TypedDict):
    """A GeoJSON multipolygon in degrees WGS 84."""

    type: str
    coordinates: list[Any]


class Feature(TypedDict):
    """A building; what is not known of it is null, never 0."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    type: str
    id: int
    geometry: Ground
    properties: dict[str, Any]


class FeatureCollection(TypedDict):
    """One page of buildings by ascending id; the link ``next`` leads on."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    type: str
    features: list[Feature]
    numberReturned: int
    links: list[Link]
    edition: EditionNamed
    next: NotRequired[str]


class Pin(BaseModel):
    """Whose grid a building belongs to, by a planner's word."""

    model_config = ConfigDict(extra="forbid")

    grid: Annotated[Text, Field(min_length=1, max_length=40, description="网格代码 · Code of a grid in force")]


@router.get(
    "/v1/buildings",
    summary="查询建筑 · Buildings by place, grid and use",
    response_model=FeatureCollection,
    responses=described("malformed", "unknown", "refused", "unavailable"),
    tags=["buildings"],
)
def search(
    request: Request,
    store: StoreOf,
    bbox: Annotated[Text | None, Query(description="范围 · west,south,east,north in degrees WGS 84")] = None,
    area: Annotated[Text | None, Query(description="区域或网格代码 · Those that belong there today")] = None,
    use: Annotated[Text | None, Query(description="用途 · A code of the list, or unknown")] = None,
    straddles: Annotated[bool | None, Query(description="跨网格 · Only those, or only the others")] = None,
    unassigned: Annotated[bool | None, Query(description="城外 · Only those in no grid, or only the others")] = None,
    pinned: Annotated[bool | None, Query(description="已指定 · Only those pinned, or only the others")] = None,
    limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 100,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="翻页 · From the link `next`")] = 0,
) -> Response:
    """By ascending id. What has been stored meanwhile appears in its place: no page repeats another."""
    filters = Filters(box_of(bbox), area, use, straddles, unassigned, pinned)
    with store.read() as connection:
        edition = areas.current(connection)
        page = searching.search(connection, filters, after=after, limit=limit)
    body = _collection(request, page) | {"edition": edition_named(edition, None)}
    return JSONResponse(body, media_type=GEOJSON, headers={"Cache-Control": "no-store"})


@router.get(
    "/v1/buildings/{id}",
    summary="一栋建筑 · One building",
    response_model=Feature,
    responses=described("malformed", "unknown", "unavailable"),
    tags=["buildings"],
)
def one(store: StoreOf, id: Id) -> Response:
    """Its use, counts, grid, the share of its footprint there, and whether it straddles or is pinned."""
    with store.read() as connection:
        return _told(searching.one(connection, id))


@router.put(
    "/v1/buildings/{id}/pin",
    summary="指定网格 · Pin a building to a grid",
    response_model=Feature,
    responses=described("malformed", "denied", "unknown", "refused", "unavailable"),
    tags=["buildings"],
)
def pin(store: StoreOf, actor: Asker, id: Id, body: Pin) -> Response:
    """It belongs there while that grid is in force and holds some of its footprint; the same again changes nothing."""
    with store.write() as connection:
        return _told(pinning.pin(connection, actor, id, body.grid))


@router.delete(
    "/v1/buildings/{id}/pin",
    summary="取消指定 · Unpin a building",
    response_model=Feature,
    responses=described("malformed", "denied", "unknown", "unavailable"),
    tags=["buildings"],
)
def unpin(store: StoreOf, actor: Asker, id: Id) -> Response:
    """It belongs again to the grid with the largest share of its footprint."""
    with store.write() as connection:
        return _told(pinning.unpin(connection, actor, id))


def feature(building: Building) -> dict[str, Any]:
    """A building as GeoJSON (RFC 7946)."""
    fields = asdict(building)
    number, geometry = fields.pop("id"), fields.pop("geometry")
    return {"type": "Feature", "id": number, "geometry": geometry, "properties": fields}


def _told(building: Building) -> Response:
    return JSONResponse(feature(building), media_type=GEOJSON, headers={"Cache-Control": "no-store"})


def _collection(request: Request, page: Page) -> dict[str, Any]:
    def link(rel: str, query: str) -> dict[str, str]:
        return {"rel": rel, "href": f"{request.url.path}?{query}".rstrip("?"), "type": GEOJSON}

    features = [feature(one) for one in page.buildings]
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
