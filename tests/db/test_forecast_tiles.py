"""What is drawn of a forecast is what is drawn of the edition that comes of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import areas, db, drawings, editions, redrawings
from geo.areas import Edition
from geo.drawings import Over
from geo.plans import calendar, drafts, previews, reviews, scheduling
from geo.space.redraw.changes import Merge, Rename
from geo.tables import codes, drawn_borders, drawn_grounds
from tests.db.test_plans_near import planned, published
from tests.db.test_tiles import tile_over
from tests.drawn_plans import scheduled
from tests.planned import divided_city
from tests.small_city import publish_small_city
from tests.small_plans import FIRST, LAST, NEW, PLANNER, SECOND, SPLIT, drawn, soon

Drawn = dict[tuple[Any, ...], Any]
"""Ground by code, level and kind; borders by level: all lines of it as one."""


def in_band(connection: sa.Connection, edition: Edition, band: int, over: Over | None) -> Drawn:
    """What is drawn in a band: what is kept, and what is laid over it."""
    of = [sa.and_(table.c.edition == edition.number, table.c.band == band) for table in (drawn_grounds, drawn_borders)]
    ground = sa.select(drawn_grounds, codes.c.code, sa.func.ST_AsBinary(drawn_grounds.c.geom).label("wkb"))
    ground = ground.join(codes, codes.c.id == drawn_grounds.c.id).where(of[0])
    gone, fallen = (over.gone, over.gone_borders) if over else ([], [])
    found = {
        (row.code, row.level, row.kind): shapely.from_wkb(bytes(row.wkb))
        for row in connection.execute(ground)
        if row.id not in gone
    }
    kept = sa.select(drawn_borders.c.level, sa.func.ST_AsBinary(drawn_borders.c.geom)).where(of[1])
    borders = [
        (level, shapely.from_wkb(bytes(wkb))) for level, wkb in connection.execute(kept) if bytes(wkb) not in fallen
    ]
    if over:
        new = over.drawing
        keys = zip(over.codes.tolist(), new.levels.tolist(), new.kinds.tolist(), strict=True)
        for key, shape in zip(keys, new.shapes, strict=True):
            assert key not in found, "what is laid over takes the place of what is kept"
            found[key] = shape
        borders += list(zip(new.border_levels.tolist(), new.borders, strict=True))
    for level in {level for level, _ in borders}:
        found["borders", level] = shapely.unary_union([line for one, line in borders if one == level])
        length = sum(line.length for one, line in borders if one == level)
        assert length == pytest.approx(found["borders", level].length, rel=1e-9), "every border is there once"
    return {key: shapely.normalize(_plain(shape)) for key, shape in found.items()}


def _plain(shape: Any) -> Any:
    """One part alone as a polygon; borders as long as can be."""
    if "Line" in shape.geom_type:
        return shapely.line_merge(shape)
    return shape.geoms[0] if shape.geom_type == "MultiPolygon" and len(shape.geoms) == 1 else shape


def every_band(connection: sa.Connection, edition: Edition) -> dict[int, Drawn]:
    laid = redrawings.over(connection, edition)
    return {band: in_band(connection, edition, band, laid.get(band)) for band in drawings.BANDS}


def alike(forecast: dict[int, Drawn], real: dict[int, Drawn]) -> None:
    for band, drawing in real.items():
        mine = forecast[band]
        assert mine.keys() == drawing.keys()
        assert [(band, key) for key, shape in drawing.items() if not mine[key].equals_exact(shape)] == []


def came_true(connection: sa.Connection, edition: Edition) -> Edition:
    """The edition that comes of a forecast, made ready to be drawn."""
    assert edition.forecast is not None
    for plan in edition.forecast.plans:
        reviews.publish(connection, PLANNER, plan.plan)
    now = areas.current(connection)
    drawings.prepare(connection, now)
    return now


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 100_000))
def test_a_forecast_is_drawn_as_the_edition_that_comes_of_it(engine: sa.Engine, seed: int) -> None:
    random, made = np.random.default_rng(seed), divided_city(seed, 6)
    with engine.connect() as connection:
        published(connection, made)
        drawings.prepare(connection, areas.current(connection))
        base = editions.stored(connection, areas.current(connection))
        for hour, plan in enumerate([planned(connection, base, random)[0] for _ in range(3)], 1):
            scheduled(connection, plan, soon(3600 * hour))
        edition = calendar.edition_at(connection, soon(5 * 3600))
        foretold = every_band(connection, edition)
        if edition.forecast:
            alike(foretold, every_band(connection, came_true(connection, edition)))
        connection.rollback()


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    drawings.prepare(connection, areas.current(connection))
    return connection


def read(connection: sa.Connection, edition: Edition, tile: bytes, folder: Path) -> dict[tuple[Any, ...], Any]:
    """Shapes of a tile by layer and what their features say, ids by their codes."""
    path = folder / "tile.mvt"
    path.write_bytes(tile)
    names = {place.id: place.code for level in range(5) for place in areas.on_level(connection, level, edition)}
    found: dict[tuple[Any, ...], Any] = {}
    for layer in [name for name, _ in pyogrio.list_layers(path)] if tile else []:
        frame = pyogrio.read_dataframe(path, layer=layer)
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
            shape = row.pop("geometry")
            said = (names.get(row.pop("mvt_id", 0)), *(row.get(name) for name in ("level", "kind", "code")))
            found[layer, *said] = shapely.union_all([shape, found.get((layer, *said), shapely.Polygon())])
    return found


@pytest.mark.parametrize("z", [9, 11, 13, 15])
@pytest.mark.parametrize("layer", ["areas", "grids"])
def test_a_tile_of_a_forecast_has_the_features_of_the_tile_that_comes_of_it(
    city: sa.Connection, tmp_path: Path, layer: str, z: int
) -> None:
    if layer == "grids" and z < drawings.GRIDS_FROM:
        layer = "areas"
    for change, hour in ((SPLIT, 3600), (Merge((SECOND, f"{SECOND[:-3]}003"), SECOND), 7200)):
        scheduling.schedule(city, PLANNER, drawn(city, change).id, soon(hour))
    forecast = calendar.edition_at(city, soon(7300))
    x, y = areas.place(city, NEW, forecast).label
    tile = (z, *tile_over(x, y, z))
    over = redrawings.over(city, forecast)[drawings.band_of(z)]
    foretold = read(city, forecast, drawings.ground_tile(city, forecast, layer, tile, over), tmp_path)
    coming = {key: foretold.pop(key) for key in list(foretold) if key[0] == "to_come"}
    now = came_true(city, forecast)
    real = read(city, now, drawings.ground_tile(city, now, layer, tile), tmp_path)
    assert foretold.keys() == real.keys()
    unit = 2 * np.pi * 6_378_137 / 2**z / drawings.raster_of(z)["extent"]
    assert [k for k, shape in real.items() if shapely.hausdorff_distance(foretold[k], shape) > 1.5 * unit] == []
    assert bool(coming) is (layer == "areas")


def test_only_what_plans_change_is_told_to_come(city: sa.Connection) -> None:
    scheduling.schedule(city, PLANNER, drawn(city).id, soon(3600))
    edition = calendar.edition_at(city, soon(3700))
    over = redrawings.over(city, edition)[drawings.EXACT]
    coming = shapely.union_all(over.coming)
    was = drawings.mercator(np.array([areas.geometry(city, FIRST, areas.current(city))]))[0]
    assert coming.symmetric_difference(was).area < 1
    assert len(over.coming) == 2
    assert areas.place(city, LAST, edition).id not in over.gone


def test_a_name_to_come_draws_nothing_anew_but_the_grid_itself(city: sa.Connection) -> None:
    scheduling.schedule(city, PLANNER, drawn(city, Rename(FIRST, "新名")).id, soon(3600))
    edition = calendar.edition_at(city, soon(3700))
    alike(every_band(city, edition), every_band(city, areas.current(city)))


def test_a_plan_taken_back_and_changed_is_another_forecast_at_the_same_hour(fresh_engine: sa.Engine) -> None:
    hour = soon(3600)
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        plan = scheduling.schedule(connection, PLANNER, drawn(connection).id, hour)
        first = calendar.edition_at(connection, hour + timedelta(seconds=1)).forecast
    with db.write(fresh_engine) as connection:
        draft = scheduling.unschedule(connection, PLANNER, plan)
        drafts.undo(connection, draft)
        previews.add(connection, PLANNER, draft, Rename(SECOND, "另一名"))
        scheduling.schedule(connection, PLANNER, plan.id, hour)
        second = calendar.edition_at(connection, hour + timedelta(seconds=1)).forecast
    assert first is not None
    assert second is not None
    assert first.key != second.key
    assert [NEW in one.grids.codes.tolist() for one in (first, second)] == [True, False]
