"""Indexes of buildings after a first load: the same as before it, whoever looks meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from geo import db
from geo.buildings import indexing
from geo.buildings.loading import Intake, load
from tests.db.test_buildings_loading import ACTOR, box, file
from tests.small_city import publish_small_city


@pytest.fixture
def city(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    monkeypatch.setattr(indexing, "FEWEST", 2)
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
    return fresh_engine


def loaded(city: sa.Engine, path: Path) -> None:
    with db.write(city) as connection:
        assert load(connection, ACTOR, Intake(path, "wgs84", source="register", commit=True)).is_kept


def indexes(city: sa.Engine) -> dict[str, str]:
    """Name → how it is made."""
    return asked(city, "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'buildings'")


def numbers(city: sa.Engine) -> dict[str, int]:
    """Name → number in the catalogue, another one when it was made anew."""
    query = "SELECT indexrelid::regclass::text, indexrelid::int FROM pg_index WHERE indrelid = 'buildings'::regclass"
    return asked(city, query)


def asked(city: sa.Engine, query: str) -> dict[str, Any]:
    with city.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(sa.text(query))}


def test_a_first_load_makes_the_indexes_that_were_there(city: sa.Engine, tmp_path: Path) -> None:
    before, old = indexes(city), numbers(city)
    loaded(city, file(tmp_path / "a.parquet", *({"id": str(at), "geometry": box(at, 0)} for at in range(3))))
    assert indexes(city) == before
    made = numbers(city)
    is_anew = {name: made[name] != old[name] for name in old}
    assert is_anew == {name: not name.startswith(("pk_", "uq_")) for name in old}, "keys tell repeats and stay"
    loaded(city, file(tmp_path / "b.parquet", *({"id": f"b{at}", "geometry": box(at, 1)} for at in range(3))))
    assert numbers(city) == made, "a second load keeps them up"
    with db.read(city) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM buildings")) == 6


def test_a_first_load_waits_for_nobody_who_looks_at_buildings(city: sa.Engine, tmp_path: Path) -> None:
    before, old = indexes(city), numbers(city)
    with db.read(city) as looking:
        looking.execute(sa.text("SELECT FROM buildings"))
        loaded(city, file(tmp_path / "a.parquet", *({"id": str(at), "geometry": box(at, 0)} for at in range(3))))
    assert (indexes(city), numbers(city)) == (before, old)
