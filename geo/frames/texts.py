"""CSV and XLSX read by chunks: every cell a text, rows numbered as a person sees them."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from geo.errors import Refused, TooMuch, near
from geo.frames import encodings, sheets
from geo.frames.csvs import Records
from geo.frames.sheets import CSV, XLSX, Frame, Sheet, framed, regrouped
from geo.settings import settings


@contextmanager
def csv_sheet(path: Path, declared: str | None) -> Iterator[Sheet]:
    """The opened CSV; ``declared`` is its encoding, None = recognised. Raises Refused."""
    opening: Any = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opening(path, "rb") as file:
            found = encodings.settled(path.name, declared, iter(lambda: file.read(1 << 20), b""))
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(f"{path.name} cannot be read as CSV after row 0: {error}") from error
    again = partial(opening, path, "rt", encoding=found.codec, newline="")
    with again() as lines:
        records = Records(path, lines, again)
        names = [name.strip() for name in records.header()]
        _refuse_header(path, names)
        schema = pa.schema([(name, pa.string()) for name in names])
        yield Sheet(path, CSV, schema, regrouped(records.frames(schema)), recognised=found.recognised, kind=CSV)


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
    while some := list(islice(rows, sheets.CHUNK)):
        yield framed(some, schema)
