"""Codes that a plan gives by itself: who has more households keeps the code, and a code is given once."""

from __future__ import annotations

import numpy as np
import shapely
import sqlalchemy as sa

from geo.areas import current
from geo.editions import stored
from geo.plans import drafts, previews
from geo.space.redraw.changes import CutDedicated, Merge, Split
from geo.tables import buildings
from tests.db.test_plans import ACTOR, FIRST, across, begun
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, publish_small_city
from tests.standing import stand

UNCUT = Split(FIRST, across(0, -0.2))
"""North of the line lies more ground."""


def test_the_piece_with_more_households_keeps_the_code_though_it_has_less_ground(connection: sa.Connection) -> None:
    publish_small_city(connection)
    x, y = WEST + 0.5 * WIDE, SOUTH + np.array([0.1, 0.6]) * HIGH
    stand(connection, shapely.box(x, y, x + 1e-4, y + 1e-4))
    south = connection.scalar(sa.select(buildings.c.id).order_by(sa.text("ST_Y(ST_Centroid(geom))")).limit(1))
    connection.execute(sa.update(buildings).values(households=sa.case((buildings.c.id == south, 400), else_=3)))
    plan = begun(connection)
    made = previews.add(connection, ACTOR, plan, UNCUT).change
    assert isinstance(made, Split)
    assert made.codes == (f"{COMMUNITIES[0]}004", FIRST)  # the largest piece by ground is named first
    previews.publish(connection, ACTOR, plan.id)
    now = stored(connection, current(connection))
    kept = now.leaf_shapes[now.leaf_codes == FIRST][0]
    assert kept.bounds[1] < SOUTH + 0.1 * HIGH < kept.bounds[3] < SOUTH + 0.5 * HIGH


def test_codes_are_stored_as_they_were_found_and_no_other_plan_takes_them(connection: sa.Connection) -> None:
    publish_small_city(connection)
    one, other, third = begun(connection), begun(connection), begun(connection)
    taken = [previews.add(connection, ACTOR, plan, UNCUT).change for plan in (one, other)]
    assert [change.codes[1] for change in taken if isinstance(change, Split)] == [
        f"{COMMUNITIES[0]}004",
        f"{COMMUNITIES[0]}005",
    ]
    assert drafts.in_effect(drafts.changes_of(connection, one)) == taken[:1]
    merged = previews.add(connection, ACTOR, one, Merge((f"{COMMUNITIES[0]}004", FIRST))).change
    assert isinstance(merged, Merge)
    assert merged.keep == FIRST
    assert previews.preview(connection, one).is_same
    mall = shapely.Point(WEST + 0.5 * WIDE, SOUTH + 0.5 * HIGH).buffer(WIDE / 9)
    cut = previews.add(connection, ACTOR, third, CutDedicated(mall, name="商场")).change
    assert isinstance(cut, CutDedicated)
    assert cut.code == f"{COMMUNITIES[0]}006"


def test_a_code_that_retired_is_not_given_again(connection: sa.Connection) -> None:
    publish_small_city(connection)
    plan = begun(connection)
    previews.add(
        connection, ACTOR, plan, Merge((f"{COMMUNITIES[0]}003", f"{COMMUNITIES[0]}002"), f"{COMMUNITIES[0]}002")
    )
    previews.publish(connection, ACTOR, plan.id)
    made = previews.add(connection, ACTOR, begun(connection), UNCUT).change
    assert isinstance(made, Split)
    assert made.codes == (FIRST, f"{COMMUNITIES[0]}004")
