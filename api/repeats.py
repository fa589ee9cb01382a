"""A request that is carried out once: under a key of the caller's, a repeat gets the first answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import sqlalchemy as sa
from fastapi import Header
from pydantic import BaseModel

from api.deps import Text
from geo import intakes
from geo.intakes import Answered

Key = Annotated[
    Text | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="请求唯一键 · A repeat is not carried out again",
    ),
]


def once(connection: sa.Connection, key: str | None, body: BaseModel, carry_out: Callable[[], Answered]) -> Answered:
    """As :func:`geo.intakes.once`; without a key always carried out. Raises Stale for a key of another request."""
    if key is None:
        return carry_out()
    return intakes.once(connection, key, body.model_dump(mode="json"), carry_out)


def kept(connection: sa.Connection, key: str | None, body: BaseModel, made: Answered) -> Answered:
    """As :func:`geo.intakes.kept`; without a key just what was made. Raises Stale for a key of another request."""
    if key is None:
        return made
    return intakes.kept(connection, key, body.model_dump(mode="json"), made)
