"""Whether a vector file is whole: GDAL reads some that are cut off as ones of fewer rows, and says nothing."""

from __future__ import annotations

import re
from pathlib import Path

from geo.errors import Refused
from geo.unpacking import Opened

_OBJECT = re.compile(
    rb"\s*(point|line|pline|region|arc|text|rect|roundrect|ellipse|multipoint|collection|none)\b", re.IGNORECASE
)


def check_whole(file: Opened, name: str) -> None:
    """Nothing, when the file holds as much as it says itself.

    Raises
    ------
    Refused
        When it is cut off; formats that GDAL refuses by itself are not looked at.
    """
    if file.kind == "dxf":
        _check_dxf(file.path, name)
    elif file.kind == "shp":
        _check_shp(file.path, name)
        _check_table(beside(file.path, ".dbf"), name)
    elif file.kind == "mapinfo" and file.path.suffix.lower() == ".tab":
        _check_table(beside(file.path, ".dat"), name)
    elif file.kind == "mapinfo":
        _check_mif(file.path, name)


def beside(path: Path, suffix: str) -> Path | None:
    """The file of the same name with another suffix, in small or capital letters; None when there is none."""
    found = (path.with_suffix(one) for one in (suffix, suffix.upper()))
    return next((one for one in found if one.is_file()), None)


def _refuse(name: str, why: str) -> Refused:
    return Refused(f"{name} is cut off: {why}; fetch or export it again")


def _check_dxf(path: Path, name: str) -> None:
    with path.open("rb") as file:
        if file.read(18) == b"AutoCAD Binary DXF":
            return
        file.seek(max(0, path.stat().st_size - 64))
        if not file.read().rstrip().endswith(b"EOF"):
            raise _refuse(name, "a DXF ends with EOF, this one does not")


def _check_shp(path: Path, name: str) -> None:
    with path.open("rb") as file:
        claimed = 2 * int.from_bytes(file.read(28)[24:], "big")
    if (size := path.stat().st_size) < claimed:
        raise _refuse(name, f"{size:,} bytes of {claimed:,} its header names")


def _check_table(path: Path | None, name: str) -> None:
    """A dBase table: the header tells rows, its own length and that of a row."""
    if path is None:
        return
    with path.open("rb") as file:
        header = file.read(12)
    rows, begin, row = (int.from_bytes(header[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    if (size := path.stat().st_size) < begin + rows * row:
        raise _refuse(name, f"its table {path.name} has {size:,} bytes where {rows:,} rows need {begin + rows * row:,}")


def _check_mif(path: Path, name: str) -> None:
    """As many objects in the .mif as lines in the .mid."""
    table = beside(path, ".mid")
    if table is None:
        return
    objects, is_data = 0, False
    with path.open("rb") as lines:
        for line in lines:
            is_data = is_data or line.strip().lower() == b"data"
            objects += is_data and _OBJECT.match(line) is not None
    with table.open("rb") as lines:
        rows = sum(bool(line.strip()) for line in lines)
    if objects != rows:
        raise _refuse(name, f"{objects:,} shapes, and {rows:,} rows in {table.name}")
