"""``gridatlas blind-spots`` looks, lists and tells the trend, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from api.cli import build
from geo import db
from geo.errors import Unknown
from tests.covered import enter
from tests.small_city import cell_centre, publish_small_city

DAY = "2026-11-22"


@pytest.fixture
def said(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """What a command says on a city with two units without an organisation."""
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
        rows = [
            {"reference": name, "name": name, "lonlat": cell_centre(0, 0), "members": members, "workers": workers}
            for name, members, workers in (("甲", 5, 100), ("乙", 0, 20))
        ]
        enter(connection, "units", *(row | {"surveyed_on": "2026-10-01"} for row in rows))

    def ask(*words: str) -> Result:
        return CliRunner().invoke(build(), ["blind-spots", *words], catch_exceptions=False)

    return ask


def test_looking_tells_what_was_found_and_looking_again_finds_nothing_new(said: Callable[..., Result]) -> None:
    first = json.loads(said("run", "--day", DAY, "--json").stdout)
    assert (first["number"], first["is_new"], first["counts"]["units"]) == (1, True, {"P1": 1, "P3": 1})
    assert json.loads(said("run", "--day", DAY, "--json").stdout)["is_new"] is False
    assert "无变化 nothing changed since" in said("run", "--day", DAY).stdout
    assert json.loads(said("run", "--day", DAY, "--full", "--json").stdout)["kind"] == "full"


def test_the_list_is_a_table_json_or_csv(said: Callable[..., Result]) -> None:
    said("run", "--day", DAY)
    assert "甲" in said("list", "--by", "unit").stdout
    told = json.loads(said("list", "--by", "unit", "--code", "P1", "--json").stdout)
    assert [one["name"] for one in told["spots"]] == ["甲"]
    rows = list(csv.DictReader(io.StringIO(said("list", "--by", "unit", "--csv").stdout)))
    assert [(row["name"], row["score"]) for row in rows] == [("甲", "100.0"), ("乙", "12.0")]


def test_the_trend_is_told_run_by_run(said: Callable[..., Result]) -> None:
    said("run", "--day", DAY)
    (moment,) = json.loads(said("trend", "--json").stdout)
    assert (moment["organisational"], moment["units"]) == (0.0, {"P1": 1, "P3": 1})
    assert "0.0%" in said("trend").stdout


def test_without_a_run_it_is_said_how_to_make_one(said: Callable[..., Result]) -> None:
    with pytest.raises(Unknown, match="gridatlas blind-spots run"):
        said("list")


def test_a_day_that_is_none_is_refused(said: Callable[..., Result]) -> None:
    answer = said("run", "--day", "yesterday")
    assert answer.exit_code == 2
    assert "'yesterday' is no day" in answer.output
