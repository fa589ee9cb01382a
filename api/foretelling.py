"""`/v1/forecast`: which grids will be others at a time to come, with their ground."""

from __future__ import annotations

import json
from typing import Any, Literal

import shapely
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import GEOJSON, EditionNamed, on_edition
from api.deps import At, Question, StoreOf, only_known
from api.errors import described
from api.tiles import address_of
from geo.forecasts import Forecast

router = APIRouter(prefix="/v1", tags=["areas"], dependencies=[Depends(only_known)])


class GridNamed(TypedDict):
    """A grid by code and name."""

    code: str
    name: str


class GridToCome(GridNamed):
    """A grid as it will be; ``is_new`` where nothing has its code today."""

    kind: str
    is_new: bool


class GroundToCome(TypedDict):
    """A grid to come and its ground in degrees WGS 84."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any]
    properties: GridToCome


class ForecastTold(TypedDict):
    """Grids that will be others, as GeoJSON in the order of code, and those that will be gone.

    ``tiles`` is where the ground of then is drawn from, with layer (areas, grids, base), z, x and y to be put in.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    type: Literal["FeatureCollection"]
    edition: EditionNamed
    tiles: str
    retired: list[GridNamed]
    features: list[GroundToCome]


@router.get(
    "/forecast",
    summary="届时会变的网格 · Grids that scheduled plans will have changed",
    response_model=ForecastTold,
    responses=described("malformed", "unknown", "unavailable"),
)
def forecast(request: Request, store: StoreOf, at: At = None) -> Response:
    """Those that change, appear or go until `at`, not those that only gain a vertex; none with nothing scheduled."""
    with store.asked(at) as asked:
        return on_edition(request, asked.edition, asked.instant, lambda: _told(asked), GEOJSON)


def _told(asked: Question) -> dict[str, Any]:
    edition = asked.edition
    features, retired = _changed(edition.forecast) if edition.forecast else ([], [])
    tiles = address_of(edition, asked.instant)
    return {"type": "FeatureCollection", "tiles": tiles, "retired": retired, "features": features}


def _changed(forecast: Forecast) -> tuple[list[dict[str, Any]], list[GridNamed]]:
    touched = frozenset[str]().union(*(plan.codes for plan in forecast.plans))
    was = {
        str(code): str(name)
        for plan in forecast.plans
        for code, name in zip(plan.was.leaf_codes, plan.was.leaf_names, strict=True)
    }
    coming = forecast.grids
    rows = zip(coming.codes.tolist(), coming.names.tolist(), coming.kinds.tolist(), coming.shapes, strict=True)
    features = [
        {
            "type": "Feature",
            "id": code,
            "geometry": json.loads(shapely.to_geojson(shape)),
            "properties": {"code": code, "name": name, "kind": kind, "is_new": code not in was},
        }
        for code, name, kind, shape in rows
        if code in touched
    ]
    gone = sorted(touched - set(coming.codes.tolist()))
    return features, [GridNamed(code=code, name=was[code]) for code in gone if code in was]
