"""`/v1/coverage`: every rate of every area with its parts, which add up; unknown in no numerator and no denominator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

import httpx
import pytest
import shapely
import sqlalchemy as sa

from tests.covered import enter
from tests.serving import served
from tests.small_city import COMMUNITIES, DISTRICT, cell_centre, publish_small_city

RECENT = date.today() - timedelta(days=30)  # noqa: DTZ011  a survey a month ago, whatever the zone


@pytest.fixture(scope="module")
def site(engine: sa.Engine) -> Iterator[httpx.Client]:
    with engine.begin() as connection:
        publish_small_city(connection)
        (branch,) = enter(connection, "party_organisations", {"name": "甲党支部", "kind": "branch", "members": 5})
        at = [cell_centre(0, 0), cell_centre(0, 1), cell_centre(2, 0)]
        told = [("甲", at[0], 5, RECENT), ("乙", at[1], 0, RECENT), ("丙", at[2], 4, RECENT), ("丁", at[2], 9, None)]
        rows = [
            {"reference": name, "lonlat": spot, "members": members, "workers": 10, "surveyed_on": day}
            for name, spot, members, day in told
        ]
        first = enter(connection, "units", *rows)[0]
        record = {"unit_id": first, "organisation_id": branch, "method": "own", "evidence_on": RECENT}
        enter(connection, "coverage_records", record)
    with served(engine) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def told(site: httpx.Client, **query: object) -> dict[str, object]:
    answer = site.get("/v1/coverage", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


def test_rates_of_communities_come_with_their_parts(site: httpx.Client) -> None:
    body = told(site, indicator="organisational-coverage,surveyed")
    rows = {row["code"]: row["values"]["organisational-coverage"] for row in body["rows"]}
    assert (rows[COMMUNITIES[0]]["value"], rows[COMMUNITIES[0]]["of"], rows[COMMUNITIES[0]]["among"]) == (0.5, 1, 2)
    assert (rows[COMMUNITIES[2]]["value"], rows[COMMUNITIES[2]]["unknown"]) == (0.0, 1)
    assert rows[COMMUNITIES[1]]["value"] is None
    assert body["total"]["values"]["organisational-coverage"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert body["total"]["values"]["surveyed"]["value"] == 0.75


@pytest.mark.parametrize("level", ["district", "subdistrict", "community", "grid"])
def test_parts_of_every_indicator_add_up_to_the_total(site: httpx.Client, level: str) -> None:
    body = told(site, level=level)
    assert len(body["indicators"]) > 50
    for about in body["indicators"]:
        if level == "grid" and about["key"] in ("report-in-met", "report-in-members", "pairings", "deliberations"):
            continue
        for part in ("of", "among", "unknown", "whole"):
            cells = [row["values"][about["key"]][part] for row in body["rows"]]
            whole = body["total"]["values"][about["key"]][part]
            assert (whole is None) == all(cell is None for cell in cells)
            if whole is not None:
                assert sum(cells) == pytest.approx(whole, abs=0.5), (about["key"], part)


def test_within_an_area_only_its_own_are_told(site: httpx.Client) -> None:
    body = told(site, level="grid", within=COMMUNITIES[0], indicator="organisational-coverage")
    assert {row["code"][:12] for row in body["rows"]} == {COMMUNITIES[0]}
    assert body["total"]["code"] == COMMUNITIES[0]
    assert body["total"]["values"]["organisational-coverage"]["of"] == 1
    assert told(site, level="community", within=DISTRICT)["total"]["code"] == DISTRICT


def test_pages_join_to_the_whole(site: httpx.Client) -> None:
    whole = told(site, level="grid", indicator="surveyed")["rows"]
    found, url = [], "/v1/coverage?level=grid&indicator=surveyed&limit=5"
    while url:
        page = site.get(url).json()
        found += page["rows"]
        url = page["next"]
    assert found == whole


def test_it_goes_out_as_a_map_and_as_a_table(site: httpx.Client) -> None:
    answer = site.get("/v1/coverage", params={"f": "geojson", "indicator": "surveyed"})
    feature = answer.json()["features"][0]
    assert shapely.geometry.shape(feature["geometry"]).area > 0
    assert answer.headers["content-type"] == "application/geo+json"
    text = site.get("/v1/coverage", params={"f": "csv", "indicator": "surveyed"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["code"] for row in rows[:-1]] == list(COMMUNITIES)
    assert (rows[-1]["level"], rows[-1]["surveyed"], rows[-1]["surveyed.of"]) == ("city", "0.75", "3.0")


@pytest.mark.parametrize(
    ("query", "status"),
    [({"level": "street"}, 404), ({"indicator": "love"}, 404), ({"within": "1"}, 404), ({"f": "xml"}, 400)],
)
def test_what_there_is_not_is_refused_in_words(site: httpx.Client, query: dict[str, str], status: int) -> None:
    answer = site.get("/v1/coverage", params=query)
    assert answer.status_code == status
    assert next(iter(query.values())) in answer.json()["detail"]
