"""The months of incidents: those a file fills first are like all others, and keys stay unique between loads."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from geo import db
from geo.arrays import Ints
from geo.frames import sheets
from geo.incidents import storing
from geo.incidents.loading import Intake, Loaded, load
from tests.db.test_incidents_loading import ACTOR, row, table
from tests.small_city import publish_small_city

_INDEXES = """SELECT child.relname, pg_get_indexdef(parent.inhparent) AS like_parent, index.indisvalid
                FROM pg_inherits AS month JOIN pg_class AS child ON child.oid = month.inhrelid
                JOIN pg_index AS index ON index.indrelid = child.oid
                LEFT JOIN pg_inherits AS parent ON parent.inhrelid = index.indexrelid
               WHERE month.inhparent = 'incidents'::regclass"""


@pytest.fixture
def city(fresh_engine: sa.Engine) -> sa.Engine:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
    return fresh_engine


def loaded(city: sa.Engine, path: Path) -> Loaded:
    with db.write(city) as connection:
        return load(connection, ACTOR, Intake(path, "wgs84", commit=True))


def stored(city: sa.Engine) -> dict[str, list[str]]:
    """References by the partition that holds them."""
    with db.read(city) as connection:
        rows = connection.execute(
            sa.text("SELECT tableoid::regclass::text, reference FROM incidents ORDER BY id")
        ).all()
    return {name: [one for table, one in rows if table == name] for name in sorted({name for name, _ in rows})}


def indexes(city: sa.Engine) -> dict[str, set[str]]:
    """What each month's indexes are part of; every one is valid and part of one of the whole table."""
    found: dict[str, set[str]] = {}
    with db.read(city) as connection:
        for month, like_parent, is_valid in connection.execute(sa.text(_INDEXES)):
            assert is_valid
            assert like_parent is not None, "an index of this month alone"
            found.setdefault(month, set()).add(like_parent)
    return found


def test_a_month_that_a_file_fills_first_is_indexed_as_one_that_was_there(city: sa.Engine, tmp_path: Path) -> None:
    first = loaded(city, table(tmp_path / "a.csv", row("A1", time="2024-06-01"), row("A2", time="2024-07-02")))
    second = loaded(
        city,
        table(tmp_path / "b.csv", *(row(f"B{month}", time=f"2024-0{month}-15") for month in (7, 8, 6))),
    )
    assert (first.stored.stored, second.stored.stored) == (2, 3)
    assert stored(city) == {
        "incidents_2024_05": ["A1"],  # a month begins in UTC
        "incidents_2024_06": ["B6"],
        "incidents_2024_07": ["A2", "B7"],
        "incidents_2024_08": ["B8"],
    }
    made = indexes(city)
    assert len(made) == 5, "the four and the one of all other times"
    assert len({frozenset(one) for one in made.values()}) == 1
    assert len(made["incidents_2024_05"]) >= 6
    with db.read(city) as connection:
        assert not connection.scalar(sa.text("SELECT to_regclass('incidents_arriving')"))


def test_ids_follow_the_order_of_the_file(city: sa.Engine, tmp_path: Path) -> None:
    times = ["2024-08-02", "2024-06-02", "2024-07-02", "2024-06-03"]
    loaded(city, table(tmp_path / "a.csv", *(row(f"A{at}", time=when) for at, when in enumerate(times))))
    with db.read(city) as connection:
        told = sa.text("SELECT reference FROM incidents ORDER BY id")
        assert connection.scalars(told).all() == ["A0", "A1", "A2", "A3"]


def test_a_key_that_another_load_stores_meanwhile_is_stored_once(city: sa.Engine, tmp_path: Path) -> None:
    mine = table(tmp_path / "mine.csv", row("A1"), row("A2", time="2024-09-02"), row("A3"))
    others = table(tmp_path / "others.csv", row("A2", time="2024-09-02"))
    with ThreadPoolExecutor(1) as pool, city.connect() as other:
        with other.begin():
            load(other, ACTOR, Intake(others, "wgs84", commit=True))
            waiting = pool.submit(loaded, city, mine)
            until = time.monotonic() + 30
            asks = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            with city.connect() as third:
                while not third.scalar(asks) and time.monotonic() < until:
                    time.sleep(0.02)
        done = waiting.result(30)
    assert (done.stored.stored, done.stored.already) == (2, 1)
    assert stored(city) == {"incidents_2024_06": ["A1", "A3"], "incidents_2024_09": ["A2"]}
    with db.read(city) as connection:
        keys = sa.text("SELECT count(*) FROM incident_keys JOIN incidents USING (id, occurred_at)")
        assert connection.scalar(keys) == 3


def test_rows_of_months_that_are_there_wait_for_some_chunks_only_and_each_is_stored_in_its_month(
    city: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = [f"2024-{month:02}-15" for month in range(1, 13)]
    loaded(city, table(tmp_path / "a.csv", *(row(f"A{at}", time=time) for at, time in enumerate(months))))
    monkeypatch.setattr(sheets, "CHUNK", 7)
    put, waited = storing.Waiting.put, []

    def watched(waiting: storing.Waiting, parcels: Iterable[storing.Parcel], given: Ints) -> None:
        put(waiting, parcels, given)
        waited.append(sum(len(some) for rows in waiting.rows.values() for some in rows))

    monkeypatch.setattr(storing.Waiting, "put", watched)
    times = random.Random(7).choices(months, k=200)
    told = loaded(city, table(tmp_path / "b.csv", *(row(f"B{at}", time=time) for at, time in enumerate(times))))
    assert (told.is_kept, told.stored.stored, len(waited)) == (True, 200, 29)
    assert 0 < max(waited[-9:]) <= 1.5 * max(waited[:8]), "no more wait at the end than when the first were stored"
    found = stored(city)
    for month in months:
        name = f"incidents_{month[:7].replace('-', '_')}"
        assert found[name][1:] == [f"B{at}" for at, time in enumerate(times) if time == month]
