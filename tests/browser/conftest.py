"""A real browser on a real server; every page is watched for what it must never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from api.app import create_app
from geo import incidents
from geo.actors import Actor
from geo.incidents import NewIncident
from tests import small_city
from tests.browser import planners
from tests.serving import served

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
QUIETER = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
WAIT_MS = 10_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", type=Path, help="folder to write the screenshots of the documentation to")


@dataclass
class Watched:
    """What a page asked for and complained about."""

    addresses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        places = ["null/", *self.addresses]  # a file from disk is of no address
        own = ["data:", *self.addresses, *(f"blob:{place}" for place in places)]
        return [url for url in self.requests if not url.startswith(tuple(own))]

    def of(self, part: str) -> list[str]:
        return [url for url in self.requests if part in url]


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(chromium), args=[*QUIET, *QUIETER])
        expect.set_options(timeout=WAIT_MS)  # what is looked for is waited for as long as what is pressed
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    """Address of the small city: two editions, a few incidents."""
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
        small_city.publish_small_city(connection, edition=2)
        for number, (column, row) in enumerate([(0, 1), (0, 1), (0, 1), (1, 2), (3, 2)]):
            moment = datetime(2025, 6, 1 + number, tzinfo=UTC)
            where = small_city.cell_centre(column, row)
            incidents.add(
                connection, Actor("tests"), NewIncident("12345", str(number), moment, *where, reported_at=moment)
            )
    with served(engine) as address:
        yield address


@pytest.fixture(scope="module")
def board(engine: sa.Engine) -> Iterator[str]:
    """Address of a server with the first edition of the small city, on which the tests of a file draw."""
    yield from _small(engine)


@pytest.fixture
def fresh(fresh_engine: sa.Engine) -> Iterator[str]:
    """The same with a database of its own, for what is published."""
    yield from _small(fresh_engine)


def _small(engine: sa.Engine) -> Iterator[str]:
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
    with served(engine) as address:
        yield address


Opener = Callable[..., Page]


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def visit(browser: Browser, watched: Watched, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Opens a path of the city, or a file with the network off; nothing foreign was asked for, nothing complained."""
    contexts = []

    def go(
        path: str,
        *,
        size: tuple[int, int] = (1440, 900),
        lang: str = "zh-CN",
        address: str = "",
        file: Path | None = None,
    ) -> Page:
        base = file.as_uri() if file else address or request.getfixturevalue("city")
        watched.addresses.append(base)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=lang,
            has_touch=size[0] < 500,
            base_url=base,
            offline=file is not None,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: _complain(watched, message))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on("request", lambda asked: _note(watched, asked))
        page.goto(base + path if file else path)
        return page

    yield go
    for context in contexts:
        context.close()
    assert watched.foreign == []
    assert watched.complaints == []


def _complain(watched: Watched, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        watched.complaints.append(message.text)


def _note(watched: Watched, asked: Request) -> None:
    watched.requests.append(asked.url)


@pytest.fixture
def drawn(visit: Opener, board: str) -> Page:
    """A new plan on the planner, opened."""
    return planners.ready(visit(f"{planners.PATH}?plan={planners.begun(board)}", address=board))


@pytest.fixture
def desk(fresh_engine: sa.Engine, tmp_path: Path) -> Iterator[str]:
    """Address of a server with the first edition of the small city and nothing handed in."""
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
    with served(create_app(fresh_engine, handed_in=tmp_path / "handed in")) as address:
        yield address
