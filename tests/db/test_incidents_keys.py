"""Keys of a file told apart while it is stored: new, repeated, stored before, changed; however the file is cut."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import db, incidents
from geo.frames import sheets
from geo.incidents.loading import Intake, load
from tests.db.test_incidents_loading import ACTOR, kinds, row, table
from tests.db.test_incidents_months import loaded, stored
from tests.small_city import cell_centre, publish_small_city

Rows = list[tuple[str, str, str]]
Keys = dict[str, tuple[str, str]]
KINDS, DAYS = ("市容", "噪声"), ("2024-06-02", "2024-07-02")
ROWS = st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from(KINDS), st.sampled_from(DAYS)), max_size=12)
"""Reference, category and time of rows."""


@pytest.fixture
def city(fresh_engine: sa.Engine) -> sa.Engine:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
    return fresh_engine


def file(path: Path, rows: Rows) -> Path:
    return table(path, *(row(reference, category=category, time=when) for reference, category, when in rows))


def told(rows: Rows, before: Keys) -> tuple[list[tuple[int, str]], int, Keys]:
    """By the letter of the rules: what is found by row, how many are stored already, what is stored in the end."""
    found, already, seen, after = [], 0, set(), dict(before)
    for number, (reference, *content) in enumerate(rows, start=2):
        if reference in seen:
            found.append((number, "duplicate"))
        elif reference not in before:
            after[reference] = tuple(content)
        elif before[reference] == tuple(content):
            already += 1
        else:
            found.append((number, "changed"))
        seen.add(reference)
    return found, already, after


def in_store(connection: sa.Connection) -> Keys:
    """What is stored, each under a key that leads to it."""
    query = """SELECT reference, category, occurred_at
                 FROM incidents JOIN incident_keys USING (source, reference, id, occurred_at)"""
    rows = connection.execute(sa.text(query)).all()
    for noun in ("incidents", "incident_keys"):
        assert connection.scalar(sa.text(f"SELECT count(*) FROM {noun}")) == len(rows)
    zone = ZoneInfo("Asia/Shanghai")
    return {reference: (category, str(when.astimezone(zone).date())) for reference, category, when in rows}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS, st.integers(1, 5), st.booleans())
def test_what_a_file_repeats_is_told_by_the_rules_dry_or_not_however_it_is_cut(
    city: sa.Engine, tmp_path: Path, first: Rows, second: Rows, chunk: int, skips: bool
) -> None:
    _, _, before = told(first, {})
    found, already, after = told(second, before)
    is_out = not skips and any(kind == "duplicate" for _, kind in found)
    with pytest.MonkeyPatch.context() as patch, city.connect() as connection, connection.begin() as transaction:
        patch.setattr(sheets, "CHUNK", chunk)
        load(connection, ACTOR, Intake(file(tmp_path / "a.csv", first), "wgs84", skip_bad=True, commit=True))
        intake = Intake(file(tmp_path / "b.csv", second), "wgs84", skip_bad=skips)
        dry = load(connection, ACTOR, intake)
        assert in_store(connection) == before
        done = load(connection, ACTOR, replace(intake, commit=True))
        assert (kinds(dry), dry.stored.already, dry.stored.stored) == (found, already, len(after) - len(before))
        assert (kinds(done), done.stored, done.is_kept) == (found, dry.stored, not is_out)
        assert in_store(connection) == (before if is_out else after)
        transaction.rollback()


def test_ids_that_others_take_meanwhile_do_not_make_their_incidents_repeats_of_the_file(
    city: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "CHUNK", 2)
    path = table(tmp_path / "a.csv", *map(row, ("A1", "A2", "A3", "B1", "A1", "A4")))

    def another(read: int, _: int | None) -> None:
        with db.write(city) as other:
            incidents.add(other, ACTOR, new(f"B{read // 2}"))

    with db.write(city) as connection:
        done = load(connection, ACTOR, Intake(path, "wgs84", commit=True, skip_bad=True), another)
    assert (kinds(done), done.stored.already, done.stored.stored) == ([(6, "duplicate")], 1, 4)
    assert {name for names in stored(city).values() for name in names} == {"A1", "A2", "A3", "A4", "B1", "B2", "B3"}


def test_an_incident_of_a_new_month_waits_for_no_file_and_the_month_holds_both(city: sa.Engine, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", row("A1", time="2024-09-02"), row("A2", time="2024-10-02"))

    def another(*_: object) -> None:
        with db.write(city) as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
            incidents.add(other, ACTOR, new("B1", "2024-09-03"))

    with db.write(city) as connection:
        assert load(connection, ACTOR, Intake(path, "wgs84", commit=True), another).is_kept
    assert stored(city) == {"incidents_2024_09": ["A1", "B1"], "incidents_2024_10": ["A2"]}


def test_a_key_that_is_reported_while_a_file_stores_it_is_stored_once(city: sa.Engine, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", row("A1"), row("A2"), row("A3"))
    with ThreadPoolExecutor(1) as pool, city.connect() as other:
        with other.begin():
            incidents.add(other, ACTOR, new("A2", "2024-06-01 08:30"))
            waiting = pool.submit(loaded, city, path)
            wait_for_locks(city)
        done = waiting.result(30)
    assert (done.stored.stored, done.stored.already) == (2, 1)
    assert {name: sorted(rows) for name, rows in stored(city).items()} == {"incidents_2024_06": ["A1", "A2", "A3"]}


def test_what_was_stored_is_undone_when_a_later_row_keeps_the_file_out(
    city: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "CHUNK", 1)
    out = loaded(city, table(tmp_path / "a.csv", row("A1"), row("A2"), row("")))
    assert not out.is_kept
    with city.connect() as connection:
        assert in_store(connection) == {}
    assert loaded(city, table(tmp_path / "b.csv", row("A1"))).stored.stored == 1


def new(reference: str, when: str = "2024-06-01 08:30") -> incidents.NewIncident:
    lon, lat = cell_centre(0, 0)
    at = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return incidents.NewIncident("12345", reference, at, lon, lat, category="市容")


def wait_for_locks(city: sa.Engine, most: int = 1) -> None:
    """Until so many wait for others."""
    asks, until = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted"), time.monotonic() + 30
    with city.connect() as connection:
        while int(connection.scalar(asks) or 0) < most and time.monotonic() < until:
            time.sleep(0.02)
