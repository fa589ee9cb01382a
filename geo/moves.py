"""Incidents, buildings and entities follow the ground: whose grid of today changes when an edition is published.

It costs what it moves: rows are found by the leaves they were in, and placed among the leaves around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, assignments, divisions, rows
from geo.arrays import Shapes
from geo.assignments import EditionGround, Moving, PartIndex
from geo.buildings import following
from geo.crs import SNAP
from geo.entities import following as entities_following
from geo.incidents import following as incidents_following
from geo.space.division import Division
from geo.space.locate import GridIndex
from geo.space.sights import Wanted


@dataclass(frozen=True)
class Moved:
    """How many were placed anew; of many incidents the closed ones have yet to be."""

    incidents: int
    buildings: int
    entities: int


def follow(connection: sa.Connection, moving: Moving, part: Division) -> Moved:
    """What was placed anew: what lies in the old leaves that lost ground, and the unplaced if the outline moved.

    The grid an incident had when it happened is never rewritten.

    Parameters
    ----------
    part
        The edition, or what of it was redrawn.
    """
    over = _Around(connection, moving, part)
    return Moved(
        incidents=incidents_following.follow(connection, moving, over),
        buildings=following.follow(connection, moving, over),
        entities=entities_following.follow(connection, moving, over),
    )


class _Around:
    """The leaves around what is placed anew: those that were redrawn and their neighbours, more where it takes more.

    When the whole city was read, or its outline moved, the index of the edition answers: what lies outside is told by
    its nearest border.
    """

    def __init__(self, connection: sa.Connection, moving: Moving, part: Division) -> None:
        self.connection, self.moving, self.part = connection, moving, part
        self.city = areas.city(connection)
        self.index: PartIndex | None = None

    def __call__(self, shapes: Shapes) -> EditionGround:
        sight = self.part.sight
        if sight is None or self.moving.outline_moved:
            return assignments.open_index(self.connection, self.moving.edition)
        beyond = ~shapely.covers(sight.ground, shapes)
        if beyond.any():
            boxes = shapely.bounds(shapes) + np.array([-SNAP, -SNAP, SNAP, SNAP])  # a point's own has no ground
            together = shapely.union_all(shapely.box(*boxes.T))
            wanted = Wanted(grounds=tuple(shapely.get_parts(together)))
            levels = len(self.city.levels)
            self.part = divisions.around(self.connection, self.moving.edition, levels, wanted)
            self.index = None
        if self.index is None:
            self.index = self._opened()
        return self.index

    def _opened(self) -> PartIndex:
        part = self.part
        named = [*part.leaf_codes.tolist(), *part.area_codes.tolist()]
        known = {row.code: row.id for row in self.connection.execute(rows.these_codes(named))}
        return PartIndex(
            leaf_ids=np.array([known[code] for code in part.leaf_codes.tolist()], dtype=np.int32),
            parent_ids=np.array([known[code] for code in part.leaf_parents.tolist()], dtype=np.int32),
            is_fallback=np.asarray(part.leaf_kinds == "fallback", dtype=np.bool_),
            index=GridIndex.build(part.leaf_codes, part.leaf_shapes, self.city.metric_epsg),
        )
