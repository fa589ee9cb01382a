"""`/v1/blind-spots`: ranked, counted, told why; a question that finds them out of date has them looked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import httpx
import pytest
import shapely
import sqlalchemy as sa

from tests.covered import enter
from tests.serving import served
from tests.small_city import COMMUNITIES, cell_centre, publish_small_city
from tests.standing import stand

RECENT = date.today() - timedelta(days=30)  # noqa: DTZ011  a survey a month ago, whatever the zone


def box(column: int, row: int, half: float = 2e-4) -> shapely.Polygon:
    x, y = cell_centre(column, row)
    return shapely.box(x - half, y - half, x + half, y + half)


def units(connection: sa.Connection, *rows: dict[str, object]) -> None:
    enter(connection, "units", *({"surveyed_on": RECENT, "name": row["reference"], **row} for row in rows))


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        publish_small_city(connection)
        stand(connection, [box(0, 0), box(1, 0), box(3, 0)], name=["东塔", "西塔", None])
        first, second, third = connection.scalars(sa.text("SELECT id FROM buildings ORDER BY id"))
        ground = shapely.union_all([box(0, 0, 4e-3), box(1, 0, 4e-3)]).envelope
        enter(connection, "business_districts", {"name": "柳林商圈", "kind": "park", "ground": ground})
        at = [cell_centre(0, 0), cell_centre(1, 0), cell_centre(3, 0)]
        units(
            connection,
            {"reference": "甲", "building_id": first, "lonlat": at[0], "members": 5, "workers": 100},
            {"reference": "乙", "building_id": first, "lonlat": at[0], "members": 0, "workers": 10},
            {"reference": "丙", "building_id": second, "lonlat": at[1], "members": 0, "workers": 50},
            {"reference": "丁", "building_id": third, "lonlat": at[2], "surveyed_on": None, "workers": 900},
        )
    return engine


@pytest.fixture(scope="module")
def site(city: sa.Engine) -> Iterator[httpx.Client]:
    with served(city) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def told(site: httpx.Client, **query: object) -> dict[str, object]:
    answer = site.get("/v1/blind-spots", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


def test_the_first_question_has_them_looked_for_and_ranks_buildings(site: httpx.Client) -> None:
    body = told(site)
    assert body["run"]["number"] >= 1
    assert body["run"]["is_stale"] is False
    assert [(one["name"], one["code"], one["score"]) for one in body["spots"]] == [
        ("东塔", "P1", 106.0),
        ("西塔", "P3", 30.0),
    ]
    assert body["counts"] == {"P1": 1, "P3": 1, "U": 1}
    assert body["total"] == 3
    assert body["unknown_share"] == pytest.approx(1 / 3, abs=1e-4)


def test_a_blind_spot_says_why_and_how_its_score_is_made(site: httpx.Client) -> None:
    first = told(site)["spots"][0]
    assert first["reason"]["zh"] == "1 家单位各有 3 名以上正式党员，无组织"
    assert first["parts"] == [
        {"code": "P1", "units": 1, "workers": 100, "weight": 1.0, "score": 100.0},
        {"code": "P3", "units": 1, "workers": 10, "weight": 0.6, "score": 6.0},
    ]
    assert sum(part["score"] for part in first["parts"]) == first["score"]
    assert first["evidence"][0]["zh"] == "甲：5 名正式党员，无组织，也无人联系"
    assert first["evidence"][0]["day"] == RECENT.isoformat()
    assert first["grid"] == COMMUNITIES[0] + "001"
    assert first["community"] == COMMUNITIES[0]
    assert first["place"] == pytest.approx(list(cell_centre(0, 0)), abs=1e-3)


def test_unknown_ones_are_listed_when_asked_for_and_never_scored_as_blind(site: httpx.Client) -> None:
    only = told(site, code="U")["spots"]
    assert [(one["code"], one["workers"], one["uncovered_workers"]) for one in only] == [("U", 900, 0)]


@pytest.mark.parametrize("by", ["grid", "community", "district", "business-district", "unit"])
def test_whatever_they_are_told_by_the_parts_make_the_score(site: httpx.Client, by: str) -> None:
    body = told(site, by=by, code="P1,P2,P3,P4,P5")
    assert body["spots"]
    for one in body["spots"]:
        assert sum(part["score"] for part in one["parts"]) == pytest.approx(one["score"])
    assert sum(one["score"] for one in body["spots"]) == pytest.approx(136.0)


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("building", ""),
        ("building", "U"),
        ("community", "P1,P2,P3,P4,P5,work,covered,U"),
        ("grid", "G1,U"),
        ("unit", "P1,U"),
    ],
)
def test_as_columns_the_list_tells_all_that_is_wanted_by_the_ids_of_tiles(
    site: httpx.Client, city: sa.Engine, by: str, code: str
) -> None:
    asked = {"by": by, **({"code": code} if code else {})}
    columns = told(site, **asked, f="columns", limit=1)
    spots = told(site, **asked)["spots"]
    assert columns["code"] == [one["code"] for one in spots]
    assert columns["score"] == [one["score"] for one in spots]
    names = [str(one["id"]).split("/")[1] for one in spots]
    if by in ("community", "grid"):
        with city.connect() as connection:
            ids = {row.code: row.id for row in connection.execute(sa.text("SELECT code, id FROM codes"))}
        assert columns["id"] == [ids[name] for name in names]
    else:
        assert columns["id"] == [int(name) for name in names]


def test_a_business_district_holds_what_lies_in_it(site: httpx.Client) -> None:
    number = int(told(site, by="business-district")["spots"][0]["id"].split("/")[1])
    body = told(site, business_district=number)
    assert body["counts"] == {"P1": 1, "P3": 1}
    assert told(site, by="unit", business_district=number)["total"] == 3


def test_within_and_box_narrow_and_counts_follow(site: httpx.Client) -> None:
    assert told(site, within=COMMUNITIES[1])["counts"] == {"P3": 1}
    x, y = cell_centre(0, 0)
    assert told(site, bbox=f"{x - 0.001},{y - 0.001},{x + 0.001},{y + 0.001}")["counts"] == {"P1": 1}


def test_pages_join_to_the_whole(site: httpx.Client) -> None:
    whole = told(site, by="unit", code="P1,P3,U")["spots"]
    found, url = [], "/v1/blind-spots?by=unit&code=P1,P3,U&limit=1"
    while url:
        page = site.get(url).json()
        found += page["spots"]
        url = page["next"]
    assert found == whole
    assert [one["rank"] for one in found] == [1, 2, 3, 4]


def test_grids_are_told_by_their_own_lack(site: httpx.Client) -> None:
    body = told(site, by="grid")
    assert body["counts"] == {"G1": 1, "U": 12}
    assert [one["code"] for one in body["spots"]] == ["G1"]
    assert "平方米不在任何命名网格内" in body["spots"][0]["reason"]["zh"]


def test_the_next_question_after_a_change_knows_it(site: httpx.Client, city: sa.Engine) -> None:
    before = told(site)["run"]["number"]
    with city.begin() as connection:
        units(connection, {"reference": "丙", "members": 4, "workers": 50, "lonlat": cell_centre(1, 0)})
    body = told(site, by="unit")
    assert body["run"]["number"] == before + 1
    assert {one["name"]: one["code"] for one in body["spots"]}["丙"] == "P1"
    assert told(site, by="unit", run=before)["counts"] == {"P1": 1, "P3": 2, "U": 1}


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"by": "street"}, 422, "by='street'"),
        ({"code": "P9"}, 422, "'P9' is no state"),
        ({"within": "999"}, 404, "no area or grid '999'"),
        ({"business_district": 99}, 404, "no business district 99"),
        ({"run": 999}, 404, "no run 999"),
        ({"wihtin": "1"}, 400, "is not a parameter here"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    site: httpx.Client, query: dict[str, object], status: int, said: str
) -> None:
    answer = site.get("/v1/blind-spots", params=query)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


# -- one in full -------------------------------------------------------------------------------------------------------
def address_of(site: httpx.Client, name: str) -> str:
    return str({one["name"]: one["id"] for one in told(site)["spots"]}[name])


def test_a_blind_spot_in_full_tells_its_units_and_its_history(site: httpx.Client) -> None:
    whole = site.get(f"/v1/blind-spots/{address_of(site, '东塔')}").json()
    assert whole["name"] == "东塔"
    assert [(one["name"], one["code"], one["members"]) for one in whole["units_list"]] == [
        ("甲", "P1", 5),
        ("乙", "P3", 0),
    ]
    assert [(one["code"], one["last_run"]) for one in whole["history"]] == [("P1", None)]
    assert whole["formation"]["key"] == "joint_alliance"
    assert whole["follow_up"] is None


def test_the_nearest_organisations_that_may_help_are_named(site: httpx.Client, city: sa.Engine) -> None:
    x, y = cell_centre(0, 0)
    with city.begin() as connection:
        enter(
            connection,
            "party_organisations",
            {"reference": "near", "name": "近处党委", "kind": "committee", "capacity": 2, "lonlat": (x + 0.001, y)},
            {"reference": "full", "name": "已满党委", "kind": "committee", "capacity": 0, "lonlat": (x, y)},
            {"reference": "far", "name": "远处党委", "kind": "committee", "capacity": 9, "lonlat": (x + 0.03, y)},
        )
    helpers = told(site)["spots"][0]["helpers"]
    assert [(one["name"], one["free"]) for one in helpers] == [("近处党委", 2), ("远处党委", 9)]
    assert helpers[0]["distance_m"] == pytest.approx(90, abs=5)
    assert helpers[0]["place"] == pytest.approx([x + 0.001, y])
    assert helpers[0]["reason"]["zh"]


def test_units_that_could_found_a_joint_branch_are_told_with_it(site: httpx.Client, city: sa.Engine) -> None:
    at = cell_centre(2, 2)
    with city.begin() as connection:
        units(
            connection,
            {"reference": "戊", "lonlat": at, "members": 2, "workers": 9},
            {"reference": "己", "lonlat": (at[0] + 1e-3, at[1]), "members": 1, "workers": 5},
        )
    spots = told(site, by="unit", code="P2")["spots"]
    assert [one["name"] for one in spots] == ["戊", "己"]
    assert [(one["group"]["basis"], one["group"]["units"], one["group"]["members"]) for one in spots] == [
        ("reach", 2, 3)
    ] * 2
    whole = site.get(f"/v1/blind-spots/{spots[0]['id']}").json()
    assert [one["name"] for one in whole["group"]["members_units"]] == ["戊", "己"]
    outline = shapely.geometry.shape(whole["group"]["outline"])
    assert outline.covers(shapely.Point(at))
    assert outline.is_valid


@pytest.mark.parametrize("address", ["building/99999", "unit/abc", "street/1", "grid/999", "community/379901001001001"])
def test_what_there_is_not_is_not_found(site: httpx.Client, address: str) -> None:
    answer = site.get(f"/v1/blind-spots/{address}")
    assert answer.status_code == 404
    assert answer.json()["detail"]


# -- as files ----------------------------------------------------------------------------------------------------------
def test_the_list_goes_out_as_geojson_with_its_ground(site: httpx.Client) -> None:
    answer = site.get("/v1/blind-spots", params={"by": "building", "f": "geojson"})
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()["features"][0]
    assert shapely.geometry.shape(feature["geometry"]).geom_type == "MultiPolygon"
    assert feature["properties"]["name"] == "东塔"


def test_the_list_goes_out_as_a_table_that_spreadsheets_read(site: httpx.Client) -> None:
    answer = site.get("/v1/blind-spots", params={"by": "building", "f": "csv"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("rank,id,code,name,")
    assert len(lines) == 1 + len(told(site)["spots"])
    assert "东塔" in lines[1]


# -- trend and rules ---------------------------------------------------------------------------------------------------
def test_the_trend_adds_up_run_by_run(site: httpx.Client) -> None:
    runs_ = site.get("/v1/blind-spots/trend", params={"per": "run"}).json()["moments"]
    assert [one["run"] for one in runs_] == list(range(1, len(runs_) + 1))
    for before, after in pairwise(runs_):
        blind = [sum(one["units"].get(code, 0) for code in ("P1", "P2", "P3", "P4", "P5")) for one in (before, after)]
        assert blind[1] - blind[0] == after["opened"] - after["closed"]
    assert len(site.get("/v1/blind-spots/trend").json()["moments"]) == 1
    assert runs_[-1]["units"] == told(site, by="unit")["counts"]


def test_areas_have_trends_that_add_up_to_the_city(site: httpx.Client) -> None:
    whole = site.get("/v1/blind-spots/trend").json()["moments"][-1]["units"]
    parts = [site.get("/v1/blind-spots/trend", params={"within": code}).json()["moments"][-1] for code in COMMUNITIES]
    assert {code: sum(one["units"].get(code, 0) for one in parts) for code in whole} == whole


def test_the_rules_are_told_as_they_are_applied(site: httpx.Client) -> None:
    rules = site.get("/v1/blind-spots/rules").json()
    assert rules["thresholds"]["must_form_members"] == 3
    assert rules["codes"]["P1"]["weight"] == told(site)["weights"]["P1"]
    assert rules["version"] == told(site)["run"]["rules"]


def test_the_run_names_who_told_its_units_and_records(site: httpx.Client, city: sa.Engine) -> None:
    with city.begin() as connection:
        for source in ("街道普查", "工商登记"):
            (number,) = enter(connection, "units", {"reference": source, "name": source})
            connection.execute(sa.text("UPDATE units SET source = :s WHERE id = :n"), {"s": source, "n": number})
    assert told(site)["run"]["sources"] == ["s", "工商登记", "街道普查"]


# -- a business district -----------------------------------------------------------------------------------------------
def test_a_business_district_tells_its_buildings_rates_alliance_and_grids(site: httpx.Client, city: sa.Engine) -> None:
    number = int(told(site, by="business-district")["spots"][0]["id"].split("/")[1])
    with city.begin() as connection:
        (unit,) = enter(connection, "units", {"reference": "乙", "name": "乙"})
        (alliance,) = enter(connection, "alliances", {"name": "柳林联盟", "business_district_id": number})
        enter(connection, "alliance_members", {"alliance_id": alliance, "unit_id": unit})
    found = site.get(f"/v1/business-districts/{number}").json()
    assert found["properties"]["name"] == "柳林商圈"
    assert [one["name"] for one in found["buildings"]] == ["东塔", "西塔"]
    assert found["buildings"][0]["formation"]["zh"]
    assert [(one["name"], [member["name"] for member in one["members"]]) for one in found["alliances"]] == [
        ("柳林联盟", ["乙"])
    ]
    assert 0.95 < sum(one["share"] for one in found["leaves"]) < 1  # some of it lies beyond the city
    assert sum(found["counted"]["units"].values()) == 3
    rate = found["counted"]["rates"]["organisational"]
    assert (rate["of"], rate["among"], rate["value"]) == (0, 3, 0.0)
    assert site.get("/v1/business-districts/999").status_code == 404


def test_the_grids_of_a_business_district_are_told_at_any_time(site: httpx.Client) -> None:
    number = site.get("/v1/business-districts").json()["features"][0]["id"]
    now, past, later = (
        site.get(f"/v1/business-districts/{number}/grids", params=at).json()
        for at in ({}, {"at": "2024-06-01"}, {"at": "2999-01-01"})
    )
    assert now["leaves"] == site.get(f"/v1/business-districts/{number}").json()["leaves"]
    assert [one["edition"].get("forecast") for one in (now, past, later)] == [None, None, True]
    foretold = site.get(f"/v1/business-districts/{number}", params={"at": "2999-01-01"}).json()
    assert (foretold["forecast"]["forecast"], foretold["run"]["number"]) == (True, None)
    assert foretold["leaves"] == later["leaves"]
    assert sum(foretold["counted"]["units"].values()) == 3
    assert site.get(f"/v1/business-districts/{number}", params={"at": "2019-01-01"}).status_code == 404
    assert now["properties"] == past["properties"]
    wrong = [site.get(f"/v1/business-districts/{path}").status_code for path in ("999/grids", "1/grids?at=soon")]
    assert wrong == [404, 400]


def test_a_business_district_is_a_table_of_its_buildings_too(site: httpx.Client) -> None:
    number = site.get("/v1/business-districts").json()["features"][0]["id"]
    told = site.get(f"/v1/business-districts/{number}").json()
    answer = site.get(f"/v1/business-districts/{number}", params={"f": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["id"], row["code"], float(row["score"])) for row in rows] == [
        (str(one["id"]), one["code"] or "", one["score"]) for one in told["buildings"]
    ]
    ways = [(one["formation"] or {"zh": ""})["zh"] for one in told["buildings"]]
    assert [row["formation_zh"] for row in rows] == ways
    assert site.get(f"/v1/business-districts/{number}?f=xml").status_code == 400
