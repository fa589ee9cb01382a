"""Buildings follow the ground: after any publish each has the grid that placing it anew would give it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo import areas, revisions
from geo.actors import Actor
from geo.buildings.placing import place
from geo.editions import Request
from geo.errors import Broken, Refused
from geo.tables import buildings, codes
from tests import made_editions
from tests.small_city import (
    COLUMNS,
    COMMUNITIES,
    FIRST,
    ROWS,
    SMALL_CITY,
    SPLIT_OFF,
    WEST,
    WIDE,
    cell_centre,
    division_of,
    publish_small_city,
)
from tests.standing import stand
from tests.undone import undone

ACTOR = Actor("tests")


def some_buildings(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(-0.1, 1.1, n) for _ in range(2))
    x, y = WEST + x * COLUMNS * WIDE, 36.1 + y * ROWS * 0.008
    wide, high = rng.choice([1e-4, 1e-3, 6e-3], (2, n))
    return shapely.box(x, y, x + wide, y + high)


def assert_as_placed_anew(connection: sa.Connection) -> None:
    rows = connection.execute(
        sa.select(
            buildings.c.grid_id,
            buildings.c.share,
            buildings.c.straddles,
            buildings.c.community_id,
            buildings.c.pinned_id,
            sa.text("ST_AsBinary(geom)"),
        ).order_by(buildings.c.id)
    ).all()
    shapes = shapely.from_wkb(np.array([bytes(row[5]) for row in rows], dtype=object))
    pinned = np.array([row.pinned_id or 0 for row in rows], dtype=np.int32)
    anew = place(connection, areas.current(connection), shapes, pinned)
    assert [row.grid_id or 0 for row in rows] == anew.grid.tolist()
    assert [row.community_id or 0 for row in rows] == anew.community.tolist()
    assert [row.straddles for row in rows] == anew.straddles.tolist()
    assert [row.pinned_id or 0 for row in rows] == anew.pinned.tolist()
    np.testing.assert_allclose([row.share for row in rows], anew.share, atol=1e-4)


@dataclass(frozen=True)
class Redrawing:
    """Which grid each cell of the small city belongs to; None = to no named one."""

    grids: tuple[int | None, ...]
    columns: tuple[int, ...]


redrawings = st.builds(
    Redrawing,
    st.tuples(*[st.none() | st.integers(1, 3)] * (COLUMNS * ROWS)),
    st.tuples(*[st.integers(0, 1)] * (COLUMNS * ROWS)),
)


def publish(connection: sa.Connection, number: int, redrawing: Redrawing) -> bool:
    """Whether an edition was published: cells keep their column's community or go to the next one's."""
    cells = {}
    for at, (grid, shift) in enumerate(zip(redrawing.grids, redrawing.columns, strict=True)):
        column, row = divmod(at, ROWS)
        community = COMMUNITIES[min(column + (shift if row else 0), COLUMNS - 1)]
        is_named = grid is not None or at == 0
        cells[column, row] = (community, f"{community}{number:02d}{grid or 9}" if is_named else None)
    request = Request(ACTOR, "改", {"kind": "plan"}, effective_at=FIRST + timedelta(days=number))
    try:
        return made_editions.published(connection, division_of(cells), SMALL_CITY, request) is not None
    except (Broken, Refused):
        return False


@given(
    seed=st.integers(0, 10_000),
    steps=st.lists(redrawings, min_size=1, max_size=3),
    pins=st.lists(st.integers(0, 39), max_size=6),
)
@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_publish_every_building_has_the_grid_placing_would_give_it(
    engine: sa.Engine, seed: int, steps: list[Redrawing], pins: list[int]
) -> None:
    with undone(engine) as connection:
        assert publish(connection, 1, Redrawing((1, 2, 3) * COLUMNS, (0,) * COLUMNS * ROWS))
        stand(connection, some_buildings(seed, 40))
        some = sa.select(buildings.c.id).order_by(buildings.c.id)
        numbers = list(connection.scalars(some))
        for at in pins:
            again = sa.update(buildings).where(buildings.c.id == numbers[at]).values(pinned_id=buildings.c.grid_id)
            connection.execute(again)
        for number, redrawing in enumerate(steps, start=2):
            publish(connection, number, redrawing)
            assert_as_placed_anew(connection)


def test_a_publish_moves_the_buildings_of_its_ground_and_no_others(connection: sa.Connection) -> None:
    publish_small_city(connection)
    x, y = cell_centre(0, 0)
    far = cell_centre(3, 0)
    east = shapely.box(x + 0.3 * WIDE, y, x + 0.32 * WIDE, y + 1e-4)
    astride = shapely.box(x - 0.2 * WIDE, y, x + 0.25 * WIDE, y + 1e-4)
    stand(connection, np.array([east, astride, shapely.box(*far, far[0] + 1e-4, far[1] + 1e-4)]))
    revision = revisions.of(connection, "buildings")
    published = publish_small_city(connection, 2)
    assert published.moved_buildings == 2
    grid = codes.alias()
    rows = connection.execute(
        sa.select(grid.c.code, buildings.c.straddles, buildings.c.edition)
        .join(grid, grid.c.id == buildings.c.grid_id)
        .order_by(buildings.c.id)
    ).all()
    assert [tuple(row) for row in rows] == [
        (SPLIT_OFF, False, 2),
        (SPLIT_OFF, True, 2),
        (COMMUNITIES[3] + "001", False, 1),
    ]
    assert revisions.of(connection, "buildings") == revision + 1


def test_a_pin_holds_while_its_grid_holds_some_of_the_building(connection: sa.Connection) -> None:
    publish_small_city(connection)
    x, y = cell_centre(0, 0)
    stand(connection, np.array([shapely.box(x + 0.1 * WIDE, y, x + 0.3 * WIDE, y + 1e-4)] * 2))
    connection.execute(sa.update(buildings).values(pinned_id=buildings.c.grid_id))
    wide = shapely.box(x - 0.1 * WIDE, y, x + 0.3 * WIDE, y + 1e-4)
    first = connection.scalar(sa.select(sa.func.min(buildings.c.id)))
    shape = sa.func.ST_Multi(sa.func.ST_GeomFromText(wide.wkt, 4326))
    connection.execute(sa.update(buildings).where(buildings.c.id == first).values(geom=shape))
    publish_small_city(connection, 2)
    rows = connection.execute(
        sa.select(codes.c.code, buildings.c.pinned_id, buildings.c.straddles)
        .join(codes, codes.c.id == buildings.c.grid_id)
        .order_by(buildings.c.id)
    ).all()
    assert [(row.code, row.pinned_id is not None, row.straddles) for row in rows] == [
        (COMMUNITIES[0] + "001", True, True),
        (SPLIT_OFF, False, False),
    ]
