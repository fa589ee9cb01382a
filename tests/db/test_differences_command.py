"""``gridatlas diff`` compares editions by number and times by date, also those to come."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from api.cli import build
from api.errors import Malformed
from geo import db
from geo.plans import previews, scheduling
from geo.space.redraw.changes import Merge, Rename
from tests.small_city import COMMUNITIES, publish_small_city
from tests.small_plans import FIRST, PLANNER, SECOND, drawn, soon

LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat()


@pytest.fixture
def said(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """What the command says of a city of two editions, in which two grids are to be merged in an hour."""
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
        previews.publish(connection, PLANNER, drawn(connection, Rename(COMMUNITIES[0], "改名社区")).id)
        scheduling.schedule(
            connection, PLANNER, drawn(connection, Merge((FIRST, SECOND), FIRST), name="合并").id, soon()
        )

    def ask(*words: str) -> Result:
        return CliRunner().invoke(build(), ["diff", *words], catch_exceptions=False)

    return ask


def changed(result: Result) -> set[str]:
    return {one["code"] for one in json.loads(result.stdout)["changed"]}


def test_editions_are_named_by_number_and_compared_with_now(said: Callable[..., Result]) -> None:
    assert changed(said("1", "2", "--json")) == changed(said("1", "--json")) == {COMMUNITIES[0]}
    assert "第 1 版 edition 1 → 第 2 版 edition 2\n" in said("1").stdout


def test_a_time_to_come_is_compared_as_scheduled_plans_will_have_changed_it(said: Callable[..., Result]) -> None:
    told = said("1", LATER, "--json")
    assert changed(told) == {COMMUNITIES[0], FIRST, SECOND}
    sides = json.loads(told.stdout)
    assert "forecast" not in sides["since"]
    assert [plan["plan_name"] for plan in sides["until"]["plans"]] == ["合并"]
    assert changed(said(LATER, "2", "--json")) == {FIRST, SECOND}
    assert "预测 forecast" in said("2", LATER).stdout


def test_what_is_neither_edition_nor_time_is_refused_with_what_would_be_right(said: Callable[..., Result]) -> None:
    with pytest.raises(Malformed, match="must be an RFC 3339 instant"):
        said("yesterday")


def test_a_number_no_edition_can_have_is_refused_in_words(said: Callable[..., Result]) -> None:
    for number in (str(2**31), "9" * 20, "9" * 5000):
        with pytest.raises(Malformed, match="or an edition by its number, as 3"):
            said(number)
    assert CliRunner().invoke(build(), ["export", "edition", "x.gpkg", "--edition", str(2**40)]).exit_code == 2
