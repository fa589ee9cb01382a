"""Files of rows read by chunks: CSV, Parquet, XLSX and what GDAL reads, each chunk an arrow table with row numbers.

Row numbers are those a person sees: in CSV and XLSX the header is row 1, in Parquet and GDAL layers the first row is 1.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from geo.arrays import Ints
from geo.errors import Refused, TooMuch
from geo.settings import settings

CHUNK = 65_536
"""Rows held at once."""

CSV, PARQUET, XLSX, LAYER = "csv", "parquet", "xlsx", "layer"
_SUFFIXES = {
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".csv.gz": CSV,
    ".parquet": PARQUET,
    ".geoparquet": PARQUET,
    ".pq": PARQUET,
    ".xlsx": XLSX,
    ".gpkg": LAYER,
    ".geojson": LAYER,
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
    geometry
        Column of WKB geometries; None when there is none.
    crs
        Of ``geometry``, as ``EPSG:nnnn``; None when not told.
    total
        Rows, when the file says so before it is read.
    frames
        The rows, once.
    """

    path: Path
    form: str
    schema: pa.Schema
    frames: Iterator[Frame]
    total: int | None = None
    geometry: str | None = None
    crs: str | None = None


def form_of(path: Path) -> str:
    """Which kind of file of rows this is, by its suffix. Raises Refused for any other."""
    for suffix, form in _SUFFIXES.items():
        if path.name.lower().endswith(suffix):
            return form
    raise Refused(f"{path.name} is no file of rows that can be read; it ends in one of {', '.join(_SUFFIXES)}")


@contextmanager
def opened(path: Path, *, encoding: str = "utf-8-sig", columns: list[str] | None = None) -> Iterator[Sheet]:
    """The file, opened and its header read.

    Parameters
    ----------
    encoding
        Of CSV; ``gbk`` is read as its superset ``gb18030``.
    columns
        Parquet: only these are read; None = all.

    Raises
    ------
    Refused
        When the file is missing, empty, damaged, no such format, or not in that encoding; while reading as well.
    TooMuch
        When an XLSX unpacks to more than the setting ``max_import_mb``.
    """
    form = form_of(path)
    if not path.is_file():
        raise Refused(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise Refused(f"{path.name} is empty: 0 bytes")
    opening = {CSV: _csv, PARQUET: _parquet, XLSX: _xlsx, LAYER: _layer}[form]
    argument = {CSV: encoding, PARQUET: columns}.get(form)
    with opening(path, argument) as sheet:  # type: ignore[operator]
        yield sheet


# -- texts -----------------------------------------------------------------------------------------------------------
@contextmanager
def _csv(path: Path, encoding: str) -> Iterator[Sheet]:
    encoding = "gb18030" if encoding.lower() in {"gbk", "gb2312", "cp936"} else encoding
    plain = path.name.lower().endswith(".gz")
    try:
        "".encode(encoding)
    except LookupError as error:
        raise Refused(f"encoding {encoding!r} is not known; try utf-8 or gbk") from error
    opening: Any = gzip.open if plain else open
    with opening(path, "rt", encoding=encoding, newline="") as lines:
        rows = _csv_rows(path, lines, encoding)
        _, header = next(rows, (0, []))
        names = [name.strip() for name in header]
        _refuse_header(path, names)
        schema = pa.schema([(name, pa.string()) for name in names])
        yield Sheet(path, CSV, schema, _texts(rows, schema))


def _csv_rows(path: Path, lines: IO[str], encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells; blank lines are counted and left out."""
    number = 0
    try:
        head = lines.readline()
        delimiter = max(",;\t", key=head.count)
        lines.seek(0)
        for number, row in enumerate(csv.reader(lines, delimiter=delimiter), start=1):
            if row:
                yield number, row
    except UnicodeDecodeError as error:
        raise Refused(
            f"{path.name} is not {encoding}: byte 0x{error.object[error.start]:02x} after about row {number}; "
            "declare the right one, as --encoding gbk for a Chinese Excel's, or save it as UTF-8"
        ) from error
    except (csv.Error, OSError, EOFError) as error:
        raise Refused(f"{path.name} cannot be read as CSV after row {number}: {error}") from error


@contextmanager
def _xlsx(path: Path, _: None) -> Iterator[Sheet]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(path) as packed:
            megabytes = sum(part.file_size for part in packed.infolist()) / 1e6
        if megabytes > settings().max_import_mb:
            limit = settings().max_import_mb
            unpacked = f"{path.name} unpacks to {megabytes:,.0f} MB"
            raise TooMuch(f"{unpacked}; at most {limit:,} are read: give it as Parquet")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise Refused(f"{path.name} is no XLSX workbook: {error}; save it as .xlsx or CSV") from error
    try:
        rows = (
            (number, [_told(cell) for cell in row])
            for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1)
            if any(cell is not None for cell in row)
        )
        names = [name.strip() for name in next(rows, (0, []))[1]]
        while names and not names[-1]:  # formatting often reaches beyond the last column
            names.pop()
        _refuse_header(path, names)
        width = len(names)
        schema = pa.schema([(name, pa.string()) for name in names])
        yield Sheet(path, XLSX, schema, _texts(((number, row[:width]) for number, row in rows), schema))
    finally:
        book.close()


def _told(cell: object) -> str:
    """A cell as one would write it: whole numbers without point, times as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _refuse_header(path: Path, names: list[str]) -> None:
    if not any(names):
        raise Refused(f"{path.name} has no header; its first row must name the columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refused(f"{path.name} names the column {twice[0]!r} twice; every column needs its own name")


def _texts(rows: Iterator[tuple[int, list[str]]], schema: pa.Schema) -> Iterator[Frame]:
    width = len(schema)
    while some := list(islice(rows, CHUNK)):
        cells = {number: len(row) for number, row in some if len(row) != width}
        even = [row if len(row) == width else (row + [""] * width)[:width] for _, row in some]
        columns = [pa.array(column, type=pa.string()) for column in zip(*even, strict=True)]
        numbers = np.array([number for number, _ in some], dtype=np.int64)
        yield Frame(numbers, pa.table(columns, schema=schema), cells)


# -- typed files -----------------------------------------------------------------------------------------------------
@contextmanager
def _parquet(path: Path, columns: list[str] | None) -> Iterator[Sheet]:
    try:
        # A buffer, else a row group is held whole; pre_buffer, on by default, keeps what was read until the file is
        # closed, the buffer notwithstanding (apache/arrow#39808).
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            geometry, crs = _geoparquet(file.schema_arrow)
            frames = _batches(file.iter_batches(CHUNK, columns=columns))
            yield Sheet(path, PARQUET, file.schema_arrow, frames, file.metadata.num_rows, geometry, crs)
    except (pa.ArrowInvalid, OSError) as error:
        raise Refused(f"{path.name} cannot be read as Parquet: {error}") from error


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


@contextmanager
def _layer(path: Path, _: None) -> Iterator[Sheet]:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        with pyogrio.open_arrow(path, batch_size=CHUNK, use_pyarrow=True) as (meta, reader):
            geometry = meta["geometry_name"] or "wkb_geometry"
            named = geometry if geometry in reader.schema.names else None
            total = pyogrio.read_info(path)["features"]
            yield Sheet(path, LAYER, reader.schema, _batches(reader), total if total >= 0 else None, named, meta["crs"])
    except (DataSourceError, DataLayerError, pa.ArrowInvalid) as error:
        raise Refused(f"{path.name} cannot be read: {error}") from error


def _batches(batches: Iterator[pa.RecordBatch]) -> Iterator[Frame]:
    first = 1
    for batch in batches:
        yield Frame(np.arange(first, first + batch.num_rows), pa.Table.from_batches([batch]))
        first += batch.num_rows
