"""Where rows go and in which CRS; vertex by vertex, so that borders that matched match in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo.areas import City
from geo.arrays import Floats
from geo.crs import Datum, datum_of, from_wgs84
from geo.errors import Refused
from geo.tables import areas
from geo.writing import suffix_of

Progress = Callable[[int, int | None], None]
Columns = dict[str, list[Any]]

AUTO = "auto-metric"
_NAMES = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}


@dataclass(frozen=True)
class Target:
    """Where the rows go: a file whose ending says the format, the CRS it names, and the datum behind that."""

    path: Path
    crs: str
    datum: Datum


@dataclass(frozen=True)
class Written:
    """What stands in a file: ``rows`` by layer, and the CRS."""

    path: Path
    rows: dict[str, int]
    crs: str


def target_of(path: Path, crs: str, city: City) -> Target:
    """Where to write, judged before anything is read.

    Parameters
    ----------
    crs
        ``EPSG:nnnn`` of a geographic or projected CRS, or ``auto-metric``: the metric CRS stored with the city.

    Raises
    ------
    Refused
        When the ending names no format, or the CRS is not known or cannot be named by a file.
    """
    suffix_of(path)
    name = f"EPSG:{city.metric_epsg}" if crs.strip().lower() == AUTO else crs
    datum = datum_of(name)
    if not datum.plain and datum.epsg is None:
        raise Refused(
            f"--crs {crs}: no file can say that it holds {datum.name}; take EPSG:4326, EPSG:4490 or another code"
        )
    return Target(path, _NAMES.get(datum.name, datum.name), datum)


def field(name: str, kind: pa.DataType, zh: str, en: str, short: str = "") -> pa.Field:
    """A column with what it means, and its name in a Shapefile where its own is too long."""
    return pa.field(name, kind, metadata={"zh": zh, "en": en} | ({"short": short} if short else {}))


def refuse_elsewhere(connection: sa.Connection, target: Target) -> None:
    """A projection made for other ground bends and stretches the city, and its file would not come back the same."""
    made_for = pyproj.CRS.from_user_input(target.crs).area_of_use
    if made_for is None:
        return
    box = gis.ST_MakeEnvelope(*made_for.bounds, 4326)
    meets = sa.select(sa.func.bool_or(areas.c.geom.op("&&")(box))).where(areas.c.level == 0)
    if made_for.west <= made_for.east and not connection.scalar(meets):
        raise Refused(
            f"{target.crs} is made for {made_for.name} ({made_for.west:g} to {made_for.east:g}° E, "
            f"{made_for.south:g} to {made_for.north:g}° N), where the city is not; take --crs {AUTO}"
        )


def _reached(xy: Floats, target: Target) -> Floats:
    if not np.isfinite(xy).all():
        raise Refused(f"{target.crs} does not reach the whole city; take a CRS made for it, as --crs {AUTO}")
    return xy


def moved(wkb: Iterable[Any], target: Target) -> list[bytes]:
    """Ground (n,) as WKB in the target's CRS: every vertex by itself, every edge straight in that CRS.

    Raises
    ------
    Refused
        When the projection cannot express a vertex.
    """
    if target.datum.plain:
        return [bytes(one) for one in wkb]
    shapes = shapely.from_wkb(np.array([bytes(one) for one in wkb], dtype=object))
    there = shapely.transform(shapes, lambda xy: _reached(from_wgs84(xy, target.datum), target))
    return [bytes(one) for one in shapely.to_wkb(there)]


def points(lonlat: list[tuple[float | None, float | None]], target: Target) -> list[bytes | None]:
    """Points (n,) as WKB in the target's CRS, None where there is no position. Raises Refused as :func:`moved`."""
    xy = np.array(lonlat, dtype=np.float64).reshape(-1, 2)
    there = np.asarray(np.isfinite(xy).all(axis=1), dtype=np.bool_)
    found = np.full(xy.shape, np.nan)
    found[there] = _reached(from_wgs84(xy[there], target.datum), target)
    wkb = shapely.to_wkb(shapely.points(np.nan_to_num(found)))
    return [bytes(one) if known else None for one, known in zip(wkb, there.tolist(), strict=True)]


def chunks(connection: sa.Connection, query: sa.Select[Any], size: int) -> Iterator[Any]:
    """Rows by so many, from a cursor of the server: memory does not grow with the answer."""
    options = {"stream_results": True, "max_row_buffer": size}
    with connection.execute(query, execution_options=options) as answer:
        yield from answer.partitions(size)


def tabled(schema: pa.Schema, columns: Columns) -> pa.Table:
    """A table of ``schema`` from its columns by name."""
    return pa.table([pa.array(columns[name], type=schema.field(name).type) for name in schema.names], schema=schema)
