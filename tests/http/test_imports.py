"""Files handed in by http: kept whole or not at all, judged like the command line does, taken in once."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api import imports
from api.app import create_app
from geo import areas
from geo.imports.records import JUDGING
from geo.imports.shelves import Shelf
from geo.settings import settings
from tests.serving import served
from tests.small_city import CITY, SPLIT_OFF, WEST, WIDE, cell_centre, publish_small_city
from tests.small_plans import soon
from tests.uploads import (
    MAPPING,
    committed,
    declare,
    grids_file,
    hand_in,
    judged,
    moved_east,
    nudged,
    settled,
)

MODELS = {
    (method, route.path): route.response_model
    for route in imports.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods
}
SPLIT_CELL_EAST = (WEST + 0.8 * WIDE, cell_centre(0, 0)[1])
FORM = "application/x-www-form-urlencoded"


def edition(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return areas.newest_number(connection)


def test_a_server_that_stops_leaves_no_work_behind_and_what_it_cut_short_can_be_judged_again(
    fresh_engine: sa.Engine, tmp_path: Path
) -> None:
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
    app = create_app(fresh_engine, handed_in=tmp_path)
    with served(app) as address, httpx.Client(base_url=address) as site:
        numbers = [hand_in(site, grids_file(2))["id"] for _ in range(4)]
        for number in numbers:
            declare(site, number)
            assert site.post(f"/v1/imports/{number}/judge").status_code == 202
    assert [one.name for one in threading.enumerate() if one.name == "imports"] == []
    assert isinstance(fresh_engine.pool, sa.QueuePool)
    assert fresh_engine.pool.checkedout() == 0
    left = [app.state.jobs.shelf.get(number).state for number in numbers]
    assert set(left) <= {"judged", "interrupted"}
    with served(create_app(fresh_engine, handed_in=tmp_path)) as address, httpx.Client(base_url=address) as site:
        for number in numbers:
            assert site.post(f"/v1/imports/{number}/judge").status_code == 202
            assert settled(site, number)["state"] == "judged"


# -- the way through ---------------------------------------------------------------------------------------------------
def test_a_file_becomes_an_edition_step_by_step(site: httpx.Client, fresh_engine: sa.Engine) -> None:
    seen = hand_in(site, grids_file(2))
    assert seen["state"] == "read"
    assert [column["name"] for column in seen["holds"]["columns"]] == ["编码", "名称", "社区", "类型"]
    assert seen["holds"]["rows"] == 13
    assert {name: one["value"] for name, one in seen["guess"].items()} == {
        name: value for name, value in MAPPING.items() if name != "datum"
    }
    assert declare(site, seen["id"]).json()["mapping"] == MAPPING
    assert site.post(f"/v1/imports/{seen['id']}/judge").status_code == 202
    found = settled(site, seen["id"])
    assert (found["state"], found["judged"]["counts"]["error"]) == ("judged", 0), found
    assert found["judged"]["summary"]["appeared"] == 1
    assert edition(fresh_engine) == 1
    done = committed(site, seen["id"])
    assert (done["state"], done["committed"]["edition"]) == ("committed", 2), done
    assert site.get(f"/v1/plans/{done['committed']['plan']}").json()["state"] == "in_force"
    assert edition(fresh_engine) == 2
    assert site.get(f"/v1/grids/{SPLIT_OFF}").status_code == 200
    assert site.get("/v1/imports").json()["imports"][0]["id"] == seen["id"]


def test_a_damaged_file_is_refused_with_places_and_nothing_is_stored(
    site: httpx.Client, fresh_engine: sa.Engine
) -> None:
    found = judged(site, grids_file(1, moved_east))
    assert found["state"] == "refused"
    page = site.get(f"/v1/imports/{found['id']}/findings", params={"severity": "error"}).json()
    overlap = next(one for one in page["findings"] if one["kind"] == "overlap")
    assert overlap["rows"]
    assert overlap["area_m2"] > 1_000
    places = site.get(f"/v1/imports/{found['id']}/findings.geojson").json()
    assert len(places["features"]) == sum(found["judged"]["counts"].values())
    drawn = site.get(f"/v1/imports/{found['id']}/overlay.geojson").json()["features"]
    assert overlap["number"] in {one["properties"].get("finding") for one in drawn}
    assert sum("code" in one["properties"] for one in drawn) == 12
    assert site.post(f"/v1/imports/{found['id']}/commit").status_code == 409
    assert edition(fresh_engine) == 1


def test_half_a_metre_is_mended_when_asked_and_every_mend_is_listed(site: httpx.Client) -> None:
    assert judged(site, grids_file(1, nudged))["state"] == "refused"
    found = judged(site, grids_file(1, nudged), repair=True)
    assert found["state"] == "judged", found
    mends = [one for one in found["judged"]["kinds"] if one["kind"].startswith("mend_")]
    assert sum(one["count"] for one in mends) >= 2
    listed = site.get(f"/v1/imports/{found['id']}/findings?kind={mends[0]['kind']}").json()["findings"]
    assert len(listed) == mends[0]["count"]
    assert all("米" in one["message"]["zh"] for one in listed)
    assert found["judged"]["counts"]["info"] >= len(listed)
    wrong = judged(site, grids_file(1, nudged), repair=True, mend_width="wide")
    assert "mend_width" in wrong["problem"]["detail"]


def test_where_approvals_are_wanted_a_file_becomes_a_plan_that_waits(
    site: httpx.Client, fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDATLAS_APPROVALS", "2")
    settings.cache_clear()
    try:
        found = committed(site, judged(site, grids_file(2))["id"])
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    told = found["committed"]
    assert (told["is_same"], told["edition"], told["approvals"], edition(fresh_engine)) == (False, 1, 2, 1)
    plan = site.get(f"/v1/plans/{told['plan']}").json()
    assert (plan["state"], plan["origin"]["kind"]) == ("draft", "import")
    assert plan["origin"]["files"][0]["rows"] == 13
    assert SPLIT_OFF in plan["changes"][0]["change"]["leaves"]
    assert site.get(f"/v1/plans/{told['plan']}/preview").json()["grids"]


def test_a_file_for_a_day_to_come_becomes_a_plan_that_is_scheduled(site: httpx.Client, fresh_engine: sa.Engine) -> None:
    hour = soon(86_400)
    found = judged(site, grids_file(2), effective_at=hour.isoformat())
    assert datetime.fromisoformat(found["judged"]["summary"]["scheduled"]) == hour
    told = committed(site, found["id"])["committed"]
    assert (told["is_same"], told["edition"], edition(fresh_engine)) == (False, 1, 1)
    plan = site.get(f"/v1/plans/{told['plan']}").json()
    assert (plan["state"], plan["effective_at"]) == ("scheduled", told["scheduled"])
    then = {"lon": SPLIT_CELL_EAST[0], "lat": SPLIT_CELL_EAST[1], "at": (hour + timedelta(days=1)).isoformat()}
    assert site.get("/v1/locate", params=then).json()["grid"]["code"] == SPLIT_OFF


def test_the_same_file_again_is_no_new_edition(site: httpx.Client, fresh_engine: sa.Engine) -> None:
    found = judged(site, grids_file(1))
    assert found["judged"]["summary"]["is_same"] is True
    assert committed(site, found["id"])["committed"] == {
        **committed_members(site, found["id"]),
        "is_same": True,
        "edition": 1,
    }
    assert edition(fresh_engine) == 1


def committed_members(site: httpx.Client, number: str) -> dict[str, object]:
    told: dict[str, object] = site.get(f"/v1/imports/{number}").json()["committed"]
    return told


def test_one_datum_is_never_guessed_and_must_be_declared(site: httpx.Client) -> None:
    seen = hand_in(site, grids_file())
    assert "datum" not in seen["guess"]
    declare(site, seen["id"], **{name: value for name, value in MAPPING.items() if name != "datum"})
    answer = site.post(f"/v1/imports/{seen['id']}/judge")
    assert answer.status_code == 422
    assert "datum" in answer.json()["detail"]


def test_another_layer_or_encoding_has_the_file_looked_at_again(site: httpx.Client) -> None:
    seen = hand_in(site, grids_file())
    answer = declare(site, seen["id"], **MAPPING, encoding="UTF-8")
    assert answer.json()["state"] in ("reading", "read")
    again = settled(site, seen["id"])
    assert (again["state"], again["holds"]["encoding"]) == ("read", "UTF-8")


def test_every_door_of_an_import_answers_as_it_declares(site: httpx.Client) -> None:
    paths = site.get("/openapi.json").json()["paths"]
    doors = {(method, path) for path, found in paths.items() for method in found if path.startswith("/v1/imports")}

    def declared(method: str, path: str, answer: httpx.Response) -> httpx.Response:
        operation = paths[path][method]
        doors.discard((method, path))
        assert " · " in operation["summary"]
        assert str(answer.status_code) in operation["responses"], answer.text
        assert any("404" <= status < "500" for status in operation["responses"]) or path == "/v1/imports"
        if (model := MODELS.get((method.upper(), path))) is not None:
            TypeAdapter(model).validate_json(answer.content)
        return answer

    about = {"kind": "boundaries", "filename": "grids.geojson"}
    first = declared("post", "/v1/imports", site.post("/v1/imports", params=about, content=grids_file(2)))
    declared("get", "/v1/imports", site.get("/v1/imports"))
    one, at = f"/v1/imports/{first.json()['id']}", "/v1/imports/{number}"
    settled(site, first.json()["id"])
    declared("put", f"{at}/mapping", site.put(f"{one}/mapping", json={"fields": MAPPING}))
    declared("post", f"{at}/judge", site.post(f"{one}/judge"))
    settled(site, first.json()["id"])
    for part in ("", "/findings", "/findings.geojson", "/overlay.geojson"):
        declared("get", f"{at}{part}", site.get(f"{one}{part}"))
    declared("post", f"{at}/commit", site.post(f"{one}/commit"))
    settled(site, first.json()["id"])
    declared("delete", at, site.delete(one))
    assert doors == set()


# -- once, and on the edition it was judged on -------------------------------------------------------------------------
def test_a_commit_is_carried_out_once_under_its_key(site: httpx.Client, fresh_engine: sa.Engine) -> None:
    number = judged(site, grids_file(2))["id"]
    assert committed(site, number, "once")["committed"]["edition"] == 2
    again = site.post(f"/v1/imports/{number}/commit", headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.json()["committed"]["edition"]) == (200, 2)
    assert site.post(f"/v1/imports/{number}/commit", headers={"Idempotency-Key": "twice"}).status_code == 409
    assert edition(fresh_engine) == 2


def test_a_commit_after_another_publish_must_be_judged_again(site: httpx.Client, fresh_engine: sa.Engine) -> None:
    first, second = judged(site, grids_file(2)), judged(site, grids_file(2))
    assert committed(site, first["id"])["state"] == "committed"
    late = site.post(f"/v1/imports/{second['id']}/commit")
    assert late.status_code == 409
    assert "edition 2" in late.json()["detail"]
    site.post(f"/v1/imports/{second['id']}/judge")
    assert settled(site, second["id"])["judged"]["summary"]["is_same"] is True
    assert edition(fresh_engine) == 2


def test_two_at_once_are_worked_on_one_after_the_other(site: httpx.Client, fresh_engine: sa.Engine) -> None:
    numbers = [judged(site, grids_file(2))["id"] for _ in range(2)]
    statuses = [site.post(f"/v1/imports/{number}/commit").status_code for number in numbers]
    ends = sorted(settled(site, number)["state"] for number in numbers)
    assert statuses[0] == 202
    assert ends in (["committed", "read"], ["committed", "judged"])  # refused at the door, or in its turn
    assert edition(fresh_engine) == 2
    assert site.post(f"/v1/imports/{numbers[0]}/judge").status_code == 409


def test_many_files_wait_in_a_queue_that_is_shown(site: httpx.Client) -> None:
    numbers = [hand_in(site, grids_file(1, moved_east))["id"] for _ in range(4)]
    for number in numbers:
        declare(site, number)
    told = [site.post(f"/v1/imports/{number}/judge").json()["progress"] for number in numbers]
    assert max(one["ahead"] for one in told if one) >= 1
    assert {settled(site, number)["state"] for number in numbers} == {"refused"}


# -- what outlives the server ------------------------------------------------------------------------------------------
def test_a_restart_loses_no_file_and_shows_what_was_interrupted(
    site: httpx.Client, fresh_engine: sa.Engine, shelf: Shelf
) -> None:
    done, half = judged(site, grids_file(2)), judged(site, grids_file(2))
    shelf.put(shelf.get(half["id"]).now(JUDGING))  # as a server leaves it that is killed while judging
    with (
        served(create_app(fresh_engine, handed_in=shelf.folder)) as address,
        httpx.Client(base_url=address, timeout=30) as again,
    ):
        assert again.get(f"/v1/imports/{done['id']}").json()["judged"] == done["judged"]
        assert again.get(f"/v1/imports/{half['id']}").json()["state"] == "interrupted"
        assert again.post(f"/v1/imports/{half['id']}/judge").status_code == 202
        assert settled(again, half["id"])["state"] == "judged"
        assert committed(again, done["id"])["committed"]["edition"] == 2


def test_what_is_withdrawn_is_gone_and_what_was_taken_in_stays(site: httpx.Client, shelf: Shelf) -> None:
    found = judged(site, grids_file(2))
    assert site.delete(f"/v1/imports/{found['id']}").json()["state"] == "withdrawn"
    assert not (shelf.folder / found["id"] / "file").exists()
    assert site.get(f"/v1/imports/{found['id']}/findings").status_code == 409
    assert site.post(f"/v1/imports/{found['id']}/judge").status_code == 409
    kept = committed(site, judged(site, grids_file(2))["id"])
    assert site.delete(f"/v1/imports/{kept['id']}").json()["state"] == "committed"
    assert site.get("/v1/editions/2").status_code == 200


def test_the_actor_stands_beside_the_file_and_the_edition(site: httpx.Client) -> None:
    site.headers["X-GridAtlas-Actor"] = "%E7%8E%8B%E8%8A%B3"
    done = committed(site, judged(site, grids_file(2))["id"])
    assert (done["actor"], done["committed"]["actor"]) == ("王芳", "王芳")
    assert site.get("/v1/editions/2").json()["published_by"] == "王芳"


def test_a_new_city_comes_from_one_file(fresh_engine: sa.Engine, shelf: Shelf) -> None:
    city = {"city_name": "试验市", "city_code": CITY, "level": "grid", "datum": "wgs84", "code": "编码", "name": "名称"}
    with (
        served(create_app(fresh_engine, handed_in=shelf.folder)) as address,
        httpx.Client(base_url=address, timeout=30) as first,
    ):
        number = hand_in(first, grids_file())["id"]
        assert declare(first, number, **city).status_code == 200
        assert first.post(f"/v1/imports/{number}/judge").status_code == 202
        found = settled(first, number)
        assert found["state"] == "judged", found
        assert committed(first, number)["committed"]["edition"] == 1
        assert first.get("/v1/city").json()["name"] == "试验市"


@pytest.mark.parametrize("number", ["0123456789abcdef", "..", "record.json", "0" * 15, "%2e%2e"])
def test_an_id_there_is_none_of_is_a_404(site: httpx.Client, number: str) -> None:
    for way in ("", "/findings", "/findings.geojson", "/overlay.geojson"):
        answer = site.get(f"/v1/imports/{number}{way}")
        assert answer.status_code in (404, 200 if number == ".." else 404), answer.text
    assert site.delete(f"/v1/imports/{'f' * 16}").status_code == 404


def test_findings_come_page_by_page(site: httpx.Client) -> None:
    found = judged(site, grids_file(1, moved_east))
    path, seen = f"/v1/imports/{found['id']}/findings?limit=2", []
    while path:
        page = site.get(path).json()
        seen += [one["number"] for one in page["findings"]]
        path = page["next"]
    assert seen == list(range(sum(found["judged"]["counts"].values())))
    assert site.get(f"/v1/imports/{found['id']}/findings?severity=grave").status_code == 400
