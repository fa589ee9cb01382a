"""What is checked of a plan, each finding by a city in which it must be found, and by one in which it must not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo.plans import previews
from geo.plans.checks import Check
from geo.plans.consequences import Consequences, consequences, errors
from geo.settings import Settings, settings
from geo.space.redraw.changes import Change, Dissolve, Merge, Rename, Split, Transfer
from tests.covered import enter
from tests.db.test_plans import ACTOR, FIRST, NEW, SPLIT, begun
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE, publish_small_city
from tests.standing import stand

SECOND, BESIDE = f"{COMMUNITIES[0]}002", f"{COMMUNITIES[1]}001"
LINE_Y = SOUTH + 0.6 * HIGH
"""Where :data:`SPLIT` is drawn."""


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


def meant(city: sa.Connection, *some: Change) -> Consequences:
    plan = begun(city)
    for change in some:
        previews.add(city, ACTOR, plan, change)
    return consequences(city, previews.preview(city, plan))


def of(found: Consequences, kind: str) -> list[Check]:
    return [one for one in found.checks if one.kind == kind and not one.passed]


def towers(city: sa.Connection, *ys: float, **told: Any) -> None:
    """Square buildings in the middle of the first cell, 100 m high about some latitudes."""
    x = WEST + 0.5 * WIDE
    stand(city, [shapely.box(x, y - 5e-4, x + 1e-3, y + 5e-4) for y in ys], **told)


def test_a_building_the_new_border_cuts_is_warned_of_with_its_place_and_one_beside_it_is_not(
    city: sa.Connection,
) -> None:
    towers(city, LINE_Y, LINE_Y + 0.002, households=[10, 400])
    found = meant(city, SPLIT)
    (cut,) = of(found, "building_cut")
    assert (cut.severity, cut.count, "1 栋" in cut.text.zh, "1 building cut" in cut.text.en) == ("warn", 1, True, True)
    assert cut.where is not None
    assert cut.where.intersects(shapely.Point(WEST + 0.55 * WIDE, LINE_Y))
    assert not cut.where.intersects(shapely.Point(WEST + 0.55 * WIDE, LINE_Y + 0.002))
    assert of(meant(city, Rename(FIRST, "改名")), "building_cut") == []


def test_an_estate_the_new_border_cuts_is_named(city: sa.Connection) -> None:
    inside = shapely.box(WEST + 0.3 * WIDE, LINE_Y - 1e-3, WEST + 0.6 * WIDE, LINE_Y + 1e-3)
    enter(city, "estates", {"name": "柳林花园", "ground": inside})
    (cut,) = of(meant(city, SPLIT), "estate_cut")
    assert "柳林花园" in cut.text.zh
    assert of(meant(city, Merge((FIRST, SECOND), FIRST)), "estate_cut") == []


def test_load_outside_the_band_is_warned_of_and_load_unknown_is_no_load(city: sa.Connection) -> None:
    towers(city, SOUTH + 0.2 * HIGH, SOUTH + 0.8 * HIGH, households=[299, 500])
    (found,) = of(meant(city, SPLIT), "load_outside_band")
    assert (found.codes, found.severity) == ((FIRST,), "warn")
    assert "299 户" in found.text.zh
    city.execute(sa.text("UPDATE buildings SET households = NULL WHERE households = 299"))
    (found,) = of(meant(city, SPLIT), "load_outside_band")
    assert (found.codes, found.severity, "未知" in found.text.zh) == ((FIRST,), "info", True)


def test_a_grid_in_pieces_is_warned_of(city: sa.Connection) -> None:
    apart = f"{COMMUNITIES[0]}003"
    (torn,) = of(meant(city, Merge((FIRST, apart), FIRST)), "in_one_piece")
    assert torn.codes == (FIRST,)
    assert torn.where is not None
    assert of(meant(city, Merge((FIRST, SECOND), FIRST)), "in_one_piece") == []


def road(city: sa.Connection, y: float) -> None:
    line = f"LINESTRING({WEST - 0.01} {y}, {WEST + 0.05} {y})"
    city.execute(
        sa.text(
            "INSERT INTO lines (kind, class, geom, source, reference) "
            "VALUES ('road', 'street', ST_GeomFromText(:line, 4326), 's', :line)"
        ),
        {"line": line},
    )


def test_a_border_beside_roads_is_warned_of_and_one_along_a_road_is_not(city: sa.Connection) -> None:
    (unknown,) = of(meant(city, SPLIT), "border_off_lines")
    assert (unknown.severity, unknown.count) == ("info", 0)
    road(city, LINE_Y + 0.002)
    (off,) = of(meant(city, SPLIT), "border_off_lines")
    assert (off.severity, FIRST in off.codes, NEW in off.codes) == ("warn", True, True)
    assert "0%" in off.text.en
    assert off.where is not None
    assert shapely.length(off.where) == pytest.approx(WIDE, rel=0.1)
    road(city, LINE_Y + 1e-4)  # 11 m
    assert of(meant(city, SPLIT), "border_off_lines") == []
    assert of(meant(city, Merge((FIRST, SECOND), FIRST)), "border_off_lines") == []


def test_dedicated_places_without_a_grid_of_their_own_are_told(city: sa.Connection) -> None:
    towers(city, SOUTH + 0.2 * HIGH, SOUTH + 0.8 * HIGH, use=["mall", "residential"])
    park = shapely.box(WEST + 0.1 * WIDE, SOUTH + 0.1 * HIGH, WEST + 0.3 * WIDE, SOUTH + 0.3 * HIGH)
    enter(city, "business_districts", {"name": "柳林商圈", "kind": "park", "ground": park})
    (told,) = of(meant(city, SPLIT), "dedicated_place")
    assert (told.severity, told.count, told.codes) == ("info", 2, (FIRST,))
    assert "柳林商圈" in told.text.zh


def test_a_grid_that_is_changed_again_is_told_and_one_only_noded_is_not(city: sa.Connection) -> None:
    assert of(meant(city, SPLIT), "changed_again") == []
    plan = begun(city)
    previews.add(city, ACTOR, plan, SPLIT)
    previews.publish(city, ACTOR, plan.id)
    (told,) = of(meant(city, Merge((FIRST, NEW), FIRST)), "changed_again")
    assert told.codes == (FIRST, NEW)
    assert of(meant(city, Dissolve(BESIDE)), "changed_again") == []


def test_severities_are_a_setting_and_what_is_proved_passes(
    city: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    towers(city, LINE_Y)
    strict = settings().model_copy(update={"severities": {"building_cut": "error"}})
    monkeypatch.setattr("geo.plans.consequences.settings", lambda: strict)
    found = meant(city, SPLIT)
    assert found.checks[0].kind == "building_cut"
    assert found.checks[0].severity == "error"
    passed = {one.kind for one in found.checks if one.passed}
    assert passed == {"inside_one_community", "no_gap_or_overlap", "closed_and_valid"}
    monkeypatch.setenv("GRIDATLAS_SEVERITIES", '{"building_cuts": "error"}')
    with pytest.raises(ValueError, match="building_cuts"):
        Settings()


def test_balance_is_of_all_grids_of_the_communities_concerned(city: sa.Connection) -> None:
    x = WEST + 0.5 * WIDE
    ys = [SOUTH + HIGH * up for up in (0.2, 0.8, 1.5, 2.5)]
    stand(city, [shapely.box(x, y, x + 1e-4, y + 1e-4) for y in ys], households=[400, 300, 350, 250])
    found = meant(city, SPLIT)
    before, after = np.array([700, 350, 250]), np.array([400, 300, 350, 250])
    for told, loads in ((found.before, before), (found.after, after)):
        assert (told.grids, told.mean) == (len(loads), loads.mean())
        assert told.cv == pytest.approx(loads.std() / loads.mean())
        assert told.max_min == pytest.approx(loads.max() / loads.min())
    assert (found.before.in_band, found.after.in_band) == (1, 3)
    assert found.stability.households_share == pytest.approx(400 / 700)
    assert found.stability.area_share == pytest.approx(0.6, abs=0.01)


def test_a_building_that_lay_in_both_may_come_to_a_grid_no_ground_comes_to(city: sa.Connection) -> None:
    """40 % of it lay in the second grid, 60 % in the first, which gives most of that away: now the second has most."""
    x, y = WEST + 0.5 * WIDE, SOUTH + HIGH
    stand(city, [shapely.box(x, y - 12e-4, x + 1e-3, y + 8e-4)], households=[77])
    given = shapely.box(x - 1e-4, SOUTH - 1e-3, WEST + 1.5 * WIDE, y - 6e-4)
    found = meant(city, Transfer(given, BESIDE))
    moves = {(one.was, one.now): one for one in found.moves}
    assert moves[FIRST, SECOND].carried.households == 77
    assert moves[FIRST, SECOND].ground.is_empty
    assert moves[FIRST, BESIDE].carried.buildings == 0
    assert moves[FIRST, BESIDE].carried.area_m2 > 1e4
    assert SECOND not in {one.code for one in found.grids}


def test_a_plan_that_changes_no_grid_means_nothing(city: sa.Connection) -> None:
    found = meant(city, Rename(COMMUNITIES[0], "新社区"))
    assert (found.grids, found.moves, found.checks, found.totals.buildings) == ([], [], [], 0)
    towers(city, LINE_Y, households=[9], use=["mall"])
    named = meant(city, Rename(FIRST, "改名"))
    assert [one.kind for one in named.checks if not one.passed] == []
    assert [(one.code, one.name, one.change) for one in named.grids] == [(FIRST, "改名", "changed")]
    assert named.moves == []


def test_codes_that_stay_keep_their_figures_when_a_line_is_drawn_elsewhere(city: sa.Connection) -> None:
    towers(city, SOUTH + 0.8 * HIGH, households=[400])
    found = meant(
        city, Split(SECOND, shapely.LineString([(WEST - 0.01, SOUTH + 1.5 * HIGH), (WEST + 0.02, SOUTH + 1.5 * HIGH)]))
    )
    assert FIRST not in {one.code for one in found.grids}
    assert found.totals.households == 0


def test_errors_are_found_alone_for_as_much_as_can_be_one(city: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    towers(city, LINE_Y)
    plan = begun(city)
    previews.add(city, ACTOR, plan, SPLIT)
    shown = previews.preview(city, plan)
    assert errors(city, shown) == []
    strict = settings().model_copy(update={"severities": {"building_cut": "error"}})
    monkeypatch.setattr("geo.plans.consequences.settings", lambda: strict)
    assert [one.kind for one in errors(city, shown)] == ["building_cut"]
