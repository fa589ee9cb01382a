"""`/v1/plans/{id}/…`: from a draft to what others decide on, and to the hour at which it comes into force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth import Asker
from api.deps import Store, StoreOf, Text, instant_of, only_known
from api.errors import Malformed, described
from api.plans import MadeTold, PlanTold, answered, made_told
from api.previews import Number
from geo import areas
from geo.plain import plain_of
from geo.plans import drafts, forks, reviews, scheduling, verdicts
from geo.plans.drafts import Plan

router = APIRouter(prefix="/v1", tags=["plans"], dependencies=[Depends(only_known)])
_EXACT = ConfigDict(extra="forbid")
_STEP = described("malformed", "denied", "unknown", "stale", "refused", "broken", "unavailable")


class VerdictTold(TypedDict):
    """An approval or a rejection; one of an earlier round than the plan's counts no more."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    round: int
    made_by: str
    made_at: str
    is_approval: bool
    note: str


class Verdicts(TypedDict):
    """What was said of a plan that was submitted, in that order, and how many approvals it takes."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    wanted: int
    verdicts: list[VerdictTold]


class LeftOutTold(TypedDict):
    """A change that cannot be made on the edition in force, and why."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    made: MadeTold
    why: str


class Forked(TypedDict):
    """The new plan, and the changes that it could not take along."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    plan: PlanTold
    left_out: list[LeftOutTold]


class Said(BaseModel):
    """A verdict's reason."""

    model_config = _EXACT

    note: Annotated[Text, Field(max_length=2000, description="意见 · Why; a rejection says it")] = ""


class Hour(BaseModel):
    """When a plan is to come into force."""

    model_config = _EXACT

    effective_at: Annotated[Text, Field(description="生效时刻 · RFC 3339, or a date: its start in the city")]


class ForkAsked(BaseModel):
    """What a fork is called."""

    model_config = _EXACT

    name: Annotated[Text, Field(max_length=200, description="名称 · What it is called")]


@router.post(
    "/plans/{id}/check",
    summary="检查 · Check a draft on the edition in force",
    response_model=PlanTold,
    responses=_STEP,
)
def check(store: StoreOf, actor: Asker, id: Number) -> Response:
    """It stays checked until it is changed; what it would do is told by its preview."""
    return _step(store, id, lambda connection, plan: reviews.check(connection, actor, plan)[0])


@router.post("/plans/{id}/submit", summary="送审 · Lay a plan before others", response_model=PlanTold, responses=_STEP)
def submit(store: StoreOf, actor: Asker, id: Number) -> Response:
    """It is checked, and cannot be changed until it is revised."""
    return _step(store, id, lambda connection, plan: reviews.submit(connection, actor, plan))


@router.post("/plans/{id}/approve", summary="同意 · Approve a submitted plan", response_model=PlanTold, responses=_STEP)
def approve(store: StoreOf, actor: Asker, id: Number, body: Said | None = None) -> Response:
    """Never one's own; it is approved when as many have as the setting asks."""
    note = body.note if body else ""
    return _step(store, id, lambda connection, plan: verdicts.approve(connection, actor, plan, note))


@router.post("/plans/{id}/reject", summary="退回 · Reject a submitted plan", response_model=PlanTold, responses=_STEP)
def reject(store: StoreOf, actor: Asker, id: Number, body: Said) -> Response:
    """With the reason, so that it can be revised; never one's own."""
    return _step(store, id, lambda connection, plan: verdicts.reject(connection, actor, plan, body.note))


@router.post(
    "/plans/{id}/revise",
    summary="修改 · Draw a plan again that was laid before others",
    response_model=PlanTold,
    responses=_STEP,
)
def revise(store: StoreOf, actor: Asker, id: Number) -> Response:
    """It is a draft again; the approvals it had count no more."""
    return _step(store, id, lambda connection, plan: reviews.revise(connection, actor, plan))


@router.post(
    "/plans/{id}/schedule",
    summary="排期 · Let a plan come into force at an hour",
    response_model=PlanTold,
    responses=_STEP,
)
def schedule(store: StoreOf, actor: Asker, id: Number, body: Hour) -> Response:
    """Until then the grids it changes are reserved: nobody else can publish a change of them."""
    with store.write() as connection:
        hour = instant_of(body.effective_at, areas.city(connection).time_zone, "effective_at")
        if hour is None:
            raise Malformed("effective_at", body.effective_at, "must be an instant")
        return answered(plain_of(scheduling.schedule(connection, actor, id, hour)))


@router.post(
    "/plans/{id}/unschedule",
    summary="取消排期 · Take a plan off the schedule",
    response_model=PlanTold,
    responses=_STEP,
)
def unschedule(store: StoreOf, actor: Asker, id: Number) -> Response:
    """Its grids are free again."""
    return _step(store, id, lambda connection, plan: scheduling.unschedule(connection, actor, plan))


@router.post("/plans/{id}/withdraw", summary="撤回 · Withdraw a plan", response_model=PlanTold, responses=_STEP)
def withdraw(store: StoreOf, actor: Asker, id: Number) -> Response:
    """It is kept, and never published."""
    return _step(store, id, lambda connection, plan: reviews.withdraw(connection, actor, plan))


@router.post(
    "/plans/{id}/fork",
    summary="另存 · A new plan with the changes of this one",
    response_model=Forked,
    status_code=201,
    responses=_STEP,
)
def fork(store: StoreOf, actor: Asker, id: Number, body: ForkAsked) -> Response:
    """On the edition in force: the way on for a plan that is stale. What cannot be made there is left out, and told."""
    with store.write() as connection:
        plan, left_out = forks.fork(connection, actor, drafts.one(connection, id), body.name)
    told = [{"made": made_told(one.made), "why": one.why} for one in left_out]
    return answered({"plan": plain_of(plan), "left_out": told}, status_code=201)


@router.get(
    "/plans/{id}/verdicts",
    summary="审批意见 · What was said of a plan that was submitted",
    response_model=Verdicts,
    responses=described("malformed", "unknown", "unavailable"),
)
def listed(store: StoreOf, id: Number) -> Response:
    """In the order they were given, those of earlier rounds too."""
    with store.read() as connection:
        given = verdicts.verdicts_of(connection, drafts.one(connection, id))
    return answered({"wanted": verdicts.wanted(), "verdicts": [plain_of(one) for one in given]})


def _step(store: Store, id: int, take: Callable[[sa.Connection, Plan], Plan]) -> Response:
    with store.write() as connection:
        told: dict[str, Any] = plain_of(take(connection, drafts.one(connection, id, lock=True)))
    return answered(told)
