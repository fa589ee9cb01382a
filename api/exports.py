"""`/v1/export`: an edition, the incidents, the buildings as files, written whole and then sent."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from api.auth import Asker
from api.deps import At, StoreOf, Text, instant_of, only_known
from api.errors import Malformed, described
from geo import areas
from geo.areas import Edition
from geo.exports import buildings, editions, incidents
from geo.exports.targets import Target, target_of
from geo.writing import WRITERS

router = APIRouter(prefix="/v1/export", tags=["export"], dependencies=[Depends(only_known)])
TYPES = {
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "zip": "application/zip",
    "parquet": "application/vnd.apache.parquet",
    "geoparquet": "application/vnd.apache.parquet",
    "pq": "application/vnd.apache.parquet",
    "fgb": "application/flatgeobuf",
    "csv": "text/csv",
    "csv.gz": "application/gzip",
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in dict.fromkeys(TYPES.values())}, "description": "文件 · The file"}
}
_SAYS = {**_FILE, **described("malformed", "unknown", "refused", "unavailable")}

Ending = Annotated[
    Text, InPath(description=f"格式 · Format: {', '.join(TYPES)}; zip is a Shapefile", max_length=16, examples=["gpkg"])
]
Crs = Annotated[
    Text,
    Query(
        max_length=32,
        description="坐标系 · EPSG:4326, EPSG:4490, a projected code, or auto-metric: the city's own. "
        "East or longitude stands first in the file, whatever order the definition names.",
        examples=["EPSG:4490"],
    ),
]
Number = Annotated[
    int | None, Query(alias="edition", ge=1, lt=2**31, description="版次 · Number, instead of at", examples=[1])
]
Moment = Annotated[
    Text | None, Query(description="RFC 3339 时刻或日期 · An instant, or a date in the city's time zone")
]


@router.get(
    "/edition.{ending}",
    summary="导出版次 · Areas and grids of an edition as a file",
    response_class=FileResponse,
    responses=_SAYS,
)
def edition(
    store: StoreOf,
    asker: Asker,
    ending: Ending,
    number: Annotated[
        int | None, Query(alias="edition", ge=1, lt=2**31, description="版次 · Number, instead of at")
    ] = None,
    at: At = None,
    level: Annotated[Text | None, Query(description="层级 · Key of one level; a gpkg without it holds all")] = None,
    crs: Crs = "EPSG:4326",
) -> FileResponse:
    """One layer a level: codes, names, kinds, parents, areas, ground.

    Raises
    ------
    Malformed
        For a format there is none of, or when both ``edition`` and ``at`` are given.
    Unknown
        For an edition or level there is none of.
    Refused
        When the CRS is not known or made for other ground.
    """
    if number is not None and at is not None:
        raise Malformed("edition", number, "names an edition as at does: give one of them")
    with store.asked(at) as asked:
        wanted = asked.edition if number is None else areas.numbered(asked.connection, number)
        name = f"{asked.city.name}-第{wanted.number}版{_foretold(wanted, asked.instant)}{f'-{level}' if level else ''}"

        def write(target: Target) -> None:
            chosen = editions.levels_of(asked.city, level, target.path)
            editions.export(asked.connection, wanted, chosen, target)

        return _sent(name, ending, lambda path: target_of(path, crs, asked.city), write)


@router.get(
    "/incidents.{ending}",
    summary="导出事件 · Incidents with their grids as a file",
    response_class=FileResponse,
    responses=_SAYS,
)
def incidents_file(
    store: StoreOf, asker: Asker, ending: Ending, since: Moment = None, until: Moment = None, crs: Crs = "EPSG:4326"
) -> FileResponse:
    """What happened from ``since`` to before ``until``, with the grids then and today; no address and no person.

    Raises
    ------
    Malformed
        For a format there is none of, or a time that cannot be read.
    Refused
        When the CRS is not known or made for other ground.
    """
    with store.read() as connection:
        city = areas.city(connection)
        between = (instant_of(since, city.time_zone, "since"), instant_of(until, city.time_zone, "until"))
        return _sent(
            f"{city.name}-事件",
            ending,
            lambda path: target_of(path, crs, city),
            lambda target: incidents.export(connection, between, target),
        )


@router.get(
    "/buildings.{ending}",
    summary="导出建筑 · Buildings with use, counts and grid as a file",
    response_class=FileResponse,
    responses=_SAYS,
)
def buildings_file(store: StoreOf, asker: Asker, ending: Ending, crs: Crs = "EPSG:4326") -> FileResponse:
    """Footprints, counts, and the grid that holds most of each.

    Raises
    ------
    Malformed
        For a format there is none of.
    Refused
        When the CRS is not known or made for other ground.
    """
    with store.read() as connection:
        city = areas.city(connection)
        return _sent(
            f"{city.name}-建筑",
            ending,
            lambda path: target_of(path, crs, city),
            lambda target: buildings.export(connection, target),
        )


def _foretold(edition: Edition, instant: datetime | None) -> str:
    """What the name of a file says of a forecast: for when it is; blank for what is in force or was."""
    return f"-预测-{instant.date().isoformat()}" if edition.forecast and instant else ""


def _sent(name: str, ending: str, target: Callable[[Path], Target], write: Callable[[Target], object]) -> FileResponse:
    """The file, sent from a folder of its own that is removed afterwards, or at once when writing fails."""
    if f".{ending}" not in WRITERS:
        raise Malformed("ending", ending, f"must be one of {', '.join(TYPES)}")
    folder = Path(tempfile.mkdtemp(prefix="gridatlas-export-"))
    try:
        # a fixed name on the disk: the city's may hold what a file's may not
        path = folder / f"export.{ending}"
        write(target(path))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        media_type=TYPES[ending],
        filename=f"{name.replace('/', '_')}.{ending}",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )
