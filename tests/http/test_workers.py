"""Several workers are one server: any of them answers, one that dies is replaced, all of them stop in order."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import sqlalchemy as sa

from api.commands import serving
from geo import areas, db
from geo.errors import Refused
from tests.kept_workers import Kept, in_turn, is_idle, kept_workers, processor_s, until
from tests.small_city import cell_centre, publish_small_city
from tests.spotted_city import publish_spotted_city
from tests.uploads import committed, declare, grids_file, hand_in, judged, moved_east, settled

MANY = 3
MIDDLE = cell_centre(1, 1)


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> sa.Engine:
    """A database with the spotted city."""
    with engine.begin() as connection:
        publish_spotted_city(connection)
    return engine


@pytest.fixture(scope="module")
def kept(city: sa.Engine) -> Iterator[Kept]:
    """One server for all that leave it standing."""
    with kept_workers(city, MANY) as there:
        yield there


def asked_of_all(kept: Kept, path: str) -> list[httpx.Response]:
    """Answers to questions that come together, more than one worker takes before another does."""
    with ThreadPoolExecutor(2 * MANY) as together:
        asked = [together.submit(in_turn, kept.address, path, 4) for _ in range(2 * MANY)]
        return [answer for one in asked for answer in one.result()]


def test_all_answer_alike(kept: Kept) -> None:
    until(lambda: len(kept.workers()) == MANY)
    answers = asked_of_all(kept, "/v1/editions")
    assert {one.status_code for one in answers} == {200}
    assert len({one.text for one in answers}) == 1


def test_a_forked_worker_has_everything_open(kept: Kept) -> None:
    until(lambda: all(map(is_idle, kept.workers())))
    took = [processor_s(pid) for pid in kept.workers()]
    keeper = processor_s(kept.process.pid)
    assert max(took) < keeper / 3, (took, keeper)


def test_a_worker_that_dies_is_replaced_and_the_others_answer_meanwhile(kept: Kept) -> None:
    before = kept.workers()
    os.kill(before[0], signal.SIGKILL)
    assert {one.status_code for one in in_turn(kept.address, "/healthz", 8)} == {200}
    until(lambda: len(set(kept.workers()) - {before[0]}) == MANY)
    assert {one.status_code for one in asked_of_all(kept, "/v1/editions")} == {200}


def test_a_publish_is_seen_by_all_at_once(kept: Kept, city: sa.Engine) -> None:
    for number in (1, 2):
        if number > 1:
            with city.begin() as connection:
                publish_small_city(connection, number)
        told = asked_of_all(kept, f"/v1/locate?lon={MIDDLE[0]}&lat={MIDDLE[1]}")
        assert {one.json()["edition"]["number"] for one in told} == {number}


def test_a_file_goes_its_way_whichever_worker_is_asked(kept: Kept, city: sa.Engine) -> None:
    with httpx.Client(base_url=kept.address, headers={"Connection": "close"}, timeout=30) as site:
        found = judged(site, grids_file(2))
        states = {one.json()["state"] for one in asked_of_all(kept, f"/v1/imports/{found['id']}")}
        assert states == {"judged"}
        assert committed(site, found["id"])["state"] == "committed"
        waiting = [hand_in(site, grids_file(1, moved_east))["id"] for _ in range(MANY)]
        for number in waiting:
            declare(site, number)
        for number in waiting:
            assert site.post(f"/v1/imports/{number}/judge").status_code == 202
        assert site.delete(f"/v1/imports/{waiting[-1]}").json()["state"] == "withdrawn"
        assert [settled(site, number)["state"] for number in waiting] == [*["refused"] * (MANY - 1), "withdrawn"]
    with db.read(city) as connection:
        assert areas.current(connection).number == 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_all_stop_in_order(city: sa.Engine, how: signal.Signals) -> None:
    with kept_workers(city, 2) as kept:
        until(lambda: len(kept.workers()) == 2)
        workers = kept.workers()
        assert httpx.get(f"{kept.address}/healthz").json() == {"status": "ok"}
        log = kept.stop(how)
    assert kept.process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"method": "GET", "path": "/healthz", "status": 200}.items() <= lines[-1].items(), lines
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_more_workers_than_the_database_has_connections_for_are_refused(city: sa.Engine) -> None:
    with pytest.raises(Refused, match=r"more than the \d+ of the database: at most \d+ workers"):
        serving.check_connections(city, 60)
    serving.check_connections(city, 2)
