"""Indexes opened from their files cost a process little memory of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from geo import areas, assignments, db
from geo.settings import settings
from tests.opened_indexes import growth_mb, publish

MOST_MB = 20.0
"""For five editions of 2,500 leaves; 11 were measured, and 57 with the shapes of leaves and areas kept."""


@pytest.mark.slow
def test_a_process_that_opens_five_editions_beside_others_takes_little_memory_of_its_own(
    database: str, engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDATLAS_INDEXES", str(tmp_path))
    settings.cache_clear()
    publish(engine, side=50, count=5)
    with db.read(engine) as connection:
        for edition in areas.all_editions(connection)[::-1]:
            assignments.open_index(connection, edition)
    grown = growth_mb(database, tmp_path, processes=4)
    settings.cache_clear()
    assert max(grown) <= MOST_MB, grown
