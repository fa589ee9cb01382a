"""A GeoPackage of an edition, edited and handed in again: a plan with exactly what was edited."""

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
from geo.errors import Refused, Unknown
from geo.exports import editions as exported
from geo.exports import targets
from geo.plans import filed, previews
from geo.plans.drafts import Made, Plan
from geo.space.redraw.changes import CutDedicated, Dissolve, Rename, Transfer
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
) -> tuple[Plan, list[Made]]:
    rows.to_file(path, layer="grid")
    return filed.begin(connection, ACTOR, "回交", path, (within, "wgs84"))


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


def test_a_file_that_was_not_edited_is_a_plan_that_changes_nothing(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    for within in (None, COMMUNITIES[0], COMMUNITIES[3]):
        plan, made = handed_in(city, rows, tmp_path / f"{within}.gpkg", within)
        assert (made, plan.scope) == ([], within)
        assert previews.preview(city, plan).is_same


def test_a_vertex_moved_in_the_file_is_exactly_that_change(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, _ = with_vertex_moved(rows, [FIRST, SECOND])
    plan, made = handed_in(city, moved, tmp_path / "moved.gpkg", COMMUNITIES[0])
    assert [type(one.change) for one in made] == [Transfer]
    shown = previews.preview(city, plan)
    assert shown.codes == {FIRST, SECOND}
    wanted = moved.set_index("code").geometry
    for code in (FIRST, SECOND):
        mine = shown.weighed.whole.leaf_shapes[shown.weighed.whole.leaf_codes == code][0]
        assert shapely.equals_exact(shapely.normalize(mine), shapely.normalize(_single(wanted[code])), 2e-8)


def _single(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.get_geometry(shape, 0) if shape.geom_type == "MultiPolygon" else shape


def test_names_new_grids_and_grids_left_out_come_as_changes(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    edited = rows.copy()
    edited.loc[edited["code"] == FIRST, "name"] = "新名网格"
    edited = edited[edited["code"] != SECOND]
    third = edited["code"] == f"{COMMUNITIES[0]}003"
    edited.loc[third, "code"] = f"{COMMUNITIES[0]}009"
    plan, made = handed_in(city, edited, tmp_path / "edited.gpkg", COMMUNITIES[0])
    assert {type(one.change) for one in made} == {CutDedicated, Dissolve, Rename}
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
    assert [type(one.change) for one in made] == [Transfer]
    assert previews.preview(city, plan).codes == {FIRST, SECOND}


def test_a_file_with_an_overlap_is_refused_with_the_place(
    city: sa.Connection, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    moved, south = with_vertex_moved(rows, [FIRST])
    with pytest.raises(Refused, match="import boundaries tells all") as told:
        handed_in(city, moved, tmp_path / "torn.gpkg", COMMUNITIES[0])
    assert told.value.where is not None
    assert abs(shapely.centroid(told.value.where).y - south) < 1e-3
    with pytest.raises(Unknown, match="no file"):
        filed.begin(city, ACTOR, "回交", tmp_path / "none.gpkg", (None, "wgs84"))


def test_the_command_begins_a_plan_from_a_file(
    fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
        path, there = tmp_path / "edition.gpkg", areas.city(connection)
        exported.export(connection, areas.current(connection), [4], targets.target_of(path, "EPSG:4326", there))
    file = geopandas.read_file(path)
    file.loc[file["code"] == FIRST, "name"] = "改过"
    file.to_file(path, layer="grid")
    words = ["plan", "begin", "回交", "--from", str(path), "--within", COMMUNITIES[0]]
    told = CliRunner().invoke(build(), words, catch_exceptions=False).stdout
    assert "1  回交 · 草稿 draft" in told
    assert f"1. 改名 rename: code {FIRST} · name 改过" in told
