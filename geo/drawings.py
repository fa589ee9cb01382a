"""An edition made ready to be drawn: ground and borders per band of zooms, cut into vector tiles.

Shapes are simplified as one coverage, never row by row, so neighbours still meet at every zoom; a border that several
levels share is kept once, under the highest level it divides. The work is done once an edition and kept in the
database, where every process finds it.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray
from pyproj import Transformer

from geo import areas
from geo.areas import Edition, Ids
from geo.arrays import Bools, Codes, Floats, Ints, Shapes
from geo.errors import Unknown
from geo.lines.kinds import drawn_at
from geo.statements import statement
from geo.tables import drawn_borders, drawn_grounds
from geo.turns import Turn, wait_for

EXACT = 14
"""Zoom from which shapes are drawn as they are stored."""

BANDS = (10, 11, 12, 13, EXACT)
"""Zooms with shapes of their own; smaller zooms use the first band, larger ones the last."""

GRIDS_FROM = 11
"""Zoom from which grids are drawn; below it a screen shows communities and subdistricts."""

KEPT_EDITIONS = 6
_LOWEST_BORDERS_FROM = 12
LARGEST_ZOOM = 22
_WORLD_M = 2 * math.pi * 6_378_137
_BUFFER_PX = 8
_PIXELS = 256


@dataclass(frozen=True)
class Drawing:
    """Ground (n,) with id, level and kind (None for areas), and borders (m,) with the highest level they divide."""

    ids: Ids
    levels: Ids
    kinds: NDArray[np.object_]
    shapes: Shapes
    border_levels: Ints
    borders: Shapes


@dataclass(frozen=True, eq=False)
class Over:
    """What is laid over the drawing of an edition in one band.

    Attributes
    ----------
    gone
        Ids of areas and leaves that are not shown as they are kept.
    gone_borders
        Borders that are not shown, as they are kept, in WKB.
    drawing
        What is shown in their place.
    codes
        Of the ground in ``drawing`` (n,).
    coming
        Ground (k,) that is another one than in the edition, by more than a vertex; told in a layer of its own.
    """

    gone: list[int]
    gone_borders: list[bytes]
    drawing: Drawing
    codes: Codes
    coming: Shapes


# -- borders -----------------------------------------------------------------------------------------------------------
def borders(shapes: Shapes, lineage: Ids) -> tuple[Ints, Shapes]:
    """Highest level (m,) and line (m,) of every border between leaves, each stretch once; level 0 is the outline.

    Parameters
    ----------
    shapes
        Leaves (n,) whose shared edges have the same vertices bit by bit, in any one coordinate system.
    lineage
        Ids (n, levels) of the area of each leaf on every level, the leaf itself last; 0 where there is none.
    """
    _, level, lines = edges(shapes, lineage)
    return merged(level, lines)


def edges(shapes: Shapes, lineage: Ids) -> tuple[Ints, Ints, Shapes]:
    """Every segment between two leaves, or of the outline, once: positions (m, 2) of both, level (m,), line (m,).

    As :func:`borders`, which puts them together; -1 where nothing lies beyond. What only parts a leaf from itself is
    left out.
    """
    ends, owner = segments(shapes)
    places, number = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    first, second = np.sort(number.reshape(-1, 2), axis=1).T
    edge, inverse, count = np.unique(
        first.astype(np.int64) * len(places) + second, return_inverse=True, return_counts=True
    )
    order = np.argsort(inverse, kind="stable")
    begin = np.concatenate([[0], np.cumsum(count)[:-1]])
    left = owner[order[begin]]
    right = np.where(count > 1, owner[order[np.minimum(begin + 1, len(order) - 1)]], -1)
    differs = lineage[left] != np.where(right[:, None] >= 0, lineage[right], 0)
    level = np.where(right < 0, 0, differs.argmax(axis=1))
    keep = (right < 0) | differs.any(axis=1)
    ends = np.stack([places[edge // len(places)], places[edge % len(places)]], axis=1)
    lines = np.asarray(shapely.linestrings(ends))
    return np.column_stack([left, right])[keep], level[keep], lines[keep]


def segments(shapes: Shapes) -> tuple[Floats, Ints]:
    """Ends (m, 2, 2) of every segment of every ring, and the position of the polygons it belongs to."""
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    ends, of_line = steps(rings)
    return ends, of_part[of_ring[of_line]]


def steps(lines: Shapes) -> tuple[Floats, Ints]:
    """Ends (m, 2, 2) of every segment of lines, and the position of the line it belongs to."""
    points, of_point = shapely.get_coordinates(lines, return_index=True)
    joined = of_point[1:] == of_point[:-1]
    return np.stack([points[:-1], points[1:]], axis=1)[joined], of_point[:-1][joined]


def merged(level: Ints, lines: Shapes) -> tuple[Ints, Shapes]:
    """Segments (m,) of each level put together to lines that are as long as can be."""
    levels, merged = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.object_)]
    for one in np.unique(level):
        joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines[level == one])))
        levels.append(np.full(len(joined), one))
        merged.append(joined)
    return np.concatenate(levels), np.concatenate(merged)


# -- making ready ------------------------------------------------------------------------------------------------------
def tolerance_m(band: int) -> float:
    """Mercator metres of half a pixel at the zoom of ``band``: what simplifying may not be seen to move."""
    return 0.5 * _WORLD_M / _PIXELS / float(2**band)


def simplified(shapes: Shapes, band: int) -> Shapes:
    """Shapes (n,) of the band before, as they are drawn in ``band``; what they share they still share."""
    return np.asarray(shapely.coverage_simplify(shapes, tolerance_m(band)))


def draw(connection: sa.Connection, edition: Edition) -> Iterator[tuple[int, Drawing]]:
    """Band and drawing, from the exact shapes to the coarsest, each simplified from the one before."""
    leaves, upper = areas.leaves(connection, edition), areas.upper(connection, edition)
    _, lineage = areas.lineage(connection, edition)
    grid_level = lineage.shape[1] - 1
    shapes, above = mercator(leaves.shapes), mercator(upper.shapes)
    ids = np.concatenate([upper.ids, leaves.ids])
    levels = np.concatenate([upper.levels, np.full(len(leaves.ids), grid_level, dtype=np.int32)])
    kinds = np.concatenate([np.full(len(upper.ids), None), leaves.kinds.astype(np.object_)])
    for band in reversed(BANDS):
        if band != EXACT:
            shapes = simplified(shapes, band)
            above = _united(shapes, lineage, upper.ids)
        yield band, Drawing(ids, levels, kinds, np.concatenate([above, shapes]), *borders(shapes, lineage))


def mercator(shapes: Shapes) -> Shapes:
    """Degrees as Web Mercator metres."""
    to_mercator = Transformer.from_crs(4326, 3857, always_xy=True)

    def turn(points: Floats) -> Floats:
        return np.column_stack(to_mercator.transform(points[:, 0], points[:, 1]))

    return np.asarray(shapely.transform(shapes, turn))


def _united(shapes: Shapes, lineage: Ids, ids: Ids) -> Shapes:
    """Union of the leaves of each area, in the order of ``ids``."""
    members: dict[int, Shapes] = {}
    for column in lineage.T[:-1]:
        order = np.argsort(column, kind="stable")
        found, begin = np.unique(column[order], return_index=True)
        members |= dict(zip(found.tolist(), np.split(shapes[order], begin[1:]), strict=True))
    return np.array([shapely.coverage_union_all(members[number]) for number in ids.tolist()], dtype=np.object_)


def prepare(connection: sa.Connection, edition: Edition) -> bool:
    """Keep the drawings of ``edition`` in the database; True when they had to be made.

    The caller's transaction writes; drawings of editions older than the last few are dropped.
    """
    wait_for(connection, Turn.DRAWINGS)
    if is_prepared(connection, edition):
        return False
    for band, drawing in draw(connection, edition):
        _keep(connection, edition.number, band, drawing)
    _forget(connection, edition.number)
    return True


def is_prepared(connection: sa.Connection, edition: Edition) -> bool:
    """True when tiles of ``edition`` can be cut."""
    there = sa.exists().where(drawn_grounds.c.edition == edition.number)
    return bool(connection.scalar(sa.select(there)))


def _keep(connection: sa.Connection, edition: int, band: int, drawing: Drawing) -> None:
    key = {"edition": edition, "band": band}
    parts, owner = shapely.get_parts(drawing.shapes, return_index=True)
    many = np.asarray(shapely.multipolygons(parts, indices=owner))
    spots = shapely.point_on_surface(drawing.shapes)
    connection.execute(
        statement("keep_grounds"),
        key
        | {
            "ids": drawing.ids.tolist(),
            "levels": drawing.levels.tolist(),
            "kinds": drawing.kinds.tolist(),
            "shapes": shapely.to_wkb(many).tolist(),
            "spots": shapely.to_wkb(spots).tolist(),
        },
    )
    connection.execute(
        statement("keep_borders"),
        key | {"levels": drawing.border_levels.tolist(), "shapes": shapely.to_wkb(drawing.borders).tolist()},
    )


def _forget(connection: sa.Connection, newest: int) -> None:
    """Drop the drawings of all but ``newest`` and the highest few editions."""
    made = sa.select(drawn_grounds.c.edition).distinct().order_by(drawn_grounds.c.edition.desc())
    kept = {newest, *connection.scalars(made.limit(KEPT_EDITIONS))}
    for table in (drawn_grounds, drawn_borders):
        connection.execute(sa.delete(table).where(table.c.edition.not_in(kept)))


# -- tiles -------------------------------------------------------------------------------------------------------------
def band_of(zoom: int) -> int:
    """Band whose shapes are drawn at ``zoom``."""
    return min(max(zoom, BANDS[0]), EXACT)


def check_tile(z: int, x: int, y: int) -> None:
    """Nothing, when there is such a tile. Raises Unknown."""
    if not 0 <= z <= LARGEST_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise Unknown(f"no tile {z}/{x}/{y}: z is 0 to {LARGEST_ZOOM}, x and y are 0 to 2^z - 1")


def raster_of(z: int) -> dict[str, int | float]:
    """Raster of a tile: four units a pixel below zoom 12, where the whole city fits a few tiles, then sixteen."""
    extent = 1024 if z < 12 else 4096
    return {"extent": extent, "buffer": extent * _BUFFER_PX // _PIXELS, "reach": _BUFFER_PX / _PIXELS}


def ground_tile(
    connection: sa.Connection, edition: Edition, layer: str, tile: tuple[int, int, int], over: Over | None = None
) -> bytes:
    """Vector tile of ``areas`` (every level above the grids, and fallback ground) or ``grids`` (leaves), uncompressed.

    Parameters
    ----------
    tile
        z, x, y of the usual Web Mercator scheme.
    over
        What is laid over the drawings in the band of this zoom. What is to come among it, a third layer ``to_come``
        of ``areas`` outlines.

    Raises
    ------
    Unknown
        For another layer, a tile that does not exist, or grids at a zoom below ``GRIDS_FROM``.
    """
    z, x, y = tile
    check_tile(z, x, y)
    wanted = _wanted(layer, z, areas.city(connection).grid_level)
    given = {"edition": edition.number, "band": band_of(z), "z": z, "x": x, "y": y, "with_codes": z >= 12}
    laid = _laid(over, tile) | ({} if over and layer == "areas" else {"coming": []})
    return bytes(connection.execute(statement("ground_tile"), wanted | given | laid | raster_of(z)).scalar_one())


_LAID = ("gone", "gone_borders", "ids", "levels", "kinds", "codes", "shapes", "spots", "border_levels", "borders")


def _laid(over: Over | None, tile: tuple[int, int, int]) -> dict[str, list[Any]]:
    """Parameters of what is laid over the drawings; of shapes only those that come near a tile."""
    if over is None:
        return {name: [] for name in (*_LAID, "coming")}
    drawing = over.drawing
    ground, borders, coming = (_near(shapes, tile) for shapes in (drawing.shapes, drawing.borders, over.coming))
    shapes = drawing.shapes[ground]
    return {
        "gone": over.gone,
        "gone_borders": over.gone_borders,
        "ids": drawing.ids[ground].tolist(),
        "levels": drawing.levels[ground].tolist(),
        "kinds": drawing.kinds[ground].tolist(),
        "codes": over.codes[ground].tolist(),
        "shapes": shapely.to_wkb(shapes).tolist(),
        "spots": shapely.to_wkb(shapely.point_on_surface(shapes)).tolist(),
        "border_levels": drawing.border_levels[borders].tolist(),
        "borders": shapely.to_wkb(drawing.borders[borders]).tolist(),
        "coming": shapely.to_wkb(over.coming[coming]).tolist(),
    }


def _near(shapes: Shapes, tile: tuple[int, int, int]) -> Bools:
    """Which shapes (n,), in metres of Web Mercator, have a box that comes near a tile."""
    z, x, y = tile
    side = _WORLD_M / 2**z
    west, north = x * side - _WORLD_M / 2, _WORLD_M / 2 - y * side
    left, low, right, high = shapely.bounds(shapes).reshape(-1, 4).T
    near = (left <= west + 2 * side) & (right >= west - side) & (low <= north + side) & (high >= north - 2 * side)
    return np.asarray(near, dtype=np.bool_)


def _wanted(layer: str, z: int, grid_level: int) -> dict[str, int | bool]:
    """Levels of ground and of borders in a layer.

    Below ``_LOWEST_BORDERS_FROM`` the borders of a layer's lowest level are left out: the rims of its ground are the
    same lines, and the largest tiles are a third smaller.
    """
    lowest = 0 if z >= _LOWEST_BORDERS_FROM else 1
    if layer == "areas":
        levels = {"highest": 0, "lowest": grid_level - 1, "top": 0, "bottom": grid_level - 1 - lowest}
        return levels | {"with_fallback": True}
    if layer != "grids":
        raise Unknown(f"no layer {layer!r}: there are areas, grids and base")
    if z < GRIDS_FROM:
        raise Unknown(f"no grids at zoom {z}: they are drawn from zoom {GRIDS_FROM}; ask for the layer areas")
    levels = {"highest": grid_level, "lowest": grid_level, "top": grid_level, "bottom": grid_level - lowest}
    return levels | {"with_fallback": False}


def base_tile(connection: sa.Connection, tile: tuple[int, int, int]) -> bytes:
    """Vector tile of water, green, roads and rail with their names, uncompressed; empty where none is stored.

    Raises
    ------
    Unknown
        For a tile that does not exist.
    """
    z, x, y = tile
    check_tile(z, x, y)
    raster = raster_of(z)
    metres = _WORLD_M / 2**z / raster["extent"]
    given = {"z": z, "x": x, "y": y, "metres": metres, "classes": drawn_at(z)}
    return bytes(connection.execute(statement("base_tile"), given | raster).scalar_one())


def packed(tile: bytes) -> bytes:
    """``tile`` as gzip; the same bytes for the same tile."""
    return gzip.compress(tile, compresslevel=6, mtime=0)


def extent(connection: sa.Connection, edition: Edition) -> tuple[float, float, float, float]:
    """West, south, east, north of the city in degrees."""
    from geo.tables import areas as table

    box = gis.ST_Extent(table.c.geom)
    sides = [getattr(gis, f"ST_{side}")(box) for side in ("XMin", "YMin", "XMax", "YMax")]
    row = connection.execute(sa.select(*sides).where(table.c.level == 0, table.c.first_edition <= edition.number)).one()
    return (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
