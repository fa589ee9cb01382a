"""`/v1/plans`: changes of the division drawn up, looked at, and published; `/v1/crosswalks`: where ground went."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.answers import NOT_STORED
from api.auth import Asker
from api.deps import StoreOf, Text, only_known
from api.errors import Malformed, described
from api.previews import CrossingTold, Number
from api.repeats import Key, once
from geo import areas, editions
from geo.intakes import Answered
from geo.plain import plain_of
from geo.plans import drafts, previews, reviews, wire
from geo.plans.drafts import Made
from geo.plans.tables import STATES

router = APIRouter(prefix="/v1", tags=["plans"], dependencies=[Depends(only_known)])
_BOM = "\ufeff"  # so that a Chinese Excel reads UTF-8
_EXACT = ConfigDict(extra="forbid")
MOST_AT_ONCE = 50
"""Changes that one act may be made of: each is tried on all before it while the plan is locked."""


class PlanTold(TypedDict):
    """A plan as it stands.

    ``edition`` is the one it became, ``round`` how often it was submitted, ``effective_at`` when it comes into force;
    ``origin`` tells of a plan of boundary files which they are, and is empty for one that was drawn.
    """

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    id: int
    name: str
    scope: str | None
    base_edition: int
    state: str
    made_by: str
    made_at: str
    edition: int | None
    forked_from: int | None
    round: int
    submitted_by: str | None
    effective_at: str | None
    origin: dict[str, Any]


class MadeTold(TypedDict):
    """A change of a plan; ``is_undone`` while it can be done again.

    Changes of the same ``act`` were made at once, and are undone and done again together.
    ``pulled`` and ``clipped_m2`` are told once, when it is made: lines from where it was drawn to the border its
    vertices were pulled to, and what of it was drawn beyond the plan's scope and is left out.
    """

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    seq: int
    change: dict[str, Any]
    made_by: str
    made_at: str
    is_undone: bool
    act: int
    pulled: dict[str, Any] | None
    clipped_m2: float | None


class ActTold(TypedDict):
    """Changes that were made at once, in their order."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    changes: list[MadeTold]


class PlanWhole(PlanTold):
    """A plan with its changes in the order made, the undone ones last."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    changes: list[MadeTold]


class Plans(TypedDict):
    """Plans, the newest first."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    plans: list[PlanTold]


class PublishedTold(TypedDict):
    """What a publish did."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    plan: PlanTold
    edition: int
    changed: int
    noded: int
    moved_incidents: int
    moved_buildings: int


class Crosswalk(TypedDict):
    """Where the ground of ``from`` lies in ``to``: by old code, then share descending; unchanged grids are left out."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    since: int
    until: int
    crossings: list[CrossingTold]


class Begun(BaseModel):
    """What a plan is begun with."""

    model_config = _EXACT

    name: Annotated[Text, Field(max_length=200, description="名称 · What it is called")]
    scope: Annotated[
        Text | None, Field(max_length=40, description="范围 · Code of the area in which ground may move")
    ] = None


class Acted(BaseModel):
    """What an act is made of."""

    model_config = _EXACT

    changes: Annotated[
        list[dict[str, Any]], Field(min_length=1, max_length=MOST_AT_ONCE, description="变更 · One after the other")
    ]


@router.get(
    "/plans",
    summary="方案清单 · Plans, the newest first",
    response_model=Plans,
    responses=described("malformed", "unavailable"),
)
def listed(
    store: StoreOf,
    state: Annotated[Text | None, Query(description=f"状态 · Of {', '.join(STATES)}, with commas")] = None,
) -> Response:
    """All of them without ``state``."""
    states = [part.strip() for part in (state or "").split(",") if part.strip()]
    if wrong := [one for one in states if one not in STATES]:
        raise Malformed("state", wrong[0], f"must be of {', '.join(STATES)}")
    with store.read() as connection:
        return answered({"plans": [plain_of(one) for one in drafts.listed(connection, states)]})


@router.post(
    "/plans",
    summary="新建方案 · Begin a draft on the edition in force",
    response_model=PlanTold,
    status_code=201,
    responses={
        200: {"model": PlanTold, "description": "已收到过 · The same request again: the first answer"},
        **described("malformed", "denied", "unknown", "stale", "refused", "unavailable"),
    },
)
def begin(store: StoreOf, actor: Asker, body: Begun, key: Key = None) -> Response:
    """Nothing is in force until it is published."""
    with store.write() as connection:

        def carry_out() -> Answered:
            return Answered(plain_of(drafts.begin(connection, actor, body.name, body.scope)), is_repeat=False)

        found = once(connection, key, body, carry_out)
    return JSONResponse(dict(found.answer), status_code=200 if found.is_repeat else 201, headers=NOT_STORED)


@router.get(
    "/plans/{id}",
    summary="一个方案 · A plan and its changes",
    response_model=PlanWhole,
    responses=described("malformed", "unknown", "unavailable"),
)
def one(store: StoreOf, id: Number) -> Response:
    """As it stands."""
    with store.read() as connection:
        plan = drafts.one(connection, id)
        made = drafts.changes_of(connection, plan)
    return answered({**plain_of(plan), "changes": [made_told(each) for each in made]})


@router.post(
    "/plans/{id}/changes",
    summary="加入变更 · Add a change to a draft",
    response_model=MadeTold,
    status_code=201,
    responses=described("malformed", "denied", "unknown", "stale", "refused", "broken", "unavailable"),
)
def change(store: StoreOf, actor: Asker, id: Number, body: dict[str, Any]) -> Response:
    """Tried on all before it, and kept only if it can be made; what was undone before is gone for good."""
    asked = wire.asked(body)
    with store.write() as connection:
        plan = drafts.one(connection, id, lock=True)
        return answered(made_told(previews.add(connection, actor, plan, asked)), status_code=201)


@router.post(
    "/plans/{id}/acts",
    summary="一次加入几处变更 · Add changes that are one act",
    response_model=ActTold,
    status_code=201,
    responses=described("malformed", "denied", "unknown", "stale", "refused", "broken", "unavailable"),
)
def act(store: StoreOf, actor: Asker, id: Number, body: Acted) -> Response:
    """All are kept or none; they are undone and done again together."""
    asked = [wire.asked(one) for one in body.changes]
    with store.write() as connection:
        made = previews.add_together(connection, actor, drafts.one(connection, id, lock=True), asked)
    return answered({"changes": [made_told(one) for one in made]}, status_code=201)


@router.delete(
    "/plans/{id}/changes/{seq}",
    summary="撤销变更 · Undo the last change, and its act",
    response_model=MadeTold,
    responses=described("malformed", "denied", "unknown", "stale", "refused", "unavailable"),
)
def undo(
    store: StoreOf,
    actor: Asker,
    id: Number,
    seq: Annotated[int, Path(ge=1, le=2**31 - 1, description="序号 · Number of the last change in effect")],
) -> Response:
    """The number says which is meant, so that a repeat undoes nothing more; it must be the last one in effect.

    Changes that were made at once with it are undone too.
    """
    with store.write() as connection:
        return answered(made_told(drafts.undo(connection, drafts.one(connection, id, lock=True), seq)[-1]))


@router.post(
    "/plans/{id}/redo",
    summary="重做 · Do again what was undone",
    response_model=MadeTold,
    responses=described("malformed", "denied", "unknown", "stale", "refused", "broken", "unavailable"),
)
def redo(store: StoreOf, actor: Asker, id: Number) -> Response:
    """The first change that was undone, and all that were made at once with it; tried as if it were new."""
    with store.write() as connection:
        return answered(made_told(previews.redo(connection, drafts.one(connection, id, lock=True))[0]))


@router.post(
    "/plans/{id}/publish",
    summary="发布 · Publish a plan: it comes into force now",
    response_model=PublishedTold,
    responses=described("malformed", "denied", "unknown", "stale", "refused", "broken", "unavailable"),
)
def publish(store: StoreOf, actor: Asker, id: Number) -> Response:
    """Refused as stale where others changed the same grids since it was begun; replayed where they changed others."""
    with store.write() as connection:
        plan, done = reviews.publish(connection, actor, id)
    told = {
        "plan": plain_of(plan),
        "edition": done.edition.number,
        "changed": done.changed,
        "noded": done.noded,
        "moved_incidents": done.moved_incidents,
        "moved_buildings": done.moved_buildings,
    }
    return answered(told)


@router.get(
    "/crosswalks",
    summary="新旧对照 · Where the ground of old grids lies in a later edition",
    response_model=Crosswalk,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **described("malformed", "unknown", "unavailable"),
    },
)
def crosswalk(
    store: StoreOf,
    since: Annotated[int, Query(alias="from", ge=1, le=2**31 - 1, description="旧版 · Number of the older edition")],
    until: Annotated[int, Query(alias="to", ge=1, le=2**31 - 1, description="新版 · Number of the later edition")],
    f: Annotated[Text, Query(description="格式 · json or csv")] = "json",
) -> Response:
    """By old code, then share descending. Grids whose ground is the same in both are left out."""
    if f not in ("json", "csv"):
        raise Malformed("f", f, "must be json or csv")
    with store.read() as connection:
        both = areas.numbered(connection, since), areas.numbered(connection, until)
        crossings = [plain_of(one) for one in editions.crosswalk(connection, *both)]
    if f == "csv":
        return _csv(crossings, f"crosswalk_{since}_{until}.csv")
    return answered({"since": since, "until": until, "crossings": crossings})


def made_told(made: Made) -> dict[str, Any]:
    """A change of a plan as JSON has it."""
    pulled = None if made.pulled is None else shapely.geometry.mapping(made.pulled)
    return {**plain_of(made), "change": wire.told(made.change), "pulled": pulled}


def _csv(crossings: list[dict[str, Any]], name: str) -> Response:
    text = io.StringIO()
    rows = csv.DictWriter(text, ["old", "new", "area_share", "area_m2"])
    rows.writeheader()
    rows.writerows(crossings)
    headers = {**NOT_STORED, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_BOM + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def answered(told: dict[str, Any], status_code: int = 200) -> Response:
    """What no cache keeps, since it may be otherwise a moment later."""
    return JSONResponse(told, status_code=status_code, headers=NOT_STORED)
