"""`/v1/plans/{id}/proposals`: what the fewest moves would bring into the band, each as changes to take or edit."""

from __future__ import annotations

from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.answers import NOT_STORED
from api.auth import Asker
from api.deps import StoreOf, Text, only_known
from api.errors import described
from api.plans import MadeTold, made_told
from api.previews import Number
from geo.plans import drafts, explanations, proposals, wire
from geo.plans.proposals import Asked, Offered, Offers
from geo.space.balance.dividing import MOST_PARTS
from geo.space.balance.drawing import Move
from geo.space.balance.problems import Measures

router = APIRouter(prefix="/v1", tags=["plans"], dependencies=[Depends(only_known)])
_EXACT = ConfigDict(extra="forbid")
_Weight = Annotated[float, Field(ge=0, le=1e6)]


class Weights(BaseModel):
    """How much one of each weighs."""

    model_config = _EXACT

    households: Annotated[_Weight, Field(description="户 · A household")] = 0.0
    workers: Annotated[_Weight, Field(description="从业人员 · A worker")] = 0.0
    incidents: Annotated[_Weight, Field(description="近 12 个月事件 · An incident of the last twelve months")] = 0.0


class Wanted(BaseModel):
    """What proposals are wanted."""

    model_config = _EXACT

    weights: Annotated[Weights, Field(description="权重 · What load is")] = Weights(households=1.0)
    band: Annotated[
        tuple[float, float] | None, Field(description="区间 · Least and most load of a grid; 300 to 500 households")
    ] = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="种子 · The same seed gives the same proposals")] = 0
    locks: Annotated[
        list[Annotated[Text, Field(max_length=40)]],
        Field(max_length=1000, description="锁定 · Codes of grids, or of communities, that must not change"),
    ] = []
    within: Annotated[
        Text | None, Field(max_length=40, description="范围 · Code of an area inside the plan's scope")
    ] = None
    fallback: Annotated[
        Text | None, Field(max_length=40, description="兜底地块 · Code of fallback ground to divide into grids instead")
    ] = None
    into: Annotated[int, Field(ge=2, le=MOST_PARTS, description="几个网格 · How many grids to divide it into")] = 2


class Taken(Wanted):
    """Which of the proposals for the same wishes is taken."""

    number: Annotated[int, Field(ge=1, le=3, description="序号 · Number of the proposal")]


class MeasuresTold(TypedDict):
    """How even a division is: ``beyond`` is load outside the band, ``moved`` load that changes its grid."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    grids: int
    in_band: int
    beyond: float
    mean: float
    cv: float
    least: float
    most: float
    max_min: float | None
    moved: float
    moved_share: float
    moved_m2: float


class MoveTold(TypedDict):
    """Ground that goes from one grid to another."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    was: str
    now: str
    was_name: str
    now_name: str
    load: float
    buildings: int
    area_m2: float


class ProposalTold(TypedDict):
    """A proposal; ``at_least`` must move for as little outside the band, whatever is drawn."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    number: int
    kind: str
    name: dict[str, str]
    explanation: dict[str, str]
    after: MeasuresTold
    at_least: float
    moves: list[MoveTold]
    changes: list[dict[str, Any]]
    moved: dict[str, Any]


class Proposals(TypedDict):
    """Proposals by what they move, ascending; ``remarks`` say why there are none or none that does all."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    plan: int
    base: int
    within: str
    weights: dict[str, float]
    band: list[float]
    seed: int
    unknown_buildings: int
    before: MeasuresTold
    remarks: list[dict[str, str]]
    proposals: list[ProposalTold]


class ChangesTold(TypedDict):
    """The changes that were added to the plan."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    changes: list[MadeTold]


@router.post(
    "/plans/{id}/proposals",
    summary="均衡建议 · Proposals that bring load into the band by few moves",
    response_model=Proposals,
    responses=described("malformed", "unknown", "stale", "refused", "broken", "too-much", "unavailable"),
)
def proposed(store: StoreOf, id: Number, body: Wanted) -> Response:
    """Worked out on the plan's scope as its changes leave it; nothing is stored. May take some seconds."""
    return _answer(offers_told(_offers(store, id, body)))


@router.post(
    "/plans/{id}/proposals/take",
    summary="采用建议 · Add the changes of a proposal to a plan",
    response_model=ChangesTold,
    status_code=201,
    responses=described("malformed", "denied", "unknown", "stale", "refused", "broken", "too-much", "unavailable"),
)
def take(store: StoreOf, actor: Asker, id: Number, body: Taken) -> Response:
    """Worked out again: the same wishes on the same plan give the same proposals. All changes are added, or none."""
    found = _offers(store, id, body)
    with store.write() as connection:
        made = proposals.take(connection, actor, found, body.number)
    return _answer({"changes": [made_told(one) for one in made]}, status_code=201)


def _offers(store: StoreOf, id: int, body: Wanted) -> Offers:
    weights = {name: weight for name, weight in body.weights.model_dump().items() if weight}
    asked = Asked(weights, body.band, body.seed, body.locks, body.within, body.fallback, body.into)
    with store.read() as connection:
        prepared = proposals.prepare(connection, drafts.one(connection, id), asked)
    return proposals.offered(prepared)


def offers_told(found: Offers) -> dict[str, Any]:
    """Proposals as JSON has them."""
    return {
        "plan": found.plan.id,
        "base": found.ground.base,
        "within": found.ground.within,
        "weights": dict(found.asked.weights),
        "band": list(found.band),
        "seed": found.asked.seed,
        "unknown_buildings": found.ground.unknown,
        "before": _measures(found.before),
        "remarks": found.remarks,
        "proposals": [_proposal(found, one) for one in found.offers],
    }


def _proposal(found: Offers, one: Offered) -> dict[str, Any]:
    moves = [_move(found, move) for move in one.moves]
    features = [
        {"type": "Feature", "properties": told, "geometry": shapely.geometry.mapping(move.ground)}
        for told, move in zip(moves, one.moves, strict=True)
    ]
    return {
        "number": one.number,
        "kind": one.kind,
        "name": explanations.name_of(one.kind),
        "explanation": one.explanation,
        "after": _measures(one.measures),
        "at_least": one.at_least,
        "moves": moves,
        "changes": [wire.written(change) for change in one.changes],
        "moved": {"type": "FeatureCollection", "features": features},
    }


def _move(found: Offers, move: Move) -> dict[str, Any]:
    codes, names = found.ground.codes, found.ground.names
    return {
        "was": str(codes[move.was]),
        "now": str(codes[move.now]),
        "was_name": str(names[move.was]),
        "now_name": str(names[move.now]),
        "load": move.load,
        "buildings": move.buildings,
        "area_m2": round(move.area_m2, 1),
    }


def _measures(one: Measures) -> dict[str, Any]:
    total = one.mean * one.grids
    return {
        "grids": one.grids,
        "in_band": one.in_band,
        "beyond": one.beyond,
        "mean": one.mean,
        "cv": one.cv,
        "least": one.least,
        "most": one.most,
        "max_min": one.most / one.least if one.least else None,
        "moved": one.moved,
        "moved_share": one.moved / total if total else 0.0,
        "moved_m2": round(one.moved_m2, 1),
    }


def _answer(told: dict[str, Any], status_code: int = 200) -> Response:
    return JSONResponse(told, status_code=status_code, headers=NOT_STORED)
