"""A plan changes what lies in its scope: ground, names, codes and parents; what is drawn beyond is left out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import areas, editions
from geo.crs import area_m2
from geo.errors import Refused, Unknown
from geo.plans import drafts, previews
from geo.space.redraw.changes import Annex, CutDedicated, Merge, Recode, Rename, Reparent, Transfer
from tests.db.test_plans import ACTOR, FIRST, NEW, SPLIT, begun
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, publish_small_city


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


def test_ground_moves_inside_the_scope_alone(city: sa.Connection) -> None:
    plan = begun(city, COMMUNITIES[0])
    previews.add(city, ACTOR, plan, SPLIT)
    mall = shapely.Point(WEST + 0.95 * WIDE, SOUTH + HIGH / 3).buffer(WIDE / 5)
    with pytest.raises(Refused, match=f"would change outside {COMMUNITIES[0]}"):
        previews.add(city, ACTOR, plan, Merge((FIRST, f"{COMMUNITIES[1]}001"), FIRST))
    wider = begun(city, COMMUNITIES[0][:9])
    made = previews.add(city, ACTOR, wider, CutDedicated(mall, f"{COMMUNITIES[0]}010", "商场"))
    assert made.clipped_m2 is None
    assert f"{COMMUNITIES[1]}001" in previews.preview(city, wider).codes
    with pytest.raises(Unknown):
        begun(city, "370000")


@pytest.mark.parametrize(
    "change",
    [
        Rename(COMMUNITIES[1], "改名社区"),
        Rename(f"{COMMUNITIES[1]}001", "改名网格"),
        Recode(f"{COMMUNITIES[1]}001", f"{COMMUNITIES[1]}009"),
        Reparent(f"{COMMUNITIES[1]}001", COMMUNITIES[0]),
        Reparent(FIRST, COMMUNITIES[1]),
    ],
    ids=lambda change: f"{type(change).__name__} {change.code}",
)
def test_what_lies_outside_the_scope_is_neither_named_nor_coded_nor_put_elsewhere(
    city: sa.Connection, change: Rename | Recode | Reparent
) -> None:
    plan = begun(city, COMMUNITIES[0])
    with pytest.raises(
        Refused, match=f"{change.code}.* would change outside {COMMUNITIES[0]}.*begin a plan of"
    ) as told:
        previews.add(city, ACTOR, plan, change)
    place = areas.place(city, change.code, areas.current(city))
    assert told.value.where is not None
    assert told.value.where.intersects(areas.geometry(city, place.code, areas.current(city)))
    assert drafts.changes_of(city, plan) == []
    wider = str(told.value).split("begin a plan of ")[1]
    previews.add(city, ACTOR, begun(city, None if wider == "the whole city" else wider), change)


def test_a_plan_may_name_its_own_scope_and_what_is_in_it(city: sa.Connection) -> None:
    plan = begun(city, COMMUNITIES[0])
    for change in (Rename(COMMUNITIES[0], "改名社区"), Rename(FIRST, "改名网格"), Recode(FIRST, NEW)):
        previews.add(city, ACTOR, plan, change)
    assert previews.preview(city, plan).areas == {COMMUNITIES[0]}


@pytest.mark.parametrize("code", [f"{COMMUNITIES[0]}010", None])
def test_what_is_drawn_beyond_the_scope_is_left_out_and_told_once(city: sa.Connection, code: str | None) -> None:
    plan, base = begun(city, COMMUNITIES[0]), areas.current(city)
    previews.add(city, ACTOR, plan, SPLIT)
    mall = shapely.Point(WEST + 0.95 * WIDE, SOUTH + HIGH / 3).buffer(WIDE / 5)
    made = previews.add(city, ACTOR, plan, CutDedicated(mall, code, "商场"))
    beyond = mall.difference(areas.geometry(city, COMMUNITIES[0], base))
    assert made.clipped_m2 == pytest.approx(area_m2(np.array([beyond], dtype=object))[0], rel=1e-3)
    assert drafts.changes_of(city, plan)[-1].clipped_m2 is None
    shown = previews.preview(city, plan)
    assert {one[:12] for one in shown.codes} == {COMMUNITIES[0]}
    assert not shown.weighed.difference.outline_moved
    away = shapely.Point(WEST + 2.5 * WIDE, SOUTH + HIGH / 3).buffer(WIDE / 5)
    with pytest.raises(Refused, match=f"lies outside {COMMUNITIES[0]}"):
        previews.add(city, ACTOR, plan, Transfer(away, FIRST))


def test_what_is_drawn_beyond_the_city_is_left_out_and_told(city: sa.Connection) -> None:
    corner = shapely.Point(WEST, SOUTH).buffer(WIDE / 5)
    made = previews.add(city, ACTOR, begun(city), CutDedicated(corner, None, "园区"))
    assert made.clipped_m2 == pytest.approx(0.75 * area_m2(np.array([corner], dtype=object))[0], rel=0.1)


def test_the_outline_moves_in_plans_of_the_whole_city_alone(city: sa.Connection) -> None:
    beside = shapely.box(WEST - WIDE, SOUTH, WEST + WIDE / 9, SOUTH + HIGH)
    with pytest.raises(Refused, match="the outline of the city would move"):
        previews.add(city, ACTOR, begun(city, COMMUNITIES[0]), Annex(beside, FIRST))
    plan = begun(city)
    previews.add(city, ACTOR, plan, Annex(beside, FIRST))
    before = editions.stored(city, areas.current(city))
    previews.publish(city, ACTOR, plan.id)
    now = editions.stored(city, areas.current(city))
    grown, was = (shapely.area(one.area_shapes[one.area_levels == 0][0]) for one in (now, before))
    assert grown == pytest.approx(was + WIDE * HIGH, rel=0.01)
