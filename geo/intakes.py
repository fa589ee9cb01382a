"""Requests that are carried out once: a repeat gets the first answer, and another request under the key is refused.

References
----------
IETF draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo.errors import Stale
from geo.tables import intakes


@dataclass(frozen=True)
class Answered:
    """What was answered, and whether it had been before."""

    answer: Mapping[str, Any]
    is_repeat: bool


def once(
    connection: sa.Connection, key: str, request: Mapping[str, Any], carry_out: Callable[[], Answered]
) -> Answered:
    """The answer to ``request``: of ``carry_out`` the first time, and the same again whenever the key returns.

    The key is entered first and in the same transaction, so of two requests at once the second waits for the first.

    Parameters
    ----------
    key
        Chosen by the caller, unlike any it used before.
    request
        What is asked, as JSON.

    Raises
    ------
    Stale
        When the key was used for another request.
    """
    before = _entered(connection, key, request, {})
    if before is not None:
        return before
    made = carry_out()
    connection.execute(sa.update(intakes).where(intakes.c.key == key).values(answer=dict(made.answer)))
    return made


def kept(connection: sa.Connection, key: str, request: Mapping[str, Any], made: Answered) -> Answered:
    """The first answer to ``request``: ``made``, which is kept, or the one that was when the key came before.

    For what tells a repeat by itself: of two requests at once the second has waited for the first already, and has
    changed nothing. It is one statement where :func:`once` takes two.

    Raises
    ------
    Stale
        When the key was used for another request; the transaction has to be undone then.
    """
    return _entered(connection, key, request, made.answer) or made


def _entered(
    connection: sa.Connection, key: str, request: Mapping[str, Any], answer: Mapping[str, Any]
) -> Answered | None:
    """None where the key is new and entered; else what was answered before. Raises Stale for another request's key."""
    digest = blake2b(json.dumps(request, sort_keys=True).encode(), digest_size=16).digest()
    given = {"key": key, "digest": digest, "answer": dict(answer)}
    if connection.execute(_entering(), given).one_or_none() is not None:
        return None
    before = connection.execute(sa.select(intakes).where(intakes.c.key == key)).one()
    if bytes(before.digest) != digest:
        raise Stale(
            f"Idempotency-Key {key!r} was used at {before.at.isoformat()} for another request; "
            "a new request needs a new key, a repeat the same content"
        )
    return Answered(before.answer, is_repeat=True)


@cache
def _entering() -> sa.Executable:
    """Statement: an answer under a key that is new."""
    given = {name: sa.bindparam(name, type_=intakes.c[name].type) for name in ("key", "digest", "answer")}
    return pg.insert(intakes).values(**given).on_conflict_do_nothing().returning(intakes.c.key)
