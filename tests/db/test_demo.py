"""The made city in a database: brought up once, left alone afterwards, never over another city."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import areas, lines, tables
from geo.actors import Actor
from geo.demo import steps
from geo.demo.plans import Order
from geo.errors import Refused

ACTOR = Actor("演示")
SMALL = Order(buildings=500, incidents=600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    steps.write_files(made, SMALL, lambda _: None)
    return made


def bring_up(engine: sa.Engine, folder: Path) -> list[bool]:
    steps.refuse_another(engine)
    return [
        steps.publish_boundaries(engine, ACTOR, lambda _: None),
        steps.draw_base_map(engine, ACTOR, folder / steps.FILES[0]),
        steps.load_incidents(engine, ACTOR, folder / steps.FILES[3], lambda _: None),
    ]


def test_the_city_stands_after_one_run_and_a_second_does_nothing(fresh_engine: sa.Engine, folder: Path) -> None:
    assert bring_up(fresh_engine, folder) == [True, True, True]
    assert bring_up(fresh_engine, folder) == [False, False, False]
    with fresh_engine.begin() as connection:
        edition = areas.current(connection)
        assert edition.number == 1
        kinds = areas.leaves(connection, edition).kinds
        assert (kinds != "fallback").sum() == 260
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.incidents)) == 600
        before = connection.scalar(sa.select(sa.func.count()).where(tables.incidents.c.is_before_first_edition))
        assert before == 0


def test_a_run_that_was_stopped_goes_on_where_it_was(fresh_engine: sa.Engine, folder: Path) -> None:
    assert steps.publish_boundaries(fresh_engine, ACTOR, lambda _: None)
    assert bring_up(fresh_engine, folder) == [False, True, True]


def test_another_city_is_refused_and_nothing_changes(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        connection.execute(
            sa.insert(tables.cities).values(
                code="6300", name="别处", name_en="Elsewhere", levels=[{"key": "city", "zh": "市", "en": "City"}],
                code_lengths=[4], time_zone="Asia/Shanghai", metric_epsg=4549,
            )
        )  # fmt: skip
    with pytest.raises(Refused, match="别处"):
        steps.refuse_another(fresh_engine)
    with fresh_engine.connect() as connection:
        assert lines.stored(connection).rows == 0


def test_lines_come_back_as_they_were_stored(fresh_engine: sa.Engine, folder: Path) -> None:
    frame = geopandas.read_parquet(folder / steps.FILES[0])
    with fresh_engine.begin() as connection:
        assert lines.replace(connection, ACTOR, frame, "one") == len(frame)
        assert lines.stored(connection) == lines.Stored(len(frame), "one")
        for kind in lines.KINDS:
            given = frame[frame["kind"] == kind]
            back = lines.read(connection, kind)
            assert shapely.equals_exact(back.geometry.to_numpy(), given.geometry.to_numpy(), 0).all()
            assert back["class"].tolist() == given["class"].tolist()
            assert back["name"].fillna("").tolist() == given["name"].tolist()


def frame_of(kind: str = "road", shape: shapely.Geometry | None = None) -> geopandas.GeoDataFrame:
    line = shapely.LineString([(117.9, 36.6), (117.91, 36.6)]) if shape is None else shape
    return geopandas.GeoDataFrame({"kind": [kind], "class": ["street"], "name": [""]}, geometry=[line], crs=4326)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (frame_of().drop(columns="class"), "lacks the column 'class'"),
        (frame_of().set_crs(None, allow_override=True), "does not tell its CRS"),
        (frame_of("canal"), "'canal'"),
        (frame_of(shape=shapely.LineString()), "row 0"),
        (frame_of(shape=shapely.LineString([(117.9, np.inf), (117.9, 36.6)])), "row 0"),
    ],
)
def test_lines_that_cannot_be_drawn_are_refused(
    fresh_engine: sa.Engine, frame: geopandas.GeoDataFrame, words: str
) -> None:
    with fresh_engine.begin() as connection:
        lines.replace(connection, ACTOR, frame_of())
        with pytest.raises(Refused, match=words):
            lines.replace(connection, ACTOR, frame)
        assert lines.stored(connection).rows == 1


def test_projected_lines_are_stored_in_degrees(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        lines.replace(connection, ACTOR, frame_of().to_crs(4548))
        back = lines.read(connection, "road").geometry.iloc[0]
    assert shapely.get_coordinates(back) == pytest.approx(np.array([[117.9, 36.6], [117.91, 36.6]]), abs=1e-7)
