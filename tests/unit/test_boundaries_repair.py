"""What ``--repair`` mends in files, what it decides by authority, and what it refuses; each with its ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from geo.boundaries import importing, ledgers
from geo.boundaries.importing import Prepared
from geo.boundaries.repairs import Repair, repair_of
from geo.boundaries.sources import read_sources
from geo.errors import Refused
from geo.space.mending import KINDS, Limits
from tests.made_files import COMMUNITIES, Feature, feature, kinds, moved, one, square, write, write_city

METRE = 1 / 111_319.49


def repaired(path: Path, repair: Repair | None = None) -> Prepared:
    return importing.prepare(read_sources(path), None, repair=repair or Repair())


def east_side(by_m: float) -> object:
    """Spoil the first grid: its east side moves so many metres to the east."""

    def spoil(rows: list[Feature]) -> None:
        def change(ring):  # type: ignore[no-untyped-def]
            ring[ring[:, 0] > 117.005, 0] += by_m * METRE
            return ring

        moved(rows[0], change)

    return spoil


def test_a_thin_gap_goes_to_the_grid_with_the_longest_border_and_is_listed(tmp_path: Path) -> None:
    path = write_city(tmp_path, east_side(-0.8))  # type: ignore[arg-type]
    assert importing.prepare(read_sources(path), None).is_refused
    done = repaired(path)
    assert kinds(done.findings) == set()
    (entry,) = [entry for entry in done.ledger if entry.kind == "gap"]
    assert (entry.lost.called, entry.got.level) == ("—", "grid")
    assert entry.width_m == pytest.approx(0.8 * 0.803, abs=0.02)  # a degree of longitude at 36.6° north
    assert entry.area_m2 == pytest.approx(entry.width_m * 1110, rel=0.02)
    assert done.origin["repair"]["totals"][0]["kind"] == "gap"


def test_a_thin_overlap_goes_to_the_smaller(tmp_path: Path) -> None:
    done = repaired(write_city(tmp_path, east_side(0.8)))  # type: ignore[arg-type]
    assert kinds(done.findings) == set()
    (entry,) = [entry for entry in done.ledger if entry.kind == "overlap"]
    assert (entry.lost.code, entry.got.code) == (COMMUNITIES[0] + "001", COMMUNITIES[0] + "002")
    assert (entry.lost.rows, entry.got.rows) == ((1,), (2,))


def test_a_wide_gap_is_never_given_to_a_neighbour_but_becomes_fallback_ground(tmp_path: Path) -> None:
    done = repaired(write_city(tmp_path, east_side(-40)))  # type: ignore[arg-type]
    assert kinds(done.findings) == set()
    assert one(done.findings, "ground_unassigned").codes == (COMMUNITIES[0], COMMUNITIES[0] + "000")
    assert done.ledger == []


def test_a_wide_overlap_is_refused_with_its_place(tmp_path: Path) -> None:
    done = repaired(write_city(tmp_path, east_side(40)))  # type: ignore[arg-type]
    assert done.is_refused
    found = one(done.findings, "overlap")
    assert found.codes == (COMMUNITIES[0] + "001", COMMUNITIES[0] + "002")
    assert found.where is not None


def test_the_limits_are_what_is_said(tmp_path: Path) -> None:
    path = write_city(tmp_path, east_side(0.8))  # type: ignore[arg-type]
    assert repaired(path, Repair(Limits(0.5, 1000))).is_refused
    assert repaired(path, Repair(Limits(2, 500))).is_refused
    assert not repaired(path, Repair(Limits(0.7, 800))).is_refused


@pytest.mark.parametrize("text", [("--mend-width", 0.0, 1000.0), ("--mend-area", 2.0, float("nan"))])
def test_a_limit_that_is_none_is_refused(text: tuple[str, float, float]) -> None:
    with pytest.raises(Refused, match=text[0]):
        repair_of(text[1], text[2], [])


def test_an_authority_that_is_no_level_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="its levels are city, community, grid"):
        repaired(write_city(tmp_path), Repair(authority=("comunity",)))


def astray(rows: list[Feature]) -> None:
    """A grid of the first community that reaches 40 m into the second, whose grids make room for it."""
    for at, sign in ((1, 1), (2, 1)):

        def change(ring, sign=sign):  # type: ignore[no-untyped-def]
            ring[abs(ring[:, 0] - 117.02) < 1e-6, 0] += sign * 40 * METRE
            return ring

        moved(rows[at], change)


def test_by_default_the_grids_decide_where_communities_end(tmp_path: Path) -> None:
    path = write_city(tmp_path, astray)
    assert kinds(importing.prepare(read_sources(path), None).findings) == {"outside_parent"}
    done = repaired(path)
    assert kinds(done.findings) == set()
    (entry,) = done.ledger
    assert (entry.kind, entry.lost.code, entry.got.code) == ("authority", COMMUNITIES[1], COMMUNITIES[0])
    assert entry.area_m2 == pytest.approx(40 * 0.803 * 1110, rel=0.02)


def test_by_authority_the_community_keeps_its_border(tmp_path: Path) -> None:
    done = repaired(write_city(tmp_path, astray), Repair(authority=("community", "grid")))
    assert kinds(done.findings) == set()
    (entry,) = done.ledger
    assert (entry.kind, entry.lost.code, entry.got.code) == ("cut", COMMUNITIES[0] + "002", COMMUNITIES[1])
    assert one(done.findings, "ground_unassigned").codes[0] == COMMUNITIES[1], "ground that no grid has now"


def test_a_grid_drawn_inside_another_is_cut_out_of_it(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        inner = square(0.3, 0.3, 0.4, 0.4)
        rows.append(feature(inner, code=COMMUNITIES[0] + "009", name="商场", parent=COMMUNITIES[0]))

    done = repaired(write_city(tmp_path, spoil))
    assert kinds(done.findings) == set()
    (entry,) = done.ledger
    assert (entry.kind, entry.lost.code[-3:], entry.got.code[-3:]) == ("nested", "001", "009")


def test_a_grid_covered_by_smaller_ones_is_left_without_ground_and_refused(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for at, column in enumerate((0, 0.4, 0.8)):
            inner = square(column, 0, 0.4 if column < 0.8 else 0.2, 1)
            rows.append(feature(inner, code=f"{COMMUNITIES[0]}00{at + 7}", name="楼", parent=COMMUNITIES[0]))

    done = repaired(write_city(tmp_path, spoil))
    assert one(done.findings, "grid_without_ground").codes == (COMMUNITIES[0] + "001",)


def test_ground_of_an_area_outside_a_city_that_declares_no_outline_is_named_and_not_uncovered(tmp_path: Path) -> None:
    path = write_city(tmp_path, east_side(-0.8))  # type: ignore[arg-type]
    text = path.read_text(encoding="utf-8").replace(
        '{ key = "community"', '{ key = "district", zh = "区", en = "District", digits = 6 },\n  { key = "community"'
    )
    district = shapely.box(117.0, 36.6, 117.03, 36.62)

    write(tmp_path / "districts.geojson", [feature(shapely.transform(district, lambda xy: xy.round(8)), code="379901")])
    layer = '[[layer]]\nfile = "districts.geojson"\nlevel = "district"\ndatum = "wgs84"\ncode = "code"\n\n[[layer]]'
    path.write_text(text.replace("[[layer]]", layer, 1), encoding="utf-8")
    done = repaired(path)
    assert kinds(done.findings) == set()
    assert not [found for found in done.findings if found.kind == "ground_unassigned"], "the grids make the ground"
    grown = [entry for entry in done.ledger if entry.kind == "authority" and entry.got.level == "district"]
    assert [entry.lost.called for entry in grown] == ["—"]


def test_files_that_divide_are_not_touched(tmp_path: Path) -> None:
    plain, leave = importing.prepare(read_sources(write_city(tmp_path)), None), repaired(write_city(tmp_path))
    assert leave.ledger == []
    assert leave.findings == plain.findings
    same = zip(plain.judgement.division.leaf_shapes, leave.judgement.division.leaf_shapes, strict=True)
    assert all(a.equals_exact(b, 0) for a, b in same)
    assert "repair" not in leave.origin


def test_every_kind_of_mend_has_words_and_a_row_in_the_docs() -> None:
    assert list(ledgers.WORDS) == list(KINDS)
    text = (Path(__file__).parents[2] / "docs/boundaries.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"| `{kind}` |" not in text] == []


def test_the_ledger_is_a_table_json_and_a_geojson_layer(tmp_path: Path) -> None:
    from rich.console import Console

    done = repaired(write_city(tmp_path, east_side(-0.8)))  # type: ignore[arg-type]
    document = ledgers.documents(done.ledger, Limits())
    assert document["limits"] == {"width_m": 2.0, "area_m2": 1000.0}
    assert [row["count"] for row in document["totals"]] == [1]
    (mend,) = document["mends"]
    assert shapely.covers(done.ledger[0].where, shapely.Point(mend["lon"], mend["lat"]))
    layer = ledgers.feature_collection(done.ledger)
    assert layer["features"][0]["geometry"]["type"] == "Polygon"
    console = Console(record=True, width=160)
    console.print(ledgers.table(done.ledger, 1))
    console.print(ledgers.totals_table(done.ledger))
    text = console.export_text()
    assert "gap" in text
    assert mend["to"]["code"] in text


def test_a_finding_with_many_parties_shows_the_first_and_counts_the_others() -> None:
    from rich.console import Console

    from geo.boundaries.findings import Finding, table

    many = Finding("hairline", "细", "hair", rows=tuple(range(1, 214)), codes=tuple(f"C{at}" for at in range(213)))
    console = Console(record=True, width=200)
    console.print(table([many]))
    text = console.export_text()
    assert "8 … +205" in text
    assert "C9" not in text
