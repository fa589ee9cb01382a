"""Buildings are found by place, grid and use, drawn in tiles, and pinned by a planner."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from geo.tables import audit_events
from tests.small_city import COMMUNITIES, DISTRICT, cell_centre

WEST_GRID, EAST_GRID = COMMUNITIES[0] + "005", COMMUNITIES[1] + "001"


def found(http: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/buildings", params=query)
    assert answer.status_code == 200, answer.text
    features: list[dict[str, Any]] = answer.json()["features"]
    return features


def references(http: httpx.Client, **query: Any) -> list[str]:
    return [feature["properties"]["reference"] for feature in found(http, **query)]


def astride(http: httpx.Client) -> dict[str, Any]:
    (feature,) = found(http, straddles=True)
    return feature


def test_what_is_known_is_told_and_what_is_not_is_null(http: httpx.Client) -> None:
    known, unknown = found(http)
    assert (known["properties"]["use"], known["properties"]["floors"]) == ("residential", 6)
    assert known["properties"]["households"] == 0
    assert (unknown["properties"]["use"], unknown["properties"]["households"]) == (None, None)
    assert known["geometry"]["type"] == "MultiPolygon"
    assert (known["properties"]["share"], known["properties"]["straddles"]) == (1, False)
    assert unknown["properties"]["share"] == pytest.approx(0.5, abs=0.1)
    assert http.get(f"/v1/buildings/{known['id']}").json() == known


def test_buildings_are_found_by_place_grid_and_use(http: httpx.Client) -> None:
    lon, lat = cell_centre(0, 0)
    assert references(http, bbox=f"{lon - 0.0003},{lat},{lon - 0.0002},{lat + 0.0001}") == ["0"]
    assert references(http, bbox=f"{lon},{lat},{lon},{lat}") == []
    assert references(http, area=COMMUNITIES[0] + "001") == ["0"]
    assert references(http, area=DISTRICT) == ["0", "1"]
    assert references(http, use="residential") == ["0"]
    assert references(http, use="unknown") == ["1"]
    assert references(http, straddles=False) == ["0"]
    assert references(http, unassigned=True) == []
    assert references(http, pinned=True) == []


def test_pages_follow_each_other(http: httpx.Client) -> None:
    first = http.get("/v1/buildings", params={"limit": 1}).json()
    second = http.get(first["next"]).json()
    ids = [page["features"][0]["id"] for page in (first, second)]
    assert ids == sorted(set(ids))
    assert "next" not in second


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"bbox": "1,2,3"}, 400),
        ({"limit": "0"}, 400),
        ({"after": "x"}, 400),
        ({"straddles": "some"}, 400),
        ({"colour": "red"}, 400),
        ({"use": "castle"}, 422),
        ({"area": "nowhere"}, 404),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_by_name(
    http: httpx.Client, query: dict[str, str], status: int
) -> None:
    answer = http.get("/v1/buildings", params=query)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_a_pin_is_a_planners_word_and_is_written_down(http: httpx.Client, engine: sa.Engine) -> None:
    building = astride(http)
    number, was = building["id"], building["properties"]["grid"]
    other = EAST_GRID if was == WEST_GRID else WEST_GRID
    named = {"X-GridAtlas-Actor": "planner"}
    pinned = http.put(f"/v1/buildings/{number}/pin", json={"grid": other}, headers=named)
    assert pinned.status_code == 200, pinned.text
    told = pinned.json()["properties"]
    assert (told["grid"], told["pinned"], told["straddles"]) == (other, True, True)
    assert told["share"] == pytest.approx(1 - building["properties"]["share"], abs=1e-6)
    assert http.put(f"/v1/buildings/{number}/pin", json={"grid": other}, headers=named).json() == pinned.json()
    assert references(http, pinned=True) == ["1"]
    back = http.delete(f"/v1/buildings/{number}/pin", headers=named)
    assert back.json() == building
    with engine.connect() as connection:
        events = connection.execute(
            sa.select(audit_events.c.action, audit_events.c.actor).where(audit_events.c.action.like("buildings.%pin"))
        ).all()
    assert [tuple(event) for event in events] == [("buildings.pin", "planner"), ("buildings.unpin", "planner")]


@pytest.mark.parametrize(
    ("number", "body", "status"),
    [
        (None, {"grid": COMMUNITIES[3] + "001"}, 422),
        (None, {"grid": "nowhere"}, 404),
        (None, {"grid": COMMUNITIES[0]}, 404),
        (None, {}, 400),
        (10**9, {"grid": EAST_GRID}, 404),
        (2**70, {"grid": EAST_GRID}, 400),
    ],
)
def test_a_pin_that_cannot_hold_is_refused(
    http: httpx.Client, number: int | None, body: dict[str, str], status: int
) -> None:
    answer = http.put(f"/v1/buildings/{astride(http)['id'] if number is None else number}/pin", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert not astride(http)["properties"]["pinned"]


def address(http: httpx.Client, z: int) -> str:
    document = http.get("/openapi.json").json()["paths"]["/tiles/buildings/{revision}/{z}/{x}/{y}.mvt"]["get"]
    told = {parameter["name"]: parameter["example"] for parameter in document["parameters"]}
    shift = z - told["z"]
    x, y = (told[name] << shift if shift > 0 else told[name] >> -shift for name in "xy")
    return f"/tiles/buildings/{told['revision']}/{z}/{x}/{y}.mvt"


def test_tiles_are_private_short_lived_and_of_one_revision(http: httpx.Client) -> None:
    first = http.get(address(http, 15))
    assert first.status_code == 200
    assert b"residential" in first.content
    assert first.headers["cache-control"] == "private, max-age=300"
    assert http.get(address(http, 15), headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    building = astride(http)
    old = address(http, 15)
    http.put(f"/v1/buildings/{building['id']}/pin", json={"grid": building["properties"]["grid"]})
    assert address(http, 15) != old
    assert http.get(old).headers["cache-control"] == "private, no-store"
    http.delete(f"/v1/buildings/{building['id']}/pin")


def test_below_their_first_zoom_tiles_are_refused(http: httpx.Client) -> None:
    answer = http.get(address(http, 13))
    assert answer.status_code == 404
    assert "from zoom 14" in answer.json()["detail"]
    assert http.get(address(http, 14)).status_code == 200


def test_a_server_without_a_city_says_so(empty_http: httpx.Client) -> None:
    assert empty_http.get("/v1/buildings").status_code == 404
    assert empty_http.get("/v1/buildings/1").status_code == 404
