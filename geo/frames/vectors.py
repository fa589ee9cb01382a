"""Layers that GDAL reads, by chunks through Arrow: one way for every vector format, packed or not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from geo.errors import Refused, near
from geo.frames import encodings, osm, parquets, sheets
from geo.frames.sheets import LAYER, Frame, Sheet, numbered
from geo.frames.wholeness import beside, check_whole
from geo.unpacking import FORMATS, Opened, opened

LAYERED = ("gpkg", "kml")
"""Kinds of file that may hold several layers."""

_DRIVERS = {
    "geojson": "GeoJSON",
    "gpkg": "GPKG",
    "shp": "ESRI Shapefile",
    "fgb": "FlatGeobuf",
    "mapinfo": "MapInfo File",
    "kml": "LIBKML",
    "dxf": "DXF",
}
_GRAVE = ("corrupt", "truncat", "fail", "error", "recode", "couldn't be converted", "unable", "cannot", "premature")
_DBF_HEADER = 32


@contextmanager
def sheet(path: Path, encoding: str | None, columns: list[str] | None, layer: str | None) -> Iterator[Sheet]:
    """The opened layer; parameters as :func:`geo.frames.opened`. Raises Refused, TooMuch."""
    with opened(path, member=layer) as file:
        if file.kind == "parquet":
            with parquets.sheet(file.path, path.name, columns) as found:
                yield found
            return
        if file.kind == "osm":
            with osm.sheet(file.path, path.name, columns, osm.layer_of(path.name, layer), path) as found:
                yield found
            return
        ready(file, path.name)
        named = layer_of(file, path.name, layer)
        settled = _encoding(file, path.name, encoding)
        codec = settled.codec if settled else None
        with _reader(file, path.name, named, codec, columns) as (meta, reader):
            geometry = meta["geometry_name"] or "wkb_geometry"
            total = _total(file, named)
            yield Sheet(
                path,
                LAYER,
                _plain(reader.schema),
                _counted(numbered(_batches(file, path.name, reader, codec)), path.name, total),
                total,
                geometry if geometry in reader.schema.names else None,
                epsg_of(meta["crs"]),
                settled.recognised if settled else None,
                file.kind,
            )


def ready(file: Opened, name: str) -> None:
    """Nothing, when this GDAL reads the kind of file and the file is whole.

    Raises
    ------
    Refused
        When it has no driver for it, or the file is cut off or damaged.
    """
    import pyogrio

    driver = _DRIVERS[file.kind]
    if "r" not in pyogrio.list_drivers().get(driver, ""):
        version = ".".join(map(str, pyogrio.__gdal_version__))
        raise Refused(f"{name} is {driver}, which this GDAL ({version}) was built without; export it as GeoPackage")
    check_whole(file, name)


def layer_of(file: Opened, name: str, wanted: str | None) -> str | None:
    """Layer to read; None for formats that hold one only.

    Raises
    ------
    Refused
        When it has no such layer, or several and none is wanted; the message names them.
    """
    if file.kind not in LAYERED:
        return None
    import pyogrio

    try:
        there = [str(one) for one, kind in pyogrio.list_layers(file.path) if kind is not None]
    except Exception as error:  # pyogrio raises a dozen kinds of its own, all of them "this cannot be read"
        raise Refused(f"{name} is a damaged {_DRIVERS[file.kind]}: {said(str(error), file.path)}") from error
    if wanted in there:
        return wanted
    if wanted:
        raise Refused(f"{name} has no layer {wanted!r}; it has {', '.join(there)}{near(wanted, there)}")
    if len(there) == 1:
        return there[0]
    raise Refused(f"{name} has {len(there)} layers: {', '.join(there)}; name one with layer = …")


def said(message: str, path: Path) -> str:
    """A library's words without the folder a file was unpacked to."""
    return message.replace(f"{path.parent}/", "").split("\n")[0].strip().rstrip(".")[:300]


def is_grave(message: str) -> bool:
    """Whether a warning of GDAL means that something was not read."""
    return any(word in message.lower() for word in _GRAVE)


def epsg_of(crs: str | None) -> str | None:
    """A CRS as ``EPSG:nnnn`` where it is surely one, else as it is told; None when it is not told."""
    if not crs or crs.startswith("EPSG:"):
        return crs or None
    import pyproj
    from pyproj.exceptions import CRSError

    try:
        number = pyproj.CRS.from_user_input(crs).to_epsg(min_confidence=70)
    except CRSError:
        return crs
    return f"EPSG:{number}" if number else crs


@contextmanager
def _reader(
    file: Opened, name: str, layer: str | None, codec: str | None, columns: list[str] | None
) -> Iterator[tuple[Any, Any]]:
    import pyogrio

    with ExitStack() as stack:
        with _heard(file, name):
            opening = pyogrio.open_arrow(
                file.path,
                layer=layer,
                encoding=codec if file.kind == "shp" else None,
                columns=columns,
                batch_size=sheets.CHUNK,
                use_pyarrow=True,
            )
            told = stack.enter_context(opening)
        yield told


def _batches(file: Opened, name: str, reader: Any, codec: str | None) -> Iterator[pa.RecordBatch]:
    """Batches with sound texts."""
    while True:
        with _heard(file, name):
            batch = next(reader, None)
        if batch is None:
            return
        yield _sound(batch, name, codec)


def _counted(frames: Iterator[Frame], name: str, total: int | None) -> Iterator[Frame]:
    """The frames; Raises Refused at the end when they are fewer rows than the file says it has."""
    rows = 0
    for frame in frames:
        rows += len(frame.rows)
        yield frame
    if total is not None and rows < total:
        raise Refused(f"{name} is damaged: {rows:,} of its {total:,} rows can be read; fetch or export it again")


@contextmanager
def _heard(file: Opened, name: str) -> Iterator[None]:
    """What GDAL says meanwhile is judged, not printed. Raises Refused when it could not read something."""
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            yield
    except Exception as error:  # pyogrio raises a dozen kinds of its own, an IndexError for a file of no layers
        kind = _DRIVERS[file.kind]
        why = said(str(error), file.path)
        raise Refused(f"{name} cannot be read as {kind}: {why}; it must be {FORMATS}") from error
    if grave := [said(str(one.message), file.path) for one in heard if is_grave(str(one.message))]:
        raise Refused(f"{name} is damaged: {grave[0]}; fetch or export it again")


def _total(file: Opened, layer: str | None) -> int | None:
    """Rows of the layer, where that costs no reading."""
    import pyogrio

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        total = int(pyogrio.read_info(file.path, layer=layer)["features"])
    return total if total >= 0 else None


# -- texts ------------------------------------------------------------------------------------------------------------
def _encoding(file: Opened, name: str, declared: str | None) -> encodings.Encoding | None:
    """Encoding of a layer's texts; None = as GDAL finds it.

    A Shapefile that does not name its encoding is recognised by its table, which GDAL would read as Latin-1.
    """
    table = beside(file.path, ".dbf")
    if file.kind != "shp" or table is None:
        return encodings.settled(name, declared, ()) if declared else None
    if declared is None and beside(file.path, ".cpg") is not None:
        return None
    with table.open("rb") as dbf:
        dbf.seek(int.from_bytes(dbf.read(_DBF_HEADER)[8:10], "little"))
        return encodings.settled(name, declared, iter(lambda: dbf.read(1 << 20).replace(b"\0", b" "), b""))


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema without GDAL's extension types: a geometry is a column of bytes."""
    return pa.schema([pa.field(one.name, _storage(one.type), metadata=one.metadata) for one in schema])


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _sound(batch: pa.RecordBatch, name: str, codec: str | None) -> pa.RecordBatch:
    """The batch with texts in UTF-8; Arrow does not look. Raises Refused for other bytes that nobody declared."""
    columns = []
    for told in batch.columns:
        column = told.storage if isinstance(told.type, pa.BaseExtensionType) else told
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        columns.append(_text(column, name, codec) if is_text else _checked(column, name))
    return pa.RecordBatch.from_arrays(columns, schema=_plain(batch.schema))


def _checked(column: pa.Array, name: str) -> pa.Array:
    """The column, whose cells lie where it says: those of a damaged FlatGeobuf may reach beyond its memory."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        raise Refused(f"{name} is damaged: {error}; fetch or export it again") from error
    return column


def _text(column: pa.Array, name: str, codec: str | None) -> pa.Array:
    kind = pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()
    told = _checked(column.view(kind), name)
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        told = told.to_pylist()
        # One text a line, so that no character of two bytes is cut.
        found = encodings.settled(name, codec or "utf-8", [b"\n".join(one for one in told if one)])
        try:
            return pa.array([None if one is None else one.decode(found.codec) for one in told], type=column.type)
        except UnicodeError as error:
            raise Refused(f"a text of {name} is not {found.codec}: {error}; declare its encoding, as gbk") from error
    return column
