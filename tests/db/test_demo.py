"""The made city in a database: brought up once, left alone afterwards, never over another city."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from geo import areas, frames, lines, tables
from geo.actors import Actor
from geo.demo import steps
from geo.demo.plans import REGISTERS, Order
from geo.entities import ENTITIES
from geo.errors import Refused

ACTOR = Actor("演示")
ROOT = Path(__file__).parents[2]
SMALL = Order(buildings=500, incidents=600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    steps.write_files(made, SMALL, lambda _: None)
    return made


def rows(path: Path) -> int:
    with frames.opened(path) as sheet:
        return sum(len(frame.rows) for frame in sheet.frames)


def unmet(key: str) -> sa.Select[tuple[int]]:
    """How many rows of an entity lack every reference to what places them."""
    entity = ENTITIES[key]
    names = [entity.field(name).column for name in entity.subjects] or ["id"]
    return sa.select(sa.func.count()).where(*(entity.table.c[name].is_(None) for name in names))


def bring_up(engine: sa.Engine, folder: Path) -> list[bool]:
    steps.refuse_another(engine)
    return [
        steps.publish_boundaries(engine, ACTOR, lambda _: None),
        steps.draw_base_map(engine, ACTOR, folder / steps.FILES[0]),
        steps.load_buildings(engine, ACTOR, folder / steps.FILES[2], lambda _: None),
        steps.load_incidents(engine, ACTOR, folder / steps.FILES[3], lambda _: None),
        bool(steps.load_entities(engine, ACTOR, folder, lambda _: None)),
        steps.look_for_blind_spots(engine, ACTOR, lambda _: None),
    ]


@pytest.fixture(scope="module")
def stood(engine: sa.Engine, folder: Path) -> list[bool]:
    """What was done at first in the database of this module; the city stands there afterwards."""
    return bring_up(engine, folder)


def test_the_city_stands_after_one_run_and_a_second_does_nothing(
    stood: list[bool], engine: sa.Engine, folder: Path
) -> None:
    assert stood == [True] * 6
    assert bring_up(engine, folder) == [False] * 6
    with engine.begin() as connection:
        edition = areas.current(connection)
        assert edition.number == 1
        kinds = areas.leaves(connection, edition).kinds
        assert (kinds != "fallback").sum() == 260
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.incidents)) == 600
        built = connection.scalar(sa.select(sa.func.count()).where(tables.buildings.c.grid_id.is_not(None)))
        assert built == pq.read_metadata(folder / steps.FILES[2]).num_rows
        before = connection.scalar(sa.select(sa.func.count()).where(tables.incidents.c.is_before_first_edition))
        assert before == 0
        for key, entity in ENTITIES.items():
            stored = connection.scalar(sa.select(sa.func.count()).select_from(entity.table))
            assert stored == rows(folder / REGISTERS[key]), key
            assert connection.scalar(unmet(key)) == 0, key


def test_a_run_that_was_stopped_goes_on_where_it_was(fresh_engine: sa.Engine, folder: Path) -> None:
    assert steps.publish_boundaries(fresh_engine, ACTOR, lambda _: None)
    assert bring_up(fresh_engine, folder) == [False, True, True, True, True, True]


HEAVY = ("pandas", "geopandas", "scipy", "folium", "pyogrio", "openpyxl", "osmium", "geo.editions", "geo.demo.towns")


@pytest.mark.usefixtures("stood")
def test_a_demo_that_is_called_again_loads_nothing_that_only_bringing_up_needs(database: str, folder: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from api.commands import demo
from geo import db
from geo.actors import Actor
from geo.demo.plans import Order
engine = db.connect({database!r})
assert not db.migrate(engine)
demo.bring_city_up(engine, Actor("演示"), (Path({str(folder)!r}), Order(buildings=500, incidents=600)), demo.Steps())
print("loaded", *(name for name in {HEAVY!r} if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "loaded\n"
    assert all(line.endswith("before this run") for line in done.stderr.splitlines())


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
