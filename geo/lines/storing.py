"""The base map as it is stored: by source, read by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from geo import revisions
from geo.actors import Actor
from geo.copying import copy, texts
from geo.errors import Refused
from geo.lines.judging import Lines
from geo.lines.kinds import KINDS
from geo.tables import audit_events, lines

if TYPE_CHECKING:
    import geopandas

NOUN = "lines"
_ACTION = "lines.load"


@dataclass(frozen=True)
class Stored:
    """What the base map holds: rows, and the digest its last load was told (None = none was)."""

    rows: int
    digest: str | None


def add(connection: sa.Connection, source: str, found: Lines) -> None:
    """Put lines into the base map under their source, by binary COPY."""
    if not len(found):
        return
    wkb = shapely.to_wkb(shapely.set_srid(found.shapes, 4326), include_srid=True)
    columns: dict[str, Any] = {
        "kind": found.kinds,
        "class": found.classes,
        "name": [name or None for name in found.names],
        "name_en": [name or None for name in found.names_en],
        "source": [source] * len(found),
        "reference": found.references,
    }
    cells = {name: texts(pa.array(list(values), type=pa.string())) for name, values in columns.items()}
    copy(connection, "lines", {**cells, "geom": texts(pa.array(wkb.tolist(), type=pa.binary()))})


def remove(connection: sa.Connection, source: str) -> int:
    """Number of lines of a source, all taken out."""
    return connection.execute(sa.delete(lines).where(lines.c.source == source)).rowcount


def note(connection: sa.Connection, actor: Actor, source: str, detail: Mapping[str, Any]) -> None:
    """Write down who loaded which source; tiles made before are of an older revision."""
    event = {"source": source, **detail}
    connection.execute(sa.insert(audit_events).values(actor=actor.name, action=_ACTION, detail=event))
    revisions.raise_(connection, NOUN)


def revision(connection: sa.Connection) -> int:
    """How often the base map changed: its tiles are kept by this number."""
    return revisions.of(connection, NOUN)


def stored(connection: sa.Connection, source: str | None = None) -> Stored:
    """What the base map holds now, of one source or of all."""
    of = sa.true() if source is None else lines.c.source == source
    rows = connection.scalar(sa.select(sa.func.count()).select_from(lines).where(of)) or 0
    detail = audit_events.c.detail
    last = sa.select(detail["digest"].astext).where(audit_events.c.action == _ACTION)
    if source is not None:
        last = last.where(detail["source"].astext == source)
    digest = connection.scalar(last.order_by(audit_events.c.id.desc()).limit(1))
    return Stored(rows, digest if rows else None)


def read(connection: sa.Connection, kind: str) -> geopandas.GeoDataFrame:
    """Lines of one kind, columns kind, class, name, geometry, in the order they were stored; degrees WGS 84.

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
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("kind", "class", "name"))}
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=4326)
