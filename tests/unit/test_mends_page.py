"""What the page of mends is made of: every mend and finding with its ground, and a division drawn even if broken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given

from geo.boundaries.ledgers import WORDS
from geo.boundaries.repairs import Repair, repair_of
from geo.crs import area_m2
from geo.space.mending import KINDS
from maps import mends
from maps.page import LANGUAGES, words
from tests.cities import cities
from tests.made_files import Feature
from tests.mended_files import narrow, overlapping, prepared, told


def grounds(told: dict, kind: str) -> list[np.ndarray]:
    return [np.cumsum(np.reshape(path, (-1, 2)), axis=0) / 1e8 for path in told[kind]]


@given(cities())
def test_ground_arrives_to_the_last_step_of_the_lattice(city) -> None:  # type: ignore[no-untyped-def]
    for shape in city.shapes:
        arrived = grounds(json.loads(json.dumps(mends.drawn(shape))), "rings")
        sent = [np.asarray(ring.coords) for ring in shapely.get_rings(shapely.get_parts(shape))]
        assert all(np.array_equal(a, b) for a, b in zip(arrived, sent, strict=True))


@pytest.mark.parametrize(
    ("wkt", "kind", "paths"),
    [
        ("POINT (1 2)", "points", 1),
        ("MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", "lines", 2),
        ("GEOMETRYCOLLECTION (POINT (9 9), GEOMETRYCOLLECTION (POLYGON ((0 0, 4 0, 4 4, 0 0))))", "rings", 1),
        ("POLYGON ((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1))", "rings", 2),
    ],
)
def test_of_mixed_ground_the_widest_kind_is_drawn(wkt: str, kind: str, paths: int) -> None:
    told = mends.drawn(shapely.from_wkt(wkt))
    assert told is not None
    assert list(told) == [kind]
    assert len(told[kind]) == paths


def test_what_has_no_ground_is_drawn_as_nothing() -> None:
    assert mends.drawn(None) is None
    assert mends.drawn(shapely.Polygon()) is None


def test_every_mend_is_listed_with_both_names_rows_file_and_ground_larger_first(tmp_path: Path) -> None:
    found = prepared(tmp_path)
    listed = mends.mends(found)
    assert len(listed) == len(found.ledger) == 2
    assert [one["area_m2"] for one in listed] == sorted((one["area_m2"] for one in listed), reverse=True)
    for one in listed:
        rings = [shapely.Polygon(ring) for ring in grounds(one["ground"], "rings")]
        assert area_m2(np.asarray([rings[0]], dtype=object))[0] == pytest.approx(one["area_m2"], rel=1e-3)
        assert rings[0].buffer(1e-9).contains(shapely.Point(one["lon"], one["lat"]))
    gap = next(one for one in listed if one["kind"] == "gap")
    assert gap["from"] is None
    assert gap["to"] == {
        "level": "grid", "code": "379901001001001", "name": "网格00", "rows": [1], "file": "grids.geojson",
    }  # fmt: skip


def test_ground_that_went_nowhere_is_not_counted_as_moved() -> None:
    assert set(mends.NO_MOVE) <= set(KINDS)
    assert all("outside" in KINDS[kind] or "fallback" in KINDS[kind] for kind in mends.NO_MOVE)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", [*KINDS, "error", "warning", "info"])
def test_every_kind_has_its_word_and_its_look(kind: str, lang: str) -> None:
    assert words(lang)[f"mends.kind.{kind}"]
    assert kind not in KINDS or words(lang)[f"mends.letter.{kind}"]
    looks = (Path(mends.__file__).parent / "static/js/mend-kinds.js").read_text(encoding="utf-8")
    assert f"  {kind}: {{ colour" in looks


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_two_kinds_share_a_letter(lang: str) -> None:
    assert len({words(lang)[f"mends.letter.{kind}"] for kind in WORDS}) == len(WORDS)


def test_a_division_that_stands_is_drawn_with_its_borders_by_level(tmp_path: Path) -> None:
    division = prepared(tmp_path, lambda _: None).judgement.division
    drawn = mends.ground(division)
    assert len(drawn["objects"]["grids"]["geometries"]) == 8
    assert [one["properties"]["level"] for one in drawn["objects"]["borders"]["geometries"]] == [0, 1, 2]


def test_a_division_that_is_refused_is_drawn_all_the_same(tmp_path: Path) -> None:
    def over_one_another(rows: list[Feature]) -> None:
        rows[1]["geometry"] = rows[0]["geometry"]

    found = prepared(tmp_path, over_one_another, None)
    assert found.is_refused
    drawn = mends.ground(found.judgement.division)
    assert len(drawn["objects"]["grids"]["geometries"]) >= 8
    assert all(rings["arcs"] for rings in drawn["objects"]["grids"]["geometries"])


def test_an_error_keeps_no_mend_from_the_page(tmp_path: Path) -> None:
    found = prepared(tmp_path, overlapping)
    assert found.is_refused
    boot = mends._boot(found, told(found))
    assert boot["mends"]
    assert boot["findings"][0]["severity"] == "error"
    assert boot["findings"][0]["title"]["zh"] == "重叠"


def test_a_file_of_which_no_row_has_ground_is_a_page_of_findings(tmp_path: Path) -> None:
    def groundless(rows: list[Feature]) -> None:
        for row in rows:
            row["geometry"] = None

    found = prepared(tmp_path, groundless, None)
    boot = mends._boot(found, told(found))
    assert boot["repair"] is None
    assert len(boot["findings"]) >= 8
    json.dumps(boot, allow_nan=False)


def test_limits_and_the_whole_order_of_authority_are_told(tmp_path: Path) -> None:
    boot = mends._boot(found := prepared(tmp_path, narrow, repair_of(1.5, 500.0, ["community"])), told(found))
    assert boot["repair"] == {"width_m": 1.5, "area_m2": 500.0, "authority": ["community", "grid"]}
    assert mends._leave(Repair(), ["city", "community", "grid"])["authority"] == ["grid", "community"]  # type: ignore[index]
    json.dumps(boot, allow_nan=False)
