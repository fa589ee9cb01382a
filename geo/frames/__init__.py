"""Files of rows read by chunks: CSV, Parquet, XLSX and what GDAL reads, each chunk an arrow table with row numbers.

Row numbers are those a person sees: in CSV and XLSX the header is row 1, in Parquet and GDAL layers the first row is 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from geo.errors import Refused
from geo.frames.sheets import CHUNK, CSV, LAYER, PARQUET, XLSX, Frame, Sheet, form_of

__all__ = ["CHUNK", "CSV", "LAYER", "PARQUET", "XLSX", "Frame", "Sheet", "form_of", "opened"]


@contextmanager
def opened(
    path: Path, *, encoding: str | None = None, columns: list[str] | None = None, layer: str | None = None
) -> Iterator[Sheet]:
    """The file, opened and its header read.

    Parameters
    ----------
    encoding
        Of the texts of CSV, Shapefile, MapInfo and DXF; None = recognised: UTF-8, GBK, Big5 or UTF-16. ``gbk`` is
        read as its superset ``gb18030``.
    columns
        Parquet and layers: only these are read, the geometry always; None = all.
    layer
        Layer of a GeoPackage, KML, zip or OSM file, sheet of a workbook; None = the only one, in a workbook the first.

    Raises
    ------
    Refused
        When the file is missing, empty, damaged, no such format, not in that encoding, or holds several layers and
        none is named; while reading as well.
    TooMuch
        When it unpacks to more than the setting ``max_import_mb``.
    """
    form = form_of(path)
    if not path.is_file():
        raise Refused(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise Refused(f"{path.name} is empty: 0 bytes")
    with _opening(form, path, encoding, columns, layer) as sheet:
        yield sheet


def _opening(
    form: str, path: Path, encoding: str | None, columns: list[str] | None, layer: str | None
) -> AbstractContextManager[Sheet]:
    from geo.frames import parquets, texts, vectors

    if form == CSV:
        return texts.csv_sheet(path, encoding)
    if form == XLSX:
        return texts.xlsx_sheet(path, layer)
    if form == PARQUET:
        return parquets.sheet(path, path.name, columns)
    return vectors.sheet(path, encoding, columns, layer)
