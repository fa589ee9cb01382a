"""A file seen from outside, whatever its format: its layers, a few rows, its CRS. Only its head is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyproj
from pyproj.exceptions import CRSError

from geo import columns
from geo.frames import LAYER, form_of, opened
from geo.frames.members import layers_of
from geo.frames.sheets import Sheet
from geo.imports.holdings import LOOKED_AT, Holdings, previewed
from geo.imports.kinds import Mapped

_OSM = (".osm", ".pbf", ".osm.gz", ".osm.bz2")
_TYPES = (
    (pa.types.is_boolean, "yes or no"),
    (pa.types.is_integer, "whole number"),
    (pa.types.is_floating, "number"),
    (pa.types.is_decimal, "number"),
    (pa.types.is_temporal, "time"),
)


def look(path: Path, asked: Mapped, usual: Sequence[str] = ()) -> Holdings:
    """What a file holds.

    Parameters
    ----------
    asked
        May name a ``layer`` (else the first there is, ``usual`` ones before others) and an ``encoding`` (else the one
        recognised).

    Raises
    ------
    Refused
        When it cannot be read.
    TooMuch
        When it unpacks to more than the setting allows.
    """
    layers, says_crs = layers_of(path) if form_of(path) == LAYER else ([], True)
    layer = asked.get("layer")
    if layer not in layers:
        layer = next((one for one in (*usual, *layers) if one in layers), None)
    if is_osm(path) and usual:
        layer = usual[0]
    with opened(path, encoding=asked.get("encoding"), layer=layer) as sheet:
        columns = _head(sheet)
        types = {name: _type(sheet.schema.field(name).type) for name in columns}
        why = None
        if sheet.recognised:
            why = {"zh": "由字节识别", "en": "recognised by its bytes"}
        return Holdings(
            form=sheet.kind or sheet.form,
            columns=columns,
            types=types,
            preview=previewed(columns),
            layers=layers,
            layer=layer,
            encoding=asked.get("encoding") or sheet.recognised,
            encoding_why=why,
            crs=_named(sheet.crs) if says_crs else None,
            rows=sheet.total,
            has_shapes=sheet.geometry is not None,
        )


def is_osm(path: Path) -> bool:
    """Whether a file is one of OpenStreetMap, by its name."""
    return path.name.lower().endswith(_OSM)


def _head(sheet: Sheet) -> dict[str, list[str]]:
    """Column → its first values as texts; geometry is no column."""
    frame = next(sheet.frames, None)
    table = sheet.schema.empty_table() if frame is None else frame.table.slice(0, LOOKED_AT)
    names = [name for name in table.column_names if name != sheet.geometry]
    return {name: pc.fill_null(columns.texts(table.column(name)), "").to_pylist() for name in names}


def _type(kind: pa.DataType) -> str:
    return next((words for is_one, words in _TYPES if is_one(kind)), "text")


def _named(crs: str | None) -> str | None:
    """What a file says of its coordinates, as people call it."""
    if crs is None:
        return None
    try:
        read = pyproj.CRS.from_user_input(crs)
    except CRSError:
        return crs[:120]
    code = read.to_epsg()
    return f"EPSG:{code} {read.name}" if code else read.name
