"""The division that an edition holds, read back: the whole of it, or the surroundings of what is redrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas
from geo.areas import Areas, Edition, Leaves
from geo.arrays import Bools, Floats
from geo.space.division import Division
from geo.space.sights import MARGIN, Sight, Wanted
from geo.statements import statement


def whole(connection: sa.Connection, edition: Edition) -> Division:
    """The division that ``edition`` holds, as it was published."""
    levels = len(areas.city(connection).levels)
    return _of(levels, areas.leaves(connection, edition), areas.upper(connection, edition), None)


def around(connection: sa.Connection, edition: Edition, levels: int, wanted: Wanted) -> Division:
    """The part of ``edition`` that is wanted: leaves and areas by code, leaves near grounds, and all near either.

    Its sight is the boxes of all of these, and the codes asked for. Areas above come with all their ground.

    Parameters
    ----------
    levels
        Of the city, the grid's included.
    """
    boxes = _wider(shapely.bounds(np.asarray(wanted.grounds, dtype=object).reshape(-1)))
    named = sorted(wanted.codes)
    given = dict(zip(("west", "south", "east", "north"), boxes.T.tolist(), strict=True))
    asked = {"edition": edition.number, "codes": named, "margin": MARGIN, **given}
    found = _leaves(connection.execute(statement("leaves_near"), asked).all())
    parents = np.unique(found.leaves.parent_ids).tolist()
    asked = {"edition": edition.number, "codes": named, "ids": parents}
    above = _areas(connection.execute(statement("areas_above"), asked).all())
    seen = np.concatenate([boxes, _wider(shapely.bounds(found.leaves.shapes[found.is_core]))])
    ground = shapely.union_all(shapely.box(*seen.T)) if len(seen) else shapely.Polygon()
    shapely.prepare(ground)
    return _of(levels, found.leaves, above, Sight(ground, wanted.codes))


@dataclass(frozen=True, eq=False)
class _Near:
    leaves: Leaves
    is_core: Bools


def _wider(boxes: Floats) -> Floats:
    """Finite boxes (n, 4), each a margin wider; others are nowhere."""
    wider: Floats = boxes[np.isfinite(boxes).all(axis=1)] + np.array([-MARGIN, -MARGIN, MARGIN, MARGIN])
    return wider


def _leaves(rows: Sequence[sa.Row[Any]]) -> _Near:
    leaves = Leaves(
        ids=np.array([row.id for row in rows], dtype=np.int32),
        codes=np.array([row.code for row in rows], dtype=np.str_),
        names=np.array([row.name for row in rows], dtype=np.str_),
        kinds=np.array([row.kind for row in rows], dtype=np.str_),
        parent_ids=np.array([row.parent_id for row in rows], dtype=np.int32),
        shapes=areas.shapes_of(row.ground for row in rows),
    )
    return _Near(leaves, np.array([row.is_core for row in rows], dtype=np.bool_))


def _areas(rows: Sequence[sa.Row[Any]]) -> Areas:
    return Areas(
        ids=np.array([row.id for row in rows], dtype=np.int32),
        codes=np.array([row.code for row in rows], dtype=np.str_),
        names=np.array([row.name for row in rows], dtype=np.str_),
        levels=np.array([row.level for row in rows], dtype=np.int32),
        parent_ids=np.array([row.parent_id for row in rows], dtype=np.int32),
        shapes=areas.shapes_of(row.ground for row in rows),
    )


def _of(levels: int, leaves: Leaves, above: Areas, sight: Sight | None) -> Division:
    code = {0: ""} | dict(zip(above.ids.tolist(), above.codes.tolist(), strict=True))
    order = np.argsort(above.codes, kind="stable")  # a division's areas ascend by code alone
    return Division(
        levels=levels,
        leaf_codes=leaves.codes,
        leaf_names=leaves.names,
        leaf_kinds=leaves.kinds,
        leaf_parents=np.array([code[number] for number in leaves.parent_ids.tolist()], dtype=np.str_),
        leaf_shapes=leaves.shapes,
        area_codes=above.codes[order],
        area_names=above.names[order],
        area_levels=above.levels[order].astype(np.int64),
        area_parents=np.array([code[number] for number in above.parent_ids[order].tolist()], dtype=np.str_),
        area_shapes=above.shapes[order],
        sight=sight,
    )
