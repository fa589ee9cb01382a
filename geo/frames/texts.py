"""CSV and XLSX read by chunks: every cell a text, rows numbered as a person sees them."""

from __future__ import annotations

import csv
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import count, islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from geo.errors import Refused, TooMuch, near
from geo.frames import encodings, sheets
from geo.frames.sheets import CSV, XLSX, Frame, Sheet
from geo.settings import settings

_LONGEST = 10_000_000
"""Letters of a line."""


@contextmanager
def csv_sheet(path: Path, declared: str | None) -> Iterator[Sheet]:
    """The opened CSV; ``declared`` is its encoding, None = recognised. Raises Refused."""
    opening: Any = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opening(path, "rb") as file:
            found = encodings.settled(path.name, declared, iter(lambda: file.read(1 << 20), b""))
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(f"{path.name} cannot be read as CSV after row 0: {error}") from error
    with opening(path, "rt", encoding=found.codec, newline="") as lines:
        rows = _csv_rows(path, lines, found.codec)
        _, header = next(rows, (0, []))
        names = [name.strip() for name in header]
        _refuse_header(path, names)
        schema = pa.schema([(name, pa.string()) for name in names])
        yield Sheet(path, CSV, schema, _texts(rows, schema), recognised=found.recognised, kind=CSV)


def _csv_rows(path: Path, lines: IO[str], encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells; blank lines are counted and left out."""
    number = 0
    try:
        head = lines.readline(_LONGEST)
        delimiter = max(",;\t", key=head.count)
        lines.seek(0)
        for number, row in enumerate(csv.reader(_lines(path, lines), delimiter=delimiter), start=1):
            if row:
                yield number, row
    except UnicodeDecodeError as error:
        raise Refused(
            f"{path.name} is not {encoding}: byte 0x{error.object[error.start]:02x} after about row {number}; "
            "declare the right one, as --encoding gbk for a Chinese Excel's, or save it as UTF-8"
        ) from error
    except (csv.Error, OSError, EOFError, zlib.error, UnicodeError) as error:
        raise Refused(f"{path.name} cannot be read as CSV after row {number}: {error}") from error


def _lines(path: Path, lines: IO[str]) -> Iterator[str]:
    """The lines; one without end is refused before it fills the memory, as a packed file of a kilobyte can."""
    for number in count(1):
        line = lines.readline(_LONGEST)
        if not line:
            return
        if len(line) == _LONGEST:
            raise Refused(f"{path.name} is no table: line {number} has more than {_LONGEST:,} letters")
        yield line


@contextmanager
def xlsx_sheet(path: Path, layer: str | None) -> Iterator[Sheet]:
    """The opened worksheet called ``layer``; None = the first. Raises Refused, TooMuch."""
    import openpyxl

    try:
        with zipfile.ZipFile(path) as packed:
            megabytes = sum(part.file_size for part in packed.infolist()) / 1e6
        if megabytes > settings().max_import_mb:
            limit = settings().max_import_mb
            unpacked = f"{path.name} unpacks to {megabytes:,.0f} MB"
            raise TooMuch(f"{unpacked}; at most {limit:,} are read: give it as Parquet")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except TooMuch:
        raise
    except Exception as error:  # openpyxl lets the errors of zip, XML and a dozen other readers through
        raise Refused(f"{path.name} is no XLSX workbook: {error}; save it as .xlsx or CSV") from error
    try:
        rows = _xlsx_rows(path, _worksheet(path, book, layer))
        names = [name.strip() for name in next(rows, (0, []))[1]]
        while names and not names[-1]:  # formatting often reaches beyond the last column
            names.pop()
        _refuse_header(path, names)
        width = len(names)
        schema = pa.schema([(name, pa.string()) for name in names])
        # a workbook keeps no blank cells at the end of a row, and formatted ones beyond the last column
        whole = ((number, (row + [""] * width)[:width]) for number, row in rows)
        yield Sheet(path, XLSX, schema, _texts(whole, schema), kind=XLSX)
    finally:
        book.close()


def _xlsx_rows(path: Path, worksheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells; blank rows are counted and left out."""
    number = 0
    try:
        for number, row in enumerate(worksheet.iter_rows(values_only=True), start=1):
            if any(cell is not None for cell in row):
                yield number, [_told(cell) for cell in row]
    except Exception as error:  # as when it is opened
        raise Refused(f"{path.name} is damaged after row {number}: {error}; save it anew as .xlsx or CSV") from error


def _worksheet(path: Path, book: Any, layer: str | None) -> Any:
    if not book.worksheets:
        raise Refused(f"{path.name} holds no sheet with cells; save it anew as .xlsx or CSV")
    if layer is None:
        return book.worksheets[0]
    if layer not in book.sheetnames:
        there = ", ".join(book.sheetnames)
        raise Refused(f"{path.name} has no sheet {layer!r}; it has {there}{near(layer, book.sheetnames)}")
    return book[layer]


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
    while some := list(islice(rows, sheets.CHUNK)):
        cells = {number: len(row) for number, row in some if len(row) != width}
        even = [row if len(row) == width else (row + [""] * width)[:width] for _, row in some]
        columns = [pa.array(column, type=pa.string()) for column in zip(*even, strict=True)]
        numbers = np.array([number for number, _ in some], dtype=np.int64)
        yield Frame(numbers, pa.table(columns, schema=schema), cells)
