"""Every defect is found and named, and nothing is said of what is right."""

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

from geo.boundaries import findings
from geo.boundaries.checking import judge_division
from geo.boundaries.findings import KINDS, Finding
from geo.boundaries.texts import mojibake
from geo.names import plain_name
from tests import cities
from tests.made_files import (
    CITY,
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


def test_a_clean_city_has_no_finding_but_its_unverified_datum_and_is_proved(tmp_path: Path) -> None:
    prepared = prepare(write_city(tmp_path))
    assert [found.kind for found in prepared.findings] == ["datum_unverifiable"]
    assert prepared.ground()["named"] == 8
    assert judge_division(prepared.judgement.division, prepared.city) == []


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    right = prepare(write_city(tmp_path)).judgement.division
    turned = prepare(write_city(tmp_path, lambda rows: rows.reverse())).judgement.division
    assert turned.leaf_codes.tolist() == right.leaf_codes.tolist()
    assert shapely.equals(turned.leaf_shapes, right.leaf_shapes).all()


def test_a_grid_missing_becomes_fallback_ground_and_is_told(tmp_path: Path) -> None:
    prepared = prepare(write_city(tmp_path, lambda rows: rows.pop(0) and None))
    assert not prepared.is_refused
    said = one(prepared.findings, "ground_unassigned")
    assert said.codes == (COMMUNITIES[0], COMMUNITIES[0] + "000")
    assert said.area_m2 == pytest.approx(993_000, rel=0.01)


def test_a_code_given_twice_is_an_error_with_both_rows(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[1]["properties"]["code"] = rows[0]["properties"]["code"]

    assert one(prepare(write_city(tmp_path, spoil)).findings, "code_duplicate").rows == (1, 2)


def test_rows_of_one_area_are_joined_as_its_parts_and_said_so(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[5]["properties"] |= {key: rows[0]["properties"][key] for key in ("code", "name")}

    prepared = prepare(write_city(tmp_path, spoil))
    assert not prepared.is_refused
    assert one(prepared.findings, "parts_joined").rows == (1, 6)
    assert shapely.get_num_geometries(prepared.judgement.division.leaf_shapes[0]) == 2, "they meet in a corner only"
    assert len(prepared.judgement.division.leaf_codes) == 7


def test_overlapping_rows_of_one_code_are_no_parts(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows.append(json.loads(json.dumps(rows[0])))
        moved(rows[-1], lambda ring: np.where(ring == 117.01, 117.009, ring))

    said = one(prepare(write_city(tmp_path, spoil)).findings, "code_duplicate")
    assert "overlap" in said.en


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "code_blank"),
        ("37990100100199", "code_length"),
        ("379901001009001", "code_not_nested"),
        ("379901001001000", "code_reserved"),
        ("379901001001", "level_mixed"),
    ],
)
def test_a_wrong_code_is_found_and_named_by_row(tmp_path: Path, value: str, kind: str) -> None:
    found = prepare(write_city(tmp_path, lambda rows: rows[0]["properties"].update(code=value))).findings
    assert one(found, kind).rows == (1,)


@pytest.mark.parametrize(("value", "kind"), [("", "parent_blank"), ("379901001077", "parent_unknown")])
def test_a_wrong_parent_that_nothing_finds_is_named_by_row(tmp_path: Path, value: str, kind: str) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[6]["properties"] |= {"parent": value, "code": "379901001077009"}
        moved(rows[6], lambda ring: ring + 0.1)

    assert one(prepare(write_city(tmp_path, spoil)).findings, kind).rows == (7,)


def test_a_grid_in_the_layer_of_communities_is_named_by_its_ground(tmp_path: Path) -> None:
    path = write_city(tmp_path)
    write(tmp_path / "communities.geojson", [*communities(), feature(square(0, 0), code="", name="网格00")])
    said = one(prepare(path).findings, "level_mixed")
    assert said.rows == (3,)
    assert said.codes[1] == COMMUNITIES[0] + "001"


def test_an_overlap_is_measured_and_names_both(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        wider = shapely.box(117.0, 36.6, 117.015, 36.61)
        rows[0]["geometry"] = json.loads(shapely.to_geojson(wider))

    said = one(prepare(write_city(tmp_path, spoil)).findings, "overlap")
    assert set(said.rows) == {1, 2}
    assert said.area_m2 == pytest.approx(993_000 / 2, rel=0.01)


def test_a_thin_gap_is_an_error_and_a_hairline_is_matched(tmp_path: Path) -> None:
    def narrower(by: float) -> Any:
        def spoil(rows: list[Feature]) -> None:
            moved(rows[0], lambda ring: np.where(ring == 117.01, 117.01 - by, ring))

        return spoil

    gap = one(prepare(write_city(tmp_path, narrower(4e-6))).findings, "gap")
    assert gap.area_m2 == pytest.approx(0.357 * 1110, rel=0.05)
    hair = prepare(write_city(tmp_path, narrower(1e-8)))
    assert not hair.is_refused, hair.findings


def test_ground_outside_the_parent_names_child_and_parent(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[1]["properties"] |= {"parent": COMMUNITIES[1], "code": COMMUNITIES[1] + "009"}

    said = one(prepare(write_city(tmp_path, spoil)).findings, "outside_parent")
    assert said.codes == (COMMUNITIES[1] + "009", COMMUNITIES[1])
    assert said.area_m2 == pytest.approx(993_000, rel=0.01)


def test_damaged_names_are_errors_and_other_columns_warn(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[0]["properties"] |= {"name": "西湖??", "note": "好"}
        rows[1]["properties"]["note"] = "西\ufffd"

    found = [each for each in prepare(write_city(tmp_path, spoil)).findings if each.kind == "text_damaged"]
    assert [(each.rows, each.severity) for each in found] == [((1,), "error"), ((2,), "warning")]


@pytest.mark.parametrize(
    ("write_as", "read_as", "right"),
    [
        ("utf-8", "latin-1", "UTF-8"),
        ("gb18030", "latin-1", "GBK"),
        ("utf-8", "gb18030", "UTF-8"),
    ],
)
def test_mojibake_names_the_encoding_that_would_be_right(write_as: str, read_as: str, right: str) -> None:
    words = ["花园社区第一网格", "仕林社区第二网格", "东山弄社区网格们"]
    wrong = np.asarray([word.encode(write_as).decode(read_as, "ignore") for word in words], dtype=object)
    assert mojibake(wrong) == right
    assert mojibake(np.asarray(words, dtype=object)) is None
    assert mojibake(np.asarray(["Zürich", "São Paulo", "Malmö"], dtype=object)) is None


def test_columns_that_differ_in_case_only_collide(tmp_path: Path) -> None:
    found = prepare(write_city(tmp_path, lambda rows: rows[0]["properties"].update(CODE="x"))).findings
    assert "code is read" in one(found, "columns_collide").en


def test_unknown_kinds_and_blank_names_are_told(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        rows[0]["properties"] |= {"name": "", "kind": "专属"}
        rows[1]["properties"]["kind"] = "奇怪"

    path = write_city(tmp_path, spoil)
    write_sources(tmp_path, grid='datum = "wgs84"\ncode = "code"\nname = "name"\nparent = "parent"\nkind = "kind"\n')
    found = prepare(path).findings
    assert one(found, "name_blank").rows == (1,)
    assert one(found, "kind_unknown").rows == (2,)


def test_parents_are_found_by_name_and_by_code_prefix(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for row in rows:
            row["properties"]["belongs"] = "社区0居委会" if row["properties"]["parent"] == COMMUNITIES[0] else "社区1"

    path = write_city(tmp_path, spoil)
    for lines in ('parent_name = "belongs"\n', ""):
        write_sources(tmp_path, grid=f'datum = "wgs84"\ncode = "code"\nname = "name"\n{lines}')
        assert [found.kind for found in prepare(path).findings] == ["datum_unverifiable"]
    assert plain_name("三墩镇") == plain_name("三墩") == "三墩"


def test_grids_without_code_column_get_numbers_as_a_page_is_read(tmp_path: Path) -> None:
    path = write_city(tmp_path)
    write_sources(tmp_path, grid='datum = "wgs84"\nname = "name"\n')
    prepared = prepare(path)
    assert kinds(prepared.findings, "info") == {"code_new", "datum_unverifiable"}
    division = prepared.judgement.division
    named = dict(zip(division.leaf_codes.tolist(), division.leaf_names.tolist(), strict=True))
    first = [named[f"{COMMUNITIES[0]}{number:03d}"] for number in range(1, 5)]
    assert first == ["网格01", "网格11", "网格00", "网格10"]  # north first, west to east


def test_a_datum_is_taken_off_where_it_was_put_on(tmp_path: Path) -> None:
    from geo.crs import datum_of, from_wgs84

    def shift(rows: list[Feature]) -> None:
        for row in rows:
            moved(row, lambda ring: from_wgs84(ring, datum_of("gcj02")))

    path = write_city(tmp_path, shift)
    right = [shapely.from_geojson(json.dumps(row["geometry"])) for row in grids()]
    write_sources(tmp_path, grid='datum = "gcj02"\ncode = "code"\nname = "name"\nparent = "parent"\n')
    made = prepare(path).judgement.division
    by_code = {row["properties"]["code"]: shape for row, shape in zip(grids(), right, strict=True)}
    for code, shape in zip(made.leaf_codes, made.leaf_shapes, strict=True):
        there = shapely.get_coordinates(by_code[str(code)])  # middles of edges are the communities' nodes
        corners = shapely.MultiPoint(shapely.get_coordinates(shape))
        assert max(shapely.distance(shapely.points(there), corners)) < 2e-8
    plain = prepare(write_sources(tmp_path)).findings
    assert "outside_parent" in kinds(plain), "GCJ-02 read as WGS 84 lies 500 m off"


# -- how findings are told ---------------------------------------------------------------------------------------------
def test_tables_are_cut_and_json_and_geojson_are_not(tmp_path: Path) -> None:
    from io import StringIO

    from rich.console import Console

    many = [Finding("gap", "缝", "gap", rows=(at,), where=shapely.Point(117, 36), area_m2=1.0) for at in range(50)]
    said = StringIO()
    Console(file=said, width=120).print(findings.table(many, limit=10))
    assert "and 40 more" in said.getvalue()
    assert len(findings.documents(many)["findings"]) == 50
    assert findings.documents(many)["kinds"] == [{"severity": "error", "kind": "gap", "count": 50, "area_m2": 50.0}]
    findings.write_geojson(many, tmp_path / "found.geojson")
    layer = json.loads((tmp_path / "found.geojson").read_text(encoding="utf-8"))
    assert len(layer["features"]) == 50
    assert layer["features"][0]["geometry"] == {"type": "Point", "coordinates": [117.0, 36.0]}


def test_every_kind_of_finding_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/boundaries.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


# -- laws --------------------------------------------------------------------------------------------------------------
CITY_LEVELS = """
levels = [
  { key = "city", zh = "市", en = "City", digits = 4 },
  { key = "district", zh = "区", en = "District", digits = 6 },
  { key = "subdistrict", zh = "街道", en = "Subdistrict", digits = 9 },
  { key = "community", zh = "社区", en = "Community", digits = 12 },
  { key = "grid", zh = "网格", en = "Grid", digits = 15 },
]
"""


def _write_made(folder: Path, made: cities.MadeCity, leaves: list[Feature]) -> Path:
    write(folder / "grids.geojson", leaves)
    low = [
        feature(shape, code=str(code), name=f"社区{code}")
        for code, shape in zip(made.community_codes, made.community_shapes, strict=True)
        if not shape.is_empty
    ]
    write(folder / "communities.geojson", low)
    return write_sources(folder, city=CITY_LEVELS)


def _features(made: cities.MadeCity) -> list[Feature]:
    leaves = made.grids()
    return [
        feature(shape, code=str(code), name=str(name), parent=str(parent))
        for code, name, parent, shape in zip(leaves.codes, leaves.names, leaves.parents, leaves.shapes, strict=True)
    ]


@settings(max_examples=15)
@given(cities.cities())
def test_a_clean_random_city_has_no_error_and_keeps_its_partition(made: cities.MadeCity) -> None:
    with TemporaryDirectory() as folder:
        prepared = prepare(_write_made(Path(folder), made, _features(made)))
    assert not prepared.is_refused, prepared.findings
    division = prepared.judgement.division
    there = dict(zip(division.leaf_codes.tolist(), division.leaf_shapes, strict=True))
    for code, shape in zip(made.codes.tolist(), made.shapes, strict=True):
        assert shapely.equals(there[code], shape)
    assert judge_division(division, prepared.city) == [] or not kinds(judge_division(division, prepared.city))


def _shift(row: Feature, _: Feature, by: float = 5e-4) -> None:
    shape = shapely.from_geojson(json.dumps(row["geometry"]))
    row["geometry"] = json.loads(shapely.to_geojson(shapely.transform(shape, lambda xy: xy + by)))


def _turn(row: Feature, _: Feature) -> None:
    shape = shapely.from_geojson(json.dumps(row["geometry"]))
    row["geometry"] = json.loads(shapely.to_geojson(shapely.transform(shape, lambda xy: xy[:, ::-1])))


def _copy_code(row: Feature, other: Feature) -> None:
    row["properties"]["code"] = other["properties"]["code"]


def _blank_code(row: Feature, _: Feature) -> None:
    row["properties"]["code"] = ""


def _lose_parent(row: Feature, _: Feature) -> None:
    row["properties"] |= {"parent": CITY + "99999999", "code": CITY + "99999999001"}
    _shift(row, row, by=1.0)


def _copy_ground(row: Feature, other: Feature) -> None:
    row["geometry"] = other["geometry"]


SPOILERS = {
    _shift: {"overlap", "outside_parent", "outside_outline"},
    _turn: {"latitude_first"},
    _copy_code: {"code_duplicate", "code_not_nested"},
    _blank_code: {"code_blank"},
    _lose_parent: {"parent_unknown"},
    _copy_ground: {"overlap"},
}


@settings(max_examples=30)
@given(cities.cities(), st.sampled_from(list(SPOILERS)), st.data())
def test_any_one_mutation_is_found_and_names_its_row(made: cities.MadeCity, spoil: Any, data: st.DataObject) -> None:
    leaves = _features(made)
    if len(leaves) < 2:
        return
    at, other = data.draw(st.permutations(range(len(leaves))))[:2]
    spoil(leaves[at], leaves[other])
    with TemporaryDirectory() as folder:
        prepared = prepare(_write_made(Path(folder), made, leaves))
    named = [each for each in prepared.findings if each.severity == "error" and each.kind in SPOILERS[spoil]]
    assert prepared.is_refused
    assert any(at + 1 in each.rows for each in named), prepared.findings
