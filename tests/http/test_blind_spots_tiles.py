"""`/tiles/blind-spots`: every building a run found a state for, with that state, whatever the rows say since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
import shapely
import sqlalchemy as sa

from tests.covered import enter
from tests.db.test_tiles import read, tile_over
from tests.serving import served
from tests.small_city import cell_centre, publish_small_city
from tests.standing import stand

RECENT = date.today() - timedelta(days=30)  # noqa: DTZ011  a survey a month ago, whatever the zone
TINY = 2e-6
"""Degrees of a kiosk's side: less than a raster unit of zoom 14."""


def box(column: int, row: int, half: float = 2e-4) -> shapely.Polygon:
    x, y = cell_centre(column, row)
    return shapely.box(x - half, y - half, x + half, y + half)


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        publish_small_city(connection)
        stand(connection, [box(0, 0), box(1, 0), box(2, 0, TINY), box(3, 0)], name=["东塔", "西塔", "亭", "空楼"])
        first, second, third, _ = connection.scalars(sa.text("SELECT id FROM buildings ORDER BY id"))
        asked = {"surveyed_on": RECENT, "workers": 10, "lonlat": cell_centre(0, 0)}
        enter(
            connection,
            "units",
            {**asked, "reference": "甲", "name": "甲", "building_id": first, "members": 5},
            {**asked, "reference": "乙", "name": "乙", "building_id": first, "members": 0, "surveyed_on": None},
            {**asked, "reference": "丙", "name": "丙", "building_id": second, "members": 5, "surveyed_on": None},
            {**asked, "reference": "丁", "name": "丁", "building_id": third, "members": 0},
        )
    return engine


@pytest.fixture(scope="module")
def site(city: sa.Engine) -> Iterator[httpx.Client]:
    with served(city) as address, httpx.Client(base_url=address, timeout=30) as client:
        client.get("/v1/blind-spots").raise_for_status()
        yield client


def drawn(site: httpx.Client, folder: Path, run: int, z: int = 14) -> dict[int, dict[str, object]]:
    """What GDAL reads of all tiles over the four buildings, by id."""
    found = {}
    for x, y in {tile_over(*cell_centre(column, 0), z) for column in range(4)}:
        answer = site.get(f"/tiles/blind-spots/{run}/{z}/{x}/{y}.mvt")
        assert answer.status_code == 200, answer.text
        found |= {int(str(one["mvt_id"])): one for one in read(answer.content, folder, "buildings")}
    return found


def newest(site: httpx.Client) -> int:
    number: int = site.get("/v1/blind-spots", params={"limit": 1}).json()["run"]["number"]
    return number


@pytest.mark.parametrize("z", [14, 17])
def test_buildings_carry_their_state_and_those_without_a_unit_are_not_there(
    site: httpx.Client, city: sa.Engine, tmp_path: Path, z: int
) -> None:
    with city.connect() as connection:
        first, second, third, _ = connection.scalars(sa.text("SELECT id FROM buildings ORDER BY id"))
    found = drawn(site, tmp_path, newest(site), z)
    assert {number: one["code"] for number, one in found.items()} == {first: "P1", second: "U", third: "P3"}
    assert [number for number, one in found.items() if one.get("has_unknown") == 1] == [first]


def test_a_run_keeps_what_it_found_when_another_follows(site: httpx.Client, city: sa.Engine, tmp_path: Path) -> None:
    before = newest(site)
    with city.begin() as connection:
        third = connection.scalar(sa.text("SELECT building_id FROM units WHERE reference = '丁'"))
        again = {"reference": "丁", "name": "丁", "building_id": third, "members": 9, "surveyed_on": RECENT}
        enter(connection, "units", {**again, "workers": 10, "lonlat": cell_centre(0, 0)})
    after = newest(site)
    assert after > before
    assert drawn(site, tmp_path, before)[third]["code"] == "P3"
    assert drawn(site, tmp_path, after)[third]["code"] == "P1"


@pytest.mark.parametrize(("run", "z", "said"), [(99, 14, "no run 99"), (1, 13, "from zoom 14"), (1, 14, "no tile")])
def test_what_there_is_none_of_is_said(site: httpx.Client, run: int, z: int, said: str) -> None:
    answer = site.get(f"/tiles/blind-spots/{run}/{z}/{2**z if said == 'no tile' else 0}/0.mvt")
    assert answer.status_code == 404
    assert said in answer.text
