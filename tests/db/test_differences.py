"""How two editions differ, read from the rows that one has and the other has not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import areas, differences, editions
from geo.differences import Named
from geo.plans import calendar, drafts, previews, reviews, scheduling
from geo.space import division as divisions
from geo.space.arrangement import apart_by_a_hair
from geo.space.redraw.changes import Annex, Change, Dissolve, Merge, Recode, Rename, Reparent
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, publish_small_city
from tests.small_plans import FIRST, LAST, NEW, PLANNER, SECOND, SPLIT, soon

_BESIDE = shapely.box(WEST - WIDE / 2, SOUTH, WEST, SOUTH + HIGH)


@pytest.fixture
def history(connection: sa.Connection) -> sa.Connection:
    """A city of seven editions."""
    publish_small_city(connection)
    steps: list[list[Change]] = [
        [SPLIT],
        [Rename(COMMUNITIES[0], "改名社区"), Merge((FIRST, SECOND), FIRST)],
        [Annex(_BESIDE, FIRST)],
        [Dissolve(LAST)],
        [Recode(NEW, f"{COMMUNITIES[0]}010")],
        [Reparent(FIRST, COMMUNITIES[1])],
    ]
    for changes in steps:
        plan = drafts.begin(connection, PLANNER, "一步")
        for change in changes:
            previews.add(connection, PLANNER, plan, change)
        previews.publish(connection, PLANNER, plan.id)
    return connection


def test_the_rows_that_differ_tell_what_the_whole_editions_tell(history: sa.Connection) -> None:
    numbers = [edition.number for edition in areas.all_editions(history)]
    assert len(numbers) == 7
    whole = {number: editions.stored(history, areas.numbered(history, number)) for number in numbers}
    for since, until in product(numbers, numbers):
        found = differences.between(history, areas.numbered(history, since), areas.numbered(history, until))
        compared = divisions.compare(whole[since], whole[until])
        assert found.crosswalk() == divisions.crosswalk(whole[since], whole[until], compared), (since, until)
        touched = divisions.touched(whole[since], whole[until], compared)
        assert {one.code for one in found.changed() if one.level == found.new.levels - 1} == touched, (since, until)
        assert found.noded == int(compared.noded.sum())
        assert found.comparison.outline_moved == compared.outline_moved
    assert differences.between(history, areas.numbered(history, 3), areas.numbered(history, 3)).changed() == []


def test_what_changed_is_told_by_name_before_and_after(history: sa.Connection) -> None:
    def changed(since: int, until: int) -> dict[str, tuple[Named | None, Named | None, bool]]:
        found = differences.between(history, areas.numbered(history, since), areas.numbered(history, until))
        return {one.code: (one.before, one.after, one.moved) for one in found.changed()}

    split = changed(1, 2)
    assert set(split) == {FIRST, NEW}  # the neighbour is noded, and its community with it: that is no change
    assert split[NEW] == (None, Named("北片网格", "comprehensive", COMMUNITIES[0]), True)
    assert split[FIRST][0] == split[FIRST][1]
    renamed = changed(2, 3)
    before, after, moved = renamed[COMMUNITIES[0]]
    assert before is not None
    assert after == Named("改名社区", None, before.parent)
    assert not moved
    assert renamed[SECOND][1] is None
    back = changed(2, 1)
    assert back[NEW] == (split[NEW][1], None, True)


def test_the_ground_that_changed_hands_is_what_was_split_off(history: sa.Connection) -> None:
    found = differences.between(history, areas.numbered(history, 1), areas.numbered(history, 2))
    [(crossing, ground)] = found.moved()
    assert (crossing.old, crossing.new) == (FIRST, NEW)
    now = editions.stored(history, areas.numbered(history, 2))
    [shape] = now.leaf_shapes[now.leaf_codes == NEW]
    assert apart_by_a_hair(np.array([ground]), np.array([shape]))[0]


def test_a_time_to_come_differs_as_the_edition_that_comes_of_it(connection: sa.Connection) -> None:
    publish_small_city(connection)
    first = areas.current(connection)
    for k, change in enumerate((SPLIT, Reparent(SECOND, COMMUNITIES[1]), Rename(LAST, "新名"))):
        plan = drafts.begin(connection, PLANNER, "一步")
        previews.add(connection, PLANNER, plan, change)
        scheduling.schedule(connection, PLANNER, plan.id, soon(3600 * (k + 1)))
    early, late = (calendar.edition_at(connection, soon(seconds)) for seconds in (3700, 11_000))
    foretold = [differences.between(connection, *both) for both in ((first, late), (late, first), (first, early))]
    told = [(one.changed(), one.crosswalk(), one.noded) for one in foretold]
    between = differences.between(connection, early, late)
    assert {one.code for one in between.changed()} >= {SECOND, LAST, COMMUNITIES[1]}
    assert NEW not in {one.code for one in between.changed()}
    assert late.forecast is not None
    for expected in late.forecast.plans:
        reviews.publish(connection, PLANNER, expected.plan)
    now, step = areas.current(connection), areas.numbered(connection, 2)
    came = [differences.between(connection, *both) for both in ((first, now), (now, first), (first, step))]
    assert [(one.changed(), one.crosswalk(), one.noded) for one in came] == told
    assert between.changed() == differences.between(connection, step, now).changed()
