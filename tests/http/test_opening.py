"""A server that starts opens first what its first answers need, and starts all the same where that cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
import structlog
from structlog.testing import capture_logs

from api import app as application
from api.app import create_app
from api.deps import Store
from api.opening import SHOWN
from api.timelines import Timeline
from geo import areas, db
from geo.actors import Actor
from geo.coverage import running, runs
from geo.coverage.found import open_run
from geo.coverage.indicators import registry
from tests.serving import served
from tests.spotted_city import publish_spotted_city


def test_a_server_that_has_started_is_ready_and_has_opened_the_newest_run(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
        running.run(connection, Actor("test"))
    with served(fresh_engine) as address:
        assert httpx.get(f"{address}/readyz").json()["checks"]["index"]["ok"]
    with db.read(fresh_engine) as connection:
        newest = runs.last(connection)
        assert newest is not None
        kept = open_run(connection, newest).kept
        level = areas.city(connection).levels[areas.city(connection).grid_level - 1].key
    assert {"by leaf", "sources", "ranking by building", f"ranking by {level}"} <= set(kept)
    assert SHOWN in registry()


def test_a_server_starts_although_the_database_keeps_it_waiting(
    fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "OPEN_S", 0.2)
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
    app = create_app(fresh_engine)
    with fresh_engine.connect() as holder:
        holder.execute(sa.text("LOCK TABLE editions IN ACCESS EXCLUSIVE MODE"))
        with served(app) as address:
            assert not app.state.timeline.is_warm()
            assert httpx.get(f"{address}/healthz").status_code == 200
            holder.rollback()
            until = time.monotonic() + 20
            while not app.state.timeline.is_warm() and time.monotonic() < until:
                time.sleep(0.02)
            assert app.state.timeline.is_warm()


def test_a_look_that_comes_after_the_end_keeps_no_connection(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
    timeline = Timeline(Store(fresh_engine))
    timeline.open_current()
    assert isinstance(fresh_engine.pool, sa.QueuePool)
    assert fresh_engine.pool.checkedout() == 1
    for _ in range(2):
        timeline.close()
        timeline.open_current()
        assert fresh_engine.pool.checkedout() == 0


def test_a_server_starts_without_a_city(fresh_engine: sa.Engine) -> None:
    with served(fresh_engine) as address:
        assert httpx.get(f"{address}/readyz").status_code == 503
        assert httpx.get(f"{address}/").status_code == 200


@pytest.fixture
def every_line() -> Iterator[None]:
    """Every line of the log, whatever level another test has set."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("every_line")
def test_what_a_server_asks_itself_is_told_only_to_who_debugs(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
    with capture_logs() as lines, served(fresh_engine) as address:
        httpx.get(f"{address}/healthz")
    asked = {(one["log_level"], one["path"]) for one in lines if one["event"] == "request"}
    assert [path for level, path in asked if level == "info"] == ["/healthz"]
    assert {"/", "/maps/coverage", "/maps/blind-spots"} < {path for level, path in asked if level == "debug"}


STARTED = """
import asyncio, sys
from api.commands.serving import application
from api.logs import configure
from api.opening import ask
from geo import db

configure("WARNING")

LATER = ("alembic", "branca", "dask", "folium", "geopandas", "jinja2", "numba", "pandas", "scipy")
app = application(db.connect(sys.argv[1]))
app.state.timeline.open_current()
asyncio.run(ask(app, "/v1/editions"))
print(*(name for name in LATER if name in sys.modules), sep=",")
asyncio.run(ask(app, "/maps/coverage"))
print(*(name for name in LATER if name in sys.modules), sep=",")
"""


def test_a_worker_is_ready_before_it_imports_what_only_pages_and_long_work_need(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
    url = fresh_engine.url.render_as_string(hide_password=False)
    told = subprocess.run(
        [sys.executable, "-c", STARTED, url], capture_output=True, text=True, env=os.environ, check=True
    )
    ready, drawn = told.stdout.splitlines()[-2:]
    assert ready == ""
    assert {"folium", "jinja2", "pandas"} <= set(drawn.split(","))
