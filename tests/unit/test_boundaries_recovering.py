"""With leave to repair, rows are mended where they may be; each error becomes a warning that says what was done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.boundaries.findings import Finding
from geo.boundaries.nesting import Tree, judge_codes
from geo.boundaries.recovering import recovered
from geo.crs import area_m2
from tests.made_files import (
    COMMUNITIES,
    Feature,
    communities,
    feature,
    grids,
    kinds,
    moved,
    one,
    rows_of,
    square,
    write,
    write_city,
    write_sources,
)

NAMED = 'datum = "wgs84"\ncode = "code"\nname = "name"\nparent = "parent"\nparent_name = "belongs"\n'


def recover(
    tmp_path: Path,
    spoil: Callable[[list[Feature]], None] = lambda _: None,
    areas: Callable[[list[Feature]], None] = lambda _: None,
    grid: str = "",
) -> tuple[Tree, list[Finding]]:
    path = write_city(tmp_path, spoil)
    low = communities()
    areas(low)
    write(tmp_path / "communities.geojson", low)
    if grid:
        write_sources(tmp_path, grid=grid)
    return recovered(*rows_of(path))


def codes(tree: Tree, level: int = 2) -> list[str]:
    return sorted(map(str, tree.members[level].codes))


def mended(found: list[Finding], kind: str) -> Finding:
    """The one finding of a kind that was answered."""
    said = one(found, kind)
    assert said.severity == "warning"
    assert "。已恢复：" in said.zh
    assert ". Recovered: " in said.en
    return said


def stands(tree: Tree) -> bool:
    return not kinds(judge_codes(tree))


RIGHT = sorted(row["properties"]["code"] for row in grids())


def test_without_defects_the_tree_and_the_findings_are_the_same(tmp_path: Path) -> None:
    tree, findings = rows_of(write_city(tmp_path))
    again, told = recovered(tree, findings)
    assert again is tree
    assert told == findings == []


# -- words -------------------------------------------------------------------------------------------------------------
def test_the_code_stands_in_for_a_damaged_name(tmp_path: Path) -> None:
    tree, told = recover(tmp_path, lambda rows: rows[0]["properties"].update(name="西湖??"))
    assert "the code stands in for the name" in mended(told, "text_damaged").en
    assert tree.members[2].names[0] == ""
    assert stands(tree)


def test_mojibake_that_can_be_undone_for_sure_is_restored(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for row in rows:
            row["properties"]["name"] = row["properties"]["name"].encode("gb18030").decode("latin-1")

    tree, told = recover(tmp_path, spoil)
    assert "encoding = GBK" in mended(told, "text_damaged").en
    assert tree.members[2].names.tolist() == [row["properties"]["name"] for row in grids()]


def test_mojibake_that_has_lost_letters_is_left_to_the_codes(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for at, row in enumerate(rows):
            row["properties"]["name"] = row["properties"]["name"].encode("gb18030").decode("latin-1") + "?" * 2 * (
                at == 3
            )

    tree, told = recover(tmp_path, spoil)
    mended(told, "text_damaged")
    assert set(tree.members[2].names) == {""}


def test_a_damaged_name_of_the_parent_is_not_used(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for row in rows:
            row["properties"]["belongs"] = ""
        rows[2]["properties"]["belongs"] = "社\ufffd1"

    tree, told = recover(tmp_path, spoil, grid=NAMED)
    assert "parent's name is not used" in mended(told, "text_damaged").en
    assert "parent_name" not in kinds(judge_codes(tree), "warning")


def test_a_damaged_kind_stays_an_error(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[0]["properties"]["kind"] = "专??"

    _, told = recover(tmp_path, spoil, grid=NAMED.replace('parent_name = "belongs"', 'kind = "kind"'))
    assert {"kind_unknown", "text_damaged"} <= kinds(told)


# -- shapes ------------------------------------------------------------------------------------------------------------
def test_a_ring_that_crosses_itself_is_made_valid_with_its_m2(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        bow = shapely.Polygon([(117.0, 36.6), (117.01, 36.61), (117.01, 36.6), (117.0, 36.61)])
        rows[0]["geometry"] = feature(bow)["geometry"]

    tree, told = recover(tmp_path, spoil)
    said = mended(told, "ring_invalid")
    assert said.place == pytest.approx((117.005, 36.605))
    halves = [shapely.Polygon([(x, 36.6), (x, 36.61), (117.005, 36.605)]) for x in (117.0, 117.01)]
    assert shapely.equals(tree.members[2].shapes[0], shapely.union_all(halves))
    m2 = area_m2(np.asarray(halves, dtype=object)).sum()
    assert f"to {m2:,.2f} m²" in said.en


def test_a_grid_without_geometry_is_set_aside_and_an_area_is_kept_for_its_grids(tmp_path: Path) -> None:
    def bare(at: int) -> Callable[[list[Feature]], None]:
        return lambda rows: rows[at].update(geometry=None)

    tree, told = recover(tmp_path, bare(0))
    assert "set aside" in mended(told, "geometry_empty").en
    assert codes(tree) == RIGHT[1:]
    tree, told = recover(tmp_path, areas=bare(0))
    assert "the 4 of level grid that name it" in mended(told, "geometry_empty").en
    assert codes(tree, 1) == list(COMMUNITIES)
    assert stands(tree)


def test_an_area_without_geometry_that_nothing_names_is_left_out(tmp_path: Path) -> None:
    def more(rows: list[Feature]) -> None:
        rows.append(feature(None, code="379901001003", name="空社区"))

    tree, told = recover(tmp_path, areas=more)
    assert "no grid names it" in mended(told, "geometry_empty").en
    assert codes(tree, 1) == list(COMMUNITIES)


def test_an_area_whose_grids_were_all_set_aside_is_left_out(tmp_path: Path) -> None:
    def more(rows: list[Feature]) -> None:
        rows.append(feature(None, code="379901001003001", name="空", parent="379901001003"))

    tree, told = recover(
        tmp_path, more, areas=lambda rows: rows.append(feature(None, code="379901001003", name="空社区"))
    )
    assert {each.severity for each in told} == {"warning"}
    assert codes(tree, 1) == list(COMMUNITIES)
    assert codes(tree) == RIGHT


def test_what_may_not_be_mended_stays_an_error(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        moved(rows[0], lambda ring: ring + 900)

    tree, told = recover(tmp_path, spoil)
    assert kinds(told) == {"coordinates_out_of_range"}
    assert codes(tree) == RIGHT


# -- codes -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "code_blank"),
        ("37990100100199", "code_length"),
        ("379901001009001", "code_not_nested"),
        ("379901001001000", "code_reserved"),
    ],
)
def test_a_code_that_cannot_stand_is_numbered_anew_and_the_old_one_told(tmp_path: Path, value: str, kind: str) -> None:
    tree, told = recover(tmp_path, lambda rows: rows[0]["properties"].update(code=value))
    new = COMMUNITIES[0] + "005"
    said = mended(told, kind)
    assert f"row 1 becomes {new}" in said.en
    assert not value or f"(was {value})" in said.en
    assert codes(tree) == sorted([*RIGHT[1:], new])
    assert stands(tree)


def test_a_code_that_begins_with_another_area_takes_that_as_its_parent(tmp_path: Path) -> None:
    code = COMMUNITIES[1] + "009"
    tree, told = recover(tmp_path, lambda rows: rows[0]["properties"].update(code=code))
    assert f"the parent becomes {COMMUNITIES[1]}" in mended(told, "code_not_nested").en
    assert tree.members[2].parents[0] == COMMUNITIES[1]
    assert stands(tree)


def test_of_two_grids_with_one_code_the_larger_keeps_it(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[1]["properties"]["code"] = rows[0]["properties"]["code"]
        rows[0]["geometry"] = feature(square(0, 0, 0.5))["geometry"]

    tree, told = recover(tmp_path, spoil)
    said = mended(told, "code_duplicate")
    assert said.rows == (1, 2)
    assert "row 2 is the largest" in said.en
    assert f"row 1 becomes {COMMUNITIES[0]}005 (was {COMMUNITIES[0]}001)" in said.en
    assert tree.members[2].codes[:2].tolist() == [COMMUNITIES[0] + "005", COMMUNITIES[0] + "001"]
    assert stands(tree)


def test_two_rows_of_one_code_and_ground_that_are_called_otherwise_are_folded(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows.append(json.loads(json.dumps(rows[0])))
        rows[-1]["properties"]["name"] = ""

    tree, told = recover(tmp_path, spoil)
    assert "row 9 (—) is the same ground" in mended(told, "code_duplicate").en
    assert codes(tree) == RIGHT
    assert tree.members[2].names[0] == "网格00"


def test_of_two_areas_with_one_code_the_larger_keeps_it_and_its_grids(tmp_path: Path) -> None:
    def more(rows: list[Feature]) -> None:
        rows.insert(0, feature(square(9, 9), code=COMMUNITIES[0], name="又一社区"))

    tree, told = recover(tmp_path, areas=more)
    said = mended(told, "code_duplicate")
    assert "row 2 is the largest" in said.en
    (new,) = set(codes(tree, 1)) - set(COMMUNITIES)
    assert f"row 1 becomes {new} (was {COMMUNITIES[0]})" in said.en
    assert tree.members[1].names[0] == "又一社区"
    assert set(tree.members[2].parents) == set(COMMUNITIES)
    assert stands(tree)


# -- levels and parents ------------------------------------------------------------------------------------------------
def test_a_grid_among_the_communities_is_set_aside_for_its_twin(tmp_path: Path) -> None:
    for code in ("", RIGHT[0]):
        tree, told = recover(
            tmp_path, areas=lambda rows, code=code: rows.append(feature(square(0, 0), code=code, name="网格00"))
        )
        assert f"its ground is that of grid {RIGHT[0]}" in mended(told, "level_mixed").en
        assert codes(tree, 1) == list(COMMUNITIES)
        assert stands(tree)


def test_a_grid_among_the_communities_without_a_twin_stays_an_error(tmp_path: Path) -> None:
    tree, _ = recover(tmp_path, areas=lambda rows: rows.append(feature(square(9, 9), code=RIGHT[0][:-1] + "9")))
    assert kinds(judge_codes(tree)) == {"level_mixed"}


def test_an_area_that_rows_name_and_nobody_drew_is_made_with_their_ground(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for row in rows:
            row["properties"]["belongs"] = "社区1" if row["properties"]["parent"] == COMMUNITIES[1] else ""

    tree, told = recover(tmp_path, spoil, areas=lambda rows: rows.pop() and None, grid=NAMED)
    said = one(told, "area_made")
    assert said.codes == (COMMUNITIES[1],)
    assert said.area_m2 == pytest.approx(4 * 993_000, rel=0.01)
    assert {each.severity for each in told} == {"warning"}
    assert tree.members[1].names.tolist() == ["社区0", "社区1"]
    assert stands(tree)


def test_a_grid_that_nothing_gives_a_parent_is_set_aside_with_its_m2(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows.append(feature(square(9, 9), code="", name="", parent=""))

    tree, told = recover(tmp_path, spoil)
    said = mended(told, "parent_blank")
    assert said.area_m2 == pytest.approx(992_000, rel=0.01)
    assert codes(tree) == RIGHT
