"""Connections: an engine per process, read-only and writing transactions, and the schema brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from geo import packed as _packed  # noqa: F401 - what it registers is known to connections opened from here on
from geo.errors import Unavailable
from geo.settings import settings
from geo.turns import Turn, wait_for

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")
OVERFLOW = 2
"""Connections beyond the pool's size, for what is asked beside the requests."""


def database_url(progress: Callable[[str], None] | None = None) -> str:
    """URL of the city's database; starts the private cluster when no server is named.

    Raises
    ------
    Unavailable
        When no PostgreSQL with PostGIS can be had; the message names every way out.
    """
    if url := settings().database_url:
        return url.replace("postgresql://", "postgresql+psycopg://", 1)
    from geo.cluster import Cluster

    cluster = Cluster()
    cluster.up(progress)
    return cluster.url()


def connect(url: str) -> sa.Engine:
    """Engine on ``url`` with as many pooled connections as requests may run at once."""
    size = settings().pool_size
    return sa.create_engine(url, pool_size=size, max_overflow=OVERFLOW, pool_pre_ping=True, future=True)


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """Engine on ``url`` for as long as the block takes; no connection of it is left open."""
    made = connect(url)
    try:
        yield made
    finally:
        made.dispose()


@cache
def engine() -> sa.Engine:
    """The engine of this process, its schema brought up to date."""
    made = connect(database_url())
    migrate(made)
    return made


@contextmanager
def read(bound: sa.Engine) -> Iterator[sa.Connection]:
    """A read-only transaction that sees one moment of the database."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with bound.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def write(bound: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that is kept when the block ends and undone when it raises."""
    with bound.begin() as connection:
        yield connection


def configuration(connection: sa.Connection) -> Config:
    """What Alembic needs to migrate on ``connection``, inside its transaction."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def is_current(connection: sa.Connection) -> bool:
    """True when the schema is the one this code was written for."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def migrate(bound: sa.Engine) -> bool:
    """Bring the schema up to date; True when something was done.

    Raises
    ------
    Unavailable
        When the server cannot be reached or lacks an extension.
    """
    try:
        with bound.connect() as connection:
            if is_current(connection):
                return False
        with bound.begin() as connection:
            wait_for(connection, Turn.MIGRATION)
            for extension in EXTENSIONS:
                connection.execute(sa.text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
            from alembic import command

            command.upgrade(configuration(connection), "head")
    except OperationalError as error:
        raise Unavailable(f"the database does not answer: {error.orig}") from error
    return True
