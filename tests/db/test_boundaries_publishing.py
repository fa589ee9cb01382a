"""A judged file becomes an edition, the same file nothing, a changed file the next edition with only what changed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from typer.testing import CliRunner

from geo import areas, db, editions
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.checking import check
from geo.boundaries.sources import read_sources
from geo.boundaries.standing import standing_of
from geo.editions import Published, Request
from geo.errors import Refused
from geo.plans import imported
from tests.made_files import COMMUNITIES, Feature, grids, kinds, one, square, write, write_city, write_sources

SOURCES = Path(__file__).parents[1] / "sources"


def publish(connection: sa.Connection, path: Path, within: str | None = None, **more: bool) -> Published | None:
    prepared = importing.prepare(read_sources(path), standing_of(connection), within=within)
    request = Request(Actor("tester"), "test", {}, **more)
    seen = imported.preview(connection, prepared, request)
    done = imported.publish(connection, prepared, request).published
    assert seen.is_same == (done is None)
    if done is not None:
        assert (seen.changed, seen.noded) == (done.changed, done.noded), "preview and publish are one computation"
    return done


def real_sources(real: Path, name: str, folder: Path) -> Path:
    path = folder / f"{name}.toml"
    text = (SOURCES / f"{name}.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("{data}", str(real)), encoding="utf-8")
    return path


def _spoilt(folder: Path, spoil: Callable[[list[Feature]], None]) -> Path:
    return write_city(folder, spoil)


def test_a_file_is_published_repeated_without_effect_and_changed_in_part(
    connection: sa.Connection, tmp_path: Path
) -> None:
    first = publish(connection, write_city(tmp_path))
    assert first is not None
    assert first.edition.number == 1
    assert len(first.appeared) == 8
    assert check(connection, areas.current(connection)) == []
    assert publish(connection, write_city(tmp_path)) is None
    assert publish(connection, write_city(tmp_path, lambda rows: rows.reverse())) is None, "another order is the same"

    def rename(rows: list[Feature]) -> None:
        rows[0]["properties"]["name"] = "新名"

    second = publish(connection, _spoilt(tmp_path, rename))
    assert second is not None
    assert (second.edition.number, second.changed, second.noded) == (2, 1, 0)

    def bend(rows: list[Feature]) -> None:
        rename(rows)
        west = [[117, 36.6], [117.01, 36.6], [117.009, 36.605], [117.01, 36.61], [117, 36.61], [117, 36.6]]
        east = [[117.01, 36.6], [117.02, 36.6], [117.02, 36.61], [117.01, 36.61], [117.009, 36.605], [117.01, 36.6]]
        rows[0]["geometry"]["coordinates"], rows[1]["geometry"]["coordinates"] = [west], [east]

    third = publish(connection, _spoilt(tmp_path, bend))
    assert third is not None
    assert (third.changed, third.noded) == (2, 0)
    assert check(connection, areas.current(connection)) == []


def test_a_file_with_errors_stores_nothing(connection: sa.Connection, tmp_path: Path) -> None:
    path = write_city(tmp_path, lambda rows: rows[0]["properties"].update(code=""))
    with pytest.raises(Refused, match="nothing is published"):
        imported.publish(connection, importing.prepare(read_sources(path), None), Request(Actor("tester"), "test", {}))
    assert standing_of(connection) is None


def test_a_scope_is_replaced_and_the_rest_stays(connection: sa.Connection, tmp_path: Path) -> None:
    publish(connection, write_city(tmp_path))

    def spoil(rows: list[Feature]) -> None:
        rows[0]["properties"]["name"] = "里面"
        rows[2]["properties"]["name"] = "外面"

    done = publish(connection, _spoilt(tmp_path, spoil), within=COMMUNITIES[0])
    assert done is not None
    assert done.changed == 1
    names = areas.leaves(connection, areas.current(connection)).names.tolist()
    assert "里面" in names
    assert "外面" not in names


def test_grids_without_codes_keep_the_codes_in_force(connection: sa.Connection, tmp_path: Path) -> None:
    publish(connection, write_city(tmp_path))

    def spoil(rows: list[Feature]) -> None:
        rows.reverse()
        halves = [square(0, 0, 0.6, 1), square(0.6, 0, 0.4, 1)]
        del rows[7]
        for half in halves:
            rows.append(
                {
                    "type": "Feature",
                    "properties": {"name": "半", "parent": COMMUNITIES[0]},
                    "geometry": json.loads(shapely.to_geojson(half)),
                }
            )

    path = _spoilt(tmp_path, spoil)
    write_sources(tmp_path, grid='datum = "wgs84"\nname = "name"\n')
    prepared = importing.prepare(read_sources(path), standing_of(connection))
    assert not prepared.is_refused, prepared.findings
    matched = [found.codes[0] for found in prepared.findings if found.kind == "code_matched"]
    new = [found.codes[0] for found in prepared.findings if found.kind == "code_new"]
    assert len(matched) == 8
    assert f"{COMMUNITIES[0]}001" in matched, "the larger part shares more than half and keeps the code"
    assert new == [f"{COMMUNITIES[0]}005"]


def test_one_file_replaces_the_grids_of_the_published_city(connection: sa.Connection, tmp_path: Path) -> None:
    from geo.boundaries.flags import sources_of

    publish(connection, write_city(tmp_path))
    rows = grids()
    rows[0]["properties"]["name"] = "改名"
    flags = {
        "level": "grid",
        "layer": None,
        "datum": "wgs84",
        "code": "code",
        "name": "name",
        "parent": "parent",
        "kind": None,
        "encoding": None,
    }
    sources = sources_of(write(tmp_path / "one.geojson", rows), flags, (None, None, "Asia/Shanghai"))
    prepared = importing.prepare(sources, standing_of(connection))
    assert [found.kind for found in prepared.findings] == ["datum_unverifiable"]
    done = imported.publish(connection, prepared, Request(Actor("tester"), "test", {})).published
    assert done is not None
    assert done.changed == 1


def test_the_edition_in_force_is_judged(connection: sa.Connection, tmp_path: Path) -> None:
    publish(connection, write_city(tmp_path))
    connection.execute(sa.text("UPDATE grids SET geom = ST_Multi(ST_Buffer(geom, -0.001)) WHERE name = '网格00'"))
    assert {"gap", "unmatched", "union_differs"} <= kinds(check(connection, areas.current(connection)))


def test_the_command_is_dry_by_default_and_says_what_it_did(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import cli

    engine = db.connect(fresh_database)
    monkeypatch.setattr(db, "engine", lambda: engine)
    run, app, path = CliRunner(), cli.build(), str(write_city(tmp_path))
    dry = run.invoke(app, ["import", "boundaries", path, "--json"])
    assert dry.exit_code == 0, dry.output
    assert json.loads(dry.stdout)["summary"]["outcome"]["en"].startswith("dry run: would become edition 1")
    done = run.invoke(app, ["import", "boundaries", path, "--commit", "--effective-at", "2024-01-01", "--as", "lin"])
    assert done.exit_code == 0, done.output
    assert "published as edition 1" in done.stdout
    again = run.invoke(app, ["import", "boundaries", path, "--commit"])
    assert "nothing to do" in again.stdout
    checked = run.invoke(app, ["check", "--json"])
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["findings"] == []
    write_city(tmp_path, lambda rows: rows[0]["properties"].update(code=""))
    for more in ([], ["--commit"]):
        bad = run.invoke(app, ["import", "boundaries", path, "--geojson", str(tmp_path / "found.geojson"), *more])
        assert bad.exit_code == 1
        assert "nothing is stored" in bad.stdout
    written = json.loads((tmp_path / "found.geojson").read_text(encoding="utf-8"))["features"]
    assert [one["properties"]["severity"] for one in written] == ["error", "info"]
    assert written[1]["properties"]["kind"] == "datum_unverifiable"
    with engine.connect() as opened:
        assert len(areas.all_editions(opened)) == 1
        assert areas.current(opened).published_by == "lin"
    engine.dispose()


# -- real files --------------------------------------------------------------------------------------------------------
@pytest.mark.real
def test_taipei_is_published_without_a_finding(connection: sa.Connection, real: Path, tmp_path: Path) -> None:
    path, begun = real_sources(real, "taipei", tmp_path), time.monotonic()
    prepared = importing.prepare(read_sources(path), None)
    assert [found.kind for found in prepared.findings] == ["datum_unverifiable"]
    done = imported.publish(connection, prepared, Request(Actor("tester"), "taipei", {})).published
    took = time.monotonic() - begun
    assert done is not None
    assert done.edition.leaves == 11_490
    print(f"taipei: file to edition in {took:.1f} s")
    above = areas.upper(connection, areas.current(connection))
    assert np.bincount(above.levels).tolist() == [1, 12, 907, 7672]
    again = importing.prepare(read_sources(path), standing_of(connection))
    assert imported.preview(connection, again, Request(Actor("tester"), "taipei", {})).is_same


@pytest.mark.real
def test_chicago_is_published_with_its_parts_joined(connection: sa.Connection, real: Path, tmp_path: Path) -> None:
    prepared = importing.prepare(read_sources(real_sources(real, "chicago", tmp_path)), None)
    assert one(prepared.findings, "parts_joined").codes == ("3100",)
    assert {found.kind for found in prepared.findings} == {"parts_joined", "datum_unverifiable"}
    assert len(prepared.findings) == 2
    done = imported.publish(connection, prepared, Request(Actor("tester"), "chicago", {})).published
    assert done is not None
    assert done.edition.leaves == 275
    assert editions.stored(connection, done.edition).levels == 3


@pytest.mark.real
def test_chicagos_district_layer_disagrees_with_its_beats(real: Path, tmp_path: Path) -> None:
    prepared = importing.prepare(read_sources(real_sources(real, "chicago_districts", tmp_path)), None)
    found = {found.codes: found.area_m2 for found in prepared.findings if found.severity == "error"}
    assert found == {("0411", "04"): pytest.approx(140.08, abs=0.1), ("0624", "06"): pytest.approx(67.48, abs=0.1)}
    assert {found.codes for found in prepared.findings if found.kind == "parts_joined"} == {("3100",), ("31",)}
