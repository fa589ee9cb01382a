"""Rows of a file whose times are to come, and a check of a time to come: as the edition that comes of it answers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

from geo import db
from geo.plans import reviews, scheduling
from geo.space.redraw.changes import Merge
from tests.small_city import HIGH, SOUTH, WEST, WIDE, publish_small_city
from tests.small_plans import FIRST, NEW, PLANNER, SECOND, drawn, soon

THIRD = f"{SECOND[:-3]}003"
NORTH = (WEST + WIDE / 2, SOUTH + 0.8 * HIGH)
"""In the first grid today, in the new one after the first plan."""
EARLY, LATE = soon(3600), soon(7200)


@pytest.fixture
def city(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """Two plans scheduled, one after the other."""
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        for change, hour in ((None, EARLY), (Merge((SECOND, THIRD), SECOND), LATE)):
            plan = drawn(connection, *([change] if change else []))
            scheduling.schedule(connection, PLANNER, plan.id, hour)
    return fresh_engine


def run(*words: str | Path) -> Result:
    from api import cli

    return CliRunner().invoke(cli.build(), [str(word) for word in words])


def rows(path: Path, places: list[tuple[float, float]], times: list[str | None]) -> Path:
    lon, lat = zip(*places, strict=True)
    pq.write_table(pa.table({"lon": lon, "lat": lat, "when": pa.array(times, pa.string())}), path)
    return path


def located(place: tuple[float, float], at: str | None) -> str:
    told = run("locate", *map(str, place), "--json", *(["--at", at] if at else []))
    code: str = json.loads(told.stdout)["candidates"][0]["code"]
    return code


def text(instant: datetime) -> str:
    return instant.isoformat()


def test_each_row_to_come_is_answered_by_what_is_scheduled_until_then(city: sa.Engine, tmp_path: Path) -> None:
    minute = timedelta(minutes=1)
    third = (WEST + WIDE / 2, SOUTH + 2.5 * HIGH)
    times = [None, "2025-06-01T00:00Z", *map(text, (EARLY - minute, EARLY, EARLY + minute, LATE + minute))]
    places = [NORTH, third]
    source = rows(tmp_path / "in.parquet", places * len(times), [time for time in times for _ in places])
    said = run("assign", source, tmp_path / "out.parquet", "--datum", "wgs84", "--at-field", "when")
    assert said.exit_code == 0, said.output
    assert "forecast, by the plans scheduled until then 8" in said.stdout
    out = pq.read_table(tmp_path / "out.parquet").to_pydict()
    assert out["forecast"] == [False] * 4 + [True] * 8
    assert out["grid"][::2] == [FIRST, FIRST, FIRST, NEW, NEW, NEW]
    asked = [(place, time) for time in times for place in places]
    assert out["grid"] == [located(place, time) for place, time in asked]
    assert set(out["edition"]) == {1}


def test_parts_answer_times_to_come_from_files_as_one_file_does(city: sa.Engine, tmp_path: Path) -> None:
    times = [text(EARLY), text(LATE), "2025-06-01T00:00Z", None]
    source = rows(tmp_path / "in.parquet", [NORTH] * 4, times)
    for target in ("out.parquet", "out"):
        said = run("assign", source, tmp_path / target, "--datum", "wgs84", "--at-field", "when")
        assert said.exit_code == 0, said.output
    whole, parts = (pq.read_table(path).to_pylist() for path in (tmp_path / "out.parquet", tmp_path / "out"))
    assert whole == parts
    assert [row["forecast"] for row in parts] == [True, True, False, False]


def test_all_rows_are_of_one_time_where_it_is_said(city: sa.Engine, tmp_path: Path) -> None:
    source = rows(tmp_path / "in.parquet", [NORTH] * 2, [None, None])
    told = {}
    for name, at in (("past", "2025-06-01"), ("then", text(LATE))):
        said = run("assign", source, tmp_path / f"{name}.csv", "--datum", "wgs84", "--at", at)
        assert said.exit_code == 0, said.output
        told[name] = (tmp_path / f"{name}.csv").read_text()
    assert [told[name].count(NEW) for name in told] == [0, 2]
    assert [told[name].lower().count("true") for name in told] == [0, 2]
    both = run("assign", source, tmp_path / "no.csv", "--datum", "wgs84", "--at", "2025-06-01", "--at-field", "when")
    assert both.exit_code == 2
    without = run("assign", source, tmp_path / "plain.parquet", "--datum", "wgs84")
    assert without.exit_code == 0
    assert "forecast" not in pq.read_schema(tmp_path / "plain.parquet").names


def test_a_check_of_a_time_to_come_proves_what_will_be(city: sa.Engine) -> None:
    def checked(*at: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(run("check", "--json", *at).stdout)
        return told

    now, then, past = checked(), checked("--at", text(LATE)), checked("--at", "2025-06-01")
    assert "forecast" not in now
    assert "forecast" not in past
    assert (then["forecast"], [one["plan_name"] for one in then["plans"]]) == (True, ["调整", "调整"])
    assert then["leaves"] == now["leaves"]  # one more, one less
    assert checked("--at", text(EARLY))["leaves"] == now["leaves"] + 1
    said = run("check", "--at", text(EARLY)).stdout
    assert "预测 forecast: 1 调整" in said
    assert "proved to fill the city" in said
    with db.write(city) as connection:
        for plan in then["plans"]:
            reviews.publish(connection, PLANNER, plan["plan"])
    after = checked()
    told = [
        {name: value for name, value in one.items() if name not in ("forecast", "plans", "edition")}
        for one in (then, after)
    ]
    assert told[0] == told[1]
