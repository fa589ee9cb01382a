"""A plan that comes into force takes along what stands on its ground, as the whole edition would place it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.assignments import open_index
from geo.buildings.placing import placed
from geo.plans import drafts, previews
from geo.space.redraw.changes import Change, CutDedicated, Merge, Split
from tests.db.test_entities_loading import given_rows
from tests.small_city import COLUMNS, COMMUNITIES, HIGH, ROWS, SOUTH, WEST, WIDE, publish_small_city
from tests.standing import stand

ACTOR = Actor("planner")
FIRST, NEW = f"{COMMUNITIES[0]}001", f"{COMMUNITIES[0]}009"
MIDDLE = SOUTH + 0.6 * HIGH
CHANGES: dict[str, Change] = {
    "split": Split(FIRST, shapely.LineString([(WEST - WIDE, MIDDLE), (WEST + 2 * WIDE, MIDDLE)]), (FIRST, NEW)),
    "merge": Merge((FIRST, f"{COMMUNITIES[1]}001"), FIRST),
    "cut": CutDedicated(shapely.Point(WEST + WIDE, SOUTH + HIGH).buffer(WIDE / 3), name="商场"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_stands_on_redrawn_ground_lies_where_the_whole_edition_says(
    connection: sa.Connection, tmp_path: Path, kind: str
) -> None:
    """Among the buildings are some that reach over several leaves, beyond all that the plan had to read."""
    random = np.random.default_rng(7)
    publish_small_city(connection)
    corners = random.uniform((WEST, SOUTH), (WEST + COLUMNS * WIDE, SOUTH + ROWS * HIGH), (120, 2))
    sides = random.uniform(WIDE / 40, WIDE / 8, (120, 2))
    sides[:20] *= 12
    shapes = [shapely.box(*at, *(at + side)) for at, side in zip(corners, sides, strict=True)]
    stand(connection, shapes, households=[1] * len(shapes))
    spots = random.uniform((WEST, SOUTH), (WEST + COLUMNS * WIDE, SOUTH + ROWS * HIGH), (60, 2))
    units = [
        {"id": f"U{n}", "name": "甲", "building": "", "lon": x, "lat": y} for n, (x, y) in enumerate(spots.tolist())
    ]
    given_rows(connection, tmp_path, "units", *units)
    plan = drafts.begin(connection, ACTOR, "调整")
    previews.add(connection, ACTOR, plan, CHANGES[kind])
    _, done = previews.publish(connection, ACTOR, plan.id)
    assert done.moved_buildings > 3
    is_as_the_whole_says(connection)


def is_as_the_whole_says(connection: sa.Connection) -> None:
    index = open_index(connection, areas.current(connection))
    query = "SELECT ST_AsBinary(geom) AS shape, coalesce(grid_id, 0) AS grid, share, straddles FROM buildings"
    rows = connection.execute(sa.text(query)).all()
    found = placed(index, np.asarray(shapely.from_wkb([bytes(row.shape) for row in rows]), dtype=object))
    assert [row.grid for row in rows] == found.grid.tolist()
    assert [row.straddles for row in rows] == found.straddles.tolist()
    assert np.allclose([row.share for row in rows], found.share, atol=1e-9)
    query = """SELECT ST_X(one.geom) AS x, ST_Y(one.geom) AS y, coalesce(one.grid_id, 0) AS grid,
                      building_id IS NULL AS alone, coalesce(theirs.grid_id, 0) AS theirs
               FROM units AS one LEFT JOIN buildings AS theirs ON theirs.id = building_id"""
    rows = connection.execute(sa.text(query)).all()
    alone = index.ids(index.index.locate(np.array([(row.x, row.y) for row in rows]))).tolist()
    wanted = [own if row.alone else row.theirs for row, own in zip(rows, alone, strict=True)]
    assert [row.grid for row in rows] == wanted
    assert {row.alone for row in rows} == {True, False}
