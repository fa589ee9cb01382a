"""Rows with any defects that may be mended stand once recovered, in any order, and a second time changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries.nesting import Tree, judge_codes
from geo.boundaries.recovering import recovered
from tests.made_files import (
    COMMUNITIES,
    Feature,
    communities,
    feature,
    grids,
    kinds,
    rows_of,
    square,
    write,
    write_city,
)


def _set(**values: str) -> Callable[[list[Feature], int], None]:
    return lambda rows, at: rows[at]["properties"].update(values)


def _bare(rows: list[Feature], at: int) -> None:
    rows[at]["geometry"] = None


def _cross(rows: list[Feature], at: int) -> None:
    if rows[at]["geometry"]:
        west, south, east, north = shapely.from_geojson(json.dumps(rows[at]["geometry"])).bounds
        rows[at]["geometry"] = feature(shapely.Polygon([(west, south), (east, north), (east, south), (west, north)]))[
            "geometry"
        ]


def _take_code(rows: list[Feature], at: int) -> None:
    rows[at]["properties"]["code"] = rows[(at + 3) % 8]["properties"]["code"]


def _again(rows: list[Feature], at: int) -> None:
    rows.append(json.loads(json.dumps(rows[at])))


def _again_renamed(rows: list[Feature], at: int) -> None:
    _again(rows, at)
    rows[-1]["properties"]["name"] = "别名"


DEFECTS: list[Callable[[list[Feature], int], None]] = [
    _set(code=""),
    _set(code="37990100100199"),
    _set(code="379901009001001"),
    _set(code=COMMUNITIES[0] + "000"),
    _set(code=COMMUNITIES[1] + "077"),
    _set(parent=""),
    _set(parent="379901001077"),
    _set(parent="379901001088", code="379901001088001"),
    _set(parent=COMMUNITIES[1]),
    _set(name=""),
    _set(name="西湖??"),
    _set(parent="", code=""),
    _bare,
    _cross,
    _take_code,
    _again,
    _again_renamed,
]
AREAS: list[Callable[[list[Feature]], None]] = [
    lambda rows: None,
    lambda rows: rows[0].update(geometry=None),
    lambda rows: rows.pop(0) and None,
    lambda rows: rows.append(
        feature(square(3, 1), code="", name="网格31")
    ),  # the twin of the row that is never spoiled
    lambda rows: rows.append(feature(square(7, 7), code=COMMUNITIES[0], name="另一社区")),
    lambda rows: rows.append(feature(None, code="379901001003", name="空社区")),
]


def stood(tree: Tree) -> list[list[tuple[str, ...]]]:
    """What each level holds, whatever the order of its rows."""
    return [
        sorted(
            (str(code), str(name), str(parent), "" if shape is None else shapely.normalize(shape).wkt)
            for code, name, parent, shape in zip(m.codes, m.names, m.parents, m.shapes, strict=True)
        )
        for m in tree.members.values()
    ]


@settings(max_examples=60)
@given(st.data())
def test_rows_with_any_defects_that_may_be_mended_stand_and_recovering_again_changes_nothing(
    data: st.DataObject,
) -> None:
    rows, low = grids(), communities()
    for spoil in data.draw(st.lists(st.sampled_from(DEFECTS), min_size=1, max_size=6)):
        spoil(rows, data.draw(st.integers(0, 6)))
    data.draw(st.sampled_from(AREAS))(low)
    order = data.draw(st.permutations(range(len(rows))))
    with TemporaryDirectory() as folder:
        path = write_city(Path(folder))
        write(Path(folder) / "communities.geojson", low)
        write(Path(folder) / "grids.geojson", rows)
        before, findings = rows_of(path)
        write(Path(folder) / "grids.geojson", [rows[at] for at in order])
        turned, _ = recovered(*rows_of(path))
    tree, told = recovered(before, findings)
    assert kinds(told) == set(), "every error of the rows is answered"
    assert kinds(judge_codes(tree)) == set()
    lost = {(each.kind, each.file, each.rows) for each in findings} - {
        (each.kind, each.file, each.rows) for each in told
    }
    assert lost == set(), "no finding is dropped"
    again, told_again = recovered(tree, told)
    assert again is tree
    assert told_again == told
    assert stood(turned) == stood(tree)
    ground = [shape for shape in before.members[2].shapes if shape is not None]
    kept = sum(shape is not None for shape in tree.members[2].shapes)
    aside = sum("set aside" in each.en or "folded" in each.en for each in told if each.level == "grid")
    assert kept >= len(ground) - aside, "no grid with ground is lost without a word"
    assert np.unique(tree.members[2].codes.astype(str)).size == len(tree.members[2])


def test_a_grid_among_the_areas_whose_twin_has_no_ground_stays_an_error(tmp_path: Path) -> None:
    path = write_city(tmp_path, lambda rows: _bare(rows, 0))
    write(tmp_path / "communities.geojson", [*communities(), feature(square(0, 0), code="", name="网格00")])
    tree, told = recovered(*rows_of(path))
    assert {each.kind for each in judge_codes(tree)} == {"code_blank"}, "nothing tells that it is no community"
    assert [each.severity for each in told if each.kind == "geometry_empty"] == ["warning"]


def test_every_answer_is_in_both_languages(tmp_path: Path) -> None:
    def spoil(rows: list[Feature]) -> None:
        for at, change in enumerate(DEFECTS[:8]):
            change(rows, at)

    _, told = recovered(*rows_of(write_city(tmp_path, spoil)))
    done = [each for each in told if "Recovered" in each.en]
    assert done
    assert all("已恢复" in each.zh for each in done)
