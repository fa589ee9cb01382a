"""The outline of an area after leaves in it changed, from its edges alone: the other leaves need not be there.

An area's rim is what its leaves leave over when each edge is cancelled with its reverse. So the rim afterwards is the
rim before, less the edges of the leaves that went, with those of the leaves that came: exact, and for the cost of what
changed.
"""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats, Shapes
from geo.space.partition import edges_of, left_over


def outline_after(outline: BaseGeometry, gone: Shapes, come: Shapes) -> BaseGeometry | None:
    """The outline of an area in which the leaves ``come`` took the place of ``gone``; the same object where it stays.

    Empty where nothing is left. None where the edges are not those of any ground: the outline was not the rim of its
    leaves, edge by edge, or they overlap.
    """
    new, old = edges_of(come).ends, edges_of(gone).ends
    moved = left_over(np.concatenate([new, old[:, [2, 3, 0, 1]]]))
    if not len(moved.ends):
        return outline
    before = edges_of(np.asarray([outline], dtype=object)).ends
    rim = left_over(np.concatenate([before, np.repeat(moved.ends, moved.times, axis=0)]))
    return ground_of(rim.ends) if (rim.times == 1).all() else None


def ground_of(ends: Floats) -> BaseGeometry | None:
    """The ground on the left of directed edges (m, 4), valid and with every vertex; None where they enclose none."""
    lines = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object)
    faces = shapely.get_parts(shapely.polygonize(lines))
    wanted = set(map(tuple, ends.tolist()))
    edges = edges_of(faces)
    inside = np.zeros(len(faces), dtype=np.bool_)
    is_wanted = np.asarray([edge in wanted for edge in map(tuple, edges.ends.tolist())], dtype=np.bool_)
    inside[edges.owner[is_wanted]] = True
    kept = inside[edges.owner]
    if kept.sum() != len(ends) or not is_wanted[kept].all():
        return None
    ground = faces[inside]
    return ground[0] if len(ground) == 1 else shapely.MultiPolygon([*ground])
