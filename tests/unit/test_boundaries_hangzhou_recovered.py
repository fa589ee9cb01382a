"""Xihu, Hangzhou, with leave to repair: no error of a row is left, and what became of each is counted by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from geo.boundaries import importing
from geo.boundaries.checking import judge_division
from geo.boundaries.findings import Finding
from geo.boundaries.nesting import Tree, judge_codes
from geo.boundaries.recovering import recovered
from geo.boundaries.repairs import Repair
from geo.boundaries.sources import read_sources
from geo.crs import area_m2
from tests.made_files import kinds, rows_of

pytestmark = [pytest.mark.real, pytest.mark.slow]
SOURCES = Path(__file__).parents[1] / "sources"
Recovered = tuple[Tree, list[Finding], list[Finding]]


@pytest.fixture(scope="module")
def done(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Recovered:
    """The tree, the findings after, and those before."""
    path = tmp_path_factory.mktemp("hangzhou") / "hangzhou.toml"
    text = (SOURCES / "hangzhou.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("{data}", str(real)), encoding="utf-8")
    tree, before = rows_of(path)
    return *recovered(tree, before), [*before, *judge_codes(tree)]


@pytest.fixture(scope="module")
def hand(real: Path) -> dict[str, gpd.GeoDataFrame]:
    return {
        name: pyogrio.read_dataframe(f"/vsigzip/{real}/hangzhou_xihu/{name}.geojson.gz")
        for name in ("town", "community", "grid")
    }


def answered(done: Recovered, kind: str) -> dict[int, Finding]:
    return {each.rows[0]: each for each in done[1] if each.kind == kind and ". Recovered: " in each.en}


def m2(shape: Any) -> float:
    return float(area_m2(np.asarray([shape], dtype=object))[0])


def test_no_error_of_a_row_is_left_and_none_was_dropped(done: Recovered) -> None:
    tree, told, before = done
    assert kinds(before) == {
        "geometry_empty", "ring_invalid", "text_damaged", "code_blank", "code_not_nested", "level_mixed",
        "parent_blank", "parent_unknown",
    }  # fmt: skip
    assert kinds(told) == set()
    assert kinds(judge_codes(tree)) == set()
    assert Counter(each.kind for each in told if ". Recovered: " in each.en) == {
        "code_not_nested": 10, "code_blank": 8, "level_mixed": 3, "parent_unknown": 3, "ring_invalid": 3,
        "text_damaged": 2, "geometry_empty": 1, "parent_blank": 1,
    }  # fmt: skip
    errors = {(each.kind, each.rows) for each in before if each.severity == "error"}
    left = errors - {(each.kind, each.rows) for each in told}
    assert left == {("code_blank", (54,))}, "row 54 is set aside for its parent, and its code with it"


def test_recovering_again_changes_nothing(done: Recovered) -> None:
    tree, told, _ = done
    again, told_again = recovered(tree, told)
    assert again is tree
    assert told_again == told


def test_the_rows_that_stand_are_those_in_the_files_but_for_five(
    done: Recovered, hand: dict[str, gpd.GeoDataFrame]
) -> None:
    towns, communities, grids = (done[0].members[level] for level in (1, 2, 3))
    assert (len(towns), len(communities), len(grids)) == (11, 213 - 3 - 1 + 1, 605 - 1)
    assert {row for rows in grids.rows for row in rows} == set(range(1, 606)) - {54}
    assert {row for rows in communities.rows for row in rows} == set(range(1, 214)) - {136, 137, 138, 139}
    shapes = shapely.make_valid(np.asarray(hand["grid"].geometry.array, dtype=object))
    for at, rows in enumerate(grids.rows):
        assert m2(grids.shapes[at]) == pytest.approx(m2(shapes[rows[0] - 1]), rel=1e-5, abs=1)


def test_codes_that_fit_are_kept_and_the_others_nest_under_their_community(
    done: Recovered, hand: dict[str, gpd.GeoDataFrame]
) -> None:
    grids, grid = done[0].members[3], hand["grid"]
    known = {*hand["community"].xzqhbm.dropna(), "330106011020"}
    new = {}
    for code, parent, rows in zip(grids.codes, grids.parents, grids.rows, strict=True):
        was = grid.XZQHBM[rows[0] - 1]
        assert code.startswith(parent)
        assert len(code) == 15
        if was[:12] in known and was:
            assert code == was
        else:
            new[rows[0]] = was
    assert set(new) == {*answered(done, "code_blank"), *answered(done, "code_not_nested")}
    assert len(set(grids.codes)) == 604
    assert not set(grids.codes[[rows[0] in new for rows in grids.rows]]) & set(grid.XZQHBM), "no code is given twice"
    for row, was in new.items():
        assert not was or f"(was {was})" in answered(done, "code_not_nested")[row].en


def test_invalid_rings_keep_their_ground_and_their_place(done: Recovered, hand: dict[str, gpd.GeoDataFrame]) -> None:
    for each in answered(done, "ring_invalid").values():
        frame = hand[each.level]
        shape = frame.geometry[each.rows[0] - 1]
        assert not shape.is_valid
        assert "(+0.00)" in each.en, "they touch themselves: nothing is gained or lost"
        assert f"{m2(shapely.make_valid(shape)):,.0f}"[:-2] in each.en
        assert each.where is not None
        assert shapely.distance(each.where, shapely.boundary(shape)) < 1e-7


def test_the_community_that_stands_as_its_three_grids_is_made_of_them(
    done: Recovered, hand: dict[str, gpd.GeoDataFrame]
) -> None:
    (made,) = [each for each in done[1] if each.kind == "area_made"]
    grid, town = hand["grid"], hand["town"]
    named = grid[grid.CS_XZQHBM == "330106011020"]
    assert made.codes == ("330106011020",)
    assert set(made.rows) == set(named.index + 1) == {205, 206, 211}
    assert made.area_m2 == pytest.approx(m2(shapely.union_all(np.asarray(named.geometry.array))), rel=1e-5)
    communities = done[0].members[2]
    at = int(np.flatnonzero(communities.codes == "330106011020")[0])
    assert communities.names[at] == "府苑社区" == named.cunshe.iloc[0]
    assert communities.parents[at] == town.areaCode[town.name == "蒋村"].iloc[0]
    assert named.zhenjie.iloc[0] == "蒋村街道"
    for row, each in answered(done, "level_mixed").items():
        twin = grid[each.codes[1] == grid.XZQHBM].geometry.iloc[0]
        mixed = hand["community"].geometry[row - 1]
        assert shapely.intersection(twin, mixed).area > 0.99 * twin.area
        assert each.area_m2 == pytest.approx(m2(mixed), rel=1e-5)


def test_row_54_lies_in_no_community_and_its_ground_is_told(done: Recovered, hand: dict[str, gpd.GeoDataFrame]) -> None:
    said = answered(done, "parent_blank")[54]
    shape = hand["grid"].geometry[53]
    others = shapely.make_valid(np.asarray(hand["community"].geometry.array, dtype=object))
    assert shapely.area(shapely.intersection(others, shape)).sum() < 1e-6 * shape.area
    assert said.area_m2 == pytest.approx(m2(shape), abs=0.1)
    assert said.area_m2 == pytest.approx(7_820, abs=1)


def test_damaged_names_give_way_to_codes(done: Recovered) -> None:
    grids = done[0].members[3]
    names = {rows[0]: name for rows, name in zip(grids.rows, grids.names, strict=True)}
    assert set(answered(done, "text_damaged")) == {121, 200}
    assert {row for row, name in names.items() if not name} == {36, 52, 53, 121, 200}


def test_with_leave_to_repair_the_whole_import_stands_and_is_proved(real: Path, tmp_path: Path) -> None:
    path = tmp_path / "hangzhou.toml"
    text = (SOURCES / "hangzhou.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("{data}", str(real)), encoding="utf-8")
    prepared = importing.prepare(read_sources(path), None, repair=Repair())
    assert kinds(prepared.findings) == set()
    assert kinds(judge_division(prepared.judgement.division, prepared.city)) == set()
    assert prepared.ground()["named"] == 604
