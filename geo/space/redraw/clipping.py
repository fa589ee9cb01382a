"""A drawn polygon without what of it lies beyond an area: a plan redraws the ground of its scope alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Shapes
from geo.crs import area_m2, snapped
from geo.errors import Refused
from geo.space.division.rows import Division
from geo.space.partition import whole_of
from geo.space.redraw.changes import CutDedicated, Transfer
from geo.space.redraw.drawing import ground_drawn
from geo.space.redraw.members import leaves_of
from geo.space.redraw.moves import OVER
from geo.space.redraw.slivers import THIN_M, thickness_m

Polygonal = Transfer | CutDedicated
"""Changes that say by a polygon whose ground becomes another's."""


@dataclass(frozen=True, eq=False)
class Clipped:
    """A change inside an area, and the square metres of what was drawn beyond it.

    ``pulled`` are lines, degrees, from where it was drawn to where its vertices were pulled to a border before that.
    """

    change: Polygonal
    left_out_m2: float
    pulled: BaseGeometry = shapely.MultiLineString()  # noqa: RUF009 a geometry never changes


def clipped(division: Division, change: Polygonal, scope: str) -> Clipped:
    """A change with what it draws inside an area; the same change where no leaf outside it is near.

    Vertices are pulled to borders of the area first and no more afterwards, so that none is pulled beyond it: neither
    one that was drawn beyond, nor one inside with a vertex of a neighbour of the area within its reach. Ground of the
    area too thin to stay behind is drawn as well: it would go to whom it borders longest, across the rim of the area.

    Parameters
    ----------
    division
        What is changed, or the part of it around the drawing.
    scope
        Code of the area.

    Raises
    ------
    Refused
        For a drawing that tells no ground, or none inside the area.
    """
    leaves = leaves_of(division)
    inside = division.area_codes[division.areas_within(scope)]
    all_near = leaves.near(np.asarray([change.drawn], dtype=object), OVER)
    near = all_near[np.isin(division.leaf_parents[all_near], inside)]
    if not near.size:
        raise _outside(change, scope)
    ground = whole_of(leaves.shapes[near])
    drawn = ground_drawn(change.drawn, shapely.boundary(leaves.shapes[near]), change.snap_m)
    beyond = _polygons(shapely.difference(drawn.shape, ground))
    if shapely.is_empty(beyond):
        if len(near) == len(all_near):
            return Clipped(change, 0.0)
        return Clipped(_as_drawn(change, _filled(drawn.shape, leaves.shapes[near])), 0.0, drawn.pulled)
    kept = _polygons(shapely.intersection(drawn.shape, ground))
    if shapely.is_empty(kept):
        raise _outside(change, scope)
    left_out = float(area_m2(np.asarray([beyond], dtype=object))[0])
    return Clipped(_as_drawn(change, _filled(kept, leaves.shapes[near])), left_out, drawn.pulled)


def may_reach_beyond(drawn: BaseGeometry, ground: BaseGeometry) -> bool:
    """Whether a drawing reaches beyond a ground, or so near its rim that vertices beyond may pull it."""
    if not shapely.is_valid(drawn) or not shapely.covers(ground, drawn):
        return True
    return bool(shapely.dwithin(shapely.boundary(ground), drawn, 2 * OVER))


def _as_drawn(change: Polygonal, ground: BaseGeometry) -> Polygonal:
    """The change with its ground as it is to be: its vertices are pulled no more."""
    return replace(change, drawn=ground, snap_m=0.0)


def _filled(drawn: BaseGeometry, leaves: Shapes) -> BaseGeometry:
    """What is drawn and the slivers it would cut off leaves; parts that it leaves as they are stay, however thin."""
    parts = shapely.get_parts(leaves)
    cut = parts[shapely.relate_pattern(parts, drawn, "T********")]
    left = shapely.get_parts(shapely.difference(cut, drawn))
    slivers = left[thickness_m(left) < THIN_M]
    return _polygons(shapely.union_all([drawn, *slivers])) if slivers.size else drawn


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """What of a shape is ground, on the lattice."""
    parts = shapely.get_parts(snapped(np.asarray([shape], dtype=object))[0])
    parts = parts[(shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0)]
    ground: BaseGeometry = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return ground


def _outside(change: Polygonal, scope: str) -> Refused:
    return Refused(
        f"what is drawn lies outside {scope}, the scope of the plan",
        zh=f"画的地方全在方案范围 {scope} 之外；画到范围里面来",
        where=change.drawn,
    )
