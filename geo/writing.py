"""Rows with or without a geometry, written by chunks as a file of any format an office opens.

Geometry is east or longitude first in every file, whatever order the definition of its CRS names: that is what GIS
programs read and what the formats ask for. Nothing is rounded but texts: degrees to the 8 decimals of the lattice.
"""

from __future__ import annotations

import csv
import errno
import gzip
import json
import math
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely

from geo import columns
from geo.errors import Refused

RTREE_BYTES = 32 << 20
SHAPEFILE_BYTES = (1 << 31) - 1
"""What a .shp or .dbf may hold: their sizes are signed words of 16 bits, and of 32 bits."""
LEAST_BYTES = 1 << 20
"""A disk with less room is full: no more of a layer went onto it."""

_DBF_TEXT = 254
_DBF_NAME = 10
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Rows:
    """What is written.

    Attributes
    ----------
    name
        Of the layer, in formats that have layers.
    schema
        Of ``tables``; a field's metadata says ``zh`` and ``en`` what it means, and ``short`` its name in a Shapefile.
    geometry
        Column of WKB; None where there is none.
    kind
        Its type as OGR calls it: MultiPolygon, Point, Unknown.
    crs
        ``EPSG:nnnn``.
    guards_formulas
        Whether a text that a spreadsheet would reckon with gets an apostrophe before it in CSV.
    closing
        What is said in the metadata of a Parquet when all rows are written.
    """

    name: str
    schema: pa.Schema
    tables: Iterator[pa.Table]
    geometry: str | None = None
    kind: str = "Unknown"
    crs: str | None = None
    guards_formulas: bool = False
    closing: Callable[[], dict[str, str]] | None = None

    @property
    def is_degrees(self) -> bool:
        """Whether the geometry is longitude and latitude."""
        return self.crs is None or pyproj.CRS.from_user_input(self.crs).is_geographic


def suffix_of(path: Path) -> str:
    """The ending of a name that says its format, in small letters.

    Raises
    ------
    Refused
        For an ending nothing can be written as; the message names those that can.
    """
    name = path.name.lower()
    for suffix in sorted(WRITERS, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    raise Refused(f"{path.name} cannot be written; its name must end in one of {', '.join(WRITERS)}")


def write(path: Path, rows: Rows) -> int:
    """Number of rows written to ``path`` in the format its ending names, chunk by chunk.

    ``path`` must not be read by others yet: see :func:`geo.files.renamed`. A GeoPackage gets one more layer.

    Raises
    ------
    Refused
        When the format cannot hold the rows; the message names one that can.
    """
    suffix, counted = suffix_of(path), _Counted(rows.tables)
    WRITERS[suffix](path, replace(rows, tables=iter(counted)))
    return counted.rows


class _Counted:
    def __init__(self, tables: Iterator[pa.Table]) -> None:
        self.tables, self.rows = tables, 0

    def __iter__(self) -> Iterator[pa.Table]:
        for table in self.tables:
            self.rows += table.num_rows
            yield table


# -- texts -------------------------------------------------------------------------------------------------------------
def _csv(path: Path, rows: Rows) -> None:
    """A mark first, so that a spreadsheet reads Chinese; points as two columns, other geometry as WKT."""
    opening: Any = gzip.open if path.name.lower().endswith(".gz") else open
    with opening(path, "wt", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name for one in rows.schema.names for name in _headings(rows, one)])
        for table in rows.tables:
            cells = [cells for name in rows.schema.names for cells in _cells(rows, name, table.column(name))]
            writer.writerows(zip(*cells, strict=True))


def _headings(rows: Rows, name: str) -> list[str]:
    if name != rows.geometry:
        return [name]
    if rows.kind != "Point":
        return ["wkt"]
    return ["lon", "lat"] if rows.is_degrees else ["x", "y"]


def _cells(rows: Rows, name: str, column: pa.ChunkedArray) -> list[list[object]]:
    if name != rows.geometry:
        guards = rows.guards_formulas
        return [["" if cell is None else _guarded(cell) if guards else cell for cell in columns.cells(column)]]
    shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
    digits = 8 if rows.is_degrees else 4
    if rows.kind != "Point":
        return [shapely.to_wkt(shapes, rounding_precision=digits, trim=True).tolist()]
    both = (shapely.get_x(shapes), shapely.get_y(shapes))
    return [["" if math.isnan(value) else round(value, digits) for value in axis.tolist()] for axis in both]


def _guarded(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


# -- Parquet -----------------------------------------------------------------------------------------------------------
def _parquet(path: Path, rows: Rows) -> None:
    schema = rows.schema
    if rows.geometry:
        told: dict[str, Any] = {"encoding": "WKB", "geometry_types": [] if rows.kind == "Unknown" else [rows.kind]}
        told["crs"] = pyproj.CRS.from_user_input(rows.crs).to_json_dict() if rows.crs else None
        geo = {"version": "1.1.0", "primary_column": rows.geometry, "columns": {rows.geometry: told}}
        schema = schema.with_metadata({**(schema.metadata or {}), b"geo": json.dumps(geo).encode()})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in rows.tables:
            writer.write_table(table.replace_schema_metadata(schema.metadata))
        if rows.closing:
            writer.add_key_value_metadata(rows.closing())


# -- GDAL --------------------------------------------------------------------------------------------------------------
def _layer(driver: str, path: Path, rows: Rows, **options: str) -> None:
    import pyogrio

    if rows.geometry is None:
        raise Refused(f"{path.name}: rows without geometry are written as CSV or Parquet, not as a layer")
    rows = _held(rows)
    failed: list[BaseException] = []
    reader = pa.RecordBatchReader.from_batches(rows.schema, _batches(rows.tables, failed))
    try:
        with small_rtree():
            pyogrio.write_arrow(
                reader,
                path,
                driver=driver,
                geometry_name=rows.geometry,
                geometry_type=rows.kind,
                crs=rows.crs,
                layer=rows.name,
                **options,
            )
    except Exception as error:  # pyogrio raises a dozen kinds of its own
        if failed:
            raise failed[0] from None
        if shutil.disk_usage(path.parent).free < LEAST_BYTES:  # GDAL says so of Shapefiles only
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise Refused(f"{path.name} cannot be written: {error}") from error


def _held(rows: Rows) -> Rows:
    """The rows in types GDAL knows: what is null throughout, or a view of texts, as texts."""

    def known(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_binary_view(kind):
            return pa.large_binary()
        return pa.large_string() if pa.types.is_null(kind) or pa.types.is_string_view(kind) else kind

    schema = pa.schema([one.with_type(known(one.type)) for one in rows.schema], metadata=rows.schema.metadata)
    if schema == rows.schema:
        return rows
    return replace(rows, schema=schema, tables=(table.cast(schema) for table in rows.tables))


def _batches(tables: Iterator[pa.Table], failed: list[BaseException]) -> Iterator[pa.RecordBatch]:
    """Batches of tables; what goes wrong in making them is kept, since GDAL tells only that something did."""
    try:
        for table in tables:
            yield from table.to_batches()
    except Exception as error:
        failed.append(error)
        raise


def _geopackage(path: Path, rows: Rows) -> None:
    _layer("GPKG", path, rows, GEOMETRY_NAME="geom")


def _geojson(path: Path, rows: Rows) -> None:
    """Degrees with the 8 decimals of the lattice; another CRS than WGS 84 is named the old way (GeoJSON 2008).

    GDAL takes a run of noughts or nines before the last digit it is asked for as noise: of 8 it makes 30.26999994
    30.27, of 12 it drops the noughts after the eighth and nothing else.
    """
    digits = 12 if rows.is_degrees else 6
    _layer("GeoJSON", path, _with_texts(rows), COORDINATE_PRECISION=str(digits), WRITE_NAME="YES")


def _flatgeobuf(path: Path, rows: Rows) -> None:
    with TemporaryDirectory(dir=path.parent) as folder:
        indexed = "NO" if rows.kind == "Point" else "YES"  # its index cannot hold a row without a position
        _layer("FlatGeobuf", path, rows, TEMPORARY_DIR=folder, SPATIAL_INDEX=indexed)


@contextmanager
def small_rtree() -> Iterator[None]:
    """GDAL builds the spatial index of a GeoPackage in :data:`RTREE_BYTES`, and the rest of it on the disk.

    Left to itself it takes a tenth of the machine's memory; in a thread of its own, the rows queue up before it.
    """
    import pyogrio

    options = {"OGR_GPKG_MAX_RAM_USAGE_RTREE": str(RTREE_BYTES), "OGR_GPKG_ALLOW_THREADED_RTREE": "NO"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


# -- Shapefile ---------------------------------------------------------------------------------------------------------
def _shapefile(path: Path, rows: Rows) -> None:
    """A zip of .shp, .dbf in UTF-8 with its .cpg, .prj, and fields.csv: what the short names stand for."""
    rows = _with_texts(rows)
    short = short_names(rows)
    schema = pa.schema([field.with_name(short[field.name]) for field in rows.schema])

    def renamed() -> Iterator[pa.Table]:
        for table in rows.tables:
            _refuse_long(path, table)
            yield table.rename_columns(schema.names).cast(schema)

    geometry = short[rows.geometry] if rows.geometry else None
    with TemporaryDirectory(dir=path.parent) as folder:
        target = Path(folder) / f"{rows.name}.shp"
        given = replace(rows, schema=schema, tables=renamed(), geometry=geometry)
        _layer("ESRI Shapefile", target, given, ENCODING="UTF-8", **{"2GB_LIMIT": "YES"})
        for part in target.parent.glob("*.[sd][hb][pf]"):
            if part.stat().st_size >= SHAPEFILE_BYTES:
                raise Refused(f"{path.name}: {part.name} is over the 2 GB of a Shapefile; write a .gpkg instead")
        _write_fields(Path(folder) / "fields.csv", rows, short)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for part in sorted(Path(folder).iterdir()):
                packed.write(part, part.name)


def short_names(rows: Rows) -> dict[str, str]:
    """A name of at most ten letters for each column: the field's own ``short``, else its beginning, numbered."""
    found: dict[str, str] = {}
    for field in rows.schema:
        wanted = _told(field, "short") or field.name
        name, number = wanted[:_DBF_NAME], 1
        while name.lower() in {other.lower() for other in found.values()}:
            number += 1
            name = f"{wanted[: _DBF_NAME - len(str(number))]}{number}"
        found[field.name] = name
    return found


def _write_fields(path: Path, rows: Rows, short: dict[str, str]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["field", "column", "含义", "meaning"])
        for field in rows.schema:
            if field.name != rows.geometry:
                writer.writerow([short[field.name], field.name, _told(field, "zh"), _told(field, "en")])


def _told(field: pa.Field, key: str) -> str:
    return str((field.metadata or {}).get(key.encode(), b""), "utf-8")


def _refuse_long(path: Path, table: pa.Table) -> None:
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_string(column.type):
            longest = pc.max(pc.binary_length(column)).as_py() or 0
            if longest > _DBF_TEXT:
                raise Refused(
                    f"{path.name}: a text of {longest} bytes in {name!r}; a Shapefile holds {_DBF_TEXT}; write a .gpkg"
                )


def _with_texts(rows: Rows) -> Rows:
    """Times as texts with their offset, truths as 0 and 1: what formats without such types can hold."""

    def plain(kind: pa.DataType) -> pa.DataType:
        return pa.string() if pa.types.is_timestamp(kind) else pa.int16() if pa.types.is_boolean(kind) else kind

    schema = pa.schema([field.with_type(plain(field.type)) for field in rows.schema])

    def tables() -> Iterator[pa.Table]:
        for table in rows.tables:
            made = [_told_time(one) if pa.types.is_timestamp(one.type) else one for one in table.columns]
            yield pa.table(made, names=schema.names).cast(schema)

    return replace(rows, schema=schema, tables=tables())


def _told_time(column: pa.ChunkedArray) -> pa.ChunkedArray:
    offset = "" if column.type.tz is None else "%z"
    return pc.strftime(columns.known_zone(column), format=f"%Y-%m-%dT%H:%M:%S{offset}")


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    ".gpkg": _geopackage,
    ".geojson": _geojson,
    ".zip": _shapefile,
    ".parquet": _parquet,
    ".geoparquet": _parquet,
    ".pq": _parquet,
    ".fgb": _flatgeobuf,
    ".csv": _csv,
    ".csv.gz": _csv,
}
"""How a file is written, by the ending of its name; ``.zip`` is a Shapefile."""
