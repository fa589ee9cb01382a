"""`/v1/plans/{id}/preview`: what publishing a plan would do to ground, to who lives and works there, and to load."""

from __future__ import annotations

from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from shapely.geometry.base import BaseGeometry
from typing_extensions import TypedDict

from api.answers import NOT_STORED
from api.deps import StoreOf, only_known
from api.errors import described
from geo.assignments import Words
from geo.plain import plain_of
from geo.plans import drafts, previews
from geo.plans.balances import Balance
from geo.plans.checks import Check
from geo.plans.consequences import BY, Consequences, consequences
from geo.plans.moving import Carried, Move
from geo.plans.previews import Preview
from geo.plans.spots import Spot
from geo.settings import CheckKind, Severity

router = APIRouter(prefix="/v1", tags=["plans"], dependencies=[Depends(only_known)])
_LARGEST = 2**63 - 1
_EXACT = ConfigDict(extra="forbid")

Number = Annotated[int, Path(ge=1, le=_LARGEST, description="编号 · Id, as /v1/plans tells it")]


class CrossingTold(TypedDict):
    """Ground of an old code that lies in a new one; ``area_share`` of the old code's ground, 0 to 1."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    old: str
    new: str
    area_share: float
    area_m2: float


class StatedTold(TypedDict):
    """What was declared of a grid, and the day it is of; null where it was not told."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    as_of: str
    households: int | None
    residents: int | None
    firms: int | None
    workers: int | None


class CarriedTold(TypedDict):
    """What ground holds: households, firms and workers of its buildings, residents as declared; null = not known."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    area_m2: float
    households: int | None
    residents: int | None
    firms: int | None
    workers: int | None
    buildings: int
    open_incidents: int
    incidents_12m: int
    units: int


class FiguresTold(CarriedTold):
    """What a grid holds; ``unknown_buildings`` are those whose households are not known.

    Coverage is what a run would find that day: ``spots`` are blind spots by code, together ``blind_spots``; ``state``
    is the grid's own: G1, G2, U, or blank; shares are of units that are known, null where there is none.
    """

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    slots: int | None
    slots_filled: int | None
    covered_units: int
    unknown_units: int
    organisational_share: float | None
    work_share: float | None
    state: str
    spots: dict[str, int]
    blind_spots: int
    unknown_buildings: int
    declared: StatedTold | None


class GridTold(TypedDict):
    """A grid that changes; ``change`` is ``appeared``, ``retired`` or ``changed``."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    code: str
    name: str
    kind: str
    community: str
    community_name: str
    change: str
    before: FiguresTold | None
    after: FiguresTold | None


class MoveTold(CarriedTold):
    """What goes from one grid to another; a blank code is outside the city, ``ground`` a GeoJSON MultiPolygon."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    was: str
    now: str
    was_name: str
    now_name: str
    ground: dict[str, Any]


CheckText = TypedDict("CheckText", {"zh-CN": str, "en": str})


class CheckTold(TypedDict):
    """A finding; ``passed`` tells what is well."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    kind: CheckKind
    severity: Severity
    passed: bool
    codes: list[str]
    count: int
    text: CheckText
    where: dict[str, Any] | None


class SpotTold(TypedDict):
    """A blind spot that comes or goes; ``id`` as /v1/blind-spots has it, ``was`` and ``now`` states, blank for none.

    ``effect`` is ``appears``, ``eases``, ``closes``, or ``unknown`` where a grid's people are not recorded.
    """

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    effect: str
    id: str
    name: str
    was: str
    now: str
    grid_was: str
    grid_now: str
    title: CheckText
    text: CheckText
    where: dict[str, Any] | None


class BalanceOfGrids(TypedDict):
    """How the comprehensive grids of the communities concerned stand together; null where it cannot be said."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    grids: int
    unknown: int
    in_band: int
    mean: float | None
    cv: float | None
    max_min: float | None
    compactness: float | None


class BalanceTold(TypedDict):
    """Load before and after; ``band`` are its least and its most."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    by: str
    band: list[int]
    before: BalanceOfGrids
    after: BalanceOfGrids


class StabilityTold(TypedDict):
    """Shares of what the grids that change held that stays under its code, 0 to 1; null where nothing was known."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    households_share: float | None
    area_share: float | None


class PreviewTold(TypedDict):
    """What publishing would do; ``crossings`` of every grid that leaves ground or grows."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    plan: int
    base: int
    is_same: bool
    changed: int
    noded: int
    appeared: list[str]
    retired: list[str]
    crossings: list[CrossingTold]
    grids: list[GridTold]
    moves: list[MoveTold]
    totals: CarriedTold
    checks: list[CheckTold]
    spots: list[SpotTold]
    balance: BalanceTold
    stability: StabilityTold


@router.get(
    "/plans/{id}/preview",
    summary="预览 · What publishing a plan now would do",
    response_model=PreviewTold,
    responses=described("malformed", "unknown", "stale", "refused", "broken", "unavailable"),
)
def preview(store: StoreOf, id: Number) -> Response:
    """The computation of a publish, on the edition in force: who moves from whom to whom, figures, checks, balance."""
    with store.read() as connection:
        found = previews.preview(connection, drafts.one(connection, id))
        told = preview_told(found, consequences(connection, found))
    return JSONResponse(told, headers=NOT_STORED)


def preview_told(found: Preview, means: Consequences) -> dict[str, Any]:
    """A preview as JSON has it."""
    difference, weighed = found.weighed.difference, found.weighed
    return {
        "plan": found.plan.id,
        "base": weighed.number,
        "is_same": found.is_same,
        "changed": difference.changed_count,
        "noded": int(difference.noded.sum()),
        "appeared": weighed.whole.leaf_codes[difference.appeared].tolist(),
        "retired": weighed.base.leaf_codes[difference.retired].tolist(),
        "crossings": [plain_of(one) for one in found.crossings],
        "grids": [plain_of(one) for one in means.grids],
        "moves": [_move(one) for one in means.moves],
        "totals": _carried(means.totals),
        "checks": [check_told(one) for one in means.checks],
        "spots": [_spot(one) for one in means.spots.shown],
        "balance": {
            "by": BY,
            "band": list(means.band),
            "before": balance_told(means.before),
            "after": balance_told(means.after),
        },
        "stability": plain_of(means.stability),
    }


def balance_told(one: Balance) -> dict[str, Any]:
    """A balance as JSON has it."""
    return dict(plain_of(one))


def check_told(one: Check) -> dict[str, Any]:
    """A finding as JSON has it."""
    return {
        "kind": one.kind,
        "severity": one.severity,
        "passed": one.passed,
        "codes": list(one.codes),
        "count": one.count,
        "text": _text(one.text),
        "where": _geojson(one.where),
    }


def _spot(one: Spot) -> dict[str, Any]:
    turn = one.turn
    return {
        "effect": turn.effect,
        "id": one.id,
        "name": one.name,
        "was": turn.was,
        "now": turn.now,
        "grid_was": turn.grid_was,
        "grid_now": turn.grid_now,
        "title": _text(one.title),
        "text": _text(one.text),
        "where": _geojson(one.where),
    }


def _text(words: Words) -> dict[str, str]:
    return {"zh-CN": words.zh, "en": words.en}


def _move(one: Move) -> dict[str, Any]:
    told = {"was": one.was, "now": one.now, "was_name": one.was_name, "now_name": one.now_name}
    return {**told, **_carried(one.carried), "ground": _geojson(one.ground)}


def _carried(one: Carried) -> dict[str, Any]:
    return dict(plain_of(one))


def _geojson(shape: BaseGeometry | None) -> dict[str, Any] | None:
    return None if shape is None else dict(shapely.geometry.mapping(shape))
