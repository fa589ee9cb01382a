"""A first load of buildings: stored as they are read, with the answer of a load that lets every row wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import areas, db
from geo.buildings import loading, storing
from geo.buildings.loading import Intake, Loaded, load
from geo.buildings.seen import Seen
from geo.errors import Refused
from geo.tables import buildings, marks
from tests.db.test_buildings_loading import ACTOR, box, file
from tests.small_city import publish_small_city

COLUMNS = [column for column in buildings.c if column.name != "id"]
BOW = shapely.Polygon([(120.2, 36.1), (120.2004, 36.1002), (120.2004, 36.1), (120.2, 36.1002)])
SHAPES = st.one_of(
    st.builds(box, st.sampled_from([0, 0.5, 1, 2.5, -9]), st.sampled_from([0, 1]), st.sampled_from([4, 40])),
    st.sampled_from([None, BOW, shapely.Point(120.3, 36.1), shapely.Polygon(), shapely.box(1, 2, 3, 4)]),
)
ROWS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([1, 2, None]), SHAPES), min_size=1, max_size=12)


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


def waited(city: sa.Connection, path: Path, **told: Any) -> Loaded:
    """As :func:`load`, where a building is stored already."""
    query = "INSERT INTO buildings (source, reference, geom, area_m2, digest, share, straddles, edition)"
    shape = "ST_Multi(ST_GeomFromText('POLYGON((0 0, 1 0, 0 1, 0 0))', 4326))"
    city.execute(sa.text(f"{query} VALUES ('other', '1', {shape}, 1, '', 0, false, 1)"))
    done = load(city, ACTOR, Intake(path, "wgs84", source="register", **told))
    city.execute(sa.text("DELETE FROM buildings WHERE source = 'other'"))
    return done


def stored(city: sa.Connection) -> list[tuple[str, ...]]:
    """All rows in the order of their ids, without these."""
    rows = city.execute(sa.select(*COLUMNS).order_by(buildings.c.id)).all()
    return [tuple(str(value) for value in row) for row in rows]


def outcome(city: sa.Connection, done: Loaded) -> tuple[Any, ...]:
    """All that a load leaves behind, and all that it says."""
    ids = set(city.scalars(sa.select(buildings.c.id)))
    marked = set(city.scalars(sa.select(marks.c.id).where(marks.c.noun == "buildings")))
    all_are_marked = marked == ids or (bool(ids) and None in marked)
    return done.stored, done.is_kept, sorted(map(repr, done.findings.listed)), stored(city), all_are_marked


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, skip_bad=st.booleans(), chunk=st.sampled_from([2, 5, 100]), bits=st.sampled_from([8, 27]))
def test_it_answers_and_leaves_behind_what_waiting_rows_would(
    city: sa.Connection,
    tmp_path: Path,
    rows: list[tuple[str, int | None, Any]],
    skip_bad: bool,
    chunk: int,
    bits: int,
) -> None:
    path = file(tmp_path / "a.parquet", *({"id": key, "floors": n, "geometry": shape} for key, n, shape in rows))
    found = []
    for one in (load_first, waited):
        with pytest.MonkeyPatch.context() as patch, city.begin_nested() as attempt:
            patch.setattr(loading, "FIRST_CHUNK", min(chunk, 3))
            patch.setattr(loading, "CHUNK", chunk)
            patch.setattr(storing, "Seen", lambda: Seen(bits))
            city.execute(sa.delete(marks))
            try:
                found.append(outcome(city, one(city, path, commit=True, skip_bad=skip_bad)))
            except Refused as error:
                found.append((error.detail, city.scalar(sa.select(sa.func.count()).select_from(buildings))))
            attempt.rollback()
    assert found[0] == found[1]


def load_first(city: sa.Connection, path: Path, **told: Any) -> Loaded:
    return load(city, ACTOR, Intake(path, "wgs84", source="register", **told))


def test_most_of_its_rows_never_wait(city: sa.Connection, tmp_path: Path) -> None:
    rows = [{"id": at, "geometry": box(at % 4, at % 3)} for at in range(40)]
    rows.append(rows[3])
    assert load_first(city, file(tmp_path / "a.parquet", *rows), commit=True).stored.stored == 40
    assert city.scalar(sa.text("SELECT array_agg(reference) FROM staged_buildings")) == ["3"]
    ids = city.execute(sa.select(buildings.c.reference, buildings.c.id)).all()
    assert len({number - int(reference) for reference, number in ids}) == 1, "ids count the rows of the file"


@pytest.mark.parametrize("fails", [False, True])
def test_a_file_that_stays_out_leaves_nothing(city: sa.Connection, tmp_path: Path, fails: bool) -> None:
    rows = [{"id": at, "geometry": box(at % 4, 0)} for at in range(4)]
    path = file(tmp_path / "a.parquet", *rows, {"id": 9, "geometry": None})
    if fails:
        with pytest.raises(ZeroDivisionError):
            load(city, ACTOR, Intake(path, "wgs84", source="s", commit=True), lambda done, total: print(done / 0))
    else:
        assert not load_first(city, path, commit=True).is_kept
    assert not city.scalar(sa.select(sa.func.count()).select_from(buildings))


def test_an_edition_that_comes_into_force_meanwhile_is_the_one_its_rows_are_of(
    fresh_engine: sa.Engine, tmp_path: Path
) -> None:
    rows = [{"id": at, "geometry": box(-0.45 + at * 0.09, 0, 1, 1)} for at in range(12)]
    path = file(tmp_path / "a.parquet", *rows)
    with db.write(fresh_engine) as city:
        publish_small_city(city)

    def publish(done: int, total: int | None) -> None:
        with db.write(fresh_engine) as other:
            publish_small_city(other, 2)

    with db.write(fresh_engine) as city:
        assert load(city, ACTOR, Intake(path, "wgs84", source="register", commit=True), publish).is_kept
        first = stored(city)
        assert areas.current(city).number == 2
        assert set(city.scalars(sa.select(buildings.c.edition))) == {2}
        city.execute(sa.text("DROP TABLE staged_buildings, staged_building_places"))
        city.execute(sa.delete(buildings))
        waited(city, path, commit=True)
        assert stored(city) == first


def test_nobody_who_looks_at_buildings_waits_for_it(fresh_engine: sa.Engine, tmp_path: Path) -> None:
    path = file(tmp_path / "a.parquet", *({"id": at, "geometry": box(at, 0)} for at in range(3)))
    with db.write(fresh_engine) as city:
        publish_small_city(city)
    with db.write(fresh_engine) as city:
        assert load(city, ACTOR, Intake(path, "wgs84", source="register", commit=True)).is_kept
        with db.read(fresh_engine) as looking:
            looking.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            assert not looking.scalar(sa.select(sa.func.count()).select_from(buildings))
    with db.read(fresh_engine) as looking:
        assert looking.scalar(sa.select(sa.func.count()).select_from(buildings)) == 3


def test_two_files_are_stored_one_after_the_other(fresh_engine: sa.Engine, tmp_path: Path) -> None:
    path = file(tmp_path / "a.parquet", *({"id": at, "geometry": box(at, 0)} for at in range(3)))
    with db.write(fresh_engine) as city:
        publish_small_city(city)
    with db.write(fresh_engine) as one:
        assert load(one, ACTOR, Intake(path, "wgs84", source="register", commit=True)).stored.stored == 3
        with fresh_engine.connect() as two:
            two.execute(sa.text("SET lock_timeout = '200ms'"))
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                load(two, ACTOR, Intake(path, "wgs84", source="register", commit=True))
    with db.write(fresh_engine) as two:
        assert load(two, ACTOR, Intake(path, "wgs84", source="register", commit=True)).stored.already == 3


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=6), max_size=6))
def test_no_id_that_was_seen_is_taken_for_a_new_one(parts: list[list[str]]) -> None:
    import pyarrow as pa

    seen, before = Seen(), set[str]()
    for part in parts:
        texts = pa.array(part, type=pa.string())
        found = seen.add(texts, texts)
        assert found.tolist() == [one in before or part.count(one) > 1 for one in part]
        before |= set(part)


def test_of_ten_thousand_new_ids_hardly_one_is_taken_for_seen() -> None:
    import pyarrow as pa

    seen = Seen()
    ids = pa.array(np.arange(20_000).astype(str).tolist())
    seen.add(ids[:10_000], ids[:10_000])
    assert seen.add(ids[10_000:], ids[10_000:]).sum() < 10
