"""`/v1/business-districts/{id}`: one business district with its buildings, rates, alliance and grids."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import GEOJSON, NOT_STORED, EditionNamed, cell_of, edition_named
from api.blind_spots import RunNamed, RunNumber, run_named
from api.deps import At, StoreOf, only_known
from api.entities import Id, feature
from api.errors import Malformed, described
from api.looking import LookerOf, found_asked, look
from geo.coverage import districts
from geo.coverage.districts import BuildingTold
from geo.coverage.dossiers import Formation
from geo.coverage.rulebooks import STATES
from geo.entities import ENTITIES
from geo.entities.searching import one as entity_row
from geo.plain import plain_of

FORMS = ("geojson", "csv")
HEADS = (
    *("id", "name", "use", "floors", "lon", "lat", "code", *(f"{state}_units" for state in STATES), "workers", "score"),
    *("straddles", "formation_zh", "formation_en", "reasons_zh", "reasons_en"),
)
"""Columns of the CSV."""
_BOM = "\ufeff"  # so that a Chinese Excel reads UTF-8

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
    forecast: NotRequired[EditionNamed]
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
def one(
    store: StoreOf,
    looker: LookerOf,
    id: Id,
    run: RunNumber = None,
    at: At = None,
    f: Annotated[str, Query(description="格式 · geojson, or csv (a row a building)")] = "geojson",
) -> Response:
    """Buildings, floors, units and rates as a run found them; alliances as they are on its day.

    At a time to come as a run right after it would find them.

    Raises
    ------
    Malformed
        For a format there is none of.
    """
    if f not in FORMS:
        raise Malformed("f", f, f"must be one of {', '.join(FORMS)}")
    with store.read() as connection:
        row = entity_row(connection, ENTITIES["business_districts"], id)
    look(store, looker, at)
    with store.read() as connection:
        found, forecast = found_asked(connection, run, at)
        whole = districts.district(connection, found, id)
        if f == "csv":
            return _csv(f"business-district-{id}-{found.run.day.isoformat()}", whole)
        told = plain_of(whole)
        body = {**feature(row), "run": run_named(connection, found.run), **forecast, **told}
    return JSONResponse(body, media_type=GEOJSON, headers=NOT_STORED)


class DistrictGrids(TypedDict):
    """A business district as it is on record now, as GeoJSON, and the grids it lies in at a time."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    type: str
    id: int
    geometry: dict[str, Any]
    properties: dict[str, Any]
    edition: EditionNamed
    leaves: list[dict[str, Any]]


@router.get(
    "/{id}/grids",
    summary="商圈所在网格 · The grids a business district lies in, at any time",
    response_model=DistrictGrids,
    responses=described("malformed", "unknown", "unavailable"),
)
def grids(store: StoreOf, id: Id, at: At = None) -> Response:
    """With the share of its ground, the largest first; at a time to come as scheduled plans will have made them."""
    with store.asked(at) as asked:
        row = entity_row(asked.connection, ENTITIES["business_districts"], id)
        leaves = districts.leaves(asked.connection, asked.edition, id)
    body = {**feature(row), "edition": edition_named(asked.edition, asked.instant), "leaves": plain_of(leaves)}
    return JSONResponse(body, media_type=GEOJSON, headers=NOT_STORED)


def _csv(name: str, told: districts.District) -> Response:
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(HEADS)
    lines.writerows([cell_of(cell) for cell in _cells(one)] for one in told.buildings)
    headers = NOT_STORED | {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(_BOM + out.getvalue(), media_type="text/csv", headers=headers)


def _cells(one: BuildingTold) -> list[object]:
    """A building as a row; what is not known is blank."""
    counts = [one.units.get(state, 0) for state in STATES]
    way = one.formation
    said = (
        (way.zh, way.en, *("; ".join(reason[lang] for reason in way.reasons) for lang in ("zh", "en"))) if way else ()
    )
    head = [one.id, one.name, one.use, one.floors, *one.place, one.code]
    return [*head, *counts, one.workers, one.score, one.straddles, *said]


def _said(way: Formation) -> list[str]:
    return [way.zh, way.en, "；".join(one["zh"] for one in way.reasons), "; ".join(one["en"] for one in way.reasons)]
