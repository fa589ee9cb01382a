"""`/v1/city`, `/v1/editions`, `/v1/areas`, `/v1/grids`: the city and its division, edition by edition."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any, NotRequired

import shapely
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import IMMUTABLE, REVALIDATED, EditionNamed, etag_of, is_known, on_edition
from api.deps import At, Question, StoreOf, Text, only_known
from api.errors import Malformed, described
from geo import areas
from geo.areas import Edition, Place
from geo.errors import Unknown

router = APIRouter(prefix="/v1", tags=["areas"], dependencies=[Depends(only_known)])
Limit = Annotated[
    int, Query(ge=1, description="一页最多几条，上限 10000 · At most this many; more than 10000 is 10000")
]
Code = Annotated[Text, Path(max_length=64, description="区划代码 · Code of an area or grid")]
_MOST = 10_000
_EXACT = ConfigDict(extra="forbid")


class LevelShown(TypedDict):
    """One level of the division; ``number`` 0 is the city."""

    number: int
    key: str
    zh: str
    en: str


class CityShown(TypedDict):
    """The one city of this database."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    code: str
    name: str
    name_en: str
    levels: list[LevelShown]
    code_lengths: list[int]
    time_zone: str
    metric_epsg: int
    bounds: list[float]
    edition: EditionNamed


class EditionShown(TypedDict):
    """An edition and what its publishing did."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    number: int
    effective_at: str
    published_at: str
    published_by: str
    summary: str
    leaves: int
    changed: int
    noded: int


class EditionsShown(TypedDict):
    """Every edition, the newest first."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    editions: list[EditionShown]
    edition: EditionNamed


class PlaceShown(TypedDict):
    """An area or grid; ``kind`` only of grids, ``label`` and ``bounds`` in degrees WGS 84.

    In a forecast ``first_edition`` is null of what is to come, and ``id`` of a code that nothing has had yet.
    """

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    id: int | None
    code: str
    name: str
    level: str
    kind: str | None
    area_m2: float
    label: list[float]
    bounds: list[float]
    first_edition: int | None
    last_edition: int | None
    href: str


class PlacesShown(TypedDict):
    """One page of areas and grids; ``next`` leads to the rest."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    places: list[PlaceShown]
    next: str | None
    edition: EditionNamed


class PlaceInFull(PlaceShown):
    """A place with the chain above it and what lies directly in it, counted by level, and grids by kind."""

    parents: list[PlaceShown]
    children: dict[str, int]
    geometry: NotRequired[dict[str, Any]]
    edition: EditionNamed


@router.get(
    "/city",
    summary="这是哪座城市 · Which city this is",
    response_model=CityShown,
    responses=described("malformed", "unknown", "unavailable"),
)
def city(request: Request, store: StoreOf, at: At = None) -> Response:
    """Code, names, levels, time zone and bounds of the city."""
    with store.asked(at) as asked:
        return on_edition(request, asked.edition, asked.instant, lambda: _city(asked))


def _city(asked: Question) -> dict[str, Any]:
    known = asked.city
    top = areas.place(asked.connection, known.code, asked.edition)
    levels = [
        {"number": number, "key": level.key, "zh": level.zh, "en": level.en}
        for number, level in enumerate(known.levels)
    ]
    return {
        "code": known.code,
        "name": known.name,
        "name_en": known.name_en,
        "levels": levels,
        "code_lengths": list(known.code_lengths),
        "time_zone": known.time_zone,
        "metric_epsg": known.metric_epsg,
        "bounds": list(top.bounds),
    }


@router.get(
    "/editions",
    summary="各版网格划分 · Every edition of the division",
    response_model=EditionsShown,
    responses=described("malformed", "unknown", "unavailable"),
)
def editions(request: Request, store: StoreOf, at: At = None) -> Response:
    """Every edition, the newest first; `edition` is the one in force at `at`."""
    with store.asked(at) as asked:
        every = areas.all_editions(asked.connection)
        # the list grows with the newest edition, whichever of them is in force
        etag = etag_of(every[0], asked.instant).replace('"e', f'"e{asked.edition.number}.')
        if is_known(request, etag):
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": REVALIDATED})
        found = {"editions": [_edition(one) for one in every]}
        response = on_edition(request, asked.edition, asked.instant, lambda: found)
        response.headers["ETag"] = etag
        return response


@router.get(
    "/editions/{number}",
    summary="一版网格划分 · One edition",
    response_model=EditionShown,
    responses=described("malformed", "unknown", "unavailable"),
)
def edition(
    store: StoreOf, number: Annotated[int, Path(ge=1, lt=2**31, description="版本号 · Number of the edition")]
) -> Response:
    """When it came into force, who published it, and what changed; an edition never changes."""
    with store.read() as connection:
        found = areas.numbered(connection, number)
    headers = {"ETag": etag_of(found, None), "Cache-Control": IMMUTABLE}
    return JSONResponse(_edition(found), headers=headers)


def _edition(found: Edition) -> dict[str, Any]:
    return {
        "number": found.number,
        "effective_at": found.effective_at.isoformat(),
        "published_at": found.published_at.isoformat(),
        "published_by": found.published_by,
        "summary": found.summary,
        "leaves": found.leaves,
        "changed": found.changed,
        "noded": found.noded,
    }


@router.get(
    "/areas",
    summary="查找区域和网格 · Find areas and grids",
    response_model=PlacesShown,
    responses=described("malformed", "unknown", "unavailable"),
)
def places(
    request: Request,
    store: StoreOf,
    at: At = None,
    level: Annotated[Text | None, Query(description="层级 · Key of a level, as `community`")] = None,
    parent: Annotated[Text | None, Query(description="上级代码 · Code of the area they lie in")] = None,
    q: Annotated[Text | None, Query(description="代码开头或名称 · Start of a code, or part of a name")] = None,
    after: Annotated[Text | None, Query(description="从此代码之后 · Page: codes after this one")] = None,
    limit: Limit = 1000,
) -> Response:
    """Areas of a level, of a parent (direct children, or all of `level` in it), or by code or name.

    In ascending order of code; a search by `q` puts the best first and has one page. Without any of them: the city.
    """
    if q is not None and (parent is not None or after is not None):
        raise Malformed("q", q, "goes with level only, not with parent or after")
    with store.asked(at) as asked:

        def body() -> dict[str, Any]:
            most = min(limit, _MOST)
            found = _searched(asked, q, level, most) if q is not None else _listed(asked, parent, level)
            if after is not None:
                found = [one for one in found if one.code > after]
            url = request.url.include_query_params(after=found[most - 1].code) if len(found) > most else None
            following = None if url is None or q is not None else f"{url.path}?{url.query}"
            return {"places": [shown(asked, one) for one in found[:most]], "next": following}

        return on_edition(request, asked.edition, asked.instant, body)


def _level(asked: Question, key: str) -> int:
    keys = [level.key for level in asked.city.levels]
    if key not in keys:
        raise Malformed("level", key, f"must be one of {', '.join(keys)}")
    return keys.index(key)


def _searched(asked: Question, text: str, level: str | None, most: int) -> list[Place]:
    if level is None:
        return areas.search(asked.connection, text, asked.edition, most)
    wanted = _level(asked, level)
    return [one for one in areas.search(asked.connection, text, asked.edition, 1_000_000) if one.level == wanted]


def _listed(asked: Question, parent: str | None, level: str | None) -> list[Place]:
    connection, edition = asked.connection, asked.edition
    if parent is None:
        return areas.on_level(connection, _level(asked, level) if level else 0, edition)
    if level is None:
        return areas.children(connection, parent, edition)
    above = areas.place(connection, parent, edition)
    inside, found = {above.id}, []
    for depth in range(above.level + 1, _level(asked, level) + 1):
        # a fallback leaf may hang on any level, so every level passed is a possible parent
        found = [one for one in areas.on_level(connection, depth, edition) if one.parent_id in inside]
        inside |= {one.id for one in found}
    return found


@router.get(
    "/areas/{code}",
    summary="一个区域 · One area",
    response_model=PlaceInFull,
    responses=described("malformed", "unknown", "unavailable"),
)
def area(
    request: Request,
    store: StoreOf,
    code: Code,
    at: At = None,
    geometry: Annotated[bool, Query(description="附上边界 · With its ground as GeoJSON")] = False,
) -> Response:
    """City, district, subdistrict or community: its chain, what lies in it, label, bounds, ground."""
    with store.asked(at) as asked:
        return on_edition(
            request, asked.edition, asked.instant, lambda: _in_full(asked, code, geometry, of_grids=False)
        )


@router.get(
    "/grids/{code}",
    summary="一个网格 · One grid",
    response_model=PlaceInFull,
    responses=described("malformed", "unknown", "unavailable"),
)
def grid(
    request: Request,
    store: StoreOf,
    code: Code,
    at: At = None,
    geometry: Annotated[bool, Query(description="附上边界 · With its ground as GeoJSON")] = False,
) -> Response:
    """Comprehensive, dedicated or fallback: its chain, label, bounds, ground."""
    with store.asked(at) as asked:
        return on_edition(request, asked.edition, asked.instant, lambda: _in_full(asked, code, geometry, of_grids=True))


def shown(asked: Question, found: Place) -> dict[str, Any]:
    """A place as answers carry it."""
    return {
        "id": asked.edition.forecast.id_of(found.id) if asked.edition.forecast else found.id,
        "code": found.code,
        "name": found.name,
        "level": asked.city.levels[found.level].key,
        "kind": found.kind,
        "area_m2": round(found.area_m2, 2),
        "label": list(found.label),
        "bounds": list(found.bounds),
        "first_edition": found.first_edition,
        "last_edition": found.last_edition,
        "href": f"/v1/{'areas' if found.kind is None else 'grids'}/{found.code}",
    }


def _in_full(asked: Question, code: str, geometry: bool, *, of_grids: bool) -> dict[str, Any]:
    *parents, found = areas.chain(asked.connection, code, asked.edition)
    if (found.kind is not None) is not of_grids:
        other = shown(asked, found)
        raise Unknown(f"{code!r} is of level {other['level']}; ask {other['href']}")
    body = {**shown(asked, found), "parents": [shown(asked, one) for one in parents]}
    inside = [] if of_grids else areas.children(asked.connection, code, asked.edition)
    body["children"] = Counter(one.kind or asked.city.levels[one.level].key for one in inside)
    if geometry:
        body["geometry"] = json.loads(shapely.to_geojson(areas.geometry(asked.connection, code, asked.edition)))
    return body
