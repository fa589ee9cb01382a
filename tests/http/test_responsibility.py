"""The chain of who answers for a place, and where it breaks."""

from __future__ import annotations

import httpx

from tests.entity_rows import GRID, SPOT
from tests.small_city import CITY, COMMUNITIES, FALLBACK, cell_centre


def steps(http: httpx.Client, place: tuple[float, float], **query: str) -> dict[str, dict[str, object]]:
    answer = http.get("/v1/responsibility", params={"lon": place[0], "lat": place[1], **query})
    assert answer.status_code == 200, answer.text
    return {one["step"]: one for one in answer.json()["steps"]}


def test_every_step_tells_its_posts_and_organisations_and_the_broken_ones_are_named(http: httpx.Client) -> None:
    found = steps(http, SPOT)
    assert list(found) == ["city", "district", "subdistrict", "community", "estate", "grid"]
    assert (found["city"]["code"], found["grid"]["code"]) == (CITY, GRID)
    assert found["grid"]["contacts"] == [
        {"post": "grid_leader", "name": {"zh": "网格长", "en": "Grid leader"}, "phone": "8001", "hours": None}
    ]
    assert found["grid"]["organisations"] == ["网格支部"]
    assert found["subdistrict"]["organisations"] == ["街道党工委"]
    answer = http.get("/v1/responsibility", params={"lon": SPOT[0], "lat": SPOT[1]}).json()
    assert answer["broken"] == ["community", "estate"]
    assert not found["city"]["is_broken"]


def test_a_building_is_the_last_step_where_one_stands(http: httpx.Client) -> None:
    x, y = cell_centre(0, 0)
    found = steps(http, (x - 2e-4, y + 1e-4))
    assert list(found)[-2:] == ["grid", "building"]
    assert found["building"]["is_broken"]


def test_fallback_ground_breaks_the_chain_at_the_grid(http: httpx.Client) -> None:
    found = steps(http, cell_centre(3, 2))
    assert (found["grid"]["code"], found["grid"]["is_broken"]) == (FALLBACK, True)
    assert found["community"]["code"] == COMMUNITIES[3]


def test_outside_the_city_nobody_answers_and_a_datum_is_taken_off(http: httpx.Client) -> None:
    assert steps(http, (100.0, 30.0)) == {}
    assert steps(http, SPOT, datum="gcj02") != steps(http, SPOT)
    assert http.get("/v1/responsibility", params={"lon": 1, "lat": 91}).status_code == 400
