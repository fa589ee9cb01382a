"""What every door is handed: transactions, the edition a question is about, and parameters that mean something."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
from fastapi import Depends, Query, Request
from fastapi.openapi.utils import get_openapi
from pydantic import AfterValidator

from api.errors import Malformed
from geo import areas, db, rfc3339
from geo.areas import City, Edition
from geo.coverage.foretelling import Hour
from geo.plans.calendar import edition_at, hour_at

BOX = "must be west,south,east,north in degrees WGS 84, as 120.1,36.0,120.4,36.2"


@dataclass(frozen=True)
class Store:
    """The city's database as a door sees it.

    A door opens its transaction inside its own thread, and there are as many threads as pooled connections: requests
    wait for a thread, never for a connection. (A dependency that yields a connection would hold it while waiting for
    a thread, and many requests at once would lock each other out.)
    """

    engine: sa.Engine

    def read(self) -> AbstractContextManager[sa.Connection]:
        """A read-only transaction that sees one moment."""
        return db.read(self.engine)

    def write(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that is kept when the block ends and undone when it raises."""
        return db.write(self.engine)

    @contextmanager
    def asked(self, at: str | None) -> Iterator[Question]:
        """A read-only transaction with the city and the edition the question is about, a forecast for a time to come.

        Raises
        ------
        Malformed
            When ``at`` is no instant and no date.
        Unknown
            When nothing has been published.
        """
        with self.read() as connection:
            city = areas.city(connection)
            instant = instant_of(at, city.time_zone)
            yield Question(connection, city, edition_at(connection, instant), instant)


class Question(NamedTuple):
    """What a question stands on; ``instant`` None = now."""

    connection: sa.Connection
    city: City
    edition: Edition
    instant: datetime | None

    @property
    def hour(self) -> Hour | None:
        """The instant where it is to come, with what it brings to the registers; None for what is, or was."""
        return hour_at(self.connection, self.edition, self.instant)


async def store(request: Request) -> Store:
    """The database this application serves."""
    found: Store = request.app.state.store
    return found


def instant_of(text: str | None, time_zone: str, parameter: str = "at") -> datetime | None:
    """The aware instant ``text`` names as :func:`geo.rfc3339.read` reads it; None for None.

    Raises
    ------
    Malformed
        When it names none.
    """
    if text is None:
        return None
    instant = rfc3339.read(text, time_zone)
    if instant is None:
        raise Malformed(parameter, text, rfc3339.RIGHT)
    return instant


def box_of(text: str | None, parameter: str = "bbox") -> tuple[float, float, float, float] | None:
    """West, south, east, north in degrees WGS 84; None for None. A box of six numbers loses its heights.

    A box may be a line or a point. One that crosses the 180th meridian is refused.

    Raises
    ------
    Malformed
        When there are not four or six finite numbers, or they are out of order or off the Earth.
    """
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise Malformed(parameter, text, BOX) from None
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise Malformed(parameter, text, BOX)
    half = len(numbers) // 2
    west, south, east, north = *numbers[:2], *numbers[half : half + 2]
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Malformed(parameter, text, BOX + "; west <= east and south <= north, longitude first")
    return west, south, east, north


def _storable(text: str) -> str:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("must not contain U+0000 or half of a surrogate pair")
    return text


async def only_known(request: Request) -> None:
    """Nothing; a parameter that the operation does not have, or one given twice, is refused.

    A misspelt filter that is silently ignored answers another question than the one asked.

    Raises
    ------
    Malformed
        Naming the parameter and those there are.
    """
    known = _parameters(request)
    if known is None:
        return
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise Malformed(name, request.query_params[name], f"is not a parameter here; there are: {there}")
        if given.count(name) > 1:
            raise Malformed(name, ",".join(request.query_params.getlist(name)), "must be given once")


def _parameters(request: Request) -> frozenset[str] | None:
    """Names of the query parameters the OpenAPI document declares for this operation; None when it has none of it.

    Of the document only this operation is made, once: the whole takes half a second, which the first caller would wait.
    """
    declared: dict[tuple[str, str], frozenset[str] | None] = request.app.state.declared
    route = request.scope["route"]
    operation = (route.path, request.method)
    if operation not in declared:
        alone = get_openapi(title="", version="", routes=[route])
        declared |= dict.fromkeys([operation]) | _declared(alone)
    return declared[operation]


def _declared(document: dict[str, Any]) -> dict[tuple[str, str], frozenset[str] | None]:
    return {
        (path, method.upper()): frozenset(
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


StoreOf = Annotated[Store, Depends(store)]
Text = Annotated[str, AfterValidator(_storable)]
At = Annotated[
    Text | None,
    Query(
        description="按此时刻有效的版本回答 · The edition in force at this instant answers: RFC 3339, or a date "
        "(its start in the city's time zone). Without it: now.",
        examples=["2025-06-01T08:00:00+08:00"],
    ),
]
