"""A mended file becomes an edition that ``check`` finds without fault, and is the same when it comes again."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from geo import areas, db
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.checking import check
from geo.boundaries.repairs import Repair
from geo.boundaries.sources import LayerSource, Sources, read_sources
from geo.boundaries.standing import standing_of
from geo.editions import Request
from geo.exports import editions as exported
from geo.exports import targets
from geo.plans import imported
from geo.tables import editions
from tests.made_files import Feature, kinds, moved, write_city

METRE = 1 / 111_319.49
SOURCES = Path(__file__).parents[1] / "sources"


def narrow(rows: list[Feature]) -> None:
    """The first grid is 0.6 m too narrow, the third reaches 0.6 m into the fourth, the last 30 m into free ground."""
    for at, east, by in ((0, 117.01, -0.6), (2, 117.03, 0.6), (7, 117.03, 30.0)):

        def change(ring, east=east, by=by):  # type: ignore[no-untyped-def]
            ring[abs(ring[:, 0] - east) < 1e-6, 0] += by * METRE
            return ring

        moved(rows[at], change)


def test_a_mended_file_is_an_edition_without_fault_and_no_news_the_second_time(
    connection: sa.Connection, tmp_path: Path
) -> None:
    sources, request = read_sources(write_city(tmp_path, narrow)), Request(Actor("tester"), "test", {})
    prepared = importing.prepare(sources, None, repair=Repair())
    assert kinds(prepared.findings) == set()
    assert {one.kind for one in prepared.ledger} >= {"gap", "overlap"}
    done = imported.publish(connection, prepared, request).published
    assert done is not None
    assert kinds(check(connection, areas.current(connection))) == set()
    origin = connection.scalar(sa.select(editions.c.origin))
    assert origin["repair"]["limits"] == {"width_m": 2.0, "area_m2": 1000.0}
    again = importing.prepare(sources, standing_of(connection), repair=Repair())
    assert imported.preview(connection, again, request).is_same


def test_an_edition_of_a_mended_file_that_leaves_and_is_mended_again_is_the_same(
    connection: sa.Connection, tmp_path: Path
) -> None:
    request = Request(Actor("tester"), "test", {})
    imported.publish(
        connection, importing.prepare(read_sources(write_city(tmp_path, narrow)), None, repair=Repair()), request
    )
    city, edition = areas.city(connection), areas.current(connection)
    target = targets.target_of(tmp_path / "out.gpkg", "EPSG:4326", city)
    exported.export(connection, edition, [city.grid_level], target)
    layer = LayerSource(target.path, "grid", "EPSG:4326", code="code", name="name", parent="parent", kind="kind")
    again = importing.prepare(Sources(None, (layer,)), standing_of(connection), repair=Repair())
    assert again.ledger == []
    assert imported.preview(connection, again, request).is_same


def test_the_command_lists_the_mends_before_it_publishes(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import cli

    engine = db.connect(fresh_database)
    monkeypatch.setattr(db, "engine", lambda: engine)
    run, app, path = CliRunner(), cli.build(), str(write_city(tmp_path, narrow))
    layer = tmp_path / "mends.geojson"
    dry = run.invoke(app, ["import", "boundaries", path, "--repair", "--mends", str(layer), "--json"])
    assert dry.exit_code == 0, dry.output
    told = json.loads(dry.stdout)
    assert told["summary"]["is_published"] is False
    assert len(json.loads(layer.read_text("utf-8"))["features"]) == len(told["repair"]["mends"]) > 0
    assert run.invoke(app, ["import", "boundaries", path]).exit_code == 1, "without leave nothing is mended"
    done = run.invoke(app, ["import", "boundaries", path, "--repair", "--commit"])
    assert done.exit_code == 0, done.output
    assert "gap closed" in done.stdout
    assert "published as edition 1" in done.stdout
    assert json.loads(run.invoke(app, ["check", "--json"]).stdout)["findings"] == []
    engine.dispose()


def test_a_page_is_written_before_anything_is_stored_and_says_what_to_type(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import cli

    engine = db.connect(fresh_database)
    monkeypatch.setattr(db, "engine", lambda: engine)
    run, app, path, page = CliRunner(), cli.build(), str(write_city(tmp_path, narrow)), tmp_path / "mends.html"
    flags = ["--repair", "--authority", "community,grid", "--page", str(page), "--limit", "5"]
    dry = run.invoke(app, ["import", "boundaries", path, *flags])
    assert dry.exit_code == 0, dry.output
    boot = _boot_of(page)
    assert boot["state"] == "dry"
    words = shlex.split(boot["command"])
    assert words[1:] == ["import", "boundaries", path, "--repair", "--authority", "community,grid", "--commit"]
    refused = run.invoke(app, ["import", "boundaries", path, "--page", str(page)])
    assert refused.exit_code == 1
    assert _boot_of(page)["state"] == "refused"
    assert _boot_of(page)["repair"] is None
    done = run.invoke(app, [*words[1:], "--page", str(page)])
    assert done.exit_code == 0, done.output
    assert _boot_of(page)["state"] == "published"
    assert run.invoke(app, ["import", "boundaries", path, *flags]).exit_code == 0
    assert _boot_of(page)["state"] == "same"
    engine.dispose()


def _boot_of(page: Path) -> dict[str, Any]:
    """The document that a page starts from: the last of its JSON blocks."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    boot: dict[str, Any] = json.loads(found[-1])
    return boot
