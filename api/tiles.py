"""Doors to what a map is painted from: vector tiles of an edition, and of buildings."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response

from api.answers import IMMUTABLE
from api.deps import At, Store, StoreOf, Text
from api.errors import described
from api.looking import LookerOf, found_asked, look
from geo import areas, drawings, lines, redrawings
from geo.areas import Edition
from geo.buildings import tiles
from geo.coverage import runs
from geo.coverage import tiles as spots
from geo.errors import Unknown

router = APIRouter()
TILE_TYPE = "application/vnd.mapbox-vector-tile"
FOR_EVER = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=60"
PRIVATE, NOT_KEPT = "private, max-age=300", "private, no-store"
_KEPT_MB = 64

Zoom = Annotated[int, Path(ge=0, le=drawings.LARGEST_ZOOM)]
Number = Annotated[int, Path(ge=0, lt=2**drawings.LARGEST_ZOOM)]


class Shelf:
    """Packed tiles by key, the least lately used dropped first; safe between threads."""

    def __init__(self, limit_bytes: int = _KEPT_MB * 1_000_000) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._tiles: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._lock = Lock()

    def take(self, key: tuple[Any, ...], make: Callable[[], bytes]) -> bytes:
        """The tile under ``key``, made when it is not there. Raises whatever ``make`` raises."""
        with self._lock:
            if (found := self._tiles.get(key)) is not None:
                self._tiles.move_to_end(key)
                return found
        made = make()
        with self._lock:
            self._size += len(made) - len(self._tiles.pop(key, b""))
            self._tiles[key] = made
            while self._size > self._limit and self._tiles:
                self._size -= len(self._tiles.popitem(last=False)[1])
        return made


SHELF = Shelf()
"""Every tile of this process."""


def version_of(edition: Edition) -> str:
    """Short text that differs for another edition under the same number, as after a reset."""
    return format(int(edition.published_at.timestamp() * 1000), "x")


@router.get(
    "/tiles/buildings/{revision}/{z}/{x}/{y}.mvt",
    summary="建筑瓦片 · Vector tile of buildings",
    response_class=Response,
    responses={200: {"content": {TILE_TYPE: {}}}, **described("malformed", "unknown", "unavailable")},
    tags=["tiles"],
)
def buildings_tile(
    store: StoreOf,
    request: Request,
    revision: Annotated[int, Path(ge=0, le=2**63 - 1, description="数据修订号 · Data revision")],
    z: Zoom,
    x: Number,
    y: Number,
) -> Response:
    """Footprints from zoom 14, small ones from 15. Another revision than the one in force is answered and not kept."""
    with store.read() as connection:
        current = tiles.revision(connection)
        key = (str(store.engine.url), current, z, x, y)
        packed = SHELF.take(("buildings", *key), lambda: drawings.packed(tiles.tile(connection, (z, x, y))))
    return sent(request, packed, PRIVATE if revision == current else NOT_KEPT)


@router.get(
    "/tiles/blind-spots/{run}/{z}/{x}/{y}.mvt",
    summary="盲点瓦片 · Vector tile of buildings by the state a run found",
    response_class=Response,
    responses={200: {"content": {TILE_TYPE: {}}}, **described("malformed", "unknown", "unavailable")},
    tags=["tiles"],
)
def spots_tile(
    store: StoreOf,
    request: Request,
    run: Annotated[int, Path(ge=1, lt=2**31, description="第几次判定 · Number of the run")],
    z: Zoom,
    x: Number,
    y: Number,
) -> Response:
    """Layer ``buildings`` with id, code, has_unknown, straddles, from zoom 14, none left out for its size."""
    with store.read() as connection:
        found = runs.numbered(connection, run)
        key = (str(store.engine.url), run, found.at, tiles.revision(connection), z, x, y)
        packed = SHELF.take(("blind-spots", *key), lambda: drawings.packed(spots.tile(connection, found, (z, x, y))))
    return sent(request, packed, PRIVATE)


@router.get(
    "/tiles/forecasts/{forecast}/{layer}/{z}/{x}/{y}.mvt",
    summary="预测瓦片 · Vector tile of a time to come: areas, grids, or base",
    response_class=Response,
    responses={200: {"content": {TILE_TYPE: {}}}, **described("malformed", "unknown", "unavailable")},
    tags=["tiles"],
)
def forecast_tile(
    store: StoreOf,
    request: Request,
    forecast: Annotated[Text, Path(description="预测的指纹 · Digest, as `tiles` of /v1/forecast has it")],
    layer: str,
    z: Zoom,
    x: Number,
    y: Number,
    at: At = None,
) -> Response:
    """Ground and borders as at a time to come, in a layer `to_come` of `areas` what will be other ground by then.

    The digest is of all that the forecast says: what it names never changes, and is gone when plans or the edition do.

    Raises
    ------
    Unknown
        When what is scheduled until ``at`` makes another forecast than this one, or none, besides as :func:`tile`.
    """
    if layer == "base":
        return _base(store, request, (z, x, y))
    with store.asked(at) as asked:
        edition = asked.edition
    if edition.forecast is None or edition.forecast.key != forecast:
        raise Unknown(f"no forecast {forecast} any more: {_OTHERWISE}")
    key = (str(store.engine.url), "forecast", forecast, layer, z, x, y)
    return sent(request, SHELF.take(key, lambda: _ground(store, edition, layer, (z, x, y))), IMMUTABLE)


_OTHERWISE = (
    "plans were scheduled, taken back or came into force since; open the page of this date anew, "
    "or take `tiles` of GET /v1/forecast?at=… for where they are now"
)


@router.get(
    "/tiles/blind-spots/at/{instant}/{z}/{x}/{y}.mvt",
    summary="盲点预测瓦片 · Vector tile of buildings by the state that a run will find at a time to come",
    response_class=Response,
    responses={200: {"content": {TILE_TYPE: {}}}, **described("malformed", "unknown", "refused", "unavailable")},
    tags=["tiles"],
)
def spots_tile_to_come(
    store: StoreOf,
    looker: LookerOf,
    request: Request,
    instant: Annotated[Text, Path(description="将来的时刻 · An instant to come: RFC 3339, or a date")],
    z: Zoom,
    x: Number,
    y: Number,
) -> Response:
    """As the tile of a run; it may be another one as soon as a row or a plan changes."""
    look(store, looker, instant)
    with store.read() as connection:
        found, _ = found_asked(connection, None, instant)
        if found.run.number:
            raise Unknown(f"{instant} is not to come: see /tiles/blind-spots/{found.run.number}/…")
        packed = drawings.packed(spots.tile_to_come(connection, found, (z, x, y)))
    return sent(request, packed, NOT_KEPT)


@router.get(
    "/tiles/{edition}/{layer}/{z}/{x}/{y}.mvt",
    summary="矢量瓦片 · Vector tile of an edition: areas, grids, or base",
    response_class=Response,
    responses={200: {"content": {TILE_TYPE: {}}}, **described("malformed", "unknown", "unavailable")},
    tags=["tiles"],
)
def tile(store: StoreOf, request: Request, edition: int, layer: str, z: Zoom, x: Number, y: Number) -> Response:
    """Ground and borders, immutable by edition; ``base`` (water, green, roads) has no edition and is kept briefly.

    Raises
    ------
    Unknown
        For an edition, layer or tile there is none of; grids below their first zoom are refused, never thinned out.
    """
    if layer == "base":
        return _base(store, request, (z, x, y))
    # v= tells an edition from its namesake before a reset, so it belongs to the key as it does to the URL
    key = (str(store.engine.url), edition, request.query_params.get("v", ""), layer, z, x, y)

    def make() -> bytes:
        with store.read() as connection:
            found = areas.numbered(connection, edition)
        return _ground(store, found, layer, (z, x, y))

    return sent(request, SHELF.take(key, make), FOR_EVER)


def address_of(edition: Edition, instant: datetime | None) -> str:
    """Where the ground tiles of an edition come from, or of its forecast for an instant: with layer, z, x and y."""
    if edition.forecast is None or not edition.forecast.plans:
        return f"/tiles/{edition.number}/{{layer}}/{{z}}/{{x}}/{{y}}.mvt?v={version_of(edition)}"
    assert instant is not None, "a forecast is of a time to come"
    when = quote(instant.isoformat(), safe="")
    return f"/tiles/forecasts/{edition.forecast.key}/{{layer}}/{{z}}/{{x}}/{{y}}.mvt?at={when}"


def _base(store: Store, request: Request, at: tuple[int, int, int]) -> Response:
    with store.read() as connection:
        drawn = ("base", str(store.engine.url), lines.revision(connection), *at)
        packed = SHELF.take(drawn, lambda: drawings.packed(drawings.base_tile(connection, at)))
    return sent(request, packed, SHORTLY)


def _ground(store: Store, edition: Edition, layer: str, at: tuple[int, int, int]) -> bytes:
    prepare(store, edition)
    with store.read() as connection:
        laid = redrawings.over(connection, edition).get(drawings.band_of(at[0]))
        return drawings.packed(drawings.ground_tile(connection, edition, layer, at, laid))


def prepare(store: Store, edition: Edition) -> None:
    """Nothing; afterwards tiles of ``edition`` can be cut, of its forecast too. Quick when they already could."""
    with store.read() as connection:
        is_prepared = drawings.is_prepared(connection, edition)
    if not is_prepared:
        with store.write() as connection:
            drawings.prepare(connection, edition)
    if edition.forecast:
        with store.read() as connection:
            redrawings.over(connection, edition)


def sent(request: Request, packed: bytes, caching: str) -> Response:
    """A packed tile as the caller can read it; 304 when the caller has it."""
    headers = {"Cache-Control": caching, "ETag": tag_of(packed), "Vary": "Accept-Encoding"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=TILE_TYPE, headers=headers | {"Content-Encoding": "gzip"})
    return Response(gzip.decompress(packed), media_type=TILE_TYPE, headers=headers)


def tag_of(content: bytes) -> str:
    """A validator of these bytes."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
