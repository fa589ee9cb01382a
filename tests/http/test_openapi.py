"""What the doors say of themselves is true: every operation answers its own example as it declares."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api import areas, blind_spots, buildings, business_districts, coverage, follow_ups, health, incidents, locate

MODELS = {
    (method, route.path): route.response_model
    for room in (areas, blind_spots, buildings, business_districts, coverage, follow_ups, health, incidents, locate)
    for route in room.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods
}


def operations(http: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation but those on an import, plan or forecast: each hangs on a step before; their tests walk them."""
    document = http.get("/openapi.json").json()
    return [
        (method.upper(), path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
        if not path.startswith(("/v1/imports", "/v1/plans/", "/v1/links/", "/tiles/forecasts/"))
    ]


def ask(http: httpx.Client, method: str, path: str, operation: dict[str, Any]) -> httpx.Response:
    """The answer to the operation's own example."""
    given: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.get("parameters", ()):
        assert "example" in parameter or not parameter.get("required"), (path, parameter["name"])
        if "example" in parameter:
            given[parameter["in"]][parameter["name"]] = str(parameter["example"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    assert not operation.get("requestBody") or "example" in body, path
    return http.request(
        method,
        path.format(**given["path"]),
        params=given["query"],
        headers=given["header"],
        json=body.get("example"),
    )


def test_every_operation_has_a_summary_in_both_languages_and_says_how_it_fails(http: httpx.Client) -> None:
    for method, path, operation in operations(http):
        assert " · " in operation["summary"], (method, path)
        problems = [found for status, found in operation["responses"].items() if status >= "400"]
        assert problems, (method, path)
        for found in problems:
            assert found["description"], (method, path)


def test_every_operation_answers_its_own_example(http: httpx.Client) -> None:
    asked = operations(http)
    assert len(asked) >= 12
    for method, path, operation in asked:
        answer = ask(http, method, path, operation)
        assert str(answer.status_code) in operation["responses"], (method, path, answer.text)
        assert answer.is_success, (method, path, answer.text)


def test_answers_have_exactly_the_declared_members(http: httpx.Client) -> None:
    checked = 0
    for method, path, operation in operations(http):
        model = MODELS.get((method, path))
        if model is None:
            continue
        content = ask(http, method, path, operation).content
        assert b"NaN" not in content
        TypeAdapter(model).validate_json(content)
        checked += 1
    assert checked == len(MODELS)


def test_a_server_without_a_city_still_describes_itself(empty_http: httpx.Client) -> None:
    assert empty_http.get("/openapi.json").json()["paths"]
    answer = empty_http.get("/v1/city")
    assert answer.status_code == 404
    assert "import boundaries" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["malformed", "unknown", "fault"])
def test_the_type_of_a_problem_leads_to_its_meaning(http: httpx.Client, name: str) -> None:
    assert http.get(f"/problems/{name}").json()["name"] == name


def test_every_operation_knows_the_parameters_it_declares_and_no_other(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"].items()
    doors = [(path, *one) for path, found in paths if path.startswith("/v1/") for one in found.items()]
    assert len(doors) > 100
    for path, method, operation in doors:
        given = {one["name"]: "1" for one in operation.get("parameters", ()) if one["in"] == "path"}
        answer = http.request(method, path.format(**given), params={"no-such": "1"})
        declared = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        assert answer.status_code == 400, (method, path, answer.text)
        there = answer.json()["errors"][0]["expected"].rpartition("there are: ")[2]
        assert set(there.split(", ")) - {"none"} == declared, (method, path)
