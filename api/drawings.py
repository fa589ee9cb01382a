"""`/v1/plans/{id}/drawing`: the leaves a plan is drawn on, before and after it, to be shown and snapped to."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Query, Response
from typing_extensions import TypedDict

from api.answers import NOT_STORED, compact
from api.deps import BOX, StoreOf, Text, only_known
from api.errors import Malformed, described
from api.previews import Number
from geo.plans import drafts
from geo.plans.drawings import DrawnLeaf, Look, drawing

router = APIRouter(prefix="/v1", tags=["plans"], dependencies=[Depends(only_known)])
_NEAR = 30
_NUMBER = r"-?\d{1,3}(?:\.\d{1,17})?"
_BOX = re.compile(rf"{_NUMBER}(?:,{_NUMBER}){{3}}", re.ASCII)


class Features(TypedDict):
    """Leaves by code as GeoJSON; properties ``code``, ``name``, ``kind``, ``parent``, ``status``."""

    type: str
    features: list[dict[str, Any]]


class DrawingTold(TypedDict):
    """Leaves before and after a plan on edition ``base``; ``in_force`` is null unless another edition is in force.

    ``is_whole`` tells whether all leaves of the scope are there, ``is_view_whole`` whether all of them in the view are.
    """

    base: int
    is_whole: bool
    is_view_whole: bool
    before: Features
    after: Features
    in_force: Features | None


@router.get(
    "/plans/{id}/drawing",
    summary="方案图形 · The leaves of a plan before and after it",
    response_model=DrawingTold,
    responses=described("malformed", "unknown", "stale", "refused", "broken", "unavailable"),
)
def drawn(
    store: StoreOf,
    id: Number,
    near: Annotated[
        Text | None,
        Query(
            max_length=1000, description="附近 · Codes with commas: leaves drawn with their neighbours in a wide scope"
        ),
    ] = None,
    view: Annotated[
        Text | None,
        Query(
            max_length=100, description="视野 · west,south,east,north: leaves drawn in it where they are 300 or fewer"
        ),
    ] = None,
    on: Annotated[
        Text | None, Query(max_length=10, description="版次 · base = on the edition the plan was begun on")
    ] = None,
) -> Response:
    """All leaves of the scope up to 300; of a wider one those the plan touches, near, their neighbours, in the view."""
    if on not in (None, "base"):
        raise Malformed("on", on, "must be base, or be left out")
    wanted = [part.strip() for part in (near or "").split(",") if part.strip()][:_NEAR]
    with store.read() as connection:
        plan = drafts.one(connection, id)
        found = drawing(connection, plan, Look(wanted, _box(view)), as_begun=on == "base")
    told = {
        "base": found.base,
        "is_whole": found.is_whole,
        "is_view_whole": found.is_view_whole,
        "before": _features(found.before),
        "after": _features(found.after),
        "in_force": _features(found.in_force) if found.in_force else None,
    }
    return Response(compact(told), media_type="application/json", headers=NOT_STORED)


def _box(view: str | None) -> tuple[float, float, float, float] | None:
    if view is None:
        return None
    if not _BOX.fullmatch(view):
        raise Malformed("view", view, BOX)
    west, south, east, north = map(float, view.split(","))
    return west, south, east, north


def _features(leaves: list[DrawnLeaf]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [_feature(one) for one in leaves]}


def _feature(leaf: DrawnLeaf) -> dict[str, Any]:
    words = {key: getattr(leaf, key) for key in ("code", "name", "kind", "parent", "status")}
    return {"type": "Feature", "properties": words, "geometry": json.loads(shapely.to_geojson(leaf.shape))}
