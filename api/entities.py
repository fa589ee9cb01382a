"""`/v1/units`, `/v1/organisations` … : one door an entity, made of what the entity declares."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from inspect import Parameter, Signature
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from api.answers import GEOJSON, cell_of, edition_named
from api.deps import Store, StoreOf, Text, box_of, only_known
from api.errors import Malformed, described
from api.tiles import NOT_KEPT, PRIVATE, SHELF, TILE_TYPE, Number, Zoom, sent
from geo import areas, drawings, revisions
from geo.entities import ENTITIES, Entity, Lies, named
from geo.entities.fields import Field, Kind
from geo.entities.holdings import holding
from geo.entities.lists import lists
from geo.entities.searching import LIMIT, Filters, Page, Row, filtered, one, search
from geo.entities.tiles import EACH_FROM
from geo.entities.tiles import revision as revision_of
from geo.entities.tiles import tile as tile_of
from geo.plain import plain_of

router = APIRouter(dependencies=[Depends(only_known)])
_LARGEST = 2**63 - 1
_FORMS = ("geojson", "csv")
_BOM = "\ufeff"  # so that a Chinese Excel reads UTF-8

Id = Annotated[int, Path(ge=0, le=_LARGEST, description="内部编号 · Id, as the list tells it")]


@router.get(
    "/v1/entities",
    summary="有哪些数据 · What kinds of things are stored, with fields, code lists and counts",
    responses=described("malformed", "unavailable"),
    tags=["entities"],
)
def entities(store: StoreOf) -> JSONResponse:
    """Every entity with its fields; what a form, a filter or a layer list is made of.

    ``held`` says how many rows there are, how many of them have a place, from whom and of when; ``tiles`` where they
    are drawn and from which zoom each is a mark of its own (null for what lies nowhere). Both are null without a city.
    """
    with store.read() as connection:
        held = _held(store, connection)
    told = [described_entity(entity) | held.get(key, _NOT_HELD) for key, entity in ENTITIES.items()]
    return JSONResponse({"entities": told}, headers={"Cache-Control": "no-store"})


_NOT_HELD: dict[str, Any] = {"held": None, "tiles": None}
_NOUNS = (*ENTITIES, "buildings")


def _held(store: Store, connection: sa.Connection) -> dict[str, Any]:
    """By the key of an entity what is stored and where its tiles are; counted anew only after a change."""
    if not areas.all_editions(connection):
        return {}
    numbers = revisions.several(connection, _NOUNS)
    edition = areas.current(connection)

    def counted() -> bytes:
        found = {key: holding(connection, entity, edition) for key, entity in ENTITIES.items()}
        return json.dumps(plain_of(found)).encode()

    key = ("held", str(store.engine.url), edition.number, *sorted(numbers.items()))
    found: dict[str, Any] = json.loads(SHELF.take(key, counted))
    return {key: {"held": told, "tiles": _tiles(ENTITIES[key], numbers.get(key, 0))} for key, told in found.items()}


def _tiles(entity: Entity, revision: int) -> dict[str, Any] | None:
    if entity.lies is Lies.NOWHERE:
        return None
    return {"address": f"/tiles/entities/{entity.slug}/{revision}/{{z}}/{{x}}/{{y}}.mvt", "each_from": EACH_FROM}


def described_entity(entity: Entity) -> dict[str, Any]:
    """An entity as plain JSON values."""
    return {
        "key": entity.key,
        "slug": entity.slug,
        "zh": entity.zh,
        "en": entity.en,
        "lies": entity.lies.value,
        "fields": [_described(field) for field in entity.fields],
    }


def _described(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"name": field.name, "kind": field.kind.value, "zh": field.zh, "en": field.en}
    told |= {"unit": field.unit} if field.unit else {}
    told |= {"to": named(field.to).slug if field.to in ENTITIES else field.to} if field.to else {}
    if field.words:
        told["words"] = [{"key": word.key, "zh": word.zh, "en": word.en} for word in lists()[field.words].values()]
    return told


# -- one door an entity ------------------------------------------------------------------------------------------------
def _parameters(entity: Entity) -> list[Parameter]:
    """Query parameters by which rows of ``entity`` are looked for."""
    made = {field.name: (Text | None, _about(field)) for field in filtered(entity)}
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, Query(description=about)])
        for name, (kind, about) in made.items()
    ]


def _about(field: Field) -> str:
    told = {
        Kind.CHOICE: ", ".join(lists()[field.words]) if field.words else "",
        Kind.FLAG: "yes, no",
        Kind.REFERENCE: "id",
        Kind.PLACE: "code of an area or grid",
    }[field.kind]
    return f"{field.zh} · {field.en}: {told}, unknown"


def _filters(entity: Entity) -> Callable[..., dict[str, str]]:
    """A dependency that gathers what is asked of the fields of ``entity``."""

    def gathered(**asked: str | None) -> dict[str, str]:
        return {name: said for name, said in asked.items() if said is not None}

    gathered.__signature__ = Signature(_parameters(entity))  # type: ignore[attr-defined]
    return gathered


def _add_list(entity: Entity) -> None:
    gathered = Depends(_filters(entity))

    @router.get(
        f"/v1/{entity.slug}",
        name=f"search {entity.slug}",
        summary=f"查询{entity.zh} · {entity.en} by place, area and field",
        responses=described("malformed", "unknown", "refused", "unavailable"),
        tags=["entities"],
    )
    def many(
        request: Request,
        store: StoreOf,
        asked: dict[str, str] = gathered,
        bbox: Annotated[Text | None, Query(description="范围 · west,south,east,north in degrees WGS 84")] = None,
        area: Annotated[Text | None, Query(description="区域或网格代码 · Those that lie or belong there")] = None,
        q: Annotated[
            Text | None, Query(max_length=80, description="名称或编号 · Part of a name, start of an id")
        ] = None,
        limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 100,
        after: Annotated[int, Query(ge=0, le=_LARGEST, description="翻页 · From the link `next`")] = 0,
        f: Annotated[
            Text, Query(description="格式 · geojson (one page), or csv (everything that is asked for)")
        ] = "geojson",
    ) -> Response:
        """By ascending id. What has been stored meanwhile appears in its place: no page repeats another."""
        if f not in _FORMS:
            raise Malformed("f", f, f"must be one of {', '.join(_FORMS)}")
        filters = Filters(box_of(bbox), area, q, asked)
        if f == "csv":
            return _csv(store, entity, filters)
        with store.read() as connection:
            edition = areas.current(connection)
            page = search(connection, entity, filters, after=after, limit=limit)
        body = _collection(request, page) | {"edition": edition_named(edition, None)}
        return JSONResponse(body, media_type=GEOJSON, headers={"Cache-Control": "no-store"})


def _add_one(entity: Entity) -> None:
    @router.get(
        f"/v1/{entity.slug}/{{id}}",
        name=f"one of {entity.slug}",
        summary=f"一条{entity.zh} · {entity.one[0].upper()}{entity.one[1:]}",
        responses=described("malformed", "unknown", "unavailable"),
        tags=["entities"],
    )
    def single(store: StoreOf, id: Id) -> Response:
        """Its fields, what it refers to, its grid and community."""
        with store.read() as connection:
            found = one(connection, entity, id)
        return JSONResponse(feature(found), media_type=GEOJSON, headers={"Cache-Control": "no-store"})


def feature(row: Row) -> dict[str, Any]:
    """A row as GeoJSON (RFC 7946)."""
    told = {
        "source": row.source,
        "reference": row.reference,
        **row.fields,
        "in_grid": row.grid,
        "in_community": row.community,
        "edition": row.edition,
        "stored_at": row.stored_at.isoformat(),
    }
    return {"type": "Feature", "id": row.id, "geometry": row.geometry, "properties": told}


def _collection(request: Request, page: Page) -> dict[str, Any]:
    def link(rel: str, query: str) -> dict[str, str]:
        return {"rel": rel, "href": f"{request.url.path}?{query}".rstrip("?"), "type": GEOJSON}

    links = [link("self", request.url.query)]
    following: dict[str, Any] = {}
    if page.after is not None:
        links.append(link("next", request.url.include_query_params(after=page.after).query))
        following = {"next": links[-1]["href"]}
    features = [feature(row) for row in page.rows]
    return {
        "type": "FeatureCollection",
        "features": features,
        "numberReturned": len(features),
        "links": links,
        **following,
    }


# -- CSV ---------------------------------------------------------------------------------------------------------------
def _csv(store: Store, entity: Entity, filters: Filters) -> Response:
    """Everything that is asked for, page after page; the first page is read before the answer begins."""
    with store.read() as connection:
        first = search(connection, entity, filters, limit=LIMIT)
    headers = {"Content-Disposition": f'attachment; filename="{entity.slug}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(store, entity, filters, first), media_type="text/csv", headers=headers)


def _lines(store: Store, entity: Entity, filters: Filters, page: Page) -> Iterator[str]:
    heads = [
        "id",
        "source",
        "reference",
        *(field.name for field in entity.fields),
        "in_grid",
        "in_community",
        "lon",
        "lat",
    ]
    yield _BOM + _written([heads])
    while True:
        yield _written([_cells(entity, row) for row in page.rows])
        if page.after is None:
            return
        with store.read() as connection:
            page = search(connection, entity, filters, after=page.after, limit=LIMIT)


def _cells(entity: Entity, row: Row) -> list[Any]:
    told = [row.fields[field.name] for field in entity.fields]
    plain = [value["reference"] if isinstance(value, dict) else value for value in told]
    spot = row.geometry["coordinates"] if row.geometry and row.geometry["type"] == "Point" else ["", ""]
    return [row.id, row.source, row.reference, *plain, row.grid, row.community, *spot]


def _written(rows: list[list[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([[cell_of(cell) for cell in row] for row in rows])
    return out.getvalue()


# -- tiles -------------------------------------------------------------------------------------------------------------
@router.get(
    "/tiles/entities/{slug}/{revision}/{z}/{x}/{y}.mvt",
    summary="数据瓦片 · Vector tile of an entity's rows",
    response_class=Response,
    responses={200: {"content": {TILE_TYPE: {}}}, **described("malformed", "unknown", "refused", "unavailable")},
    tags=["tiles"],
)
def entity_tile(
    store: StoreOf,
    request: Request,
    slug: str,
    revision: Annotated[int, Path(ge=0, le=_LARGEST, description="数据修订号 · Data revision")],
    z: Zoom,
    x: Number,
    y: Number,
) -> Response:
    """Layer ``rows`` with id, name and kind; below zoom 16 rows that are near each other are one point with ``count``.

    Another revision than the one in force is answered and not kept.
    """
    entity = named(slug)
    with store.read() as connection:
        current = revision_of(connection, entity)
        key = (entity.key, str(store.engine.url), current, areas.current(connection).number, z, x, y)
        packed = SHELF.take(("entities", *key), lambda: drawings.packed(tile_of(connection, entity, (z, x, y))))
    return sent(request, packed, PRIVATE if revision == current else NOT_KEPT)


for _entity in ENTITIES.values():
    _add_list(_entity)
    if _entity.key != "business_districts":  # one of them tells much more: api.business_districts
        _add_one(_entity)
