"""``gridatlas map`` as a person types it, and how large the file of a large city is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from geo import areas, db
from geo.actors import Actor
from geo.coverage import running
from geo.plans import reviews, scheduling
from geo.space.redraw.changes import Merge
from maps import kept
from tests import lattice_city, small_city
from tests.lattice_city import Size
from tests.small_plans import FIRST, PLANNER, SECOND, drawn, soon
from tests.spotted_city import publish_spotted_city


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


def boot_of(html: str) -> dict[str, Any]:
    """The document a file's page starts from."""
    texts = re.findall(r'<script type="application/json">(\{.*?\})</script>', html, re.S)
    return next(found for text in texts if "ground" in (found := json.loads(text)))


def test_a_time_to_come_is_drawn_as_it_will_be_and_says_which_plans_it_rests_on(
    city: sa.Engine, tmp_path: Path
) -> None:
    from api import cli

    hour, out = soon(3600), tmp_path / "then.html"
    with city.begin() as connection:
        plan = scheduling.schedule(connection, PLANNER, drawn(connection, Merge((FIRST, SECOND), FIRST)).id, hour)
    at = (hour + timedelta(minutes=1)).isoformat()
    done = CliRunner().invoke(cli.build(), ["map", "coverage", "--out", str(out), "--at", at])
    assert done.exit_code == 0, done.output
    then = boot_of(out.read_text(encoding="utf-8"))
    assert [one["plan_name"] for one in then["forecast"]["plans"]] == [plan.name]
    assert (then["forecast"]["omitted"], then["at"][:16]) == ([], at[:16])
    with city.begin() as connection:
        reviews.publish(connection, PLANNER, plan.id)
        contents = kept.gathered(connection, None)
        now = kept.values_of(contents)
    grids = then["values"]["levels"]["grid"]["rows"]
    assert SECOND not in grids["code"]
    for name in ("code", "name", "kind", "area_m2"):
        assert grids[name] == now["levels"]["grid"]["rows"][name], name
    assert len(then["ground"]["objects"]["grids"]["geometries"]) == len(contents.leaves.ids)


def size_of(document: object) -> int:
    """Bytes of a document as it stands in a file."""
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def test_three_thousand_grids_with_every_indicator_stay_under_eight_megabytes(connection: sa.Connection) -> None:
    """The shell is fixed. Ground grows with its bends, which the small city has."""
    small_city.publish_small_city(connection)
    contents = kept.gathered(connection, None)
    html = kept.page(contents, kept.Shown(datetime.now(UTC), None, "zh-CN", "community", "grid-coverage"))
    boot = boot_of(html)
    shell = len(html.encode()) - size_of(boot["ground"]) - size_of(boot["values"])
    ground = size_of(boot["ground"]) / len(contents.leaves.ids) * 3000
    assert shell <= 560_000
    assert ground <= 4_200_000
    assert shell + ground + 3_000_000 <= 8_000_000


def test_values_of_three_thousand_grids_take_three_megabytes(connection: sa.Connection) -> None:
    lattice_city.build(connection, Size(1600, 4000, 8000))
    running.run(connection, Actor("tests"))
    contents = kept.gathered(connection, None)
    assert size_of(kept.values_of(contents)) / len(contents.leaves.ids) * 3000 <= 3_000_000


def test_areas_and_grids_travel_under_the_ids_of_their_values(connection: sa.Connection) -> None:
    small_city.publish_small_city(connection)
    contents = kept.gathered(connection, None)
    html = kept.page(contents, kept.Shown(datetime.now(UTC), None, "zh-CN", "grid", "incidents"))
    boot = boot_of(html)
    drawn = {one["id"] for name in ("areas", "grids") for one in boot["ground"]["objects"][name]["geometries"]}
    told = {one for level in boot["values"]["levels"].values() for one in np.cumsum(level["rows"]["step"]).tolist()}
    assert drawn == told
    assert np.isin(areas.leaves(connection, contents.edition).ids, list(drawn)).all()


def test_blind_spots_of_one_place_are_written_with_their_run(city: sa.Engine, tmp_path: Path) -> None:
    from api import cli

    run, app, out = CliRunner(), cli.build(), tmp_path / "spots.html"
    community = small_city.COMMUNITIES[0]
    done = run.invoke(app, ["map", "blind-spots", "--out", str(out), "--within", community, "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert re.search(r"0\.\d\d MB · 第 1 次判定 run · 盲点楼宇 blind-spot buildings 0 / 0", done.stdout)
    assert '<html lang="en">' in out.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("given", "said"), [(["--within", "1"], "no area or grid '1'"), (["--district", "9"], "no row 9")]
)
def test_a_place_there_is_none_of_is_refused(city: sa.Engine, tmp_path: Path, given: list[str], said: str) -> None:
    from api import cli

    done = CliRunner().invoke(cli.build(), ["map", "blind-spots", "--out", str(tmp_path / "a.html"), *given])
    assert done.exit_code == 1
    assert said in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_business_district_is_written_with_its_units(
    fresh_engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import cli

    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
    run, app, out = CliRunner(), cli.build(), tmp_path / "park.html"
    done = run.invoke(app, ["map", "business-district", "1", "--out", str(out), "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert re.search(r"0\.\d\d MB · 柳林商圈 · 楼宇 buildings 9 · 单位 units 11", done.stdout)
    assert '<html lang="en">' in out.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [out]
