"""The base map of our own: roads, railways, water and green ground, stored whole and read by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
import sqlalchemy as sa

from geo import crs
from geo.actors import Actor
from geo.errors import Refused
from geo.tables import audit_events, lines

if TYPE_CHECKING:
    import geopandas

KINDS = ("road", "rail", "water", "green")
COLUMNS = ("kind", "class", "name", "geometry")
_ACTION = "lines.replace"
_COPY = "COPY lines (kind, class, name, geom) FROM STDIN"


@dataclass(frozen=True)
class Stored:
    """What the base map holds: rows, and the digest its last replacement was told (None = none was)."""

    rows: int
    digest: str | None


def replace(connection: sa.Connection, actor: Actor, frame: geopandas.GeoDataFrame, digest: str | None = None) -> int:
    """Number of rows of the base map, all of it replaced by ``frame`` in this transaction.

    Parameters
    ----------
    frame
        Columns ``kind`` (road, rail, water, green), ``class``, ``name`` (blank = none) and ``geometry``, of any CRS
        that geopandas knows; coordinates are stored in EPSG:4326, snapped.
    digest
        Of the file it came from; :func:`stored` gives it back, so that a repeat can be left out.

    Raises
    ------
    Refused
        When a column is missing, the CRS is not told, a kind is not known, or a shape is empty, not finite or of a
        wrong type; nothing is changed.
    """
    _check(frame)
    degrees = frame.to_crs(4326) if frame.crs != "OGC:CRS84" else frame
    shapes = crs.snapped(degrees.geometry.to_numpy())
    _check_shapes(shapes)
    texts = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
    names = [name if isinstance(name, str) and name.strip() else None for name in frame["name"]]
    connection.execute(sa.delete(lines))
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in zip(frame["kind"], frame["class"], names, texts, strict=True):
            copy.write_row(row)
    detail = {"rows": len(frame), "digest": digest}
    connection.execute(sa.insert(audit_events).values(actor=actor.name, action=_ACTION, detail=detail))
    return len(frame)


def stored(connection: sa.Connection) -> Stored:
    """What the base map holds now."""
    rows = connection.scalar(sa.select(sa.func.count()).select_from(lines)) or 0
    last = sa.select(audit_events.c.detail["digest"].astext).where(audit_events.c.action == _ACTION)
    digest = connection.scalar(last.order_by(audit_events.c.id.desc()).limit(1))
    return Stored(rows, digest if rows else None)


def read(connection: sa.Connection, kind: str) -> geopandas.GeoDataFrame:
    """Lines of one kind, columns ``COLUMNS``, in the order they were stored; degrees WGS 84.

    Raises
    ------
    Refused
        When the kind is not known.
    """
    import geopandas

    if kind not in KINDS:
        raise Refused(f"kind {kind!r} of line is not known; known are {', '.join(KINDS)}")
    query = sa.select(lines.c.kind, lines.c.class_, lines.c.name, sa.func.ST_AsBinary(lines.c.geom))
    rows = connection.execute(query.where(lines.c.kind == kind).order_by(lines.c.id)).all()
    shapes = shapely.from_wkb(np.array([bytes(row[3]) for row in rows], dtype=object))
    columns = {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS[:3])}
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _check(frame: geopandas.GeoDataFrame) -> None:
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise Refused(f"the base map lacks the column {missing[0]!r}; it needs {', '.join(COLUMNS)}")
    if frame.crs is None:
        raise Refused("the base map does not tell its CRS; declare it, EPSG:4326 for longitude and latitude")
    strange = frame.index[~frame["kind"].isin(KINDS)]
    if len(strange):
        value = frame["kind"][strange[0]]
        raise Refused(f"row {strange[0]} of the base map is of kind {value!r}; known are {', '.join(KINDS)}")


def _check_shapes(shapes: np.ndarray) -> None:
    bad = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    bad[~bad] = ~np.isfinite(shapely.bounds(shapes[~bad])).all(axis=1)
    if bad.any():
        raise Refused(f"row {int(np.argmax(bad))} of the base map has no finite shape; leave the row out or mend it")
