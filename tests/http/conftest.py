"""A real server on a real database with the small city, asked over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import shapely
import sqlalchemy as sa

from api.app import create_app
from api.commands.serving import address, listen, server
from geo.imports.shelves import Shelf
from tests.entity_rows import enter
from tests.serving import served
from tests.small_city import WEST, WIDE, cell_centre, publish_small_city
from tests.standing import stand

_X, _Y = cell_centre(0, 0)
_BORDER = WEST + WIDE
BUILDINGS = [
    shapely.box(_X - 4e-4, _Y, _X - 1e-4, _Y + 2e-4),
    shapely.box(_BORDER - 1e-3, _Y, _BORDER + 1e-3, _Y + 1e-4),
]
"""One inside a grid, the other astride the border of the first two columns."""


def running(engine: sa.Engine) -> Iterator[str]:
    """Address of a server on ``engine``, stopped afterwards."""
    bound = listen("127.0.0.1", 0)
    one = server(engine)
    thread = threading.Thread(target=one.run, kwargs={"sockets": [bound]})
    thread.start()
    while not one.started and thread.is_alive():
        time.sleep(0.01)
    yield address(bound)
    one.should_exit = True
    thread.join()
    bound.close()


@pytest.fixture(scope="module")
def base(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server on this module's database: the small city's editions, two buildings, rows of entities."""
    for edition in (1, 2):
        with engine.begin() as connection:
            publish_small_city(connection, edition)
    with engine.begin() as connection:
        stand(connection, BUILDINGS, use=["residential", None], floors=[6, float("nan")], households=[0, float("nan")])
        enter(connection, tmp_path_factory.mktemp("rows"))
    serving = running(engine)
    url = next(serving)
    while httpx.get(f"{url}/readyz", timeout=30).status_code != 200:
        time.sleep(0.05)
    yield url
    next(serving, None)


@pytest.fixture(scope="module")
def http(base: str) -> Iterator[httpx.Client]:
    """A client of that server."""
    with httpx.Client(base_url=base, timeout=30) as client:
        yield client


@pytest.fixture
def empty_http(fresh_engine: sa.Engine) -> Iterator[httpx.Client]:
    """A client of a server whose database has no city yet."""
    serving = running(fresh_engine)
    with httpx.Client(base_url=next(serving), timeout=30) as client:
        yield client
    next(serving, None)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Where the files of ``site`` lie."""
    return Shelf(tmp_path / "handed in")


@pytest.fixture
def site(fresh_engine: sa.Engine, shelf: Shelf) -> Iterator[httpx.Client]:
    """A client of a server of its own, with the small city's first edition and an empty shelf."""
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
    with (
        served(create_app(fresh_engine, handed_in=shelf.folder)) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def quiet_shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Where the files of ``quiet_site`` lie."""
    return Shelf(tmp_path_factory.mktemp("shelf") / "handed in")


@pytest.fixture(scope="module")
def quiet_site(engine: sa.Engine, quiet_shelf: Shelf) -> Iterator[httpx.Client]:
    """A server for a whole module that publishes nothing, with the small city's first edition."""
    with engine.begin() as connection:
        publish_small_city(connection)
    with (
        served(create_app(engine, handed_in=quiet_shelf.folder)) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client
