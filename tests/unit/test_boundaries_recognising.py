"""Rows that are one, totals that are counted twice, exclaves and islands are recognised and named."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries import importing
from geo.boundaries.findings import Finding
from geo.boundaries.sources import read_sources
from tests.made_files import (
    COMMUNITIES,
    Feature,
    communities,
    feature,
    grids,
    kinds,
    moved,
    one,
    prepare,
    square,
    write,
    write_city,
)

SOURCES = Path(__file__).parents[1] / "sources"


def copied(row: Feature, **properties: Any) -> Feature:
    made: Feature = json.loads(json.dumps(row))
    made["properties"] |= properties
    return made


def told(found: list[Finding], kind: str) -> list[Finding]:
    return [each for each in found if each.kind == kind]


# -- rows given twice --------------------------------------------------------------------------------------------------
def test_a_row_given_twice_is_taken_once_and_said_so(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows.append(copied(rows[0]))
        moved(rows[-1], lambda ring: np.concatenate([ring[2:], ring[1:3]])[::-1])  # starts and turns otherwise
        rows.append(copied(rows[0]))

    prepared = prepare(write_city(tmp_path, spoil))
    assert not prepared.is_refused
    assert one(prepared.findings, "rows_repeated").rows == (1, 9, 10)
    assert len(prepared.judgement.division.leaf_codes) == 8


def test_the_same_ground_under_another_code_stays_an_error_naming_both(tmp_path: Path) -> None:
    prepared = prepare(write_city(tmp_path, lambda rows: rows.append(copied(rows[0], code=COMMUNITIES[0] + "009"))))
    assert one(prepared.findings, "overlap").codes == (COMMUNITIES[0] + "001", COMMUNITIES[0] + "009")


@pytest.mark.parametrize("change", [{"name": "别名"}, {"parent": COMMUNITIES[1]}])
def test_the_same_code_and_ground_called_otherwise_stay_an_error(tmp_path: Path, change: dict[str, str]) -> None:
    found = prepare(write_city(tmp_path, lambda rows: rows.append(copied(rows[0], **change)))).findings
    assert one(found, "code_duplicate").rows == (1, 9)


@settings(max_examples=15)
@given(st.data())
def test_rows_given_again_anywhere_change_no_division(data: st.DataObject) -> None:
    again = data.draw(st.lists(st.integers(0, 7), min_size=1, max_size=6))
    order = data.draw(st.permutations([*range(8), *again]))
    with TemporaryDirectory() as folder:
        right = prepare(write_city(Path(folder))).judgement.division
        write(Path(folder) / "grids.geojson", [grids()[at] for at in order])
        prepared = prepare(Path(folder) / "sources.toml")
    assert {tuple(np.flatnonzero(np.asarray(order) == at) + 1) for at in set(again)} == {
        each.rows for each in told(prepared.findings, "rows_repeated")
    }
    division = prepared.judgement.division
    assert division.leaf_codes.tolist() == right.leaf_codes.tolist()
    assert shapely.equals(division.leaf_shapes, right.leaf_shapes).all()


# -- totals ------------------------------------------------------------------------------------------------------------
def in_parts(counts: dict[str, list[Any]]) -> list[Feature]:
    """Eight rows of six grids: rows 1, 3 and 7 are one grid in three parts."""
    rows = grids()
    for other in (2, 6):
        rows[other]["properties"] |= {key: rows[0]["properties"][key] for key in ("code", "name", "parent")}
    rows[6]["geometry"] = feature(square(9, 9))["geometry"]
    for column, values in counts.items():
        for row, value in zip(rows, values, strict=True):
            row["properties"][column] = value
    return rows


def repeated(tmp_path: Path, counts: dict[str, list[Any]]) -> list[Finding]:
    path = write_city(tmp_path)
    write(tmp_path / "grids.geojson", in_parts(counts))
    return told(prepare(path).findings, "totals_repeated")


def test_totals_repeated_on_every_part_are_named_with_the_true_sum_and_the_wrong_one(tmp_path: Path) -> None:
    whole = [225_373, 100_000, 225_373, 150_000, 207_138, 100_000, 225_373, 100_000]
    (said,) = repeated(tmp_path, {"population": whole})
    assert sum(whole) == 1_333_257
    assert "882,511" in said.en
    assert "1,333,257" in said.en
    assert "population" in said.zh
    assert said.rows == (1, 3, 7)
    assert said.codes == (COMMUNITIES[0] + "001",)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("population", [10, 20, 11, 40, 50, 60, 12, 80]),  # each part its own
        ("population", [10, 20, None, 40, 50, 60, None, 80]),  # on one part only
        ("empty", [0, 1, 0, 4, 5, 6, 0, 8]),  # nothing to be counted
        ("division_code", [31, 20, 31, 40, 50, 60, 31, 80]),
        ("编号", [31, 20, 31, 40, 50, 60, 31, 80]),
        ("postal", [310_000, 310_001, 310_000, 310_002, 310_003, 310_004, 310_000, 310_005]),
        ("district", ["07", "08", "07", "09", "10", "11", "07", "12"]),
        ("same", [3] * 8),
        ("words", ["甲", "乙", "甲", "丙", "丁", "戊", "甲", "己"]),
    ],
)
def test_columns_that_are_no_repeated_totals_are_passed_over(tmp_path: Path, column: str, values: list[Any]) -> None:
    assert repeated(tmp_path, {column: values}) == []


@settings(max_examples=20)
@given(st.lists(st.integers(0, 10**6), min_size=8, max_size=8, unique=True), st.sampled_from([1, 10, 1000]))
def test_the_true_sum_is_that_of_the_areas(values: list[int], by: int) -> None:
    figures = [value / by for value in values]
    figures[2] = figures[6] = figures[0]
    with TemporaryDirectory() as folder:
        found = repeated(Path(folder), {"residents": figures})
    if not figures[0]:
        assert found == []
        return
    (said,) = found
    wrong = sum(round(figure * by) for figure in figures)
    right = wrong - 2 * values[0]
    told_sums = [float(word.rstrip(",").replace(",", "")) for word in said.en.split() if word[0].isdigit()]
    assert {right / by, wrong / by} <= set(told_sums)


# -- exclaves and islands ----------------------------------------------------------------------------------------------
def test_a_part_inside_another_parent_is_an_exclave(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[7]["properties"] |= {key: rows[0]["properties"][key] for key in ("code", "name", "parent")}
        rows[7]["geometry"] = feature(square(3, 1, 0.5, 0.5))["geometry"]

    said = one(prepare(write_city(tmp_path, spoil)).findings, "exclave")
    assert said.severity == "warning"
    assert said.rows == (1, 8)
    assert said.codes == (COMMUNITIES[0] + "001", COMMUNITIES[1])
    assert said.area_m2 == pytest.approx(993_000 / 4, rel=0.01)
    assert said.place is not None
    assert said.place[0] > 117.03


def test_a_part_enclosed_by_another_area_is_told(tmp_path: Path) -> None:
    path = write_city(tmp_path)
    inner = square(2.5, 0.5)
    areas = communities()
    first, second = (shapely.from_geojson(json.dumps(row["geometry"])) for row in areas)
    write(
        tmp_path / "communities.geojson",
        [
            feature(shapely.MultiPolygon([first, inner]), **areas[0]["properties"]),
            feature(shapely.difference(second, inner), **areas[1]["properties"]),
        ],
    )
    said = next(each for each in prepare(path).findings if each.kind == "exclave" and each.level == "community")
    assert (said.severity, said.codes) == ("info", COMMUNITIES)
    assert said.area_m2 == pytest.approx(993_000, rel=0.01)


def test_grids_that_do_not_touch_and_leave_most_free_are_islands(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for row in rows:
            shape = shapely.from_geojson(json.dumps(row["geometry"]))
            row["geometry"] = json.loads(shapely.to_geojson(shapely.centroid(shape).buffer(2e-3, quad_segs=4)))

    prepared = prepare(write_city(tmp_path, spoil))
    said = one(prepared.findings, "grids_do_not_tile")
    assert said.severity == "info"
    assert said.area_m2 == pytest.approx(8 * 993_000 * (1 - np.pi * 0.04), rel=0.02)
    assert not prepared.is_refused, "the rest is fallback ground"
    assert prepared.ground()["fallback"] == 2


def test_a_grid_that_stands_alone_or_grids_that_touch_are_no_islands(tmp_path: Path) -> None:
    for left in ([0], [0, 1]):
        prepared = prepare(
            write_city(tmp_path, lambda rows, left=left: rows.__setitem__(slice(None), rows[: len(left)]))
        )
        assert "grids_do_not_tile" not in kinds(prepared.findings, "info")


# -- real --------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize(("sources", "area"), [("chicago", "3100"), ("chicago_districts", "31")])
def test_what_occurs_three_times_in_chicago_is_one_area_in_parts(
    real: Path, tmp_path: Path, sources: str, area: str
) -> None:
    path = tmp_path / "chicago.toml"
    path.write_text((SOURCES / f"{sources}.toml").read_text(encoding="utf-8").replace("{data}", str(real)), "utf-8")
    prepared = importing.prepare(read_sources(path), None)
    said = next(each for each in told(prepared.findings, "parts_joined") if each.codes == (area,))
    assert len(said.rows) == 3
    assert not told(prepared.findings, "totals_repeated"), "district and sector are codes, not counts"
    assert not told(prepared.findings, "code_duplicate")
