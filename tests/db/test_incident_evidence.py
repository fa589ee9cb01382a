"""Incidents that state their area: a batch that fits another datum is held back, and what is stored is evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from geo import areas, incidents
from geo.actors import Actor
from geo.arrays import Floats
from geo.assignments import open_index
from geo.boundaries import importing
from geo.boundaries.flags import sources_of
from geo.boundaries.standing import standing_of
from geo.crs import Datum, from_wgs84
from geo.incidents.loading import Intake, Loaded, load
from tests.made_files import feature, kinds, one, write
from tests.small_city import HIGH, SOUTH, WEST, WIDE, publish_small_city

ACTOR = Actor("tests")


@pytest.fixture
def city(connection: sa.Connection) -> Iterator[sa.Connection]:
    publish_small_city(connection)
    return connection


def batch(
    city: sa.Connection, folder: Path, move: Callable[[Floats], Floats] = lambda xy: xy, rows: int = 400, first: int = 0
) -> Path:
    """Incidents all over the city with the community that holds each, positions moved afterwards."""
    xy = np.random.default_rng(first).uniform((WEST, SOUTH), (WEST + 4 * WIDE, SOUTH + 3 * HIGH), (rows, 2))
    index = open_index(city, areas.current(city))
    position = index.index.locate(xy)
    held = position >= 0
    moved = move(xy[held])
    frame = pd.DataFrame(
        {
            "reference": [f"E{first + at}" for at in range(int(held.sum()))],
            "occurred_at": "2025-06-01T08:00:00+08:00",
            "lon": moved[:, 0],
            "lat": moved[:, 1],
            "所属社区": index.level_codes[3][position[held]],
        }
    )
    path = folder / f"batch-{first}.parquet"
    frame.to_parquet(path)
    return path


def read(city: sa.Connection, path: Path, **told: object) -> Loaded:
    return load(city, ACTOR, replace(Intake(path, "wgs84", source="12345", commit=True), **told))  # type: ignore[arg-type]


def shifted(xy: Floats) -> Floats:
    return from_wgs84(xy, Datum("gcj02"))


def test_a_batch_that_fits_its_datum_is_stored_and_says_so(city: sa.Connection, tmp_path: Path) -> None:
    loaded = read(city, batch(city, tmp_path))
    assert loaded.is_kept
    assert not loaded.is_held_back
    (said,) = loaded.evidence
    assert (said.datum, said.is_contradicted, len(said.words)) == ("wgs84", False, 1)
    assert "boundaries wgs84 and points wgs84 as declared 1.0000" in said.words[0][1]
    assert loaded.columns["area"] == "所属社区"


def test_a_batch_whose_areas_fit_another_datum_is_held_back_whole_and_written_down(
    city: sa.Connection, tmp_path: Path
) -> None:
    path = batch(city, tmp_path, shifted)
    for commit in (False, True):
        loaded = read(city, path, commit=commit, skip_bad=True)
        assert loaded.is_held_back
        assert not loaded.is_kept
        assert "points read as gcj02" in loaded.evidence[0].words[1][1]
        assert "点按 gcj02" in loaded.evidence[0].words[1][0]
    assert incidents.search(city).incidents == []
    rows = city.execute(sa.text("SELECT detail FROM audit_events WHERE action = 'incidents.hold_back'")).all()
    assert [row.detail["file"] for row in rows] == [path.name]
    assert "gcj02" in rows[0].detail["evidence"][1]


def test_the_right_datum_or_the_word_of_a_person_lets_it_in(city: sa.Connection, tmp_path: Path) -> None:
    right = read(city, batch(city, tmp_path, shifted), datum="gcj02")
    assert right.is_kept
    assert not right.is_held_back
    meant = read(city, batch(city, tmp_path, shifted, first=1000), despite_evidence=True)
    assert meant.is_kept
    assert meant.evidence[0].is_contradicted


def test_a_few_incidents_decide_nothing(city: sa.Connection, tmp_path: Path) -> None:
    loaded = read(city, batch(city, tmp_path, shifted, rows=6))
    assert loaded.is_kept
    assert "datum not verifiable" in loaded.evidence[0].words[0][1]


def test_each_datum_of_a_file_is_judged_by_its_own_rows(city: sa.Connection, tmp_path: Path) -> None:
    right, wrong = batch(city, tmp_path), batch(city, tmp_path, shifted, first=1000)
    both = pd.concat([pd.read_parquet(right).assign(datum="wgs84"), pd.read_parquet(wrong).assign(datum="cgcs2000")])
    both.to_parquet(tmp_path / "both.parquet")
    loaded = read(city, tmp_path / "both.parquet")
    assert {said.datum: said.is_contradicted for said in loaded.evidence} == {"wgs84": False, "cgcs2000": True}
    assert loaded.is_held_back


def test_files_without_stated_areas_say_nothing_of_their_datum(city: sa.Connection, tmp_path: Path) -> None:
    path = batch(city, tmp_path, shifted)
    pd.read_parquet(path).drop(columns="所属社区").to_parquet(path)
    loaded = read(city, path)
    assert loaded.is_kept
    assert loaded.evidence == ()


def test_twice_is_once_and_another_stated_area_is_other_content(city: sa.Connection, tmp_path: Path) -> None:
    path = batch(city, tmp_path)
    count = read(city, path).stored.stored
    assert read(city, path).stored.already == count
    frame = pd.read_parquet(path)
    frame.loc[0, "所属社区"] = "379901002002" if frame.loc[0, "所属社区"] != "379901002002" else "379901001001"
    frame.to_parquet(path)
    again = read(city, path)
    assert (again.stored.already, again.stored.changed) == (count - 1, 1)


def test_an_incident_without_a_stated_area_keeps_the_digest_it_always_had(city: sa.Connection, tmp_path: Path) -> None:
    path = batch(city, tmp_path, rows=20)
    plain = pd.read_parquet(path).drop(columns="所属社区")
    plain.to_parquet(path)
    count = read(city, path).stored.stored
    plain.assign(area=None).astype({"area": "string"}).to_parquet(path)
    assert read(city, path, columns={"area": "area"}).stored.already == count


def test_stored_incidents_are_evidence_of_new_boundaries(city: sa.Connection, tmp_path: Path) -> None:
    read(city, batch(city, tmp_path, rows=2000))
    standing = standing_of(city)
    assert standing is not None
    assert standing.stated is not None
    division = standing.division
    rows = [
        feature(shape, code=str(code), name=f"网格{code}", parent=str(parent))
        for code, parent, shape in zip(division.leaf_codes, division.leaf_parents, division.leaf_shapes, strict=True)
        if not str(code).endswith("000")
    ]
    flags = {"level": "grid", "layer": None, "code": "code", "name": "name", "parent": "parent", "datum": "wgs84"}
    file = write(tmp_path / "grids.geojson", rows)
    right = importing.prepare(sources_of(file, flags, (None, None, "Asia/Shanghai")), standing).findings
    assert "stored incidents" in one(right, "datum_agreement").en
    assert "datum_contradicted_by_evidence" not in kinds(right, "warning")
    wrong = importing.prepare(sources_of(file, {**flags, "datum": "gcj02"}, (None, None, "Asia/Shanghai")), standing)
    said = one(wrong.findings, "datum_contradicted_by_evidence")
    assert "boundaries read as wgs84" in said.en
    assert "points read" not in said.en


def test_a_city_without_stated_incidents_has_no_evidence(city: sa.Connection) -> None:
    standing = standing_of(city)
    assert standing is not None
    assert standing.stated is None
