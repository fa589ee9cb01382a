"""Rows of an entity as vector tiles, keyed by how often they changed."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import areas, drawings, revisions
from geo.entities.entity import Entity, Lies
from geo.entities.fields import Kind
from geo.entities.spots import Spots, spots
from geo.errors import Refused

EACH_FROM = 16
"""Zoom from which every row is a feature of its own; below it those of a cell are one, with their number."""
CELL_PX = 64
"""Side of a cell, in pixels of a tile; it divides a tile, so that cells are the same in all of them."""
DRAWN_FROM_PX = 16
"""Ground that is wider or higher than this is drawn as it is, at every zoom."""
MARGIN_PX = CELL_PX
"""What a tile shows beyond its edge, so that marks near the edge are whole, and the same, in both tiles."""
_PIXELS = 256
_WORLD_M = 2 * math.pi * 6_378_137


def revision(connection: sa.Connection, entity: Entity) -> int:
    """The data revision of an entity, which is part of its tiles' address."""
    return revisions.of(connection, entity.key)


def tile(connection: sa.Connection, entity: Entity, at: tuple[int, int, int]) -> bytes:
    """Vector tile z, x, y, layer ``rows``: id, name and kind (its first choice); uncompressed, empty without rows.

    Ground is a polygon, or a point where it is too small for the raster; everything else is a point where the row lies.
    From zoom :data:`EACH_FROM` every row is a feature, however many share a place. Below it ground wider or higher than
    :data:`DRAWN_FROM_PX` is, and the other rows of each cell of :data:`CELL_PX` pixels are one point at their middle
    with ``count``, without id; a row alone in its cell is itself. So no row is dropped at any zoom, and the counts of a
    zoom's tiles, taken where their points lie in the tile itself and not in its margin, add up to the rows.

    Raises
    ------
    Unknown
        For a tile that does not exist.
    Refused
        For an entity whose rows lie nowhere.
    """
    drawings.check_tile(*at)
    drawn = spots(connection, entity, areas.current(connection))
    if not drawn.has_place:
        raise Refused(f"{entity.slug} lie nowhere: there is no tile of them; ask /v1/{entity.slug}")
    extent = int(drawings.raster_of(at[0])["extent"])
    rows = _features(entity, drawn, at, extent).subquery("row")
    made = sa.func.ST_AsMVT(sa.text('"row".*'), "rows", extent, "geom", "id")
    packed = connection.scalar(sa.select(made).select_from(rows).where(rows.c.geom.is_not(None)))
    return bytes(packed or b"")


def _features(entity: Entity, drawn: Spots, at: tuple[int, int, int], extent: int) -> sa.Select[Any]:
    if at[0] >= EACH_FROM:
        told = _told(entity)
        query = sa.select(*told, _shape(drawn.geom, at, extent, MARGIN_PX).label("geom")).select_from(drawn.source)
        return query.where(drawn.geom.op("&&")(_wide(at, MARGIN_PX))).order_by(entity.table.c.id)
    cells = _cells(entity, drawn, at, extent)
    if entity.lies is not Lies.GROUND:
        return cells
    whole = [*_told(entity), sa.cast(None, sa.Integer).label("count")]
    large = sa.select(*whole, _shape(drawn.geom, at, extent, MARGIN_PX).label("geom")).select_from(drawn.source)
    large = large.where(drawn.geom.op("&&")(_wide(at, MARGIN_PX)), _is_large(drawn.geom, at[0]))
    both = sa.union_all(large.order_by(entity.table.c.id).subquery("large").select(), cells.subquery("cells").select())
    return sa.select(both.subquery("both"))


def _told(entity: Entity) -> list[sa.ColumnElement[Any]]:
    table = entity.table
    kinds = entity.of_kind(Kind.CHOICE)[:1]
    named = [table.c.name] if entity.has("name") else []
    return [table.c.id, *named, *(table.c[one.column].label("kind") for one in kinds)]


# -- one by one --------------------------------------------------------------------------------------------------------
def _shape(geom: Any, at: tuple[int, int, int], extent: int, margin_px: int) -> Any:
    box, buffer = sa.func.ST_TileEnvelope(*at), extent * margin_px // _PIXELS
    kinds = (geom, gis.ST_PointOnSurface(geom))
    return sa.func.coalesce(*(sa.func.ST_AsMVTGeom(gis.ST_Transform(one, 3857), box, extent, buffer) for one in kinds))


def _wide(at: tuple[int, int, int], margin_px: int) -> Any:
    """The tile and its margin in degrees, no wider than the world: beyond its edge a projected box would turn over."""
    z, x, y = at
    margin = margin_px / _PIXELS
    west, east = (360 * min(1.0, max(0.0, share / 2**z)) - 180 for share in (x - margin, x + 1 + margin))
    south, north = (_latitude(min(1.0, max(0.0, share / 2**z))) for share in (y + 1 + margin, y - margin))
    return sa.func.ST_MakeEnvelope(west, south, east, north, 4326)


def _latitude(south: float) -> float:
    """Degrees of a place so far down the square world of web maps: 0 its upper edge, 1 its lower."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * south))))


def _is_large(geom: Any, z: int) -> sa.ColumnElement[bool]:
    """Whether ground is wide or high enough to be drawn: by itself alone, so that neighbouring tiles agree."""
    least_degrees = 360 / 2**z * DRAWN_FROM_PX / _PIXELS
    wide = gis.ST_XMax(geom) - gis.ST_XMin(geom)
    high = (gis.ST_YMax(geom) - gis.ST_YMin(geom)) / sa.func.cos(sa.func.radians(gis.ST_YMin(geom)))
    large: sa.ColumnElement[bool] = sa.func.greatest(wide, high) >= least_degrees
    return large


# -- by cells ----------------------------------------------------------------------------------------------------------
def _cells(entity: Entity, drawn: Spots, at: tuple[int, int, int], extent: int) -> sa.Select[Any]:
    """What is not drawn by itself, by cell: whole cells of the tile and one around it."""
    z, x, y = at
    around = _PIXELS // CELL_PX
    wide = entity.lies is Lies.GROUND
    spot = gis.ST_PointOnSurface(drawn.geom) if wide else drawn.geom
    east, south = _shares(spot)
    found = (
        sa.select(*_told(entity), east.label("east"), south.label("south"))
        .select_from(drawn.source)
        .where(drawn.geom.op("&&")(_wide(at, MARGIN_PX + 1)), *([sa.not_(_is_large(drawn.geom, z))] if wide else []))
        .subquery("found")
    )
    column, row = (sa.func.floor(share * (2**z * around)) for share in (found.c.east, found.c.south))
    within = sa.and_(column.between(x * around - 1, (x + 1) * around), row.between(y * around - 1, (y + 1) * around))
    number = sa.func.count()
    middle = gis.ST_MakePoint(
        (sa.func.avg(found.c.east) - 0.5) * _WORLD_M, (0.5 - sa.func.avg(found.c.south)) * _WORLD_M
    )
    only = [sa.case((number == 1, sa.func.min(_plain(found.c[one.name])))).label(one.name) for one in _told(entity)]
    box, buffer = sa.func.ST_TileEnvelope(z, x, y), extent * MARGIN_PX // _PIXELS
    shape = sa.func.ST_AsMVTGeom(sa.func.ST_SetSRID(middle, 3857), box, extent, buffer)
    told = [*only, sa.case((number > 1, number)).label("count"), shape.label("geom")]
    return sa.select(*told).where(within).group_by(column, row).order_by(column, row)


def _plain(column: Any) -> Any:
    """A text compared by its bytes: of the one row that is told it makes no difference, and of many it is quick."""
    return sa.collate(column, "C") if isinstance(column.type, sa.Text) else column


def _shares(spot: Any) -> tuple[Any, Any]:
    """How far east and south a point lies on the square of Web Mercator, 0 to 1; quicker by formula than by proj."""
    east = (gis.ST_X(spot) + 180) / 360
    south = 0.5 - sa.func.asinh(sa.func.tan(sa.func.radians(gis.ST_Y(spot)))) / (2 * math.pi)
    return east, south
