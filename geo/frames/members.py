"""The layers a file holds, whatever its format."""

from __future__ import annotations

from pathlib import Path

from geo.errors import Refused
from geo.frames import vectors
from geo.unpacking import datasets, opened

_HEAD = 65_536


def layers_of(path: Path) -> tuple[list[str], bool]:
    """Names of the layers where there are several, and whether the file itself names a CRS. Raises Refused, TooMuch."""
    packed = datasets(path)
    if len(packed) > 1:
        return packed, True
    with opened(path) as file:
        if file.kind == "geojson":  # by its standard it names none, and GDAL then says EPSG:4326 for it
            with file.path.open("rb") as text:
                return [], b'"crs"' in text.read(_HEAD)
        if file.kind not in vectors.LAYERED:
            return [], True
        import pyogrio

        vectors.ready(file, path.name)
        try:
            there = [str(name) for name, kind in pyogrio.list_layers(file.path) if kind is not None]
        except Exception as error:  # pyogrio raises a dozen kinds of its own, all of them "this cannot be read"
            raise Refused(f"{path.name} cannot be read: {vectors.said(str(error), file.path)}") from error
    return there if len(there) > 1 else [], True
