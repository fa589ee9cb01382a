"""A GeoPackage of an edition, edited and handed in again: a plan that replaces exactly what was edited."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli import build
from geo import areas, db
from geo.actors import Actor
from geo.crs import snapped
from geo.errors import Misjudged, Refused, Stale, Unknown
from geo.exports import editions as exported
from geo.exports import targets
from geo.plans import drafts, filed, previews, wire
from geo.plans.drafts import Plan
from geo.space.redraw.changes import Merge, Rename, Transfer
from geo.space.redraw.scopes import ReplaceScope
from tests.small_city import COMMUNITIES, publish_small_city

ACTOR = Actor("planner")
FIRST, SECOND = f"{COMMUNITIES[0]}001", f"{COMMUNITIES[0]}002"


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


@pytest.fixture
def rows(city: sa.Connection, tmp_path: Path) -> geopandas.GeoDataFrame:
    """The grids of the edition in force, as its GeoPackage has them."""
    path = tmp_path / "edition.gpkg"
    there = areas.city(city)
    exported.export(
        city, areas.current(city), list(range(len(there.levels))), targets.target_of(path, "EPSG:4326", there)
    )
    return geopandas.read_file(path, layer="grid")


def handed_in(
    connection: sa.Connection, rows: geopandas.GeoDataFrame, path: Path, within: str | None = None
) -> tuple[Plan, ReplaceScope]:
    rows.to_file(path, layer="grid")
    begun = filed.begin(connection, ACTOR, "回交", path, (within, "wgs84"))
    assert begun.plan is not None
    assert begun.made is not None
    (kept,) = drafts.in_effect(drafts.changes_of(connection, begun.plan))
    assert kept == begun.made.change
    assert isinstance(kept, ReplaceScope)
    return begun.plan, kept


def leaves_told(change: ReplaceScope) -> tuple[set[str], set[str]]:
    """Codes that are given and codes that go."""
    return {one.code for one in change.leaves}, set(change.gone or ())


def with_vertex_moved(rows: geopandas.GeoDataFrame, codes: list[str]) -> tuple[geopandas.GeoDataFrame, float]:
    """The rows of some codes with one inner vertex of the border of FIRST and SECOND pulled 60 m north; its degrees."""
    by_code = rows.set_index("code").geometry
    shared = shapely.get_coordinates(shapely.line_merge(by_code[FIRST].intersection(by_code[SECOND])))
    vertex = shared[len(shared) // 2]

    def pulled(xy: np.ndarray) -> np.ndarray:
        return np.where((np.abs(xy - vertex) < 1e-9).all(axis=1)[:, None], xy + np.array([0.0, 6e-4]), xy)

    moved = rows.copy()
    which = moved["code"].isin(codes)
    moved.loc[which, "geometry"] = [shapely.transform(shape, pulled) for shape in moved.geometry[which]]
    return moved, float(vertex[1])


def test_what_a_file_changes_outside_its_scope_is_refused_with_the_place(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, _ = with_vertex_moved(rows, [FIRST, SECOND])
    with pytest.raises(Refused, match=f"{FIRST} lies outside {COMMUNITIES[1]}") as told:
        handed_in(city, moved, tmp_path / "elsewhere.gpkg", COMMUNITIES[1])
    assert told.value.where is not None


def test_a_file_that_was_not_edited_leaves_no_plan(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    for within in (None, COMMUNITIES[0], COMMUNITIES[3]):
        rows.to_file(tmp_path / f"{within}.gpkg", layer="grid")
        begun = filed.begin(city, ACTOR, "回交", tmp_path / f"{within}.gpkg", (within, "wgs84"))
        assert (begun.plan, begun.made) == (None, None)
    assert drafts.listed(city) == []


def test_a_vertex_moved_in_the_file_is_exactly_that_change(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, _ = with_vertex_moved(rows, [FIRST, SECOND])
    plan, made = handed_in(city, moved, tmp_path / "moved.gpkg", COMMUNITIES[0])
    assert leaves_told(made) == ({FIRST, SECOND}, set())
    shown = previews.preview(city, plan)
    assert shown.codes == {FIRST, SECOND}
    wanted = moved.set_geometry(snapped(moved.geometry.to_numpy())).set_index("code").geometry
    for code in (FIRST, SECOND):
        mine = shown.weighed.whole.leaf_shapes[shown.weighed.whole.leaf_codes == code][0]
        assert shapely.equals_exact(shapely.normalize(mine), shapely.normalize(_single(wanted[code])), 0.0)


def _single(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.get_geometry(shape, 0) if shape.geom_type == "MultiPolygon" else shape


def test_names_new_grids_and_grids_left_out_come_in_one_change(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    edited = rows.copy()
    edited.loc[edited["code"] == FIRST, "name"] = "新名网格"
    edited = edited[edited["code"] != SECOND]
    third = edited["code"] == f"{COMMUNITIES[0]}003"
    edited.loc[third, "code"] = f"{COMMUNITIES[0]}009"
    plan, made = handed_in(city, edited, tmp_path / "edited.gpkg", COMMUNITIES[0])
    gone = {SECOND, f"{COMMUNITIES[0]}003"}
    assert leaves_told(made) == ({FIRST, f"{COMMUNITIES[0]}009", f"{COMMUNITIES[0]}000"}, gone)
    shown = previews.preview(city, plan).weighed
    now = set(shown.whole.leaf_codes[shown.difference.appeared].tolist())
    assert now == {f"{COMMUNITIES[0]}009", f"{COMMUNITIES[0]}000"}
    kinds = dict(zip(shown.whole.leaf_codes.tolist(), shown.whole.leaf_kinds.tolist(), strict=True))
    assert (kinds[f"{COMMUNITIES[0]}009"], kinds[f"{COMMUNITIES[0]}000"]) == ("comprehensive", "fallback")
    names = dict(zip(shown.whole.leaf_codes.tolist(), shown.whole.leaf_names.tolist(), strict=True))
    assert names[FIRST] == "新名网格"


def test_grids_without_codes_are_matched_by_their_ground(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, _ = with_vertex_moved(rows, [FIRST, SECOND])
    named = moved[moved["kind"] != "fallback"].drop(columns="code")
    plan, made = handed_in(city, named, tmp_path / "uncoded.gpkg", COMMUNITIES[0])
    assert leaves_told(made) == ({FIRST, SECOND}, set())
    assert previews.preview(city, plan).codes == {FIRST, SECOND}


def test_a_file_with_an_overlap_is_refused_with_the_place(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, south = with_vertex_moved(rows, [FIRST])
    with pytest.raises(Misjudged, match="重叠") as told:
        handed_in(city, moved, tmp_path / "torn.gpkg", COMMUNITIES[0])
    assert told.value.where is not None
    assert {one.kind for one in told.value.findings if one.severity == "error"} == {"overlap"}
    assert all(one.rows for one in told.value.findings if one.kind == "overlap")
    assert abs(shapely.centroid(told.value.where).y - south) < 1e-3
    with pytest.raises(Unknown, match="no file"):
        filed.begin(city, ACTOR, "回交", tmp_path / "none.gpkg", (None, "wgs84"))


def test_a_file_replaces_what_it_changes_and_bears_with_changes_elsewhere_in_its_scope(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, _ = with_vertex_moved(rows, [FIRST, SECOND])
    plan, _ = handed_in(city, moved, tmp_path / "moved.gpkg")
    other = drafts.begin(city, ACTOR, "别处")
    previews.add(city, ACTOR, other, Rename(f"{COMMUNITIES[0]}003", "改名"))
    previews.add(city, ACTOR, other, Merge((f"{COMMUNITIES[2]}001", f"{COMMUNITIES[2]}002")))
    previews.publish(city, ACTOR, other.id)
    shown = previews.preview(city, plan)
    assert shown.codes == {FIRST, SECOND}
    assert previews.publish(city, ACTOR, plan.id)[1].changed == 2


def test_a_file_over_grids_that_others_changed_since_is_stale(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, _ = with_vertex_moved(rows, [FIRST, SECOND])
    plan, _ = handed_in(city, moved, tmp_path / "moved.gpkg")
    other = drafts.begin(city, ACTOR, "同处")
    ring = shapely.point_on_surface(shapely.boundary(rows.set_index("code").geometry[SECOND]))
    previews.add(city, ACTOR, other, Transfer(shapely.buffer(ring, 1e-4), SECOND))
    previews.publish(city, ACTOR, other.id)
    with pytest.raises(Stale, match=SECOND):
        previews.preview(city, plan)


def test_undone_it_is_all_undone_and_done_again_it_is_all_there(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, _ = with_vertex_moved(rows, [FIRST, SECOND])
    plan, change = handed_in(city, moved, tmp_path / "moved.gpkg")
    drafts.undo(city, plan)
    assert previews.preview(city, plan).is_same
    drafts.redo(city, plan)
    assert previews.preview(city, plan).codes == {FIRST, SECOND}
    assert wire.read(wire.written(change)) == change


def test_a_scope_given_whole_is_kept_as_what_differs_and_as_it_is_refused(
    city: sa.Connection, rows: geopandas.GeoDataFrame
) -> None:
    features = rows[rows["parent"] == COMMUNITIES[0]].to_geo_dict()
    plan = drafts.begin(city, ACTOR, "全给", COMMUNITIES[0])
    asked = wire.read({"kind": "replace_scope", "within": COMMUNITIES[0], "leaves": features})
    with pytest.raises(Refused, match="nothing changes"):
        previews.add(city, ACTOR, plan, asked)
    features["features"][0]["properties"]["name"] = "新名"
    named = wire.read({"kind": "replace_scope", "within": COMMUNITIES[0], "leaves": features})
    kept = previews.add(city, ACTOR, plan, named).change
    assert isinstance(kept, ReplaceScope)
    assert ([one.name for one in kept.leaves], kept.gone) == (["新名"], ())


@pytest.mark.parametrize(
    ("leaves", "told"),
    [
        ([], "a GeoJSON FeatureCollection is wanted"),
        ({"features": [1]}, "feature 1 of leaves"),
        ({"features": [{"properties": {"code": 5}, "geometry": None}]}, "code of feature 1 of leaves is 5"),
        ({"features": [{"properties": {"code": "5", "parent": "4"}, "geometry": None}]}, "no GeoJSON"),
    ],
)
def test_leaves_that_cannot_be_read_are_refused_by_their_number(leaves: object, told: str) -> None:
    with pytest.raises(Refused, match=told):
        wire.read({"kind": "replace_scope", "leaves": leaves})


def test_the_command_begins_a_plan_from_a_file(
    fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
        path, there = tmp_path / "edition.gpkg", areas.city(connection)
        exported.export(connection, areas.current(connection), [4], targets.target_of(path, "EPSG:4326", there))
    words = ["plan", "begin", "回交", "--from", str(path), "--within", COMMUNITIES[0]]
    assert "nothing differs" in CliRunner().invoke(build(), words, catch_exceptions=False).stdout
    assert "没有方案" in CliRunner().invoke(build(), ["plan", "list"], catch_exceptions=False).stdout
    file = geopandas.read_file(path)
    file.loc[file["code"] == FIRST, "name"] = "改过"
    file.to_file(path, layer="grid")
    told = CliRunner().invoke(build(), words, catch_exceptions=False).stdout
    assert "1  回交 · 草稿 draft" in told
    assert f"1. 更换范围 replace_scope: leaves {FIRST} · within {COMMUNITIES[0]} · gone" in told
