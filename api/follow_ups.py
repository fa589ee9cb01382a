"""`/v1/follow-ups`: proposals accepted or dismissed with a reason, and what became of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.answers import NOT_STORED
from api.auth import Asker
from api.deps import StoreOf, Text, only_known
from api.errors import described
from api.looking import LookerOf
from api.repeats import Key, once
from geo.coverage import followups
from geo.coverage.followups import PROPOSALS, STEPS, Decision, FollowUp, Step
from geo.intakes import Answered
from geo.plain import plain_of

router = APIRouter(prefix="/v1/follow-ups", tags=["coverage"], dependencies=[Depends(only_known)])
_LARGEST = 2**63 - 1

Short = Annotated[Text, Field(max_length=500)]
Day = Annotated[date, Field(description="日期 · As 2026-11-22")]
Number = Annotated[int, Path(ge=1, le=_LARGEST, description="编号 · Id, as /v1/follow-ups tells it")]


class Told(TypedDict):
    """A follow-up; ``day`` is that of its last step, ``code_now`` the state of the blind spot today, blank for none."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    id: int
    spot: str
    code: str
    code_now: str | None
    run: int
    proposal: str | None
    payload: dict[str, Any]
    decision: str
    reason: str | None
    state: str
    post: str | None
    due_on: str | None
    decided_on: str
    started_on: str | None
    ended_on: str | None
    actor: str
    day: str


class Page(TypedDict):
    """One page by ascending id; ``next`` leads on."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    follow_ups: list[Told]
    next: str | None


class Decided(BaseModel):
    """What is decided of a blind spot."""

    model_config = ConfigDict(extra="forbid")

    spot: Annotated[Text, Field(max_length=80, description="盲点 · Its address, as building/12")]
    code: Annotated[Text, Field(max_length=10, description="代码 · What it was when it was looked at")]
    decision: Annotated[Text, Field(description="决定 · accepted or dismissed")]
    proposal: Annotated[Text | None, Field(description=f"提议 · {', '.join(PROPOSALS)}; needed to accept")] = None
    reason: Annotated[Short | None, Field(description="理由 · Needed to dismiss")] = None
    payload: Annotated[
        dict[str, Any], Field(max_length=20, description="提议的内容 · Units, an organisation, a grid")
    ] = {}
    post: Annotated[Short | None, Field(description="负责岗位 · Which post sees to it; never a person")] = None
    due_on: Day | None = None


class Changed(BaseModel):
    """What changes of a follow-up; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[Text | None, Field(description=f"状态 · {', '.join(STEPS)}")] = None
    on: Annotated[date | None, Field(description="何日 · Day of the step; without it today")] = None
    reason: Short | None = None
    post: Short | None = None
    due_on: Day | None = None


@router.get(
    "",
    summary="跟进清单 · What was decided of blind spots",
    response_model=Page,
    responses=described("malformed", "unknown", "refused", "unavailable"),
)
def search(
    request: Request,
    store: StoreOf,
    state: Annotated[Text | None, Query(description=f"状态 · Of {', '.join(STEPS)}, with commas")] = None,
    spot: Annotated[Text | None, Query(max_length=80, description="盲点 · Of this one, as building/12")] = None,
    limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 100,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="翻页 · From the link `next`")] = 0,
) -> Response:
    """By ascending id."""
    states = [part.strip() for part in (state or "").split(",") if part.strip()]
    with store.read() as connection:
        found, last = followups.search(connection, states=states, spot=spot, after=after, limit=limit)
    query = None if last is None else request.url.include_query_params(after=last).query
    following = None if query is None else f"{request.url.path}?{query}"
    return JSONResponse({"follow_ups": [follow_up_told(one) for one in found], "next": following}, headers=NOT_STORED)


@router.get(
    "/{id}",
    summary="一条跟进 · One follow-up",
    response_model=Told,
    responses=described("malformed", "unknown", "unavailable"),
)
def one(store: StoreOf, id: Number) -> Response:
    """As it stands."""
    with store.read() as connection:
        return JSONResponse(follow_up_told(followups.one(connection, id)), headers=NOT_STORED)


@router.post(
    "",
    summary="采纳或不采纳 · Accept or dismiss what is proposed",
    response_model=Told,
    status_code=201,
    responses={
        200: {"model": Told, "description": "已收到过 · The same request again: the first answer"},
        **described("malformed", "denied", "unknown", "stale", "refused", "unavailable"),
    },
)
def decide(
    store: StoreOf,
    looker: LookerOf,
    actor: Asker,
    body: Decided,
    key: Key = None,
) -> Response:
    """Refused where the blind spot is in another state by now, or was decided of already."""
    looker.look()
    decision = Decision(**body.model_dump())
    with store.write() as connection:

        def carry_out() -> Answered:
            return Answered(follow_up_told(followups.decide(connection, actor, decision)), is_repeat=False)

        found = once(connection, key, body, carry_out)
    return JSONResponse(dict(found.answer), status_code=200 if found.is_repeat else 201, headers=NOT_STORED)


@router.patch(
    "/{id}",
    summary="推进跟进 · Take a follow-up a step on",
    response_model=Told,
    responses=described("malformed", "denied", "unknown", "refused", "unavailable"),
)
def go_on(store: StoreOf, actor: Asker, id: Number, body: Changed) -> Response:
    """Open, in progress, done; or cancelled, after which the blind spot can be decided of anew."""
    with store.write() as connection:
        changed = followups.go_on(connection, actor, id, Step(**body.model_dump()))
        return JSONResponse(follow_up_told(changed), headers=NOT_STORED)


def follow_up_told(found: FollowUp) -> dict[str, Any]:
    """A follow-up as JSON has it."""
    told: dict[str, Any] = plain_of(found)
    return told | {"day": found.day.isoformat()}
