"""A workbook of one sheet, the same bytes for the same rows: written by openpyxl, its clock taken out."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa

_MOMENT = (2026, 1, 1, 0, 0, 0)
_CLOCK = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


def write_xlsx(path: Path, table: pa.Table, title: str) -> None:
    """The table as the one sheet ``title``: figures and days as such, blank cells where nothing is."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(table.column_names)
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        sheet.append([None if one is None else one if isinstance(one, int | float | date) else str(one) for one in row])
    written = io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as packed, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as again:
        for part in packed.infolist():
            body = _CLOCK.sub(rb"\g<1>2026-01-01T00:00:00Z\2", packed.read(part))
            again.writestr(zipfile.ZipInfo(part.filename, _MOMENT), body, zipfile.ZIP_DEFLATED)
