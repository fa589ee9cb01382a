"""``gridatlas map`` as a person types it, and how large the file of a large city is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from geo import areas, db
from maps import kept
from tests import small_city


@pytest.fixture
def city(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    engine = db.connect(fresh_database)
    monkeypatch.setattr(db, "engine", lambda: engine)
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
        small_city.publish_small_city(connection, edition=2)
    yield engine
    engine.dispose()


def test_the_command_writes_one_file_and_says_its_size_and_edition(city: sa.Engine, tmp_path: Path) -> None:
    from api import cli

    run, app, out = CliRunner(), cli.build(), tmp_path / "coverage.html"
    done = run.invoke(app, ["map", "coverage", "--out", str(out), "--at", "2024-06-01", "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert re.search(r"0\.\d\d MB · 第 1 版 edition · 具名网格 named grids 12", done.stdout)
    assert '<html lang="en">' in out.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--level", "ward"], "no level 'ward'"),
        (["--level", "city"], "has one area, the city itself"),
        (["--indicator", "joy"], "no indicator 'joy'; there are grid-coverage"),
        (["--lang", "fr"], "no language 'fr'; there are zh-CN, en"),
        (["--at", "soon"], "at=soon"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_can(
    city: sa.Engine, tmp_path: Path, given: list[str], said: str
) -> None:
    from api import cli

    done = CliRunner().invoke(cli.build(), ["map", "coverage", "--out", str(tmp_path / "a.html"), *given])
    assert done.exit_code == 1
    assert said in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_leaf_costs_less_than_a_three_thousandth_of_eight_megabytes(connection: sa.Connection) -> None:
    """The shell is fixed; ground and values grow with the leaves, and those of the small city have long names."""
    small_city.publish_small_city(connection)
    contents = kept.gathered(connection, None)
    shown = kept.Shown(datetime.now(UTC), None, "zh-CN", "community", "grid-coverage")
    html = kept.page(contents, shown)
    boots = re.findall(r'<script type="application/json">(\{.*?\})</script>', html, re.S)
    grown = len(max(boots, key=len).encode())
    assert len(html.encode()) - grown <= 500_000
    assert grown / len(contents.leaves.ids) * 3000 <= 7_500_000


def test_areas_and_grids_travel_under_the_ids_of_their_values(connection: sa.Connection) -> None:
    small_city.publish_small_city(connection)
    contents = kept.gathered(connection, None)
    html = kept.page(contents, kept.Shown(datetime.now(UTC), None, "zh-CN", "grid", "incidents"))
    boot = next(
        found
        for text in re.findall(r'<script type="application/json">(\{.*?\})</script>', html, re.S)
        if "ground" in (found := json.loads(text))
    )
    drawn = {one["id"] for name in ("areas", "grids") for one in boot["ground"]["objects"][name]["geometries"]}
    told = {one for level in boot["values"].values() for one in level["rows"]["id"]}
    assert drawn == told
    assert np.isin(areas.leaves(connection, contents.edition).ids, list(drawn)).all()
