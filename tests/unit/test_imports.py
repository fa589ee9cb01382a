"""What an import leans on without a database: names, folders, guesses, and what the map is sent."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.boundaries.findings import KINDS
from geo.errors import Stale, TooMuch, Unknown
from geo.imports import guesses, looking, overlays, shelves
from geo.imports.records import COMMITTED, JUDGING, READING, Import
from geo.imports.shelves import Shelf, safe_name
from geo.imports.titles import TITLES
from tests import made_files
from tests.small_city import SMALL_CITY


def received(shelf: Shelf, content: bytes = b"{}", name: str = "a.geojson") -> Import:
    with shelf.receiving(1_000_000) as incoming:
        incoming.write(content)
        return incoming.kept("boundaries", name, "tests")


# -- folders -----------------------------------------------------------------------------------------------------------
@given(st.text(max_size=300))
def test_a_name_is_always_one_part_of_a_path(given_name: str) -> None:
    name = safe_name(given_name)
    assert name not in ("", ".", "..")
    assert not set(name) & set("/\\\0\n")
    assert not name.startswith(".")
    assert len(name.encode()) <= 140
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("C:\\文件\\网格.geojson", "网格.geojson"),
        ("../../etc/passwd", "passwd"),
        ("a.csv.gz", "a.csv.gz"),
        ("", "file"),
    ],
)
def test_a_name_keeps_what_says_its_format(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


def test_what_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    with pytest.raises(TooMuch, match="GRIDATLAS_MAX_IMPORT_MB"), shelf.receiving(10) as incoming:
        incoming.write(b"x" * 11)
    with shelf.receiving(10) as incoming:
        incoming.write(b"x")
    assert list(shelf.folder.iterdir()) == []


def test_a_folder_is_its_owners_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    received(shelf)
    assert shelf.folder.stat().st_mode & 0o077 == 0


def test_work_that_nobody_does_any_more_is_interrupted_or_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_PATIENCE_S", 0.1)
    shelf = Shelf(tmp_path / "shelf")
    one = received(shelf)
    with shelf.at_work(one.id):
        shelf.put(one.now(JUDGING))
        assert shelf.get(one.id).state == "judging"
        with pytest.raises(Stale), shelf.at_work(one.id):
            pass
    assert shelf.get(one.id).state == "interrupted"
    shelf.put(one.now(READING))
    assert shelf.get(one.id).state == "uploaded"


def test_old_imports_are_swept_away_and_those_at_work_are_not(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    old, busy, new = (received(shelf) for _ in range(3))
    long_ago = (datetime.now(UTC) - timedelta(days=40)).isoformat(timespec="seconds")
    for one, state in ((old, COMMITTED), (busy, JUDGING)):
        record = one.document() | {"changed_at": long_ago, "state": state}
        shelf.put(Import(**record))
    (shelf.folder / ".incoming-0123").mkdir()
    with shelf.at_work(busy.id):
        assert shelf.sweep(30) == 1
    assert {one.id for one in shelf.all()} == {busy.id, new.id}
    assert not (shelf.folder / ".incoming-0123").exists()
    with pytest.raises(Unknown):
        shelf.get(old.id)


# -- what a file holds -------------------------------------------------------------------------------------------------
def test_every_kind_of_finding_has_its_words() -> None:
    assert KINDS.keys() - TITLES.keys() == set()


def test_level_code_and_parent_are_told_by_the_length_of_their_values() -> None:
    columns = {
        "F1": ["379901001001001", "379901001001002"],
        "F2": ["379901001001", "379901001001"],
        "F3": ["柳林一", "柳林二"],
    }
    made = guesses.of_boundaries(columns, SMALL_CITY)
    assert {name: one["value"] for name, one in made.items()} == {"level": "grid", "code": "F1", "parent": "F2"}
    assert "datum" not in made


def test_a_zip_of_several_files_offers_its_layers(tmp_path: Path) -> None:
    grids, areas = made_files.write(tmp_path / "grids.geojson", made_files.grids()), tmp_path / "areas.geojson"
    made_files.write(areas, made_files.communities())
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        for one in (grids, areas):
            packed.write(one, one.name)
    held = looking.look(tmp_path / "both.zip", {})
    assert held.layers == ["areas.geojson", "grids.geojson"]
    assert (held.layer, held.rows) == ("areas.geojson", 2)
    assert looking.look(tmp_path / "both.zip", {"layer": "grids.geojson"}).rows == 8


def test_a_geojson_that_names_no_crs_is_said_to_name_none(tmp_path: Path) -> None:
    assert looking.look(made_files.write(tmp_path / "a.geojson", made_files.grids()), {}).crs is None


# -- what the map is sent ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [0, 3, pytest.param(12_000, marks=pytest.mark.slow)])
def test_an_overlay_is_never_too_large_to_travel(count: int) -> None:
    turn = np.linspace(0, 2 * np.pi, 61)[:-1]
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * 4e-4
    corners = np.random.default_rng(1).uniform((120, 36), (121, 37), (count, 2))
    ground = np.asarray([shapely.Polygon(ring + at) for at in corners] + [None], dtype=object)
    codes = np.asarray([str(at) for at in range(count + 1)], dtype=object)
    made = overlays.drawn([None, shapely.Point(120, 36), shapely.Polygon(ring)], ground, codes)
    assert len(json.dumps(made)) <= 1.2 * overlays.MOST_BYTES
    drawn = [one["properties"] for one in made["features"]]
    assert [one["finding"] for one in drawn if "finding" in one] == [1, 2]
    assert sum("code" in one for one in drawn) + made["cut"] == count
