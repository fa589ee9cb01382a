"""When a border moves, entities go with the ground they stand on, and figures keep their totals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import shapely
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from geo import revisions
from geo.actors import Actor
from geo.areas import current
from geo.editions import Request
from geo.entities.figures import COUNTS, Figures, Part, divided, in_force, split
from tests import made_editions
from tests.db.test_entities_loading import given_rows, stored
from tests.small_city import COMMUNITIES, SMALL_CITY, SPLIT_OFF, cell_centre, publish_small_city, small_division
from tests.standing import stand

GRID = COMMUNITIES[0] + "001"
STEP = 1e-4


def codes(city: sa.Connection, key: str, column: str = "grid_id") -> dict[str, str | None]:
    rows = city.execute(sa.text(f"SELECT reference, code FROM {key} LEFT JOIN codes ON codes.id = {key}.{column}"))
    return {row.reference: row.code for row in rows}


def counts(city: sa.Connection) -> dict[str, dict[str, int | None]]:
    names = {row.id: row.code for row in city.execute(sa.text("SELECT id, code FROM codes"))}
    return {names[number]: one.counts for number, one in in_force(city, current(city)).items()}


def east(steps: float = 12) -> tuple[float, float]:
    """A place in the half of the south-west cell that the second edition splits off."""
    x, y = cell_centre(0, 0)
    return x + steps * STEP, y


def test_a_split_takes_along_what_stands_on_its_ground(connection: sa.Connection, tmp_path: Path) -> None:
    publish_small_city(connection)
    (ex, ey), (cx, cy) = east(), cell_centre(0, 0)
    wx = 2 * cx - ex
    stand(connection, [shapely.box(ex - STEP, ey - STEP, ex + STEP, ey + STEP)])
    given_rows(
        connection,
        tmp_path,
        "units",
        {"id": "in building", "name": "甲", "building": "0", "lon": "", "lat": ""},
        {"id": "east", "name": "乙", "building": "", "lon": ex, "lat": ey + 3 * STEP},
        {"id": "west", "name": "丙", "building": "", "lon": wx, "lat": cy},
        {"id": "nowhere", "name": "丁", "building": "", "lon": "", "lat": ""},
    )
    assert set(codes(connection, "units").values()) == {GRID, None}
    before = revisions.of(connection, "units")
    publish_small_city(connection, 2)
    found = codes(connection, "units")
    assert found == {"in building": SPLIT_OFF, "east": SPLIT_OFF, "west": GRID, "nowhere": None}
    assert revisions.of(connection, "units") == before + 1


def test_figures_are_divided_by_the_households_in_each_part_and_their_totals_stay(
    connection: sa.Connection, tmp_path: Path
) -> None:
    publish_small_city(connection)
    (ex, ey), (cx, cy) = east(), cell_centre(0, 0)
    shapes = [shapely.box(x - STEP, y - STEP, x + STEP, y + STEP) for x, y in ((ex, ey), (2 * cx - ex, cy))]
    stand(connection, shapes, households=[30, 10])
    given_rows(
        connection,
        tmp_path,
        "grid-figures",
        {"id": "F1", "place": GRID, "as_of": "2024-01-01", "households": 400, "residents": 1001, "firms": 7},
        {"id": "F0", "place": GRID, "as_of": "2023-01-01", "households": 1, "residents": 1, "firms": 1, "workers": 1},
        {"id": "F2", "place": COMMUNITIES[1] + "001", "as_of": "2024-01-01", "households": 5},
    )
    before = counts(connection)
    publish_small_city(connection, 2)
    after = counts(connection)
    assert after[SPLIT_OFF]["households"] == 300
    assert after[GRID]["households"] == 100
    assert after[SPLIT_OFF]["workers"] is after[GRID]["workers"] is None
    for name in COUNTS:
        assert sum(one[name] or 0 for one in after.values()) == sum(one[name] or 0 for one in before.values())
    assert after[COMMUNITIES[1] + "001"] == before[COMMUNITIES[1] + "001"]
    assert stored(connection, "grid_figures")["F1"].households == 400


def test_posts_of_a_retired_grid_go_to_the_one_that_holds_most_of_it(connection: sa.Connection, tmp_path: Path) -> None:
    publish_small_city(connection, 2)
    given_rows(
        connection,
        tmp_path,
        "staff-slots",
        {"id": "S1", "place": SPLIT_OFF, "line": "公安", "time": "专职", "slots": 2, "filled": 1},
        {"id": "S2", "place": COMMUNITIES[2] + "001", "line": "公安", "time": "专职", "slots": 2, "filled": 1},
    )
    merge_back(connection)
    assert codes(connection, "staff_slots", "place_id") == {"S1": GRID, "S2": COMMUNITIES[2] + "001"}


def merge_back(connection: sa.Connection) -> None:
    """A third edition: the first one's ground again."""
    request = Request(actor=Actor("tests"), summary="合并", origin={}, effective_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert made_editions.published(connection, small_division(1), SMALL_CITY, request)


def test_business_districts_are_placed_anew(connection: sa.Connection, tmp_path: Path) -> None:
    publish_small_city(connection)
    x, y = east()
    ground = shapely.box(x - 6 * STEP, y - 6 * STEP, x + 6 * STEP, y + 6 * STEP)
    connection.execute(
        sa.text(
            "INSERT INTO business_districts (source, reference, name, kind, geom, area_m2, grid_id, edition, digest) "
            "SELECT 's', 'D1', '商圈', 'park', ST_Multi(ST_GeomFromText(:wkt, 4326)), 1, id, 1, '' FROM codes "
            "WHERE code = :code"
        ),
        {"wkt": ground.wkt, "code": GRID},
    )
    publish_small_city(connection, 2)
    assert codes(connection, "business_districts") == {"D1": SPLIT_OFF}


# -- the division of figures -------------------------------------------------------------------------------------------
WEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=6)


@given(number=st.integers(0, 10**9), weights=WEIGHTS)
def test_a_number_divided_is_whole_parts_of_the_same_sum(number: int, weights: list[float]) -> None:
    parts = split(number, np.array(weights))
    assert sum(one or 0 for one in parts) == number
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert part is not None
        assert part >= 0
        if total > 0:
            assert abs(part - number * (weight / total)) < 1 + 1e-6 * number


COUNTED = st.tuples(*[st.none() | st.integers(0, 999)] * len(COUNTS))


@st.composite
def moved(draw: st.DrawFn) -> tuple[list[Part], dict[int, Figures]]:
    old = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4, unique=True))
    parts = []
    for number in old:
        into = draw(st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True))
        shares = [draw(st.floats(0.01, 1)) for _ in into]
        for new, share in zip(into, shares, strict=True):
            held = {name: draw(st.sampled_from([0.0, 1.0, 7.0])) for name in ("households", "firms", "workers")}
            parts.append(Part(number, new, share / sum(shares), held))
    known = {
        number: Figures(number, date(2024, 1, draw(st.integers(1, 28))), dict(zip(COUNTS, draw(COUNTED), strict=True)))
        for number in old
        if draw(st.booleans())
    }
    return parts, known


@given(moved())
def test_whatever_is_divided_and_joined_totals_stay(case: tuple[list[Part], dict[int, Figures]]) -> None:
    parts, known = case
    made = divided(parts, known)
    for name in COUNTS:
        before = sum(one.counts[name] or 0 for one in known.values())
        assert sum(one.counts[name] or 0 for one in made.values()) == before
    for new, found in made.items():
        oldest = min(known[part.old].as_of for part in parts if part.new == new and part.old in known)
        assert found.as_of == (max(oldest, known[new].as_of) if new in known else oldest)
