"""Blind spots as files: GeoJSON with the ground of what they are about, and CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from fastapi import Response
from fastapi.responses import JSONResponse, StreamingResponse

from api.answers import GEOJSON, NOT_STORED, cell_of
from geo.arrays import Ints
from geo.coverage import details, places
from geo.coverage.details import Spot
from geo.coverage.found import Found
from geo.coverage.rulebooks import STATES
from geo.coverage.spots import Ranking

_BOM = "\ufeff"  # so that a Chinese Excel reads UTF-8
_CHUNK = 2_000
_PLAIN = ("rank", "id", "code", "name", "grid", "community")
HEADS = (
    *_PLAIN,
    "lon",
    "lat",
    "reason_zh",
    "reason_en",
    "since",
    "score",
    *(f"{state}_units" for state in STATES),
    "workers",
    "uncovered_workers",
    "uncounted",
)
"""Columns of the CSV."""


def geojson_of(
    connection: sa.Connection,
    found: Found,
    page: tuple[Ranking, Ints],
    shown: list[dict[str, Any]],
    head: dict[str, Any],
) -> Response:
    """A page as GeoJSON (RFC 7946): the ground of buildings, grids, districts and areas, the place of units."""
    ranking, rows = page
    grounds = places.grounds(connection, ranking.asked.by, ranking.ids[rows].tolist(), found.edition)
    features = [
        {
            "type": "Feature",
            "id": spot["id"],
            "geometry": grounds.get(number) or _point(spot["place"]),
            "properties": spot,
        }
        for number, spot in zip(ranking.ids[rows].tolist(), shown, strict=True)
    ]
    return JSONResponse(
        {"type": "FeatureCollection", **head, "features": features}, media_type=GEOJSON, headers=NOT_STORED
    )


def _point(place: list[float] | None) -> dict[str, Any] | None:
    return None if place is None else {"type": "Point", "coordinates": place}


def csv_of(connection: sa.Connection, found: Found, ranking: Ranking) -> Response:
    """All that is asked for as CSV; numbers that are not known are blank."""
    lines = [_BOM + _line(HEADS)]
    for first in range(0, len(ranking.wanted), _CHUNK):
        rows = ranking.wanted[first : first + _CHUNK]
        lines += [_line(_cells(spot)) for spot in details.tell(connection, found, ranking, rows, first + 1)]
    kind = "blind-spots" if found.run.number else "blind-spots-forecast"
    name = f"{kind}-{found.run.day.isoformat()}-{ranking.asked.by}.csv"
    headers = NOT_STORED | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_sent(lines), media_type="text/csv", headers=headers)


def _sent(lines: list[str]) -> Iterator[str]:
    for first in range(0, len(lines), _CHUNK):
        yield "".join(lines[first : first + _CHUNK])


def _cells(spot: Spot) -> list[object]:
    lon, lat = spot.place or (None, None)
    since = spot.since and spot.since.isoformat()
    counts = [spot.units.get(state, 0) for state in STATES]
    told = [getattr(spot, name) for name in _PLAIN]
    told += [lon, lat, spot.reason["zh"], spot.reason["en"], since, spot.score, *counts]
    return [*told, spot.workers, spot.uncovered_workers, spot.uncounted]


def _line(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([cell_of(cell) for cell in cells])
    return out.getvalue()
