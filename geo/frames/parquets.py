"""Parquet and GeoParquet read by chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from geo.errors import Refused
from geo.frames import points, sheets
from geo.frames.sheets import PARQUET, Sheet, numbered


@contextmanager
def sheet(path: Path, name: str, columns: list[str] | None, groups: Sequence[int] | None = None) -> Iterator[Sheet]:
    """The opened file, called ``name`` in messages; of ``columns`` and row groups, which follow each other, only those.

    None = all. Rows have their numbers in the whole file.

    Raises
    ------
    Refused
        When it is no Parquet file, is damaged, or its description of the geometry is; while reading as well.
    """
    with ExitStack() as stack:
        with _readable(name):
            # A buffer, else a row group is held whole; pre_buffer, on by default, keeps what was read until the file is
            # closed, the buffer notwithstanding (apache/arrow#39808).
            file = stack.enter_context(pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False))
            schema, wanted = file.schema_arrow, range(file.num_row_groups) if groups is None else groups
            rows = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            total, before = sum(rows[group] for group in wanted), sum(rows[: wanted[0]]) if len(wanted) else 0
        _refuse_twice(schema, name)
        column, crs = _geoparquet(schema, name)
        is_native = column is not None and points.is_native(schema.field(column).type)
        geometry, native = (None, column) if is_native else (column, None)
        frames = numbered(_batches(file, name, columns, wanted), before + 1)
        yield Sheet(path, PARQUET, schema, frames, total, geometry, crs, kind=PARQUET, points=native)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise Refused(f"{name} cannot be read as Parquet: {error}; fetch or export it again") from error


def _batches(
    file: pq.ParquetFile, name: str, columns: list[str] | None, groups: Sequence[int]
) -> Iterator[pa.RecordBatch]:
    """Batches whose texts are texts: Arrow does not look."""
    with _readable(name):
        batches = file.iter_batches(sheets.CHUNK, row_groups=list(groups), columns=columns)
    while True:
        with _readable(name):
            batch = next(batches, None)
        if batch is None:
            return
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            try:
                values.validate(full=True)
            except pa.ArrowInvalid as error:
                raise Refused(f"{name}, column {column!r}: {error}; texts must be UTF-8") from error
        yield batch


def _refuse_twice(schema: pa.Schema, name: str) -> None:
    if twice := sorted({one for one in schema.names if schema.names.count(one) > 1}):
        raise Refused(f"{name} names the column {twice[0]!r} twice; every column needs its own name")


def _geoparquet(schema: pa.Schema, name: str) -> tuple[str | None, str | None]:
    """Column and CRS of the geometry; GeoParquet without CRS means longitude and latitude in WGS 84."""
    told = (schema.metadata or {}).get(b"geo")
    if told is None:
        return None, None
    try:
        meta = json.loads(told)
        column = meta["primary_column"]
        about = meta["columns"][column]
        encoding = about.get("encoding", "WKB")
        crs = _crs(about)
        kind = schema.field(column).type
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"{name} does not say what its geometry is: 'geo' in its metadata: {error!r}") from error
    if encoding == "point" and points.is_native(kind):
        return column, crs
    if encoding != "WKB":
        return None, None
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise Refused(f"{name}: its geometry {column!r} is {kind}; it must be WKB in a binary column")
    return column, crs


def _crs(about: dict[str, Any]) -> str | None:
    code = (about.get("crs", {"id": {"authority": "OGC", "code": "CRS84"}}) or {}).get("id", {})
    if code.get("authority") == "OGC":
        return "EPSG:4326"
    return f"EPSG:{code['code']}" if code.get("authority") == "EPSG" else None
