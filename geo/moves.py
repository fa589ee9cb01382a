"""Incidents, buildings and entities follow the ground: whose grid of today changes when an edition is published.

It costs what it moves: rows are found by the leaves they were in, and placed among the leaves around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray

from geo import areas, assignments, divisions, rows
from geo.arrays import Shapes
from geo.assignments import EditionGround, GroundOver, Moving, PartIndex
from geo.buildings import following
from geo.copying import copy, figures, ids, numbers
from geo.crs import SNAP
from geo.entities import following as entities_following
from geo.fetching import fetch, figure, flag, whole
from geo.space.division import Division
from geo.space.locate import GridIndex
from geo.space.sights import Wanted
from geo.tables import incidents

_BATCH = 50_000
_NEW_PLACES = (
    "CREATE TEMP TABLE IF NOT EXISTS new_places (id bigint, grid_now int, community_id int, border_m real, "
    "rule smallint, is_doubtful boolean) ON COMMIT DROP"
)


@dataclass(frozen=True)
class Moved:
    """How many were placed anew."""

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
        incidents=_follow_incidents(connection, moving, over),
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


# -- incidents ---------------------------------------------------------------------------------------------------------
_Rows = dict[str, NDArray[Any]]
_ASKED = {
    "id": whole(incidents.c.id),
    "x": figure(gis.ST_X(incidents.c.geom)),
    "y": figure(gis.ST_Y(incidents.c.geom)),
    "accuracy_m": figure(incidents.c.accuracy_m),
    "grid_now": whole(incidents.c.grid_now),
    "community_id": whole(incidents.c.community_id),
    "border_m": figure(incidents.c.border_m),
    "rule": whole(incidents.c.rule),
    "is_doubtful": flag(incidents.c.is_doubtful, missing=False),
}
_ANSWERS = ("grid_now", "community_id", "border_m", "rule", "is_doubtful")


def _follow_incidents(connection: sa.Connection, moving: Moving, over: GroundOver) -> int:
    concerned = rows.one_of(incidents.c.grid_now, moving.left)
    if moving.outline_moved:
        concerned = sa.or_(concerned, incidents.c.grid_now.is_(None))
    query = sa.select().select_from(incidents).where(concerned, incidents.c.geom.is_not(None))
    found = fetch(connection, _ASKED, query)
    count = len(found["id"])
    written = 0
    for start in range(0, count, _BATCH):
        written += _place(connection, over, {name: one[start : start + _BATCH] for name, one in found.items()})
    if written:
        new = sa.table("new_places", *(sa.column(name) for name in ("id", *_ANSWERS)))
        values = {name: new.c[name] for name in _ANSWERS} | {"edition_now": moving.edition.number}
        # By the leaves too: the rows of the months are then found by their index, and none is looked through.
        connection.execute(sa.update(incidents).values(values).where(concerned, incidents.c.id == new.c.id))
        connection.execute(sa.text("TRUNCATE new_places"))
    return count


def _place(connection: sa.Connection, over: GroundOver, batch: _Rows) -> int:
    """Number of rows whose answer is another one now; they are put aside to be written."""
    lonlat = np.stack([batch["x"], batch["y"]], axis=1)
    ground = over(np.asarray(shapely.points(lonlat), dtype=object))
    assigned = assignments.assign(ground, lonlat, accuracy_m=batch["accuracy_m"])
    now: _Rows = {
        "grid_now": ground.ids(assigned.position),
        "community_id": ground.lowest_areas(assigned.position),
        "border_m": assigned.border_m.astype(np.float32),
        "rule": assigned.rule,
        "is_doubtful": assigned.is_doubtful,
    }
    other = np.flatnonzero(np.logical_or.reduce([batch[name] != now[name] for name in _ANSWERS]))
    if not len(other):
        return 0
    columns = {
        "id": numbers(batch["id"][other], "i8"),
        "grid_now": ids(now["grid_now"][other]),
        "community_id": ids(now["community_id"][other]),
        "border_m": figures(assigned.border_m[other], "f4"),
        "rule": numbers(assigned.rule[other], "i2"),
        "is_doubtful": numbers(assigned.is_doubtful[other], "u1"),
    }
    connection.execute(sa.text(_NEW_PLACES))
    copy(connection, "new_places", columns)
    return len(other)
