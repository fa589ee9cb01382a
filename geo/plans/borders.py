"""The border a plan draws anew, and how much of it runs along roads, rails and rivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats, Ints, Shapes
from geo.crs import SNAP, shapes_from_metres, shapes_to_metres
from geo.lines.kinds import RAIL, ROAD, WATER
from geo.plans.grounds import Ground, meets
from geo.space.partition import edges_of
from geo.tables import lines

_BENT = 2 * SNAP  # degrees by which noding may bend a border that stays
_LEAST_M = 1.0  # metres of new border below which there is none
_MARGIN = 1e-3  # degrees around the border in which lines are looked for
_HIDDEN = ("metro", "path", "service")
"""Classes of lines that divide no ground one can see."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Border that was none before.

    ``along_share`` of ``length_m`` runs along lines, None where no line is stored; ``beside`` is the rest, degrees;
    ``codes`` are the grids it bounds.
    """

    length_m: float
    along_share: float | None
    beside: BaseGeometry
    codes: tuple[str, ...]


def drawn_border(connection: sa.Connection, ground: Ground, width_m: float) -> Drawn | None:
    """What a plan draws; None where it draws no border, as when grids are merged.

    ``width_m`` is how far a border may lie from a line it runs along.
    """
    epsg = ground.metric_epsg
    kept = [leaf.shape for code, leaf in ground.near.items() if code not in ground.after]
    old = np.array([*kept, *(leaf.shape for leaf in ground.before.values())], dtype=object)
    ends, owner = _new_edges(np.array([leaf.shape for leaf in ground.after.values()], dtype=object), old)
    edges = shapes_to_metres(np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object), epsg)
    border = shapely.line_merge(shapely.union_all(edges))
    length_m = float(shapely.length(border))
    if length_m < _LEAST_M:
        return None
    codes = tuple(np.array([*ground.after], dtype=np.str_)[owner].tolist())
    along = _along(connection, border, epsg, width_m)
    if along is None:
        return Drawn(length_m, None, shapely.MultiLineString(), codes)
    beside = shapely.difference(border, along)
    share = 1 - float(shapely.length(beside)) / length_m
    return Drawn(length_m, share, shapes_from_metres(np.array([beside], dtype=object), epsg)[0], codes)


def _new_edges(shapes: Shapes, old: Shapes) -> tuple[Floats, Ints]:
    """Edges (m, 4) of some shapes that run along no border of old ones, each once, and the shapes that have any."""
    edges = edges_of(np.concatenate([shapes, old]))
    is_old = edges.owner >= len(shapes)
    new = np.flatnonzero(~is_old & ~np.isin(edges.pair, edges.pair[is_old]))
    middle = shapely.points((edges.ends[new, :2] + edges.ends[new, 2:]) / 2)
    rims = shapely.STRtree(shapely.boundary(old))
    new = np.delete(new, np.unique(rims.query(middle, predicate="dwithin", distance=_BENT)[0]))
    once = new[np.unique(edges.pair[new], return_index=True)[1]]
    return edges.ends[once], np.unique(edges.owner[new])


def _along(connection: sa.Connection, border: BaseGeometry, epsg: int, width_m: float) -> BaseGeometry | None:
    """Ground within a width of lines near a border, metres; None where the city has no lines at all."""
    parts = shapely.get_parts(shapes_from_metres(np.array([border], dtype=object), epsg))
    boxes = shapely.bounds(parts) + np.array([-_MARGIN, -_MARGIN, _MARGIN, _MARGIN])
    seen = sa.and_(lines.c.kind.in_((ROAD, RAIL, WATER)), lines.c.class_.not_in(_HIDDEN))
    query = sa.select(gis.ST_AsBinary(lines.c.geom)).where(seen, meets(lines.c.geom, boxes))
    found = [bytes(row[0]) for row in connection.execute(query)]
    if not found and not connection.scalar(sa.select(sa.exists(sa.select(lines.c.id).where(seen)))):
        return None
    shapes = np.asarray(shapely.from_wkb(np.array(found, dtype=object)), dtype=object)
    metres = shapes_to_metres(shapes, epsg)
    near = metres[shapely.dwithin(metres, border, width_m)]
    thin = np.where(shapely.get_dimensions(near) == 2, shapely.boundary(near), near)
    clipped = shapely.intersection(thin, shapely.box(*shapely.buffer(border, 4 * width_m).bounds))
    return shapely.buffer(shapely.union_all(clipped), width_m)
