"""Rows of an entity as vector tiles, keyed by how often they changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import areas, drawings, revisions
from geo.entities.entity import Entity
from geo.entities.fields import Kind
from geo.entities.spots import spots
from geo.errors import Refused


def revision(connection: sa.Connection, entity: Entity) -> int:
    """The data revision of an entity, which is part of its tiles' address."""
    return revisions.of(connection, entity.key)


def tile(connection: sa.Connection, entity: Entity, at: tuple[int, int, int]) -> bytes:
    """Vector tile z, x, y, layer ``rows``: id, name and kind (its first choice); uncompressed, empty without rows.

    Ground is a polygon, or a point where it is too small for the raster; everything else is a point where the row lies.
    No row is dropped, however many share a place.

    Raises
    ------
    Unknown
        For a tile that does not exist.
    Refused
        For an entity whose rows lie nowhere.
    """
    z, x, y = at
    drawings.check_tile(z, x, y)
    raster = drawings.raster_of(z)
    drawn = spots(entity, areas.current(connection))
    if not drawn.has_place:
        raise Refused(f"{entity.slug} lie nowhere: there is no tile of them; ask /v1/{entity.slug}")
    box = sa.func.ST_TileEnvelope(z, x, y)
    # the box is turned to degrees, not the column: the index on it serves
    wide = gis.ST_Transform(gis.ST_Expand(box, _reach_m(z, raster)), 4326)
    shape = sa.func.coalesce(
        *(
            sa.func.ST_AsMVTGeom(gis.ST_Transform(geom, 3857), box, raster["extent"], raster["buffer"])
            for geom in (drawn.geom, gis.ST_PointOnSurface(drawn.geom))
        )
    )
    table = entity.table
    told: list[sa.ColumnElement[Any]] = [table.c.id, *([table.c.name] if entity.has("name") else [])]
    kinds = entity.of_kind(Kind.CHOICE)
    if kinds:
        told.append(table.c[kinds[0].column].label("kind"))
    rows = (
        sa.select(*told, shape.label("geom"))
        .select_from(drawn.source)
        .where(drawn.geom.op("&&")(wide))
        .order_by(table.c.id)
        .subquery("row")
    )
    made = sa.func.ST_AsMVT(sa.text('"row".*'), "rows", raster["extent"], "geom", "id")
    packed = connection.scalar(sa.select(made).select_from(rows).where(rows.c.geom.is_not(None)))
    return bytes(packed or b"")


def _reach_m(z: int, raster: dict[str, int | float]) -> float:
    """Metres of Web Mercator that a tile shows beyond its edge."""
    return float(raster["reach"] * 40_075_016.7 / 2**z)
