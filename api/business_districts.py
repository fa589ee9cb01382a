"""`/v1/business-districts/{id}`: one business district with its buildings, rates, alliance and grids."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import GEOJSON, NOT_STORED
from api.blind_spots import RunNamed, RunNumber, run_named
from api.deps import StoreOf, only_known
from api.entities import Id, feature
from api.errors import described
from api.looking import LookerOf
from geo.coverage import districts, runs
from geo.coverage.found import open_run
from geo.entities import ENTITIES
from geo.entities.searching import one as entity_row
from geo.plain import plain_of

router = APIRouter(prefix="/v1/business-districts", tags=["coverage"], dependencies=[Depends(only_known)])


class District(TypedDict):
    """A business district as GeoJSON, and beside its properties what a run found in it.

    ``counted`` are its units by state, with every rate by unit and by worker and the parts of each; ``buildings`` the
    heaviest first, each with its formation; ``leaves`` the grids it lies in with the share of its ground.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    type: str
    id: int
    geometry: dict[str, Any]
    properties: dict[str, Any]
    run: RunNamed
    counted: dict[str, Any]
    buildings: list[dict[str, Any]]
    more_buildings: int
    alliances: list[dict[str, Any]]
    formation: dict[str, Any] | None
    leaves: list[dict[str, Any]]


@router.get(
    "/{id}",
    summary="一个商圈 · One business district in full",
    response_model=District,
    responses=described("malformed", "unknown", "refused", "unavailable"),
)
def one(store: StoreOf, looker: LookerOf, id: Id, run: RunNumber = None) -> Response:
    """Buildings, floors, units and rates as a run found them; alliances as they are on its day."""
    with store.read() as connection:
        row = entity_row(connection, ENTITIES["business_districts"], id)
    looker.look()
    with store.read() as connection:
        chosen = runs.numbered(connection, run)
        found = open_run(connection, chosen)
        told = plain_of(districts.district(connection, found, id))
        body = {**feature(row), "run": run_named(found, is_stale=runs.is_stale(connection, chosen)), **told}
    return JSONResponse(body, media_type=GEOJSON, headers=NOT_STORED)
