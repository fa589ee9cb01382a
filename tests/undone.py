"""A transaction that is undone: editions of two examples are never taken for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def undone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose transaction is rolled back at the end, whatever was done in it."""
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            yield connection
        finally:
            transaction.rollback()
