"""Plans side by side: the same communities for all, other numbers of grids, and the cause of each difference."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from typer.testing import Result

from geo import db
from geo.errors import Refused, Unknown
from geo.plans import previews
from geo.plans.contrasts import compared
from geo.space.redraw.changes import Change, Merge, Split
from tests.db.test_plans import ACTOR, FIRST, NEW, SPLIT, begun, said
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, publish_small_city
from tests.standing import stand

__all__ = ["said"]

SECOND = f"{COMMUNITIES[0]}002"
LOADS = {0.2: 400, 0.8: 300, 1.5: 350, 2.5: 250}
"""Households by how many cells north of the south-west corner they live."""


def populated(connection: sa.Connection) -> None:
    publish_small_city(connection)
    x = WEST + 0.5 * WIDE
    boxes = [shapely.box(x, SOUTH + up * HIGH, x + 1e-4, SOUTH + up * HIGH + 1e-4) for up in LOADS]
    stand(connection, boxes, households=list(LOADS.values()))


def drawn(connection: sa.Connection, *some: Change) -> int:
    plan = begun(connection)
    for change in some:
        previews.add(connection, ACTOR, plan, change)
    return plan.id


def test_plans_with_other_numbers_of_grids_are_told_over_the_same_ground(connection: sa.Connection) -> None:
    populated(connection)
    split, merge = drawn(connection, SPLIT), drawn(connection, Merge((FIRST, SECOND), FIRST))
    found = compared(connection, [0, split, merge])
    loads = ([700, 350, 250], [400, 300, 350, 250], [1050, 250])
    for told, load in zip(found.metrics, loads, strict=True):
        assert (told.balance.grids, told.balance.mean) == (len(load), np.mean(load))
        assert told.balance.cv == pytest.approx(np.std(load) / np.mean(load))
    assert [told.moved_households for told in found.metrics] == [0, 300, 350]
    assert [told.households_share for told in found.metrics] == [
        1,
        pytest.approx(1000 / 1300),
        pytest.approx(950 / 1300),
    ]
    assert [told.appeared for told in found.metrics] == [(), (NEW,), ()]
    assert [told.retired for told in found.metrics] == [(), (), (SECOND,)]
    assert (found.metrics[0].checks, (found.metrics[2].checks or {})["warn"]) == (None, 1)  # 1,050 households


def test_the_cause_of_each_difference_is_who_belongs_where(connection: sa.Connection) -> None:
    populated(connection)
    split, merge = drawn(connection, SPLIT), drawn(connection, Merge((FIRST, SECOND), FIRST))
    (contrast,) = compared(connection, [split, merge]).contrasts
    first, second, new = contrast.differences
    assert (first.difference.first, first.difference.second, first.difference.cause) == (FIRST, FIRST, "moved")
    assert (first.first_households, first.second_households, first.difference.shared) == (400, 1050, 400)
    assert [(part.first, part.households) for part in first.difference.parts] == [(SECOND, 350), (NEW, 300)]
    assert f"350 户 1 栋在方案 {split}属 {SECOND}" in first.text.zh
    assert (second.difference.first, second.difference.cause) == (SECOND, "only_first")
    assert (new.difference.first, new.difference.cause, new.first_households) == (NEW, "only_first", 300)
    assert f"仅见于方案 {split}：300 户 1 栋在方案 {merge}属 {FIRST}" in new.text.zh
    assert f"only in plan {split}" in new.text.en


def test_two_plans_that_draw_the_same_do_not_differ_but_by_their_codes(connection: sa.Connection) -> None:
    populated(connection)
    other = f"{COMMUNITIES[0]}008"
    one, two = drawn(connection, SPLIT), drawn(connection, Split(FIRST, SPLIT.line, (FIRST, other), ("", "另")))
    (contrast,) = compared(connection, [one, two]).contrasts
    (only,) = contrast.differences
    assert (only.difference.first, only.difference.second, only.difference.cause) == (NEW, other, "recoded")
    same = drawn(connection, SPLIT)
    assert compared(connection, [one, same]).contrasts[0].differences == []


def test_what_cannot_be_compared_is_refused(connection: sa.Connection) -> None:
    populated(connection)
    plan = drawn(connection, SPLIT)
    for ids in ([plan], [plan, plan], [0, *range(1, 7)]):
        with pytest.raises(Refused, match="two to 6 different ones"):
            compared(connection, ids)
    with pytest.raises(Unknown, match="no plan 99"):
        compared(connection, [plan, 99])
    empty = begun(connection).id
    assert compared(connection, [0, empty]).contrasts[0].differences == []


def test_the_command_shows_plans_side_by_side(said: Callable[..., Result]) -> None:
    with db.write(db.engine()) as connection:
        plan = drawn(connection, SPLIT)
    shown = said("compare", "0", str(plan)).stdout
    assert "现状 as it is" in shown
    assert f"仅见于方案 {plan}" in shown
    told = json.loads(said("compare", "0", str(plan), "--json").stdout)
    assert [one["grids"] for one in told["plans"]] == [3, 4]
    assert told["contrasts"][0]["differences"][-1]["second"] == NEW
    preview = said("preview", str(plan)).stdout
    assert f"{FIRST} → {NEW}" in preview
    assert "通过 passed" in preview
