"""The doors of entities: what is asked is what comes, page after page, as GeoJSON, CSV and tiles."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pyogrio
import pytest
import sqlalchemy as sa

from api.commands.entities import NAMES
from geo.entities import ENTITIES
from geo.entities.tiles import EACH_FROM
from tests.db.test_tiles import tile_over
from tests.entity_rows import GRID, SPOT
from tests.serving import served
from tests.small_city import COMMUNITIES, DISTRICT, SUBDISTRICTS


@pytest.fixture
def told(http: httpx.Client) -> httpx.Client:
    """A client of the server, whose city has a few rows of every entity (tests.entity_rows)."""
    return http


def references(http: httpx.Client, slug: str, **query: Any) -> list[str]:
    answer = http.get(f"/v1/{slug}", params=query)
    assert answer.status_code == 200, answer.text
    return [feature["properties"]["reference"] for feature in answer.json()["features"]]


def test_units_are_found_by_what_their_rows_say(told: httpx.Client) -> None:
    x, y = SPOT
    assert references(told, "units") == ["U0", "U1", "U2", "U3", "U4"]
    assert references(told, "units", kind="new_economic") == ["U1", "U3"]
    assert references(told, "units", kind="unknown") == ["U0", "U2", "U4"]
    assert references(told, "units", operating="unknown") == ["U0"]
    assert references(told, "units", q="单位4") == ["U4"]
    assert references(told, "units", q="%") == []
    assert references(told, "units", area=GRID) == references(told, "units", area=DISTRICT) == references(told, "units")
    assert references(told, "units", area=COMMUNITIES[0]) == []
    assert references(told, "units", bbox=f"{x - 1e-4},{y - 1e-4},{x + 1e-4},{y + 1e-4}") == references(told, "units")
    assert references(told, "units", bbox=f"{x + 1e-4},{y},{x + 2e-4},{y}") == []


def test_what_a_row_refers_to_is_told_with_id_and_reference(told: httpx.Client) -> None:
    (record,) = told.get("/v1/coverage-records").json()["features"]
    (unit,) = told.get("/v1/units", params={"q": "U1"}).json()["features"]
    assert record["properties"]["unit"] == {"id": unit["id"], "reference": "U1", "name": "单位1"}
    assert record["geometry"]["coordinates"] == pytest.approx(list(SPOT), abs=1e-7)
    assert record["properties"]["in_grid"] == unit["properties"]["in_grid"] == GRID
    assert told.get(f"/v1/coverage-records/{record['id']}").json() == record
    assert references(told, "coverage-records", unit=unit["id"]) == ["C1"]


def test_rows_of_a_place_lie_there_and_are_found_by_the_areas_above_it(told: httpx.Client) -> None:
    (slots,) = told.get("/v1/staff-slots", params={"area": SUBDISTRICTS[0]}).json()["features"]
    assert (slots["properties"]["place"], slots["geometry"]["type"]) == (GRID, "Point")
    assert references(told, "staff-slots", area=SUBDISTRICTS[1]) == []
    assert references(told, "organisations", area=SUBDISTRICTS[0]) == ["P1", "P2"]
    assert references(told, "organisations", place=SUBDISTRICTS[0]) == ["P1"]
    assert references(told, "incident-categories", admitted_level="community") == ["K1"]


def test_pages_follow_each_other(told: httpx.Client) -> None:
    seen: list[str] = []
    url: str | None = "/v1/units?limit=2"
    while url:
        page = told.get(url).json()
        assert page["numberReturned"] <= 2
        seen += [feature["properties"]["reference"] for feature in page["features"]]
        url = page.get("next")
    assert seen == ["U0", "U1", "U2", "U3", "U4"]


def test_a_table_has_every_row_and_no_formula(told: httpx.Client) -> None:
    answer = told.get("/v1/units", params={"f": "csv", "limit": 1})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["reference"] for row in table] == ["U0", "U1", "U2", "U3", "U4"]
    assert table[3]["name"] == "'=单位3"
    assert float(table[0]["lon"]) == pytest.approx(SPOT[0], abs=1e-7)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"kind": "club"}, 422),
        ({"building": "x"}, 422),
        ({"area": "nowhere"}, 404),
        ({"f": "xml"}, 400),
        ({"colour": "red"}, 400),
        ({"bbox": "1,2,3"}, 400),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_by_name(
    told: httpx.Client, query: dict[str, str], status: int
) -> None:
    answer = told.get("/v1/units", params=query)
    assert answer.status_code == status
    assert next(iter(query.values())) in answer.text


def test_a_tile_has_every_row_it_covers(told: httpx.Client, tmp_path: Path) -> None:
    x, y = tile_over(*SPOT, EACH_FROM)
    for slug, count in {"units": 5, "staff-slots": 1, "coverage-records": 1, "organisations": 1}.items():
        answer = told.get(f"/tiles/entities/{slug}/1/{EACH_FROM}/{x}/{y}.mvt")
        assert answer.status_code == 200
        path = tmp_path / f"{slug}.mvt"
        path.write_bytes(answer.content)
        meta, _, _, columns = pyogrio.raw.read(path, layer="rows", read_geometry=False)
        assert len(columns[0]) >= count, (slug, meta["fields"])
    assert told.get("/tiles/entities/incident-categories/1/14/0/0.mvt").status_code == 422


def test_what_is_held_is_told_with_where_it_is_drawn(told: httpx.Client) -> None:
    about = {one["slug"]: one for one in told.get("/v1/entities").json()["entities"]}
    assert {slug for slug, one in about.items() if one["tiles"] is None} == {"incident-categories"}
    units = about["units"]
    assert (units["held"]["rows"], units["held"]["placed"], units["held"]["sources"]) == (5, 5, ["office"])
    assert about["report-ins"]["held"]["as_of"] == "2024-06-01"
    assert units["tiles"]["each_from"] == EACH_FROM
    x, y = tile_over(*SPOT, 14)
    address = units["tiles"]["address"].replace("{z}", "14").replace("{x}", str(x)).replace("{y}", str(y))
    answer = told.get(address)
    assert (answer.status_code, "no-store" in answer.headers["cache-control"]) == (200, False)


def test_without_a_city_nothing_is_held(fresh_engine: sa.Engine) -> None:
    with served(fresh_engine) as address:
        found = httpx.get(f"{address}/v1/entities").json()["entities"]
    assert len(found) == len(ENTITIES)
    assert all(one["held"] is None and one["tiles"] is None for one in found)


@pytest.mark.parametrize("key", list(ENTITIES))
def test_every_entity_has_its_list_and_its_description(told: httpx.Client, key: str) -> None:
    entity = ENTITIES[key]
    answer = told.get(f"/v1/{entity.slug}")
    assert answer.status_code == 200, answer.text
    (about,) = [one for one in told.get("/v1/entities").json()["entities"] if one["key"] == key]
    assert [field["name"] for field in about["fields"]] == [field.name for field in entity.fields]
    for feature in answer.json()["features"]:
        assert {field.name for field in entity.fields} <= set(feature["properties"])


def test_every_entity_has_its_import_in_the_order_of_what_refers_to_what() -> None:
    assert list(NAMES) == [entity.slug for entity in ENTITIES.values()]
