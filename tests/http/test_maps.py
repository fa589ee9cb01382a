"""Doors of the maps: tiles for ever, values once, pages under their own policy."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from geo import incidents
from geo.actors import Actor
from geo.coverage.indicators import registry
from geo.incidents import NewIncident
from tests import small_city
from tests.serving import served

ACTOR = Actor("tests")


def happen(connection: sa.Connection, reference: str, lon: float, lat: float) -> None:
    moment = datetime(2024, 6, 1, tzinfo=UTC)
    incidents.add(connection, ACTOR, NewIncident("12345", reference, moment, lon, lat, reported_at=moment))


@pytest.fixture(scope="module")
def client(engine: sa.Engine) -> Iterator[httpx.Client]:
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
        for number in range(3):
            happen(connection, f"a{number}", *small_city.cell_centre(0, 1))
        happen(connection, "b", *small_city.cell_centre(3, 2))
        happen(connection, "far", 121.0, 37.0)
    with served(engine) as address, httpx.Client(base_url=address) as opened:
        yield opened


@pytest.fixture
def empty(fresh_engine: sa.Engine) -> Iterator[httpx.Client]:
    with served(fresh_engine) as address, httpx.Client(base_url=address) as opened:
        yield opened


def rows(client: httpx.Client, indicator: str, level: str) -> dict[str, dict[str, Any]]:
    columns = client.get(f"/v1/values/{indicator}", params={"level": level}).json()["rows"]
    return {code: {name: column[k] for name, column in columns.items()} for k, code in enumerate(columns["code"])}


# -- tiles -------------------------------------------------------------------------------------------------------------
def test_a_tile_of_an_edition_may_be_kept_for_ever(client: httpx.Client) -> None:
    answer = client.get("/tiles/1/areas/10/854/402.mvt")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert "immutable" in answer.headers["cache-control"]
    again = client.get("/tiles/1/areas/10/854/402.mvt", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_tile_comes_packed_to_those_who_can_read_it_and_plain_to_others(client: httpx.Client) -> None:
    path = "/tiles/1/areas/10/854/402.mvt"
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert len(gzip.compress(plain.content)) < 200_000


def test_the_base_is_kept_only_briefly(client: httpx.Client) -> None:
    assert "immutable" not in client.get("/tiles/1/base/10/854/402.mvt").headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/tiles/9/areas/10/854/402.mvt", "no edition 9"),
        ("/tiles/1/streets/10/854/402.mvt", "no layer"),
        ("/tiles/1/grids/10/854/402.mvt", "from zoom"),
        ("/tiles/1/areas/2/9/0.mvt", "no tile"),
    ],
)
def test_a_tile_there_is_none_of_is_said_to_be_none(client: httpx.Client, path: str, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert said in answer.json()["detail"]


# -- values ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", ["city", "district", "subdistrict", "community", "grid"])
def test_every_level_adds_up_to_the_same_ground_and_the_same_incidents(client: httpx.Client, level: str) -> None:
    found = client.get("/v1/values/incidents", params={"level": level}).json()
    assert sum(found["rows"]["of"]) + found["unplaced"] == 5
    assert found["unplaced"] == 1
    city = client.get("/v1/values/incidents", params={"level": "city"}).json()["rows"]
    assert sum(found["rows"]["area_m2"]) == pytest.approx(city["area_m2"][0], abs=20)
    assert sum(found["rows"]["fallback_m2"]) == pytest.approx(city["fallback_m2"][0], abs=20)


def test_coverage_is_the_share_of_ground_in_named_grids(client: httpx.Client) -> None:
    found = rows(client, "grid-coverage", "community")
    whole, part = found[small_city.COMMUNITIES[0]], found[small_city.COMMUNITIES[3]]
    assert whole["value"] == 1
    assert whole["fallback_m2"] == 0
    assert part["value"] == pytest.approx(1 - part["fallback_m2"] / part["area_m2"], abs=1e-4)
    assert part["value"] == pytest.approx(2 / 3, abs=0.02)


def test_density_is_incidents_by_ground(client: httpx.Client) -> None:
    row = rows(client, "incident-density", "grid")[small_city.COMMUNITIES[0] + "002"]
    assert (row["of"], row["among"]) == (3, row["area_m2"])
    assert row["value"] == pytest.approx(3 / (row["area_m2"] / 1e6), abs=0.06)


@pytest.mark.parametrize("key", registry())
def test_every_indicator_is_answered_as_columns_of_one_length_and_as_csv(client: httpx.Client, key: str) -> None:
    found = client.get(f"/v1/values/{key}", params={"level": "grid"}).json()
    assert {len(column) for column in found["rows"].values()} == {13}
    assert {len(column) for column in found["above"].values()} == {8}
    assert set(found["beside"]) == set(registry()[key].beside)
    assert found["about"]["zh"] == registry()[key].zh
    answer = client.get(f"/v1/values/{key}", params={"level": "community", "f": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [line["code"] for line in lines] == list(small_city.COMMUNITIES)
    assert {line["indicator"] for line in lines} == {key}


def test_the_list_of_indicators_says_what_each_is_a_share_of(client: httpx.Client) -> None:
    found = client.get("/v1/indicators").json()
    assert [one["key"] for one in found["indicators"]] == list(registry())
    assert {one["group"] for one in found["indicators"]} == {one["key"] for one in found["groups"]}
    assert all(one["zh"] and one["en"] and one["words"]["of"] for one in found["indicators"])


def test_the_staffing_matrix_of_a_place_has_every_line(client: httpx.Client) -> None:
    found = client.get("/v1/staffing", params={"within": small_city.COMMUNITIES[0]}).json()
    assert len(found["lines"]) == 7
    assert all(line["full"] == line["part"] == [0, 0] for line in found["lines"])
    assert (found["grids"], found["unrecorded"]) == (3, 3)
    assert client.get("/v1/staffing", params={"within": "nowhere"}).status_code == 404


def test_a_format_there_is_none_of_is_malformed(client: httpx.Client) -> None:
    assert client.get("/v1/values/incidents?f=xml").status_code == 400


def test_values_say_their_dates_their_sources_and_their_classes(client: httpx.Client) -> None:
    found = client.get("/v1/values/incidents", params={"level": "grid"}).json()
    assert found["sources"] == ["12345"]
    assert found["since"] == found["until"] == "2024-06-01T00:00:00+00:00"
    assert found["classes"][0]["upper"] is None
    assert found["edition"] == 1


def test_values_that_did_not_change_are_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/v1/values/grid-coverage")
    again = client.get("/v1/values/grid-coverage", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/values/wealth", "no indicator 'wealth'; there are grid-coverage"),
        ("/v1/values/incidents?level=street", "no level 'street'"),
        ("/v1/values/incidents?edition=7", "no edition 7"),
    ],
)
def test_a_value_there_is_none_of_is_said_to_be_none(client: httpx.Client, path: str, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert said in answer.json()["detail"]


# -- pages -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/", "/maps/coverage"])
def test_a_page_has_a_fresh_nonce_in_its_policy_and_its_scripts(client: httpx.Client, path: str) -> None:
    nonces = set()
    for _ in range(2):
        answer = client.get(path)
        found = re.search(r"'nonce-([\w-]+)'", answer.headers["content-security-policy"])
        assert found is not None
        assert f'<script nonce="{found[1]}">' in answer.text
        nonces.add(found[1])
    assert len(nonces) == 2


@pytest.mark.parametrize("path", ["/", "/maps/coverage", "/maps/blind-spots", "/maps/import"])
def test_a_page_names_ahead_what_its_script_needs_and_all_of_it_is_there(client: httpx.Client, path: str) -> None:
    named = re.findall(r"<([^>]+)>; rel=(\w+)", client.get(path).headers["link"])
    modules = [address for address, rel in named if rel == "modulepreload"]
    assert modules[0] == f"/static/js/{ {'/': 'start', '/maps/import': 'import'}.get(path, path.rsplit('/', 1)[1]) }.js"
    assert {"/static/js/atlas.js", "/static/js/tiles.js", "/static/js/columns.js"} <= set(modules)
    assert not {"/static/js/rows.js", "/static/js/layers.js", "/static/js/worker.js"} & set(modules), "fetched later"
    assert len(set(modules)) == len(modules)
    assert all(client.get(address).status_code == 200 for address, _ in named)


@pytest.mark.parametrize(
    ("path", "ahead"),
    [
        ("/maps/blind-spots", {"grid-coverage", "blind-spots"}),
        ("/maps/blind-spots?by=grid", {"grid-coverage"}),
        ("/maps/coverage", {"grid-coverage"}),
        ("/maps/coverage?by=incidents", set()),
        ("/maps/import", set()),
    ],
)
def test_only_what_is_sure_to_be_asked_for_is_fetched_ahead(client: httpx.Client, path: str, ahead: set[str]) -> None:
    named = re.findall(r"</v1/([^>?]+)\?[^>]*>; rel=preload; as=fetch; crossorigin", client.get(path).headers["link"])
    assert {one.removeprefix("values/") for one in named} == ahead


def test_a_page_begins_with_the_edition_of_its_date(client: httpx.Client) -> None:
    text = client.get("/maps/coverage?at=2024-03-01").text
    found = re.search(r'id="boot">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    boot = json.loads(found[1])
    assert boot["edition"]["number"] == 1
    assert boot["at"].startswith("2024-03-01")
    assert boot["tiles"].startswith("/tiles/1/{layer}/{z}/{x}/{y}.mvt?v=")


def test_the_language_chosen_is_remembered(client: httpx.Client) -> None:
    assert '<html lang="en">' in client.get("/maps/coverage?lang=en").text
    assert '<html lang="en">' in client.get("/maps/coverage").text
    assert '<html lang="zh-CN">' in client.get("/maps/coverage?lang=zh-CN").text


def test_a_database_without_a_city_still_has_a_page(empty: httpx.Client) -> None:
    answer = empty.get("/")
    assert answer.status_code == 200
    assert "/static/js/empty.js" in answer.text


def test_a_date_that_is_none_is_refused(client: httpx.Client) -> None:
    assert client.get("/maps/coverage?at=yesterday").status_code == 400
