"""Buildings follow the ground: whose grid changes when an edition is published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import marks, revisions, rows
from geo.areas import Edition
from geo.assignments import GroundOver, Moving
from geo.buildings.footprints import NOUN
from geo.buildings.placing import Places, placed
from geo.copying import copy, figures, ids, numbers
from geo.tables import buildings, grids

_BATCH = 20_000
_NEW_PLACES = (
    "CREATE TEMP TABLE IF NOT EXISTS new_building_places (id bigint, grid_id int, share float8, straddles boolean, "
    "community_id int, pinned_id int) ON COMMIT DROP"
)
_FOLLOW = sa.text(
    """UPDATE buildings SET grid_id = new.grid_id, share = new.share, straddles = new.straddles,
              community_id = new.community_id, pinned_id = new.pinned_id, edition = :number
         FROM new_building_places AS new WHERE buildings.id = new.id"""
)


def follow(connection: sa.Connection, moving: Moving, over: GroundOver) -> int:
    """Number of buildings placed anew in ``edition``; the rest keep their grid, which is what placing would find.

    Costs what it moves. A pin whose grid is gone, or holds none of the building any more, is released.

    All buildings of the leaves that lost ground are placed anew; of the others that changed those that do not lie
    wholly in one leaf, since the rest can only be overtaken by a leaf that gained ground from theirs.
    """
    concerned = [rows.one_of(buildings.c.grid_id, moving.left), _parted(moving)]
    if moving.outline_moved:
        concerned.append(sa.or_(buildings.c.grid_id.is_(None), buildings.c.share < 1))
    if found := place_anew(connection, moving.edition, over, sa.or_(*concerned)):
        marks.mark_those(connection, NOUN, sa.select(sa.column("id")).select_from(sa.table("new_building_places")))
        revisions.raise_(connection, NOUN)
    return found


def place_anew(connection: sa.Connection, edition: Edition, over: GroundOver, concerned: sa.ColumnElement[bool]) -> int:
    """Number of ``concerned`` buildings, then with their grids of ``edition``; pins that hold nothing are released."""
    asked = sa.select(buildings.c.id, gis.ST_AsBinary(buildings.c.geom).label("shape"), buildings.c.pinned_id)
    found, after = 0, 0
    while some := connection.execute(
        asked.where(concerned, buildings.c.id > after).order_by(buildings.c.id).limit(_BATCH)
    ).all():
        if not found:
            connection.execute(sa.text(_NEW_PLACES))
            connection.execute(sa.text("TRUNCATE new_building_places"))
        _place(connection, over, some)
        found, after = found + len(some), some[-1].id
    if found:
        connection.execute(_FOLLOW, {"number": edition.number})
    return found


def _parted(moving: Moving) -> sa.ColumnElement[bool]:
    """Condition: the building lies in several leaves, and near one that changed as it was before."""
    near = sa.exists().where(
        rows.one_of(grids.c.id, moving.closed),
        grids.c.last_edition == moving.edition.number,
        grids.c.geom.op("&&")(buildings.c.geom),
    )
    return sa.and_(buildings.c.share < 1, near)


def _place(connection: sa.Connection, over: GroundOver, some: Sequence[sa.Row[*tuple[Any, ...]]]) -> None:
    shapes = np.asarray(shapely.from_wkb(np.array([bytes(row.shape) for row in some], dtype=object)), dtype=object)
    pinned = np.array([row.pinned_id or 0 for row in some], dtype=np.int32)
    found: Places = placed(over(shapes), shapes, pinned)
    columns = {
        "id": numbers(np.array([row.id for row in some], dtype=np.int64), "i8"),
        "grid_id": ids(found.grid),
        "share": figures(found.share),
        "straddles": numbers(found.straddles, "u1"),
        "community_id": ids(found.community),
        "pinned_id": ids(found.pinned),
    }
    copy(connection, "new_building_places", columns)
