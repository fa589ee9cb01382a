"""What a file of rows is once it is opened, and which files are read how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from geo.arrays import Ints
from geo.errors import Refused

CHUNK = 65_536
"""Rows held at once."""

CSV, PARQUET, XLSX, LAYER = "csv", "parquet", "xlsx", "layer"
_SUFFIXES = {
    CSV: (".csv", ".tsv", ".txt", ".csv.gz"),
    PARQUET: (".parquet", ".geoparquet", ".pq"),
    XLSX: (".xlsx",),
    LAYER: (
        *(".gpkg", ".geojson", ".json", ".shp", ".zip", ".fgb", ".tab", ".mif", ".kml", ".kmz", ".dxf"),
        *(".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".gpkg.gz", ".geojson.gz", ".json.gz"),
    ),
}


@dataclass(frozen=True, eq=False)
class Frame:
    """Some rows of a file. ``cells`` names rows with more or fewer cells than the header: row number → cells."""

    rows: Ints
    table: pa.Table
    cells: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sheet:
    """An opened file of rows.

    Attributes
    ----------
    path
        Its file.
    form
        ``csv``, ``parquet``, ``xlsx`` or ``layer``.
    schema
        Columns; all texts in CSV and XLSX.
    frames
        The rows, once.
    total
        Rows, when the file says so before it is read.
    geometry
        Column of WKB geometries; None when there is none.
    points
        Column of points whose coordinates lie in it themselves, as GeoArrow has them, when there is no ``geometry``.
    crs
        Of ``geometry`` or ``points``: ``EPSG:nnnn`` where it is one, else in the file's own words; None when not told.
    recognised
        Encoding that nobody declared and that is not UTF-8, such as ``gbk``: to be said to the reader.
    kind
        Of a ``layer``: ``osm``, ``dxf``, … as ``geo.unpacking`` tells it; else the form.
    """

    path: Path
    form: str
    schema: pa.Schema
    frames: Iterator[Frame]
    total: int | None = None
    geometry: str | None = None
    crs: str | None = None
    recognised: str | None = None
    kind: str = ""
    points: str | None = None


def form_of(path: Path) -> str:
    """Which kind of file of rows this is, by its suffix. Raises Refused for any other."""
    for form, suffixes in _SUFFIXES.items():
        if path.name.lower().endswith(suffixes):
            return form
    known = ", ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
    raise Refused(f"{path.name} is no file of rows that can be read; it ends in one of {known}")


def numbered(batches: Iterator[pa.RecordBatch], first: int = 1) -> Iterator[Frame]:
    """Batches as frames, the first row of all being ``first``."""
    for batch in batches:
        yield Frame(np.arange(first, first + batch.num_rows), pa.Table.from_batches([batch]))
        first += batch.num_rows


def framed(rows: list[tuple[int, list[str]]], schema: pa.Schema) -> Frame:
    """Rows, at least one, of number and cells as a frame of texts; of another length than the schema they are told."""
    width = len(schema)
    cells = {number: len(row) for number, row in rows if len(row) != width}
    even = [row if len(row) == width else (row + [""] * width)[:width] for _, row in rows]
    columns = [pa.array(column, type=pa.string()) for column in zip(*even, strict=True)]
    return Frame(np.array([number for number, _ in rows], dtype=np.int64), pa.table(columns, schema=schema), cells)


def regrouped(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same rows in frames of :data:`CHUNK`, the last one perhaps smaller."""
    held: list[Frame] = []
    for frame in frames:
        held.append(frame)
        while sum(len(one.rows) for one in held) >= CHUNK:
            whole = _joined(held)
            yield _sliced(whole, 0, CHUNK)
            held = [_sliced(whole, CHUNK, len(whole.rows))]
    if any(len(one.rows) for one in held):
        yield _joined(held)


def parted(frames: Iterator[Frame], least: int, most: int) -> Iterator[Frame]:
    """The same rows in the same order, ``least`` in the first frame, and in each twice those before up to ``most``."""
    size = least
    for frame in frames:
        first = 0
        while first < len(frame.rows):
            yield _sliced(frame, first, first + size)
            first += size
            size = min(2 * size, most)


def _joined(frames: list[Frame]) -> Frame:
    cells = {row: number for frame in frames for row, number in frame.cells.items()}
    rows = np.concatenate([frame.rows for frame in frames])
    return Frame(rows, pa.concat_tables(frame.table for frame in frames), cells)


def _sliced(frame: Frame, first: int, end: int) -> Frame:
    rows = frame.rows[first:end]
    cells = {row: number for row, number in frame.cells.items() if len(rows) and rows[0] <= row <= rows[-1]}
    return Frame(rows, frame.table.slice(first, end - first), cells)
