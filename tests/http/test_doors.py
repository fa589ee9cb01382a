"""What holds at every door: who may ask, how it says no, what the log keeps, what browsers are told."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from shapely.geometry import Point
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api import errors
from api.app import create_app
from api.auth import only_loopback
from geo import errors as geo_errors
from geo.errors import Broken, GeoError, Refused, Unavailable
from tests.http.conftest import running
from tests.small_city import cell_centre


@pytest.fixture
def lost_http(server: sa.Engine) -> Iterator[httpx.Client]:
    """A client of a server whose database is not there."""
    gone = sa.create_engine(server.url.set(database="gone_for_ever"))
    serving = running(gone)
    with httpx.Client(base_url=next(serving), timeout=30) as client:
        yield client
    next(serving, None)
    gone.dispose()


def test_every_error_of_the_family_has_a_status_and_a_page() -> None:
    family = [one for _, one in inspect.getmembers(geo_errors, inspect.isclass) if issubclass(one, GeoError)]
    assert len(family) >= 8
    for one in family:
        if one is not GeoError:
            assert errors.kind_of(one("why")).status in range(400, 504), one
            assert errors.kind_of(one("why")).name != "fault", one
    assert errors.kind_of(ZeroDivisionError()).status == 500


def test_a_refusal_shows_the_place() -> None:
    answer = json.loads(bytes(errors.answer(Broken("two leaves overlap", where=Point(120.3, 36.1)), "r1").body))
    assert answer["where"] == {"type": "Point", "coordinates": [120.3, 36.1]}
    assert (answer["status"], answer["instance"]) == (422, "r1")


def test_what_is_not_there_now_says_when_to_ask_again() -> None:
    answer = errors.answer(Unavailable("loading", retry_after_s=7), "r2")
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7:8000", "[::2]", "a b", ""])
def test_a_foreign_host_name_is_turned_away(http: httpx.Client, name: str) -> None:
    answer = http.get("/v1/city", headers={"Host": name})
    assert answer.status_code in (400, 403)
    assert "试验市" not in answer.text


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1:1", "LOCALHOST:8000", "[::1]:9", "localhost."])
def test_loopback_names_are_answered(http: httpx.Client, name: str) -> None:
    assert http.get("/v1/city", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_changes_nothing(http: httpx.Client, origin: str) -> None:
    answer = http.post("/v1/locate", json={"points": []}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/denied"
    assert "access-control-allow-origin" not in http.get("/v1/city", headers={"Origin": origin}).headers


def test_our_own_pages_may_change_things(http: httpx.Client, base: str) -> None:
    assert http.post("/v1/locate", json={"points": []}, headers={"Origin": base}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", ""])
def test_the_server_refuses_to_listen_to_others(host: str) -> None:
    with pytest.raises(Refused, match="sign-in"):
        only_loopback(host)


def test_the_actor_comes_from_header_or_cookie(http: httpx.Client, engine: sa.Engine) -> None:
    def named(reference: str, **headers: str) -> str:
        body = {"source": "actors", "reference": reference, "occurred_at": "2025-06-01T00:00:00Z"}
        assert http.post("/v1/incidents", json=body, headers=headers).status_code == 201
        with engine.connect() as connection:
            found = sa.text("SELECT actor FROM audit_events WHERE detail->>'reference' = :reference")
            return str(connection.scalar(found, {"reference": reference}))

    assert named("one") == "local"
    assert named("two", **{"X-GridAtlas-Actor": "%E7%8E%8B%E8%8A%B3"}) == "王芳"
    assert named("three", Cookie="gridatlas_actor=li; gridatlas_role=planner") == "li"
    wrong = {"X-GridAtlas-Role": "emperor"}
    body = {"source": "actors", "reference": "four", "occurred_at": "2025-06-01T00:00:00Z"}
    answer = http.post("/v1/incidents", json=body, headers=wrong)
    assert answer.status_code == 400
    assert "planner" in answer.json()["detail"]


def test_the_id_of_a_request_is_in_the_answer_and_in_the_log(http: httpx.Client) -> None:
    with capture_logs([merge_contextvars]) as lines:
        assert http.get("/healthz", headers={"X-Request-Id": "my-id.1"}).headers["x-request-id"] == "my-id.1"
        forged = http.get("/healthz", headers={"X-Request-Id": 'a" forged'}).headers["x-request-id"]
        assert len(forged) == 32
        http.get("/healthz")  # the line of a request is written once it is answered, before the next on its connection
    found = next(line for line in lines if line.get("request") == "my-id.1")
    assert (found["method"], found["path"], found["status"]) == ("GET", "/healthz", 200)
    assert found["ms"] >= 0


def test_a_fault_says_nothing_of_its_insides_but_the_log_does(fresh_engine: sa.Engine) -> None:
    app = create_app(fresh_engine)
    add_faulty_door(app)
    with capture_logs([merge_contextvars]) as lines:
        answer = ask_directly(app, "/faulty")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["instance"] == answer.headers["x-request-id"]
    fault = next(line for line in lines if line["event"] == "fault")
    assert fault["exc_info"]
    assert fault["request"] == answer.json()["instance"]


def add_faulty_door(app: FastAPI) -> None:
    @app.get("/faulty")
    def faulty() -> None:
        raise ZeroDivisionError("secret password")


def ask_directly(app: FastAPI, path: str) -> httpx.Response:
    """The application's answer without a server between; in a thread, for tests of pages leave a loop in this one."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path)

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(lambda: asyncio.run(ask())).result()


def test_without_its_database_the_server_lives_and_says_it_is_not_ready(lost_http: httpx.Client) -> None:
    assert lost_http.get("/healthz").status_code == 200
    ready = lost_http.get("/readyz")
    assert ready.status_code == 503
    assert not ready.json()["checks"]["database"]["ok"]
    for path in ("/v1/city", "/v1/locate?lon=120&lat=36"):
        answer = lost_http.get(path)
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert "gone_for_ever" not in answer.text


def test_a_server_with_a_city_is_ready_and_one_without_is_not(http: httpx.Client, empty_http: httpx.Client) -> None:
    lon, lat = cell_centre(0, 0)
    http.get("/v1/locate", params={"lon": lon, "lat": lat})
    assert http.get("/readyz").json()["ready"], http.get("/readyz").text
    assert not empty_http.get("/readyz").json()["checks"]["city"]["ok"]


def test_browsers_are_told_to_stay_on_this_origin(http: httpx.Client) -> None:
    headers = http.get("/v1/city").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_long_answers_are_compressed_for_those_who_take_it(http: httpx.Client) -> None:
    assert http.get("/openapi.json").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in http.get("/openapi.json", headers={"Accept-Encoding": "identity"}).headers


def test_a_wrong_method_is_a_problem_too(http: httpx.Client) -> None:
    answer = http.delete("/v1/city")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == "GET"
