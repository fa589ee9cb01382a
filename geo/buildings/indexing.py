"""Indexes of buildings that are made after a first load: of sorted rows, at a fraction of what each row would cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

FEWEST = 10_000
"""Rows on the stage below which indexes are kept up row by row."""
_STAGED = "SELECT count(*) FROM (SELECT FROM staged_buildings LIMIT :fewest) AS staged"
_LOCK = "LOCK TABLE buildings IN ACCESS EXCLUSIVE MODE NOWAIT"
_INDEXES = """SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made_by
                FROM pg_index WHERE indrelid = 'buildings'::regclass AND NOT indisunique ORDER BY name"""


@contextmanager
def indexed_afterwards(connection: sa.Connection) -> Iterator[None]:
    """What is stored meanwhile is indexed in the end, where no building is stored yet and nobody is reading them.

    Whoever asks for buildings from now on waits until the transaction ends. Keys stay throughout: they tell repeats.
    """
    if not _is_first(connection):
        yield
        return
    indexes = connection.execute(sa.text(_INDEXES)).all()
    for index in indexes:
        connection.execute(sa.text(f"DROP INDEX {index.name}"))
    yield
    for index in indexes:
        connection.execute(sa.text(index.made_by))


def _is_first(connection: sa.Connection) -> bool:
    """Whether many rows come into an empty table, which then is this transaction's alone."""
    if connection.scalar(sa.text(_STAGED), {"fewest": FEWEST}) < FEWEST or _are_stored(connection):
        return False
    attempt = connection.begin_nested()
    try:
        connection.execute(sa.text(_LOCK))
    except OperationalError as error:
        attempt.rollback()
        if isinstance(error.orig, LockNotAvailable):
            return False  # somebody asks for buildings right now: waiting for him could make him wait for us
        raise
    attempt.commit()
    return not _are_stored(connection)


def _are_stored(connection: sa.Connection) -> bool:
    return bool(connection.scalar(sa.text("SELECT EXISTS (SELECT FROM buildings)")))
