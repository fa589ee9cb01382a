"""What may be asked of locate beside points: what an accuracy means, which columns; and whom it asks itself."""

from __future__ import annotations

import math

import httpx
import pyarrow as pa
import pytest
import sqlalchemy as sa

from tests.located import ask_stream, get, post, scattered, tables
from tests.small_city import HIGH, SOUTH, WEST, WIDE, cell_centre


def test_an_accuracy_is_a_disc_or_the_68_per_cent_of_a_normal_distribution(http: httpx.Client) -> None:
    """0.8 of the accuracy from a straight border: beyond it lies a segment of the disc, a tail of the Gaussian."""
    lon, lat = WEST + WIDE + 0.0002, SOUTH + 0.3 * HIGH
    border_m = get(http, lon, lat)["border_m"]
    accuracy_m = border_m / 0.8
    plain, disc, gaussian = (
        get(http, lon, lat, accuracy_m=accuracy_m, **more) for more in ({}, {"spread": "disc"}, {"spread": "gaussian"})
    )
    assert plain == disc
    segment = (math.acos(0.8) - 0.8 * math.sqrt(1 - 0.8**2)) / math.pi
    sigmas = 0.8 * math.sqrt(-2 * math.log(1 - 0.68))
    tail = 0.5 * math.erfc(sigmas / math.sqrt(2))
    assert disc["probability"] == pytest.approx(1 - segment, abs=5e-3)  # borders wind a little
    assert gaussian["probability"] == pytest.approx(1 - tail, abs=5e-3)
    assert gaussian["grid"] == disc["grid"]
    assert gaussian["candidates"][0]["probability"] == gaussian["probability"]


@pytest.mark.parametrize("names", [["grid", "rule"], ["rule"], ["nearest"], ["border_m", "city"], ["is_doubtful"]])
def test_the_columns_wanted_are_those_of_the_whole_answer(http: httpx.Client, names: list[str]) -> None:
    points = scattered(400)
    whole = post(http, points)
    some = http.post("/v1/locate", params={"columns": ", ".join(names[::-1])}, json={"points": points}).json()
    assert list(some["columns"]) == [name for name in whole["columns"] if name in names]
    assert some == whole | {"columns": {name: whole["columns"][name] for name in some["columns"]}}
    arrow = ask_stream(http, tables(points)[0], query={"columns": ",".join(names)})
    assert pa.ipc.open_stream(arrow.content).read_all().to_pydict() == some["columns"]


@pytest.mark.parametrize("columns", ["grid,rules", "", "grid,", "Grid"])
def test_a_column_there_is_none_of_is_a_400_that_lists_those_there_are(http: httpx.Client, columns: str) -> None:
    for answer in (
        http.post("/v1/locate", params={"columns": columns}, json={"points": [[120.3, 36.1]]}),
        ask_stream(http, tables([[120.3, 36.1]])[0], accept="application/json", query={"columns": columns}),
    ):
        assert answer.status_code == 400, answer.text
        assert "city, district, subdistrict, community, grid, rule, border_m, is_doubtful, nearest" in answer.text
        assert answer.json()["errors"][0]["parameter"] == "columns"


def test_accuracy_never_decides_it_only_says_how_sure(http: httpx.Client) -> None:
    lon, lat = WEST + WIDE + 0.0006, SOUTH + 0.5 * HIGH
    sure, unsure = get(http, lon, lat), get(http, lon, lat, accuracy_m=200)
    assert sure["grid"] == unsure["grid"]
    assert unsure["is_doubtful"]
    assert not sure["is_doubtful"]
    assert len(unsure["candidates"]) > 1
    shares = [one["probability"] for one in unsure["candidates"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0005


def test_a_lost_connection_to_the_database_is_made_anew(http: httpx.Client, engine: sa.Engine) -> None:
    """The look for the edition in force has a connection of its own, which a server that restarts takes away."""
    points = [list(cell_centre(1, 1))]
    before = get(http, *points[0]), post(http, points)
    with engine.begin() as connection:
        told = sa.text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND query ILIKE 'select max(editions.number)%'"
        )
        assert connection.scalar(told) == 1
    assert (get(http, *points[0]), post(http, points)) == before
    assert post(http, points) == before[1]
