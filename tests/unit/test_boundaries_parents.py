"""A row's parent is found by code, else by name, else by ground; what is doubtful or disagrees is told with shares."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries.findings import Finding
from geo.boundaries.parents import NOTHING, largest_overlap
from geo.errors import Refused
from geo.names import folded
from tests import cities
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
    write_sources,
)

BY_NAME = 'datum = "wgs84"\ncode = "code"\nname = "name"\nparent = "parent"\nparent_name = "belongs"\n'
FREE = """
levels = [
  { key = "city", zh = "市", en = "City" },
  { key = "community", zh = "社区", en = "Community" },
  { key = "grid", zh = "网格", en = "Grid" },
]
"""


def doubtful(found: list[Finding]) -> dict[tuple[int, ...], str]:
    return {each.rows: each.codes[1] for each in found if each.kind == "parent_doubtful"}


# -- names -------------------------------------------------------------------------------------------------------------
DIGITS = "〇一二三四五六七八九"


def spelled(number: int) -> str:
    return "".join(DIGITS[int(one)] for one in str(number))


def counted(number: int) -> str:
    """A number as it is said: 117 = 一百一十七, 107 = 一百零七, 12 = 十二."""
    said, gap = "", False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if not digit:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + DIGITS[digit] + word
        gap = False
    return said.removeprefix("一") if said.startswith("一十") else said


@given(
    st.integers(1, 9999), st.sampled_from(["", "东山", "景"]), st.sampled_from(["社区", "村", "街道", "镇", "居委会"])
)
def test_numerals_fold_to_one_name_however_they_are_written(number: int, before: str, level: str) -> None:
    wide = str(number).translate({ord("0") + at: ord("０") + at for at in range(10)})
    ways = [str(number), spelled(number), counted(number), wide, f" 第 {number} ", f"第{counted(number)}"]
    assert len({folded(f"{before}{way}{level}") for way in ways}) == 1


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_different_numbers_stay_apart(a: int, b: int) -> None:
    assert (folded(f"{spelled(a)}社区") == folded(f"{counted(b)}社区")) == (a == b)


@pytest.mark.parametrize(
    ("one_way", "other_way"),
    [
        ("117社区", "一一七社区"),
        ("三里社区", "3里"),
        ("三墩镇", "三墩"),
        ("第十二居委会", "１２社区"),
        ("八一 村", "81村"),
    ],
)
def test_names_that_differ_in_writing_only_agree(one_way: str, other_way: str) -> None:
    assert folded(one_way) == folded(other_way)


@pytest.mark.parametrize(
    ("a", "b"), [("三里", "四里"), ("百家园", "家园"), ("古北社区", "古荡北区社区"), ("十百千", "千百十")]
)
def test_names_that_differ_stay_apart(a: str, b: str) -> None:
    assert folded(a) != folded(b)


# -- the three ways ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["", "379901001077"])
def test_the_beginning_of_its_code_names_the_parent_of_a_row(tmp_path: Path, value: str) -> None:
    prepared = prepare(write_city(tmp_path, lambda rows: rows[6]["properties"].update(parent=value)))
    assert not prepared.is_refused
    said = one(prepared.findings, "parent_doubtful")
    assert (said.rows, said.codes) == ((7,), (COMMUNITIES[1] + "003", COMMUNITIES[1]))
    assert "100.00%" in said.en


def named(tmp_path: Path, belongs: str, names: tuple[str, str], row: int = 6) -> list[Feature]:
    rows = grids()
    for each in rows:
        each["properties"]["belongs"] = ""
        each["properties"]["code"] = each["properties"]["code"][-3:] + each["properties"]["parent"][-1]
    rows[row]["properties"] |= {"parent": "", "belongs": belongs}
    areas = communities()
    for area, name in zip(areas, names, strict=True):
        area["properties"]["name"] = name
    write(tmp_path / "communities.geojson", areas)
    write(tmp_path / "grids.geojson", rows)
    return rows


def test_a_name_written_otherwise_names_the_parent(tmp_path: Path) -> None:
    named(tmp_path, "第117 社区", ("一一八社区", "一一七社区"))
    prepared = prepare(write_sources(tmp_path, city=FREE, grid=BY_NAME))
    assert not prepared.is_refused
    assert doubtful(prepared.findings) == {(7,): COMMUNITIES[1]}
    assert kinds(prepared.findings, "warning") == {"parent_doubtful"}
    assert "by that name" in one(prepared.findings, "parent_doubtful").en


def test_a_name_that_two_areas_share_leaves_it_to_the_ground(tmp_path: Path) -> None:
    named(tmp_path, "第117", ("一一七村", "117社区"))
    found = prepare(write_sources(tmp_path, city=FREE, grid=BY_NAME)).findings
    assert doubtful(found) == {(7,): COMMUNITIES[1]}
    assert "largest overlap" in one(found, "parent_doubtful").en


def test_a_name_against_the_ground_stands_and_the_disagreement_is_told(tmp_path: Path) -> None:
    named(tmp_path, "一一八社区", ("118社区", "117社区"))
    found = prepare(write_sources(tmp_path, city=FREE, grid=BY_NAME)).findings
    assert doubtful(found) == {(7,): COMMUNITIES[0]}
    said = one(found, "parents_disagree")
    assert said.codes[1:] == COMMUNITIES
    assert said.area_m2 == pytest.approx(993_000, rel=0.01)


def test_a_parent_that_holds_less_than_half_is_told_with_both_shares(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        moved(rows[1], lambda ring: np.add(ring, (0.006, 0)))

    said = one(prepare(write_city(tmp_path, spoil)).findings, "parents_disagree")
    assert said.rows == (2,)
    assert said.severity == "warning"
    assert "40.00%" in said.en
    assert "60.00%" in said.en
    assert said.place is not None
    assert said.place[0] > 117.02


def test_less_than_a_tenth_of_the_ground_tells_no_parent(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[7]["properties"] |= {"parent": "", "code": ""}
        moved(rows[7], lambda ring: np.add(ring, (0.0095, 0)))

    assert one(prepare(write_city(tmp_path, spoil)).findings, "parent_blank").rows == (8,)


def test_a_layer_that_names_no_parents_gets_them_by_its_ground(tmp_path: Path) -> None:
    write_city(tmp_path)
    path = write_sources(tmp_path, city=FREE, grid='datum = "wgs84"\ncode = "code"\nname = "name"\n')
    prepared = prepare(path)
    assert [found.kind for found in prepared.findings] == ["datum_unverifiable"]
    division = prepared.judgement.division
    assert division.leaf_parents.tolist() == [code[:12] for code in division.leaf_codes.tolist()]


def test_a_layer_that_names_no_parents_and_areas_without_ground_are_refused(tmp_path: Path) -> None:
    write_city(tmp_path)
    write(tmp_path / "communities.geojson", [feature(None, code=code, name=code) for code in COMMUNITIES])
    path = write_sources(tmp_path, city=FREE, grid='datum = "wgs84"\ncode = "code"\nname = "name"\n')
    with pytest.raises(Refused, match="nothing says which community"):
        prepare(path)


def test_equal_shares_go_to_the_lowest_code_whatever_the_order() -> None:
    half = np.asarray([square(0.5, 0)], dtype=object)
    areas = np.asarray([square(0, 0), square(1, 0), square(5, 5)], dtype=object)
    at, share = largest_overlap(half, areas, np.asarray([1, 0, 2]))
    assert (at[0], share[0]) == (1, pytest.approx(0.5))
    assert largest_overlap(half, areas[[2]])[0].tolist() == [NOTHING]
    assert largest_overlap(np.asarray([shapely.Polygon()]), areas)[1].tolist() == [0.0]


# -- laws --------------------------------------------------------------------------------------------------------------
@settings(max_examples=20)
@given(cities.cities(), st.data())
def test_a_lost_parent_is_found_again_by_code_and_by_ground(made: cities.MadeCity, data: st.DataObject) -> None:
    """Whatever rows lose theirs and in whatever order: the division is the same, and just those rows are listed."""
    leaves = made.grids()
    lost = data.draw(st.sets(st.integers(0, len(leaves.codes) - 1), min_size=1))
    has_codes = data.draw(st.booleans())
    rows = [
        feature(
            shape,
            code=str(code),
            name=str(code),
            parent=data.draw(st.sampled_from(["", "379999999999"])) if at in lost else str(parent),
        )
        for at, (code, parent, shape) in enumerate(zip(leaves.codes, leaves.parents, leaves.shapes, strict=True))
    ]
    order = data.draw(st.permutations(range(len(rows))))
    areas = [
        feature(shape, code=str(code), name=f"社区{code}")
        for code, shape in zip(made.community_codes, made.community_shapes, strict=True)
        if not shape.is_empty
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder)
        write(path / "communities.geojson", areas)
        write(path / "grids.geojson", [rows[at] for at in order])
        prepared = prepare(write_sources(path, **({} if has_codes else {"city": FREE})))
    assert not prepared.is_refused, prepared.findings
    names_none = not has_codes and not any(row["properties"]["parent"] for row in rows)
    assert {order[each[0] - 1] for each in doubtful(prepared.findings)} == (set() if names_none else lost)
    division = prepared.judgement.division
    parents = dict(zip(division.leaf_codes.tolist(), division.leaf_parents.tolist(), strict=True))
    assert all(parents[str(c)] == str(p) for c, p in zip(leaves.codes, leaves.parents, strict=True))
