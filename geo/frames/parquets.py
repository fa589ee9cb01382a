"""Parquet and GeoParquet read by chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from geo.errors import Refused
from geo.frames import sheets
from geo.frames.sheets import PARQUET, Sheet, numbered


@contextmanager
def sheet(path: Path, name: str, columns: list[str] | None) -> Iterator[Sheet]:
    """The opened file, called ``name`` in messages; of ``columns`` only those, None = all. Raises Refused."""
    try:
        # A buffer, else a row group is held whole; pre_buffer, on by default, keeps what was read until the file is
        # closed, the buffer notwithstanding (apache/arrow#39808).
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            geometry, crs = _geoparquet(file.schema_arrow)
            frames = numbered(file.iter_batches(sheets.CHUNK, columns=columns))
            total = file.metadata.num_rows
            yield Sheet(path, PARQUET, file.schema_arrow, frames, total, geometry, crs, kind=PARQUET)
    except (pa.ArrowInvalid, OSError) as error:
        raise Refused(f"{name} cannot be read as Parquet: {error}") from error


def _geoparquet(schema: pa.Schema) -> tuple[str | None, str | None]:
    """Column and CRS of the geometry; GeoParquet without CRS means longitude and latitude in WGS 84."""
    told = (schema.metadata or {}).get(b"geo")
    if told is None:
        return None, None
    meta = json.loads(told)
    column = meta["primary_column"]
    about = meta["columns"][column]
    if about.get("encoding", "WKB") != "WKB":
        return None, None
    crs = about.get("crs", {"id": {"authority": "OGC", "code": "CRS84"}})
    code = (crs or {}).get("id", {})
    if code.get("authority") == "OGC":
        return column, "EPSG:4326"
    return column, f"EPSG:{code['code']}" if code.get("authority") == "EPSG" else None
