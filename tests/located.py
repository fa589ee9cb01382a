"""Points put to ``/v1/locate`` of a server: one, many as JSON, many as an Arrow stream."""

from __future__ import annotations

import random
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import shapely

from api.streams import ARROW
from tests.small_city import HIGH, SOUTH, WEST, WIDE, cell_centre


def get(http: httpx.Client, lon: float, lat: float, **more: Any) -> dict[str, Any]:
    """What one point is answered."""
    answer = http.get("/v1/locate", params={"lon": lon, "lat": lat, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def post(http: httpx.Client, points: list[Any], **more: Any) -> dict[str, Any]:
    """What many points are answered, asked as JSON."""
    answer = http.post("/v1/locate", json={"points": points, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def scattered(count: int) -> list[list[float]]:
    """Points in and around the small city, on a border and in the middle of a grid."""
    chance = random.Random(7)
    spots = [[WEST + chance.uniform(-0.2, 4.2) * WIDE, SOUTH + chance.uniform(-0.2, 3.2) * HIGH] for _ in range(count)]
    return [[round(lon, 7), round(lat, 7)] for lon, lat in spots] + [[WEST, SOUTH], list(cell_centre(1, 1))]


def ask_stream(http: httpx.Client, table: pa.Table, *, accept: str = ARROW, **options: Any) -> httpx.Response:
    """The answer to many points as a stream, or to points asked as one."""
    query = options.pop("query", {})
    return http.post(
        "/v1/locate",
        params=query,
        content=streamed(table, **options),
        headers={"Content-Type": ARROW, "Accept": accept},
    )


def streamed(table: pa.Table, compression: str | None = None, chunk: int | None = None) -> bytes:
    """A table as the bytes of an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=chunk)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def tables(points: list[list[float]]) -> list[pa.Table]:
    """The same points in every form a stream may have them."""
    lon, lat = np.array(points, dtype=np.float64).T
    shapes = shapely.points(lon, lat)
    pairs = pa.FixedSizeListArray.from_arrays(pa.array(np.column_stack([lon, lat]).ravel()), 2)
    struct = pa.StructArray.from_arrays([pa.array(lon), pa.array(lat)], names=["x", "y"])
    return [
        pa.table({"lon": lon, "lat": lat}),
        pa.table({"lat": lat, "lon": lon}),
        *(pa.table({"geometry": column}) for column in (pairs, struct, pa.array(shapely.to_wkb(shapes), pa.binary()))),
    ]
