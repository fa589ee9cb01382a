"""`/v1/incident-counts`: incidents of each grid, on the borders of any edition or as it was when they happened."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import NOT_STORED, EditionNamed, edition_named
from api.deps import At, StoreOf, Text, instant_of, only_known
from api.errors import Malformed, described
from geo import areas, incidents, rows
from geo.areas import Edition
from geo.incidents import Filters
from geo.incidents.counting import UNASSIGNED
from geo.tables import codes, grids

router = APIRouter(prefix="/v1", tags=["incidents"], dependencies=[Depends(only_known)])
_EXACT = ConfigDict(extra="forbid")
BORDERS = ("today", "then")


class CountTold(TypedDict):
    """Incidents of a grid; the name is the last it had, ``is_retired`` when the edition in question has it no more."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    code: str
    name: str
    count: int
    is_retired: bool


class CountsTold(TypedDict):
    """Counts by code; with ``unassigned`` they add up to ``total``, whatever the borders are."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    borders: str
    edition: EditionNamed
    total: int
    unassigned: int
    grids: list[CountTold]


@router.get(
    "/incident-counts",
    summary="各网格事件数 · Incidents of each grid, as it was or on the borders of an edition",
    response_model=CountsTold,
    responses=described("malformed", "unknown", "unavailable"),
)
def counts(
    store: StoreOf,
    at: At = None,
    borders: Annotated[
        Text, Query(description="边界 · today: on the borders of the edition at `at`; then: those when it happened")
    ] = "today",
    since: Annotated[Text | None, Query(description="起（含）· From this instant or date on")] = None,
    until: Annotated[Text | None, Query(description="止（不含）· Before this instant or date")] = None,
    category: Annotated[Text | None, Query(description="类别 · Exactly this category")] = None,
) -> Response:
    """Grids without incidents are left out. Both ways sum to the same total, the unassigned included."""
    if borders not in BORDERS:
        raise Malformed("borders", borders, f"must be {' or '.join(BORDERS)}")
    with store.asked(at) as asked:
        zone = asked.city.time_zone
        filters = Filters(
            since=instant_of(since, zone, "since"), until=instant_of(until, zone, "until"), category=category
        )
        ids, number = incidents.counts(
            asked.connection, asked.edition, filters, borders="then" if borders == "then" else "today"
        )
        of = dict(zip(ids.tolist(), number.tolist(), strict=True))
        named = _named(asked.connection, [id for id in of if id != UNASSIGNED], asked.edition)
        edition = edition_named(asked.edition, asked.instant)
    told = [{**row, "count": of[id]} for id, row in named]
    body = {"borders": borders, "edition": edition, "total": sum(of.values()), "unassigned": of[UNASSIGNED]}
    return JSONResponse(body | {"grids": told}, headers=NOT_STORED)


def _named(connection: sa.Connection, ids: list[int], edition: Edition) -> list[tuple[int, dict[str, Any]]]:
    """Code, last name and whether it is retired, of each id, by code."""
    gone = sa.and_(grids.c.last_edition.is_not(None), grids.c.last_edition <= edition.number)
    query = (
        sa.select(codes.c.id, codes.c.code, grids.c.name, gone.label("is_retired"))
        .join(grids, grids.c.id == codes.c.id)
        .where(rows.one_of(codes.c.id, ids))
        .order_by(codes.c.code, grids.c.first_edition)
    )
    rows_there = connection.execute(query)  # the newest row of each id comes last
    last = {row.id: {"code": row.code, "name": row.name, "is_retired": bool(row.is_retired)} for row in rows_there}
    if edition.forecast:
        to_come = areas.places(connection, ids, edition).values()
        last |= {place.id: {"code": place.code, "name": place.name, "is_retired": False} for place in to_come}
    return sorted(last.items(), key=lambda one: str(one[1]["code"]))
