"""`POST /v1/plans/from-file`: an exported edition, edited, comes back as a plan with its preview."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import httpx
import pytest
import shapely

from tests.small_city import COMMUNITIES

DOOR = "/v1/plans/from-file"
FIRST, SECOND, NEW = (f"{COMMUNITIES[0]}{number}" for number in ("001", "002", "009"))


@pytest.fixture
def rows(site: httpx.Client, tmp_path: Path) -> geopandas.GeoDataFrame:
    """The grids in force, as the site exports them."""
    path = tmp_path / "edition.gpkg"
    path.write_bytes(site.get("/v1/export/edition.gpkg").content)
    return geopandas.read_file(path, layer="grid")


@pytest.fixture
def hand_in(site: httpx.Client, tmp_path: Path) -> Callable[..., httpx.Response]:
    def handed_in(rows: geopandas.GeoDataFrame, headers: dict[str, str] | None = None, **more: str) -> httpx.Response:
        path = tmp_path / "回交.gpkg"
        rows.to_file(path, layer="grid")
        asked = {"name": "外业修改", "filename": path.name} | more
        return site.post(DOOR, params=asked, content=path.read_bytes(), headers=headers)

    return handed_in


def split_in_the_file(rows: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """The rows with the eastern half of FIRST as a grid of its own."""
    edited, at = rows.copy(), rows.index[rows["code"] == FIRST][0]
    ground = edited.geometry[at]
    west, south, east, north = ground.bounds
    half = shapely.box((west + east) / 2, south - 1, east + 1, north + 1)
    edited.loc[at, "geometry"] = shapely.difference(ground, half, grid_size=1e-8)
    new = edited.loc[[at]].assign(code=NEW, name="东片", geometry=[shapely.intersection(ground, half, grid_size=1e-8)])
    return geopandas.GeoDataFrame(geopandas.pd.concat([edited, new], ignore_index=True), crs=rows.crs)


def test_a_grid_split_in_the_file_is_previewed_as_that_and_published(
    site: httpx.Client, rows: geopandas.GeoDataFrame, hand_in: Callable[..., httpx.Response]
) -> None:
    answer = hand_in(split_in_the_file(rows), within=COMMUNITIES[0])
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert (told["plan"]["scope"], told["plan"]["state"]) == (COMMUNITIES[0], "draft")
    (made,) = told["plan"]["changes"]
    codes = [one["properties"]["code"] for one in made["change"]["leaves"]["features"]]
    assert (made["change"]["kind"], codes, made["change"]["gone"]) == ("replace_scope", [FIRST, NEW], [])
    assert {one["code"]: one["change"] for one in told["preview"]["grids"]} == {FIRST: "changed", NEW: "appeared"}
    assert [(one["was"], one["now"]) for one in told["preview"]["moves"]] == [(FIRST, NEW)]
    address = f"/v1/plans/{told['plan']['id']}"
    assert site.get(f"{address}/preview").json() == told["preview"]
    assert site.post(f"{address}/publish").json()["changed"] == 2


def test_what_is_wrong_with_a_file_is_told_with_rows_and_places_and_nothing_is_kept(
    site: httpx.Client, rows: geopandas.GeoDataFrame, hand_in: Callable[..., httpx.Response]
) -> None:
    torn = rows.copy()
    at = torn.index[torn["code"] == FIRST][0]
    torn.loc[at, "geometry"] = shapely.affinity.translate(torn.geometry[at], 1e-3)
    answer = hand_in(torn)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/misjudged")
    told = answer.json()
    assert told["where"]["type"].endswith("Polygon")
    worst = told["findings"][0]
    assert (worst["severity"], worst["kind"]) == ("error", "overlap")
    assert all(worst["message"][lang] for lang in ("zh", "en"))
    assert worst["file"].startswith("回交.gpkg")
    assert worst["rows"]
    assert worst["where"]["type"].endswith("Polygon")
    assert site.get("/v1/plans").json()["plans"] == []


def test_a_file_that_differs_in_nothing_makes_no_plan_however_often_it_is_sent(
    site: httpx.Client, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "回交.gpkg"
    rows.to_file(path, layer="grid")
    for _ in range(2):
        asked = {"name": "外业修改", "filename": path.name}
        answer = site.post(DOOR, params=asked, content=path.read_bytes(), headers={"Idempotency-Key": "4b"})
        assert (answer.status_code, answer.json()["plan"], answer.json()["preview"]) == (200, None, None)
    assert site.get("/v1/plans").json()["plans"] == []


def test_the_same_request_again_makes_no_second_plan(
    site: httpx.Client, rows: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    path, key = tmp_path / "回交.gpkg", {"Idempotency-Key": "7c1f"}
    split_in_the_file(rows).to_file(path, layer="grid")
    asked = {"name": "外业修改", "filename": path.name}
    answers = [site.post(DOOR, params=asked, content=path.read_bytes(), headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert len(site.get("/v1/plans").json()["plans"]) == 1
    assert site.post(DOOR, params=asked | {"name": "另一个"}, content=path.read_bytes(), headers=key).status_code == 409


@pytest.mark.parametrize(
    ("asked", "content", "headers", "status", "told"),
    [
        ({}, b"", {}, 400, "0 bytes"),
        ({}, b"SQLite format 3\0" + bytes(200), {}, 422, "回交.gpkg"),
        ({"filename": "回交.geojson"}, b"{", {}, 422, "回交.geojson"),
        ({"filename": "回交.exe"}, b"MZ", {}, 422, "回交.exe"),
        ({}, b"x", {"Content-Type": "multipart/form-data; boundary=x"}, 400, "no form"),
        ({"within": "9"}, b"x", {}, 404, "9"),
        ({"datum": "mars"}, b'{"type": "FeatureCollection", "features": []}', {}, 422, ""),
        ({"name": " "}, b"x", {}, 422, "name"),
        ({"colour": "red"}, b"x", {}, 400, "colour"),
    ],
)
def test_what_cannot_be_a_file_of_grids_is_refused_in_words(
    quiet_site: httpx.Client, asked: dict[str, str], content: bytes, headers: dict[str, str], status: int, told: str
) -> None:
    before = quiet_site.get("/v1/plans").json()["plans"]
    given = {"name": "外业修改", "filename": "回交.gpkg"} | asked
    answer = quiet_site.post(DOOR, params=given, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["detail"]
    assert quiet_site.get("/v1/plans").json()["plans"] == before


def settled(site: httpx.Client, address: str) -> dict[str, Any]:
    """What became of a file that is judged beside the door."""
    until = time.monotonic() + 60
    while (told := site.get(address).raise_for_status().json())["state"] == "judging" and time.monotonic() < until:
        assert told["progress"]["step"]["zh"]
        time.sleep(0.1)
    return told


LATER = {"Prefer": "respond-async"}


def test_a_file_is_judged_beside_the_door_and_told_of_until_it_is_a_plan(
    site: httpx.Client, rows: geopandas.GeoDataFrame, hand_in: Callable[..., httpx.Response]
) -> None:
    answer = hand_in(split_in_the_file(rows), LATER, within=COMMUNITIES[0])
    assert (answer.status_code, answer.json()["state"], answer.json()["plan"]) == (202, "judging", None)
    told = settled(site, answer.headers["Location"])
    assert (told["state"], told["problem"], told["progress"]) == ("committed", None, None)
    plan = site.get(f"/v1/plans/{told['plan']}").json()
    assert (plan["name"], plan["scope"], [one["change"]["kind"] for one in plan["changes"]]) == (
        "外业修改", COMMUNITIES[0], ["replace_scope"]
    )  # fmt: skip
    same = settled(site, hand_in(rows, LATER).headers["Location"])
    assert (same["state"], same["plan"]) == ("committed", None)
    assert len(site.get("/v1/plans").json()["plans"]) == 1


def test_what_is_wrong_with_a_file_judged_beside_the_door_is_told_as_in_the_answer(
    site: httpx.Client, rows: geopandas.GeoDataFrame, hand_in: Callable[..., httpx.Response]
) -> None:
    torn = rows.copy()
    at = torn.index[torn["code"] == FIRST][0]
    torn.loc[at, "geometry"] = shapely.affinity.translate(torn.geometry[at], 1e-3)
    at_once = hand_in(torn).json()
    told = settled(site, hand_in(torn, LATER).headers["Location"])
    assert told["state"] == "refused"
    assert (told["problem"]["type"], told["problem"]["detail"]) == (at_once["type"], at_once["detail"])
    assert told["findings"] == at_once["findings"]
    assert site.get("/v1/plans").json()["plans"] == []


def test_a_file_taken_back_is_no_plan_and_one_there_is_none_of_is_unknown(
    site: httpx.Client, rows: geopandas.GeoDataFrame, hand_in: Callable[..., httpx.Response]
) -> None:
    address = hand_in(split_in_the_file(rows), LATER).headers["Location"]
    told = site.delete(address).json()
    plans = site.get("/v1/plans").json()["plans"]
    assert told["state"] in ("withdrawn", "committed")
    assert len(plans) == (told["state"] == "committed")
    assert site.get(f"{DOOR}/0123456789abcdef").status_code == 404
