"""Doors to what a map is painted from: vector tiles of an edition, and of buildings."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.deps import Store, StoreOf
from api.errors import described
from geo import areas, drawings, lines
from geo.areas import Edition
from geo.buildings import tiles
from geo.coverage import runs
from geo.coverage import tiles as spots

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
        with store.read() as connection:
            drawn = ("base", str(store.engine.url), lines.revision(connection), z, x, y)
            packed = SHELF.take(drawn, lambda: drawings.packed(drawings.base_tile(connection, (z, x, y))))
        return sent(request, packed, SHORTLY)

    # v= tells an edition from its namesake before a reset, so it belongs to the key as it does to the URL
    key = (str(store.engine.url), edition, request.query_params.get("v", ""), layer, z, x, y)
    return sent(request, SHELF.take(key, lambda: _ground(store, edition, layer, (z, x, y))), FOR_EVER)


def _ground(store: Store, number: int, layer: str, at: tuple[int, int, int]) -> bytes:
    with store.read() as connection:
        edition = areas.numbered(connection, number)
    prepare(store, edition)
    with store.read() as connection:
        return drawings.packed(drawings.ground_tile(connection, edition, layer, at))


def prepare(store: Store, edition: Edition) -> None:
    """Nothing; afterwards tiles of ``edition`` can be cut. Quick when they already could."""
    with store.read() as connection:
        if drawings.is_prepared(connection, edition):
            return
    with store.write() as connection:
        drawings.prepare(connection, edition)


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
